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

/// The first stamp that counts as of `instant` or later once a clock is accepted: what [`restamp`] does,
/// asked the other way round, for who counts entries of a day by their stamps so far.
#[must_use]
pub fn first_stamp_from(
    instant: Timestamp,
    (at, last): (Timestamp, Timestamp),
    behind_since: Option<Timestamp>,
) -> Timestamp {
    let by = at.millis().saturating_sub(last.millis());
    match behind_since {
        // Those that were later all count as of `at`.
        _ if by < 0 && instant > at => Timestamp::MAX,
        Some(since) if by >= 0 && instant > since => since.max(instant.plus_millis(-by)),
        _ => instant,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_millis(n).expect("a time")
    }

    #[test]
    fn what_counts_from_an_instant_on_is_the_same_before_and_after_the_stamps_are_changed() {
        let all = |n: i64| (0..n).map(at).collect::<Vec<_>>();
        for last in 0..9 {
            for accepted in 0..12 {
                for behind in [None, Some(0), Some(3), Some(7)] {
                    let (span, behind) = ((at(accepted), at(last)), behind.map(at));
                    let before = all(last + 1);
                    let mut after = before.clone();
                    restamp(&mut after, span, behind);
                    for instant in (0..14).map(at) {
                        let from = first_stamp_from(instant, span, behind);
                        let count = |times: &[Timestamp], from| {
                            times.iter().filter(|time| **time >= from).count()
                        };
                        assert_eq!(
                            count(&before, from),
                            count(&after, instant),
                            "{span:?} behind since {behind:?}, from {instant}"
                        );
                    }
                }
            }
        }
    }
}
