//! Entries of agency cards.

use registry::{Alarm, Change, State, Verified};
use schemas::agency::AgencyId;
use schemas::alarm::AlarmKind;
use schemas::body::Actor;
use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::audit::AlarmRaised;
use schemas::event::cards::{
    CardBlocked, CardConfirmed, CardHeld, CardIssued, CardUpdated, ReceiptsExtended,
};
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::entry::Entry;

/// A version of one's own card comes into force.
#[must_use]
pub fn card_issued(state: &State, actor: Actor, card: &Card, envelope: &Envelope) -> Entry {
    Entry::new(actor, Event::CardIssued(CardIssued::of(card)))
        .beside([envelope])
        .changing(state, Change::OwnCard { envelope: envelope.to_text() })
}

/// A person confirmed a peer's card: added where none was known, else replaced.
#[must_use]
pub fn card_confirmed(
    state: &State,
    actor: Actor,
    card: &Card,
    envelope: &Envelope,
    verified: Verified,
) -> Entry {
    let event = CardConfirmed {
        fingerprint: card.agency_key.fingerprint(),
        agency_kind: verified.kind,
        state: verified.state,
        verified_by: verified.how.clone(),
        version: card.version,
    };
    let known = state.peers.contains_key(&card.id);
    let event = if known { Event::CardReplaced(event) } else { Event::CardAdded(event) };
    Entry::new(actor, event)
        .about(&card.id)
        .beside([envelope])
        .changing(state, Change::Card { envelope: envelope.to_text(), verified })
}

/// A later version of a peer's card arrived that changes nothing a person must confirm.
#[must_use]
pub fn card_updated(
    state: &State,
    actor: Actor,
    card: &Card,
    envelope: &Envelope,
    at: Timestamp,
) -> Entry {
    Entry::new(actor, Event::CardUpdated(CardUpdated { version: card.version }))
        .about(&card.id)
        .beside([envelope])
        .changing(state, Change::CardUpdate { envelope: envelope.to_text(), at })
}

/// A later version of a peer's card waits for a person.
#[must_use]
pub fn card_held(
    state: &State,
    actor: Actor,
    card: &Card,
    envelope: &Envelope,
    why: &str,
    at: Timestamp,
) -> Entry {
    let event = CardHeld { version: card.version, why: why.to_owned() };
    let change = Change::CardHeld { envelope: envelope.to_text(), why: why.to_owned(), at };
    Entry::new(actor, Event::CardHeld(event))
        .about(&card.id)
        .beside([envelope])
        .changing(state, change)
}

/// A peer showed another card under a version that is known: an alarm that keeps both.
#[must_use]
pub fn card_contradicted(
    state: &State,
    actor: Actor,
    card: &Card,
    envelope: &Envelope,
    alarm: Alarm,
) -> Entry {
    let event = AlarmRaised { alarm: AlarmKind::Card, version: Some(card.version), reason: None };
    Entry::new(actor, Event::AlarmRaised(event))
        .about(&card.id)
        .beside([envelope])
        .changing(state, Change::Alarm { alarm })
}

/// A peer is cut off.
#[must_use]
pub fn card_blocked(state: &State, actor: Actor, peer: &AgencyId, reason: &Text) -> Entry {
    let event = CardBlocked { reason: reason.clone() };
    let change = Change::Block { agency: peer.clone(), reason: Some(reason.clone()) };
    Entry::new(actor, Event::CardBlocked(event)).about(peer).changing(state, change)
}

/// A peer is let in again.
#[must_use]
pub fn card_unblocked(state: &State, actor: Actor, peer: &AgencyId, reason: &Text) -> Entry {
    let event = CardBlocked { reason: reason.clone() };
    let change = Change::Block { agency: peer.clone(), reason: None };
    Entry::new(actor, Event::CardUnblocked(event)).about(peer).changing(state, change)
}

/// A peer is given more time for receipts.
#[must_use]
pub fn receipts_extended(
    state: &State,
    actor: Actor,
    peer: &AgencyId,
    until: Timestamp,
    reason: &Text,
) -> Entry {
    let event = ReceiptsExtended { until, reason: reason.clone() };
    let change = Change::ReceiptsExtended { agency: peer.clone(), until };
    Entry::new(actor, Event::ReceiptsExtended(event)).about(peer).changing(state, change)
}
