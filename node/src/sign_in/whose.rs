//! Whose a session is that somebody shows: from here on, an entry says who acted and how she had
//! signed in. A session rests on its person, who may act, and on the authenticators by which she
//! opened it: it ends with any of them.

use ::sign_in::Token;
use ::sign_in::sessions::{NoSession, Session};
use registry::{DeviceName, EnrolledDevice, ProgramName, State};
use schemas::authenticator::{AuthenticatorId, SessionEnd};
use schemas::device::Device;
use schemas::session::RequesterSession;
use schemas::time::Timestamp;

use super::SignIn;
use super::attempt::clock_is_right;
use super::ends::settle;
use crate::permission::{ActError, Principal};

/// How the source of a session begins that a person let a program have; its name follows.
pub const PROGRAM: &str = "program ";

/// What stands in the source of a session before the name of the device that proved itself there: shown from
/// anywhere else the session ends.
pub const DEVICE: &str = ", device ";

/// The device of a source, where it names one.
///
/// # Errors
/// When that device counts no longer.
pub(super) fn device_of(state: &State, source: &str) -> Result<Option<Device>, ActError> {
    let Some((_, name)) = source.rsplit_once(DEVICE) else { return Ok(None) };
    let device = name.parse().ok().and_then(|name: DeviceName| state.devices.get(&name));
    let device = device.filter(|device| device.revoked.is_none()).map(EnrolledDevice::named);
    device.map(Some).ok_or_else(|| {
        let why = format!("device `{name}` counts no longer: it was revoked a moment ago");
        refused("device_revoked", &why)
    })
}

fn refused(code: &'static str, why: &str) -> ActError {
    ActError::refused_as(code, Vec::new(), format!("{why}; sign in with `accord login`"))
}

/// Why a session is over because of what it rests on, if it is.
pub(super) fn ground_gone(state: &State, session: &Session, now: Timestamp) -> Option<SessionEnd> {
    if state.users.get(&session.user).is_none_or(|user| !user.enabled(now)) {
        return Some(SessionEnd::Stopped);
    }
    // What a person let a program have lasts no longer than the program, nor while her access is suspended.
    if let Some(name) = session.source.strip_prefix(PROGRAM) {
        let program = name.parse().ok().and_then(|name: ProgramName| state.programs.get(&name));
        let suspended =
            state.users.get(&session.user).is_some_and(|user| user.suspended().is_some());
        if suspended || program.is_none_or(|program| !program.in_force(now)) {
            return Some(SessionEnd::Stopped);
        }
    }
    if session.device.as_ref().is_some_and(|device| !state.device_counts(device)) {
        return Some(SessionEnd::Stopped);
    }
    let bound = |id: &AuthenticatorId| state.sign_in.of(&session.user).find(|one| one.id == *id);
    let counts = |id: &AuthenticatorId| bound(id).is_some_and(|one| one.lasts(now));
    (!session.authenticators.iter().all(counts)).then_some(SessionEnd::AuthenticatorsChanged)
}

/// The person whose session `token` is, shown from `source`.
///
/// # Errors
/// When there is no such session, or it has just ended.
pub async fn principal(
    sign_in: &SignIn,
    token: &Token,
    source: &str,
) -> Result<(Principal, Session), ActError> {
    // By a clock that the log refuses, nobody can tell which sessions are over.
    clock_is_right(sign_in)?;
    let (state, now) = (sign_in.agency.registry.state(), sign_in.now());
    let ends = |session: &Session| ground_gone(&state, session, now);
    let session = told(sign_in, sign_in.sessions.find(token, source, now, ends).await).await?;
    Ok((Principal::from(&session), session))
}

/// Whether the person whose session `token` is may hear more of what was begun for her: nothing is done with
/// it now, so that it ends for want of acts all the same.
///
/// # Errors
/// As [`principal`].
pub async fn may_hear(sign_in: &SignIn, token: &Token, source: &str) -> Result<(), ActError> {
    clock_is_right(sign_in)?;
    let (state, now) = (sign_in.agency.registry.state(), sign_in.now());
    let ends = |session: &Session| ground_gone(&state, session, now);
    told(sign_in, sign_in.sessions.look(token, source, now, ends).await).await.map(drop)
}

/// The session, or in words why there is none; one that has just ended gets its entry.
async fn told(sign_in: &SignIn, found: Result<Session, NoSession>) -> Result<Session, ActError> {
    match found {
        Ok(session) => Ok(session),
        Err(NoSession::Unknown) => Err(refused("session_unknown", "this session has ended")),
        Err(NoSession::Ended(why)) => {
            settle(sign_in).await?;
            let said = match why {
                SessionEnd::Idle => "nothing was done for too long, and the session has ended",
                SessionEnd::Expired => "the session has lasted twelve hours and has ended",
                SessionEnd::Elsewhere => "the session was opened elsewhere and has ended",
                SessionEnd::AuthenticatorsChanged => {
                    "what you had signed in by counts no longer, and the session has ended"
                }
                _ => "the session has ended",
            };
            Err(refused("session_ended", said))
        }
        Err(NoSession::Store(error)) => Err(error.into()),
    }
}

impl From<&Session> for Principal {
    fn from(session: &Session) -> Self {
        let Session { id, user, source, .. } = session;
        let auth = format!("session {id}, {}, {source}", session.words());
        let roles = session.provider.as_ref().and_then(|word| word.roles.clone());
        let said = RequesterSession { id: *id, way: session.way, proved_at: session.verified };
        Self { roles, session: Some(said), ..Self::of(user.clone(), auth) }
    }
}

/// Whether the person of a session proved herself lately enough for what is privileged.
///
/// # Errors
/// When she did not.
pub fn proved_lately(session: &Session, now: Timestamp) -> Result<(), ActError> {
    if session.may_be_privileged(now) {
        return Ok(());
    }
    let why = "this takes that you prove again who you are; do so with `accord login --again`";
    Err(ActError::refused_as("prove_again", Vec::new(), why.into()))
}
