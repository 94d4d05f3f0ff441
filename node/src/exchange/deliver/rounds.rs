//! When which peer is tried: each at its own pace, so that one that is slow or down delays nobody.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use schemas::agency::AgencyId;
use tokio::sync::{Notify, mpsc};
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{CardShown, Delivery, name};
use peer::link::{Dial, Dialler};
use store::Queued;

/// How often the outbox is looked through.
const ROUND: Duration = Duration::from_secs(2);
/// Most letters to a peer at a time.
const EACH: u32 = 256;
/// Longest pause before an unreachable peer is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

struct Pause {
    until: Instant,
    length: Duration,
}

/// A peer's turn that is under way.
struct Turn {
    task: task::Id,
    /// There was reason for another one meanwhile.
    again: bool,
}

/// Whose turn it is.
#[derive(Default)]
struct Turns {
    pauses: HashMap<AgencyId, Pause>,
    under_way: HashMap<AgencyId, Turn>,
    /// Each says whether everything was delivered.
    tasks: JoinSet<bool>,
}

/// Delivers until `stop`, or until the delivery has gone.
pub(super) async fn run<D: Dial>(
    delivery: Weak<Delivery<D>>,
    wake: Arc<Notify>,
    mut connected: mpsc::Receiver<(AgencyId, Dialler)>,
    stop: CancellationToken,
) {
    let mut turns = Turns::default();
    let mut tick = tokio::time::interval(ROUND);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut newly = None;
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
            () = wake.notified() => {
                turns.pauses.clear();
                turns.under_way.values_mut().for_each(|turn| turn.again = true);
            }
            connected = connected.recv() => match connected {
                Some(connected) => newly = Some(connected),
                None => return,
            },
            Some(done) = turns.tasks.join_next_with_id() => {
                let (task, delivered) = done.unwrap_or_else(|failed| (failed.id(), false));
                if !turns.ended(task, delivered) {
                    continue;
                }
            }
        }
        let Some(delivery) = delivery.upgrade() else { return };
        if let Some((agency, dialler)) = newly {
            // A connection that this node dialled tells nothing new: the peer may end it at once
            // because it does not know this node, and would be dialled again without end.
            if dialler == Dialler::Them {
                turns.pauses.remove(&agency);
                turns.under_way.entry(agency.clone()).and_modify(|turn| turn.again = true);
            }
            let delivery = delivery.clone();
            // Without addresses: a connection that has ended meanwhile is not dialled for this.
            tokio::spawn(async move { drop(delivery.show_card(&agency, false).await) });
        }
        turns.begin(&delivery).await;
    }
}

impl Turns {
    /// Begins a turn for every peer that has something to get, may be tried, and has none.
    async fn begin<D: Dial>(&mut self, delivery: &Arc<Delivery<D>>) {
        let letters = match delivery.context.store.outbox(EACH).await {
            Ok(letters) => letters,
            Err(error) => return tracing::error!(%error, "the outbox cannot be read"),
        };
        let unshown: HashSet<AgencyId> = delivery.unshown().clone();
        let mut by_peer: HashMap<AgencyId, Vec<Queued>> =
            unshown.iter().map(|agency| (agency.clone(), Vec::new())).collect();
        for queued in letters.into_iter().filter(|queued| !delivery.is_in_hand(&name(queued))) {
            by_peer.entry(queued.letter().peer.clone()).or_default().push(queued);
        }
        let state = delivery.context.agency.registry.state();
        let now = Instant::now();
        for (agency, letters) in by_peer {
            let due = self.pauses.get(&agency).is_none_or(|pause| pause.until <= now)
                && !self.under_way.contains_key(&agency);
            let Some(peer) = state.peers.get(&agency).filter(|peer| due && peer.blocked.is_none())
            else {
                continue;
            };
            let (delivery, peer) = (delivery.clone(), peer.clone());
            let show = unshown.contains(&agency);
            let to = agency.clone();
            let turn = self.tasks.spawn(async move {
                let shown =
                    if show { delivery.show_card(&to, true).await } else { Ok(CardShown::TakenIn) };
                // Who refuses a card takes letters all the same.
                let delivered = shown.is_ok()
                    && (letters.is_empty() || delivery.deliver_to(&peer, letters).await.is_ok());
                delivered && shown == Ok(CardShown::TakenIn)
            });
            self.under_way.insert(agency, Turn { task: turn.id(), again: false });
        }
    }

    /// Puts down how a turn ended; whether there is reason for another one at once.
    fn ended(&mut self, task: task::Id, delivered: bool) -> bool {
        let ended = self.under_way.extract_if(|_, turn| turn.task == task).next();
        let Some((agency, Turn { again, .. })) = ended else { return false };
        if delivered {
            self.pauses.remove(&agency);
        } else if !again {
            let before = self.pauses.get(&agency);
            let length =
                before.map_or(ROUND, |pause| pause.length.saturating_mul(2)).min(LONGEST_PAUSE);
            self.pauses.insert(agency, Pause { until: Instant::now() + length, length });
        }
        again
    }
}
