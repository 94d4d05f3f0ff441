//! The outbox: what is logged and signed reaches its peer, however often that takes.
//!
//! A letter leaves the outbox only when its peer has acknowledged it. Acknowledgements are put down
//! in batches, so a crash may deliver a letter twice; receivers know a letter they have.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::frame::FrameKind;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::Office;
use super::ports::{Channel, Dial, LinkError};
use crate::audit::release::Released;
use crate::registry::Peer;
use crate::store::{Letter, Queued};
use schemas::envelope::Envelope;

/// How often the outbox is looked through.
const ROUND: Duration = Duration::from_secs(2);
/// How long acknowledgements are gathered.
const GATHER: Duration = Duration::from_millis(100);
/// Most letters to a peer in one round.
const EACH: u32 = 256;
/// Longest pause before an unreachable peer is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Most acknowledgements waiting to be put down.
const LONGEST_QUEUE: usize = 4_096;

type Name = (AgencyId, Digest);

/// Sees letters delivered.
pub struct Delivery<D> {
    office: Office,
    dial: Arc<D>,
    in_hand: Arc<Mutex<HashSet<Name>>>,
    acknowledged: mpsc::Sender<Name>,
    wake: Arc<Notify>,
}

/// A letter that somebody is delivering at this moment; dropped, the outbox tries it again.
pub(super) struct InHand {
    name: Name,
    in_hand: Arc<Mutex<HashSet<Name>>>,
    acknowledged: mpsc::Sender<Name>,
}

