//! How many entries of this log each peer has cosigned, as it said since the node started: where the next
//! request to cosign begins.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemas::agency::AgencyId;

/// What witnesses said.
#[derive(Debug, Default)]
pub struct CosignedSizes(Mutex<HashMap<AgencyId, u64>>);

impl CosignedSizes {
    fn by_peer(&self) -> MutexGuard<'_, HashMap<AgencyId, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A peer says that it holds a head of so many entries, or 0.
    pub fn note(&self, peer: &AgencyId, size: u64) {
        self.by_peer().insert(peer.clone(), size);
    }

    /// What a peer said last; 0 where it said nothing yet.
    #[must_use]
    pub fn of(&self, peer: &AgencyId) -> u64 {
        self.by_peer().get(peer).copied().unwrap_or(0)
    }
}
