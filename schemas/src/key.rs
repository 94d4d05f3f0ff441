//! Ed25519 keys, one use each.
//!
//! A public key is written as the base64 of its SubjectPublicKeyInfo, which is the body of a PEM
//! file: put between `-----BEGIN PUBLIC KEY-----` lines it is what stock openssl reads.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, digit};
use crate::work::Work;

/// The DER that precedes the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct PublicKey(VerifyingKey);

/// Why a text is not a public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an Ed25519 public key; expected the base64 of its SubjectPublicKeyInfo")]
pub struct KeyError(String);

impl PublicKey {
    /// From the 32 bytes of the key; `None` if they are no point of the curve or a weak one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(Self)
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// SHA-256 over the SubjectPublicKeyInfo: `openssl pkey -pubin -outform DER | sha256sum`.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Digest::of(&self.spki()))
    }

    /// Whether `signature` over `message` is this key's, by the strict rules (no small-order
    /// points, canonical encodings), so that one message has one signature that anybody accepts.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        Work::verifies();
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// A PEM file that stock openssl reads.
    #[must_use]
    pub fn pem(&self) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{self}\n-----END PUBLIC KEY-----\n")
    }

    fn spki(&self) -> Vec<u8> {
        [SPKI_PREFIX.as_slice(), self.0.as_bytes()].concat()
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let refused = || KeyError(text.chars().take(80).collect());
        let der = BASE64.decode(text).map_err(|_| refused())?;
        let key = der.strip_prefix(&SPKI_PREFIX).ok_or_else(refused)?;
        let bytes: &[u8; 32] = key.try_into().map_err(|_| refused())?;
        Self::from_bytes(bytes).ok_or_else(refused)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.spki()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

/// The fingerprint of a public key, compared by people over another channel.
///
/// Written as sixteen groups of four hexadecimal digits; read with any or no separators.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct Fingerprint(Digest);

/// Why a text is not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fingerprint; expected 64 hexadecimal digits, in groups or not")]
pub struct FingerprintError(String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pair) in self.0.as_bytes().chunks(2).enumerate() {
            if index > 0 {
                f.write_char('-')?;
            }
            for byte in pair {
                f.write_char(digit(byte >> 4))?;
                f.write_char(digit(byte & 15))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let digits: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | ':' | ' '))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        digits.parse().map(Self).map_err(|_| FingerprintError(text.chars().take(100).collect()))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, FingerprintError> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

/// An Ed25519 signing key. Zeroed when dropped; its `Debug` shows only the public half.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// From 32 bytes of randomness.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, for writing the key file.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The signature over `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        Work::signs();
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public().fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text_and_fingerprint_in_any_grouping() {
        let key = SecretKey::from_seed(&[7; 32]).public();
        assert_eq!(key.to_string().parse::<PublicKey>().unwrap(), key);
        let shown = key.fingerprint().to_string();
        assert_eq!(shown.len(), 79);
        for variant in
            [shown.clone(), shown.replace('-', ""), shown.replace('-', ":").to_uppercase()]
        {
            assert_eq!(variant.parse::<Fingerprint>().unwrap(), key.fingerprint());
        }
    }

    #[test]
    fn a_secret_never_prints() {
        let secret = SecretKey::from_seed(&[0xAB; 32]);
        assert!(!format!("{secret:?}").contains("abab"));
    }

    #[test]
    fn a_weak_key_is_refused() {
        assert!(PublicKey::from_bytes(&[0; 32]).is_none());
    }
}
