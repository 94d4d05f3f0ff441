//! A swarm that runs, and the conversations that are opened over it.

use std::sync::Arc;

use libp2p::{Multiaddr, PeerId, Swarm};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::codec::Substream;
use super::conversation::{Conversation, Pools};
use super::key;
use super::swarm::{self, Behaviour, Command};
use crate::link::{LinkError, Reach};

/// Most commands that wait.
const COMMANDS: usize = 1_024;

/// A running swarm; it ends with the last of these and of its conversations.
pub(super) struct Network {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) pools: Arc<Pools>,
}

impl Network {
    pub(super) fn run(swarm: Swarm<Behaviour>, pools: Arc<Pools>) -> Self {
        let (commands, queue) = mpsc::channel(COMMANDS);
        tokio::spawn(swarm::run(swarm, queue, pools.clone()));
        Self { commands, pools }
    }

    /// A conversation with whichever of the node's keys answers: one that stands is as good as
    /// another, and only where another key than the one dialled answers is the next one dialled.
    pub(super) async fn open(&self, to: &Reach) -> Result<Conversation, LinkError> {
        let mut peers: Vec<PeerId> = to.nodes.iter().filter_map(key::peer_id).collect();
        peers.sort_by_key(|peer| !self.pools.is_connected(peer));
        let mut last = LinkError::unreachable("its card names no node key that counts now");
        for peer in peers {
            match self.open_with(peer, to).await {
                Err(another @ LinkError::AnotherNode { .. }) => last = another,
                opened => return opened,
            }
        }
        Err(last)
    }

    async fn open_with(&self, peer: PeerId, to: &Reach) -> Result<Conversation, LinkError> {
        let place = self.pools.place(&peer).await?;
        let conversation = |stream| Conversation::new(stream, place, self, peer);
        if let Some(stream) = self.pools.idle(&peer) {
            return Ok(conversation(stream));
        }
        let addresses: Vec<Multiaddr> =
            to.addresses.iter().filter_map(|text| text.as_str().parse().ok()).collect();
        let stream = match self.substream(peer, addresses.clone()).await {
            // The connection that seemed to stand is given up, so this one is opened on another.
            Err(LinkError::Silent) => self.substream(peer, addresses).await,
            opened => opened,
        };
        stream.map(conversation)
    }

    async fn substream(
        &self,
        peer: PeerId,
        addresses: Vec<Multiaddr>,
    ) -> Result<Substream, LinkError> {
        let since = Instant::now();
        let (reply, opened) = oneshot::channel();
        let gone = || LinkError::unreachable("this node is stopping");
        self.commands.send(Command::Open { peer, addresses, reply }).await.map_err(|_| gone())?;
        match opened.await.map_err(|_| LinkError::Lost("the connection closed".into()))? {
            Err(LinkError::Silent) => Err(self.pools.silence(&peer, since)),
            opened => opened,
        }
    }
}
