//! When which peer is tried: each at its own pace, so that one that is slow or down delays nobody.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use schemas::agency::AgencyId;
use tokio::sync::{Notify, mpsc};
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::own_card::CardShown;
use super::{Delivery, name};
use audit_log::registry::Registry;
use peer::link::{Dial, Dialler};
use registry::{Peer, State};
use store::Queued;

/// How often the outbox is looked through.
const ROUND: Duration = Duration::from_secs(2);
/// Most messages of one type to a peer at a time.
const EACH: u32 = 256;
/// Longest pause before an unreachable peer is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

struct Pause {
    until: Instant,
    length: Duration,
}

/// A delivery to one peer that is under way.
struct Visit {
    task: task::Id,
    /// There was reason for another one meanwhile.
    again: bool,
}

/// Which peer is due when.
#[derive(Default)]
struct Rounds {
    pauses: HashMap<AgencyId, Pause>,
    under_way: HashMap<AgencyId, Visit>,
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
    let mut rounds = Rounds::default();
    let mut tick = tokio::time::interval(ROUND);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Some(mut reasons) = delivery.upgrade().map(|delivery| Reasons::of(&delivery)) else {
        return;
    };
    loop {
        let mut newly = None;
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
            () = wake.notified() => rounds.again_all(),
            () = &mut reasons.documents_queued => {
                let Some(delivery) = delivery.upgrade() else { return };
                reasons.documents_queued = Box::pin(delivery.agency.log.documents_queued());
                rounds.again_all();
            }
            () = &mut reasons.registry_changed => {
                let Some(delivery) = delivery.upgrade() else { return };
                let changed = reasons.look_again(&delivery.agency.registry);
                if changed.policy {
                    // Beside the card peers are sent the policy in force.
                    delivery.unshown().extend(delivery.peers());
                } else if changed.reachable.is_empty() {
                    continue;
                }
                // What came of one's card while a peer was cut off, it was not shown.
                delivery.unshown().extend(changed.let_in);
                changed.reachable.iter().for_each(|agency| rounds.again(agency));
            }
            connected = connected.recv() => match connected {
                Some(connected) => newly = Some(connected),
                None => return,
            },
            Some(done) = rounds.tasks.join_next_with_id() => {
                let (task, delivered) = done.unwrap_or_else(|failed| (failed.id(), false));
                if !rounds.ended(task, delivered) {
                    continue;
                }
            }
        }
        let Some(delivery) = delivery.upgrade() else { return };
        if let Some((agency, dialler)) = newly {
            // A connection that this node dialled tells nothing new: the peer may end it at once
            // because it does not know this node, and would be dialled again without end.
            if dialler == Dialler::Them {
                rounds.again(&agency);
            }
            let delivery = delivery.clone();
            // Without addresses: a connection that has ended meanwhile is not dialled for this.
            tokio::spawn(async move { drop(delivery.show_card(&agency, false).await) });
        }
        rounds.begin(&delivery).await;
    }
}

/// What of the registry gives reason for a visit.
struct Changed {
    /// Peers that came, were let in again, or have another card.
    reachable: Vec<AgencyId>,
    /// Those of them that were cut off before.
    let_in: Vec<AgencyId>,
    /// Whether another policy is in force.
    policy: bool,
}

/// What gives reason for a visit before the next round: entries of the log. Each future is made anew,
/// and thus counts from then on, before the outbox is looked at.
struct Reasons {
    documents_queued: Pin<Box<dyn Future<Output = ()> + Send>>,
    registry_changed: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The registry as of the last look at it.
    known: Arc<State>,
}

impl Reasons {
    fn of<D: Dial>(delivery: &Delivery<D>) -> Self {
        let agency = &delivery.agency;
        Self {
            documents_queued: Box::pin(agency.log.documents_queued()),
            registry_changed: Box::pin(agency.registry.changed()),
            known: agency.registry.state(),
        }
    }

    /// What of the registry is another than when it was last looked at.
    fn look_again(&mut self, registry: &Registry) -> Changed {
        self.registry_changed = Box::pin(registry.changed());
        let before = std::mem::replace(&mut self.known, registry.state());
        let same = |id: &AgencyId, peer: &Peer| {
            before.peers.get(id).is_some_and(|known| {
                known.blocked.is_some() == peer.blocked.is_some()
                    && known.card.envelope == peer.card.envelope
            })
        };
        let peers = self.known.peers.iter();
        let changed = peers.filter(|(id, peer)| peer.blocked.is_none() && !same(id, peer));
        let reachable: Vec<AgencyId> = changed.map(|(id, _)| id.clone()).collect();
        let cut_off =
            |id: &AgencyId| before.peers.get(id).is_some_and(|known| known.blocked.is_some());
        Changed {
            let_in: reachable.iter().filter(|id| cut_off(id)).cloned().collect(),
            reachable,
            policy: before.policy_digest != self.known.policy_digest,
        }
    }
}

impl Rounds {
    /// There is reason to try a peer at once, or again as soon as its visit ends.
    fn again(&mut self, agency: &AgencyId) {
        self.pauses.remove(agency);
        if let Some(visit) = self.under_way.get_mut(agency) {
            visit.again = true;
        }
    }

    /// There is reason to try every peer at once.
    fn again_all(&mut self) {
        self.pauses.clear();
        self.under_way.values_mut().for_each(|visit| visit.again = true);
    }

    /// Begins a visit to every peer that has something to get, may be tried, and is not being visited.
    async fn begin<D: Dial>(&mut self, delivery: &Arc<Delivery<D>>) {
        let messages = match delivery.store.outbox(EACH).await {
            Ok(messages) => messages,
            Err(error) => return tracing::error!(%error, "the outbox cannot be read"),
        };
        let unshown: HashSet<AgencyId> = delivery.unshown().clone();
        let mut by_peer: HashMap<AgencyId, Vec<Queued>> =
            unshown.iter().map(|agency| (agency.clone(), Vec::new())).collect();
        for queued in messages.into_iter().filter(|queued| !delivery.is_in_flight(&name(queued))) {
            by_peer.entry(queued.message().peer.clone()).or_default().push(queued);
        }
        let state = delivery.agency.registry.state();
        let now = Instant::now();
        for (agency, messages) in by_peer {
            let due = self.pauses.get(&agency).is_none_or(|pause| pause.until <= now)
                && !self.under_way.contains_key(&agency);
            let Some(peer) = state.peers.get(&agency).filter(|peer| due && peer.blocked.is_none())
            else {
                continue;
            };
            let (delivery, peer) = (delivery.clone(), peer.clone());
            let show = unshown.contains(&agency);
            let to = agency.clone();
            let visit = self.tasks.spawn(async move {
                let shown =
                    if show { delivery.show_card(&to, true).await } else { Ok(CardShown::TakenIn) };
                // A peer that refuses a card takes messages all the same.
                let delivered = shown.is_ok()
                    && (messages.is_empty() || delivery.deliver_to(&peer, messages).await.is_ok());
                delivered && shown == Ok(CardShown::TakenIn)
            });
            self.under_way.insert(agency, Visit { task: visit.id(), again: false });
        }
    }

    /// Takes note of how a visit ended; whether there is reason for another one at once.
    fn ended(&mut self, task: task::Id, delivered: bool) -> bool {
        let ended = self.under_way.extract_if(|_, visit| visit.task == task).next();
        let Some((agency, Visit { again, .. })) = ended else { return false };
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
