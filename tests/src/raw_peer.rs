//! A hostile peer: an agency whose node says on the wire whatever a claim needs it to say.
//!
//! It is built on the stock libp2p transport and the stock stream behaviour, so that it also shows
//! that a node of another make can talk to ours.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identity};
use libp2p_stream::Control;
use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::frame::{Frame, FrameKind};
use schemas::key::PublicKey;
use schemas::text::Text;
use schemas::time::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use crate::agency::{Agency, free_address};
use crate::identity::Identity;
use crate::wait::{eventually, within};
use crate::wire::{Reply, Wire};

const PROTOCOL: StreamProtocol = StreamProtocol::new("/accord/exchange/1");

/// What a hostile owner sends back on the frames of a conversation: the frame that came, to those
/// that go. `None` keeps silent and the substream open.
pub type Script = dyn Fn(&Frame) -> Option<Vec<Frame>> + Send + Sync;

/// A connection that stands: with whom, and from where they dialled unless this side did.
type Connection = (PeerId, Option<Multiaddr>);

/// What became of a dial; why, when no connection was established.
type Dialled = Result<(), String>;

enum Command {
    Dial(PeerId, Multiaddr, oneshot::Sender<Dialled>),
}

/// A hostile peer.
pub struct RawPeer {
    /// Who it says it is, and with what keys.
    pub identity: Identity,
    control: Control,
    commands: mpsc::UnboundedSender<Command>,
    connections: watch::Receiver<Vec<Connection>>,
    tasks: Vec<AbortHandle>,
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The peer id of a node's key.
///
/// # Panics
/// Never for a key that could be read.
#[must_use]
pub fn peer_id(node: &PublicKey) -> PeerId {
    let key =
        identity::ed25519::PublicKey::try_from_bytes(node.as_bytes()).expect("an Ed25519 key");
    identity::PublicKey::from(key).to_peer_id()
}

impl RawPeer {
    /// A peer with keys of its own, known to nobody yet.
    ///
    /// # Panics
    /// When it cannot listen.
    pub fn start(id: &str, now: Timestamp) -> Self {
        Self::with(Identity::new(id, vec![free_address()], now))
    }

