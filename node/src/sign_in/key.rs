//! Signing in by a security key: it is asked for, shown, and bound. A lock of passwords never stands in its
//! way (CJISSECPOL, AC-7, as it is meant), and nobody types a name.

use ::sign_in::Token;
use ::sign_in::key::{Asking, KeyError, Keys, Registering, SecurityKey};
use ::sign_in::verifier::{Used, Verifier};
use schemas::authenticator::{AuthenticatorKind, SignInWay};
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::user::User;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SignIn;
use super::attempt::{Proven, SignedIn, clock_is_right, may_try, open_session, refuse, wrong};
use super::bind::{New, bind_enrolled, bind_own, new_id};
use super::enrol::person_of;
use super::prove::{Shown, renew};
use super::stored::Counting;
use super::whose::principal;
use crate::permission::{ActError, Principal, authenticate};

/// Most keys of a person.
const MOST: usize = 8;

/// What a page asks of a key.
#[derive(Debug, Clone, Serialize)]
pub struct Challenge {
    /// By what the answer names it.
    pub challenge: String,
    /// What the browser is told.
    pub options: Value,
}

/// What a page sends of a key.
#[derive(Debug, Clone, Deserialize)]
pub struct KeyShown {
    /// Which challenge it answers.
    pub challenge: String,
    /// What the browser said, as JSON.
    pub credential: String,
}

impl From<KeyError> for ActError {
    fn from(error: KeyError) -> Self {
        Self::usage_as("key_unfit", error.to_string())
    }
}

fn keys(sign_in: &SignIn) -> Result<&Keys, ActError> {
    sign_in.keys.as_ref().ok_or_else(|| {
        let why = "security keys take pages: set `origin` in accord.toml";
        ActError::refused_as("no_keys", Vec::new(), why.into())
    })
}

fn not_asked() -> ActError {
    let why = "this key was asked for too long ago, or elsewhere; press the button again";
    ActError::refused_as("key_not_asked", Vec::new(), why.into())
}

/// Asks for any key of this site.
///
/// # Errors
/// When there are no pages, or too many failed from here.
pub fn ask_for_key(sign_in: &SignIn, source: &str) -> Result<Challenge, ActError> {
    may_try(sign_in, source)?;
    let (options, state) = keys(sign_in)?.ask()?;
    let challenge = sign_in.asking.put(state, source, sign_in.now())?;
    Ok(Challenge { challenge, options })
}

/// Whose key was shown. What it has counted to is durable before it is taken.
async fn key_of(
    sign_in: &SignIn,
    shown: &KeyShown,
    source: &str,
) -> Result<(UserName, Counting), ActError> {
    clock_is_right(sign_in)?;
    may_try(sign_in, source)?;
    let asked = sign_in.asking.take(&shown.challenge, source, sign_in.now());
    let found = found(sign_in, asked.ok_or_else(not_asked)?, &shown.credential).await?;
    match found {
        Some(found) => Ok(found),
        None => {
            refuse(sign_in, None, source, false).await?;
            Err(wrong())
        }
    }
}

async fn found(
    sign_in: &SignIn,
    asked: Asking,
    credential: &str,
) -> Result<Option<(UserName, Counting)>, ActError> {
    let (keys, now) = (keys(sign_in)?, sign_in.now());
    let (state, agency) = (sign_in.agency.registry.state(), &sign_in.agency.id);
    let Ok(shown) = keys.shown(credential) else { return Ok(None) };
    let person = state.users.values().find(|user| shown.names(agency, &user.name));
    let Some(person) = person.filter(|person| person.enabled(now)) else { return Ok(None) };
    let mut held = sign_in.stored.hold().await;
    for mut one in held.of(&state, &person.name, AuthenticatorKind::SecurityKey) {
        let Verifier::SecurityKey { key } = &one.verifier else { continue };
        if !key.is(shown.id()) {
            continue;
        }
        let counter = one.used.counter.unwrap_or(0);
        let Ok(counter) = keys.proven(&shown, asked, key, counter) else { return Ok(None) };
        one.used = Used { counter: Some(counter), ..one.used };
        held.note(one.id, one.used.clone()).await?;
        return Ok(Some((person.name.clone(), one)));
    }
    Ok(None)
}

/// Signs in whoever holds the key that was shown.
///
/// # Errors
/// When the key is nobody's who may act, all in the same words; when the notice is not acknowledged, or the
/// log cannot be written.
pub async fn sign_in_by_key(
    sign_in: &SignIn,
    shown: &KeyShown,
    notice: &Digest,
    source: &str,
) -> Result<SignedIn, ActError> {
    sign_in.notice.acknowledged(notice)?;
    let (user, key) = key_of(sign_in, shown, source).await?;
    open_session(sign_in, by_key(user, key), source).await
}

