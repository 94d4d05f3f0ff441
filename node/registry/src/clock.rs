//! Clocks that an administrator accepted, and which entries a wrong one stamped.

use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The word of an administrator, or of whoever owns the machine, that the clock is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockAcceptance {
    /// What the clock said: the time of the entry.
    pub at: Timestamp,
    /// The time of the entry before.
    pub last: Timestamp,
    /// Who said so; absent where it was said at the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserName>,
    /// Why.
    pub reason: Text,
}

/// What was accepted so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcceptedClock {
    /// The last time that a clock was accepted.
    pub last: Option<ClockAcceptance>,
    /// Entries from this time on were stamped after a clock was set back, or by it.
    pub behind_since: Option<Timestamp>,
}

impl AcceptedClock {
    /// Takes in the next one.
    pub fn note(&mut self, accepted: &ClockAcceptance) {
        self.behind_since = behind_since(self.behind_since, (accepted.at, accepted.last));
        self.last = Some(accepted.clone());
    }
}

/// From which time on entries were stamped after a clock was set back, or by it, once one is accepted that
/// tells `at` after an entry of `last`.
#[must_use]
pub fn behind_since(
    before: Option<Timestamp>,
    (at, last): (Timestamp, Timestamp),
) -> Option<Timestamp> {
    if at < last {
        return Some(at);
    }
    before.map(|since| since.plus_millis(at.millis().saturating_sub(last.millis())))
}

/// The times by which entries are found and kept, where clocks were accepted: given the stamps so far, in
/// the order of the log, each is changed as an acceptance demands.
///
/// One that sets the clock back says that later stamps were of a clock ahead: they count as of its own
/// time. One that sets it forward after that says that the clock was behind since: those stamps count
/// as that much later, so that nothing is destroyed early.
pub fn restamp<'a>(
    stamps: impl IntoIterator<Item = &'a mut Timestamp>,
    (at, last): (Timestamp, Timestamp),
    behind_since: Option<Timestamp>,
) {
    let by = at.millis().saturating_sub(last.millis());
    for stamp in stamps {
        if by < 0 {
            *stamp = (*stamp).min(at);
        } else if behind_since.is_some_and(|since| *stamp >= since) {
            *stamp = stamp.plus_millis(by);
        }
    }
}
