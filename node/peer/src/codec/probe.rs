//! A connection for the conformance kit, which says what no node says: any bytes, and handshakes
//! that a peer must not take. It has a swarm of its own, which serves nobody: no substream of a node is
//! ever one of its. A node's own frames leave by [`crate::Peers`].

use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::swarm::SwarmEvent;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::{Multiaddr, PeerId};
use schemas::frame::{Frame, FrameKind};
use schemas::key::{PublicKey, SecretKey};
use tokio::sync::{mpsc, oneshot};

use super::Substream;
use crate::conversation::Pools;
use crate::link::{Dialler, LinkError};
use crate::peer_limits::SubstreamPermit;
use crate::pending::Pending;
use crate::serve::Accept;
use crate::swarm::{self, Command};
use crate::tls::Offer;
use crate::{Limits, is_tcp, key};

/// How long a handshake, a frame or the end of a substream is waited for.
const WAIT: Duration = Duration::from_secs(10);

/// A connection with a peer whose key is learned by its handshake.
pub struct Probe {
    /// The key of the node that answers.
    pub node: PublicKey,
    peer: PeerId,
    address: Multiaddr,
    commands: mpsc::Sender<Command>,
}

/// One substream.
pub struct Raw(Substream);

/// What came next on a substream.
pub enum Next {
    /// A frame.
    Frame(Frame),
    /// It ended, or brought what is no frame.
    Ended(String),
    /// Nothing within the time.
    Nothing,
}

impl std::fmt::Display for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(frame) if frame.kind == FrameKind::Failed => {
                write!(f, "Failed {}", String::from_utf8_lossy(&frame.body))
            }
            Self::Frame(frame) => write!(f, "a frame of kind {:?}", frame.kind),
            Self::Ended(why) => write!(f, "the end of the substream ({why})"),
            Self::Nothing => write!(f, "nothing within {} s", WAIT.as_secs()),
        }
    }
}

/// Admits whoever answers, and serves nobody.
struct Alone;

impl Accept for Alone {
    fn stopping(&self) -> bool {
        false
    }

    fn admits(&self, _: &PublicKey) -> bool {
        true
    }

    fn knows(&self, _: std::net::IpAddr) -> bool {
        true
    }

    fn turned_away(&self, _: &PublicKey) {}

    fn connected(&self, _: &PublicKey, _: Dialler) {}

    fn serve(&self, _: PublicKey, stream: Substream, _: SubstreamPermit) {
        drop(stream);
    }
}

/// Dials an address and proves `node_key`.
///
/// # Errors
/// Why no connection was made.
pub async fn dial(node_key: &SecretKey, address: &str, offer: Offer) -> Result<Probe, String> {
    let address: Multiaddr = address.parse().map_err(|_| {
        format!("`{address}` is no multiaddress; expected such as /ip4/203.0.113.5/tcp/7420")
    })?;
    if !is_tcp(&address) {
        return Err(format!(
            "`{address}` is nothing that a node speaks; expected TCP, such as /ip4/203.0.113.5/tcp/7420"
        ));
    }
    let limits = Limits::default();
    let alone: Arc<dyn Accept> = Arc::new(Alone);
    let pending = Pending::new(alone.clone(), limits.pending);
    let pools = Arc::new(Pools::new(limits));
    let built = swarm::build(node_key, offer, alone, pending, pools.clone(), limits);
    let (mut swarm, _) = built.map_err(|e| e.to_string())?;
    let opts = DialOpts::unknown_peer_id().address(address.clone()).allocate_new_port().build();
    swarm.dial(opts).map_err(|e| e.to_string())?;
    let peer = tokio::time::timeout(WAIT, async {
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => return Ok(peer_id),
                SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.to_string()),
                _ => {}
            }
        }
    })
    .await
    .map_err(|_| "no connection in time".to_owned())??;
    let node = key::node_key(&peer).ok_or("its libp2p key is not Ed25519")?;
    let (commands, queue) = mpsc::channel(64);
    tokio::spawn(swarm::run(swarm, queue, pools));
    Ok(Probe { node, peer, address, commands })
}

impl Probe {
    /// A new substream, over a new connection if the one before was closed.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn open(&self) -> Result<Raw, String> {
        let (reply, opened) = oneshot::channel();
        let (peer, addresses) = (self.peer, vec![self.address.clone()]);
        let gone = |_| "the connection was closed".to_owned();
        let open = Command::Open { peer, addresses, reply };
        self.commands.send(open).await.map_err(|_| "the connection was closed".to_owned())?;
        let opened = tokio::time::timeout(WAIT, opened).await;
        let opened = opened.map_err(|_| "no substream in time".to_owned())?.map_err(gone)?;
        opened.map(Raw).map_err(|e: LinkError| e.to_string())
    }
}

impl Raw {
    /// Sends any bytes. That a peer no longer takes them shows in what comes next.
    pub async fn send(&mut self, bytes: &[u8]) {
        if self.0.stream.write_all(bytes).await.is_ok() {
            drop(self.0.stream.flush().await);
        }
    }

    /// What comes next.
    pub async fn next(&mut self) -> Next {
        match tokio::time::timeout(WAIT, super::read(&mut self.0)).await {
            Ok(Ok(frame)) => Next::Frame(frame),
            Ok(Err(error)) => Next::Ended(error.to_string()),
            Err(_) => Next::Nothing,
        }
    }

    /// Whether it ends with nothing more on it.
    pub async fn ends(&mut self) -> bool {
        let mut more = [0; 1];
        matches!(
            tokio::time::timeout(WAIT, self.0.stream.read(&mut more)).await,
            Ok(Ok(0) | Err(_))
        )
    }
}
