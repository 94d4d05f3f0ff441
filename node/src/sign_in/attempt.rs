//! Signing in by a password and a code.
//!
//! Whatever is wrong is answered with the same words, and an unknown name takes as long as a known
//! one. What a code spends is durable before it is taken; the entry stands before the session opens.

use ::sign_in::Secret;
use ::sign_in::card;
use ::sign_in::password::Unfit;
use ::sign_in::sessions::{LONGEST_MS, Session, Sessions};
use ::sign_in::verifier::{Used, Verifier};
use registry::State;
use schemas::authenticator::{
    AuthenticatorId, AuthenticatorKind, Lock, LockScope, ProviderWord, SessionId, SignInWay,
};
use schemas::digest::Digest;
use schemas::event::sign_in::SignInSucceeded;
use schemas::query::UserName;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SignIn;
use super::ends::settle;
use super::failures::failed;
use super::stored::{Counting, Held};
use super::whose::device_of;
use crate::permission::{ActError, NotActed, Principal};
use audit_log::append::AppendError;
use audit_log::entries::sign_in::{sign_in_succeeded, user_locked};

/// How old a password may get, in days (CJISSECPOL, IA-5 f).
const PASSWORD_DAYS: u32 = 365;

/// What somebody shows to sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// As whom. Any text: what is no name is answered like a name that nobody bears.
    pub user: String,
    /// The password.
    pub password: Secret,
    /// A one-time code, or a code of the card that is not used yet.
    pub code: Secret,
    /// H(the notice), which is acknowledged so.
    pub notice: Digest,
}

/// Somebody who is signed in now.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SignedIn {
    /// The secret of the session.
    #[cfg_attr(test, schemars(with = "String"))]
    pub token: Secret,
    /// The session.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub session: Session,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// From where and when she signed in the last time.
    pub last: Option<Timestamp>,
    /// How often somebody failed as her since.
    pub failures: u64,
}

/// The answer to everything that is wrong.
pub(super) fn wrong() -> ActError {
    let why = "name, password or code is not right, or passwords are locked after too many failures; an administrator releases them with `accord user unlock`";
    ActError::refused_as("sign_in_failed", Vec::new(), why.into())
}

/// Whoever failed under many names has to wait.
pub(super) fn may_try(sign_in: &SignIn, source: &str) -> Result<(), ActError> {
    if sign_in.throttle().waits(source, sign_in.now()) {
        let why = "too many failed to sign in from here; wait a quarter of an hour";
        return Err(ActError::refused_as("sign_in_waits", Vec::new(), why.into()));
    }
    Ok(())
}

/// What a second factor was, and what of it is spent.
struct SecondFactor {
    way: SignInWay,
    id: AuthenticatorId,
    used: Used,
}

fn second_factor(
    sign_in: &SignIn,
    held: &Held<'_>,
    state: &State,
    user: &UserName,
    typed: &str,
    now: Timestamp,
) -> Option<SecondFactor> {
    for one in held.of(state, user, AuthenticatorKind::OneTimeCode) {
        let secret = one.verifier.secret(&sign_in.key, &one.id);
        let step = secret.and_then(|secret| secret.taken(typed, one.used.step, now));
        if let Some(step) = step {
            let used = Used { step: Some(step), ..one.used };
            return Some(SecondFactor { way: SignInWay::PasswordAndCode, id: one.id, used });
        }
    }
    for one in held.of(state, user, AuthenticatorKind::CodeCard) {
        let Verifier::CodeCard { marks, .. } = &one.verifier else { continue };
        if !one.told.lasts(now) {
            continue;
        }
        let id = one.id.to_string();
        if let Some(number) = card::number_of(&sign_in.key, &id, marks, typed)
            && !one.used.numbers.contains(&number)
        {
            let mut used = one.used.clone();
            used.numbers.push(number);
            return Some(SecondFactor { way: SignInWay::PasswordAndCard, id: one.id, used });
        }
    }
    None
}

/// Somebody who proved who she is.
pub(super) struct Proven {
    pub(super) user: UserName,
    pub(super) way: SignInWay,
    /// The first of her authenticators, which knows from where she came before.
    pub(super) first: Counting,
    pub(super) authenticators: Vec<AuthenticatorId>,
    /// What a provider of single sign-on said of her, where one did.
    pub(super) provider: Option<ProviderWord>,
    /// The session in which she approved that this one opens, and when she had proved herself in it.
    pub(super) approved: Option<(SessionId, Timestamp)>,
}

