//! The contract of a database as far as it is about how people sign in, passed on as the rest of it.

use async_trait::async_trait;
use schemas::digest::Digest;
use store::{SignInRecords, StoreError, StoredAuthenticator, StoredSession};

use super::{FaultyStore, Step};

#[async_trait]
impl SignInRecords for FaultyStore {
    async fn authenticators(&self) -> Result<Vec<StoredAuthenticator>, StoreError> {
        self.calls("authenticators");
        self.inner.authenticators().await
    }

    async fn keep_authenticators(&self, new: &[StoredAuthenticator]) -> Result<(), StoreError> {
        self.calls("keep_authenticators");
        self.inner.keep_authenticators(new).await
    }

    async fn note_use(&self, id: &str, used: &str) -> Result<(), StoreError> {
        self.calls("note_use");
        let noted = self.inner.note_use(id, used);
        self.take(|step| step == Step::NoteUse, noted).await
    }

    async fn forget_authenticators(&self, ids: &[String]) -> Result<(), StoreError> {
        self.calls("forget_authenticators");
        self.inner.forget_authenticators(ids).await
    }

    async fn sessions(&self) -> Result<Vec<StoredSession>, StoreError> {
        self.calls("sessions");
        self.inner.sessions().await
    }

    async fn keep_sessions(&self, sessions: &[StoredSession]) -> Result<(), StoreError> {
        self.calls("keep_sessions");
        self.inner.keep_sessions(sessions).await
    }

    async fn forget_sessions(&self, tokens: &[Digest]) -> Result<(), StoreError> {
        self.calls("forget_sessions");
        self.inner.forget_sessions(tokens).await
    }
}
