//! The outbox: what is logged and signed reaches its peer, however often that takes.
//!
//! A letter leaves the outbox only when its peer has acknowledged it. Acknowledgements are put down
//! in batches, so a crash may deliver a letter twice; receivers know a letter they have. One's own
//! card goes the same way when there is a new version of it.

mod rounds;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::frame::FrameKind;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::NodeContext;
use audit_log::release::Released;
use peer::link::{Channel, Dial, Dialler, LinkError, Reach};
use registry::{Peer, Published};
use schemas::envelope::Envelope;
use store::{OutboxMessage, Queued};

/// How long acknowledgements are gathered.
const GATHER: Duration = Duration::from_millis(100);
/// How long one letter may take, with its acknowledgement.
const LETTER: Duration = Duration::from_secs(20);
/// Most acknowledgements waiting to be put down.
const LONGEST_QUEUE: usize = 4_096;

type Name = (AgencyId, Digest);

/// Sees letters delivered.
pub struct Delivery<D> {
    context: NodeContext,
    dial: Arc<D>,
    /// Letters that are being delivered otherwise, or were acknowledged and are not put down yet.
    in_hand: Arc<Mutex<HashSet<Name>>>,
    acknowledged: mpsc::Sender<Name>,
    /// Peers that have not been shown the present version of one's card.
    unshown: Mutex<HashSet<AgencyId>>,
    wake: Arc<Notify>,
    /// Nothing more will be acknowledged.
    finish: CancellationToken,
}

/// What became of a card that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CardShown {
    TakenIn,
    Refused,
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
    /// What delivers, and the task in which it does so until `stop`; `connected` names peers that have
    /// just connected. What was acknowledged meanwhile is put down up to [`Self::finish`].
    #[must_use]
    pub fn start(
        context: NodeContext,
        dial: Arc<D>,
        connected: mpsc::Receiver<(AgencyId, Dialler)>,
        stop: CancellationToken,
    ) -> (Arc<Self>, impl Future<Output = ()>) {
        let (acknowledged, queue) = mpsc::channel(LONGEST_QUEUE);
        let in_hand = Arc::new(Mutex::new(HashSet::new()));
        let wake = Arc::new(Notify::new());
        let unshown = Mutex::default();
        let finish = CancellationToken::new();
        let this = Self { context, dial, in_hand, acknowledged, unshown, wake, finish };
        let this = Arc::new(this);
        // Which peers have seen the present version is not stored, and each says what head of this
        // log it holds: a log that was put back learns so at once.
        this.announce();
        let putting_down = put_down(Arc::downgrade(&this), queue, this.finish.clone());
        let rounds = rounds::run(Arc::downgrade(&this), this.wake.clone(), connected, stop);
        (this, async {
            tokio::join!(putting_down, rounds);
        })
    }

    /// Puts down what is acknowledged by now, and nothing more: the node stops.
    pub fn finish(&self) {
        self.finish.cancel();
    }

    /// One's card has a new version: shows it to every peer, however often that takes.
    pub fn announce(&self) {
        let state = self.context.agency.registry.state();
        let peers = state.peers.iter().filter(|(_, peer)| peer.blocked.is_none());
        self.unshown().extend(peers.map(|(id, _)| id.clone()));
        self.wake();
    }

    /// Peers that have not taken in the present version of one's card.
    #[must_use]
    pub fn not_shown(&self) -> Vec<AgencyId> {
        self.unshown().iter().cloned().collect()
    }

    fn unshown(&self) -> MutexGuard<'_, HashSet<AgencyId>> {
        self.unshown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_hand(&self) -> MutexGuard<'_, HashSet<Name>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// New letters stand in the outbox; do not wait for the next round.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Keeps the rounds away from a letter that the caller delivers itself.
    pub(super) fn take(&self, letter: &OutboxMessage) -> InHand {
        let name = (letter.peer.clone(), letter.digest());
        self.in_hand().insert(name.clone());
        InHand { name, in_hand: self.in_hand.clone(), acknowledged: self.acknowledged.clone() }
    }

    fn is_in_hand(&self, name: &Name) -> bool {
        self.in_hand().contains(name)
    }

    async fn deliver_to(&self, peer: &Peer, letters: Vec<Queued>) -> Result<(), LinkError> {
        let reach = Reach::of(peer, self.context.agency.clock.now());
        let mut open = None;
        let mut left = 0usize;
        for queued in letters {
            let (letter, name) = (queued.letter(), name(&queued));
            if self.is_in_hand(&name) {
                continue;
            }
            let released = Released::queued(&queued);
            let mut channel = match open.take() {
                Some(channel) => channel,
                None => self.dial.open(&reach).await?,
            };
            let exchange = async {
                channel.send(&released).await?;
                channel.recv().await
            };
            match in_time(exchange).await?.kind {
                FrameKind::ReceiptAck | FrameKind::DocumentAck => {
                    self.in_hand().insert(name.clone());
                    drop(self.acknowledged.send(name).await);
                    open = Some(channel);
                }
                FrameKind::Failed => {
                    tracing::warn!(peer = %letter.peer, kind = ?letter.kind, "a letter was not taken in; it is sent again later");
                    // The peer may close the conversation after this. It keeps back none of the
                    // letters behind it: they go over another one.
                    left = left.saturating_add(1);
                }
                _ => return Err(LinkError::Protocol("expected an acknowledgement".into())),
            }
        }
        if let Some(channel) = open {
            channel.finish();
        }
        if left > 0 { Err(LinkError::Lost("letters were not taken in".into())) } else { Ok(()) }
    }

    /// Shows one's card to a peer, and looks at its card; over a connection that stands or, with
    /// `dialling`, a new one. To a peer who does not know the present node key, as the node before.
    async fn show_card(&self, agency: &AgencyId, dialling: bool) -> Result<CardShown, LinkError> {
        let state = self.context.agency.registry.state();
        let (Some(peer), Some(own)) = (state.peers.get(agency), &state.own) else {
            return Ok(CardShown::TakenIn);
        };
        let mut reach = Reach::of(peer, self.context.agency.clock.now());
        if !dialling {
            reach.addresses.clear();
        }
        let shown = match self.dial.open(&reach).await {
            Ok(channel) => self.show_card_over(channel, peer, own).await,
            Err(error) => Err(error),
        };
        // Who ends the conversation may know this node as the one before.
        let away =
            matches!(shown, Err(LinkError::Unreachable { .. } | LinkError::AnotherNode { .. }));
        if shown.is_ok() || away || !dialling {
            return shown;
        }
        match self.dial.open_as_before(&reach).await {
            Some(channel) => self.show_card_over(channel?, peer, own).await,
            None => shown,
        }
    }

    async fn show_card_over(
        &self,
        mut channel: D::Channel,
        peer: &Peer,
        own_card: &Published<Card>,
    ) -> Result<CardShown, LinkError> {
        let agency = &peer.card.value.id;
        let own = Envelope::parse(own_card.envelope.as_bytes())
            .map_err(|e| LinkError::Protocol(e.to_string()))?;
        let greeting =
            self.context.greeting(agency).await.map_err(|e| LinkError::Lost(e.to_string()))?;
        let exchange = async {
            channel.send(&Released::own_card(&own, &greeting)).await?;
            channel.recv().await
        };
        let shown = in_time(exchange).await?;
        if shown.kind != FrameKind::Card {
            tracing::warn!(peer = %agency, "this agency's card was not taken in; it is shown again later");
            return Ok(CardShown::Refused);
        }
        // A version that came meanwhile is announced for itself.
        if self.context.agency.registry.state().own.as_ref().is_some_and(|now| now == own_card) {
            self.unshown().remove(agency);
        }
        channel.finish();
        self.context.card_shown(peer, &shown).await.map_err(LinkError::Protocol)?;
        Ok(CardShown::TakenIn)
    }
}

