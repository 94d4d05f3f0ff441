//! Who this node is to others on connecting, and that it goes over to its next key in time.

use std::sync::Arc;
use std::time::Duration;

use schemas::agency::AgencyId;
use tokio_util::sync::CancellationToken;

use super::Node;

/// How often the node looks whether its next key is to be proven.
const LOOKING: Duration = Duration::from_secs(1);

/// Looks until `stop`.
pub(super) async fn keep(node: Arc<Node>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOKING);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => node.prove_identity().await,
        }
    }
}

impl Node {
    /// Proves on connecting the key that is to be used now.
    pub async fn prove_identity(&self) {
        let (node_key, before) = self.context.node_key();
        if let Err(error) = self.peers.prove(node_key, before).await {
            tracing::error!(%error, "the node key cannot be used; the one before is still proven");
        }
    }

    /// Ends the connections of a peer that was just blocked.
    pub async fn cut_off(&self, id: &AgencyId) {
        let state = self.context.agency.registry.state();
        if let Some(peer) = state.peers.get(id) {
            for node in peer.node_keys(self.context.agency.clock.now()) {
                self.peers.disconnect(&node).await;
            }
        }
    }
}
