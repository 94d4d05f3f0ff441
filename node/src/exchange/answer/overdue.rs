//! Whether a requester owes a receipt for longer than it may.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::time::Timestamp;
use tokio::time::Instant;

use crate::context::NodeContext;
use crate::permission::OwnAgency;
use store::{ReadStore, StoreError};

/// How long it is believed that a receipt is late, without another look.
const BELIEVED: Duration = Duration::from_secs(2);

/// The oldest answer without receipt.
#[derive(Clone, Copy)]
struct Oldest {
    at: Timestamp,
    looked: Instant,
    /// What the clock that was accepted last said, and the time of the entry before: by another one the
    /// answers are of other times.
    clock: Option<(Timestamp, Timestamp)>,
}

/// Tells receipts that are late.
pub(super) struct LateReceipts {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    hours: u32,
    /// The oldest answer without receipt of each requester.
    oldest: Mutex<HashMap<AgencyId, Oldest>>,
}

impl LateReceipts {
    /// Of a node.
    pub(super) fn of(context: &NodeContext) -> Self {
        Self {
            agency: context.agency.clone(),
            store: context.store.clone(),
            hours: context.bounds.receipt_hours,
            oldest: Mutex::default(),
        }
    }

    /// The answer to `requester` whose receipt is late, by when it was given; none where no receipt is
    /// owed for longer than is allowed, or a person gave it more time.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn oldest(
        &self,
        requester: &AgencyId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let counters = self.agency.log.counters();
        let Some(since) = counters.unreceipted_since.get(requester) else { return Ok(None) };
        let now = self.agency.clock.now();
        let allowed = now.minus_seconds(self.hours.saturating_mul(3_600));
        let state = self.agency.registry.state();
        let more = state.peers.get(requester).and_then(|peer| peer.receipts_until);
        if *since >= allowed || more.is_some_and(|until| now < until) {
            return Ok(None);
        }
        // By one clock, the oldest of them only becomes a younger one.
        let clock = state.clock.last.as_ref().map(|accepted| (accepted.at, accepted.last));
        let known = self.known().get(requester).copied();
        match known.filter(|known| known.clock == clock) {
            Some(Oldest { at, .. }) if at >= allowed => return Ok(None),
            Some(Oldest { at, looked, .. }) if looked.elapsed() < BELIEVED => return Ok(Some(at)),
            _ => {}
        }
        let Some(at) = self.store.oldest_unreceipted(requester).await? else { return Ok(None) };
        self.known().insert(requester.clone(), Oldest { at, looked: Instant::now(), clock });
        Ok(Some(at).filter(|at| *at < allowed))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<AgencyId, Oldest>> {
        self.oldest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
