//! The registry as the log publishes it: readers take a snapshot; the log's writer alone publishes the
//! next one, once its entry is durable.
//!
//! ```
//! # use std::sync::Arc;
//! # use audit_log::registry::Registry;
//! fn read(registry: &Registry) -> Arc<registry::State> {
//!     registry.state()
//! }
//! ```
//! ```compile_fail,E0624
//! # use std::sync::Arc;
//! # use audit_log::registry::Registry;
//! fn change(registry: &Registry, state: Arc<registry::State>) {
//!     registry.publish(state);
//! }
//! ```

use std::sync::Arc;

use arc_swap::ArcSwap;
use registry::{ChangeError, State};
use schemas::time::Timestamp;
use store::{ReadStore, StoreError};
use tokio::sync::Notify;

/// Why the registry cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A change does not fit what came before it.
    #[error(transparent)]
    Change(#[from] ChangeError),
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
    pub async fn load(store: &dyn ReadStore) -> Result<Self, RegistryError> {
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
    pub(crate) async fn reload(&self, store: &dyn ReadStore) -> Result<(), RegistryError> {
        self.publish(Arc::new(fold_until(store, None).await?));
        Ok(())
    }
}

/// The registry as of an instant, or the present one.
///
/// # Errors
/// When the changes cannot be read, or do not fit one another.
pub async fn fold_until(
    store: &dyn ReadStore,
    until: Option<Timestamp>,
) -> Result<State, RegistryError> {
    Ok(State::fold(store.changes(until).await?)?)
}
