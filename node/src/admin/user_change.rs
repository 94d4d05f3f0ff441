//! Putting on record what an act makes of a user: at once, or as a proposal to a second person.

use std::borrow::Cow;

use audit_log::entries::people::{UserChange, user_changed};
use registry::State;
use schemas::authenticator::Proposal;
use schemas::query::UserName;
use schemas::time::Timestamp;
use schemas::user::User;
use serde::{Deserialize, Serialize};

use super::second_person::{Course, course};
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};

/// What became of an act about a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Changed {
    /// The person as she is from now on, or would be.
    pub user: User,
    /// What a second person is to confirm first; nothing of it counts until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
}

/// Puts on record what `judge` makes of a user: at once, or as a proposal to a second person.
pub(super) async fn change(
    agency: &OwnAgency,
    by: &Principal,
    what: UserChange,
    judge: impl Fn(&State, Timestamp) -> Result<User, ActError>,
) -> Result<Changed, ActError> {
    change_by(agency, by, what, |state, now| {
        Ok((authorize(state, by, Permission::Administer, now)?, judge(state, now)?))
    })
    .await
}

/// As [`change`], by whom `judge` lets act.
pub(super) async fn change_by<F>(
    agency: &OwnAgency,
    by: &Principal,
    what: UserChange,
    judge: F,
) -> Result<Changed, ActError>
where
    F: for<'a> Fn(&'a State, Timestamp) -> Result<(Cow<'a, User>, User), ActError>,
{
    let (_, changed) = agency
        .act(|state, now| {
            let (acting, user) = judge(state, now)?;
            let actor = agency.actor(&acting, by);
            Ok(match course(state, &actor, &by.user, &user, now)? {
                Course::Now(alone) => {
                    let entry = user_changed(state, actor, what, user.clone(), alone, None);
                    (entry, Changed { user, proposal: None })
                }
                Course::Waits(entry, proposal) => {
                    (*entry, Changed { user, proposal: Some(*proposal) })
                }
            })
        })
        .await?;
    Ok(changed)
}

/// What nobody does for herself.
pub(super) fn not_herself(
    by: &Principal,
    name: &UserName,
    code: &'static str,
    why: &str,
) -> Result<(), ActError> {
    if by.user != *name {
        return Ok(());
    }
    let why = format!("{why}; another administrator does");
    Err(ActError::refused_as(code, Vec::new(), why))
}

pub(super) fn known<'a>(state: &'a State, name: &UserName) -> Result<&'a User, ActError> {
    state.users.get(name).ok_or_else(|| {
        ActError::usage(format!("there is no user `{name}`; see `accord user list`"))
    })
}
