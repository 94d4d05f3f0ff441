//! Documents of peers as they arrive: what one peer may leave behind in a day.
//!
//! Counted by the log itself, by UTC days, so that a restart forgets nothing.

use registry::State;
use schemas::agency::AgencyId;
use schemas::body::Actor;
use schemas::envelope::Envelope;
use schemas::event::Event;
use store::TakenIn;

use crate::entry::{Entry, Precondition};

/// The most that one peer may leave behind in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayBounds {
    /// Documents, corrections aside.
    pub documents: u32,
    /// Corrections of reads.
    pub corrections: u32,
    /// Bytes of all of their envelopes.
    pub bytes: u64,
}

/// What of a day is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Documents.
    Documents,
    /// Corrections.
    Corrections,
    /// Bytes.
    Bytes,
}

impl DayBounds {
    /// No bound: what a person of this agency takes in from a file.
    pub const NONE: Self = Self { documents: u32::MAX, corrections: u32::MAX, bytes: u64::MAX };

    /// What is used up for one more of `bytes` beside what was `taken` in on that day.
    #[must_use]
    pub fn full(&self, taken: &TakenIn, bytes: usize, correction: bool) -> Option<Full> {
        if correction && taken.corrections >= self.corrections {
            Some(Full::Corrections)
        } else if !correction && taken.documents >= self.documents {
            Some(Full::Documents)
        } else if taken.bytes.saturating_add(bytes as u64) > self.bytes {
            Some(Full::Bytes)
        } else {
            None
        }
    }
}

/// A document that a peer signed, as it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// The registry that it is judged upon.
    pub state: &'a State,
    /// Whose it is.
    pub from: &'a AgencyId,
    /// Its exact envelope.
    pub envelope: &'a Envelope,
    /// What the peer may leave behind in a day.
    pub most: DayBounds,
}

impl Arrived<'_> {
    /// The entry that takes it in.
    pub(crate) fn entry(&self, event: Event) -> Entry {
        let precondition = Precondition {
            arriving: Some((self.from.clone(), self.most)),
            ..Precondition::default()
        };
        Entry::new(Actor::peer(self.from), event)
            .about(self.from)
            .beside([self.envelope])
            .provided(precondition)
    }
}
