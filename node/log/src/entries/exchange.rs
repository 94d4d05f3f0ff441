//! Entries of exchanges. What a body repeats of a query or an answer is taken from the message that
//! was signed, here and nowhere else.

use registry::State;
use schemas::agency::AgencyId;
use schemas::answer::{Answer, Basis, Receipt};
use schemas::body::{Access, Actor, Outcome};
use schemas::draft::Draft;
use schemas::entry_proof::EntryProof;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::exchange::{
    AnswerReceived, AnswerRedelivered, AnswerRejected, AnswerViewed, PeerRejected, QueryAnswered,
    QueryDeclined, QueryRefused, QuerySent, QueryUnanswered, ReceiptRecorded, RefusalReceived,
    RejectionCause,
};
use schemas::frame::{Frame, FrameKind};
use schemas::key::PublicKey;
use schemas::outcome::OutcomeCode;
use schemas::query::{AuthorityId, Query};
use schemas::read::ReadId;
use schemas::refusal::{Reason, Refusal};
use schemas::time::Timestamp;
use store::{Asked, OutboxMessage, Pages, Receipted, Served, Settled, Side, StateChanges};

use crate::entry::{Entry, Precondition};

/// A query as its signed envelope holds it, and who asks with it.
#[derive(Debug, Clone, Copy)]
pub struct SignedQuery<'a> {
    /// The query.
    pub query: &'a Query,
    /// Its exact envelope.
    pub envelope: &'a Envelope,
}

impl SignedQuery<'_> {
    fn access(self, outcome: Outcome) -> Access {
        let query_digest = Some(self.envelope.digest());
        Access { query_digest, ..Access::of(self.query, outcome) }
    }

    /// The person who asks, as the query names them.
    fn requester(self) -> Actor {
        Actor {
            user: Some(self.query.requester.user.clone()),
            full_name: self.query.requester.full_name.clone(),
            agency: self.query.from.clone(),
            auth: "signed envelope".into(),
        }
    }

    fn settled(self, outcome: OutcomeCode, reply: Option<&Envelope>) -> Settled {
        Settled {
            query_id: self.query.id,
            outcome,
            authority: None,
            reply: reply.map(Envelope::digest),
            receipt: None,
        }
    }
}

/// One's own policy refused a query before it left.
#[must_use]
pub fn query_declined(actor: Actor, query: &Query, reasons: Vec<Reason>) -> Entry {
    let access = Access { reasons, ..Access::of(query, Outcome::Declined) };
    let event = QueryDeclined { access: Some(access), draft: None, why: None, evidence: false };
    Entry::new(actor, Event::QueryDeclined(event)).about(&query.to)
}

/// An attempt to ask that was turned down before there was a query.
#[must_use]
pub fn draft_rejected(actor: Actor, draft: Draft, why: String) -> Entry {
    let (draft, why) = (Some(draft), Some(why));
    let event = QueryDeclined { access: None, draft, why, evidence: false };
    Entry::new(actor, Event::QueryDeclined(event))
}

/// One's own policy keeps reads of one's own out of an evidence package. `access` is what was to be
/// looked up.
#[must_use]
pub fn evidence_declined(actor: Actor, access: Access) -> Entry {
    let event = QueryDeclined { access: Some(access), draft: None, why: None, evidence: true };
    Entry::new(actor, Event::QueryDeclined(event))
}

/// A query was signed and leaves for the first time.
#[must_use]
pub fn query_sent(actor: Actor, sent: SignedQuery<'_>) -> Entry {
    let asked = Asked {
        query_id: sent.query.id,
        owner: sent.query.to.clone(),
        asked_at: sent.query.at,
        query: sent.envelope.digest(),
    };
    leaving(actor, sent, false).with(StateChanges { asked: Some(asked), ..StateChanges::default() })
}

/// A query leaves again, under the same id.
#[must_use]
pub fn query_sent_again(actor: Actor, sent: SignedQuery<'_>) -> Entry {
    leaving(actor, sent, true)
}

fn leaving(actor: Actor, sent: SignedQuery<'_>, again: bool) -> Entry {
    let event = QuerySent { access: sent.access(Outcome::Sent), again };
    Entry::new(actor, Event::QuerySent(event))
        .about(&sent.query.to)
        .beside([sent.envelope])
        .releasing(vec![frame(FrameKind::Query, sent.envelope)])
}

