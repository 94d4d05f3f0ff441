//! Sessions: who is signed in, from where, since when, and how long that lasts.
//!
//! CJISSECPOL: 30 minutes idle, unless the device is exempt (AC-11), and 12 hours in all (IA-11, IA-5 j), a secret that the server ends (IA-5
//! o), asked again for privileged acts (IA-11). A session belongs to where it was opened from: its token shown
//! elsewhere ends it. Sessions outlast a restart of the node; a session is durable before its token is
//! given away. Whoever opens, shows or renews one does so alone, up to what the database holds: none that
//! has ended comes back by what was under way meanwhile. One that ends is good for nothing at once;
//! that the database forgets it and that its entry is made is owed until both are done.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};

use schemas::authenticator::{AuthenticatorId, ProviderWord, SessionEnd, SessionId, SignInWay};
use schemas::device::{Device, DeviceClass};
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::time::{HOUR_MS, MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};
use store::{SignInRecords, StoreError, StoredSession};
use tokio::sync::Mutex;

use crate::token::{NoRandomness, Token};

/// How long nothing may be done with a session, in milliseconds: no setting says more.
pub const IDLE_MS: i64 = 30 * MINUTE_MS;
/// How long a session lasts, in milliseconds.
pub const LONGEST_MS: i64 = 12 * HOUR_MS;
/// How long after she proved herself a person does what is privileged, in milliseconds.
pub const PRIVILEGED_MS: i64 = 15 * MINUTE_MS;
/// Most sessions of a person.
const MOST: usize = 8;
/// How much later than written a session may have been seen, in milliseconds: after a crash it ends
/// that much earlier.
const WRITTEN_MS: i64 = MINUTE_MS;
/// How far a clock may go back, in milliseconds.
const BACK_MS: i64 = 5 * MINUTE_MS;

/// How long nothing may be done with a session, by the class of the device from which it was opened. One of
/// no device is exempt from nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdleTimes(BTreeMap<DeviceClass, Option<i64>>);

impl IdleTimes {
    /// These for these classes, in milliseconds; nothing where a class is exempt from the device lock. Of the
    /// others [`IDLE_MS`] holds.
    #[must_use]
    pub fn of(classes: impl IntoIterator<Item = (DeviceClass, Option<i64>)>) -> Self {
        Self(classes.into_iter().collect())
    }

