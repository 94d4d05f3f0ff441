//! The agency card: an agency's signed description of itself.

use serde::{Deserialize, Serialize};

use crate::agency::{AgencyId, AgencyKind, Ori, State};
use crate::checkpoint::origin;
use crate::envelope::{Envelope, EnvelopeError, Kind};
use crate::key::PublicKey;
use crate::note::{KeyType, Vkey};
use crate::text::Text;
use crate::time::Timestamp;

/// Most addresses of one card.
pub const MOST_ADDRESSES: usize = 16;

/// What a key that is no longer in force was used for, and when it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The key.
    pub key: PublicKey,
    /// Signatures made at or after this instant are worthless.
    pub at: Timestamp,
}

/// An agency card, signed by the agency key it names.
///
/// Kind and state are **claims**: what counts is what an administrator recorded as verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The agency.
    pub id: AgencyId,
    /// Its name.
    pub name: Text,
    /// Its ORI, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ori: Option<Ori>,
    /// What sort of body it claims to be.
    pub kind: AgencyKind,
    /// The state it claims to be of.
    pub state: State,
    /// Version, counted up from 1.
    pub version: u32,
    /// When this version was signed.
    pub at: Timestamp,
    /// Where its node listens (multiaddresses).
    pub addresses: Vec<Text>,
    /// Whom to call at any hour.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub contact: Text,
    /// Signs cards, agreements and adherences.
    pub agency_key: PublicKey,
    /// The libp2p identity of its node.
    pub node_key: PublicKey,
    /// Signs queries, answers, refusals, receipts, requests and decisions.
    pub message_key: PublicKey,
    /// Signs log checkpoints.
    pub log_key: PublicKey,
    /// Cosigns peers' checkpoints.
    pub cosigner_key: PublicKey,
    /// Keys no longer in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocations: Vec<Revocation>,
}

/// Why an envelope holds no card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Not an envelope, or not signed by the key the card names.
    #[error("agency card: {0}")]
    Envelope(#[from] EnvelopeError),
    /// A key serves two uses.
    #[error("agency card of `{0}` uses one key twice; each key has one use")]
    SharedKey(AgencyId),
    /// Too many addresses.
    #[error("agency card of `{0}` names more than {MOST_ADDRESSES} addresses")]
    Addresses(AgencyId),
}

impl Card {
    /// Reads a card that its own agency key has signed.
    ///
    /// That proves only that the card is whole: whose key it is, a person confirms by fingerprint.
    ///
    /// # Errors
    /// When the envelope, the signature or the card is not as it must be.
    pub fn open(envelope: &Envelope) -> Result<Self, CardError> {
        // The key that must verify stands in the payload, so this one document is parsed first;
        // nothing of it is used until the signature under that very key has been checked.
        let claimed: Self = serde_json::from_slice(envelope.unverified_payload())
            .map_err(|e| EnvelopeError::Body(e.to_string()))?;
        envelope.verified(Kind::Card, &claimed.agency_key)?;
        let keys = [
            claimed.agency_key,
            claimed.node_key,
            claimed.message_key,
            claimed.log_key,
            claimed.cosigner_key,
        ];
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        if distinct.len() != keys.len() {
            return Err(CardError::SharedKey(claimed.id));
        }
        if claimed.addresses.len() > MOST_ADDRESSES {
            return Err(CardError::Addresses(claimed.id));
        }
        Ok(claimed)
    }

    /// `key` as one of this agency's log, as notes name it.
    #[must_use]
    pub fn of_log(&self, key: &PublicKey) -> Vkey {
        Vkey::new(origin(&self.id), KeyType::Note, *key)
    }

    /// `key` as one with which this agency cosigns, as notes name it.
    #[must_use]
    pub fn of_cosigner(&self, key: &PublicKey) -> Vkey {
        Vkey::new(origin(&self.id), KeyType::Cosignature, *key)
    }

    /// Until when the agency goes on using a key whose end this card announces, while peers learn the
    /// card: half of the time.
    #[must_use]
    pub fn used_until(&self, leaving: &Revocation) -> Timestamp {
        let left = leaving.at.millis().saturating_sub(self.at.millis());
        self.at.plus_millis(left.div_euclid(2))
    }

    /// Whether this card announces the end of `key`, and that has not come at `at`.
    #[must_use]
    pub fn still_counts(&self, key: &PublicKey, at: Timestamp) -> bool {
        self.revocations.iter().any(|leaving| leaving.key == *key) && self.in_force(key, at)
    }

    /// Whether a signature that `key` made at `at` still counts.
    #[must_use]
    pub fn in_force(&self, key: &PublicKey, at: Timestamp) -> bool {
        self.revocations.iter().all(|revoked| revoked.key != *key || at < revoked.at)
    }
}