impl Proven {
    /// Who proved herself here, and now.
    pub(super) fn here(
        user: UserName,
        way: SignInWay,
        first: Counting,
        authenticators: Vec<AuthenticatorId>,
    ) -> Self {
        Self { user, way, first, authenticators, provider: None, approved: None }
    }

    /// When she proved herself, if that was not now.
    fn before(&self) -> Option<Timestamp> {
        let there = self.provider.as_ref().map(|word| word.proved_at);
        self.approved.map(|(_, at)| at).or(there)
    }
}

/// Whether the password way of a person is open from a source that she is known to use, or not.
pub(super) fn open(state: &State, user: &UserName, known: bool) -> bool {
    match state.sign_in.locks.get(user).map(|lock| lock.scope) {
        None => true,
        Some(LockScope::Strangers) => known,
        Some(LockScope::Everywhere) => false,
    }
}

/// Whether this is the password of a person, who may come from `source`.
pub(super) async fn password_of(
    sign_in: &SignIn,
    state: &State,
    user: &str,
    password: &Zeroizing<String>,
    source: &str,
) -> Result<Option<(UserName, Counting)>, ActError> {
    let now = sign_in.now();
    let named = user.parse::<UserName>().ok().filter(|name| state.users.contains_key(name));
    let enabled = named
        .as_ref()
        .is_some_and(|name| state.users.get(name).is_some_and(|user| user.enabled(now)));
    let kept = match &named {
        Some(name) => {
            let held = sign_in.stored.hold().await;
            held.of(state, name, AuthenticatorKind::Password).pop()
        }
        None => None,
    };
    let known = kept.as_ref().is_some_and(|one| one.used.sources.iter().any(|s| s == source));
    let counts = enabled && named.as_ref().is_some_and(|name| open(state, name, known));
    let hash = kept.as_ref().filter(|_| counts).and_then(|one| match &one.verifier {
        Verifier::Password { hash } => Some(hash.clone()),
        _ => None,
    });
    let right = sign_in.passwords.is(password.clone(), hash).await?;
    // Others may have failed, and locked it, while this one waited for its turn.
    may_try(sign_in, source)?;
    let state = sign_in.agency.registry.state();
    if right && named.as_ref().is_some_and(|name| open(&state, name, known)) {
        return Ok(named.zip(kept));
    }
    refuse(sign_in, named.as_ref(), source, known).await?;
    Ok(None)
}

/// Counts a failure; the person's passwords are locked when that is one too many.
pub(super) async fn refuse(
    sign_in: &SignIn,
    user: Option<&UserName>,
    source: &str,
    known: bool,
) -> Result<(), ActError> {
    let now = sign_in.now();
    let lock = sign_in.throttle().failed(user, source, known, now);
    failed(sign_in, user, source, now).await;
    let (Some(scope), Some(user)) = (lock, user) else { return Ok(()) };
    let locked = sign_in.agency.act_or(|state, now| {
        let there = state.sign_in.locks.get(user).map(|lock| lock.scope);
        if there == Some(scope) || there == Some(LockScope::Everywhere) {
            return Err(());
        }
        let lock = Some(Lock { scope, at: now });
        Ok((user_locked(state, sign_in.agency.node_actor(), user.clone(), lock), ()))
    });
    match locked.await {
        Ok(_) | Err(NotActed::Judged(())) => Ok(()),
        // Under a clock that the log refuses no session opens either.
        Err(NotActed::Log(AppendError::Clock { .. } | AppendError::ClockAhead { .. })) => Ok(()),
        Err(NotActed::Log(error)) => Err(error.into()),
        Err(NotActed::Contended) => Err(NotActed::<ActError>::Contended.into()),
    }
}

/// Whether somebody proves who she is, by both factors.
pub(super) async fn prove(
    sign_in: &SignIn,
    attempt: &Attempt,
    source: &str,
) -> Result<Proven, ActError> {
    sign_in.notice.acknowledged(&attempt.notice)?;
    may_try(sign_in, source)?;
    let state = sign_in.agency.registry.state();
    let found = password_of(sign_in, &state, &attempt.user, &attempt.password, source).await?;
    let Some((user, password)) = found else { return Err(wrong()) };
    let second = {
        let mut held = sign_in.stored.hold().await;
        let second = second_factor(sign_in, &held, &state, &user, &attempt.code, sign_in.now());
        if let Some(second) = &second {
            held.note(second.id, second.used.clone()).await?;
        }
        second
    };
    let Some(second) = second else {
        let known = password.used.sources.iter().any(|one| one == source);
        refuse(sign_in, Some(&user), source, known).await?;
        return Err(wrong());
    };
    let authenticators = vec![password.id, second.id];
    Ok(Proven::here(user, second.way, password, authenticators))
}

