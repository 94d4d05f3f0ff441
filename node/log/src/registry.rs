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
use registry::{AcceptedClock, Change, ChangeError, State, restamp};
use schemas::entry::EntryKind;
use schemas::merkle::Frontier;
use schemas::time::Timestamp;
use store::{ReadStore, StoreError};
use tokio::sync::Notify;

use crate::append::AuditLog;
use crate::registry_chain::{ProvenChange, each_proven_change, proven_changes};

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
    /// Folds the changes that the log whose tree is `tree` proves.
    pub(crate) async fn load(
        store: &dyn ReadStore,
        tree: &Frontier,
    ) -> Result<Self, RegistryError> {
        let state = fold_until(store, tree, Timestamp::MAX, true).await?;
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
    pub(crate) async fn reload(
        &self,
        store: &dyn ReadStore,
        tree: &Frontier,
    ) -> Result<(), RegistryError> {
        self.publish(Arc::new(fold_until(store, tree, Timestamp::MAX, true).await?));
        Ok(())
    }
}

/// The registry that the log whose tree is `tree` tells, up to and with an instant.
async fn fold_until(
    store: &dyn ReadStore,
    tree: &Frontier,
    until: Timestamp,
    at_rest: bool,
) -> Result<State, RegistryError> {
    if until < Timestamp::MAX {
        let changes = proven_changes(store, tree, at_rest).await?;
        let until = standing_at(&changes, until)?;
        return Ok(State::fold(changes.iter().take(until).map(|one| (one.entry, &one.text)))?);
    }
    let mut state = State::default();
    each_proven_change(store, tree, at_rest, |made| {
        Ok::<_, RegistryError>(state.apply_text(made.entry, &made.text)?)
    })
    .await?;
    Ok(state)
}

/// How many of `changes` stood at an instant, by the times that accepted clocks give them.
fn standing_at(changes: &[ProvenChange], until: Timestamp) -> Result<usize, StoreError> {
    let mut times: Vec<Timestamp> = changes.iter().map(|one| one.at).collect();
    let mut clock = AcceptedClock::default();
    for (n, one) in changes.iter().enumerate() {
        if one.kind != EntryKind::ClockAccepted {
            continue;
        }
        let change =
            serde_json::from_str(&one.text).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        if let Change::Clock { accepted } = change {
            let span = (accepted.at, accepted.last);
            restamp(times.iter_mut().take(n), span, clock.behind_since);
            clock.note(&accepted);
        }
    }
    Ok(times.iter().take_while(|at| **at <= until).count())
}

impl AuditLog {
    /// The registry, as it is published.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The registry as it was at an instant.
    ///
    /// # Errors
    /// When the database does not answer, or tells another registry than the log.
    pub async fn registry_at(&self, at: Timestamp) -> Result<State, RegistryError> {
        fold_until(self.store.as_ref(), &self.counters().tree, at, false).await
    }

    /// Every change of the registry, in order, each proven by the entry that made it.
    ///
    /// # Errors
    /// When the database does not answer, or tells another registry than the log.
    pub async fn proven_changes(&self) -> Result<Vec<ProvenChange>, StoreError> {
        proven_changes(self.store.as_ref(), &self.counters().tree, false).await
    }
}
