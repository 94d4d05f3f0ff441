//! Sessions: who is signed in, from where, since when, and how long that lasts.
//!
//! CJISSECPOL: 30 minutes idle and 12 hours in all (IA-11, IA-5 j), a secret that the server ends (IA-5
//! o), asked again for privileged acts (IA-11). A session belongs to where it was opened from: its token shown
//! elsewhere ends it. Sessions outlast a restart of the node; a session is durable before its token is
//! given away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemas::authenticator::{AuthenticatorId, SessionEnd, SessionId, SignInWay};
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::time::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};
use store::{SignInRecords, StoreError, StoredSession};

use crate::token::{NoRandomness, Token};

/// How long nothing may be done with a session, in milliseconds.
pub const IDLE_MS: i64 = 30 * 60_000;
/// How long a session lasts, in milliseconds.
pub const LONGEST_MS: i64 = 12 * HOUR_MS;
/// How long after she proved herself a person does what is privileged, in milliseconds.
pub const PRIVILEGED_MS: i64 = 15 * 60_000;
/// Most sessions of a person.
const MOST: usize = 8;
/// How much later than written a session may have been seen, in milliseconds: after a crash it ends
/// that much earlier.
const WRITTEN_MS: i64 = 60_000;
/// How far a clock may go back, in milliseconds.
const BACK_MS: i64 = 5 * 60_000;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The id by which people and the log name it.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserName,
    /// How she proved who she is.
    pub way: SignInWay,
    /// By what.
    pub authenticators: Vec<AuthenticatorId>,
    /// From where.
    pub source: String,
    /// When it began.
    pub began: Timestamp,
    /// When something was last done with it.
    pub seen: Timestamp,
    /// When its person last proved who she is.
    pub verified: Timestamp,
}

impl Session {
    /// When it ends at the latest.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.began.plus_millis(LONGEST_MS)
    }

    /// Whether its person proved herself lately enough for a privileged act.
    #[must_use]
    pub fn may_be_privileged(&self, now: Timestamp) -> bool {
        now < self.verified.plus_millis(PRIVILEGED_MS) && self.verified <= now.plus_millis(BACK_MS)
    }

    /// Why it is over at `now`, if it is.
    fn over(&self, now: Timestamp) -> Option<SessionEnd> {
        if now.plus_millis(BACK_MS) < self.seen {
            Some(SessionEnd::Clock)
        } else if now >= self.until() {
            Some(SessionEnd::Expired)
        } else if now >= self.seen.plus_millis(IDLE_MS) {
            Some(SessionEnd::Idle)
        } else {
            None
        }
    }
}

/// Why nobody is signed in.
#[derive(Debug)]
pub enum NoSession {
    /// No session has this token.
    Unknown,
    /// It has just ended.
    Ended(Box<Session>, SessionEnd),
    /// It cannot be told.
    Store(StoreError),
}

/// Why no session was opened.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// The database does not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has no secret.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// It cannot be written.
    #[error("a session could not be written ({0})")]
    Unwritable(String),
}

/// A session with when it was last written.
struct Live {
    session: Session,
    written: Timestamp,
}

/// All sessions of a node.
pub struct Sessions {
    records: Arc<dyn SignInRecords>,
    live: Mutex<HashMap<Digest, Live>>,
}

fn written(token: Digest, session: &Session) -> Result<StoredSession, NotOpened> {
    let session =
        serde_json::to_string(session).map_err(|e| NotOpened::Unwritable(e.to_string()))?;
    Ok(StoredSession { token, session })
}