    /// A peer with the keys of `identity`.
    ///
    /// # Panics
    /// When it cannot listen.
    #[must_use]
    pub fn with(identity: Identity) -> Self {
        let mut seed = *identity.node_key.seed();
        let key = identity::Keypair::ed25519_from_bytes(&mut seed).expect("an Ed25519 key");
        let mut swarm = SwarmBuilder::with_existing_identity(key)
            .with_tokio()
            .with_tcp(
                libp2p::tcp::Config::default(),
                libp2p::tls::Config::new,
                libp2p::yamux::Config::default,
            )
            .expect("a transport")
            .with_behaviour(|_| libp2p_stream::Behaviour::new())
            .expect("a behaviour")
            .with_swarm_config(|config| {
                config.with_idle_connection_timeout(Duration::from_secs(60))
            })
            .build();
        for address in &identity.card.addresses {
            swarm.listen_on(address.as_str().parse().expect("an address")).expect("a free address");
        }
        let control = swarm.behaviour().new_control();
        let (commands, queue) = mpsc::unbounded_channel();
        let (seen, connections) = watch::channel(Vec::new());
        let task = tokio::spawn(drive(swarm, queue, seen)).abort_handle();
        Self { identity, control, commands, connections, tasks: vec![task] }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &AgencyId {
        &self.identity.id
    }

    /// The addresses of its card.
    #[must_use]
    pub fn addresses(&self) -> &[Text] {
        &self.identity.card.addresses
    }

    /// Answers every frame that a substream opened to it carries as `script` says.
    ///
    /// # Panics
    /// When it answers already.
    pub fn answer(
        &mut self,
        script: impl Fn(&Frame) -> Option<Vec<Frame>> + Send + Sync + 'static,
    ) {
        self.serve(script, usize::MAX);
    }

    /// As [`Self::answer`], but every substream is closed once it has been answered.
    ///
    /// # Panics
    /// When it answers already.
    pub fn answer_once_each(
        &mut self,
        script: impl Fn(&Frame) -> Option<Vec<Frame>> + Send + Sync + 'static,
    ) {
        self.serve(script, 1);
    }

    fn serve(
        &mut self,
        script: impl Fn(&Frame) -> Option<Vec<Frame>> + Send + Sync + 'static,
        frames_each: usize,
    ) {
        let script: Arc<Script> = Arc::new(script);
        let mut incoming = self.control.accept(PROTOCOL).expect("one script");
        let task = tokio::spawn(async move {
            while let Some((_, stream)) = incoming.next().await {
                let script = script.clone();
                tokio::spawn(async move {
                    let mut wire = Wire::over(stream);
                    for _ in 0..frames_each {
                        let Some(frame) = wire.next_ever().await else { return };
                        for reply in script(&frame).unwrap_or_default() {
                            if wire.send(reply.kind, &reply.body).await.is_err() {
                                return;
                            }
                        }
                    }
                });
            }
        });
        self.tasks.push(task.abort_handle());
    }

    /// Dials the node of `agency`; whether a connection was established, be it for a moment.
    ///
    /// # Panics
    /// When nothing comes of it.
    pub async fn dial(&self, agency: &Agency) -> bool {
        self.connect_to(&agency.identity.card).await.is_ok()
    }

    /// Dials the node that a card describes.
    ///
    /// # Errors
    /// Why no connection was established.
    ///
    /// # Panics
    /// When nothing comes of it.
    pub async fn connect_to(&self, card: &Card) -> Result<(), String> {
        let peer = peer_id(&card.node_key);
        let address = card.addresses[0].as_str().parse().expect("an address");
        let (reply, dialled) = oneshot::channel();
        self.commands.send(Command::Dial(peer, address, reply)).expect("a running swarm");
        within("dialling", dialled).await.unwrap_or_else(|_| Err("the swarm has gone".into()))
    }

    /// Whether a connection with `agency` stands.
    #[must_use]
    pub fn is_connected(&self, agency: &Agency) -> bool {
        let agency = peer_id(&agency.identity.card.node_key);
        self.connections.borrow().iter().any(|(peer, _)| *peer == agency)
    }

    /// From where the node of `agency` dialled a connection that stands.
    #[must_use]
    pub fn dialled_from(&self, agency: &Agency) -> Option<String> {
        let agency = peer_id(&agency.identity.card.node_key);
        let connections = self.connections.borrow();
        let from = connections.iter().filter(|(peer, _)| *peer == agency);
        from.filter_map(|(_, from)| from.as_ref().map(ToString::to_string)).next()
    }

    /// Waits until no connection with `agency` stands.
    pub async fn wait_until_disconnected(&self, agency: &Agency) {
        eventually("the connection is closed", async || (!self.is_connected(agency)).then_some(()))
            .await;
    }

    /// A new substream to `agency`, over a connection that stands or a new one.
    pub async fn open(&self, agency: &Agency) -> Option<Wire> {
        self.try_open(agency).await.ok()
    }

    /// As [`Self::open`], to the node that a card describes.
    pub async fn open_to(&self, card: &Card) -> Option<Wire> {
        self.try_open_to(card).await.ok()
    }

    async fn try_open(&self, agency: &Agency) -> Result<Wire, String> {
        self.try_open_to(&agency.identity.card).await
    }

    async fn try_open_to(&self, card: &Card) -> Result<Wire, String> {
        let peer = peer_id(&card.node_key);
        if !self.connections.borrow().iter().any(|(connected, _)| *connected == peer) {
            self.connect_to(card).await.map_err(|e| format!("not connected: {e}"))?;
        }
        let mut control = self.control.clone();
        let opened = within("a substream", control.open_stream(peer, PROTOCOL)).await;
        opened.map(Wire::over).map_err(|e| format!("no substream: {e}"))
    }

    /// Opens a conversation with a frame, and gives the reply with the substream.
    pub async fn say(
        &self,
        agency: &Agency,
        kind: FrameKind,
        body: &[u8],
    ) -> (Option<Frame>, Option<Wire>) {
        let Some(mut wire) = self.open(agency).await else { return (None, None) };
        if wire.send(kind, body).await.is_err() {
            return (None, None);
        }
        (wire.next().await, Some(wire))
    }

    /// Sends a query's envelope, and gives what comes back.
    pub async fn ask(&self, agency: &Agency, query: &Envelope) -> Reply {
        self.ask_bytes(agency, query.as_bytes()).await
    }

    /// Sends any bytes as a query, and gives what comes back.
    pub async fn ask_bytes(&self, agency: &Agency, query: &[u8]) -> Reply {
        let mut wire = match self.try_open(agency).await {
            Ok(wire) => wire,
            Err(why) => return Reply::Closed(why),
        };
        if let Err(error) = wire.send(FrameKind::Query, query).await {
            return Reply::Closed(format!("the query was not taken: {error}"));
        }
        Reply::read(&mut wire).await
    }
}

async fn drive(
    mut swarm: Swarm<libp2p_stream::Behaviour>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    seen: watch::Sender<Vec<Connection>>,
) {
    let mut dialling: Vec<(PeerId, oneshot::Sender<Dialled>)> = Vec::new();
    let settle = |dialling: &mut Vec<(PeerId, oneshot::Sender<Dialled>)>,
                  peer: PeerId,
                  established: &Dialled| {
        while let Some(at) = dialling.iter().position(|(dialled, _)| *dialled == peer) {
            settle_one(dialling.swap_remove(at).1, established.clone());
        }
    };
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                None => return,
                Some(Command::Dial(peer, address, reply)) => {
                    let options = libp2p::swarm::dial_opts::DialOpts::peer_id(peer)
                        .condition(libp2p::swarm::dial_opts::PeerCondition::Always)
                        .addresses(vec![address])
                        .build();
                    match swarm.dial(options) {
                        Ok(()) => dialling.push((peer, reply)),
                        Err(error) => settle_one(reply, Err(error.to_string())),
                    }
                }
            },
            event = swarm.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => {
                    let from = endpoint.is_listener().then(|| endpoint.get_remote_address().clone());
                    seen.send_modify(|peers| peers.push((peer_id, from)));
                    settle(&mut dialling, peer_id, &Ok(()));
                }
                SwarmEvent::ConnectionClosed { peer_id, endpoint, .. } => seen.send_modify(|peers| {
                    let from = endpoint.is_listener().then(|| endpoint.get_remote_address());
                    let closed = |(peer, at): &Connection| *peer == peer_id && at.as_ref() == from;
                    if let Some(at) = peers.iter().position(closed) {
                        peers.swap_remove(at);
                    }
                }),
                SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                    settle(&mut dialling, peer, &Err(error.to_string()));
                }
                _ => {}
            }
        }
    }
}

/// Who no longer waits needs no word.
fn settle_one(waiting: oneshot::Sender<Dialled>, established: Dialled) {
    let _gone = waiting.send(established);
}
