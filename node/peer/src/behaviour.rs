//! The part of the swarm that is ours: who may connect, and substreams of our one protocol.
//!
//! No queue stands between an inbound substream and its task, so none is lost when a loop lags;
//! beyond the bound of a peer a substream is dropped at once.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId,
    FromSwarm, ListenError, NetworkBehaviour, NotifyHandler, StreamProtocol, StreamUpgradeError,
    SubstreamProtocol, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream};
use schemas::key::PublicKey;
use tokio::sync::oneshot;
use tokio_util::sync::{DropGuard, WaitForCancellationFutureOwned};

use super::codec::Substream;
use super::connection::Connection;
use super::conversation::Pools;
use super::handshake_limiter::HandshakeLimiter;
use super::peer_limits::{PeerLimits, PeerQuota};
use super::pending::Pending;
use super::serve::Accept;
use super::tcp::socket_address;
use super::{Limits, PROTOCOL, key};
use crate::link::{Dialler, LinkError};

pub(super) type Opened = oneshot::Sender<Result<Substream, LinkError>>;

/// What the substreams of a connection tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The key of its peer is no longer admitted.
    NotAdmitted,
    /// The connection is given up.
    Over,
}

/// A connection is closed because its key is not admitted, or no longer.
#[derive(Debug, thiserror::Error)]
#[error("this node is not admitted")]
pub(super) struct NotAdmitted;

/// A connection was closed because this node stops.
#[derive(Debug, thiserror::Error)]
#[error("this node is stopping")]
pub(super) struct Stopping;

/// A connection was closed before its handshake: too many from there came to nothing.
#[derive(Debug, thiserror::Error)]
#[error("too many connections from there came to nothing")]
pub(super) struct TooOften;

pub(super) struct Exchange {
    accept: Arc<dyn Accept>,
    orders: VecDeque<(PeerId, ConnectionId, Opened)>,
    /// Connections that go: for the sake of newer ones, because they are given up, or because their
    /// key is no longer admitted.
    closing: VecDeque<(PeerId, CloseConnection)>,
    /// Connections that are admitted and not reported as established yet.
    admitted: HashMap<ConnectionId, Arc<Connection>>,
    pools: Arc<Pools>,
    silence: Duration,
    peers: PeerLimits,
    handshakes: HandshakeLimiter,
    pending: Arc<Pending>,
}

impl Exchange {
    pub(super) fn new(
        accept: Arc<dyn Accept>,
        pending: Arc<Pending>,
        pools: Arc<Pools>,
        limits: &Limits,
    ) -> Self {
        let substreams = limits.conversations_per_peer.saturating_add(8);
        Self {
            accept,
            orders: VecDeque::new(),
            closing: VecDeque::new(),
            admitted: HashMap::new(),
            pools,
            silence: limits.silence,
            peers: PeerLimits::new(substreams, limits.connections_per_peer),
            handshakes: HandshakeLimiter::new(Instant::now()),
            pending,
        }
    }

    /// Opens a substream on the newest connection with `peer`; gives the caller back where none stands.
    pub(super) fn open(&mut self, peer: PeerId, opened: Opened) -> Result<(), Opened> {
        let Some(newest) = self.pools.newest(&peer) else { return Err(opened) };
        self.orders.push_back((peer, newest, opened));
        Ok(())
    }

    fn admit(&mut self, peer: PeerId, id: ConnectionId) -> Result<Substreams, ConnectionDenied> {
        let node = key::node_key(&peer).ok_or_else(|| ConnectionDenied::new(NotAdmitted))?;
        if self.accept.stopping() {
            return Err(ConnectionDenied::new(Stopping));
        }
        if !self.accept.admits(&node) {
            self.accept.turned_away(&node);
            return Err(ConnectionDenied::new(NotAdmitted));
        }
        let connection = Connection::new(id, self.silence);
        self.admitted.insert(id, connection.clone());
        Ok(Substreams {
            node,
            accept: self.accept.clone(),
            quota: self.peers.of(peer, Instant::now()),
            orders: VecDeque::new(),
            turned_away: false,
            over: Some(Box::pin(connection.until_over())),
            _ends: connection.end_guard(),
            connection,
        })
    }
}