impl Sessions {
    /// Those that the database keeps. One that cannot be read is no session.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn load(records: Arc<dyn SignInRecords>) -> Result<Self, StoreError> {
        let stored = records.sessions().await?;
        let live = stored.into_iter().filter_map(|one| {
            let session: Session = serde_json::from_str(&one.session).ok()?;
            let written = session.seen;
            Some((one.token, Live { session, written }))
        });
        let live = Mutex::new(live.collect());
        Ok(Self { records, live })
    }

    fn live(&self) -> MutexGuard<'_, HashMap<Digest, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session that can be opened: its id stands in the entry that comes first.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn prepare() -> Result<(Token, SessionId), NoRandomness> {
        let token = Token::new()?;
        let id = SessionId::of(&token.digest());
        Ok((token, id))
    }

    /// Opens a session under its token; those that had to make room.
    ///
    /// # Errors
    /// When it is not durable; then there is none.
    pub async fn open(&self, token: &Token, session: Session) -> Result<Vec<Session>, NotOpened> {
        let digest = token.digest();
        self.records.keep_sessions(&[written(digest, &session)?]).await?;
        let over = {
            let mut live = self.live();
            let mut of_user: Vec<_> = live
                .iter()
                .filter(|(_, one)| one.session.user == session.user)
                .map(|(token, one)| (one.session.seen, *token))
                .collect();
            of_user.sort_unstable();
            let too_many = of_user.len().saturating_sub(MOST - 1);
            let over: Vec<_> = of_user.into_iter().take(too_many).map(|(_, token)| token).collect();
            let written = session.seen;
            live.insert(digest, Live { session, written });
            over
        };
        Ok(self.remove(&over).await?)
    }

    /// The session of a token that is shown from `source`: something is done with it now.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(
        &self,
        token: &Token,
        source: &str,
        now: Timestamp,
    ) -> Result<Session, NoSession> {
        let digest = token.digest();
        let (found, write) = {
            let mut live = self.live();
            let one = live.get_mut(&digest).ok_or(NoSession::Unknown)?;
            let elsewhere = (one.session.source != source).then_some(SessionEnd::Elsewhere);
            match one.session.over(now).or(elsewhere) {
                Some(why) => (Err(why), false),
                None => {
                    one.session.seen = one.session.seen.max(now);
                    let late = one.session.seen >= one.written.plus_millis(WRITTEN_MS);
                    if late {
                        one.written = one.session.seen;
                    }
                    (Ok(one.session.clone()), late)
                }
            }
        };
        match found {
            Ok(session) => {
                if write && let Ok(row) = written(digest, &session) {
                    self.records.keep_sessions(&[row]).await.map_err(NoSession::Store)?;
                }
                Ok(session)
            }
            Err(why) => {
                let ended = self.remove(&[digest]).await.map_err(NoSession::Store)?.pop();
                Err(ended.map_or(NoSession::Unknown, |one| NoSession::Ended(Box::new(one), why)))
            }
        }
    }

    /// The person of a session has proved again who she is: it goes on under a new token, and the one
    /// before is worth nothing.
    ///
    /// # Errors
    /// When there is no such session, or the new one is not durable.
    pub async fn renew(
        &self,
        token: &Token,
        now: Timestamp,
    ) -> Result<Option<(Token, Session)>, NotOpened> {
        let (old, next) = (token.digest(), Token::new()?);
        let Some(session) = self.live().get(&old).map(|one| one.session.clone()) else {
            return Ok(None);
        };
        // The log goes on naming it as it did.
        let session = Session { seen: now.max(session.seen), verified: now, ..session };
        self.records.keep_sessions(&[written(next.digest(), &session)?]).await?;
        {
            let mut live = self.live();
            live.remove(&old);
            live.insert(next.digest(), Live { written: session.seen, session: session.clone() });
        }
        self.records.forget_sessions(&[old]).await?;
        Ok(Some((next, session)))
    }

    /// Ends the session of a token.
    ///
    /// # Errors
    /// When the database does not forget it; it is ended all the same until the node starts again.
    pub async fn end(&self, token: &Token) -> Result<Option<Session>, StoreError> {
        Ok(self.remove(&[token.digest()]).await?.pop())
    }

    /// Ends every session that `ends`.
    ///
    /// # Errors
    /// As [`Self::end`].
    pub async fn end_those(
        &self,
        ends: impl Fn(&Session) -> bool,
    ) -> Result<Vec<Session>, StoreError> {
        let over: Vec<_> = {
            let live = self.live();
            live.iter().filter(|(_, one)| ends(&one.session)).map(|(token, _)| *token).collect()
        };
        self.remove(&over).await
    }

    /// Ends those that are over.
    ///
    /// # Errors
    /// As [`Self::end`].
    pub async fn sweep(&self, now: Timestamp) -> Result<Vec<(Session, SessionEnd)>, StoreError> {
        let ended = self.end_those(|session| session.over(now).is_some()).await?;
        let why = |session: Session| {
            let why = session.over(now).unwrap_or(SessionEnd::Idle);
            (session, why)
        };
        Ok(ended.into_iter().map(why).collect())
    }

    /// Every session.
    #[must_use]
    pub fn all(&self) -> Vec<Session> {
        self.live().values().map(|one| one.session.clone()).collect()
    }

    async fn remove(&self, tokens: &[Digest]) -> Result<Vec<Session>, StoreError> {
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let gone: Vec<_> = {
            let mut live = self.live();
            tokens.iter().filter_map(|token| live.remove(token)).map(|one| one.session).collect()
        };
        self.records.forget_sessions(tokens).await?;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use store::sqlite::Sqlite;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + minutes * 60_000).unwrap()
    }

    fn session(id: SessionId, user: &str, now: Timestamp) -> Session {
        Session {
            id,
            user: user.parse().unwrap(),
            way: SignInWay::PasswordAndCode,
            authenticators: Vec::new(),
            source: "desk".into(),
            began: now,
            seen: now,
            verified: now,
        }
    }

    async fn opened(sessions: &Sessions, user: &str, now: Timestamp) -> Token {
        let (token, id) = Sessions::prepare().unwrap();
        sessions.open(&token, session(id, user, now)).await.unwrap();
        token
    }

    async fn begun(dir: &tempfile::TempDir) -> Sessions {
        let store = Sqlite::open(&dir.path().join("accord.db")).await.unwrap();
        Sessions::load(Arc::new(store)).await.unwrap()
    }

    fn ended(found: Result<Session, NoSession>) -> SessionEnd {
        match found {
            Err(NoSession::Ended(_, why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_session_ends_when_idle_and_after_its_longest_and_is_unknown_then() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = begun(&dir).await;
        let token = opened(&sessions, "a", at(0)).await;
        assert!(sessions.find(&token, "desk", at(29)).await.is_ok());
        assert!(sessions.find(&token, "desk", at(58)).await.is_ok(), "seen lately");
        assert_eq!(ended(sessions.find(&token, "desk", at(88)).await), SessionEnd::Idle);
        assert!(matches!(sessions.find(&token, "desk", at(88)).await, Err(NoSession::Unknown)));
        let token = opened(&sessions, "a", at(0)).await;
        for n in 1..48 {
            assert!(sessions.find(&token, "desk", at(n * 15)).await.is_ok(), "{n}");
        }
        assert_eq!(ended(sessions.find(&token, "desk", at(720)).await), SessionEnd::Expired);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_token_that_is_shown_elsewhere_ends_its_session() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = begun(&dir).await;
        let token = opened(&sessions, "a", at(0)).await;
        assert_eq!(ended(sessions.find(&token, "evil", at(1)).await), SessionEnd::Elsewhere);
        assert!(matches!(sessions.find(&token, "desk", at(1)).await, Err(NoSession::Unknown)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_clock_that_goes_back_prolongs_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = begun(&dir).await;
        let token = opened(&sessions, "a", at(100)).await;
        assert!(sessions.find(&token, "desk", at(97)).await.is_ok());
        let found = sessions.find(&token, "desk", at(97)).await.unwrap();
        assert_eq!(found.seen, at(100));
        assert!(!found.may_be_privileged(at(90)) && !found.may_be_privileged(at(115)));
        assert_eq!(ended(sessions.find(&token, "desk", at(90)).await), SessionEnd::Clock);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_session_outlasts_a_restart_and_a_renewed_token_alone_is_good() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = begun(&dir).await;
        let (first, other) =
            (opened(&sessions, "a", at(0)).await, opened(&sessions, "b", at(0)).await);
        let (second, renewed) = sessions.renew(&first, at(20)).await.unwrap().unwrap();
        assert_eq!((renewed.began, renewed.verified), (at(0), at(20)));
        assert!(matches!(sessions.find(&first, "desk", at(21)).await, Err(NoSession::Unknown)));
        drop(sessions);
        let sessions = begun(&dir).await;
        assert!(matches!(sessions.find(&first, "desk", at(21)).await, Err(NoSession::Unknown)));
        assert_eq!(sessions.find(&second, "desk", at(21)).await.unwrap().id, renewed.id);
        assert!(sessions.end(&other).await.unwrap().is_some());
        assert!(sessions.renew(&other, at(21)).await.unwrap().is_none(), "ended");
        drop(sessions);
        let sessions = begun(&dir).await;
        assert_eq!(sessions.all().len(), 1);
        assert_eq!(sessions.sweep(at(60)).await.unwrap().pop().unwrap().1, SessionEnd::Idle);
        assert!(sessions.all().is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_person_has_few_sessions_and_the_database_holds_no_token() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = begun(&dir).await;
        let mut tokens = Vec::new();
        for n in 0..10 {
            tokens.push(opened(&sessions, "a", at(n)).await);
        }
        opened(&sessions, "b", at(0)).await;
        assert_eq!(sessions.all().len(), MOST + 1);
        assert!(matches!(sessions.find(&tokens[1], "desk", at(9)).await, Err(NoSession::Unknown)));
        assert!(sessions.find(&tokens[2], "desk", at(9)).await.is_ok());
        let ended = sessions.end_those(|one| one.user.as_str() == "a").await.unwrap();
        assert_eq!((ended.len(), sessions.all().len()), (MOST, 1));
        let kept = std::fs::read(dir.path().join("accord.db-wal")).unwrap();
        let holds = |part: &[u8]| kept.windows(part.len()).any(|window| window == part);
        assert!(holds(b"\"user\":\"b\"") && !tokens.iter().any(|t| holds(t.expose().as_bytes())));
    }
}
