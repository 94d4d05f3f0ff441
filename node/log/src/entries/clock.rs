//! Entries of the clock.

use registry::{Change, ClockAcceptance, State};
use schemas::body::Actor;
use schemas::event::Event;
use schemas::event::clock::ClockAccepted;
use store::{Restamped, StateChanges};

use crate::entry::Entry;

/// The clock is right, whatever was logged before. Entries that a wrong one stamped are found, and
/// kept, by the time that this one tells.
#[must_use]
pub fn clock_accepted(state: &State, actor: Actor, accepted: ClockAcceptance) -> Entry {
    let event = ClockAccepted { last: accepted.last, reason: accepted.reason.clone() };
    let restamped = Restamped { last: accepted.last, behind_since: state.clock.behind_since };
    Entry::new(actor, Event::ClockAccepted(event))
        .with(StateChanges { restamped: Some(restamped), ..StateChanges::default() })
        .changing(state, Change::Clock { accepted })
}
