//! DSSE version 1 envelopes: how every message and document is signed.
//!
//! The signature covers `DSSEv1 <len(type)> <type> <len(body)> <body>`, so a message cannot be
//! passed off as one of another type. An envelope has exactly one byte form (no white space, the
//! keys `payloadType`, `payload`, `signatures` in this order, one signature, key id of the signing
//! key): whatever bit is changed, either the signature, the type, or the form no longer holds.
//! Digests of envelopes may therefore stand for their content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::key::{PublicKey, SecretKey};

/// What an envelope carries. The type is signed with the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An agency card, signed by the agency key.
    Card,
    /// A query, signed by the requester's message key.
    Query,
    /// An answer's header, signed by the owner's message key.
    Answer,
    /// A refusal, signed by the owner's message key.
    Refusal,
    /// A receipt for an answer, signed by the requester's message key.
    Receipt,
    /// An agreement's text as its proposer sent it, signed by the agency key.
    Agreement,
    /// An adherence to an agreement, signed by the agency key.
    Adherence,
    /// Suspension, resumption or withdrawal from an agreement, signed by the message key.
    Notice,
    /// A written request, signed by the message key.
    Request,
    /// A decision on a written request, signed by the message key.
    Decision,
    /// The withdrawal of a written request, signed by the message key.
    Withdrawal,
    /// What a peer is asked to state, or states, of the exchanges between the two; signed by the
    /// message key.
    Statement,
    /// An owner's correction of a read that it released, signed by the message key.
    Correction,
    /// What an agency received from a field unit and has made durable, signed by its message key.
    Transfer,
    /// What an evidence package holds, signed by the message key of the agency that made it.
    Evidence,
    /// What an agency says of one of its people, signed by the agency key.
    Attestation,
    /// The policy that an agency has in force, signed by its message key.
    Policy,
}

impl Kind {
    const ALL: [(Self, &'static str); 17] = [
        (Self::Card, "application/vnd.accord.card.v1+json"),
        (Self::Query, "application/vnd.accord.query.v1+json"),
        (Self::Answer, "application/vnd.accord.answer.v1+json"),
        (Self::Refusal, "application/vnd.accord.refusal.v1+json"),
        (Self::Receipt, "application/vnd.accord.receipt.v1+json"),
        (Self::Agreement, "application/vnd.accord.agreement.v1+toml"),
        (Self::Adherence, "application/vnd.accord.adherence.v1+toml"),
        (Self::Notice, "application/vnd.accord.notice.v1+toml"),
        (Self::Request, "application/vnd.accord.request.v1+toml"),
        (Self::Decision, "application/vnd.accord.decision.v1+toml"),
        (Self::Withdrawal, "application/vnd.accord.withdrawal.v1+toml"),
        (Self::Statement, "application/vnd.accord.statement.v1+json"),
        (Self::Correction, "application/vnd.accord.correction.v1+json"),
        (Self::Transfer, "application/vnd.accord.transfer.v1+json"),
        (Self::Evidence, "application/vnd.accord.evidence.v1+json"),
        (Self::Attestation, "application/vnd.accord.attestation.v1+json"),
        (Self::Policy, "application/vnd.accord.policy.v1+json"),
    ];

    /// The media type that is signed.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, text)| text)
    }

    /// Largest body, in bytes, comments included: what is kept for long is no larger than it needs to
    /// be. Any that fits an envelope where nothing smaller is said.
    #[must_use]
    pub const fn largest_body(self) -> usize {
        match self {
            Self::Request | Self::Decision | Self::Withdrawal | Self::Notice | Self::Correction => {
                8_192
            }
            _ => LARGEST,
        }
    }

    fn fits(self, payload: &[u8]) -> Result<(), EnvelopeError> {
        let (found, most) = (payload.len(), self.largest_body());
        if found > most { Err(EnvelopeError::BodyTooLarge { found, most }) } else { Ok(()) }
    }

    fn of(media_type: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, text)| *text == media_type).map(|(kind, _)| *kind)
    }
}

/// Largest envelope of any kind, in bytes. With a body beside it, it fits a log entry's bound.
pub const LARGEST: usize = 60_000;

/// The JSON form, in this key order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: [WireSignature; 1],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    keyid: String,
    sig: String,
}