fn name(queued: &Queued) -> Name {
    let letter = queued.letter();
    (letter.peer.clone(), letter.digest())
}

/// A letter and its acknowledgement, or an error when that takes too long.
async fn in_time<T>(exchange: impl Future<Output = Result<T, LinkError>>) -> Result<T, LinkError> {
    match tokio::time::timeout(LETTER, exchange).await {
        Ok(done) => done,
        Err(_) => Err(LinkError::Lost("no acknowledgement in time".into())),
    }
}

/// Puts acknowledgements down in batches, until the delivery has gone and all are down.
async fn put_down<D: Dial>(
    delivery: std::sync::Weak<Delivery<D>>,
    mut queue: mpsc::Receiver<Name>,
    finish: CancellationToken,
) {
    let mut names = Vec::new();
    loop {
        // What waits in the queue is put down before the end is looked at.
        let more = tokio::select! {
            biased;
            received = queue.recv_many(&mut names, LONGEST_QUEUE) => received > 0,
            () = finish.cancelled() => false,
        };
        if !more {
            return;
        }
        drop(tokio::time::timeout(GATHER, finish.cancelled()).await);
        while let Ok(name) = queue.try_recv() {
            names.push(name);
        }
        let Some(delivery) = delivery.upgrade() else { return };
        if let Err(error) = delivery.context.store.delivered(&names).await {
            // They stay in the outbox and are sent, and acknowledged, again.
            tracing::error!(%error, letters = names.len(), "acknowledgements could not be put down");
        }
        for name in &names {
            delivery.in_hand().remove(name);
        }
        names.clear();
    }
}
