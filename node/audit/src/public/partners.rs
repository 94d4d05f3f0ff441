//! With whom reads are shared, for the public: the same as the sharing report, without how often.

use schemas::agency::AgencyId;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::report::sharing::{Direction, Shared, shared};
use registry::State;

/// An agency with which reads are shared, on one authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Which.
    pub with: AgencyId,
    /// Who gives to whom.
    pub direction: Direction,
    /// Since when.
    pub since: Timestamp,
    /// Until when, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Those by agreements, of every time until now, as of `now`. Written requests are of one matter, and who
/// made one is not told.
pub(super) fn of(state: &State, me: &AgencyId, now: Timestamp) -> Vec<Partner> {
    let mut partners: Vec<Partner> = shared(state, me, now, |_| 0)
        .into_iter()
        .filter(|shared| shared.is_agreement() && shared.since <= now)
        .map(|Shared { with, direction, since, until, .. }| Partner {
            with,
            direction,
            since,
            until,
        })
        .collect();
    partners.sort_by(|one, other| (&one.with, one.since).cmp(&(&other.with, other.since)));
    partners.dedup();
    partners
}
