//! Conversations, and the pool of substreams they run on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::PeerId;
use schemas::frame::Frame;
use schemas::key::PublicKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::codec::Substream;
use super::swarm::Command;
use super::{Limits, codec, key};
use crate::link::{Channel, LinkError};
use audit_log::release::Released;

/// How long a reply may take. Callers have their own, shorter limits.
const REPLY: Duration = Duration::from_secs(120);
/// How long a peer that is waited for may say nothing at all before its connection counts as dead.
const SILENT: Duration = Duration::from_secs(10);
/// The same for a conversation that its caller gives up.
const GIVEN_UP: Duration = Duration::from_secs(1);

/// Idle substreams and free places, by peer.
pub(super) struct Pools {
    peers: Mutex<HashMap<PeerId, Pool>>,
    limits: Limits,
}

struct Pool {
    idle: Vec<Substream>,
    places: Arc<Semaphore>,
    connections: usize,
    /// Counted up when all connections have gone: substreams of before are worthless.
    era: u64,
    /// When a frame of the peer last came, on whichever conversation.
    heard: Option<Instant>,
}

impl Pool {
    /// The substreams so far are worthless from now on.
    fn next_era(&mut self) -> Vec<Substream> {
        self.era = self.era.saturating_add(1);
        std::mem::take(&mut self.idle)
    }

    fn is_silent_since(&self, since: Instant) -> bool {
        self.heard.is_none_or(|heard| heard < since)
    }
}

/// A place in the conversations with one peer.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    era: u64,
}

impl Pools {
    pub(super) fn new(limits: Limits) -> Self {
        Self { peers: Mutex::default(), limits }
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<PeerId, Pool>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, peer: &PeerId, what: impl FnOnce(&mut Pool) -> T) -> T {
        let most = self.limits.conversations_per_peer;
        what(self.peers().entry(*peer).or_insert_with(|| Pool {
            idle: Vec::new(),
            places: Arc::new(Semaphore::new(most)),
            connections: 0,
            era: 0,
            heard: None,
        }))
    }

    pub(super) async fn place(&self, peer: &PeerId) -> Result<Place, LinkError> {
        let (places, era) = self.with(peer, |pool| (pool.places.clone(), pool.era));
        let permit = tokio::time::timeout(self.limits.wait, places.acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Place { _permit: permit, era }),
            _ => Err(LinkError::Busy),
        }
    }

    pub(super) fn idle(&self, peer: &PeerId) -> Option<Substream> {
        self.with(peer, |pool| pool.idle.pop())
    }

    fn put_back(&self, peer: &PeerId, stream: Substream, era: u64) {
        self.with(peer, |pool| {
            if pool.connections > 0 && pool.era == era {
                pool.idle.push(stream);
            }
        });
    }

    pub(super) fn opened(&self, peer: &PeerId) {
        self.with(peer, |pool| pool.connections = pool.connections.saturating_add(1));
    }

    pub(super) fn closed(&self, peer: &PeerId, left: usize) {
        let stale = self.with(peer, |pool| {
            pool.connections = left;
            // A pooled substream does not tell which connection it is of: with any connection
            // gone, all are given up. Opening anew costs a round trip, a dead one an exchange.
            pool.next_era()
        });
        drop(stale);
    }

    /// A frame of the peer has come.
    pub(super) fn heard(&self, peer: &PeerId) {
        self.with(peer, |pool| pool.heard = Some(Instant::now()));
    }

    /// Whether no frame of the peer has come since then.
    fn is_silent_since(&self, peer: &PeerId, since: Instant) -> bool {
        self.with(peer, |pool| pool.is_silent_since(since))
    }

    /// Gives up the connections of an era in which no frame has come since then; whether they stood.
    /// Of all conversations that wait on them the first does it, so that none ends the next ones.
    fn give_up(&self, peer: &PeerId, era: u64, since: Instant) -> bool {
        let stale = self.with(peer, |pool| {
            (pool.era == era && pool.is_silent_since(since)).then(|| pool.next_era())
        });
        stale.is_some()
    }

    pub(super) fn clear(&self, peer: &PeerId) {
        drop(self.with(peer, Pool::next_era));
    }

    pub(super) fn is_connected(&self, peer: &PeerId) -> bool {
        self.peers().get(peer).is_some_and(|pool| pool.connections > 0)
    }

    pub(super) fn connected(&self) -> Vec<PublicKey> {
        let peers = self.peers();
        let connected = peers.iter().filter(|(_, pool)| pool.connections > 0);
        connected.filter_map(|(peer, _)| key::node_key(peer)).collect()
    }
}

/// A conversation that we opened.
///
/// A link can break without a word to either end. TCP would wait a quarter of an hour for it; here
/// the connection is given up as soon as the peer is waited for and says nothing on any conversation,
/// so that whoever asks next has a new one.
pub struct Conversation {
    stream: Option<Substream>,
    place: Place,
    pools: Arc<Pools>,
    peer: PeerId,
    commands: mpsc::Sender<Command>,
    /// Since when a frame of the peer is waited for.
    waiting: Option<Instant>,
}

impl Conversation {
    pub(super) fn new(
        stream: Substream,
        place: Place,
        pools: Arc<Pools>,
        peer: PeerId,
        commands: mpsc::Sender<Command>,
    ) -> Self {
        Self { stream: Some(stream), place, pools, peer, commands, waiting: None }
    }

    fn stream(&mut self) -> Result<&mut Substream, LinkError> {
        self.stream.as_mut().ok_or_else(|| LinkError::Lost("the conversation is over".into()))
    }

    fn give_up_connection(&self, since: Instant) {
        if self.pools.give_up(&self.peer, self.place.era, since) {
            tracing::debug!(node.id = %self.peer, "a connection is silent; it is given up");
            // A full queue leaves it to the next one that waits in vain.
            drop(self.commands.try_send(Command::Disconnect(self.peer)));
        }
    }
}

impl Channel for Conversation {
    async fn send_all(&mut self, frames: &[Released]) -> Result<(), LinkError> {
        self.waiting = Some(Instant::now());
        codec::write(self.stream()?, frames).await
    }

    async fn recv(&mut self) -> Result<Frame, LinkError> {
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let (pools, peer) = (self.pools.clone(), self.peer);
        let silence = async {
            let mut from = since;
            loop {
                tokio::time::sleep_until(from + SILENT).await;
                if pools.is_silent_since(&peer, from) {
                    return from;
                }
                from = Instant::now();
            }
        };
        let read = tokio::time::timeout(REPLY, codec::read(self.stream()?));
        let frame = tokio::select! {
            frame = read => frame.map_err(|_| LinkError::Lost("no reply in time".into()))?,
            since = silence => {
                self.waiting = None;
                self.give_up_connection(since);
                return Err(LinkError::Lost("the connection says nothing any more".into()));
            }
        }?;
        self.waiting = None;
        self.pools.heard(&self.peer);
        Ok(frame)
    }

    fn finish(mut self) {
        self.waiting = None;
        if let Some(stream) = self.stream.take() {
            self.pools.put_back(&self.peer, stream, self.place.era);
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let Some(since) = self.waiting else { return };
        if since.elapsed() >= GIVEN_UP {
            self.give_up_connection(since);
        }
    }
}
