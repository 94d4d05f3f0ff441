//! People: registering, training, disabling and enabling, delegating, and looking at their accounts again.

use std::sync::Arc;

use schemas::purpose::Role;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize, policy_in_force};
use audit_log::entries::people::{UserChange, user_changed};
use registry::State;
use schemas::user::{Delegation, User};

use super::second_person::{Course, course};
use schemas::authenticator::Proposal;
use serde::{Deserialize, Serialize};

/// What became of an act about a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Changed {
    /// The person as she is from now on, or would be.
    pub user: User,
    /// What a second person is to confirm first; nothing of it counts until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
}

/// Registers a user.
///
/// # Errors
/// When the name is taken, nobody's full name is given, or the actor may not.
pub async fn add(agency: &OwnAgency, by: &Principal, user: &User) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Added, |state, _| {
        if state.users.contains_key(&user.name) {
            return Err(ActError::usage(format!("user `{}` exists already", user.name)));
        }
        check(user)?;
        Ok(user.clone())
    })
    .await
}

/// Records a user's training.
///
/// # Errors
/// When there is no such user, the day is to come, or the actor may not.
pub async fn train(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
    on: Timestamp,
) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Trained, |state, now| {
        if on > now {
            return Err(ActError::usage(format!("training on {} is yet to come", on.day())));
        }
        Ok(User { trained_on: Some(on), ..known(state, name)?.clone() })
    })
    .await
}

/// Ends a user's access.
///
/// # Errors
/// When there is no such user, it is the last administrator, or the actor may not.
pub async fn disable(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
    reason: &Text,
) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Disabled, |state, now| {
        let user = known(state, name)?;
        if is_last_administrator(state, name, now)? {
            return Err(ActError::refused(format!(
                "`{name}` is the last administrator; add another first"
            )));
        }
        let reason =
            if reason.is_empty() { "disabled".parse().unwrap_or_default() } else { reason.clone() };
        Ok(User { disabled: Some(reason), ..user.clone() })
    })
    .await
}

/// Lets a user act again who was disabled, as one whom nobody knew: what gives power takes a second person.
///
/// # Errors
/// When there is no such user, she may act already, or the actor may not.
pub async fn enable(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Enabled, |state, now| {
        let user = known(state, name)?;
        if user.disabled.is_none() {
            return Err(ActError::usage(format!("user `{name}` is not disabled")));
        }
        Ok(User { disabled: None, enabled_at: Some(now), ..user.clone() })
    })
    .await
}

/// Records that somebody looked whether a user needs her account and what it may do (CJISSECPOL, AC-2 j).
///
/// # Errors
/// When there is no such user, it is the actor herself, or the actor may not.
pub async fn review(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Reviewed, |state, now| {
        if by.user == *name {
            let why = "nobody reviews herself; another administrator does";
            return Err(ActError::refused_as("own_review", Vec::new(), why.into()));
        }
        Ok(User { reviewed_at: Some(now), ..known(state, name)?.clone() })
    })
    .await
}

/// Ends, by the node itself, the access of a user who has not signed in for too long. The last administrator
/// stays: nobody could let her act again.
///
/// # Errors
/// When the log does not take it.
pub async fn disable_inactive(agency: &OwnAgency, name: &UserName) -> Result<(), ActError> {
    let reason = "not signed in for 90 days (CJISSECPOL, AC-2(3))".parse().unwrap_or_default();
    let judge = |state: Arc<State>, now| {
        let reason: Text = Text::clone(&reason);
        async move {
            let user = known(&state, name)?;
            if !user.enabled(now) || is_last_administrator(&state, name, now)? {
                return Ok((None, ()));
            }
            let user = User { disabled: Some(reason), ..user.clone() };
            let what = UserChange::Disabled;
            Ok((Some(user_changed(&state, agency.node_actor(), what, user, None, None)), ()))
        }
    };
    agency.act_if(judge).await.map(drop)
}

/// Whether nobody but this user may administer.
fn is_last_administrator(state: &State, name: &UserName, now: Timestamp) -> Result<bool, ActError> {
    let roles = &policy_in_force(state)?.people.administer;
    let administers = |user: &User| user.enabled(now) && roles.admit(&user.roles, &user.title);
    Ok(!state.users.values().any(|other| other.name != *name && administers(other)))
}

/// Delegates the approving authority of a title to a user.
///
/// # Errors
/// When there is no such user, the time is empty, or the actor may not.
pub async fn delegate(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
    delegation: &Delegation,
) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Delegated, |state, _| {
        if delegation.from >= delegation.until {
            return Err(ActError::usage(format!(
                "a delegation from {} until {} is empty",
                delegation.from, delegation.until
            )));
        }
        let mut user = known(state, name)?.clone();
        user.delegations.push(delegation.clone());
        Ok(user)
    })
    .await
}

/// Puts on record what `judge` makes of a user: at once, or as a proposal to a second person.
async fn change(
    agency: &OwnAgency,
    by: &Principal,
    what: UserChange,
    judge: impl Fn(&State, Timestamp) -> Result<User, ActError>,
) -> Result<Changed, ActError> {
    let (_, changed) = agency
        .act(|state, now| {
            let acting = authorize(state, by, Permission::Administer, now)?;
            let user = judge(state, now)?;
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

/// What every registered user has.
fn check(user: &User) -> Result<(), ActError> {
    if user.full_name.is_empty() {
        return Err(ActError::usage(format!(
            "user `{}` needs a full name; give --full-name",
            user.name
        )));
    }
    if user.roles.contains(&Role::Vendor) && user.until.is_none() {
        return Err(ActError::usage(format!(
            "user `{}` is a vendor, who has access for a time; give --until",
            user.name
        )));
    }
    if user.roles.is_empty() {
        return Err(ActError::usage(format!("user `{}` needs a role; give --role", user.name)));
    }
    Ok(())
}

fn known<'a>(state: &'a State, name: &UserName) -> Result<&'a User, ActError> {
    state.users.get(name).ok_or_else(|| {
        ActError::usage(format!("there is no user `{name}`; see `accord user list`"))
    })
}
