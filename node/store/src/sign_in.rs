//! What people sign in by, and who is signed in.
//!
//! Which authenticator is whose, and whether it still counts, stands in the log; here stands what
//! verifies it, so nothing that is only written here signs anybody in. Nothing here is read by the
//! rooms that hold a [`crate::ReadStore`].

use async_trait::async_trait;
use schemas::digest::Digest;

use crate::StoreError;

/// What verifies one authenticator.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAuthenticator {
    /// Its id.
    pub id: String,
    /// What verifies it, by whose digest the log knows it; never changed.
    pub verifier: String,
    /// What of it is spent: the last step, counter or number.
    pub used: String,
}

impl std::fmt::Debug for StoredAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredAuthenticator").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A session that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// H(its token), which itself is kept nowhere.
    pub token: Digest,
    /// Whose it is and since when, as JSON.
    pub session: String,
}

/// Keeping them. Each call is durable as a whole once it has returned, or nothing of it is done.
#[async_trait]
pub trait SignInRecords: Send + Sync + 'static {
    /// All authenticators.
    async fn authenticators(&self) -> Result<Vec<StoredAuthenticator>, StoreError>;

    /// Keeps new ones.
    async fn keep_authenticators(&self, new: &[StoredAuthenticator]) -> Result<(), StoreError>;

    /// Notes what of one is spent.
    async fn note_use(&self, id: &str, used: &str) -> Result<(), StoreError>;

    /// Destroys what verifies these.
    async fn forget_authenticators(&self, ids: &[String]) -> Result<(), StoreError>;

    /// All sessions.
    async fn sessions(&self) -> Result<Vec<StoredSession>, StoreError>;

    /// Keeps sessions, each in the place of the one of its token.
    async fn keep_sessions(&self, sessions: &[StoredSession]) -> Result<(), StoreError>;

    /// Forgets sessions.
    async fn forget_sessions(&self, tokens: &[Digest]) -> Result<(), StoreError>;
}
