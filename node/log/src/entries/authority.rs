//! Entries of agreements and written requests: one's own acts, which leave as documents for the
//! peers that they concern, and those of peers as they arrive.

use agreements::agreement::{Adherence, Agreement, Notice};
use agreements::recorded::{self, Whose};
use agreements::request::{Request, Ruling, Withdrawal};
use registry::{Change, RecordsClosed, RecordsRequest, RefusedProposal, State};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::body::Actor;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::authority::{AgreementRefused, RequestClosed, RequestRecorded};
use schemas::frame::FrameKind;
use store::{OutboxMessage, StateChanges};

use crate::arrived::Arrived;
use crate::entry::Entry;

/// What a signed document becomes for each of its recipients.
fn documents<'a>(
    recipients: impl IntoIterator<Item = &'a AgencyId>,
    envelope: &Envelope,
) -> StateChanges {
    let body = envelope.to_text();
    let message = |peer: &AgencyId| OutboxMessage {
        peer: peer.clone(),
        kind: FrameKind::Document,
        body: body.clone(),
    };
    StateChanges {
        outbox: recipients.into_iter().map(message).collect(),
        ..StateChanges::default()
    }
}

/// The other parties of an agreement.
fn others<'a>(actor: &Actor, agreement: &'a Agreement) -> Vec<&'a AgencyId> {
    agreement.parties.iter().filter(|party| **party != actor.agency).collect()
}

/// One proposes an agreement; the text leaves for every other party.
#[must_use]
pub fn agreement_proposed(
    state: &State,
    actor: Actor,
    agreement: &Agreement,
    envelope: &Envelope,
) -> Entry {
    let (from, envelope_text) = (actor.agency.clone(), envelope.to_text());
    let changes = documents(others(&actor, agreement), envelope);
    Entry::new(actor, recorded::of_agreement(agreement, Whose::Own))
        .beside([envelope])
        .changing(state, Change::Agreement { from, envelope: envelope_text })
        .with(changes)
}

/// A peer's proposal arrived.
#[must_use]
pub fn agreement_received(arrived: Arrived<'_>, agreement: &Agreement) -> Entry {
    let change =
        Change::Agreement { from: arrived.from.clone(), envelope: arrived.envelope.to_text() };
    arrived.entry(recorded::of_agreement(agreement, Whose::Peer)).changing(arrived.state, change)
}

/// A peer's proposal was refused.
#[must_use]
pub fn agreement_refused(arrived: Arrived<'_>, refused: RefusedProposal) -> Entry {
    let event = AgreementRefused {
        agreement: refused.agreement.clone(),
        version: refused.version,
        text: refused.text,
        why: refused.why.clone(),
    };
    arrived
        .entry(Event::AgreementRefused(event))
        .changing(arrived.state, Change::ProposalRefused { refused })
}

/// One adheres; the adherence leaves for every other party of `agreement`.
#[must_use]
pub fn agreement_signed(
    state: &State,
    actor: Actor,
    agreement: &Agreement,
    adherence: &Adherence,
    envelope: &Envelope,
) -> Entry {
    let changes = documents(others(&actor, agreement), envelope);
    Entry::new(actor, recorded::of_adherence(adherence, Whose::Own))
        .beside([envelope])
        .changing(state, Change::Adherence { envelope: envelope.to_text() })
        .with(changes)
}

/// A peer's adherence arrived.
#[must_use]
pub fn agreement_adhered(arrived: Arrived<'_>, adherence: &Adherence) -> Entry {
    let change = Change::Adherence { envelope: arrived.envelope.to_text() };
    arrived.entry(recorded::of_adherence(adherence, Whose::Peer)).changing(arrived.state, change)
}

/// One suspends or resumes one's side of `agreement`, or withdraws; the notice leaves for every
/// other party.
#[must_use]
pub fn notice_given(
    state: &State,
    actor: Actor,
    agreement: &Agreement,
    notice: &Notice,
    envelope: &Envelope,
) -> Entry {
    let changes = documents(others(&actor, agreement), envelope);
    Entry::new(actor, recorded::of_notice(notice))
        .beside([envelope])
        .changing(state, Change::Notice { envelope: envelope.to_text() })
        .with(changes)
}

