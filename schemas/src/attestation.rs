//! The signed text of an attestation: bytes and signature. What it says, and of whom, is in
//! [`crate::attested`].

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::envelope::{Envelope, EnvelopeError, Kind};
use crate::key::{PublicKey, SecretKey};

/// The largest envelope of an attestation, in bytes.
pub const LARGEST_ATTESTATION: usize = 1_024;

/// A signed attestation: the text of its envelope, of at most 1,024 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct SignedAttestation(String);

impl TryFrom<String> for SignedAttestation {
    type Error = EnvelopeError;

    fn try_from(text: String) -> Result<Self, EnvelopeError> {
        if text.len() > LARGEST_ATTESTATION {
            return Err(EnvelopeError::BodyTooLarge {
                found: text.len(),
                most: LARGEST_ATTESTATION,
            });
        }
        let envelope = Envelope::parse(text.as_bytes())?;
        match envelope.kind() {
            Kind::Attestation => Ok(Self(text)),
            other => Err(EnvelopeError::Type {
                found: other.media_type().to_owned(),
                expected: Kind::Attestation.media_type(),
            }),
        }
    }
}

impl From<SignedAttestation> for String {
    fn from(signed: SignedAttestation) -> Self {
        signed.0
    }
}

impl SignedAttestation {
    /// Signs what an agency says, with its agency key.
    ///
    /// # Errors
    /// When it takes more than 1,024 bytes.
    pub fn sign<T: Serialize>(attestation: &T, key: &SecretKey) -> Result<Self, EnvelopeError> {
        Envelope::sign_json(Kind::Attestation, attestation, key)?.to_text().try_into()
    }

    /// What it says, if it is signed with this key.
    ///
    /// # Errors
    /// When it is not.
    pub fn verified<T: DeserializeOwned>(&self, key: &PublicKey) -> Result<T, EnvelopeError> {
        Envelope::parse(self.0.as_bytes())?.verified_json(Kind::Attestation, key)
    }

    /// What it says, whoever signed it.
    #[must_use]
    pub fn unverified<T: DeserializeOwned>(&self) -> Option<T> {
        let envelope = Envelope::parse(self.0.as_bytes()).ok()?;
        serde_json::from_slice(envelope.unverified_payload()).ok()
    }
}
