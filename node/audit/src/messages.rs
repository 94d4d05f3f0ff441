//! Opening what stands beside an entry: each envelope has one permitted signer, and what it says names
//! that agency as the one that speaks, and the other one as the one that is spoken to.

use agreements::agreement::{Adherence, Agreement, Notice};
use agreements::request::{Request, Ruling, Withdrawal};
use schemas::agency::AgencyId;
use schemas::answer::{Answer, Receipt};
use schemas::card::Card;
use schemas::correction::Correction;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::key::Fingerprint;
use schemas::posted::PostedPolicy;
use schemas::query::Query;
use schemas::refusal::Refusal;
use schemas::statement::{Statement, StatementRequest};
use serde::de::DeserializeOwned;

use super::keys::Keys;

/// The envelope that must stand at a place beside an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// What it is.
    pub(super) kind: Expects,
    /// Whose word it is: the one agency that may have signed it.
    pub(super) by: AgencyId,
    /// To whom it speaks, where it is addressed.
    pub(super) to: AgencyId,
}

/// What an envelope is, as entries tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    Query,
    Answer,
    Refusal,
    Receipt,
    Card,
    Agreement,
    Adherence,
    Notice,
    Request,
    Decision,
    Withdrawal,
    StatementRequest,
    Statement,
    Correction,
    Policy,
}

impl Expects {
    const fn kind(self) -> Kind {
        match self {
            Self::Query => Kind::Query,
            Self::Answer => Kind::Answer,
            Self::Refusal => Kind::Refusal,
            Self::Receipt => Kind::Receipt,
            Self::Card => Kind::Card,
            Self::Agreement => Kind::Agreement,
            Self::Adherence => Kind::Adherence,
            Self::Notice => Kind::Notice,
            Self::Request => Kind::Request,
            Self::Decision => Kind::Decision,
            Self::Withdrawal => Kind::Withdrawal,
            Self::StatementRequest | Self::Statement => Kind::Statement,
            Self::Correction => Kind::Correction,
            Self::Policy => Kind::Policy,
        }
    }

    /// With its article.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Query => "the query",
            Self::Answer => "the answer",
            Self::Refusal => "the refusal",
            Self::Receipt => "the receipt",
            Self::Card => "the card",
            Self::Agreement => "the agreement",
            Self::Adherence => "the adherence",
            Self::Notice => "the notice",
            Self::Request => "the written request",
            Self::Decision => "the decision",
            Self::Withdrawal => "the withdrawal",
            Self::StatementRequest => "the request for a statement",
            Self::Statement => "the statement",
            Self::Correction => "the correction",
            Self::Policy => "the policy",
        }
    }
}

/// What an envelope says.
#[derive(Debug)]
pub(super) enum Message {
    Query(Box<Query>),
    Answer(Box<Answer>),
    Refusal(Box<Refusal>),
    Receipt(Receipt),
    Card(Box<Card>),
    Agreement(Box<Agreement>),
    Adherence(Box<Adherence>),
    Notice(Box<Notice>),
    Request(Box<Request>),
    Decision(Box<Ruling>),
    Withdrawal(Withdrawal),
    StatementRequest(StatementRequest),
    Statement(Statement),
    Correction(Box<Correction>),
    Policy(Box<PostedPolicy>),
}

/// An envelope that is what it has to be.
#[derive(Debug)]
pub(super) struct Opened {
    /// H(envelope).
    pub(super) digest: Digest,
    /// H(its body).
    pub(super) text: Digest,
    /// Who speaks.
    pub(super) by: AgencyId,
    /// With which key; `None` where that agency is not pinned, and nothing was proven.
    pub(super) key: Option<Fingerprint>,
    /// What it says.
    pub(super) message: Message,
}