/// An answer that is to be released, and what must hold of its authority when it is.
#[derive(Debug)]
pub struct AnswerReady<'a> {
    /// The query that it answers.
    pub query: SignedQuery<'a>,
    /// The answer.
    pub answer: &'a Answer,
    /// Its exact envelope.
    pub envelope: &'a Envelope,
    /// Where the requester's own entry stands, as far as it proved that.
    pub theirs: Option<EntryProof>,
    /// Its pages, in the order of the answer.
    pub pages: Vec<Vec<u8>>,
    /// The pieces of its photographs, in the order of the answer.
    pub photographs: Vec<Vec<u8>>,
    /// Which reads are released and the instant of the latest; `None` where there are none.
    pub released: Option<(Timestamp, Vec<ReadId>)>,
    /// Until when pages are kept for another delivery.
    pub kept_until: Timestamp,
    /// The authority ends at this instant.
    pub lapses: Timestamp,
    /// The written request that it uses up, and its number of uses.
    pub uses: Option<(AuthorityId, u32)>,
    /// The authority with a daily limit, and the limit.
    pub daily: Option<(AuthorityId, u32)>,
    /// Fewer answers than this may be without a receipt.
    pub receipts_outstanding: u32,
}

/// Reads are released to a peer: as long as the registry is `state`, and uses, limit and receipts
/// allow it.
#[must_use]
pub fn query_answered(state: &State, ready: AnswerReady<'_>) -> Entry {
    let AnswerReady { query: signed, answer, envelope, pages, .. } = ready;
    let requester = &signed.query.from;
    let digest = envelope.digest();
    let access = Access {
        basis: Some(answer.basis.clone()),
        count: Some(answer.count),
        answer_digest: Some(digest),
        ..signed.access(Outcome::Answered)
    };
    let served = Served {
        query_id: signed.query.id,
        requester: requester.clone(),
        asked_at: signed.query.at,
        query_digest: signed.envelope.digest(),
        reply_digest: digest,
        answered: true,
        kept: true,
        authority: Some(answer.basis.authority.clone()),
        released: ready.released,
    };
    let kept = Pages {
        side: Side::Served,
        query_id: signed.query.id,
        until: ready.kept_until,
        pages: pages.clone(),
        images: answer
            .images
            .iter()
            .filter(|one| one.withheld.is_none())
            .map(|one| one.digest)
            .collect(),
    };
    let precondition = Precondition {
        generation: Some(state.generation()),
        before: Some(ready.lapses),
        uses: ready.uses,
        daily: ready.daily.map(|(authority, most)| ((authority, requester.clone()), most)),
        unreceipted: Some((requester.clone(), ready.receipts_outstanding)),
    };
    let event = QueryAnswered { access, theirs: ready.theirs };
    Entry::new(signed.requester(), Event::QueryAnswered(event))
        .about(requester)
        .beside([signed.envelope, envelope])
        .provided(precondition)
        .with(StateChanges {
            served: Some(served),
            pages: (!pages.is_empty()).then_some(kept),
            ..StateChanges::default()
        })
        .releasing(answer_frames(envelope, pages, ready.photographs))
}

/// A peer's query is refused. `remember`: the id is replied to like this from now on.
#[must_use]
pub fn query_refused(
    query: SignedQuery<'_>,
    refusal: &Refusal,
    envelope: &Envelope,
    theirs: Option<EntryProof>,
    remember: bool,
) -> Entry {
    let served = Served {
        query_id: query.query.id,
        requester: query.query.from.clone(),
        asked_at: query.query.at,
        query_digest: query.envelope.digest(),
        reply_digest: envelope.digest(),
        answered: false,
        kept: remember,
        authority: None,
        released: None,
    };
    let access = Access {
        reasons: refusal.reasons.clone(),
        answer_digest: Some(envelope.digest()),
        ..query.access(Outcome::Refused)
    };
    let event = QueryRefused { access, theirs, redelivered: false };
    Entry::new(query.requester(), Event::QueryRefused(event))
        .about(&query.query.from)
        .beside([query.envelope, envelope])
        .with(StateChanges { served: Some(served), ..StateChanges::default() })
        .releasing(vec![frame(FrameKind::Refusal, envelope)])
}

/// The refusal of before is sent again, for the same bytes of the same query.
#[must_use]
pub fn refusal_redelivered(
    query: SignedQuery<'_>,
    envelope: &Envelope,
    theirs: Option<EntryProof>,
) -> Entry {
    let access =
        Access { answer_digest: Some(envelope.digest()), ..query.access(Outcome::Refused) };
    let event = QueryRefused { access, theirs, redelivered: true };
    Entry::new(query.requester(), Event::QueryRefused(event))
        .about(&query.query.from)
        .releasing(vec![frame(FrameKind::Refusal, envelope)])
}

