//! Binding authenticators: by a one-time enrolment, which stands in the place of all that a person
//! had, or by somebody who proves who she is.
//!
//! What verifies them is kept first, and counts for nothing until the entry stands; what counts no
//! longer is destroyed after it.

use ::sign_in::card::PrintedCard;
use ::sign_in::verifier::Verifier;
use ::sign_in::{NoRandomness, Secret, random};
use registry::State;
use schemas::authenticator::{
    Authenticator, AuthenticatorId, AuthenticatorKind, Revoked, SessionEnd, SignInWay,
};
use schemas::digest::Digest;
use schemas::event::sign_in::AuthenticatorBound;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use zeroize::Zeroizing;

use super::SignIn;
use super::attempt::{Attempt, Proven, SignedIn, clock_is_right, open_session, prove, refuse};
use super::ends::end_of;
use super::enrol::{enrolled, no_enrolment, person_of};
use super::stored::Counting;
use crate::permission::{ActError, Permission, Principal, authenticate, authorize};
use audit_log::entries::sign_in::{authenticator_bound, authenticator_revoked};
use schemas::user::User;

/// The second factor that is bound beside a password.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Second {
    /// One-time codes, of which this is one.
    OneTimeCode(Secret),
    /// A card that is printed now.
    CodeCard,
}

/// What was bound.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BoundNow {
    /// Who is signed in now, where somebody is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<SignedIn>,
    /// The codes of a card, to be printed now and shown never again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub card: Vec<String>,
}

/// A new authenticator, before it is bound.
pub(super) struct New {
    pub(super) id: AuthenticatorId,
    kind: AuthenticatorKind,
    text: String,
    digest: Digest,
}

pub(super) fn new_id() -> Result<AuthenticatorId, NoRandomness> {
    Ok(AuthenticatorId::from_bytes(*random::<8>()?))
}

impl New {
    pub(super) fn of(id: AuthenticatorId, verifier: &Verifier) -> Result<Self, ActError> {
        let unwritable = || ActError::failed("an authenticator could not be written".into());
        let (text, digest) = verifier.written().ok_or_else(unwritable)?;
        Ok(Self { id, kind: verifier.kind(), text, digest })
    }

    pub(super) fn told(
        &self,
        user: &UserName,
        at: Timestamp,
        by: Option<&UserName>,
        how: &Text,
    ) -> Authenticator {
        Authenticator {
            id: self.id,
            user: user.clone(),
            kind: self.kind,
            verifier: self.digest,
            bound_at: at,
            by: by.cloned(),
            identified: how.clone(),
            until: None,
        }
    }
}

async fn new_password(
    sign_in: &SignIn,
    person: &User,
    password: &Zeroizing<String>,
) -> Result<New, ActError> {
    let unfit = |e: &dyn std::fmt::Display| {
        ActError::usage_as("password_unfit", format!("this password cannot be taken: {e}"))
    };
    let words = person.full_name.as_str().split(' ');
    let known: Vec<&str> =
        [person.name.as_str(), sign_in.agency.id.as_str()].into_iter().chain(words).collect();
    sign_in.passwords.fits(password, &known).map_err(|e| unfit(&e))?;
    let hash = sign_in.passwords.hash(password.clone()).await?;
    New::of(new_id()?, &Verifier::Password { hash })
}

/// Keeps and binds authenticators, by an entry that `judge` makes of them.
pub(super) async fn bind(
    sign_in: &SignIn,
    new: &[New],
    judge: impl Fn(
        &State,
        Timestamp,
    ) -> Result<(audit_log::entry::Entry, Vec<AuthenticatorId>), ActError>,
) -> Result<Timestamp, ActError> {
    let mut held = sign_in.stored.hold().await;
    let rows: Vec<_> = new.iter().map(|one| (one.id, one.text.clone())).collect();
    held.keep(&rows).await?;
    match sign_in.agency.act(judge).await {
        Ok((appended, replaced)) => {
            held.forget(&replaced).await?;
            Ok(appended.at())
        }
        // The log may hold the entry although nobody heard so: what it tells must stay.
        Err(error @ ActError::Log(_)) => Err(error),
        Err(error) => {
            let ids: Vec<_> = new.iter().map(|one| one.id).collect();
            held.forget(&ids).await?;
            Err(error)
        }
    }
}

