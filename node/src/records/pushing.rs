//! How pushing goes: since when a batch is not taken, and why.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemas::time::Timestamp;

/// What keeps records back, where something does. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Pushing(Arc<Mutex<Option<(Timestamp, String)>>>);

impl Pushing {
    fn inside(&self) -> MutexGuard<'_, Option<(Timestamp, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when nothing is taken, and what was said last.
    #[must_use]
    pub fn held_up(&self) -> Option<(Timestamp, String)> {
        self.inside().clone()
    }

    pub(super) fn failed(&self, at: Timestamp, why: String) {
        let mut inside = self.inside();
        let since = inside.as_ref().map_or(at, |(since, _)| *since);
        *inside = Some((since, why));
    }

    pub(super) fn goes_on(&self) {
        *self.inside() = None;
    }
}
