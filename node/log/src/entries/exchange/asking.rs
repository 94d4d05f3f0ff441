//! Entries of the agency that asks: what it asked and what came of it.

use schemas::agency::AgencyId;
use schemas::answer::Answer;
use schemas::body::{Access, Actor, Outcome};
use schemas::draft::Draft;
use schemas::entry_proof::EntryProof;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::exchange::{
    AnswerReceived, AnswerRejected, AnswerViewed, QueryDeclined, QuerySent, QueryUnanswered,
    RefusalReceived, Releasable, ReleaseDenied,
};
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::query::{Query, UserName};
use schemas::read::Read;
use schemas::refusal::{Reason, Refusal};
use schemas::text::Text;
use schemas::time::Timestamp;
use store::{Asked, OutboxMessage, Pages, Settled, Side, StateChanges};

use super::super::reads::plates;
use super::{SignedQuery, cut, frame};
use crate::entry::Entry;

/// What the entries of what is declined begin from.
const EMPTY: QueryDeclined =
    QueryDeclined { access: None, draft: None, why: None, evidence: false, releasable: None };

/// One's own policy refused a query before it left.
#[must_use]
pub fn query_declined(actor: Actor, query: &Query, reasons: Vec<Reason>) -> Entry {
    let access = Access { reasons, ..Access::of(query, Outcome::Declined) };
    let event = QueryDeclined { access: Some(access), ..EMPTY };
    Entry::new(actor, Event::QueryDeclined(event)).about(&query.to)
}

/// One's own policy refused a query before it left, which another person may release.
#[must_use]
pub fn query_declined_for_now(actor: Actor, query: &Query, reasons: Vec<Reason>) -> Entry {
    let access = Access { reasons, ..Access::of(query, Outcome::Declined) };
    let releasable = Releasable {
        roles: query.requester.roles.clone(),
        session: query.requester.session.clone(),
        asserted_by: query.requester.asserted_by.clone(),
        limit: query.limit,
        images: query.images,
    };
    let event = QueryDeclined { access: Some(access), releasable: Some(releasable), ..EMPTY };
    Entry::new(actor, Event::QueryDeclined(event)).about(&query.to)
}

/// Another person does not release a declined query.
#[must_use]
pub fn release_denied(actor: Actor, access: &Access, asked_by: UserName, reason: Text) -> Entry {
    let event = ReleaseDenied { query_id: access.query_id, asked_by, reason };
    Entry::new(actor, Event::ReleaseDenied(event)).about(&access.owner).of_query(access.query_id)
}

/// An attempt to ask that was turned down before there was a query.
#[must_use]
pub fn draft_rejected(actor: Actor, draft: Draft, why: String) -> Entry {
    let (draft, why) = (Some(draft), Some(why));
    let event = QueryDeclined { draft, why, ..EMPTY };
    Entry::new(actor, Event::QueryDeclined(event))
}

/// One's own policy keeps reads of one's own out of an evidence package. `access` is what was to be
/// looked up.
#[must_use]
pub fn evidence_declined(actor: Actor, access: Access) -> Entry {
    let event = QueryDeclined { access: Some(access), evidence: true, ..EMPTY };
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
    /// Its reads.
    pub reads: &'a [Read],
    /// Until when they are kept.
    pub kept_until: Timestamp,
}

/// An answer was verified; people may see it, and its receipt leaves.
#[must_use]
pub fn answer_received(actor: Actor, verified: AnswerVerified<'_>) -> Entry {
    let AnswerVerified { query, answer, envelope, receipt, pages, .. } = verified;
    let access = query.access(Outcome::Answered).answered(answer, envelope.digest());
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
        images: answer.photographs_sent().map(|one| one.digest).collect(),
    };
    let receipt_digest = receipt.digest();
    let event =
        Event::AnswerReceived(AnswerReceived { access, receipt_digest, theirs: verified.theirs });
    let owed = query.reply_owed(&event, true, envelope);
    let changes = StateChanges {
        shown: plates(verified.reads),
        settled: Some(settled),
        outbox: vec![receipt_message(&query.query.to, receipt)],
        pages: (!kept.pages.is_empty()).then_some(kept),
        owed,
        ..StateChanges::default()
    };
    Entry::new(actor, event)
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
    refusal: &Refusal,
    envelope: &Envelope,
    theirs: Option<EntryProof>,
) -> Entry {
    let access = query.access(Outcome::Refused).refused(refusal, envelope.digest());
    let settled = Some(query.settled(OutcomeCode::Refused, Some(envelope)));
    let event = Event::RefusalReceived(RefusalReceived { access, theirs });
    let owed = query.reply_owed(&event, refusal.decided_by.is_some(), envelope);
    Entry::new(actor, event).about(&query.query.to).beside([envelope]).with(StateChanges {
        settled,
        owed,
        ..StateChanges::default()
    })
}

/// What came did not verify: nobody sees it. `envelope` is what could be read as one.
#[must_use]
pub fn answer_rejected(
    actor: Actor,
    query: SignedQuery<'_>,
    envelope: Option<&Envelope>,
    why: String,
) -> Entry {
    let event = AnswerRejected { access: query.access(Outcome::Rejected), why: cut(&why) };
    let settled = Some(query.settled(OutcomeCode::Rejected, None));
    Entry::new(actor, Event::AnswerRejected(event))
        .about(&query.query.to)
        .beside(envelope)
        .with(StateChanges { settled, ..StateChanges::default() })
}

/// Nothing came in time.
#[must_use]
pub fn query_unanswered(actor: Actor, query: SignedQuery<'_>, why: String) -> Entry {
    let event = QueryUnanswered { access: query.access(Outcome::Unanswered), why: cut(&why) };
    let settled = Some(query.settled(OutcomeCode::Unanswered, None));
    Entry::new(actor, Event::QueryUnanswered(event))
        .about(&query.query.to)
        .with(StateChanges { settled, ..StateChanges::default() })
}

/// A kept answer is shown again.
#[must_use]
pub fn answer_viewed(
    actor: Actor,
    query: SignedQuery<'_>,
    answer: &Answer,
    envelope: &Envelope,
) -> Entry {
    viewed(actor, query, answer, envelope, None)
}

/// The photographs of a kept answer are handed out to be saved.
#[must_use]
pub fn photographs_saved(
    actor: Actor,
    query: SignedQuery<'_>,
    answer: &Answer,
    envelope: &Envelope,
) -> Entry {
    viewed(actor, query, answer, envelope, Some(answer.images.len() as u64))
}

fn viewed(
    actor: Actor,
    signed: SignedQuery<'_>,
    answer: &Answer,
    envelope: &Envelope,
    photographs: Option<u64>,
) -> Entry {
    let access = signed.access(Outcome::Answered).answered(answer, envelope.digest());
    Entry::new(actor, Event::AnswerViewed(AnswerViewed { access, photographs }))
        .about(&signed.query.to)
}
