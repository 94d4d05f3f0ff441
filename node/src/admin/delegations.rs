//! Delegations: the authority of a title, given for a time to somebody who does not bear it.
//!
//! One comes from who bears the title, signed in, or with the digest of the paper that she signed, which
//! an administrator records. Either way it gives power, and counts once a second person confirms it.

use std::borrow::Cow;

use schemas::query::UserName;
use schemas::text::Text;
use schemas::user::{Delegation, User};

use super::user_change::{Changed, change_by, known};
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, policy_in_force, with_access,
};
use audit_log::entries::people::UserChange;

/// Delegates the authority of a title to a user.
///
/// # Errors
/// When there is no such user, the time is empty, nothing shows that it comes from who bears the title, or
/// the actor may not.
pub async fn delegate(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
    delegation: &Delegation,
) -> Result<Changed, ActError> {
    change_by(agency, by, UserChange::Delegated, |state, now| {
        let Delegation { title, from, until, paper, .. } = delegation;
        if from >= until {
            return Err(ActError::usage(format!(
                "a delegation from {from} until {until} is empty"
            )));
        }
        let acting = with_access(state, by, now)?;
        let holder = (bears(&acting, title) && policy_in_force(state)?.names_title(title))
            .then(|| acting.name.clone());
        let acting = match &holder {
            Some(_) => acting,
            None => authorize(state, by, Permission::Administer, now)?,
        };
        if holder.is_none() && paper.is_none() {
            let why = format!(
                "nothing shows that the {title} delegates it: who bears the title does it signed in, or give the paper that was signed with --paper FILE, of which the digest goes on record"
            );
            return Err(ActError::refused_as("delegation_unsigned", Vec::new(), why));
        }
        let mut user = known(state, name)?.clone();
        if holder.as_ref() == Some(&user.name) {
            let why = format!("`{name}` bears the title herself; delegate it to somebody else");
            return Err(ActError::usage(why));
        }
        user.delegations.push(Delegation { holder, ..delegation.clone() });
        Ok((acting, user))
    })
    .await
}

/// Ends what is delegated to a user of a title: an administrator does, who bears it, or who gives it back.
///
/// # Errors
/// When nothing is delegated, or the actor may not.
pub async fn end(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
    title: &Text,
) -> Result<Changed, ActError> {
    change_by(agency, by, UserChange::Delegated, |state, now| {
        let acting = with_access(state, by, now)?;
        let acting: Cow<'_, User> = if bears(&acting, title) || acting.name == *name {
            acting
        } else {
            authorize(state, by, Permission::Administer, now)?
        };
        let mut user = known(state, name)?.clone();
        let before = user.delegations.len();
        user.delegations.retain(|one| !same(&one.title, title) || one.until <= now);
        if user.delegations.len() == before {
            return Err(ActError::usage(format!(
                "nothing of the {title} is delegated to `{name}`; see `accord user list`"
            )));
        }
        Ok((acting, user))
    })
    .await
}

fn bears(user: &User, title: &Text) -> bool {
    same(&user.title, title)
}

fn same(one: &Text, other: &Text) -> bool {
    !one.is_empty() && one.as_str().trim().eq_ignore_ascii_case(other.as_str().trim())
}
