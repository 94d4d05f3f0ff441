//! Accounts that want looking after: those that nobody has used for long, that end soon, and that nobody has
//! looked at for a year (CJISSECPOL, AC-2, AC-2(2), AC-2(3)).

use schemas::query::UserName;
use schemas::time::Timestamp;
use schemas::user::User;

use super::state::AppState;
use crate::admin::people::disable_inactive;
use crate::permission::ActError;
use crate::sign_in::last_used;

/// After how many days without a sign-in a user is disabled.
pub const INACTIVE_DAYS: u32 = 90;
/// How many days before that it is told.
const TOLD_DAYS: u32 = 14;
/// How many days before an account ends it is told.
const ENDING_DAYS: u32 = 14;
/// After how many days an account is to be looked at again.
const REVIEW_DAYS: u32 = 365;
/// How many administrators an agency is to have, so that one is never alone.
const ADMINISTRATORS: usize = 2;

/// Accounts that want looking after.
#[derive(Debug, Default)]
pub struct AccountsDue {
    /// How many people administer.
    pub administrators: usize,
    /// Who will be disabled within two weeks unless she signs in.
    pub inactive: Vec<UserName>,
    /// Whose account ends within two weeks.
    pub ending: Vec<UserName>,
    /// At whose account nobody has looked for a year.
    pub unreviewed: Vec<UserName>,
}

impl AccountsDue {
    /// Whether a second administrator is wanted.
    #[must_use]
    pub const fn wants_administrator(&self) -> bool {
        self.administrators < ADMINISTRATORS
    }
}

impl AppState {
    /// What of the accounts wants looking after.
    pub async fn accounts_due(&self) -> AccountsDue {
        let (state, now) = (self.context.agency.registry.state(), self.context.agency.clock.now());
        let used = last_used(&self.sign_in).await;
        let administer = state.policy.as_ref().map(|policy| &policy.people.administer);
        let mut due = AccountsDue::default();
        for user in state.users.values().filter(|user| user.enabled(now)) {
            let administers = administer.is_some_and(|one| one.admit(&user.roles, &user.title));
            due.administrators += usize::from(administers);
            if user.until.is_some_and(|until| until < now.plus_days(ENDING_DAYS)) {
                due.ending.push(user.name.clone());
            }
            // Who has nothing to sign in by does nothing, and is looked at when she is enrolled.
            let Some((bound, last)) = used.get(&user.name) else { continue };
            if last_active(user, *last).plus_days(INACTIVE_DAYS - TOLD_DAYS) < now {
                due.inactive.push(user.name.clone());
            }
            let looked = [user.reviewed_at, user.enabled_at].into_iter().flatten().max();
            let looked = looked.unwrap_or(*bound);
            if looked.plus_days(REVIEW_DAYS) < now {
                due.unreviewed.push(user.name.clone());
            }
        }
        due
    }

    /// Disables who has not signed in for too long.
    ///
    /// # Errors
    /// When the log does not take it; the others are tried all the same.
    pub async fn disable_inactive(&self) -> Result<(), ActError> {
        let (agency, now) = (&self.context.agency, self.context.agency.clock.now());
        // By a clock that is not believed, nobody has been away for long.
        if agency.log.clock_can_be_right().is_err() {
            return Ok(());
        }
        let state = agency.registry.state();
        let mut failed = Ok(());
        for (name, (_, last)) in last_used(&self.sign_in).await {
            let Some(user) = state.users.get(&name).filter(|user| user.enabled(now)) else {
                continue;
            };
            if is_over(last_active(user, last), now) {
                failed = disable_inactive(agency, &name).await.and(failed);
            }
        }
        failed
    }
}

/// When a user was last at work here, as far as it counts: whoever was enabled since begins anew.
fn last_active(user: &User, signed_in: Timestamp) -> Timestamp {
    user.enabled_at.map_or(signed_in, |at| at.max(signed_in))
}

/// Whether an account that was last used then is to be disabled.
fn is_over(last: Timestamp, now: Timestamp) -> bool {
    last.plus_days(INACTIVE_DAYS) < now
}
