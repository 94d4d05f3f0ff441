//! Entries of the agency that is asked: what it released or refused, and the receipts.

use std::any::Any;

use registry::{Grounds, State};
use schemas::answer::{Answer, Receipt};
use schemas::authority::AuthorityId;
use schemas::body::{Actor, Outcome};
use schemas::entry_proof::EntryProof;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::exchange::{AnswerRedelivered, QueryAnswered, QueryRefused, ReceiptRecorded};
use schemas::frame::{Frame, FrameKind};
use schemas::read::{Read, ReadId};
use schemas::refusal::Refusal;
use schemas::time::Timestamp;
use store::{Pages, Receipted, Served, Side, StateChanges};

use super::super::reads::plates;
use super::{SignedQuery, frame, owed};
use crate::entry::{Entry, Precondition};

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
    /// The reads that it releases.
    pub reads: &'a [Read],
    /// The log had so many entries when the search began.
    pub seen: u64,
    /// The authority ends at this instant.
    pub lapses: Timestamp,
    /// The written request that it uses up, and its number of uses.
    pub uses: Option<(AuthorityId, u32)>,
    /// The authority with a daily limit, and the limit.
    pub daily: Option<(AuthorityId, u32)>,
    /// Fewer answers than this may be without a receipt.
    pub receipts_outstanding: u32,
    /// What is kept until it is known whether the answer is durable: dropped then, whoever waits.
    pub reserved: Box<dyn Any + Send>,
}

/// Reads are released to a peer: as long as what was decided upon in `state` holds, none of them was
/// corrected since the search, and uses, limit and receipts allow it.
///
/// A correction after which another read would have been found does not matter: the search came before
/// it, as it would have before an import.
#[must_use]
pub fn query_answered(state: &State, ready: AnswerReady<'_>) -> Entry {
    let AnswerReady { query: signed, answer, envelope, pages, .. } = ready;
    let requester = &signed.query.from;
    let digest = envelope.digest();
    let released = ready.released.as_ref().map(|(_, reads)| reads.clone());
    let access = signed.access(Outcome::Answered).answered(answer, digest);
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
        images: answer.photographs_sent().map(|one| one.digest).collect(),
    };
    let precondition = Precondition {
        grounds: Some(Grounds::of_peer(state, requester)),
        uncorrected: released.map(|reads| (ready.seen, reads)),
        before: Some(ready.lapses),
        uses: ready.uses,
        daily: ready.daily.map(|(authority, most)| ((authority, requester.clone()), most)),
        unreceipted: Some((requester.clone(), ready.receipts_outstanding)),
        ..Precondition::default()
    };
    let event = Event::QueryAnswered(QueryAnswered { access, theirs: ready.theirs });
    let owed = owed(&event, true, requester, signed.query.id, signed.envelope.digest());
    Entry::new(signed.requester(), event)
        .about(requester)
        .beside([signed.envelope, envelope])
        .provided(precondition)
        .with(StateChanges {
            served: Some(served),
            shown: plates(ready.reads),
            pages: (!pages.is_empty()).then_some(kept),
            owed,
            ..StateChanges::default()
        })
        .keeping(ready.reserved)
        .releasing(answer_frames(envelope, pages, ready.photographs))
}

/// A peer's query is refused; what was decided, as long as what it was decided `upon` holds. `remember`: the id is replied to like this from now on.
#[must_use]
pub fn query_refused(
    upon: Option<&State>,
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
    let access = query.access(Outcome::Refused).refused(refusal, envelope.digest());
    let event = Event::QueryRefused(QueryRefused { access, theirs, redelivered: false });
    // One that is not kept under its id may be given for it again and again.
    let decided = remember && refusal.decided_by.is_some();
    let owed = owed(&event, decided, &query.query.from, query.query.id, query.envelope.digest());
    let of_peer = |state| Precondition::grounds(Grounds::of_peer(state, &query.query.from));
    Entry::new(query.requester(), event)
        .about(&query.query.from)
        .beside([query.envelope, envelope])
        .provided(upon.map(of_peer).unwrap_or_default())
        .with(StateChanges { served: Some(served), owed, ..StateChanges::default() })
        .releasing(vec![frame(FrameKind::Refusal, envelope)])
}

/// The refusal of before is sent again, for the same bytes of the same query.
#[must_use]
pub fn refusal_redelivered(
    query: SignedQuery<'_>,
    refusal: &Refusal,
    envelope: &Envelope,
    theirs: Option<EntryProof>,
) -> Entry {
    let access = query.access(Outcome::Refused).refused(refusal, envelope.digest());
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
    /// The authority ends at this instant.
    pub lapses: Timestamp,
}

/// The answer of before is sent again, as long as what was decided upon in `state` and its authority
/// hold.
#[must_use]
pub fn answer_redelivered(state: &State, again: AnswerAgain<'_>) -> Entry {
    let AnswerAgain { query, envelope, .. } = again;
    let access = query.access(Outcome::Answered).answered(again.answer, envelope.digest());
    let grounds = Grounds::of_peer(state, &query.query.from);
    let precondition =
        Precondition { before: Some(again.lapses), ..Precondition::grounds(grounds) };
    let event = AnswerRedelivered { access, theirs: again.theirs };
    Entry::new(query.requester(), Event::AnswerRedelivered(event))
        .about(&query.query.from)
        .provided(precondition)
        .releasing(answer_frames(envelope, again.pages, again.photographs))
}

/// A peer's receipt was verified: as long as none of that answer was recorded since the log had `seen`
/// entries.
#[must_use]
pub fn receipt_recorded(
    seen: u64,
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
    let event = Event::ReceiptRecorded(ReceiptRecorded::of(receipt, theirs));
    let owed = owed(&event, true, &receipt.from, receipt.query_id, receipt.answer_digest);
    Entry::new(actor, event)
        .about(&receipt.from)
        .of_query(receipt.query_id)
        .beside([envelope])
        .provided(Precondition {
            without_receipt: Some((seen, receipt.query_id)),
            ..Precondition::default()
        })
        .with(StateChanges { receipted: Some(receipted), owed, ..StateChanges::default() })
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
