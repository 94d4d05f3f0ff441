//! Who this node is to its peers when it connects to them.

use schemas::agency::AgencyId;

use super::Node;
use peer::PeerError;

impl Node {
    /// Proves on connecting the key that is to be used now.
    ///
    /// # Errors
    /// When it cannot be used; the one before is still proven.
    pub async fn prove_identity(&self) -> Result<(), PeerError> {
        let (node_key, before) = self.context.node_key();
        self.peers.prove(node_key, before).await
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
