//! Who signs notes, and who cosigns checkpoints.

use super::cosignature;
use super::line::SignatureLine;
use super::name::KeyName;
use super::vkey::{KeyType, Vkey};
use crate::key::SecretKey;
use crate::time::Timestamp;

/// A key of type 01 with its name: who signs notes.
#[derive(Clone, Debug)]
pub struct Signer {
    name: KeyName,
    key: SecretKey,
}

impl Signer {
    /// The signer of this name.
    #[must_use]
    pub const fn new(name: KeyName, key: SecretKey) -> Self {
        Self { name, key }
    }

    /// The public half.
    #[must_use]
    pub fn vkey(&self) -> Vkey {
        Vkey::new(self.name.clone(), KeyType::Note, self.key.public())
    }

    /// The signature line for a note's text.
    pub(crate) fn line(&self, text: &str) -> SignatureLine {
        SignatureLine::by(&self.vkey(), self.key.sign(text.as_bytes()).to_vec())
    }
}

/// A key of type 04 with its name: who cosigns checkpoints.
///
/// It signs only what [`crate::witness::judge`] let through.
#[derive(Clone, Debug)]
pub struct Cosigner {
    name: KeyName,
    key: SecretKey,
}

impl Cosigner {
    /// The cosigner of this name. The key must be used for nothing else.
    #[must_use]
    pub const fn new(name: KeyName, key: SecretKey) -> Self {
        Self { name, key }
    }

    /// The public half.
    #[must_use]
    pub fn vkey(&self) -> Vkey {
        Vkey::new(self.name.clone(), KeyType::Cosignature, self.key.public())
    }

    /// The signature line for a checkpoint's text at this second; 1970 for any time before it.
    pub(crate) fn line(&self, text: &str, at: Timestamp) -> SignatureLine {
        let seconds = u64::try_from(at.millis().div_euclid(1_000)).unwrap_or(0);
        let signature = self.key.sign(&cosignature::message(text, seconds));
        SignatureLine::by(&self.vkey(), [&seconds.to_be_bytes()[..], &signature].concat())
    }
}
