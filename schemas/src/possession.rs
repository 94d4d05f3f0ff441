//! Possession of keys: what each key signs so that nobody else's card can name it.
//!
//! Public keys are no secret: a node shows its own to whoever connects. So a card proves every key
//! that it names. The agency key signs the card; each other key signs a statement of its own, which
//! binds the agency, its agency key, the version of the card, what the key is for, and the key:
//!
//! ```text
//! agency id LF version in decimal LF use LF agency key LF the key LF
//! ```
//!
//! with the word of [`KeyUse`] for the use and keys in their text form. What is signed is the DSSE
//! pre-authentication encoding of that statement under a type that no envelope has, so that it can
//! be taken for nothing else that such a key signs: envelopes have other types, the handshake of a
//! node key begins `libp2p-tls-handshake:`, a head `accord/`, what is signed of a database or a backup
//! `accord-`, a cosignature `cosignature/v1`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::envelope::pre_authentication;
use crate::key::{PublicKey, SecretKey};
use crate::key_use::KeyUse;

/// The type that is signed with a statement. No envelope has it.
pub const TYPE: &str = "application/vnd.accord.possession.v1+text";

/// A key's signature under its statement: 64 bytes, in base64 with padding.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct Proof([u8; 64]);

/// The proofs of the keys of one version of a card.
///
/// The default proves nothing: it stands in a card that is not signed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Possession {
    /// By the node key.
    pub node: Proof,
    /// By the message key.
    pub message: Proof,
    /// By the log key.
    pub log: Proof,
    /// By the cosigner key.
    pub cosigner: Proof,
}

/// Whose a key is said to be, and from which version of the card on.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The agency.
    pub agency: &'a AgencyId,
    /// The version of its card.
    pub version: u32,
    /// The key that signs the card.
    pub agency_key: &'a PublicKey,
}

impl Claim<'_> {
    /// The bytes that `key` signs.
    #[must_use]
    pub fn covered(&self, use_: KeyUse, key: &PublicKey) -> Vec<u8> {
        let Self { agency, version, agency_key } = self;
        let statement = format!("{agency}\n{version}\n{use_}\n{agency_key}\n{key}\n");
        pre_authentication(TYPE, statement.as_bytes())
    }

    /// The proof that `key` is this agency's.
    #[must_use]
    pub fn prove(&self, use_: KeyUse, key: &SecretKey) -> Proof {
        Proof(key.sign(&self.covered(use_, &key.public())))
    }

    /// Whether `proof` proves `key`.
    #[must_use]
    pub fn holds(&self, use_: KeyUse, key: &PublicKey, proof: &Proof) -> bool {
        key.verifies(&self.covered(use_, key), &proof.0)
    }
}

impl Possession {
    /// The proof of the key of one use; `None` of the agency key, which signs the card itself.
    #[must_use]
    pub const fn of(&self, use_: KeyUse) -> Option<&Proof> {
        match use_ {
            KeyUse::Agency => None,
            KeyUse::Node => Some(&self.node),
            KeyUse::Message => Some(&self.message),
            KeyUse::Log => Some(&self.log),
            KeyUse::Cosigner => Some(&self.cosigner),
        }
    }
}

impl Proof {
    /// From the bytes of a signature.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The bytes of the signature.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl Default for Proof {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proof({})", BASE64.encode(self.0))
    }
}

/// A text that is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no proof of a key; expected the base64 of the 64 bytes of an Ed25519 signature")]
pub struct ProofError(String);

impl TryFrom<String> for Proof {
    type Error = ProofError;

    fn try_from(text: String) -> Result<Self, ProofError> {
        let bytes = BASE64.decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| ProofError(text.chars().take(100).collect()))
    }
}

impl From<Proof> for String {
    fn from(proof: Proof) -> Self {
        BASE64.encode(proof.0)
    }
}
