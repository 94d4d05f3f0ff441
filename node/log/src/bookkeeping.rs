//! What the log's store keeps beside the log, and the destruction that entries of the log announced.
//!
//! The log holds the only handle that can write, so whatever changes the database is here or is an
//! append; heads of logs are kept in [`crate::cosigning`]. Nothing is destroyed here that no entry has
//! said is destroyed or that something still refers to, unless it is no more than a trace of what is
//! gone already.

use std::collections::VecDeque;
use std::sync::Arc;

use agreements::decide::DueReads;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use store::photographs::{ImageStoreError, Images};
use store::{Store, StoreError};

use crate::append::AuditLog;

/// The bodies and envelopes that the last durable entry of redaction says are destroyed, taken some
/// at a time. Only the log makes one, out of the registry that it published.
pub struct AnnouncedRedaction {
    store: Arc<dyn Store>,
    left: VecDeque<(u64, u64)>,
}

impl AnnouncedRedaction {
    /// Destroys those of up to `most` further entries; of how many there were any left. `None` once
    /// all are gone.
    ///
    /// # Errors
    /// When the database does not answer; the rest is still to be destroyed.
    pub async fn step(&mut self, most: u32) -> Result<Option<u64>, StoreError> {
        let Some((first, last)) = self.left.front_mut() else { return Ok(None) };
        let to = first.saturating_add(u64::from(most).saturating_sub(1)).min(*last);
        let gone = self.store.redact(*first, to).await?;
        match to.checked_add(1).filter(|next| next <= last) {
            Some(next) => *first = next,
            None => drop(self.left.pop_front()),
        }
        Ok(Some(gone))
    }
}

impl AuditLog {
    /// What the last entry of redaction says is destroyed: all of it is gone once every step is
    /// taken, also after a crash.
    #[must_use]
    pub fn redaction(&self) -> AnnouncedRedaction {
        let left = self.registry.state().redacted.last.parts().iter().copied().collect();
        AnnouncedRedaction { store: self.store.clone(), left }
    }

    /// Overwrites what the files of the database still hold of what was destroyed.
    ///
    /// # Errors
    /// When the database does not answer, or is being read; it is done the next time.
    pub async fn erase_traces(&self) -> Result<(), StoreError> {
        self.store.erase_traces().await
    }

    /// Forgets which reads an answer released, of answers whose reads are all `due` and of which none
    /// is stored any more; of how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_released(&self, due: &DueReads) -> Result<u64, StoreError> {
        self.store.forget_released(due.cut_off()).await
    }

    /// Destroys photographs that nothing refers to any more; how many.
    ///
    /// # Errors
    /// When the database or the photographs do not answer; the rest is destroyed next time.
    pub async fn destroy_unreferenced(&self, images: &Images) -> Result<u64, ImageStoreError> {
        images.destroy_unreferenced(self.store.as_ref()).await
    }

    /// Messages of the outbox, named by peer and digest of their body, have reached their peer.
    ///
    /// # Errors
    /// When the database does not answer; then they are sent again.
    pub async fn delivered(&self, messages: &[(AgencyId, Digest)]) -> Result<(), StoreError> {
        self.store.delivered(messages).await
    }
}
