//! Who this node is to its peers when it connects to them, and whom it no longer talks to.

use schemas::agency::AgencyId;

use crate::context::NodeContext;
use peer::{PeerError, Peers};

/// Proves on connecting the key that is to be used now.
///
/// # Errors
/// When it cannot be used; the one before is still proven.
pub async fn prove_identity(context: &NodeContext, peers: &Peers) -> Result<(), PeerError> {
    let (node_key, before) = context.node_key();
    peers.prove(node_key, before).await
}

/// Ends the connections of a peer that was just blocked.
pub async fn cut_off(context: &NodeContext, peers: &Peers, id: &AgencyId) {
    let state = context.agency.registry.state();
    if let Some(peer) = state.peers.get(id) {
        for node in peer.node_keys(context.agency.clock.now()) {
            peers.disconnect(&node).await;
        }
    }
}
