//! One-time enrolments: an administrator lets a person bind authenticators, and whoever has the code
//! sees what for.

use std::sync::PoisonError;

use ::sign_in::code::CodeSecret;
use ::sign_in::{enrolment_code, enrolment_digest};
use registry::State;
use schemas::authenticator::Enrolment;
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::{HOUR_MS, Timestamp};
use schemas::user::User;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SignIn;
use super::attempt::{clock_is_right, may_try, refuse};
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::sign_in::user_enrolled;

/// How long an enrolment counts, in milliseconds.
pub const ENROLMENT_MS: i64 = 72 * HOUR_MS;

/// Lets a person bind authenticators, once, with the code that is returned. An earlier code of hers
/// counts no longer.
///
/// # Errors
/// When there is no such person, it is the actor herself, she was not identified, or the actor may
/// not.
pub async fn enrol(
    agency: &OwnAgency,
    by: &Principal,
    user: &UserName,
    identified: &Text,
) -> Result<(Enrolment, Zeroizing<String>), ActError> {
    let code = enrolment_code()?;
    let (_, enrolment) = agency
        .act(|state, now| {
            let acting = authorize(state, by, Permission::Administer, now)?;
            if by.user == *user {
                let why = "nobody enrols herself; another administrator does, or `accord user recover` at the machine";
                return Err(ActError::refused_as("own_enrolment", Vec::new(), why.into()));
            }
            if identified.is_empty() {
                return Err(ActError::usage("say how the person was identified: --identified".into()));
            }
            let person = state.users.get(user).filter(|person| person.enabled(now));
            person.ok_or_else(|| ActError::usage(format!("`{user}` is no user who may act; see `accord user list`")))?;
            let enrolment = Enrolment {
                user: user.clone(),
                code: enrolment_digest(&code),
                by: Some(by.user.clone()),
                identified: identified.clone(),
                until: now.plus_millis(ENROLMENT_MS),
            };
            let actor = agency.actor(&acting, by);
            Ok((user_enrolled(state, actor, enrolment.clone()), enrolment))
        })
        .await?;
    Ok((enrolment, code))
}

/// What an enrolment shows whoever has its code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pending {
    /// Whose it is.
    pub user: UserName,
    /// Her full name.
    pub full_name: Text,
    /// The secret of one-time codes, as letters to copy.
    pub secret: String,
    /// The same as the address that applications read.
    pub address: String,
}

/// The enrolment of a code, and its person.
pub(super) fn enrolled<'a>(
    state: &'a State,
    digest: &Digest,
    now: Timestamp,
) -> Option<(&'a Enrolment, &'a User)> {
    let enrolment = state.sign_in.enrolments.values().find(|one| one.code == *digest)?;
    let person = state.users.get(&enrolment.user)?;
    (now < enrolment.until && person.enabled(now)).then_some((enrolment, person))
}

pub(super) fn no_enrolment() -> ActError {
    let why = "no enrolment has this code, or it has ended; an administrator gives another with `accord user enrol`";
    ActError::refused_as("enrolment_unknown", Vec::new(), why.into())
}

/// The digest of a code that somebody shows, and the person whose enrolment has it. Who shows another
/// failed.
///
/// # Errors
/// When none has this code, or too many failed from here.
pub(super) async fn person_of(
    sign_in: &SignIn,
    code: &str,
    source: &str,
) -> Result<(Digest, User), ActError> {
    clock_is_right(sign_in)?;
    may_try(sign_in, source)?;
    let (state, digest) = (sign_in.agency.registry.state(), enrolment_digest(code));
    if let Some((_, person)) = enrolled(&state, &digest, sign_in.now()) {
        return Ok((digest, person.clone()));
    }
    refuse(sign_in, None, source, false).await?;
    Err(no_enrolment())
}

/// Shows what an enrolment is for.
///
/// # Errors
/// When none has this code.
pub async fn begin_enrolment(
    sign_in: &SignIn,
    code: &str,
    source: &str,
) -> Result<Pending, ActError> {
    let (digest, person) = person_of(sign_in, code, source).await?;
    let state = sign_in.agency.registry.state();
    let secret = {
        let mut pending = sign_in.pending.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of enrolments that are over go: there are never more than persons.
        pending
            .retain(|digest, _| state.sign_in.enrolments.values().any(|one| one.code == *digest));
        // Nobody is shown what somebody else with the same code has seen: only the last one counts.
        let secret = CodeSecret::new()?;
        pending.insert(digest, secret.clone());
        secret
    };
    let address = secret.address(sign_in.agency.id.as_str(), person.name.as_str()).to_string();
    Ok(Pending {
        user: person.name,
        full_name: person.full_name,
        secret: secret.letters().to_string(),
        address,
    })
}