/// Somebody who proved who she is by a key.
fn by_key(user: UserName, key: Counting) -> Proven {
    let authenticators = vec![key.id];
    Proven::here(user, SignInWay::SecurityKey, key, authenticators)
}

/// Renews the session of `token` by a key of its person.
///
/// # Errors
/// When there is no such session, or the key is not hers.
pub async fn prove_again_by_key(
    sign_in: &SignIn,
    token: &Token,
    shown: &KeyShown,
    source: &str,
) -> Result<SignedIn, ActError> {
    let (by, session) = principal(sign_in, token, source).await?;
    let (user, key) = key_of(sign_in, shown, source).await?;
    if user != by.user {
        refuse(sign_in, Some(&by.user), source, false).await?;
        return Err(wrong());
    }
    renew(sign_in, token, (&by, &session), Shown::here(&key), source).await
}

/// Begins to bind a key by a one-time enrolment.
///
/// # Errors
/// When no enrolment has this code, or there are no pages.
pub async fn begin_key_enrolment(
    sign_in: &SignIn,
    code: &str,
    source: &str,
) -> Result<Challenge, ActError> {
    let (_, person) = person_of(sign_in, code, source).await?;
    ask_to_bind(sign_in, &person, &[], source)
}

/// Asks for a new key of a person, who has those that are `bound`.
fn ask_to_bind(
    sign_in: &SignIn,
    person: &User,
    bound: &[SecurityKey],
    source: &str,
) -> Result<Challenge, ActError> {
    let named = (&person.name, person.full_name.as_str());
    let (options, state) = keys(sign_in)?.register(&sign_in.agency.id, named, bound)?;
    let challenge = sign_in.registering.put(state, source, sign_in.now())?;
    Ok(Challenge { challenge, options })
}

/// The key that was bound for a challenge, which counts for nothing yet.
fn registered(sign_in: &SignIn, shown: &KeyShown, source: &str) -> Result<New, ActError> {
    let state: Option<Registering> =
        sign_in.registering.take(&shown.challenge, source, sign_in.now());
    let key = keys(sign_in)?.registered(&shown.credential, &state.ok_or_else(not_asked)?)?;
    New::of(new_id()?, &Verifier::SecurityKey { key: Box::new(key) })
}

/// Binds a key by a one-time enrolment, in the place of everything that the person had, and signs her in.
///
/// # Errors
/// When no enrolment has this code, or the key cannot be taken.
pub async fn finish_key_enrolment(
    sign_in: &SignIn,
    code: &str,
    shown: &KeyShown,
    source: &str,
) -> Result<SignedIn, ActError> {
    let (digest, User { name, .. }) = person_of(sign_in, code, source).await?;
    let new = [registered(sign_in, shown, source)?];
    bind_enrolled(sign_in, &digest, &name, &new, source).await?;
    let state = sign_in.agency.registry.state();
    let bound = sign_in.stored.hold().await.of(&state, &name, AuthenticatorKind::SecurityKey).pop();
    open_session(sign_in, by_key(name, bound.ok_or_else(wrong)?), source).await
}

/// Keys of a person that count.
async fn bound(sign_in: &SignIn, user: &UserName) -> Vec<SecurityKey> {
    let state = sign_in.agency.registry.state();
    let counting = sign_in.stored.hold().await.of(&state, user, AuthenticatorKind::SecurityKey);
    let key = |one: Counting| match one.verifier {
        Verifier::SecurityKey { key } => Some(*key),
        _ => None,
    };
    counting.into_iter().filter_map(key).collect()
}

/// Begins to bind another key of somebody who is signed in.
///
/// # Errors
/// When there are no pages, or she may no longer act.
pub async fn begin_own_key(
    sign_in: &SignIn,
    by: &Principal,
    source: &str,
) -> Result<Challenge, ActError> {
    let state = sign_in.agency.registry.state();
    let person = authenticate(&state, by, sign_in.now())?;
    let bound = bound(sign_in, &by.user).await;
    ask_to_bind(sign_in, &person, &bound, source)
}

/// Binds another key of somebody who is signed in.
///
/// # Errors
/// When it cannot be taken, or she has as many as a person may.
pub async fn bind_own_key(
    sign_in: &SignIn,
    by: &Principal,
    shown: &KeyShown,
    source: &str,
) -> Result<(), ActError> {
    let new = [registered(sign_in, shown, source)?];
    bind_own(sign_in, by, &new, |state| {
        let keys = state.sign_in.of(&by.user);
        let count = keys.filter(|one| one.kind == AuthenticatorKind::SecurityKey).count();
        if count >= MOST {
            let why = format!("you have {count} security keys, as many as a person may; revoke one first with `accord authenticator revoke`");
            return Err(ActError::usage(why));
        }
        Ok(Vec::new())
    })
    .await
}