/// Whether the log takes entries by the clock: where it does not, nobody signs in, and nothing is spent.
pub(super) fn clock_is_right(sign_in: &SignIn) -> Result<(), ActError> {
    Ok(sign_in.agency.log.clock_can_be_right()?)
}

/// Somebody proves who she is for one act, without a session.
///
/// # Errors
/// As [`sign_in()`].
pub async fn prove_once(
    sign_in: &SignIn,
    attempt: &Attempt,
    source: &str,
) -> Result<Principal, ActError> {
    let Proven { user, way, .. } = prove(sign_in, attempt, source).await?;
    Ok(Principal::of(user, format!("{}, {source}", way.words())))
}

/// Signs somebody in.
///
/// # Errors
/// When name, password or code is not right, all in the same words; when the notice is not
/// acknowledged, the password has to be changed, or the log cannot be written.
pub async fn sign_in(
    sign_in: &SignIn,
    attempt: &Attempt,
    source: &str,
) -> Result<SignedIn, ActError> {
    clock_is_right(sign_in)?;
    let proven = prove(sign_in, attempt, source).await?;
    let now = sign_in.now();
    let blocked = sign_in.passwords.not_blocked(&attempt.password).err();
    let old = proven.first.told.bound_at < now.minus_days(PASSWORD_DAYS);
    if blocked.is_some() || old {
        let why =
            blocked.map_or_else(|| "it is older than a year".to_owned(), |e: Unfit| e.to_string());
        let why = format!("choose another password with `accord login --new-password`: {why}");
        return Err(ActError::refused_as("password_to_change", Vec::new(), why));
    }
    open_session(sign_in, proven, source).await
}

/// Opens a session for somebody who proved who she is: the entry first.
pub(super) async fn open_session(
    sign_in: &SignIn,
    proven: Proven,
    source: &str,
) -> Result<SignedIn, ActError> {
    let (token, id) = Sessions::prepare()?;
    let before = proven.before();
    let Proven { user, way, first, authenticators, provider, approved } = proven;
    let (appended, device) = sign_in
        .agency
        .act(|state, now| {
            let device = device_of(state, source)?;
            let counts = |id: &AuthenticatorId| {
                state.sign_in.of(&user).any(|one| one.id == *id && one.lasts(now))
            };
            let person = state.users.get(&user).filter(|person| person.enabled(now));
            let person = person.filter(|_| authenticators.iter().all(counts)).ok_or_else(wrong)?;
            let by = Principal::of(user.clone(), format!("{}, {source}", way.words()));
            let event = SignInSucceeded {
                session: id,
                way,
                authenticators: authenticators.clone(),
                provider: provider.clone(),
                device: device.clone(),
                approved_in: approved.map(|(session, _)| session),
                client: source.parse().unwrap_or_default(),
                again: false,
                until: before.unwrap_or(now).min(now).plus_millis(LONGEST_MS),
            };
            let actor = sign_in.agency.actor(person, &by);
            Ok((sign_in_succeeded(state, actor, event), device))
        })
        .await?;
    let now = appended.at();
    // What she proved elsewhere before is no fresher here.
    let verified = before.unwrap_or(now).min(now);
    let session = Session {
        id,
        user: user.clone(),
        way,
        authenticators,
        provider,
        source: source.to_owned(),
        device,
        began: verified,
        seen: now,
        verified,
    };
    let until = session.until();
    sign_in.sessions.open(&token, session.clone()).await?;
    settle(sign_in).await?;
    sign_in.throttle().forget(&user);
    let mut used = first.used;
    used.note_source(source);
    used.last = Some(now);
    let last = {
        let mut held = sign_in.stored.hold().await;
        let last = held.last_of(&sign_in.agency.registry.state(), &user);
        held.note(first.id, used).await?;
        last
    };
    let failures = sign_in.failures.take_since(&user);
    Ok(SignedIn { token: super::exposed(&token), session, until, last, failures })
}
