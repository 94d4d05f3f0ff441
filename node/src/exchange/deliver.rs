//! The outbox: what is logged and signed reaches its peer, however often that takes.
//!
//! A message leaves the outbox only when its peer has acknowledged it. Acknowledgements are written in
//! batches, so a crash may deliver a message twice; receivers know a message they have. One's own
//! card goes the same way when there is a new version of it, and beside it the policy in force.

mod own_card;
mod refusals;
mod rounds;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::envelope::Envelope;
use schemas::frame::FrameKind;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::witness::Witnessing;
use crate::context::{NodeContext, OwnKeys};
use crate::permission::OwnAgency;
use audit_log::release::Released;
use peer::link::{Channel, Dial, Dialler, LinkError, Reach};
use refusals::Refusals;
use registry::Peer;
use store::{OutboxMessage, Queued, ReadStore};

pub use refusals::RefusedLetter;

/// How long acknowledgements are gathered.
const GATHER: Duration = Duration::from_millis(100);
/// How long one message may take, with its acknowledgement.
const MESSAGE: Duration = Duration::from_secs(20);
/// Most acknowledgements waiting to be written.
const LONGEST_QUEUE: usize = 4_096;

type Name = (AgencyId, Digest);

/// Sees messages delivered.
pub struct Delivery<D> {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    witnessing: Witnessing,
    keys: OwnKeys,
    dial: Arc<D>,
    /// Messages that are being delivered otherwise, or whose acknowledgement is not written yet.
    in_flight: Arc<Mutex<HashSet<Name>>>,
    acknowledged: mpsc::Sender<Name>,
    /// Peers that have not been shown the present version of one's card.
    unshown: Mutex<HashSet<AgencyId>>,
    /// What peers said of letters that they have not taken in.
    refusals: Refusals,
    wake: Arc<Notify>,
    /// Nothing more will be acknowledged.
    finish: CancellationToken,
}

/// A message that somebody is delivering at this moment; dropped, the outbox tries it again.
pub(super) struct MessageInFlight {
    name: Name,
    in_flight: Arc<Mutex<HashSet<Name>>>,
    acknowledged: mpsc::Sender<Name>,
}

impl MessageInFlight {
    /// Sends the frames of a receipt over the conversation of its answer and waits for the word
    /// that it is recorded. If that fails, the outbox sends it again.
    pub(super) async fn hand_over<C: Channel>(self, mut channel: C, frames: Vec<Released>) {
        if channel.send_all(&frames).await.is_err() {
            return;
        }
        if matches!(channel.recv().await, Ok(frame) if frame.kind == FrameKind::ReceiptAck) {
            channel.finish();
            // A full queue means the message is sent, and acknowledged, once more.
            drop(self.acknowledged.send(self.name.clone()).await);
        }
    }
}