/// Why bytes are no envelope, or one that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Larger than [`LARGEST`].
    #[error("envelope of {0} bytes is too large; at most {LARGEST} are read")]
    TooLarge(usize),
    /// Its body is larger than one of its kind may be.
    #[error("a body of {found} bytes is too large; of this kind at most {most} are read")]
    BodyTooLarge {
        /// Its bytes.
        found: usize,
        /// [`Kind::largest_body`].
        most: usize,
    },
    /// Not the one byte form of an envelope.
    #[error("not a DSSE envelope in its one form ({0})")]
    Form(&'static str),
    /// The type is not the one awaited.
    #[error("envelope is of type `{found}`; expected `{expected}`")]
    Type {
        /// Type found.
        found: String,
        /// Type awaited.
        expected: &'static str,
    },
    /// The key id names another key than the one it is checked with.
    #[error("envelope names another key than the one it was checked with")]
    Key,
    /// The signature does not hold.
    #[error("signature does not verify")]
    Signature,
    /// The signature holds, but the body is not what its type promises.
    #[error("signed body cannot be read: {0}")]
    Body(String),
}

/// An envelope in its one byte form whose signature **has not been checked**.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    bytes: Vec<u8>,
    // INVARIANT: of `bytes`.
    digest: Digest,
    kind: Kind,
    payload: Vec<u8>,
    key_id: String,
    signature: [u8; 64],
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Envelope({:?} {})", self.kind, self.digest())
    }
}

