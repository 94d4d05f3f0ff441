//! How often authorities were used, as the log counts it, for the decision to judge.

use registry::Uses;
use schemas::agency::AgencyId;
use schemas::query::AuthorityId;
use schemas::time::Timestamp;

use store::{LogState, ServedBefore};

/// How often `requester` and everybody else used an authority by `now`. An answer that is redelivered
/// does not count against itself.
pub(crate) fn uses<'a>(
    counters: &'a LogState,
    requester: &'a AgencyId,
    now: Timestamp,
    redelivering: Option<&'a ServedBefore>,
) -> impl Fn(&AuthorityId) -> Uses + 'a {
    // Counters are as of the last append, which may have been yesterday's.
    let of_today = counters.day_start == Some(now.day_start());
    move |id| {
        let itself = redelivering.is_some_and(|before| before.authority.as_ref() == Some(id));
        let without =
            |count: Option<&u32>| count.copied().unwrap_or(0).saturating_sub(u32::from(itself));
        let today = counters.today.get(&(id.clone(), requester.clone())).filter(|_| of_today);
        Uses { all: without(counters.uses.get(id)), today: without(today) }
    }
}
