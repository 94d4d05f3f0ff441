//! What one peer may hold of this node over all its connections: substreams, bytes of frames that
//! are being read or served, and how often it may connect.
//!
//! Of several connections the newest counts: an older one may be dead without either side knowing,
//! so beyond the bound the oldest goes, and a peer whose link broke is never locked out by it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::minute::MinuteWindow;

/// Bytes of frames of one peer that are being read or served.
const BYTES: usize = 4 << 20;
/// Connections that one peer may open in a minute.
const CONNECTIONS_A_MINUTE: u32 = 60;

/// One peer's bounds. There are no more of them than admitted keys.
#[derive(Clone)]
pub(super) struct PeerQuota {
    places: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

impl PeerQuota {
    fn new(substreams: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(substreams)),
            bytes: Arc::new(Semaphore::new(BYTES)),
        }
    }

    /// A place for one substream, unless all are taken.
    pub(super) fn substream(&self) -> Option<SubstreamPermit> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some(SubstreamPermit { _place: place, bytes: self.bytes.clone() })
    }
}

/// The place of one substream, until it is dropped.
pub(super) struct SubstreamPermit {
    _place: OwnedSemaphorePermit,
    bytes: Arc<Semaphore>,
}

impl SubstreamPermit {
    /// Waits until so many more bytes of this peer may be held.
    pub(super) async fn hold(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes.clamp(1, BYTES)).ok()?;
        self.bytes.clone().acquire_many_owned(bytes).await.ok()
    }
}

struct Known {
    quota: PeerQuota,
    connections: VecDeque<ConnectionId>,
    opened: MinuteWindow,
}

pub(super) struct PeerLimits {
    known: HashMap<PeerId, Known>,
    substreams: usize,
    connections: usize,
}

impl PeerLimits {
    pub(super) fn new(substreams: usize, connections: usize) -> Self {
        Self { known: HashMap::new(), substreams, connections }
    }

    fn known(&mut self, peer: PeerId, now: Instant) -> &mut Known {
        let substreams = self.substreams;
        self.known.entry(peer).or_insert_with(|| Known {
            quota: PeerQuota::new(substreams),
            connections: VecDeque::new(),
            opened: MinuteWindow::new(now),
        })
    }

    /// The bounds of a peer that is admitted.
    pub(super) fn of(&mut self, peer: PeerId, now: Instant) -> PeerQuota {
        self.known(peer, now).quota.clone()
    }

    /// Whether a peer may open one more connection in this minute.
    pub(super) fn opens(&mut self, peer: PeerId, now: Instant) -> bool {
        self.known(peer, now).opened.add(now) <= CONNECTIONS_A_MINUTE
    }

    /// A connection stands; the one that has to go for it.
    pub(super) fn established(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        now: Instant,
    ) -> Option<ConnectionId> {
        let most = self.connections;
        let known = self.known(peer, now);
        known.connections.push_back(connection);
        (known.connections.len() > most).then(|| known.connections.pop_front()).flatten()
    }

    /// A connection has gone.
    pub(super) fn closed(&mut self, peer: &PeerId, connection: ConnectionId) {
        if let Some(known) = self.known.get_mut(peer) {
            known.connections.retain(|one| *one != connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn beyond_the_bound_the_oldest_connection_goes() {
        let (now, peer) = (Instant::now(), PeerId::random());
        let mut limits = PeerLimits::new(3, 2);
        let [one, two, three, four] = [1, 2, 3, 4].map(ConnectionId::new_unchecked);
        assert_eq!(limits.established(peer, one, now), None);
        assert_eq!(limits.established(peer, two, now), None);
        assert_eq!(limits.established(peer, three, now), Some(one));
        limits.closed(&peer, one);
        limits.closed(&peer, two);
        assert_eq!(limits.established(peer, four, now), None);
    }

    #[test]
    fn a_peer_that_connects_again_and_again_waits_for_the_next_minute() {
        let (now, peer, other) = (Instant::now(), PeerId::random(), PeerId::random());
        let mut limits = PeerLimits::new(3, 2);
        let opened = (0..200).filter(|_| limits.opens(peer, now)).count();
        assert_eq!(opened, CONNECTIONS_A_MINUTE as usize);
        assert!(limits.opens(other, now));
        assert!(limits.opens(peer, now + crate::minute::MINUTE));
    }

    #[tokio::test]
    async fn substreams_and_bytes_are_bounded_over_all_connections_of_a_peer() {
        let (now, peer) = (Instant::now(), PeerId::random());
        let mut limits = PeerLimits::new(2, 2);
        let (first, second) = (limits.of(peer, now), limits.of(peer, now));
        let permits = [first.substream().unwrap(), second.substream().unwrap()];
        assert!(first.substream().is_none() && second.substream().is_none());
        let held = permits[0].hold(BYTES).await.unwrap();
        assert!(permits[1].hold(1).now_or_never().is_none(), "it waits");
        drop(held);
        assert!(permits[1].hold(1).await.is_some());
        assert!(limits.of(PeerId::random(), now).substream().is_some(), "another peer has its own");
    }
}
