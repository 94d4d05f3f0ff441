//! Conversations, and the pool of substreams they run on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::{PeerId, Stream};
use schemas::frame::Frame;
use schemas::key::PublicKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Limits, codec, key};
use crate::audit::release::Released;
use crate::query::ports::{Channel, LinkError};

/// How long a reply may take. Callers have their own, shorter limits.
const REPLY: Duration = Duration::from_secs(120);

/// Idle substreams and free places, by peer.
pub(super) struct Pools {
    peers: Mutex<HashMap<PeerId, Pool>>,
    limits: Limits,
}

struct Pool {
    idle: Vec<Stream>,
    places: Arc<Semaphore>,
    connections: usize,
    /// Counted up when all connections have gone: substreams of before are worthless.
    era: u64,
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

    pub(super) fn idle(&self, peer: &PeerId) -> Option<Stream> {
        self.with(peer, |pool| pool.idle.pop())
    }

    fn put_back(&self, peer: &PeerId, stream: Stream, era: u64) {
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
            pool.era = pool.era.saturating_add(1);
            std::mem::take(&mut pool.idle)
        });
        drop(stale);
    }

    pub(super) fn clear(&self, peer: &PeerId) {
        let stale = self.with(peer, |pool| {
            pool.era = pool.era.saturating_add(1);
            std::mem::take(&mut pool.idle)
        });
        drop(stale);
    }

    pub(super) fn connected(&self) -> Vec<PublicKey> {
        let peers = self.peers();
        let connected = peers.iter().filter(|(_, pool)| pool.connections > 0);
        connected.filter_map(|(peer, _)| key::node_key(peer)).collect()
    }
}

/// A conversation that we opened.
pub struct Conversation {
    stream: Stream,
    place: Place,
    pools: Arc<Pools>,
    peer: PeerId,
}

impl Conversation {
    pub(super) fn new(stream: Stream, place: Place, pools: Arc<Pools>, peer: PeerId) -> Self {
        Self { stream, place, pools, peer }
    }
}

impl Channel for Conversation {
    async fn send_all(&mut self, frames: &[Released]) -> Result<(), LinkError> {
        codec::write(&mut self.stream, frames).await
    }

    async fn recv(&mut self) -> Result<Frame, LinkError> {
        tokio::time::timeout(REPLY, codec::read(&mut self.stream))
            .await
            .map_err(|_| LinkError::Lost("no reply in time".into()))?
    }

    fn finish(self) {
        let Self { stream, place, pools, peer } = self;
        pools.put_back(&peer, stream, place.era);
    }
}