/// Binds a password and a second factor by a one-time enrolment, in the place of everything that the
/// person had, and signs her in.
///
/// # Errors
/// When no enrolment has this code, the password cannot be taken, or the one-time code is not right.
pub async fn finish_enrolment(
    sign_in: &SignIn,
    code: &str,
    password: &Zeroizing<String>,
    second: &Second,
    source: &str,
) -> Result<BoundNow, ActError> {
    let (digest, person) = person_of(sign_in, code, source).await?;
    let (id, mut card) = (new_id()?, Vec::new());
    let (verifier, step) = match second {
        Second::OneTimeCode(typed) => {
            let secret = {
                let pending = sign_in.pending.lock().unwrap_or_else(PoisonError::into_inner);
                pending.get(&digest).cloned()
            };
            let step = secret.as_ref().and_then(|secret| secret.taken(typed, None, sign_in.now()));
            let (Some(secret), Some(step)) = (secret, step) else {
                refuse(sign_in, None, source, false).await?;
                let why = "the one-time code is not right; see that the clock of its device is, and that it shows the secret that was shown last; begin again with `accord login --enrol`";
                return Err(ActError::refused_as("code_wrong", Vec::new(), why.into()));
            };
            (Verifier::of_secret(&sign_in.key, &id, &secret), Some(step))
        }
        Second::CodeCard => {
            let printed = PrintedCard::new()?;
            card = printed.codes().iter().map(|code| code.to_string()).collect();
            (Some(Verifier::of_card(&sign_in.key, &id, &printed)), None)
        }
    };
    let verifier =
        verifier.ok_or_else(|| ActError::failed("a secret could not be sealed".into()))?;
    let new = [new_password(sign_in, &person, password).await?, New::of(id, &verifier)?];
    bind_enrolled(sign_in, &digest, &person.name, &new, source).await?;
    let proven = proven(sign_in, &person.name, &new, step).await?;
    let signed_in = Some(open_session(sign_in, proven, source).await?);
    Ok(BoundNow { signed_in, card })
}

/// Binds what somebody chose by her enrolment, in the place of everything that she had.
pub(super) async fn bind_enrolled(
    sign_in: &SignIn,
    digest: &Digest,
    user: &UserName,
    new: &[New],
    source: &str,
) -> Result<(), ActError> {
    let at = bind(sign_in, new, |state, now| {
        let (enrolment, person) = enrolled(state, digest, now).ok_or_else(no_enrolment)?;
        let bound =
            new.iter().map(|one| one.told(user, now, enrolment.by.as_ref(), &enrolment.identified));
        let replaced: Vec<_> = state.sign_in.of(user).map(|one| one.id).collect();
        let event = AuthenticatorBound {
            bound: bound.collect(),
            replaced: replaced.clone(),
            enrolled: true,
        };
        let by = Principal::of(user.clone(), format!("enrolment, {source}"));
        let actor = sign_in.agency.actor(person, &by);
        Ok((authenticator_bound(state, actor, user, now, event), replaced))
    })
    .await?;
    sign_in.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    end_of(sign_in, user, SessionEnd::AuthenticatorsChanged).await?;
    tracing::info!(at = %at, "somebody has enrolled");
    Ok(())
}

/// Binds another authenticator of somebody who is signed in; `replaced` says which of hers go with it.
pub(super) async fn bind_own(
    sign_in: &SignIn,
    by: &Principal,
    new: &[New],
    replaced: impl Fn(&State) -> Result<Vec<AuthenticatorId>, ActError>,
) -> Result<(), ActError> {
    bind(sign_in, new, |state, now| {
        let person = authenticate(state, by, now)?;
        let replaced = replaced(state)?;
        let how: Text = "signed in".parse().unwrap_or_default();
        let bound = new.iter().map(|one| one.told(&by.user, now, Some(&by.user), &how)).collect();
        let event = AuthenticatorBound { bound, replaced: replaced.clone(), enrolled: false };
        let actor = sign_in.agency.actor(&person, by);
        Ok((authenticator_bound(state, actor, &by.user, now, event), replaced))
    })
    .await?;
    Ok(())
}

/// Who has just bound a password and a second factor; the code that confirmed it is spent.
async fn proven(
    sign_in: &SignIn,
    user: &UserName,
    new: &[New],
    step: Option<u64>,
) -> Result<Proven, ActError> {
    let state = sign_in.agency.registry.state();
    let mut held = sign_in.stored.hold().await;
    let bound = held.of(&state, user, AuthenticatorKind::Password).pop();
    let password: Counting = bound.ok_or_else(super::attempt::wrong)?;
    if let Some(step) = step {
        for mut one in held.of(&state, user, AuthenticatorKind::OneTimeCode) {
            one.used.step = Some(step);
            held.note(one.id, one.used).await?;
        }
    }
    let way = if step.is_some() { SignInWay::PasswordAndCode } else { SignInWay::PasswordAndCard };
    let authenticators = new.iter().map(|one| one.id).collect();
    Ok(Proven::here(user.clone(), way, password, authenticators))
}

