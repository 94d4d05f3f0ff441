//! Peers: the card in force, what was verified of it, and the one that waits.

use agreements::decide::PeerFacts;
use schemas::agency::{AgencyKind, State as UsState};
use schemas::card::Card;
use schemas::key::PublicKey;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What an administrator verified of a peer, outside this system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// What sort of body it is.
    pub kind: AgencyKind,
    /// Of which state.
    pub state: UsState,
    /// How that and the fingerprint were verified.
    pub how: Text,
    /// By whom.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
}

/// A signed text with its exact envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct Published<T> {
    /// What it says.
    pub value: T,
    /// The exact envelope.
    pub envelope: String,
}

/// A card that waits for a person's confirmation.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldCard {
    /// The card.
    pub card: Published<Card>,
    /// Why it waits.
    pub why: String,
}

/// A peer.
#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    /// Its card in force.
    pub card: Published<Card>,
    /// What the administrator verified.
    pub verified: Verified,
    /// Why it is cut off.
    pub blocked: Option<Text>,
    /// A later card that waits.
    pub held: Option<HeldCard>,
}

impl Peer {
    /// The key that signs its messages, unless it was revoked by `now`.
    #[must_use]
    pub fn message_key(&self, now: Timestamp) -> Option<&PublicKey> {
        let card = &self.card.value;
        Some(&card.message_key).filter(|key| card.in_force(key, now))
    }

    /// What the decision needs to know.
    #[must_use]
    pub fn facts(&self) -> PeerFacts {
        PeerFacts {
            id: self.card.value.id.clone(),
            kind: self.verified.kind,
            state: self.verified.state,
            blocked: self.blocked.clone(),
        }
    }
}
