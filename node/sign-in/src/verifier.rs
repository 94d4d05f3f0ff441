//! What verifies an authenticator, as the database holds it, and what of it is spent.

use std::collections::BTreeMap;

use schemas::authenticator::{AuthenticatorId, AuthenticatorKind};
use schemas::digest::Digest;
use schemas::names::ProgramName;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::card::PrintedCard;
use crate::code::CodeSecret;
use crate::key::SecurityKey;
use crate::sealing::SealingKey;

/// Most sources that a person is known by; the one that was used longest ago makes room.
const KNOWN_SOURCES: usize = 16;

/// What verifies an authenticator. Its exact JSON is stored, and the log knows its digest.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verifier {
    /// A password's hash, as a PHC string.
    Password {
        /// The hash.
        hash: String,
    },
    /// The sealed secret of one-time codes.
    OneTimeCode {
        /// The secret.
        sealed: String,
        /// Random: the digest in the log tells nothing of what is sealed.
        salt: String,
    },
    /// The marks of a card's codes.
    CodeCard {
        /// The marks, by number.
        marks: Vec<String>,
        /// The key that made them, as it is known by.
        key: String,
    },
    /// The public half of a security key.
    SecurityKey {
        /// The key.
        key: Box<SecurityKey>,
    },
    /// Who somebody is at a provider of single sign-on.
    ProviderAccount {
        /// The provider.
        issuer: String,
        /// Who she is there.
        subject: String,
        /// Random: the digest in the log tells nobody whose account it is.
        salt: String,
    },
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verifier({})", self.kind())
    }
}

/// What of an authenticator is spent, and from where it was used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Used {
    /// The last step whose code was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// Numbers of a card that were used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<u16>,
    /// To what a security key has counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<u32>,
    /// When its person had proved herself at the provider, by its clock, when that was last made use of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proved: Option<Timestamp>,
    /// The same of each program that showed the provider's token.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub programs: BTreeMap<ProgramName, Timestamp>,
    /// When its person last signed in by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Sources from which its person has signed in, the last one last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

impl Used {
    /// Notes that it was used from `source`; whether that is new.
    pub fn note_source(&mut self, source: &str) -> bool {
        if self.sources.last().is_some_and(|last| last == source) {
            return false;
        }
        self.sources.retain(|known| known != source);
        self.sources.push(source.to_owned());
        if self.sources.len() > KNOWN_SOURCES {
            self.sources.remove(0);
        }
        true
    }
}

impl Verifier {
    /// What verifies the codes of `secret`, under the id of the authenticator.
    #[must_use]
    pub fn of_secret(key: &SealingKey, id: &AuthenticatorId, secret: &CodeSecret) -> Option<Self> {
        let salt = crate::token::random::<16>().ok()?;
        let sealed = key.seal(&format!("code {id}"), secret.bytes())?;
        Some(Self::OneTimeCode { sealed, salt: schemas::digest::hex(salt.as_slice()) })
    }

    /// What verifies the codes of `card`, under the id of the authenticator.
    #[must_use]
    pub fn of_card(key: &SealingKey, id: &AuthenticatorId, card: &PrintedCard) -> Self {
        Self::CodeCard { marks: card.marks(key, &id.to_string()), key: key.id() }
    }

    /// What verifies the account of `subject` at a provider.
    #[must_use]
    pub fn of_account(issuer: &str, subject: &str) -> Option<Self> {
        let salt = schemas::digest::hex(crate::token::random::<16>().ok()?.as_slice());
        Some(Self::ProviderAccount { issuer: issuer.to_owned(), subject: subject.to_owned(), salt })
    }

    /// The secret of one-time codes, if that is what it is and the key is the one it was sealed with.
    #[must_use]
    pub fn secret(&self, key: &SealingKey, id: &AuthenticatorId) -> Option<CodeSecret> {
        let Self::OneTimeCode { sealed, .. } = self else { return None };
        CodeSecret::from_bytes(&key.open(&format!("code {id}"), sealed)?)
    }

    /// Whether what was typed can be held against it with this key: a key that is lost verifies nothing
    /// any more.
    #[must_use]
    pub fn is_of(&self, key: &SealingKey, id: &AuthenticatorId) -> bool {
        match self {
            Self::Password { .. } | Self::SecurityKey { .. } | Self::ProviderAccount { .. } => true,
            Self::OneTimeCode { .. } => self.secret(key, id).is_some(),
            Self::CodeCard { key: made_by, .. } => *made_by == key.id(),
        }
    }

    /// What sort of authenticator it verifies.
    #[must_use]
    pub const fn kind(&self) -> AuthenticatorKind {
        match self {
            Self::Password { .. } => AuthenticatorKind::Password,
            Self::OneTimeCode { .. } => AuthenticatorKind::OneTimeCode,
            Self::CodeCard { .. } => AuthenticatorKind::CodeCard,
            Self::SecurityKey { .. } => AuthenticatorKind::SecurityKey,
            Self::ProviderAccount { .. } => AuthenticatorKind::ProviderAccount,
        }
    }

    /// Its exact text, and the digest by which the log knows it.
    #[must_use]
    pub fn written(&self) -> Option<(String, Digest)> {
        let text = serde_json::to_string(self).ok()?;
        let digest = Digest::of(text.as_bytes());
        Some((text, digest))
    }

    /// From its exact text, if that is the one whose digest the log tells.
    #[must_use]
    pub fn read(text: &str, told: &Digest) -> Option<Self> {
        if Digest::of(text.as_bytes()) != *told {
            return None;
        }
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use host::home::Home;

    use super::*;

    #[test]
    fn what_was_changed_in_the_database_verifies_nothing() {
        let verifier = Verifier::Password { hash: "$argon2id$…".into() };
        let (text, digest) = verifier.written().unwrap();
        assert!(Verifier::read(&text, &digest).is_some());
        assert!(Verifier::read(&text.replace("id", "di"), &digest).is_none());
    }

    #[test]
    fn a_secret_opens_under_its_own_authenticator_alone() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::create(&dir.path().join("home")).unwrap();
        SealingKey::create(&home).unwrap();
        let key = SealingKey::of(&home).unwrap();
        let (one, other) =
            (AuthenticatorId::from_bytes([1; 8]), AuthenticatorId::from_bytes([2; 8]));
        let secret = CodeSecret::new().unwrap();
        let verifier = Verifier::of_secret(&key, &one, &secret).unwrap();
        let (text, _) = verifier.written().unwrap();
        assert!(!text.contains(secret.letters().as_str()));
        assert_eq!(verifier.secret(&key, &one).unwrap().bytes(), secret.bytes());
        assert!(verifier.secret(&key, &other).is_none());
    }

    #[test]
    fn a_person_is_known_by_a_few_sources() {
        let mut used = Used::default();
        for n in 0..40 {
            assert!(used.note_source(&n.to_string()));
        }
        assert!(!used.note_source("39"));
        assert!(used.note_source("30") && used.sources.len() == KNOWN_SOURCES);
    }
}
