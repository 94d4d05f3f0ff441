//! What a log says of the exchanges with one peer, as far as those whose word it is have signed it.

use std::collections::{BTreeMap, HashMap};

use schemas::body::Outcome;
use schemas::digest::Digest;
use schemas::event::Event;
use schemas::query::QueryId;
use schemas::statement::{ExchangeRecord, MOST_REFUSALS, Reached};
use schemas::time::Timestamp;

use super::key_times::KeyEnd;
use super::signature::Signature;
use super::signed_by::SignedBy;
use super::verify::{Judged, Proven};

/// What a log says of one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub record: ExchangeRecord,
    /// The instant from which on it was under way: when its query was signed, or when the log had that,
    /// if that is earlier than the query says.
    pub begun: Timestamp,
    /// Who signed the query.
    pub query_by: Option<Signature>,
    /// Who signed the reply.
    pub reply_by: Option<Signature>,
    /// Who signed the receipt that the owner recorded.
    pub receipt_by: Option<Signature>,
}

impl Line {
    /// An owner that refuses a query for another reason than before has made several refusals of it, and
    /// the requester may hold any.
    fn refused_again(&mut self, reached: Reached, served: bool, reply: Option<Digest>) {
        let record = &mut self.record;
        if !served || reached != Reached::Refused {
            record.refused_before.clear();
            return;
        }
        if let (Some(before), Some(_)) =
            (record.reply, reply.filter(|new| record.reply != Some(*new)))
        {
            // More than these no owner may make: whoever was told an earlier one holds another refusal.
            if record.refused_before.len() >= MOST_REFUSALS.saturating_sub(1) {
                record.refused_before.remove(0);
            }
            record.refused_before.push(before);
        }
        record.refused_before.retain(|one| Some(*one) != reply);
    }
}

/// What a log says of the exchanges with one peer, from its entries in order, as far as those whose
/// word it is have signed it. An exchange counts when its query was signed in `since..until`.
#[derive(Debug)]
pub struct ExchangeLines {
    since: Timestamp,
    lines: BTreeMap<QueryId, Line>,
    ids: HashMap<Digest, QueryId>,
}

impl ExchangeLines {
    /// Of exchanges whose query was signed at `since` or later.
    #[must_use]
    pub fn new(since: Timestamp) -> Self {
        Self { since, lines: BTreeMap::new(), ids: HashMap::new() }
    }

    /// Once the whole log is known: which signatures of others do not count against who has made them.
    pub fn weigh(&mut self, discounted: impl Fn(&SignedBy, u64) -> Option<KeyEnd>) {
        for line in self.lines.values_mut() {
            let all = [&mut line.query_by, &mut line.reply_by, &mut line.receipt_by];
            for signature in all.into_iter().flatten() {
                signature.discounted = discounted(&signature.by, signature.entry);
            }
        }
    }

    /// What it says so far.
    #[must_use]
    pub const fn lines(&self) -> &BTreeMap<QueryId, Line> {
        &self.lines
    }

    /// The id of an exchange whose digest a header holds.
    #[must_use]
    pub fn name(&self, digest: &Digest) -> Option<QueryId> {
        self.ids.get(digest).copied()
    }

    /// Takes in the next entry. What stands beside it counts only when it is signed by whom it has to
    /// be; what stands beside an earlier one, only when the entry repeats that rightly.
    pub fn add(&mut self, judged: &Judged) {
        let signature = |by: &SignedBy| Signature {
            by: by.clone(),
            entry: judged.header.index,
            discounted: None,
        };
        let Some(body) = judged.body.as_ref().filter(|_| judged.holds) else { return };
        if let Event::ReceiptRecorded(recorded) = &body.event {
            let id = judged.header.query.and_then(|digest| self.name(&digest));
            if let Some(line) = id.and_then(|id| self.lines.get_mut(&id))
                && line.record.reply == Some(recorded.answer_digest)
            {
                // The receipt is the one envelope beside its entry.
                line.record.receipt = judged.header.envelope;
                line.receipt_by = judged.signed.first().map(signature);
            }
            return;
        }
        let Some((access, asked)) = body.event.access().zip(judged.asked.as_ref()) else { return };
        let reached = match access.outcome {
            Outcome::Declined | Outcome::Receipted => return,
            Outcome::Sent => Reached::Sent,
            Outcome::Unanswered => Reached::Unanswered,
            Outcome::Rejected => Reached::Rejected,
            Outcome::Refused => Reached::Refused,
            Outcome::Answered => Reached::Answered,
        };
        let repeats = judged.signed.is_empty() && judged.proven != Proven::Wholly;
        let theirs = judged.header.peer.as_ref() == Some(&asked.requester);
        if repeats || theirs != served(&body.event) || asked.at < self.since {
            return;
        }
        let Some(query) = access.query_digest else { return };
        self.ids.insert(asked.id.digest(), asked.id);
        let line = self.lines.entry(asked.id).or_insert_with(|| Line {
            record: ExchangeRecord {
                query_id: asked.id,
                requester: asked.requester.clone(),
                asked_at: asked.at,
                reached: Reached::Sent,
                query,
                reply: None,
                receipt: None,
                refused_before: Vec::new(),
            },
            begun: asked.at.min(asked.logged),
            query_by: None,
            reply_by: None,
            receipt_by: None,
        });
        // Other bytes under a known id were refused: the first bytes are the exchange.
        if line.record.query != query {
            return;
        }
        for signed in &judged.signed {
            let known = if signed.agency == asked.requester {
                &mut line.query_by
            } else {
                &mut line.reply_by
            };
            *known = Some(signature(signed));
        }
        if reached >= line.record.reached {
            line.refused_again(reached, theirs, access.answer_digest);
            line.record.reached = reached;
            line.record.reply = access.answer_digest.or(line.record.reply);
            // The requester signs its receipt with the entry of the answer.
            if let Event::AnswerReceived(received) = &body.event {
                line.record.receipt = Some(received.receipt_digest);
            }
        }
    }
}

/// Whether an access is one to the log's own reads, by a peer.
const fn served(event: &Event) -> bool {
    matches!(event, Event::QueryAnswered(_) | Event::QueryRefused(_) | Event::AnswerRedelivered(_))
}
