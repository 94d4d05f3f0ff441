//! The night desk: persons by name to whom releasing passwords and handing out cards for a shift are delegated,
//! in person and nothing else, so that nobody waits for an administrator until the morning.

use audit_log::entries::people::UserChange;
use schemas::query::UserName;
use schemas::time::Timestamp;

use super::user_change::{Changed, change, known, not_herself};
use crate::permission::{ActError, OwnAgency, Principal};

/// Most days that somebody sits there before it is looked at again.
const MOST_DAYS: u32 = 366;

/// Delegates the night desk to a person until then. That gives power: it counts once a second person confirms it.
///
/// # Errors
/// When there is no such user, the time is over or too far away, it is the actor herself, or the actor may not.
pub async fn seat(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
    until: Timestamp,
) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Delegated, |state, now| {
        not_herself(by, name, "own_night_desk", "nobody takes the night desk herself")?;
        let latest = now.plus_days(MOST_DAYS);
        if until <= now || until > latest {
            return Err(ActError::usage(format!(
                "--until {until} is not after {now} and by {latest}, a year on"
            )));
        }
        let mut user = known(state, name)?.clone();
        user.night_desk = Some(until);
        Ok(user)
    })
    .await
}

/// Ends that a person sits at the night desk, from this instant.
///
/// # Errors
/// When she does not, or the actor may not.
pub async fn end(agency: &OwnAgency, by: &Principal, name: &UserName) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Delegated, |state, _| {
        let mut user = known(state, name)?.clone();
        user.night_desk.take().ok_or_else(|| {
            let why = format!("`{name}` does not sit at the night desk; see `accord user list`");
            ActError::usage(why)
        })?;
        Ok(user)
    })
    .await
}
