use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use store::StoredAuthenticator;
use store::sqlite::Sqlite;
use tokio::sync::Notify;

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
        provider: None,
        source: "desk".into(),
        device: None,
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

/// Has the database forget what has ended; of whom an entry tells, and why.
async fn settled(sessions: &Sessions) -> Vec<(String, SessionEnd)> {
    let told = StdMutex::new(Vec::new());
    let record = |session: Session, why| {
        told.lock().unwrap().push((session.user.to_string(), why));
        std::future::ready(Ok::<_, StoreError>(()))
    };
    sessions.settle(record).await.unwrap();
    told.into_inner().unwrap()
}

async fn begun(dir: &tempfile::TempDir) -> Sessions {
    let store = Sqlite::open(&dir.path().join("accord.db")).await.unwrap();
    Sessions::load(Arc::new(store), IdleTimes::default()).await.unwrap()
}

async fn shown(
    sessions: &Sessions,
    token: &Token,
    source: &str,
    now: Timestamp,
) -> Result<Session, NoSession> {
    sessions.find(token, source, now, |_| None).await
}

fn ended(found: Result<Session, NoSession>) -> SessionEnd {
    match found {
        Err(NoSession::Ended(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_idle_and_after_its_longest_and_is_unknown_then() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = begun(&dir).await;
    let token = opened(&sessions, "a", at(0)).await;
    assert!(shown(&sessions, &token, "desk", at(29)).await.is_ok());
    assert!(shown(&sessions, &token, "desk", at(58)).await.is_ok(), "seen lately");
    assert_eq!(ended(shown(&sessions, &token, "desk", at(88)).await), SessionEnd::Idle);
    assert!(matches!(shown(&sessions, &token, "desk", at(88)).await, Err(NoSession::Unknown)));
    let token = opened(&sessions, "a", at(0)).await;
    for n in 1..48 {
        assert!(shown(&sessions, &token, "desk", at(n * 15)).await.is_ok(), "{n}");
    }
    assert_eq!(ended(shown(&sessions, &token, "desk", at(720)).await), SessionEnd::Expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_shown_elsewhere_ends_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = begun(&dir).await;
    let token = opened(&sessions, "a", at(0)).await;
    assert_eq!(ended(shown(&sessions, &token, "evil", at(1)).await), SessionEnd::Elsewhere);
    assert!(matches!(shown(&sessions, &token, "desk", at(1)).await, Err(NoSession::Unknown)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_prolongs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = begun(&dir).await;
    let token = opened(&sessions, "a", at(100)).await;
    assert!(shown(&sessions, &token, "desk", at(97)).await.is_ok());
    let found = shown(&sessions, &token, "desk", at(97)).await.unwrap();
    assert_eq!(found.seen, at(100));
    assert!(!found.may_be_privileged(at(90)) && !found.may_be_privileged(at(115)));
    assert_eq!(ended(shown(&sessions, &token, "desk", at(90)).await), SessionEnd::Clock);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlasts_a_restart_and_a_renewed_token_alone_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = begun(&dir).await;
    let (first, other) = (opened(&sessions, "a", at(0)).await, opened(&sessions, "b", at(0)).await);
    let (second, renewed) = sessions.renew(&first, (at(20), at(20))).await.unwrap().unwrap();
    assert!(settled(&sessions).await.is_empty(), "it goes on");
    assert_eq!((renewed.began, renewed.verified), (at(0), at(20)));
    assert!(matches!(shown(&sessions, &first, "desk", at(21)).await, Err(NoSession::Unknown)));
    drop(sessions);
    let sessions = begun(&dir).await;
    assert!(matches!(shown(&sessions, &first, "desk", at(21)).await, Err(NoSession::Unknown)));
    assert_eq!(shown(&sessions, &second, "desk", at(21)).await.unwrap().id, renewed.id);
    assert!(sessions.end(&other, SessionEnd::SignedOut).await);
    assert!(!sessions.end(&other, SessionEnd::SignedOut).await, "it is over");
    assert!(sessions.renew(&other, (at(21), at(21))).await.unwrap().is_none(), "ended");
    assert_eq!(settled(&sessions).await, [("b".to_owned(), SessionEnd::SignedOut)]);
    drop(sessions);
    let sessions = begun(&dir).await;
    assert_eq!(sessions.all().await.len(), 1);
    assert_eq!(sessions.sweep(at(60), |_| None).await, 1);
    assert_eq!(settled(&sessions).await, [("a".to_owned(), SessionEnd::Idle)]);
    assert!(sessions.all().await.is_empty());
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
    assert_eq!(sessions.all().await.len(), MOST + 1);
    assert!(matches!(shown(&sessions, &tokens[1], "desk", at(9)).await, Err(NoSession::Unknown)));
    assert!(shown(&sessions, &tokens[2], "desk", at(9)).await.is_ok());
    let ended =
        sessions.end_those(|one| (one.user.as_str() == "a").then_some(SessionEnd::Stopped)).await;
    assert_eq!((ended, sessions.all().await.len()), (MOST, 1));
    let why: Vec<_> = settled(&sessions).await.into_iter().map(|(_, why)| why).collect();
    assert_eq!(why[..2], [SessionEnd::Replaced; 2], "they made room");
    assert_eq!(why[2..], [SessionEnd::Stopped; MOST]);
    let kept = std::fs::read(dir.path().join("accord.db-wal")).unwrap();
    let holds = |part: &[u8]| kept.windows(part.len()).any(|window| window == part);
    assert!(holds(b"\"user\":\"b\"") && !tokens.iter().any(|t| holds(t.expose().as_bytes())));
}

/// A database whose next write of sessions waits until it is let go.
struct Held {
    inner: Sqlite,
    holds: AtomicBool,
    reached: Notify,
    go: Notify,
}

#[async_trait]
impl SignInRecords for Held {
    async fn authenticators(&self) -> Result<Vec<StoredAuthenticator>, StoreError> {
        self.inner.authenticators().await
    }

    async fn keep_authenticators(&self, new: &[StoredAuthenticator]) -> Result<(), StoreError> {
        self.inner.keep_authenticators(new).await
    }

    async fn note_use(&self, id: &str, used: &str) -> Result<(), StoreError> {
        self.inner.note_use(id, used).await
    }

    async fn forget_authenticators(&self, ids: &[String]) -> Result<(), StoreError> {
        self.inner.forget_authenticators(ids).await
    }

    async fn sessions(&self) -> Result<Vec<StoredSession>, StoreError> {
        self.inner.sessions().await
    }

    async fn keep_sessions(&self, sessions: &[StoredSession]) -> Result<(), StoreError> {
        if self.holds.swap(false, Ordering::SeqCst) {
            self.reached.notify_one();
            self.go.notified().await;
        }
        self.inner.keep_sessions(sessions).await
    }

    async fn forget_sessions(&self, tokens: &[Digest]) -> Result<(), StoreError> {
        self.inner.forget_sessions(tokens).await
    }
}

/// What is ended while it is being written, shown or renewed, stays ended: now and after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_while_it_is_shown_or_renewed_does_not_come_back() {
    for renewing in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let inner = Sqlite::open(&dir.path().join("accord.db")).await.unwrap();
        let held = Arc::new(Held {
            inner,
            holds: AtomicBool::new(false),
            reached: Notify::new(),
            go: Notify::new(),
        });
        let sessions = Arc::new(Sessions::load(held.clone(), IdleTimes::default()).await.unwrap());
        let token = opened(&sessions, "a", at(0)).await;
        held.holds.store(true, Ordering::SeqCst);
        let (shared, same) = (sessions.clone(), token.clone());
        let under_way = tokio::spawn(async move {
            if renewing {
                drop(shared.renew(&same, (at(2), at(2))).await.unwrap());
            } else {
                drop(shown(&shared, &same, "desk", at(2)).await.unwrap());
            }
        });
        held.reached.notified().await;
        let shared = sessions.clone();
        let mut ending =
            tokio::spawn(async move { shared.end_those(|_| Some(SessionEnd::Stopped)).await });
        // It may end at once or wait for the other: either way, none is left.
        drop(tokio::time::timeout(Duration::from_millis(200), &mut ending).await);
        held.go.notify_one();
        under_way.await.unwrap();
        if !ending.is_finished() {
            assert_eq!(ending.await.unwrap(), 1, "renewing: {renewing}");
        }
        assert!(sessions.all().await.is_empty(), "renewing: {renewing}");
        settled(&sessions).await;
        let again = Sessions::load(held, IdleTimes::default()).await.unwrap();
        assert!(again.all().await.is_empty(), "after a restart; renewing: {renewing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_ground_is_gone_ends_when_it_is_shown_and_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = begun(&dir).await;
    let gone = |session: &Session| {
        (session.user.as_str() == "a").then_some(SessionEnd::AuthenticatorsChanged)
    };
    let token = opened(&sessions, "a", at(0)).await;
    let found = sessions.find(&token, "desk", at(1), gone).await;
    assert_eq!(ended(found), SessionEnd::AuthenticatorsChanged);
    opened(&sessions, "a", at(0)).await;
    opened(&sessions, "b", at(0)).await;
    assert_eq!(sessions.sweep(at(1), gone).await, 1);
    assert_eq!(
        settled(&sessions).await,
        vec![("a".to_owned(), SessionEnd::AuthenticatorsChanged); 2]
    );
    assert_eq!(sessions.all().await.len(), 1);
}

/// Whoever does not wait, a database that is away and a log that takes no entry change nothing: what
/// has ended is good for nothing at once, and is forgotten and recorded once that can be done.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_is_owed_an_entry_until_it_has_one() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = begun(&dir).await;
    let token = opened(&sessions, "a", at(0)).await;
    let other = opened(&sessions, "b", at(0)).await;
    assert!(sessions.end(&token, SessionEnd::SignedOut).await);
    assert!(matches!(shown(&sessions, &token, "desk", at(1)).await, Err(NoSession::Unknown)));
    let refused = |_, _| std::future::ready(Err(StoreError::Database("full".into())));
    assert!(sessions.settle(refused).await.is_err());
    // Nobody waits for the one that is ended now.
    let never = |_, _| std::future::pending::<Result<(), StoreError>>();
    assert!(sessions.end(&other, SessionEnd::Stopped).await);
    let given_up = tokio::time::timeout(Duration::from_millis(20), sessions.settle(never)).await;
    assert!(given_up.is_err());
    assert!(begun(&dir).await.all().await.is_empty(), "none comes back for want of an entry");
    let owed = [("a".to_owned(), SessionEnd::SignedOut), ("b".to_owned(), SessionEnd::Stopped)];
    assert_eq!(settled(&sessions).await, owed);
    assert!(settled(&sessions).await.is_empty(), "once");
    drop(sessions);
    assert!(begun(&dir).await.all().await.is_empty(), "after a restart");
}
