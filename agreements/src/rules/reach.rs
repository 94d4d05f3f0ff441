//! How far back the owner answers at all, by its policy.

use schemas::time::Timestamp;

use crate::policy::Policy;

/// The instant before which the owner's reads are answered no longer.
pub(crate) fn cut_off(policy: &Policy, now: Timestamp) -> Timestamp {
    policy.retention.reads.cut_off().before(now)
}

/// The earliest instant that a peer's search reaches.
pub(super) fn earliest(policy: &Policy, now: Timestamp) -> Timestamp {
    cut_off(policy, now).max(policy.lookback.period().before(now))
}
