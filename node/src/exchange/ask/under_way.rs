//! Queries that are being asked at this moment: one id once at a time, or its answer would be logged, and
//! a use counted, twice. In memory alone: after a crash nothing is being asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemas::query::QueryId;
use tokio_util::sync::CancellationToken;

/// The queries, each with what is cancelled once it is asked no longer, where somebody waits for that.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<HashMap<QueryId, Option<CancellationToken>>>);

/// That one is being asked, until it is dropped.
#[derive(Debug)]
pub(super) struct Asking {
    all: Arc<UnderWay>,
    id: QueryId,
}

impl UnderWay {
    fn all(&self) -> MutexGuard<'_, HashMap<QueryId, Option<CancellationToken>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` while that query is being asked already.
    pub(super) fn begin(this: &Arc<Self>, id: QueryId) -> Option<Asking> {
        let mut all = this.all();
        if all.contains_key(&id) {
            return None;
        }
        all.insert(id, None);
        Some(Asking { all: this.clone(), id })
    }

    /// Waits until that query is not being asked.
    pub(super) async fn ended(&self, id: QueryId) {
        let ended = self.all().get_mut(&id).map(|ended| ended.get_or_insert_default().clone());
        if let Some(ended) = ended {
            ended.cancelled().await;
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(Some(ended)) = self.all.all().remove(&self.id) {
            ended.cancel();
        }
    }
}
