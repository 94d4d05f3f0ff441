//! By which agency key each peer said, since the node started, that it knows this agency.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use registry::State;
use schemas::agency::AgencyId;
use schemas::key::PublicKey;

/// What peers said.
#[derive(Debug, Default)]
pub struct KnownBy(Mutex<HashMap<AgencyId, PublicKey>>);

impl KnownBy {
    fn by_peer(&self) -> MutexGuard<'_, HashMap<AgencyId, PublicKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A peer says by which key it knows this agency.
    pub fn note(&self, peer: &AgencyId, key: PublicKey) {
        self.by_peer().insert(peer.clone(), key);
    }

    /// Peers that are not blocked and whose people have not confirmed the present agency key, as far as
    /// they said; none as long as there was never another one.
    #[must_use]
    pub fn unconfirmed(&self, state: &State) -> Vec<AgencyId> {
        let Some(own) = state.own.as_ref().filter(|_| state.own_keys.agency.len() > 1) else {
            return Vec::new();
        };
        let by_peer = self.by_peer();
        let open = state.peers.iter().filter(|(_, peer)| peer.blocked.is_none());
        open.map(|(id, _)| id)
            .filter(|id| by_peer.get(*id) != Some(&own.value.agency_key))
            .cloned()
            .collect()
    }

    /// Whether a peer has said since the node started by which key it knows this agency.
    #[must_use]
    pub fn has_heard(&self, peer: &AgencyId) -> bool {
        self.by_peer().contains_key(peer)
    }
}