impl NetworkBehaviour for Exchange {
    type ConnectionHandler = Substreams;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let may = self.handshakes.allows(from, Instant::now());
        if may { Ok(()) } else { Err(ConnectionDenied::new(TooOften)) }
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Substreams, ConnectionDenied> {
        let substreams = self.admit(peer, connection)?;
        if !self.peers.opens(peer, Instant::now()) {
            self.accept.turned_away(&substreams.node);
            return Err(ConnectionDenied::new(TooOften));
        }
        Ok(substreams)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Substreams, ConnectionDenied> {
        self.admit(peer, connection)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let now = Instant::now();
        match event {
            FromSwarm::ConnectionEstablished(established) => {
                if let ConnectedPoint::Listener { send_back_addr, .. } = established.endpoint
                    && let Some(from) = socket_address(send_back_addr)
                {
                    self.pending.settled(from, true);
                }
                let (peer, connection) = (established.peer_id, established.connection_id);
                if let Some(admitted) = self.admitted.remove(&connection) {
                    self.pools.opened(&peer, admitted);
                }
                if let Some(oldest) = self.peers.established(peer, connection, now) {
                    self.closing.push_back((peer, CloseConnection::One(oldest)));
                }
                // Also beside others: those may be dead, and this may be how the peer comes back.
                if let Some(node) = key::node_key(&peer) {
                    let dialled = established.endpoint.is_dialer();
                    self.accept.connected(&node, if dialled { Dialler::Us } else { Dialler::Them });
                }
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.peers.closed(&closed.peer_id, closed.connection_id);
                self.pools.closed(&closed.peer_id, closed.connection_id);
            }
            FromSwarm::DialFailure(failure) => {
                self.admitted.remove(&failure.connection_id);
            }
            FromSwarm::ListenFailure(failure) => {
                self.admitted.remove(&failure.connection_id);
                if let Some(from) = socket_address(failure.send_back_addr) {
                    self.pending.settled(from, false);
                }
                // What was closed before its handshake has cost nothing.
                let early = matches!(failure.error, ListenError::Denied { .. })
                    && failure.peer_id.is_none();
                if !early {
                    self.handshakes.failed(failure.send_back_addr, now);
                }
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        told: THandlerOutEvent<Self>,
    ) {
        let closing = match told {
            Told::NotAdmitted => CloseConnection::All,
            Told::Over => CloseConnection::One(connection),
        };
        self.closing.push_back((peer, closing));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        if let Some((peer_id, connection)) = self.closing.pop_front() {
            return Poll::Ready(ToSwarm::CloseConnection { peer_id, connection });
        }
        // The swarm task polls again after every command, so an order never waits for a waker.
        match self.orders.pop_front() {
            Some((peer_id, connection, opened)) => Poll::Ready(ToSwarm::NotifyHandler {
                peer_id,
                handler: NotifyHandler::One(connection),
                event: opened,
            }),
            None => Poll::Pending,
        }
    }
}

/// The substreams of one connection.
pub(super) struct Substreams {
    node: PublicKey,
    accept: Arc<dyn Accept>,
    quota: PeerQuota,
    orders: VecDeque<Opened>,
    turned_away: bool,
    connection: Arc<Connection>,
    /// Ends when the connection is given up; gone once that was told.
    over: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Dropped with this, at the end of the connection; its substreams know it by that.
    _ends: DropGuard,
}

/// A substream that is being opened.
pub(super) struct Order {
    opened: Opened,
    since: tokio::time::Instant,
}

impl Substreams {
    /// A substream that the other side has agreed to: so it was heard.
    fn agreed(&self, stream: Stream) -> Substream {
        self.connection.hears();
        Substream::new(stream, self.connection.clone())
    }
}

impl ConnectionHandler for Substreams {
    type FromBehaviour = Opened;
    type ToBehaviour = Told;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Order;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(StreamProtocol::new(PROTOCOL)), ())
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Order, Told>> {
        if std::mem::take(&mut self.turned_away) {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Told::NotAdmitted));
        }
        if self.over.as_mut().is_some_and(|over| over.as_mut().poll(cx).is_ready()) {
            self.over = None;
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Told::Over));
        }
        match self.orders.pop_front() {
            Some(opened) => {
                let upgrade = ReadyUpgrade::new(StreamProtocol::new(PROTOCOL));
                let order = Order { opened, since: tokio::time::Instant::now() };
                let protocol = SubstreamProtocol::new(upgrade, order)
                    .with_timeout(self.connection.longest_opening());
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            None => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, opened: Opened) {
        self.orders.push_back(opened);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), Order>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: stream,
                ..
            }) => {
                if self.accept.stopping() {
                    return;
                }
                // A key that was admitted when it connected may have ended since.
                if !self.accept.admits(&self.node) {
                    self.accept.turned_away(&self.node);
                    self.turned_away = true;
                    return;
                }
                match self.quota.substream() {
                    Some(permit) => self.accept.serve(self.node, self.agreed(stream), permit),
                    None => {
                        tracing::warn!(node.key = %self.node.fingerprint(), "too many substreams; one dropped")
                    }
                }
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol,
                info,
            }) => {
                // Who no longer waits drops the substream.
                drop(info.opened.send(Ok(self.agreed(protocol))));
            }
            ConnectionEvent::DialUpgradeError(failed) => {
                tracing::debug!(error = %failed.error, "no substream could be opened");
                let Order { opened, since } = failed.info;
                let timed_out = matches!(failed.error, StreamUpgradeError::Timeout);
                let why = if timed_out && self.connection.is_silent_since(since) {
                    self.connection.give_up();
                    LinkError::Silent
                } else {
                    LinkError::Lost("the other side opens no conversation".into())
                };
                drop(opened.send(Err(why)));
            }
            _ => {}
        }
    }
}
