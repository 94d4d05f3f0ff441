//! Whether another agency holds a head over an entry of this log: an entry over which nobody does can
//! vanish with a database that is put back.
//!
//! What crosses between agencies is seen by the other side of itself. What does not, a search of one's
//! own reads, is covered here before it is shown, or shown with that word.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::checkpoint::SignedCheckpoint;
use tokio::sync::{Mutex, mpsc};
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
/// How long a peer has to cosign, whoever still waits for it.
const LONGEST: Duration = Duration::from_secs(20);

type BeingAsked = Arc<std::sync::Mutex<HashSet<AgencyId>>>;

/// Has other agencies hold heads over entries.
pub struct Seen {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    witnessing: Witnessing,
    within: Duration,
    /// When peers were asked last. Held while they are: what waits is mostly covered by then.
    asked: Mutex<Option<Instant>>,
    being_asked: BeingAsked,
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
            being_asked: BeingAsked::default(),
            rounds: AtomicUsize::new(0),
        }
    }

    /// What somebody is to know of the entry at `index` over which nobody else holds a head within the
    /// bound; nothing where somebody does.
    pub async fn unless_seen<D: Dial>(&self, dial: &Arc<D>, index: u64) -> Option<String> {
        let covered = tokio::time::timeout(self.within, self.cover(dial, index)).await;
        (covered != Ok(true)).then(|| {
            format!(
                "unseen: no other agency holds a head over the entry of this search yet (entry {index}); until one does, whoever can put back the database can undo it unnoticed"
            )
        })
    }

    /// Has a peer cosign a head over the entry at `index`; whether one did.
    async fn cover<D: Dial>(&self, dial: &Arc<D>, index: u64) -> bool {
        let mut asked = self.asked.lock().await;
        loop {
            if self.covered().await > index {
                return true;
            }
            if let Some(before) = *asked {
                tokio::time::sleep_until(before + PACE).await;
            }
            *asked = Some(Instant::now());
            let (peers, busy) = self.some_peers();
            if peers.is_empty() && !busy {
                return false;
            }
            // One of them is enough, and nobody is stopped half-way for having lost.
            let (told, mut cosigned) = mpsc::channel(PEERS);
            for (peer, asking) in peers {
                let (witnessing, dial, told) =
                    (self.witnessing.clone(), dial.clone(), told.clone());
                tokio::spawn(async move {
                    let cosigning = witnessing.have_cosigned(dial.as_ref(), &peer);
                    let cosigned = tokio::time::timeout(LONGEST, cosigning).await;
                    drop(asking);
                    if let Ok(Ok(size)) = cosigned {
                        let _gone = told.try_send(size);
                    }
                });
            }
            drop(told);
            while let Some(size) = cosigned.recv().await {
                if size > index {
                    return true;
                }
            }
            if !busy {
                return false;
            }
        }
    }

    /// Entries under the largest head that a peer cosigned.
    async fn covered(&self) -> u64 {
        let note = self.store.cosigned(self.agency.log.counters().size).await.ok().flatten();
        let head = note.and_then(|note| SignedCheckpoint::parse(note.as_bytes()).ok());
        head.map_or(0, |head| head.unverified().size)
    }

    /// Some of the peers that nothing stands against, others each time, none of whom is being asked;
    /// and whether others are.
    fn some_peers(&self) -> (Vec<(Peer, Asking)>, bool) {
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
        let begun = turns.filter_map(|peer| {
            Some(((*peer).clone(), Asking::begin(&self.being_asked, &peer.card.value.id)?))
        });
        let begun: Vec<_> = begun.collect();
        let busy = begun.len() < open.len().min(PEERS);
        (begun, busy)
    }
}

/// That a peer is being asked to cosign, until it is dropped.
struct Asking {
    all: BeingAsked,
    peer: AgencyId,
}

impl Asking {
    /// `None` while it is being asked already.
    fn begin(all: &BeingAsked, peer: &AgencyId) -> Option<Self> {
        let begun = all.lock().unwrap_or_else(PoisonError::into_inner).insert(peer.clone());
        begun.then(|| Self { all: all.clone(), peer: peer.clone() })
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.peer);
    }
}
