//! Who may do what: people, cards, agreements and written requests.
//!
//! The registry is the fold of the changes that stand in the audit log's transaction, in its order;
//! nothing is ever deleted, so folding up to a date says who was permitted on that date. Readers
//! take a snapshot; the log's writer alone publishes the next one, once its entry is durable.

mod alarms;
mod backups;
mod change;
mod holds;
mod keys;
mod peers;
mod people;
mod sources;
mod state;

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;

pub use alarms::{Alarm, AlarmKind, Raised, Resolution};
pub use backups::Backup;
pub use change::Change;
pub use holds::{HeldRead, Hold, On, Redacted, Release};
pub use keys::NamedKeys;
pub use peers::{HeldCard, Peer, Published, Verified};
pub use people::{Delegation, User};
pub use sources::{Source, SourceName, SourceNameError};
pub use state::{State, VersionedAgreement};

use crate::store::{Store, StoreError};

/// Why the registry cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A change does not fit what came before it.
    #[error("registry: {0}")]
    Change(String),
}

/// The registry, as of the last durable entry. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    state: Arc<ArcSwap<State>>,
    changed: Arc<Notify>,
}

impl Registry {
    /// Folds the changes in `store`.
    ///
    /// # Errors
    /// When they cannot be read, or do not fit one another.
    pub async fn load(store: &dyn Store) -> Result<Self, RegistryError> {
        let state = fold_until(store, None).await?;
        Ok(Self { state: Arc::new(ArcSwap::from_pointee(state)), changed: Arc::new(Notify::new()) })
    }

    /// A snapshot.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// Makes `state` the registry. Only the log's writer calls this, after a durable append.
    pub(crate) fn publish(&self, state: Arc<State>) {
        self.state.store(state);
        self.changed.notify_waiters();
    }

    /// Ends with the next change after this call.
    pub fn changed(&self) -> impl Future<Output = ()> + use<> {
        // `notified_owned` counts from its making on, not from its first poll.
        self.changed.clone().notified_owned()
    }

    /// Folds the store's changes again, after a commit whose outcome is unknown.
    pub(crate) async fn reload(&self, store: &dyn Store) -> Result<(), RegistryError> {
        self.publish(Arc::new(fold_until(store, None).await?));
        Ok(())
    }
}

/// The registry as of an instant, or the present one.
pub(crate) async fn fold_until(
    store: &dyn Store,
    until: Option<schemas::time::Timestamp>,
) -> Result<State, RegistryError> {
    let mut state = State::default();
    for text in store.changes(until).await? {
        let change: Change = serde_json::from_str(&text)
            .map_err(|e| RegistryError::Change(format!("a change cannot be read: {e}")))?;
        state.apply(&change)?;
    }
    Ok(state)
}
