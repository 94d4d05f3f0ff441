//! The part of the swarm that is ours: who may connect, and substreams of our one protocol.
//!
//! No queue stands between an inbound substream and its task, so none is lost when a loop lags;
//! beyond the bound of a connection a substream is dropped at once.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm,
    NetworkBehaviour, NotifyHandler, StreamProtocol, SubstreamProtocol, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream};
use schemas::key::PublicKey;
use tokio::sync::{Semaphore, oneshot};

use super::serve::Accept;
use super::{PROTOCOL, key};
use crate::query::ports::{Dialler, LinkError};

pub(super) type Opened = oneshot::Sender<Result<Stream, LinkError>>;

/// A connection was closed because its key is not admitted.
#[derive(Debug, thiserror::Error)]
#[error("this node is not admitted")]
pub(super) struct NotAdmitted;

pub(super) struct Exchange {
    accept: Arc<dyn Accept>,
    per_connection: usize,
    orders: VecDeque<(PeerId, Opened)>,
}

impl Exchange {
    pub(super) fn new(accept: Arc<dyn Accept>, per_connection: usize) -> Self {
        Self { accept, per_connection, orders: VecDeque::new() }
    }

    /// Opens a substream on a connection with `peer` that stands.
    pub(super) fn open(&mut self, peer: PeerId, opened: Opened) {
        self.orders.push_back((peer, opened));
    }

    fn admit(&self, peer: PeerId) -> Result<Substreams, ConnectionDenied> {
        let node = key::node_key(&peer).ok_or_else(|| ConnectionDenied::new(NotAdmitted))?;
        if !self.accept.admits(&node) {
            self.accept.turned_away(&node);
            return Err(ConnectionDenied::new(NotAdmitted));
        }
        Ok(Substreams {
            node,
            accept: self.accept.clone(),
            places: Arc::new(Semaphore::new(self.per_connection)),
            orders: VecDeque::new(),
        })
    }
}

impl NetworkBehaviour for Exchange {
    type ConnectionHandler = Substreams;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Substreams, ConnectionDenied> {
        self.admit(peer)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Substreams, ConnectionDenied> {
        self.admit(peer)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionEstablished(established) = event
            && established.other_established == 0
            && let Some(node) = key::node_key(&established.peer_id)
        {
            let dialled = established.endpoint.is_dialer();
            self.accept.connected(&node, if dialled { Dialler::Us } else { Dialler::Them });
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        // The swarm task polls again after every command, so an order never waits for a waker.
        match self.orders.pop_front() {
            Some((peer_id, opened)) => Poll::Ready(ToSwarm::NotifyHandler {
                peer_id,
                handler: NotifyHandler::Any,
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
    places: Arc<Semaphore>,
    orders: VecDeque<Opened>,
}

impl ConnectionHandler for Substreams {
    type FromBehaviour = Opened;
    type ToBehaviour = Infallible;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Opened;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(StreamProtocol::new(PROTOCOL)), ())
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Opened, Infallible>> {
        match self.orders.pop_front() {
            Some(opened) => Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(
                    ReadyUpgrade::new(StreamProtocol::new(PROTOCOL)),
                    opened,
                ),
            }),
            None => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, opened: Opened) {
        self.orders.push_back(opened);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), Opened>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: stream,
                ..
            }) => match self.places.clone().try_acquire_owned() {
                Ok(place) => self.accept.serve(self.node, stream, place),
                Err(_) => {
                    tracing::warn!(node = %self.node.fingerprint(), "too many substreams; one dropped")
                }
            },
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol,
                info,
            }) => {
                // Who no longer waits drops the substream.
                drop(info.send(Ok(protocol)));
            }
            ConnectionEvent::DialUpgradeError(failed) => {
                tracing::debug!(error = %failed.error, "no substream could be opened");
                let why = "the other side opens no conversation";
                drop(failed.info.send(Err(LinkError::Lost(why.into()))));
            }
            _ => {}
        }
    }
}
