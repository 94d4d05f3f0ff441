//! Queries that are being asked at this moment: one id once at a time, or its answer would be logged, and
//! a use counted, twice. In memory alone: after a crash nothing is being asked.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use schemas::query::QueryId;

/// The queries.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<HashSet<QueryId>>);

/// That one is being asked, until it is dropped.
#[derive(Debug)]
pub(super) struct Asking {
    all: Arc<UnderWay>,
    id: QueryId,
}

impl UnderWay {
    /// `None` while that query is being asked already.
    pub(super) fn begin(all: &Arc<Self>, id: QueryId) -> Option<Asking> {
        let begun = all.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        begun.then(|| Asking { all: all.clone(), id })
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