    /// That of a session; nothing where it may rest for as long as it lasts.
    #[must_use]
    pub fn of_session(&self, session: &Session) -> Option<i64> {
        let class = session.device.as_ref().map(|device| device.class);
        class.and_then(|class| self.0.get(&class).copied()).unwrap_or(Some(IDLE_MS))
    }
}

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
    /// What a provider of single sign-on said, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderWord>,
    /// From where.
    pub source: String,
    /// The device of the agency from which it was opened, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// When it began; where a provider or another session vouched for her, when she had proved herself there.
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

    /// How its person proved who she is, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.provider {
            None => self.way.words().to_owned(),
            Some(word) => {
                let ways = word.amr.iter().chain(&word.acr).map(ToString::to_string);
                let ways = ways.collect::<Vec<_>>().join(" ");
                format!("{} of {} ({ways})", self.way.words(), word.issuer)
            }
        }
    }

    /// Whether its person proved herself lately enough for a privileged act.
    #[must_use]
    pub fn may_be_privileged(&self, now: Timestamp) -> bool {
        now < self.verified.plus_millis(PRIVILEGED_MS) && self.verified <= now.plus_millis(BACK_MS)
    }

    /// Why it is over at `now`, if it is.
    fn over(&self, now: Timestamp, idle: &IdleTimes) -> Option<SessionEnd> {
        if now.plus_millis(BACK_MS) < self.seen {
            Some(SessionEnd::Clock)
        } else if now >= self.until() {
            Some(SessionEnd::Expired)
        } else if idle.of_session(self).is_some_and(|idle| now >= self.seen.plus_millis(idle)) {
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
    Ended(SessionEnd),
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

type ByToken = HashMap<Digest, Live>;

/// A session that is good for nothing any more, which the database may still hold.
#[derive(Clone)]
struct Over {
    token: Digest,
    /// The session and why it ended, of which an entry tells; none where it goes on under another token.
    ended: Option<(Session, SessionEnd)>,
}

/// All sessions of a node.
pub struct Sessions {
    records: Arc<dyn SignInRecords>,
    idle: IdleTimes,
    /// Held until the database holds the same.
    live: Mutex<ByToken>,
    /// What is still to be forgotten and recorded, in its order.
    over: StdMutex<VecDeque<Over>>,
    /// Held by who sees to that.
    settling: Mutex<()>,
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
    pub async fn load(
        records: Arc<dyn SignInRecords>,
        idle: IdleTimes,
    ) -> Result<Self, StoreError> {
        let stored = records.sessions().await?;
        let live = stored.into_iter().filter_map(|one| {
            let session: Session = serde_json::from_str(&one.session).ok()?;
            let written = session.seen;
            Some((one.token, Live { session, written }))
        });
        let live = Mutex::new(live.collect());
        Ok(Self { records, idle, live, over: StdMutex::default(), settling: Mutex::default() })
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

    /// Opens a session under its token. Those of the person that have to make room end.
    ///
    /// # Errors
    /// When it is not durable; then there is none.
    pub async fn open(&self, token: &Token, session: Session) -> Result<(), NotOpened> {
        let digest = token.digest();
        let mut live = self.live.lock().await;
        self.records.keep_sessions(&[written(digest, &session)?]).await?;
        let of_user = live.iter().filter(|(_, one)| one.session.user == session.user);
        let mut of_user: Vec<_> = of_user.map(|(token, one)| (one.session.seen, *token)).collect();
        of_user.sort_unstable();
        let too_many = of_user.len().saturating_sub(MOST - 1);
        for (_, token) in of_user.into_iter().take(too_many) {
            self.take(&mut live, token, SessionEnd::Replaced);
        }
        live.insert(digest, Live { written: session.seen, session });
        Ok(())
    }

    /// The session of a token that is shown from `source`: something is done with it now. Whoever
    /// looks after what it rests on says by `ends` whether it is over for that.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(
        &self,
        token: &Token,
        source: &str,
        now: Timestamp,
        ends: impl Fn(&Session) -> Option<SessionEnd>,
    ) -> Result<Session, NoSession> {
        let digest = token.digest();
        let mut live = self.live.lock().await;
        let one = self.lasting(&mut live, digest, (source, now), ends)?;
        one.session.seen = one.session.seen.max(now);
        let session = one.session.clone();
        if session.seen >= one.written.plus_millis(WRITTEN_MS)
            && let Ok(row) = written(digest, &session)
        {
            self.records.keep_sessions(&[row]).await.map_err(NoSession::Store)?;
            one.written = session.seen;
        }
        Ok(session)
    }

    /// The session of a token that is shown from `source`, with which nothing is done now: what was begun for
    /// its person goes on, and does not keep it from ending for want of acts.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub async fn look(
        &self,
        token: &Token,
        source: &str,
        now: Timestamp,
        ends: impl Fn(&Session) -> Option<SessionEnd>,
    ) -> Result<Session, NoSession> {
        let mut live = self.live.lock().await;
        let one = self.lasting(&mut live, token.digest(), (source, now), ends)?;
        Ok(one.session.clone())
    }

    /// The session of a token, unless it is over; then it is taken away.
    fn lasting<'a>(
        &self,
        live: &'a mut ByToken,
        token: Digest,
        (source, now): (&str, Timestamp),
        ends: impl Fn(&Session) -> Option<SessionEnd>,
    ) -> Result<&'a mut Live, NoSession> {
        let one = live.get(&token).ok_or(NoSession::Unknown)?;
        let elsewhere = (one.session.source != source).then_some(SessionEnd::Elsewhere);
        if let Some(why) =
            one.session.over(now, &self.idle).or(elsewhere).or_else(|| ends(&one.session))
        {
            self.take(live, token, why);
            return Err(NoSession::Ended(why));
        }
        live.get_mut(&token).ok_or(NoSession::Unknown)
    }

    /// The person of a session has proved again who she is, at `verified`: it goes on under a new token, and the one
    /// before is worth nothing.
    ///
    /// # Errors
    /// When there is no such session, or the new one is not durable.
    pub async fn renew(
        &self,
        token: &Token,
        (now, verified): (Timestamp, Timestamp),
    ) -> Result<Option<(Token, Session)>, NotOpened> {
        let (old, next) = (token.digest(), Token::new()?);
        let mut live = self.live.lock().await;
        let Some(session) = live.get(&old).map(|one| one.session.clone()) else {
            return Ok(None);
        };
        // The log goes on naming it as it did.
        let verified = verified.max(session.verified);
        let session = Session { seen: now.max(session.seen), verified, ..session };
        self.records.keep_sessions(&[written(next.digest(), &session)?]).await?;
        live.insert(next.digest(), Live { written: session.seen, session: session.clone() });
        live.remove(&old);
        self.over().push_back(Over { token: old, ended: None });
        Ok(Some((next, session)))
    }

    /// Ends the session of a token; whether there was one.
    pub async fn end(&self, token: &Token, why: SessionEnd) -> bool {
        self.take(&mut *self.live.lock().await, token.digest(), why)
    }

    /// Ends every session of which `ends` says why; how many.
    pub async fn end_those(&self, ends: impl Fn(&Session) -> Option<SessionEnd>) -> usize {
        let mut live = self.live.lock().await;
        let over = live.iter().filter_map(|(token, one)| Some((*token, ends(&one.session)?)));
        let over: Vec<_> = over.collect();
        over.iter().filter(|(token, why)| self.take(&mut live, *token, *why)).count()
    }

    /// Ends those that are over, by themselves or as `ends` says; how many.
    pub async fn sweep(
        &self,
        now: Timestamp,
        ends: impl Fn(&Session) -> Option<SessionEnd>,
    ) -> usize {
        self.end_those(|session| session.over(now, &self.idle).or_else(|| ends(session))).await
    }

    /// Has the database forget, and then `record` record, what has ended. What fails is tried again with
    /// the next call. All of it is forgotten before any is recorded: a log that takes no entry brings
    /// none back.
    ///
    /// # Errors
    /// The first thing that failed; what comes after it waits.
    pub async fn settle<E: From<StoreError>, F: Future<Output = Result<(), E>>>(
        &self,
        record: impl Fn(Session, SessionEnd) -> F,
    ) -> Result<(), E> {
        let _turn = self.settling.lock().await;
        loop {
            let over: Vec<Over> = self.over().iter().cloned().collect();
            if over.is_empty() {
                return Ok(());
            }
            let tokens: Vec<Digest> = over.iter().map(|one| one.token).collect();
            self.records.forget_sessions(&tokens).await?;
            for Over { ended, .. } in over {
                if let Some((session, why)) = ended {
                    record(session, why).await?;
                }
                self.over().pop_front();
            }
        }
    }

    /// How long nothing may be done with a session, in milliseconds; nothing where it may rest.
    #[must_use]
    pub fn idle(&self, session: &Session) -> Option<i64> {
        self.idle.of_session(session)
    }

    /// Every session.
    pub async fn all(&self) -> Vec<Session> {
        self.live.lock().await.values().map(|one| one.session.clone()).collect()
    }

    /// Ends one at once; whether there was one.
    fn take(&self, live: &mut ByToken, token: Digest, why: SessionEnd) -> bool {
        let Some(Live { session, .. }) = live.remove(&token) else { return false };
        self.over().push_back(Over { token, ended: Some((session, why)) });
        true
    }

    fn over(&self) -> MutexGuard<'_, VecDeque<Over>> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
