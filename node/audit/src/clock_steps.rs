//! Clocks that were accepted: by which time each entry counts, and what a step of the clock may not do.
//!
//! The time of entries goes back only with `clock.accepted`. What a clock that was ahead stamped counts
//! as of the acceptance from then on; what one that was behind stamped counts as that much later.

use registry::restamp;
use schemas::body::Body;
use schemas::entry::{EntryKind, Header};
use schemas::event::Event;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;

/// A clock that an administrator accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClockStep {
    /// The entry that says so.
    pub entry: u64,
    /// The time of the entry before.
    pub last: Timestamp,
    /// Its own.
    pub at: Timestamp,
    /// Why.
    pub reason: Text,
}

impl ClockStep {
    /// What an entry says of the clock, if it accepts one.
    pub(crate) fn of(header: &Header, body: Option<&Body>) -> Option<Self> {
        if header.kind != EntryKind::ClockAccepted {
            return None;
        }
        match &body?.event {
            Event::ClockAccepted(accepted) => Some(Self {
                entry: header.index,
                last: accepted.last,
                at: header.at,
                reason: accepted.reason.clone(),
            }),
            _ => None,
        }
    }
}

/// An entry that its own stamp puts on another side of a bound of the period.
#[derive(Debug)]
pub(crate) struct Misplaced {
    pub(crate) index: u64,
    /// The time by which it counts.
    pub(crate) at: Timestamp,
    pub(crate) border: bool,
    /// What is missing before it, unless it stands before the period.
    pub(crate) missing: Option<String>,
}

/// The steps of a log so far, in order.
#[derive(Debug, Default)]
pub(crate) struct ClockSteps {
    behind_since: Option<Timestamp>,
    steps: Vec<ClockStep>,
}

impl ClockSteps {
    /// Takes in the next one; `stamps` are the times by which earlier entries count.
    pub(crate) fn take<'a>(
        &mut self,
        step: ClockStep,
        stamps: impl IntoIterator<Item = &'a mut Timestamp>,
    ) {
        let (at, last) = (step.at, step.last);
        restamp(stamps, (at, last), self.behind_since);
        self.behind_since = registry::behind_since(self.behind_since, (at, last));
        self.steps.push(step);
    }

    /// All of them.
    pub(crate) fn into_steps(self) -> Vec<ClockStep> {
        self.steps
    }
}
