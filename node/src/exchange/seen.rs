//! Whether another agency holds a head over an entry of this log: an entry over which nobody does can
//! vanish with a database that is put back.
//!
//! What crosses between agencies is seen by the other side of itself. What does not, a search of one's
//! own reads, is covered here before it is shown, or shown with that word.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use schemas::checkpoint::SignedCheckpoint;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::witness::Witnessing;
use crate::context::NodeContext;
use crate::permission::OwnAgency;
use peer::link::Dial;
use registry::Peer;
use store::ReadStore;

/// How far apart peers are asked to cosign for this: what comes between waits for the next.
const PACE: Duration = Duration::from_millis(500);
/// Peers that are asked at once; one of them is enough.
const PEERS: usize = 4;

/// Has other agencies hold heads over entries.
pub struct Seen {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    witnessing: Witnessing,
    within: Duration,
    /// When peers were asked last. Held while they are: what waits is mostly covered by then.
    asked: Mutex<Option<Instant>>,
    rounds: AtomicUsize,
}

impl Seen {
    /// For the log of a node.
    #[must_use]
    pub fn of(context: &NodeContext) -> Self {
        Self {
            agency: context.agency.clone(),
            store: context.store.clone(),
            witnessing: Witnessing::of(context),
            within: Duration::from_secs(u64::from(context.bounds.search_seen_seconds)),
            asked: Mutex::default(),
            rounds: AtomicUsize::new(0),
        }
    }

    /// What somebody is to know of the entry at `index` over which nobody else holds a head within the
    /// bound; nothing where somebody does.
    pub async fn unless_seen<D: Dial>(&self, dial: &D, index: u64) -> Option<String> {
        let covered = tokio::time::timeout(self.within, self.cover(dial, index)).await;
        (covered != Ok(true)).then(|| {
            format!(
                "unseen: no other agency holds a head over the entry of this search yet (entry {index}); until one does, whoever can put back the database can undo it unnoticed"
            )
        })
    }

    /// Has a peer cosign a head over the entry at `index`; whether one did.
    async fn cover<D: Dial>(&self, dial: &D, index: u64) -> bool {
        let mut asked = self.asked.lock().await;
        if self.covered().await > index {
            return true;
        }
        if let Some(before) = *asked {
            tokio::time::sleep_until(before + PACE).await;
        }
        *asked = Some(Instant::now());
        let peers = self.some_peers();
        let mut cosigning: FuturesUnordered<_> =
            peers.iter().map(|peer| self.witnessing.have_cosigned(dial, peer)).collect();
        while let Some(cosigned) = cosigning.next().await {
            if cosigned.is_ok_and(|size| size > index) {
                return true;
            }
        }
        false
    }

    /// Entries under the largest head that a peer cosigned.
    async fn covered(&self) -> u64 {
        let note = self.store.cosigned(self.agency.log.counters().size).await.ok().flatten();
        let head = note.and_then(|note| SignedCheckpoint::parse(note.as_bytes()).ok());
        head.map_or(0, |head| head.unverified().size)
    }

    /// Some of the peers that nothing stands against, others each time.
    fn some_peers(&self) -> Vec<Peer> {
        let state = self.agency.registry.state();
        let open: Vec<&Peer> = state
            .peers
            .values()
            .filter(|peer| {
                peer.blocked.is_none() && state.alarm_about(&peer.card.value.id).is_none()
            })
            .collect();
        let round = self.rounds.fetch_add(1, Ordering::Relaxed);
        let first = round.wrapping_mul(PEERS).checked_rem(open.len()).unwrap_or(0);
        let turns = open.iter().cycle().skip(first).take(open.len().min(PEERS));
        turns.map(|peer| (*peer).clone()).collect()
    }
}
