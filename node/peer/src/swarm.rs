//! The one task that owns the swarm.

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{DialError, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, SwarmBuilder, Transport as _, yamux};
use schemas::key::SecretKey;
use tokio::sync::{mpsc, oneshot};

use super::behaviour::{Exchange, Opened};
use super::conversation::Pools;
use super::pending::Pending;
use super::serve::Accept;
use super::tcp::Tcp;
use super::tls::{Offer, Tls};
use super::unreachable::unreachable;
use super::{Limits, PeerError, key, setup};
use crate::link::LinkError;

/// How long a connection without substreams is kept.
const IDLE: Duration = Duration::from_secs(120);
/// Most callers waiting for a connection with one peer.
const MOST_WAITING: usize = 512;

#[derive(NetworkBehaviour)]
#[behaviour(to_swarm = "Infallible")]
pub(super) struct Behaviour {
    // First, so that a key that is not admitted is counted as that and not as one too many.
    exchange: Exchange,
    limits: connection_limits::Behaviour,
}

/// What the task is told to do.
pub(super) enum Command {
    /// Open a substream.
    Open { peer: PeerId, addresses: Vec<Multiaddr>, reply: Opened },
    /// Close everything, then say so.
    Shutdown(oneshot::Sender<()>),
}

/// A swarm that proves `node_key`, and the upgrade by which it proves another one later.
pub(super) fn build(
    node_key: &SecretKey,
    offer: Offer,
    accept: Arc<dyn Accept>,
    pending: Arc<Pending>,
    pools: Arc<Pools>,
    limits: Limits,
) -> Result<(Swarm<Behaviour>, Tls), PeerError> {
    let identity = key::identity(node_key).map_err(setup)?;
    let tls = Tls::new(&identity, offer).map_err(setup)?;
    // Yamux ends a connection that exceeds its own bound and may hold a window of 256 KiB for each
    // substream within it: room for the conversations of both sides, and no more.
    let substreams = limits.conversations_per_peer.saturating_mul(2).saturating_add(32);
    let mut muxer = yamux::Config::default();
    muxer.set_max_num_streams(substreams);
    let transport = Tcp::new(pending.clone())
        .upgrade(Version::V1Lazy)
        .authenticate(tls.clone())
        .multiplex(muxer);
    let behaviour = Behaviour {
        exchange: Exchange::new(accept, pending, pools, &limits),
        limits: connection_limits::Behaviour::new(
            ConnectionLimits::default()
                // Those that have lost their place are noticed a moment later.
                .with_max_pending_incoming(u32::try_from(limits.pending.all.saturating_mul(2)).ok())
                // One's own dials: a query to every peer makes as many at once as there are peers.
                .with_max_pending_outgoing(Some(limits.connections))
                .with_max_established(Some(limits.connections)),
        ),
    };
    let config = |config: libp2p::swarm::Config| config.with_idle_connection_timeout(IDLE);
    let swarm = SwarmBuilder::with_existing_identity(identity)
        .with_tokio()
        .with_other_transport(|_: &Keypair| transport)
        .map_err(|e: Infallible| match e {})?
        .with_behaviour(|_: &Keypair| behaviour)
        .map_err(|e: Infallible| match e {})?
        .with_swarm_config(config)
        .with_connection_timeout(limits.connect)
        .build();
    Ok((swarm, tls))
}

/// What an error rests on: of the transport's own, the layers around it say nothing.
fn cause(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// Listens on every address; the real ones.
pub(super) async fn listen(
    swarm: &mut Swarm<Behaviour>,
    wanted: Vec<Multiaddr>,
) -> Result<Vec<String>, PeerError> {
    let mut addresses = Vec::new();
    for address in wanted {
        let refused = |why: String| PeerError::Listen { address: address.to_string(), why };
        let listener = swarm.listen_on(address.clone()).map_err(|e| refused(cause(&e)))?;
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } if listener_id == listener => {
                    addresses.push(address.to_string());
                    break;
                }
                SwarmEvent::ListenerClosed { listener_id, reason, .. }
                    if listener_id == listener =>
                {
                    let why = reason.err().map_or("closed".into(), |e| cause(&e));
                    return Err(refused(why));
                }
                SwarmEvent::ListenerError { listener_id, error } if listener_id == listener => {
                    return Err(refused(cause(&error)));
                }
                _ => {}
            }
        }
    }
    Ok(addresses)
}

pub(super) async fn run(
    mut swarm: Swarm<Behaviour>,
    mut commands: mpsc::Receiver<Command>,
    pools: Arc<Pools>,
) {
    let mut waiting: HashMap<PeerId, Vec<Opened>> = HashMap::new();
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                None => return,
                Some(Command::Open { peer, addresses, reply }) => {
                    open(&mut swarm, &mut waiting, peer, addresses, reply);
                }
                Some(Command::Shutdown(done)) => {
                    // The swarm is dropped on the way out: every connection ends before the word.
                    drop(swarm);
                    let _ = done.send(());
                    return;
                }
            },
            event = swarm.select_next_some() => happened(&mut swarm, &mut waiting, &pools, event),
        }
    }
}

fn open(
    swarm: &mut Swarm<Behaviour>,
    waiting: &mut HashMap<PeerId, Vec<Opened>>,
    peer: PeerId,
    addresses: Vec<Multiaddr>,
    reply: Opened,
) {
    let Err(reply) = swarm.behaviour_mut().exchange.open(peer, reply) else { return };
    let callers = waiting.entry(peer).or_default();
    callers.retain(|caller| !caller.is_closed());
    if callers.len() >= MOST_WAITING {
        return drop(reply.send(Err(LinkError::Busy)));
    }
    callers.push(reply);
    // With the condition, callers that come while a dial is under way share it. From a port of its
    // own: two nodes that dial each other at one instant from the ports they listen on would make a
    // single TCP connection with a TLS client at both ends, and neither dial would succeed.
    let opts = DialOpts::peer_id(peer)
        .addresses(addresses)
        // One that is given up may take a while to close and hinders no other.
        .condition(PeerCondition::NotDialing)
        .allocate_new_port()
        .build();
    match swarm.dial(opts) {
        Ok(()) | Err(DialError::DialPeerConditionFalse(_)) => {}
        Err(error) => fail(waiting, &peer, &error),
    }
}

fn fail(waiting: &mut HashMap<PeerId, Vec<Opened>>, peer: &PeerId, error: &DialError) {
    tracing::debug!(%error, "a dial failed");
    let why = unreachable(error);
    for caller in waiting.remove(peer).into_iter().flatten() {
        drop(caller.send(Err(why.clone())));
    }
}

fn happened(
    swarm: &mut Swarm<Behaviour>,
    waiting: &mut HashMap<PeerId, Vec<Opened>>,
    pools: &Pools,
    event: SwarmEvent<Infallible>,
) {
    match event {
        SwarmEvent::ConnectionEstablished { peer_id, .. } => {
            for caller in waiting.remove(&peer_id).into_iter().flatten() {
                // One that has ended at once drops them.
                drop(swarm.behaviour_mut().exchange.open(peer_id, caller));
            }
        }
        SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. }
            if !pools.is_connected(&peer) =>
        {
            fail(waiting, &peer, &error);
        }
        _ => {}
    }
}