/// A peer's notice arrived.
#[must_use]
pub fn notice_received(arrived: Arrived<'_>, notice: &Notice) -> Entry {
    let change = Change::Notice { envelope: arrived.envelope.to_text() };
    arrived.entry(recorded::of_notice(notice)).changing(arrived.state, change)
}

/// One submits a written request, which leaves for its owner.
#[must_use]
pub fn request_submitted(
    state: &State,
    actor: Actor,
    request: &Request,
    envelope: &Envelope,
) -> Entry {
    Entry::new(actor, recorded::of_request(request, Whose::Own))
        .about(&request.to)
        .beside([envelope])
        .changing(state, Change::Request { envelope: envelope.to_text() })
        .with(documents([&request.to], envelope))
}

/// A peer's written request arrived.
#[must_use]
pub fn request_received(arrived: Arrived<'_>, request: &Request) -> Entry {
    let change = Change::Request { envelope: arrived.envelope.to_text() };
    arrived.entry(recorded::of_request(request, Whose::Peer)).changing(arrived.state, change)
}

/// A written request is decided here; the decision leaves for `requester`.
#[must_use]
pub fn request_decided(
    state: &State,
    actor: Actor,
    requester: &AgencyId,
    ruling: &Ruling,
    envelope: &Envelope,
) -> Entry {
    Entry::new(actor, recorded::of_ruling(ruling))
        .about(requester)
        .beside([envelope])
        .changing(state, Change::Ruling { envelope: envelope.to_text() })
        .with(documents([requester], envelope))
}

/// The owner's decision on a request of one's own arrived.
#[must_use]
pub fn decision_received(arrived: Arrived<'_>, ruling: &Ruling) -> Entry {
    let change = Change::Ruling { envelope: arrived.envelope.to_text() };
    arrived.entry(recorded::of_ruling(ruling)).changing(arrived.state, change)
}

/// One withdraws a written request; the withdrawal leaves for its owner.
#[must_use]
pub fn request_withdrawn(
    state: &State,
    actor: Actor,
    owner: &AgencyId,
    withdrawal: &Withdrawal,
    envelope: &Envelope,
) -> Entry {
    Entry::new(actor, recorded::of_withdrawal(withdrawal))
        .about(owner)
        .beside([envelope])
        .changing(state, Change::Withdrawal { envelope: envelope.to_text() })
        .with(documents([owner], envelope))
}

/// A peer's withdrawal of its request arrived.
#[must_use]
pub fn withdrawal_received(arrived: Arrived<'_>, withdrawal: &Withdrawal) -> Entry {
    let change = Change::Withdrawal { envelope: arrived.envelope.to_text() };
    arrived.entry(recorded::of_withdrawal(withdrawal)).changing(arrived.state, change)
}

/// An outside body's request is filed for records release.
#[must_use]
pub fn request_recorded(state: &State, actor: Actor, request: RecordsRequest) -> Entry {
    let event = RequestRecorded {
        request: request.id.clone(),
        from_body: request.from_body.clone(),
        case: request.case.clone(),
        records_release: request.to.clone(),
        due: request.due,
    };
    Entry::new(actor, Event::RequestRecorded(event))
        .changing(state, Change::RecordsRequest { request })
}

/// An outside body's request was answered.
#[must_use]
pub fn request_closed(
    state: &State,
    actor: Actor,
    request: &AuthorityId,
    closed: RecordsClosed,
) -> Entry {
    let event = RequestClosed {
        request: request.clone(),
        outcome: closed.outcome,
        reason: closed.reason.clone(),
    };
    let change = Change::RecordsRequestClosed { request: request.clone(), closed };
    Entry::new(actor, Event::RequestClosed(event)).changing(state, change)
}