/// The answer of before, as it is sent again.
#[derive(Debug)]
pub struct AnswerAgain<'a> {
    /// The query.
    pub query: SignedQuery<'a>,
    /// The authority that it rests on, as it is in force now.
    pub basis: Basis,
    /// The exact envelope of the answer.
    pub envelope: &'a Envelope,
    /// Where the requester's own entry stands, as far as it proved that.
    pub theirs: Option<EntryProof>,
    /// Its pages, in the order of the answer.
    pub pages: Vec<Vec<u8>>,
    /// The pieces of its photographs, in the order of the answer.
    pub photographs: Vec<Vec<u8>>,
    /// The authority ends at this instant.
    pub lapses: Timestamp,
}

/// The answer of before is sent again, as long as the registry is `state` and its authority holds.
#[must_use]
pub fn answer_redelivered(state: &State, again: AnswerAgain<'_>) -> Entry {
    let AnswerAgain { query, envelope, .. } = again;
    let access = Access {
        basis: Some(again.basis),
        answer_digest: Some(envelope.digest()),
        ..query.access(Outcome::Answered)
    };
    let precondition = Precondition { before: Some(again.lapses), ..Precondition::registry(state) };
    let event = AnswerRedelivered { access, theirs: again.theirs };
    Entry::new(query.requester(), Event::AnswerRedelivered(event))
        .about(&query.query.from)
        .provided(precondition)
        .releasing(answer_frames(envelope, again.pages, again.photographs))
}

/// An answer that was verified, with the receipt that was signed for it.
#[derive(Debug)]
pub struct AnswerVerified<'a> {
    /// The query that it answers.
    pub query: SignedQuery<'a>,
    /// The answer.
    pub answer: &'a Answer,
    /// Its exact envelope.
    pub envelope: &'a Envelope,
    /// The exact envelope of the receipt.
    pub receipt: &'a Envelope,
    /// Where the owner's own entry stands, as far as it proved that.
    pub theirs: Option<EntryProof>,
    /// Its pages, in the order of the answer.
    pub pages: Vec<Vec<u8>>,
    /// Until when they are kept.
    pub kept_until: Timestamp,
}

/// An answer was verified; people may see it, and its receipt leaves.
#[must_use]
pub fn answer_received(actor: Actor, verified: AnswerVerified<'_>) -> Entry {
    let AnswerVerified { query, answer, envelope, receipt, pages, .. } = verified;
    let access = Access {
        basis: Some(answer.basis.clone()),
        count: Some(answer.count),
        answer_digest: Some(envelope.digest()),
        ..query.access(Outcome::Answered)
    };
    let settled = Settled {
        authority: Some(answer.basis.authority.clone()),
        receipt: Some(receipt.digest()),
        ..query.settled(OutcomeCode::Answered, Some(envelope))
    };
    let kept = Pages {
        side: Side::Asked,
        query_id: query.query.id,
        until: verified.kept_until,
        pages,
        images: answer
            .images
            .iter()
            .filter(|one| one.withheld.is_none())
            .map(|one| one.digest)
            .collect(),
    };
    let changes = StateChanges {
        settled: Some(settled),
        outbox: vec![receipt_message(&query.query.to, receipt)],
        pages: (!kept.pages.is_empty()).then_some(kept),
        ..StateChanges::default()
    };
    let receipt_digest = receipt.digest();
    let event = AnswerReceived { access, receipt_digest, theirs: verified.theirs };
    Entry::new(actor, Event::AnswerReceived(event))
        .about(&query.query.to)
        .beside([envelope])
        .with(changes)
        .releasing(vec![frame(FrameKind::Receipt, receipt)])
}

/// A receipt as it stands in the outbox until its owner acknowledges it.
#[must_use]
pub fn receipt_message(owner: &AgencyId, receipt: &Envelope) -> OutboxMessage {
    OutboxMessage { peer: owner.clone(), kind: FrameKind::Receipt, body: receipt.to_text() }
}

/// A refusal was verified.
#[must_use]
pub fn refusal_received(
    actor: Actor,
    query: SignedQuery<'_>,
    reasons: Vec<Reason>,
    envelope: &Envelope,
    theirs: Option<EntryProof>,
) -> Entry {
    let access = Access {
        reasons,
        answer_digest: Some(envelope.digest()),
        ..query.access(Outcome::Refused)
    };
    let settled = Some(query.settled(OutcomeCode::Refused, Some(envelope)));
    Entry::new(actor, Event::RefusalReceived(RefusalReceived { access, theirs }))
        .about(&query.query.to)
        .beside([envelope])
        .with(StateChanges { settled, ..StateChanges::default() })
}