/// Why an envelope is not what it has to be: a code for scripts, and a sentence.
pub(super) type Fault = (&'static str, String);

/// Opens an envelope as what must stand there. The signature of an agency that is not pinned is not
/// checked: no key of it counts.
///
/// # Errors
/// When it is something else, another agency signed it, or it speaks for others.
pub(super) fn open(line: &str, expected: &Expected, keys: &Keys) -> Result<Opened, Fault> {
    let word = expected.kind.word();
    let Ok(envelope) = Envelope::parse(line.as_bytes()) else {
        return Err(("signature", format!("{word} beside it is no envelope in its one form")));
    };
    if envelope.kind() != expected.kind.kind() {
        let what = format!("where {word} belongs stands an envelope of another kind");
        return Err(("binding", what));
    }
    let key = keys.signed_by(&expected.by, &envelope);
    // A later card may name another agency key, which then signed it: whether that counts is told where
    // keys are.
    let card = expected.kind == Expects::Card;
    if key.is_none() && keys.pinned(&expected.by) && !card {
        let what = format!(
            "{word} beside it has to be signed by `{}`, and is signed by no key of it that counts",
            expected.by
        );
        return Err(("signature", what));
    }
    let said = said(&envelope, expected).map_err(|what| ("binding", format!("{word} {what}")))?;
    Ok(Opened {
        digest: envelope.digest(),
        text: Digest::of(envelope.unverified_payload()),
        by: expected.by.clone(),
        key,
        message: said,
    })
}

fn json<T: DeserializeOwned>(envelope: &Envelope) -> Result<T, String> {
    serde_json::from_slice(envelope.unverified_payload())
        .map_err(|e| format!("beside it cannot be read: {e}"))
}

/// What an envelope says, and that it speaks as the agency that has to have signed it.
fn said(envelope: &Envelope, expected: &Expected) -> Result<Message, String> {
    let (by, to) = (&expected.by, &expected.to);
    let between = |from: &AgencyId, addressee: &AgencyId| {
        if from == by && addressee == to {
            return Ok(());
        }
        Err(format!(
            "beside it is from `{from}` to `{addressee}`; the entry is about one from `{by}` to `{to}`"
        ))
    };
    let speaks = |agency: &AgencyId| {
        if agency == by {
            return Ok(());
        }
        Err(format!("beside it speaks for `{agency}`; the entry is about one of `{by}`"))
    };
    let text = || {
        std::str::from_utf8(envelope.unverified_payload())
            .map_err(|_| "beside it is no text".to_owned())
    };
    let unread = |e: agreements::DocumentError| format!("beside it cannot be read: {e}");
    Ok(match expected.kind {
        Expects::Query => {
            let query: Query = json(envelope)?;
            between(&query.from, &query.to)?;
            Message::Query(Box::new(query))
        }
        Expects::Answer => {
            let answer: Answer = json(envelope)?;
            between(&answer.from, &answer.to)?;
            Message::Answer(Box::new(answer))
        }
        Expects::Refusal => {
            let refusal: Refusal = json(envelope)?;
            between(&refusal.from, &refusal.to)?;
            Message::Refusal(Box::new(refusal))
        }
        Expects::Receipt => {
            let receipt: Receipt = json(envelope)?;
            between(&receipt.from, &receipt.to)?;
            Message::Receipt(receipt)
        }
        Expects::Correction => {
            let correction: Correction = json(envelope)?;
            between(&correction.from, &correction.to)?;
            Message::Correction(Box::new(correction))
        }
        Expects::Policy => {
            let posted: PostedPolicy = json(envelope)?;
            speaks(&posted.agency)?;
            Message::Policy(Box::new(posted))
        }
        Expects::StatementRequest => {
            let request: StatementRequest = json(envelope)?;
            between(&request.from, &request.to)?;
            Message::StatementRequest(request)
        }
        Expects::Statement => {
            let statement: Statement = json(envelope)?;
            between(&statement.from, &statement.to)?;
            Message::Statement(statement)
        }
        Expects::Card => {
            let card = Card::open(envelope).map_err(|e| format!("beside it: {e}"))?;
            speaks(&card.id)?;
            Message::Card(Box::new(card))
        }
        Expects::Agreement => Message::Agreement(Box::new(
            Agreement::from_toml("agreement", text()?).map_err(unread)?,
        )),
        Expects::Adherence => {
            let adherence = Adherence::from_toml("adherence", text()?).map_err(unread)?;
            speaks(&adherence.agency)?;
            Message::Adherence(Box::new(adherence))
        }
        Expects::Notice => {
            let notice = Notice::from_toml("notice", text()?).map_err(unread)?;
            speaks(&notice.agency)?;
            Message::Notice(Box::new(notice))
        }
        Expects::Request => {
            let request = Request::from_toml("request", text()?).map_err(unread)?;
            between(&request.from, &request.to)?;
            Message::Request(Box::new(request))
        }
        Expects::Decision => {
            Message::Decision(Box::new(Ruling::from_toml("decision", text()?).map_err(unread)?))
        }
        Expects::Withdrawal => {
            Message::Withdrawal(Withdrawal::from_toml("withdrawal", text()?).map_err(unread)?)
        }
    })
}
