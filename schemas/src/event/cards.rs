//! Events of agency cards: one's own, and those of peers.

use serde::{Deserialize, Serialize};

use crate::agency::{AgencyKind, State};
use crate::card::Card;
use crate::key::Fingerprint;
use crate::text::Text;
use crate::time::Timestamp;

/// One's own card was signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CardIssued {
    /// Its version.
    pub version: u32,
    /// The agency's name.
    pub name: Text,
    /// Where its node listens (multiaddresses).
    pub addresses: Vec<Text>,
    /// Whom to call at any hour.
    pub contact: Text,
    /// Fingerprint of the agency key.
    pub agency_key: Fingerprint,
    /// Fingerprint of the node key.
    pub node_key: Fingerprint,
    /// Fingerprint of the message key.
    pub message_key: Fingerprint,
    /// Fingerprint of the log key.
    pub log_key: Fingerprint,
    /// Fingerprint of the cosigner key.
    pub cosigner_key: Fingerprint,
}

impl CardIssued {
    /// What is said of a card.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        Self {
            version: card.version,
            name: card.name.clone(),
            addresses: card.addresses.clone(),
            contact: card.contact.clone(),
            agency_key: card.agency_key.fingerprint(),
            node_key: card.node_key.fingerprint(),
            message_key: card.message_key.fingerprint(),
            log_key: card.log_key.fingerprint(),
            cosigner_key: card.cosigner_key.fingerprint(),
        }
    }
}

/// A person confirmed a peer's card: the first one, or one with another agency key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CardConfirmed {
    /// Fingerprint of the agency key, as the person gave it.
    pub fingerprint: Fingerprint,
    /// What sort of body it is, as verified. (`kind` is the entry's own.)
    pub agency_kind: AgencyKind,
    /// Of which state, as verified.
    pub state: State,
    /// How that and the fingerprint were verified, in words.
    pub verified_by: Text,
    /// The card's version.
    pub version: u32,
}

/// A later version of a peer's card arrived that changes nothing a person must confirm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CardUpdated {
    /// Its version.
    pub version: u32,
}

/// A later version of a peer's card awaits confirmation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CardHeld {
    /// Its version.
    pub version: u32,
    /// What must be confirmed, in words.
    pub why: String,
}

/// A peer was cut off, or let in again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CardBlocked {
    /// Why.
    pub reason: Text,
}

/// A peer was given more time for the receipts of answers that it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReceiptsExtended {
    /// Until when no receipt is too late.
    pub until: Timestamp,
    /// Why.
    pub reason: Text,
}