/// What came did not verify: nobody sees it. `envelope` is what could be read as one.
#[must_use]
pub fn answer_rejected(
    actor: Actor,
    query: SignedQuery<'_>,
    envelope: Option<&Envelope>,
    why: String,
) -> Entry {
    let event = AnswerRejected { access: query.access(Outcome::Rejected), why };
    let settled = Some(query.settled(OutcomeCode::Rejected, None));
    Entry::new(actor, Event::AnswerRejected(event))
        .about(&query.query.to)
        .beside(envelope)
        .with(StateChanges { settled, ..StateChanges::default() })
}

/// Nothing came in time.
#[must_use]
pub fn query_unanswered(actor: Actor, query: SignedQuery<'_>, why: String) -> Entry {
    let event = QueryUnanswered { access: query.access(Outcome::Unanswered), why };
    let settled = Some(query.settled(OutcomeCode::Unanswered, None));
    Entry::new(actor, Event::QueryUnanswered(event))
        .about(&query.query.to)
        .with(StateChanges { settled, ..StateChanges::default() })
}

/// A kept answer is shown again.
#[must_use]
pub fn answer_viewed(actor: Actor, query: &Query, answer: &Answer, envelope: &Envelope) -> Entry {
    viewed(actor, query, answer, envelope, None)
}

/// The photographs of a kept answer are handed out to be saved.
#[must_use]
pub fn photographs_saved(
    actor: Actor,
    query: &Query,
    answer: &Answer,
    envelope: &Envelope,
) -> Entry {
    viewed(actor, query, answer, envelope, Some(answer.images.len() as u64))
}

fn viewed(
    actor: Actor,
    query: &Query,
    answer: &Answer,
    envelope: &Envelope,
    photographs: Option<u64>,
) -> Entry {
    let access = Access {
        basis: Some(answer.basis.clone()),
        count: Some(answer.count),
        answer_digest: Some(envelope.digest()),
        ..Access::of(query, Outcome::Answered)
    };
    Entry::new(actor, Event::AnswerViewed(AnswerViewed { access, photographs })).about(&query.to)
}

/// A peer's receipt was verified.
#[must_use]
pub fn receipt_recorded(
    actor: Actor,
    receipt: &Receipt,
    envelope: &Envelope,
    theirs: Option<EntryProof>,
) -> Entry {
    let receipted = Receipted {
        requester: receipt.from.clone(),
        query_id: receipt.query_id,
        receipt: envelope.digest(),
    };
    let event =
        ReceiptRecorded { answer_digest: receipt.answer_digest, logged_at: receipt.at, theirs };
    Entry::new(actor, Event::ReceiptRecorded(event))
        .about(&receipt.from)
        .of_query(receipt.query_id)
        .beside([envelope])
        .with(StateChanges { receipted: Some(receipted), ..StateChanges::default() })
}

/// Longest sentence of a rejection, in characters.
const LONGEST_WHY: usize = 300;

/// A peer that may not talk to this node, or bytes that prove nothing, `count` times.
#[must_use]
pub fn peer_rejected(
    actor: Actor,
    cause: RejectionCause,
    node: Option<&PublicKey>,
    peer: Option<&AgencyId>,
    count: u64,
    why: &str,
) -> Entry {
    let why = why.chars().take(LONGEST_WHY).collect();
    let node_key = node.map(PublicKey::fingerprint);
    let entry =
        Entry::new(actor, Event::PeerRejected(PeerRejected { cause, count, why, node_key }));
    match peer {
        Some(peer) => entry.about(peer),
        None => entry,
    }
}

fn frame(kind: FrameKind, envelope: &Envelope) -> Frame {
    Frame::new(kind, envelope.as_bytes().to_vec())
}

fn answer_frames(
    envelope: &Envelope,
    pages: Vec<Vec<u8>>,
    photographs: Vec<Vec<u8>>,
) -> Vec<Frame> {
    let pages = pages.into_iter().map(|page| Frame::new(FrameKind::Page, page));
    let photographs = photographs.into_iter().map(|piece| Frame::new(FrameKind::Image, piece));
    [frame(FrameKind::Answer, envelope)].into_iter().chain(pages).chain(photographs).collect()
}
