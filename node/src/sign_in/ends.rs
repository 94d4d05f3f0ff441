//! Sessions end, and passwords are released again.

use ::sign_in::Token;
use ::sign_in::sessions::Session;
use schemas::authenticator::SessionEnd;
use schemas::query::UserName;

use super::SignIn;
use super::failures::record_counted;
use super::whose::{PROGRAM, ground_gone};
use crate::permission::{ActError, Principal, authorize_night_desk};
use audit_log::entries::sign_in::{session_ended, user_locked};
use registry::{DeviceName, ProgramName};

/// Has the database forget what has ended, and the log tell of it, even if whoever asked for it does not
/// wait. What fails is tried again by [`sweep`].
pub(super) async fn settle(sign_in: &SignIn) -> Result<(), ActError> {
    let (sessions, agency) = (sign_in.sessions.clone(), sign_in.agency.clone());
    let settled = tokio::spawn(async move {
        let record = |session: Session, why| {
            let entry = session_ended(agency.node_actor(), session.id, session.user, why);
            let log = &agency.log;
            async move { log.append(entry).await.map(drop).map_err(ActError::from) }
        };
        sessions.settle(record).await
    });
    settled.await.map_err(|error| ActError::failed(error.to_string()))?
}

/// Ends the session of a token, as its person asks.
///
/// # Errors
/// When the log cannot be written; the session is over all the same.
pub async fn sign_out(sign_in: &SignIn, token: &Token) -> Result<bool, ActError> {
    let ended = sign_in.sessions.end(token, SessionEnd::SignedOut).await;
    settle(sign_in).await?;
    Ok(ended)
}

/// Ends every session of a person; how many there were.
///
/// # Errors
/// When the log cannot be written; the sessions are over all the same.
pub async fn end_of(sign_in: &SignIn, user: &UserName, why: SessionEnd) -> Result<usize, ActError> {
    let ends = |session: &Session| (session.user == *user).then_some(why);
    let ended = sign_in.sessions.end_those(ends).await;
    settle(sign_in).await?;
    Ok(ended)
}

/// Ends every session that persons let a program have.
///
/// # Errors
/// When the log cannot be written; the sessions are over all the same.
pub async fn end_of_program(sign_in: &SignIn, program: &ProgramName) -> Result<(), ActError> {
    let source = format!("{PROGRAM}{program}");
    let ends = |session: &Session| (session.source == source).then_some(SessionEnd::Stopped);
    sign_in.sessions.end_those(ends).await;
    settle(sign_in).await
}

/// Ends every session that was opened from a device; how many there were.
///
/// # Errors
/// When the log cannot be written; the sessions are over all the same.
pub async fn end_of_device(sign_in: &SignIn, device: &DeviceName) -> Result<usize, ActError> {
    let name = device.to_string();
    let of_device = |session: &Session| session.device.as_ref().is_some_and(|one| one.name == name);
    let ends = |session: &Session| of_device(session).then_some(SessionEnd::Stopped);
    let ended = sign_in.sessions.end_those(ends).await;
    settle(sign_in).await?;
    Ok(ended)
}

/// Ends what is over, of itself or with what it rests on, and records what was counted: now and then,
/// and with `stopping` all of it.
///
/// # Errors
/// When the database or the log does not take it.
pub async fn sweep(sign_in: &SignIn, stopping: bool) -> Result<(), ActError> {
    let now = sign_in.now();
    record_counted(sign_in, now, stopping).await;
    if sign_in.agency.log.clock_can_be_right().is_err() {
        // None is ended by a clock that is not believed, nor found to be good by it.
        return Ok(());
    }
    let state = sign_in.agency.registry.state();
    sign_in.sessions.sweep(now, |session| ground_gone(&state, session, now)).await;
    settle(sign_in).await
}

/// Passwords of a person are taken again.
///
/// # Errors
/// When they are not locked, it is the person herself who asks, or she may not.
pub async fn unlock(sign_in: &SignIn, by: &Principal, user: &UserName) -> Result<(), ActError> {
    sign_in
        .agency
        .act(|state, now| {
            let acting = authorize_night_desk(state, by, now)?;
            if by.user == *user {
                let why = "nobody releases her own passwords; another administrator or the night desk does, or `accord user recover` at the machine";
                return Err(ActError::refused_as("own_lock", Vec::new(), why.into()));
            }
            if !state.sign_in.locks.contains_key(user) {
                return Err(ActError::usage(format!("passwords of `{user}` are not locked")));
            }
            let actor = sign_in.agency.actor(&acting, by);
            Ok((user_locked(state, actor, user.clone(), None), ()))
        })
        .await?;
    sign_in.throttle().forget(user);
    Ok(())
}
