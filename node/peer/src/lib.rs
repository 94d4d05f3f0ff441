//! The network: libp2p over TCP with TLS 1.3 and AES-256-GCM, and no other transport: the ciphers of
//! QUIC cannot be narrowed to AES-256.
//!
//! One swarm task owns the connections. Conversations run on a pool of long-lived substreams;
//! every count of connections, substreams and waiting callers is bounded. This room knows frames,
//! not their meaning: who may talk is the [`Host`]'s word, and what is said is the exchange's.
//!
//! What is sent is released by the audit log:
//!
//! ```
//! # use audit_log::release::Released;
//! # use peer::link::{Channel, LinkError};
//! async fn send(channel: &mut impl Channel, frame: Released) -> Result<(), LinkError> {
//!     channel.send(&frame).await
//! }
//! ```
//! ```compile_fail,E0308
//! # use peer::link::{Channel, LinkError};
//! # use schemas::frame::Frame;
//! async fn send(channel: &mut impl Channel, frame: Frame) -> Result<(), LinkError> {
//!     channel.send(&frame).await
//! }
//! ```
//!
//! Substreams are written to in one module, which no other crate sees:
//!
//! ```
//! use peer::link::Channel;
//! ```
//! ```compile_fail,E0603
//! use peer::codec::write;
//! ```

pub mod admission;
mod behaviour;
mod certificate;
mod codec;
mod connection;
mod conversation;
mod handshake_limiter;
mod key;
pub mod link;
pub mod minute;
mod network;
mod peer_limits;
mod pending;
mod serve;
mod swarm;
mod tcp;
pub mod tls;
mod unreachable;
pub mod write_timeout;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::Multiaddr;
use schemas::key::{PublicKey, SecretKey};
use tokio::sync::oneshot;

use crate::admission::{AdmissionCounts, Places};
use crate::link::{Dial, Host, LinkError, Reach};
use conversation::{Conversation, Pools};
use network::Network;
use pending::Pending;
use serve::Accept;
use swarm::Command;
use tls::{Offer, Tls};

pub use codec::probe;

/// The protocol of conversations between nodes.
pub const PROTOCOL: &str = "/accord/exchange/1";

/// Bounds of the network.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Conversations with one peer at once, each way.
    pub conversations_per_peer: usize,
    /// Connections with one peer; beyond them the oldest goes.
    pub connections_per_peer: usize,
    /// Connections in all.
    pub connections: u32,
    /// Connections that others open and whose handshake is under way: in all, kept for addresses of
    /// cards and machines seen before, and from one machine.
    pub pending: Places,
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long a caller waits for a place in a conversation.
    pub wait: Duration,
    /// How long a connection on which the peer is waited for may say nothing.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            conversations_per_peer: 128,
            connections_per_peer: 4,
            connections: 4_096,
            pending: Places { all: 256, known: 64, from_one: 16 },
            connect: Duration::from_secs(5),
            wait: Duration::from_secs(10),
            silence: Duration::from_secs(10),
        }
    }
}

/// What the network needs to start.
pub struct Settings {
    /// The key that it proves.
    pub node_key: SecretKey,
    /// Where to listen, as multiaddresses.
    pub listen: Vec<String>,
    /// Bounds.
    pub limits: Limits,
}

/// Why the network does not start.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// Not a multiaddress that can be listened on.
    #[error("`{address}` cannot be listened on: {why}")]
    Listen {
        /// The address.
        address: String,
        /// What is wrong.
        why: String,
    },
    /// The identity or the transport could not be made.
    #[error("the network cannot be set up: {0}")]
    Setup(String),
}

/// Whether a text is a multiaddress.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<Multiaddr>().is_ok()
}

/// Whether a node can listen there: an address of this machine, or every one, with a port of TCP;
/// port 0 stands for one that the system chooses.
#[must_use]
pub fn is_listenable(text: &str) -> bool {
    text.parse::<Multiaddr>().is_ok_and(|address| is_tcp(&address))
}

/// The socket that a node listens at there; `None` where it cannot.
#[must_use]
pub fn listens_at(text: &str) -> Option<std::net::SocketAddr> {
    tcp::socket_address(&text.parse().ok()?)
}

/// Whether it is an IP address with a port of TCP, and nothing else.
fn is_tcp(address: &Multiaddr) -> bool {
    use libp2p::multiaddr::Protocol;
    let parts: Vec<Protocol<'_>> = address.iter().collect();
    matches!(parts.as_slice(), [Protocol::Ip4(_) | Protocol::Ip6(_), Protocol::Tcp(_)])
}

/// The network, for asking and for closing.
pub struct Peers {
    network: Network,
    addresses: Vec<String>,
    serving: serve::Stop,
    acceptor: Arc<dyn Accept>,
    tls: Tls,
    pending: Arc<Pending>,
    proven: Mutex<Proven>,
    limits: Limits,
}

/// Who this node is on connecting.
struct Proven {
    now: SecretKey,
    /// Who it was before, for nodes that know it as no other yet.
    before: Option<SecretKey>,
}

