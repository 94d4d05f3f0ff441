//! Between an agency card's node key and libp2p's peer id, which carries the key itself.

use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey as Identity, ed25519};
use schemas::key::{PublicKey, SecretKey};

/// The multihash code of an identity: the peer id holds the key unhashed.
const IDENTITY: u64 = 0;

pub(super) fn peer_id(node: &PublicKey) -> Option<PeerId> {
    let key = ed25519::PublicKey::try_from_bytes(node.as_bytes()).ok()?;
    Some(Identity::from(key).to_peer_id())
}

/// What proves a node key.
pub(super) fn identity(node: &SecretKey) -> Result<Keypair, String> {
    // The copy is wiped once it is taken.
    Keypair::ed25519_from_bytes(*node.seed()).map_err(|e| e.to_string())
}

/// The node key of a peer, or `None` if it is no Ed25519 key.
pub(super) fn node_key(peer: &PeerId) -> Option<PublicKey> {
    let hash = peer.as_ref();
    if hash.code() != IDENTITY {
        return None;
    }
    let key = Identity::try_decode_protobuf(hash.digest()).ok()?.try_into_ed25519().ok()?;
    PublicKey::from_bytes(&key.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::key::SecretKey;

    #[test]
    fn a_node_key_and_its_peer_id_are_one() {
        let key = SecretKey::from_seed(&[9; 32]).public();
        let peer = peer_id(&key).unwrap();
        assert_eq!(node_key(&peer), Some(key));
        let same = Keypair::ed25519_from_bytes([9; 32]).unwrap();
        assert_eq!(same.public().to_peer_id(), peer);
    }
}
