//! Sessions end, and passwords are released again.

use ::sign_in::Token;
use ::sign_in::sessions::Session;
use schemas::authenticator::SessionEnd;
use schemas::query::UserName;

use super::SignIn;
use super::failures::record_counted;
use super::whose::ground_gone;
use crate::permission::{ActError, Permission, Principal, authorize};
use audit_log::entries::sign_in::{session_ended, user_locked};
use schemas::body::Actor;

/// Records that sessions ended; they are over already.
pub(super) async fn record_ended(
    sign_in: &SignIn,
    ended: Vec<Session>,
    why: SessionEnd,
) -> Result<(), ActError> {
    for session in ended {
        record(sign_in, sign_in.agency.node_actor(), session, why).await?;
    }
    Ok(())
}

async fn record(
    sign_in: &SignIn,
    actor: Actor,
    session: Session,
    why: SessionEnd,
) -> Result<(), ActError> {
    let entry = session_ended(actor, session.id, session.user, why);
    drop(sign_in.agency.log.append(entry).await?);
    Ok(())
}

/// Records that a session which somebody showed is over.
pub(super) async fn record_over(
    sign_in: &SignIn,
    session: Session,
    why: SessionEnd,
) -> Result<(), ActError> {
    record(sign_in, sign_in.agency.node_actor(), session, why).await
}

/// Ends the session of a token, as its person asks.
///
/// # Errors
/// When the log cannot be written; the session is over all the same.
pub async fn sign_out(sign_in: &SignIn, token: &Token) -> Result<bool, ActError> {
    let Some(session) = sign_in.sessions.end(token).await? else { return Ok(false) };
    record(sign_in, sign_in.agency.node_actor(), session, SessionEnd::SignedOut).await?;
    Ok(true)
}

/// Ends every session of a person; how many there were.
///
/// # Errors
/// When the log cannot be written; the sessions are over all the same.
pub async fn end_of(sign_in: &SignIn, user: &UserName, why: SessionEnd) -> Result<usize, ActError> {
    let ends = |session: &Session| (session.user == *user).then_some(why);
    let ended = sign_in.sessions.end_those(ends).await?;
    let count = ended.len();
    record_ended(sign_in, ended.into_iter().map(|(session, _)| session).collect(), why).await?;
    Ok(count)
}

/// Ends what is over, of itself or with what it rests on, and records what was counted: now and then, and with `stopping` all of it.
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
    let ends = |session: &Session| ground_gone(&state, session, now);
    for (session, why) in sign_in.sessions.sweep(now, ends).await? {
        record(sign_in, sign_in.agency.node_actor(), session, why).await?;
    }
    Ok(())
}

/// Passwords of a person are taken again.
///
/// # Errors
/// When they are not locked, it is the person herself who asks, or she may not.
pub async fn unlock(sign_in: &SignIn, by: &Principal, user: &UserName) -> Result<(), ActError> {
    sign_in
        .agency
        .act(|state, now| {
            let acting = authorize(state, by, Permission::Administer, now)?;
            if by.user == *user {
                let why = "nobody releases her own passwords; another administrator does, or `accord user recover` at the machine";
                return Err(ActError::refused_as("own_lock", Vec::new(), why.into()));
            }
            if !state.sign_in.locks.contains_key(user) {
                return Err(ActError::usage(format!("passwords of `{user}` are not locked")));
            }
            let actor = sign_in.agency.actor(acting, by);
            Ok((user_locked(state, actor, user.clone(), None), ()))
        })
        .await?;
    sign_in.throttle().forget(user);
    Ok(())
}