/// Starts the network. Peers are served by `host`.
///
/// # Errors
/// When an address cannot be listened on or the identity cannot be used; then nothing runs.
pub async fn start<H: Host>(settings: Settings, host: Arc<H>) -> Result<Peers, PeerError> {
    let Settings { node_key, listen, limits } = settings;
    let listen = listen.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
    let serving = serve::Stop::default();
    let pools = Arc::new(Pools::new(limits));
    let acceptor: Arc<dyn Accept> = Arc::new(serve::Serving::new(host, serving.clone()));
    let pending = Pending::new(acceptor.clone(), limits.pending);
    let (accept, places, pool) = (acceptor.clone(), pending.clone(), pools.clone());
    let (mut swarm, tls) = swarm::build(&node_key, Offer::Aes, accept, places, pool, limits)?;
    let addresses = swarm::listen(&mut swarm, listen).await?;
    let network = Network::run(swarm, pools);
    let proven = Mutex::new(Proven { now: node_key, before: None });
    Ok(Peers { network, addresses, serving, acceptor, tls, pending, proven, limits })
}

fn setup(error: impl std::fmt::Display) -> PeerError {
    PeerError::Setup(error.to_string())
}

fn address(text: &str) -> Result<Multiaddr, PeerError> {
    text.parse().map_err(|_| PeerError::Listen {
        address: text.to_owned(),
        why: "it is no multiaddress".to_owned(),
    })
}

impl Peers {
    /// A network that proves `node_key` and listens nowhere: for as long as a conversation over it.
    fn dialling_as(&self, node_key: &SecretKey) -> Result<Network, PeerError> {
        let accept = self.acceptor.clone();
        let pending = Pending::new(accept.clone(), self.limits.pending);
        let pools = Arc::new(Pools::new(self.limits));
        let (swarm, _) =
            swarm::build(node_key, Offer::Aes, accept, pending, pools.clone(), self.limits)?;
        Ok(Network::run(swarm, pools))
    }

    /// Where the node listens, with real ports.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }

    /// Handshakes that others begin: under way, and what became of others for lack of places.
    #[must_use]
    pub fn handshakes(&self) -> AdmissionCounts {
        self.pending.counts()
    }

    /// Nodes that are connected.
    #[must_use]
    pub fn connected(&self) -> Vec<PublicKey> {
        self.network.pools.connected()
    }

    /// Proves `node_key` from now on. If that is another one, every connection is made anew; `before`
    /// is the one that nodes may still know.
    ///
    /// # Errors
    /// When the key cannot be used; then nothing has changed.
    pub async fn prove(
        &self,
        node_key: SecretKey,
        before: Option<SecretKey>,
    ) -> Result<(), PeerError> {
        let another = {
            let mut proven = self.proven();
            let another = proven.now.public() != node_key.public();
            if another {
                self.tls.prove(&key::identity(&node_key).map_err(setup)?).map_err(setup)?;
            }
            *proven = Proven { now: node_key, before };
            another
        };
        if another {
            self.network.pools.clear_all();
        }
        Ok(())
    }

    fn proven(&self) -> MutexGuard<'_, Proven> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every connection and conversation with a node at once.
    pub async fn disconnect(&self, node: &PublicKey) {
        if let Some(peer) = key::peer_id(node) {
            self.network.pools.clear(&peer);
        }
    }

    /// Ends when the network has ended: after [`Self::shutdown`], or because it failed.
    pub async fn ended(&self) {
        self.network.commands.closed().await;
    }

    /// Takes nothing new, lets conversations finish for a few seconds, then closes.
    pub async fn shutdown(&self) {
        self.serving.finish(Duration::from_secs(5)).await;
        let (done, closed) = oneshot::channel();
        if self.network.commands.send(Command::Shutdown(done)).await.is_ok() {
            drop(closed.await);
        }
    }
}

impl Dial for Peers {
    type Channel = Conversation;

    async fn open(&self, to: &Reach) -> Result<Conversation, LinkError> {
        self.network.open(to).await
    }

    async fn open_as_before(&self, to: &Reach) -> Option<Result<Conversation, LinkError>> {
        let before = self.proven().before.clone()?;
        Some(match self.dialling_as(&before) {
            Ok(network) => network.open(to).await,
            Err(error) => Err(LinkError::unreachable(&error.to_string())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_listenable;

    #[test]
    fn a_node_listens_on_tcp_alone() {
        for (text, listenable) in [
            ("/ip4/0.0.0.0/tcp/7420", true),
            ("/ip6/::/tcp/0", true),
            ("/ip4/0.0.0.0/udp/7420/quic-v1", false),
            ("/ip4/0.0.0.0/udp/7420", false),
            ("/ip4/0.0.0.0/tcp/7420/ws", false),
            ("/ip4/0.0.0.0", false),
            ("0.0.0.0:7420", false),
        ] {
            assert_eq!(is_listenable(text), listenable, "{text}");
        }
    }
}