impl Drop for MessageInFlight {
    fn drop(&mut self) {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

impl<D: Dial> Delivery<D> {
    /// What delivers, and the task in which it does so until `stop`; `connected` names peers that have
    /// just connected. What was acknowledged meanwhile is put down up to [`Self::finish`].
    pub fn start(
        context: &NodeContext,
        dial: Arc<D>,
        connected: mpsc::Receiver<(AgencyId, Dialler)>,
        stop: CancellationToken,
    ) -> (Arc<Self>, impl Future<Output = ()> + use<D>) {
        let (acknowledged, queue) = mpsc::channel(LONGEST_QUEUE);
        let wake = Arc::new(Notify::new());
        let this = Arc::new(Self {
            agency: context.agency.clone(),
            store: context.store.clone(),
            witnessing: Witnessing::of(context),
            keys: context.keys.clone(),
            dial,
            in_flight: Arc::default(),
            acknowledged,
            unshown: Mutex::default(),
            refusals: Refusals::default(),
            wake: wake.clone(),
            finish: CancellationToken::new(),
        });
        // Which peers have seen the present version is not stored, and each says what head of this
        // log it holds: a log that was put back learns so at once.
        this.announce();
        let flushing = flush_acks(Arc::downgrade(&this), queue, this.finish.clone());
        let rounds = rounds::run(Arc::downgrade(&this), wake, connected, stop);
        (this, async {
            tokio::join!(flushing, rounds);
        })
    }

    /// Writes what is acknowledged by now, and nothing more: the node stops.
    pub fn finish(&self) {
        self.finish.cancel();
    }

    /// One's card has a new version: shows it to every peer, however often that takes.
    pub fn announce(&self) {
        let peers = self.peers();
        self.unshown().extend(peers);
        self.wake();
    }

    /// Every peer that is not blocked.
    fn peers(&self) -> Vec<AgencyId> {
        let state = self.agency.registry.state();
        let peers = state.peers.iter().filter(|(_, peer)| peer.blocked.is_none());
        peers.map(|(id, _)| id.clone()).collect()
    }

    /// Shows one's card to a peer once more, which learns by which key it is known here now.
    pub fn show_to(&self, peer: &AgencyId) {
        self.unshown().insert(peer.clone());
        self.wake();
    }

    /// Whether a peer's node is there now: over a connection that stands or a new one.
    ///
    /// # Errors
    /// Why not.
    pub async fn reach(&self, peer: &AgencyId) -> Result<(), LinkError> {
        self.show_card(peer, true).await.map(drop)
    }

    /// Peers that have not taken in the present version of one's card.
    #[must_use]
    pub fn not_shown(&self) -> Vec<AgencyId> {
        self.unshown().iter().cloned().collect()
    }

    /// Letters of the outbox that their peers have not taken in, and what they said.
    #[must_use]
    pub fn refused(&self) -> Vec<RefusedLetter> {
        self.refusals.list()
    }

    fn unshown(&self) -> MutexGuard<'_, HashSet<AgencyId>> {
        self.unshown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_flight(&self) -> MutexGuard<'_, HashSet<Name>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Peers may be reached again: do not wait for the next round. New documents, and cards that a
    /// person confirmed, need no call: the log and the registry say so.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Keeps the rounds away from a message that the caller delivers itself.
    pub(super) fn take(&self, message: &OutboxMessage) -> MessageInFlight {
        let name = (message.peer.clone(), message.digest());
        self.in_flight().insert(name.clone());
        let (in_flight, acknowledged) = (self.in_flight.clone(), self.acknowledged.clone());
        MessageInFlight { name, in_flight, acknowledged }
    }

    fn is_in_flight(&self, name: &Name) -> bool {
        self.in_flight().contains(name)
    }

    async fn deliver_to(&self, peer: &Peer, messages: Vec<Queued>) -> Result<(), LinkError> {
        let reach = Reach::of(peer, self.agency.clock.now());
        let mut open = None;
        let mut left = 0usize;
        for queued in messages {
            let (message, name) = (queued.message(), name(&queued));
            if self.is_in_flight(&name) {
                continue;
            }
            let kind = Envelope::parse(message.body.as_bytes()).ok().map(|one| one.kind());
            let now = self.agency.clock.now();
            // A peer that takes in no more of a type is not asked again for each of them.
            if kind.is_some_and(|kind| self.refusals.is_full(&message.peer, kind, now)) {
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
            let reply = in_time(exchange).await?;
            match reply.kind {
                FrameKind::ReceiptAck | FrameKind::DocumentAck => {
                    self.in_flight().insert(name.clone());
                    drop(self.acknowledged.send(name).await);
                    open = Some(channel);
                }
                FrameKind::Failed => {
                    self.refusals.note(&name, kind, &reply.body, now);
                    tracing::warn!(peer.id = %message.peer, frame.kind = ?message.kind, "a message was not taken in; it is sent again later");
                    // The peer may close the conversation after this. It keeps back none of the
                    // messages behind it: they go over another one.
                    left = left.saturating_add(1);
                }
                _ => return Err(LinkError::Protocol("expected an acknowledgement".into())),
            }
        }
        if let Some(channel) = open {
            channel.finish();
        }
        if left > 0 { Err(LinkError::Lost("messages were not taken in".into())) } else { Ok(()) }
    }
}

fn name(queued: &Queued) -> Name {
    let message = queued.message();
    (message.peer.clone(), message.digest())
}

/// A message and its acknowledgement, or an error when that takes too long.
async fn in_time<T>(exchange: impl Future<Output = Result<T, LinkError>>) -> Result<T, LinkError> {
    match tokio::time::timeout(MESSAGE, exchange).await {
        Ok(done) => done,
        Err(_) => Err(LinkError::Lost("no acknowledgement in time".into())),
    }
}

/// Writes acknowledgements in batches, until the delivery has gone and all are written.
async fn flush_acks<D: Dial>(
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
        if let Err(error) = delivery.agency.log.delivered(&names).await {
            // They stay in the outbox and are sent, and acknowledged, again.
            tracing::error!(%error, messages = names.len(), "acknowledgements could not be written");
        }
        for name in &names {
            delivery.refusals.taken_in(name);
            delivery.in_flight().remove(name);
        }
        names.clear();
    }
}
