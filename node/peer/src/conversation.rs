//! Conversations, and the pool of substreams they run on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use schemas::frame::Frame;
use schemas::key::PublicKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::codec::Substream;
use super::connection::Connection;
use super::network::Network;
use super::swarm::Command;
use super::{Limits, codec, key};
use crate::link::{Channel, LinkError};
use audit_log::release::Released;

/// How long a reply may take. Callers have their own, shorter limits.
const REPLY: Duration = Duration::from_secs(120);
/// How long a conversation has waited that its caller gives up, for its connection to be looked at.
const GIVEN_UP: Duration = Duration::from_secs(1);

/// Connections, idle substreams and free places, by peer.
pub(super) struct Pools {
    peers: Mutex<HashMap<PeerId, Pool>>,
    limits: Limits,
}

struct Pool {
    /// The newest last: it alone is sure to have stood a moment ago, so conversations begin on it.
    connections: Vec<Arc<Connection>>,
    /// Of the newest connection alone.
    idle: Vec<Substream>,
    places: Arc<Semaphore>,
}

impl Pool {
    fn standing(&self) -> impl DoubleEndedIterator<Item = &Arc<Connection>> {
        self.connections.iter().filter(|connection| !connection.is_over())
    }

    fn newest(&self) -> Option<&Arc<Connection>> {
        self.standing().next_back()
    }

    fn is_newest(&self, connection: &Connection) -> bool {
        self.newest().is_some_and(|newest| newest.id() == connection.id())
    }
}

/// A place in the conversations with one peer.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
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
            connections: Vec::new(),
            idle: Vec::new(),
            places: Arc::new(Semaphore::new(most)),
        }))
    }

    pub(super) async fn place(&self, peer: &PeerId) -> Result<Place, LinkError> {
        let places = self.with(peer, |pool| pool.places.clone());
        let permit = tokio::time::timeout(self.limits.wait, places.acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            _ => Err(LinkError::Busy),
        }
    }

    /// An idle substream of the newest connection that the peer has not closed.
    pub(super) fn idle(&self, peer: &PeerId) -> Option<Substream> {
        loop {
            let mut stream = self.with(peer, |pool| {
                let stream = pool.idle.pop()?;
                pool.is_newest(stream.connection()).then_some(stream)
            })?;
            if stream.is_quiet() {
                return Some(stream);
            }
        }
    }

    fn put_back(&self, peer: &PeerId, stream: Substream) {
        self.with(peer, |pool| {
            if pool.is_newest(stream.connection()) {
                pool.idle.push(stream);
            }
        });
    }

    /// What is idle on a connection is used no more: who comes next sees by opening a substream
    /// whether it still stands.
    fn distrust(&self, peer: &PeerId, connection: &Connection) {
        connection.distrust();
        let idle = self.with(peer, |pool| {
            let newest = pool.is_newest(connection);
            newest.then(|| std::mem::take(&mut pool.idle))
        });
        drop(idle);
    }

    /// A connection stands, and conversations begin on it from now on.
    pub(super) fn opened(&self, peer: &PeerId, connection: Arc<Connection>) {
        let stale = self.with(peer, |pool| {
            pool.connections.iter().for_each(|older| older.replace());
            pool.connections.push(connection);
            std::mem::take(&mut pool.idle)
        });
        drop(stale);
    }

    pub(super) fn closed(&self, peer: &PeerId, id: ConnectionId) {
        let stale = self.with(peer, |pool| {
            pool.connections.retain(|connection| connection.id() != id);
            let (stale, idle): (Vec<_>, Vec<_>) = std::mem::take(&mut pool.idle)
                .into_iter()
                .partition(|stream| stream.connection().id() == id);
            pool.idle = idle;
            stale
        });
        drop(stale);
    }

    /// The connection on which conversations begin.
    pub(super) fn newest(&self, peer: &PeerId) -> Option<ConnectionId> {
        self.with(peer, |pool| pool.newest().map(|connection| connection.id()))
    }

    /// What a caller is told whose connection said nothing: a peer that was heard on another one
    /// meanwhile was there.
    pub(super) fn silence(&self, peer: &PeerId, since: Instant) -> LinkError {
        let there =
            self.with(peer, |pool| pool.standing().any(|other| !other.is_silent_since(since)));
        if there { LinkError::Lost(LinkError::Silent.to_string()) } else { LinkError::Silent }
    }

    /// Closes every connection with a peer.
    pub(super) fn clear(&self, peer: &PeerId) {
        let stale = self.with(peer, |pool| {
            pool.connections.iter().for_each(|connection| connection.close());
            std::mem::take(&mut pool.idle)
        });
        drop(stale);
    }

    /// Closes every connection.
    pub(super) fn clear_all(&self) {
        let peers: Vec<PeerId> = self.peers().keys().copied().collect();
        peers.iter().for_each(|peer| self.clear(peer));
    }

    pub(super) fn is_connected(&self, peer: &PeerId) -> bool {
        self.peers().get(peer).is_some_and(|pool| pool.newest().is_some())
    }

    pub(super) fn connected(&self) -> Vec<PublicKey> {
        let peers = self.peers();
        let connected = peers.iter().filter(|(_, pool)| pool.newest().is_some());
        connected.filter_map(|(peer, _)| key::node_key(peer)).collect()
    }
}

/// A conversation that we opened.
pub struct Conversation {
    stream: Option<Substream>,
    _place: Place,
    pools: Arc<Pools>,
    /// The network ends with the last of these: one that was made for this conversation lasts as long.
    _commands: mpsc::Sender<Command>,
    peer: PeerId,
    /// Since when a frame of the peer is waited for.
    waiting: Option<Instant>,
}

impl Conversation {
    pub(super) fn new(stream: Substream, place: Place, network: &Network, peer: PeerId) -> Self {
        let (pools, _commands) = (network.pools.clone(), network.commands.clone());
        Self { stream: Some(stream), _place: place, pools, _commands, peer, waiting: None }
    }

    fn stream(&mut self) -> Result<&mut Substream, LinkError> {
        self.stream.as_mut().ok_or_else(|| LinkError::Lost("the conversation is over".into()))
    }
}

impl Channel for Conversation {
    async fn send_all(&mut self, frames: &[Released]) -> Result<(), LinkError> {
        self.waiting = Some(Instant::now());
        codec::write(self.stream()?, frames).await
    }

    async fn recv(&mut self) -> Result<Frame, LinkError> {
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let stream = self.stream()?;
        let connection = stream.connection().clone();
        let read = tokio::time::timeout(REPLY, codec::read(stream));
        let frame = tokio::select! {
            frame = read => {
                frame.unwrap_or_else(|_| Err(LinkError::Lost("no reply in time".into())))
            }
            () = connection.falls_silent(since) => {
                connection.give_up();
                Err(LinkError::Silent)
            }
        };
        self.waiting = None;
        frame.map_err(|error| match error {
            LinkError::Silent => self.pools.silence(&self.peer, since),
            error => error,
        })
    }

    fn finish(mut self) {
        self.waiting = None;
        if let Some(stream) = self.stream.take() {
            self.pools.put_back(&self.peer, stream);
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let (Some(since), Some(stream)) = (self.waiting, &self.stream) else { return };
        if since.elapsed() >= GIVEN_UP && stream.connection().is_silent_since(since) {
            self.pools.distrust(&self.peer, stream.connection());
        }
    }
}
