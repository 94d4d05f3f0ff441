//! What an exchange needs of the network, without naming a network library.
//!
//! The peer room implements [`Dial`] and [`Channel`]; the query room implements [`Host`]. A channel
//! sends nothing but [`Released`] frames, and those come only out of a durable append.

use std::future::Future;
use std::net::IpAddr;

use schemas::frame::Frame;
use schemas::key::PublicKey;
use schemas::text::Text;
use schemas::time::Timestamp;

use audit_log::release::Released;
use registry::Peer;

/// Why a frame did not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// No connection to the peer could be made.
    #[error("{why}")]
    Unreachable {
        /// Which address, and what happened there.
        why: String,
        /// Whether that was known at once, as where nobody listens: trying on soon tells nothing new.
        at_once: bool,
    },
    /// Where the peer should be, a node of another key answers.
    #[error("{why}")]
    AnotherNode {
        /// Which address.
        why: String,
    },
    /// The conversation ended before the frame had passed.
    #[error("connection lost: {0}")]
    Lost(String),
    /// Nothing came any more over the connection, nor over another one with the peer: it is given up.
    #[error("the connection says nothing any more")]
    Silent,
    /// The peer sent what no frame may be.
    #[error("peer broke the protocol: {0}")]
    Protocol(String),
    /// The peer's side or ours allows no more conversations at once.
    #[error("too many conversations with this peer")]
    Busy,
}

impl LinkError {
    /// No connection could be made, and none will be.
    pub fn unreachable(why: &str) -> Self {
        Self::Unreachable { why: why.to_owned(), at_once: true }
    }

    /// Whether the peer was reached, and it is its side that takes no conversation or ends it. Of no
    /// conversation at once it is this side that is short, and a link that broke is nobody's fault.
    #[must_use]
    pub fn was_reached(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::AnotherNode { .. } | Self::Busy | Self::Silent => {
                false
            }
            Self::Lost(_) | Self::Protocol(_) => true,
        }
    }
}

/// One conversation: frames out and in, in order. Dropping it abandons it; [`Channel::finish`]
/// says that it ended in order and the substream may serve the next one.
pub trait Channel: Send {
    /// Hands frames to the connection, in order, and flushes them together.
    fn send_all(
        &mut self,
        frames: &[Released],
    ) -> impl Future<Output = Result<(), LinkError>> + Send;

    /// Hands one frame to the connection and flushes it.
    fn send(&mut self, frame: &Released) -> impl Future<Output = Result<(), LinkError>> + Send {
        self.send_all(std::slice::from_ref(frame))
    }

    /// The next frame; its length was checked against its kind before its bytes were read.
    fn recv(&mut self) -> impl Future<Output = Result<Frame, LinkError>> + Send;

    /// Ends the conversation in order.
    fn finish(self);
}

/// How a peer's node is reached.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The keys that it may prove, the one to expect first.
    pub nodes: Vec<PublicKey>,
    /// Where it listens (multiaddresses; those that cannot be read are skipped). Without any, only a
    /// connection that stands is used.
    pub addresses: Vec<Text>,
}

impl Reach {
    /// How the node of a peer is reached at `now`.
    #[must_use]
    pub fn of(peer: &Peer, now: Timestamp) -> Self {
        let addresses = peer.card.value.addresses.clone();
        Self { nodes: peer.node_keys(now), addresses }
    }
}

/// Opens conversations.
pub trait Dial: Send + Sync + 'static {
    /// What it opens.
    type Channel: Channel + 'static;

    /// A conversation with a node, over a connection that stands or one that is dialled.
    fn open(&self, to: &Reach) -> impl Future<Output = Result<Self::Channel, LinkError>> + Send;

    /// The same over a connection of its own that proves the node key before the present one, for a
    /// node that has not learnt the present one; `None` where there is none.
    fn open_as_before(
        &self,
        to: &Reach,
    ) -> impl Future<Output = Option<Result<Self::Channel, LinkError>>> + Send;
}

/// Which side dialled a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialler {
    /// This node.
    Us,
    /// The peer: so it can be reached, and admits this node.
    Them,
}

/// Serves conversations that peers open.
pub trait Host: Send + Sync + 'static {
    /// Whether a node of this key may talk to us at all; asked at each connection, after its
    /// handshake proved the key. No means the connection is closed at once.
    fn admits(&self, node: &PublicKey) -> bool;

    /// Whether a card names this address: connections from there have places of their own. Must not
    /// block.
    fn knows(&self, ip: IpAddr) -> bool;

    /// A connection was closed because [`Host::admits`] said no. Must not block.
    fn turned_away(&self, node: &PublicKey);

    /// A connection with an admitted node was established, by a dial of `dialler`. Must not block.
    fn connected(&self, node: &PublicKey, dialler: Dialler);

    /// Serves the conversation that `opening` begins. `Ok` leaves the channel ready for the next
    /// opening frame; `Err` closes it.
    fn serve<C: Channel>(
        &self,
        node: &PublicKey,
        opening: Frame,
        channel: &mut C,
    ) -> impl Future<Output = Result<(), LinkError>> + Send;
}