/// What somebody shows to choose another password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewPassword {
    /// The present one, and a code.
    pub attempt: Attempt,
    /// The new one.
    pub password: Secret,
}

/// Takes another password of somebody who proves who she is, and signs her in; all her other sessions
/// end.
///
/// # Errors
/// As [`super::sign_in`], and when the new one cannot be taken.
pub async fn change_password(
    sign_in: &SignIn,
    wanted: &NewPassword,
    source: &str,
) -> Result<BoundNow, ActError> {
    clock_is_right(sign_in)?;
    let was = prove(sign_in, &wanted.attempt, source).await?;
    if *wanted.attempt.password == *wanted.password {
        let why = "it is the one that you have";
        return Err(ActError::usage_as("password_unfit", why.into()));
    }
    let state = sign_in.agency.registry.state();
    let person = state.users.get(&was.user).ok_or_else(super::attempt::wrong)?;
    let new = [new_password(sign_in, person, &wanted.password).await?];
    let (old, how) = (was.first.id, was.first.told.identified.clone());
    let user = was.user.clone();
    bind(sign_in, &new, |state, now| {
        let by = Principal::of(user.clone(), format!("{}, {source}", was.way.words()));
        let person = authenticate(state, &by, now)?;
        let bound = new.iter().map(|one| one.told(&user, now, Some(&user), &how)).collect();
        let replaced = vec![old];
        let event = AuthenticatorBound { bound, replaced: replaced.clone(), enrolled: false };
        let actor = sign_in.agency.actor(&person, &by);
        Ok((authenticator_bound(state, actor, &user, now, event), replaced))
    })
    .await?;
    end_of(sign_in, &user, SessionEnd::AuthenticatorsChanged).await?;
    let second = was.authenticators.into_iter().filter(|id| *id != old);
    let authenticators = new.iter().map(|one| one.id).chain(second).collect();
    let state = sign_in.agency.registry.state();
    let held = sign_in.stored.hold().await;
    let password = held.of(&state, &user, AuthenticatorKind::Password).pop();
    drop(held);
    let password = password.ok_or_else(super::attempt::wrong)?;
    let proven = Proven::here(user, was.way, password, authenticators);
    Ok(BoundNow { signed_in: Some(open_session(sign_in, proven, source).await?), card: Vec::new() })
}

/// Prints another card for somebody who is signed in, in the place of the one that she has.
///
/// # Errors
/// When she may no longer act.
pub async fn new_card(sign_in: &SignIn, by: &Principal) -> Result<BoundNow, ActError> {
    let (id, printed) = (new_id()?, PrintedCard::new()?);
    let new = [New::of(id, &Verifier::of_card(&sign_in.key, &id, &printed))?];
    bind_own(sign_in, by, &new, |state| {
        let cards =
            state.sign_in.of(&by.user).filter(|one| one.kind == AuthenticatorKind::CodeCard);
        Ok(cards.map(|one| one.id).collect())
    })
    .await?;
    let card = printed.codes().iter().map(|code| code.to_string()).collect();
    Ok(BoundNow { signed_in: None, card })
}

/// An authenticator counts no longer, from this instant: the sessions of its person end.
///
/// # Errors
/// When there is none that counts, or it is another's and the actor is no administrator.
pub async fn revoke(
    sign_in: &SignIn,
    by: &Principal,
    id: &AuthenticatorId,
    reason: &Text,
) -> Result<Authenticator, ActError> {
    let mut held = sign_in.stored.hold().await;
    let (_, revoked) = sign_in
        .agency
        .act(|state, now| {
            let bound = state.sign_in.authenticators.get(id).filter(|one| one.revoked.is_none());
            let bound = bound.map(|one| one.authenticator.clone()).ok_or_else(|| {
                ActError::usage(format!(
                    "no authenticator {id} counts; see `accord authenticator list`"
                ))
            })?;
            let acting = if bound.user == by.user {
                authenticate(state, by, now)?
            } else {
                authorize(state, by, Permission::Administer, now)?
            };
            let how = Revoked { at: now, by: Some(by.user.clone()), reason: reason.clone() };
            let actor = sign_in.agency.actor(&acting, by);
            Ok((authenticator_revoked(state, actor, &bound, how), bound))
        })
        .await?;
    held.forget(&[*id]).await?;
    drop(held);
    end_of(sign_in, &revoked.user, SessionEnd::AuthenticatorsChanged).await?;
    Ok(revoked)
}
