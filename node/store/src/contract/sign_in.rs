//! What people sign in by, and who is signed in.

use super::*;
use crate::{StoredAuthenticator, StoredSession};

pub(crate) async fn what_verifies_an_authenticator_stays_until_it_is_forgotten(place: &impl Place) {
    let one = |id: &str| StoredAuthenticator {
        id: id.into(),
        verifier: format!("{{\"of\":\"{id} \\\\ \u{e9}\"}}"),
        used: "{}".into(),
    };
    let store = begun(place).await;
    assert_eq!(store.authenticators().await.unwrap(), []);
    store.keep_authenticators(&[one("a"), one("b"), one("c")]).await.unwrap();
    // All of a call, or none of it: there is a `b` already.
    assert!(store.keep_authenticators(&[one("d"), one("b")]).await.is_err());
    drop(store);
    let store = begun(place).await;
    store.note_use("b", "{\"step\":7}").await.unwrap();
    store.forget_authenticators(&["a".into(), "z".into()]).await.unwrap();
    let used = StoredAuthenticator { used: "{\"step\":7}".into(), ..one("b") };
    drop(store);
    let store = begun(place).await;
    assert_eq!(store.authenticators().await.unwrap(), [used, one("c")]);
}

pub(crate) async fn sessions_stay_until_they_are_forgotten(place: &impl Place) {
    let one =
        |n: u8, session: &str| StoredSession { token: Digest::of(&[n]), session: session.into() };
    let store = begun(place).await;
    assert_eq!(store.sessions().await.unwrap(), []);
    store.keep_sessions(&[one(1, "a"), one(2, "b"), one(3, "c")]).await.unwrap();
    store.keep_sessions(&[one(2, "b later")]).await.unwrap();
    store.keep_sessions(&[]).await.unwrap();
    store.forget_sessions(&[Digest::of(&[3]), Digest::of(&[9])]).await.unwrap();
    drop(store);
    let store = begun(place).await;
    let mut left = store.sessions().await.unwrap();
    left.sort_by(|a, b| a.session.cmp(&b.session));
    assert_eq!(left, [one(1, "a"), one(2, "b later")]);
}
