//! Queries being served at this moment: one id once at a time, and of each peer only so many. In memory
//! alone: after a crash nothing is being served.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use schemas::agency::AgencyId;
use schemas::query::{Query, QueryId};

/// Queries being served at this moment, by peer and id.
#[derive(Default)]
pub(super) struct InFlight(Mutex<HashMap<AgencyId, HashSet<QueryId>>>);

/// Why a query is not served at this moment.
pub(super) enum Full {
    /// The same query is being served.
    SameQuery,
    /// As many of this peer are being served as may be.
    Peer,
}

/// The place of one query, until it is dropped.
pub(super) struct InFlightQuery {
    all: Arc<InFlight>,
    peer: AgencyId,
    id: QueryId,
}

impl InFlight {
    /// A place for `query`, of which its peer may have `most`.
    pub(super) fn enter(
        all: &Arc<Self>,
        query: &Query,
        most: usize,
    ) -> Result<InFlightQuery, Full> {
        let mut served = all.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One id is served once at a time, whoever presents it.
        if served.values().any(|ids| ids.contains(&query.id)) {
            return Err(Full::SameQuery);
        }
        let ids = served.entry(query.from.clone()).or_default();
        if ids.len() >= most {
            return Err(Full::Peer);
        }
        ids.insert(query.id);
        Ok(InFlightQuery { all: all.clone(), peer: query.from.clone(), id: query.id })
    }
}

impl Drop for InFlightQuery {
    fn drop(&mut self) {
        let mut served = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ids) = served.get_mut(&self.peer) {
            ids.remove(&self.id);
            if ids.is_empty() {
                served.remove(&self.peer);
            }
        }
    }
}
