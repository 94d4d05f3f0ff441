//! Peers: the card in force, what was verified of it, and the one that waits.

use agreements::decide::PeerFacts;
use schemas::agency::{AgencyKind, State as UsState};
use schemas::card::Card;
use schemas::envelope::Envelope;
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
    /// Message keys of its earlier cards under the same agency key, oldest first.
    pub earlier: Vec<PublicKey>,
}

/// Which of `keys` an envelope says that it is signed with.
pub(crate) fn named_by<'a>(envelope: &Envelope, keys: &'a [PublicKey]) -> Option<&'a PublicKey> {
    keys.iter().find(|key| key.fingerprint().to_string() == envelope.key_id())
}

impl Peer {
    /// The key that signs its messages, unless it was revoked by `now`.
    #[must_use]
    pub fn message_key(&self, now: Timestamp) -> Option<&PublicKey> {
        let card = &self.card.value;
        Some(&card.message_key).filter(|key| card.in_force(key, now))
    }

    /// The key that `envelope` must be signed with to count at `now`: the card's message key, or one
    /// before it whose end the card announces and that has not come. `None` when it was revoked.
    #[must_use]
    pub fn key_of(&self, envelope: &Envelope, now: Timestamp) -> Option<&PublicKey> {
        let card = &self.card.value;
        let named = named_by(envelope, &self.earlier).filter(|key| **key != card.message_key);
        let Some(earlier) = named else { return self.message_key(now) };
        // A key that the card has left behind without a word is none.
        let announced = card.revocations.iter().any(|revoked| revoked.key == *earlier);
        Some(earlier).filter(|key| announced && card.in_force(key, now))
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
