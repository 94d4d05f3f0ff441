//! People: registering, disabling and enabling, and looking at their accounts again.

use std::sync::Arc;

use schemas::purpose::Role;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::permission::{ActError, OwnAgency, Principal, policy_in_force};
use audit_log::entries::people::{UserChange, user_changed};
use registry::State;
use schemas::attestation::SignedAttestation;
use schemas::attested::{Attestation, LONGEST_ATTESTATION_DAYS};
use schemas::user::User;

use super::training::{check_clearance, check_training};
use super::user_change::{Changed, change, known, not_herself};

/// Registers a user.
///
/// # Errors
/// When the name is taken, nobody's full name is given, or the actor may not.
pub async fn add(agency: &OwnAgency, by: &Principal, user: &User) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Added, |state, now| {
        if state.users.contains_key(&user.name) {
            return Err(ActError::usage(format!("user `{}` exists already", user.name)));
        }
        check(user)?;
        check_new(user)?;
        if user.trained_on.is_some() {
            check_training(state, user, now)?;
        }
        if let Some(on) = user.cleared_on {
            check_clearance(on, now)?;
        }
        Ok(user.clone())
    })
    .await
}

/// What of a user the agency key is to sign, for as long as `until`.
///
/// # Errors
/// When there is no such user, or the end is not within a year from now.
pub fn attesting(
    agency: &OwnAgency,
    name: &UserName,
    until: Timestamp,
) -> Result<Attestation, ActError> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    let user = known(&state, name)?;
    let longest = now.plus_days(LONGEST_ATTESTATION_DAYS);
    if until <= now || until > longest {
        return Err(ActError::usage(format!(
            "an attestation until {until} is over, or too long; it ends by {longest}"
        )));
    }
    Ok(Attestation {
        agency: agency.id.clone(),
        user: user.name.clone(),
        full_name: user.full_name.clone(),
        title: user.title.clone(),
        roles: user.roles.clone(),
        trained_on: user.trained_on,
        at: now,
        ends: until,
    })
}

/// Records that the agency vouches for a user, as its agency key signed.
///
/// # Errors
/// When there is no such user, the actor may not, or it is not signed with the agency key, for the user
/// as she is registered now.
pub async fn attest(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
    signed: &SignedAttestation,
) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Attested, |state, now| {
        let user = known(state, name)?;
        let own = state.own.as_ref().ok_or_else(|| ActError::refused("this agency has no card of its own".into()))?;
        let key = &own.value.agency_key;
        Attestation::bears_out(signed, &agency.id, &user.requester(), key, now).map_err(|why| {
            ActError::usage(format!(
                "the attestation does not bear out `{name}` as registered here: {why}; sign it anew with `accord user attest {name}`"
            ))
        })?;
        Ok(User { attestation: Some(signed.clone()), ..user.clone() })
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
        not_herself(by, name, "own_review", "nobody reviews herself")?;
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

/// Whether a new user comes with nothing that an act of its own gives: each of those is judged there.
fn check_new(user: &User) -> Result<(), ActError> {
    let given = [
        (!user.delegations.is_empty(), "delegations", "user delegate"),
        (user.attestation.is_some(), "attestation", "user attest"),
        (user.reviewed_at.is_some(), "reviewed_at", "user review"),
        (user.enabled_at.is_some(), "enabled_at", "user enable"),
        (user.disabled.is_some(), "disabled", "user disable"),
        (user.suspension.is_some(), "suspension", "user suspend"),
    ];
    match given.into_iter().find(|(given, _, _)| *given) {
        None => Ok(()),
        Some((_, field, act)) => Err(ActError::usage(format!(
            "user `{}` is new and comes with `{field}`; leave it out, and record it by `accord {act}` once she is registered",
            user.name
        ))),
    }
}