/// The byte string that a signature covers.
#[must_use]
pub fn pre_authentication(media_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {media_type} {} ", media_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    /// Signs `payload` as `kind` with `key`.
    ///
    /// # Errors
    /// [`EnvelopeError::TooLarge`] or [`EnvelopeError::BodyTooLarge`] if the result would not be read
    /// by anybody.
    pub fn sign(kind: Kind, payload: Vec<u8>, key: &SecretKey) -> Result<Self, EnvelopeError> {
        kind.fits(&payload)?;
        let signature = key.sign(&pre_authentication(kind.media_type(), &payload));
        let key_id = key.public().fingerprint().to_string();
        let bytes = Self::form(kind, &payload, &key_id, &signature)?;
        if bytes.len() > LARGEST {
            return Err(EnvelopeError::TooLarge(bytes.len()));
        }
        let digest = Digest::of(&bytes);
        Ok(Self { bytes, digest, kind, payload, key_id, signature })
    }

    /// Signs a JSON message.
    ///
    /// # Errors
    /// As [`Self::sign`]; or [`EnvelopeError::Body`] if the message cannot be written as JSON.
    pub fn sign_json<T: Serialize>(
        kind: Kind,
        message: &T,
        key: &SecretKey,
    ) -> Result<Self, EnvelopeError> {
        let payload =
            serde_json::to_vec(message).map_err(|e| EnvelopeError::Body(e.to_string()))?;
        Self::sign(kind, payload, key)
    }

    fn form(
        kind: Kind,
        payload: &[u8],
        key_id: &str,
        sig: &[u8; 64],
    ) -> Result<Vec<u8>, EnvelopeError> {
        let wire = Wire {
            payload_type: kind.media_type().to_owned(),
            payload: BASE64.encode(payload),
            signatures: [WireSignature { keyid: key_id.to_owned(), sig: BASE64.encode(sig) }],
        };
        serde_json::to_vec(&wire).map_err(|_| EnvelopeError::Form("not writable"))
    }

    /// Reads an envelope without checking its signature.
    ///
    /// # Errors
    /// When the bytes are too many, or not the one form of an envelope of a known kind.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > LARGEST {
            return Err(EnvelopeError::TooLarge(bytes.len()));
        }
        let wire: Wire =
            serde_json::from_slice(bytes).map_err(|_| EnvelopeError::Form("not its JSON"))?;
        let kind = Kind::of(&wire.payload_type).ok_or(EnvelopeError::Form("unknown type"))?;
        let payload =
            BASE64.decode(&wire.payload).map_err(|_| EnvelopeError::Form("payload not base64"))?;
        kind.fits(&payload)?;
        let [WireSignature { keyid, sig }] = wire.signatures;
        let signature = BASE64
            .decode(&sig)
            .ok()
            .and_then(|sig| <[u8; 64]>::try_from(sig).ok())
            .ok_or(EnvelopeError::Form("signature not 64 bytes of base64"))?;
        if Self::form(kind, &payload, &keyid, &signature)? != bytes {
            return Err(EnvelopeError::Form("white space or key order"));
        }
        let digest = Digest::of(bytes);
        Ok(Self { bytes: bytes.to_vec(), digest, kind, payload, key_id: keyid, signature })
    }

    /// The exact bytes: what is sent, stored and hashed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The exact bytes as the JSON text that they are.
    #[must_use]
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Digest of the exact bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The fingerprint of the key that it says it is signed with: a hint, which proves nothing.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What the envelope says it carries; signed, but not checked here.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The body, once `key`'s signature over it as `kind` has been checked.
    ///
    /// # Errors
    /// When the type, the key id or the signature is another.
    pub fn verified(&self, kind: Kind, key: &PublicKey) -> Result<&[u8], EnvelopeError> {
        if self.kind != kind {
            return Err(EnvelopeError::Type {
                found: self.kind.media_type().to_owned(),
                expected: kind.media_type(),
            });
        }
        if self.key_id != key.fingerprint().to_string() {
            return Err(EnvelopeError::Key);
        }
        if key.verifies(&pre_authentication(kind.media_type(), &self.payload), &self.signature) {
            Ok(&self.payload)
        } else {
            Err(EnvelopeError::Signature)
        }
    }

    /// The JSON message, once its signature has been checked. Verifies before it parses.
    ///
    /// # Errors
    /// As [`Self::verified`], or [`EnvelopeError::Body`] when the body is not a `T`.
    pub fn verified_json<T: DeserializeOwned>(
        &self,
        kind: Kind,
        key: &PublicKey,
    ) -> Result<T, EnvelopeError> {
        serde_json::from_slice(self.verified(kind, key)?)
            .map_err(|e| EnvelopeError::Body(e.to_string()))
    }

    /// The body **before** any check, for showing what a stored and formerly checked envelope says.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SecretKey {
        SecretKey::from_seed(&[3; 32])
    }

    #[test]
    fn the_signed_bytes_are_those_of_the_dsse_specification() {
        // The specification's own example of the pre-authentication encoding.
        assert_eq!(
            pre_authentication("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn another_type_or_key_proves_nothing() {
        let envelope = Envelope::sign(Kind::Query, b"{}".to_vec(), &key()).unwrap();
        assert!(envelope.verified(Kind::Query, &key().public()).is_ok());
        assert!(matches!(
            envelope.verified(Kind::Answer, &key().public()),
            Err(EnvelopeError::Type { .. })
        ));
        let other = SecretKey::from_seed(&[4; 32]).public();
        assert_eq!(envelope.verified(Kind::Query, &other), Err(EnvelopeError::Key));
    }

    #[test]
    fn white_space_and_order_are_refused() {
        let envelope = Envelope::sign(Kind::Query, b"{}".to_vec(), &key()).unwrap();
        let text = String::from_utf8(envelope.as_bytes().to_vec()).unwrap();
        assert!(Envelope::parse(text.replace(',', ", ").as_bytes()).is_err());
        assert!(Envelope::parse(&[b"a".repeat(LARGEST), vec![b'a']].concat()).is_err());
    }

    proptest! {
        #[test]
        fn round_trips(payload in prop::collection::vec(any::<u8>(), 0..300)) {
            let envelope = Envelope::sign(Kind::Answer, payload.clone(), &key()).unwrap();
            let read = Envelope::parse(envelope.as_bytes()).unwrap();
            prop_assert_eq!(read.verified(Kind::Answer, &key().public()).unwrap(), payload);
            prop_assert_eq!(read.digest(), envelope.digest());
        }

        #[test]
        fn any_flipped_bit_is_detected(payload in prop::collection::vec(any::<u8>(), 0..80), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let envelope = Envelope::sign(Kind::Receipt, payload, &key()).unwrap();
            let mut bytes = envelope.as_bytes().to_vec();
            let index = at.index(bytes.len());
            bytes[index] ^= 1 << bit;
            let held = Envelope::parse(&bytes)
                .and_then(|e| e.verified(Kind::Receipt, &key().public()).map(<[u8]>::to_vec));
            prop_assert!(held.is_err());
        }

        #[test]
        fn parsing_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = Envelope::parse(&bytes);
        }
    }
}