impl InHand {
    /// Sends the frames of a receipt over the conversation of its answer and waits for the word
    /// that it is recorded. If that fails, the outbox sends it again.
    pub(super) async fn hand_over<C: Channel>(self, mut channel: C, frames: Vec<Released>) {
        if channel.send_all(&frames).await.is_err() {
            return;
        }
        if matches!(channel.recv().await, Ok(frame) if frame.kind == FrameKind::ReceiptAck) {
            channel.finish();
            // A full queue means the letter is sent, and acknowledged, once more.
            drop(self.acknowledged.send(self.name.clone()).await);
        }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

impl<D: Dial> Delivery<D> {
    /// Starts delivering; `connected` names peers that have just connected.
    #[must_use]
    pub fn start(office: Office, dial: Arc<D>, connected: mpsc::Receiver<AgencyId>) -> Arc<Self> {
        let (acknowledged, queue) = mpsc::channel(LONGEST_QUEUE);
        let in_hand = Arc::new(Mutex::new(HashSet::new()));
        let wake = Arc::new(Notify::new());
        let this = Arc::new(Self { office, dial, in_hand, acknowledged, wake });
        tokio::spawn(put_down(Arc::downgrade(&this), queue));
        tokio::spawn(rounds(Arc::downgrade(&this), this.wake.clone(), connected));
        this
    }

    /// New letters stand in the outbox; do not wait for the next round.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Keeps the rounds away from a letter that the caller delivers itself.
    pub(super) fn take(&self, letter: &Letter) -> InHand {
        let name = (letter.peer.clone(), letter.digest());
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        InHand { name, in_hand: self.in_hand.clone(), acknowledged: self.acknowledged.clone() }
    }

    fn is_in_hand(&self, name: &Name) -> bool {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    async fn deliver_to(&self, peer: &Peer, letters: Vec<Queued>) -> Result<(), LinkError> {
        let card = &peer.card.value;
        let mut channel = self.dial.open(&card.node_key, &card.addresses).await?;
        for queued in letters {
            let letter = queued.letter();
            let name = (letter.peer.clone(), letter.digest());
            if self.is_in_hand(&name) {
                continue;
            }
            channel.send(&queued.release()).await?;
            match channel.recv().await?.kind {
                FrameKind::ReceiptAck | FrameKind::DocumentAck => {
                    drop(self.acknowledged.send(name).await)
                }
                FrameKind::Failed => {
                    tracing::warn!(peer = %letter.peer, kind = ?letter.kind, "a letter was not taken in; it is sent again later");
                    // The peer may close the conversation after this; the rest is for later.
                    return Err(LinkError::Lost("a letter was not taken in".into()));
                }
                _ => return Err(LinkError::Protocol("expected an acknowledgement".into())),
            }
        }
        channel.finish();
        Ok(())
    }

    /// Shows one's card to a peer that has just connected, and looks at its card.
    async fn show_card(&self, agency: &AgencyId) -> Result<(), LinkError> {
        let state = self.office.registry.state();
        let (Some(peer), Some(own)) = (state.peers.get(agency), &state.own) else { return Ok(()) };
        let own = Envelope::parse(own.envelope.as_bytes())
            .map_err(|e| LinkError::Protocol(e.to_string()))?;
        let card = &peer.card.value;
        let mut channel = self.dial.open(&card.node_key, &card.addresses).await?;
        channel.send(&Released::own_card(&own)).await?;
        let shown = channel.recv().await?;
        if shown.kind == FrameKind::Card {
            channel.finish();
            self.office.card_shown(peer, &shown.body).await.map_err(LinkError::Protocol)?;
        }
        Ok(())
    }
}

/// Puts acknowledgements down in batches, until the delivery has gone and all are down.
async fn put_down<D: Dial>(
    delivery: std::sync::Weak<Delivery<D>>,
    mut queue: mpsc::Receiver<Name>,
) {
    let mut names = Vec::new();
    while queue.recv_many(&mut names, LONGEST_QUEUE).await > 0 {
        tokio::time::sleep(GATHER).await;
        while let Ok(name) = queue.try_recv() {
            names.push(name);
        }
        let Some(delivery) = delivery.upgrade() else { return };
        if let Err(error) = delivery.office.store.delivered(&names).await {
            // They stay in the outbox and are sent, and acknowledged, again.
            tracing::error!(%error, letters = names.len(), "acknowledgements could not be put down");
        }
        names.clear();
    }
}

struct Pause {
    until: Instant,
    length: Duration,
}

async fn rounds<D: Dial>(
    delivery: std::sync::Weak<Delivery<D>>,
    wake: Arc<Notify>,
    mut connected: mpsc::Receiver<AgencyId>,
) {
    let mut pauses: HashMap<AgencyId, Pause> = HashMap::new();
    let mut tick = tokio::time::interval(ROUND);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let newly = tokio::select! {
            _ = tick.tick() => None,
            () = wake.notified() => { pauses.clear(); None }
            agency = connected.recv() => match agency { Some(agency) => Some(agency), None => return },
        };
        let Some(delivery) = delivery.upgrade() else { return };
        if let Some(agency) = newly {
            pauses.remove(&agency);
            let delivery = delivery.clone();
            tokio::spawn(async move { drop(delivery.show_card(&agency).await) });
        }
        round(&delivery, &mut pauses).await;
    }
}

async fn round<D: Dial>(delivery: &Arc<Delivery<D>>, pauses: &mut HashMap<AgencyId, Pause>) {
    let letters = match delivery.office.store.outbox(EACH).await {
        Ok(letters) => letters,
        Err(error) => return tracing::error!(%error, "the outbox cannot be read"),
    };
    let mut by_peer: HashMap<AgencyId, Vec<Queued>> = HashMap::new();
    for queued in letters {
        by_peer.entry(queued.letter().peer.clone()).or_default().push(queued);
    }
    let state = delivery.office.registry.state();
    let now = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for (agency, letters) in by_peer {
        let due = pauses.get(&agency).is_none_or(|pause| pause.until <= now);
        let Some(peer) = state.peers.get(&agency).filter(|peer| due && peer.blocked.is_none())
        else {
            continue;
        };
        let (delivery, peer) = (delivery.clone(), peer.clone());
        tasks.spawn(async move {
            let limit = Duration::from_secs(20);
            let done = tokio::time::timeout(limit, delivery.deliver_to(&peer, letters)).await;
            (agency, matches!(done, Ok(Ok(()))))
        });
    }
    while let Some(done) = tasks.join_next().await {
        let Ok((agency, delivered)) = done else { continue };
        if delivered {
            pauses.remove(&agency);
        } else {
            let length = pauses
                .get(&agency)
                .map_or(ROUND, |p| p.length.saturating_mul(2))
                .min(LONGEST_PAUSE);
            pauses.insert(agency, Pause { until: Instant::now() + length, length });
        }
    }
}
