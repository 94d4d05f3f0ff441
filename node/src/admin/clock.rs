//! Going on under a clock that the log refuses: an administrator's recorded word that it is right.

use registry::ClockAcceptance;
use schemas::text::Text;

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::clock::clock_accepted;

/// A clock that was accepted, and the entry that says so.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The entry.
    pub entry: u64,
    /// What was accepted.
    pub accepted: ClockAcceptance,
}

/// Records that the clock is right, which the log would not take an entry by.
///
/// # Errors
/// When the log takes entries by it, no reason is given, or the actor may not.
pub async fn accept(
    agency: &OwnAgency,
    by: &Principal,
    reason: &Text,
) -> Result<Accepted, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say with --reason why the clock is right now".into()));
    }
    let (appended, accepted) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            if agency.log.clock_can_be_right().is_ok() {
                return Err(ActError::usage(format!(
                    "the clock says {now}, and the log takes entries by it; there is nothing to accept"
                )));
            }
            let last = agency.log.counters().last_at.unwrap_or(now);
            let (by_user, reason) = (user.name.clone(), reason.clone());
            let accepted = ClockAcceptance { at: now, last, by: by_user, reason };
            Ok((clock_accepted(state, agency.actor(user, by), accepted.clone()), accepted))
        })
        .await?;
    Ok(Accepted { entry: appended.position().index, accepted })
}
