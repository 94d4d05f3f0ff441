//! Whose a session is that somebody shows: from here on, an entry says who acted and how she had
//! signed in.

use ::sign_in::Token;
use ::sign_in::sessions::{NoSession, Session};
use registry::State;
use schemas::authenticator::SessionEnd;
use schemas::query::UserName;

use super::SignIn;
use super::ends::record_over;
use crate::permission::{ActError, Principal};

fn refused(code: &'static str, why: &str) -> ActError {
    ActError::refused_as(code, Vec::new(), format!("{why}; sign in with `accord login`"))
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
    match sign_in.sessions.find(token, source, sign_in.now()).await {
        Ok(session) => {
            let way = session.way.words();
            let auth = format!("session {}, {way}, {source}", session.id);
            Ok((Principal { user: session.user.clone(), auth }, session))
        }
        Err(NoSession::Unknown) => Err(refused("session_unknown", "this session has ended")),
        Err(NoSession::Ended(session, why)) => {
            record_over(sign_in, *session, why).await?;
            let said = match why {
                SessionEnd::Idle => "nothing was done for half an hour, and the session has ended",
                SessionEnd::Expired => "the session has lasted twelve hours and has ended",
                SessionEnd::Elsewhere => "the session was opened elsewhere and has ended",
                _ => "the session has ended",
            };
            Err(refused("session_ended", said))
        }
        Err(NoSession::Store(error)) => Err(error.into()),
    }
}

impl SignIn {
    /// Whether a person acts by what she has bound, and by nothing else: then her name alone proves
    /// nothing.
    #[must_use]
    pub fn acts_by_authenticators(state: &State, user: &UserName) -> bool {
        state.sign_in.of(user).next().is_some()
    }
}
