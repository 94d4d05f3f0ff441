//! The keys that notes are checked with, and their ids (C2SP signed-note, "Verifier keys").

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::cosignature;
use super::error::NoteError;
use super::name::KeyName;
use crate::digest::{Digest, hex, unhex};
use crate::key::PublicKey;
use crate::time::Timestamp;

/// Four bytes that, with its name, tell a key from others. Not a fingerprint: anybody can make a
/// key with a given id, and all they get is a signature that does not verify.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(super) [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a key signs. Other types exist; their lines are kept and never verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// Type 01: Ed25519 over a note's text.
    Note,
    /// Type 04: Ed25519 over a time and a checkpoint's text.
    Cosignature,
}

impl KeyType {
    const fn byte(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Note, Self::Cosignature].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// A key that is trusted for a name: `<name>+<key id>+<base64 of type and key>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vkey {
    name: KeyName,
    kind: KeyType,
    key: PublicKey,
}

impl Vkey {
    /// The key of this name and type.
    #[must_use]
    pub const fn new(name: KeyName, kind: KeyType, key: PublicKey) -> Self {
        Self { name, kind, key }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyType {
        self.kind
    }

    /// The Ed25519 key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.key
    }

    /// Its id: the first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key).
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hashed = [self.name.as_str().as_bytes(), b"\n", &self.typed()].concat();
        let [a, b, c, d, ..] = *Digest::of(&hashed).as_bytes();
        KeyId([a, b, c, d])
    }

    /// Checks this key's signature over a note's text. `None` if it does not hold; else the time
    /// that a cosignature states, whole seconds.
    pub(super) fn verify(&self, text: &str, signature: &[u8]) -> Option<Option<Timestamp>> {
        match self.kind {
            KeyType::Note => {
                let signature = signature.try_into().ok()?;
                self.key.verifies(text.as_bytes(), signature).then_some(None)
            }
            KeyType::Cosignature => cosignature::verify(&self.key, text, signature).map(Some),
        }
    }

    fn typed(&self) -> Vec<u8> {
        [&[self.kind.byte()], self.key.as_bytes().as_slice()].concat()
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, self.id(), BASE64.encode(self.typed()))
    }
}

impl FromStr for Vkey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let refused = |why| NoteError::Vkey(text.chars().take(160).collect(), why);
        let form = || refused("expected a name, an id and a key, with `+` between them");
        // Base64 may hold a `+`; a name and an id never do.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(typed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form());
        };
        let typed = BASE64.decode(typed).map_err(|_| refused("the key is not base64"))?;
        let (kind, key) = typed.split_first().ok_or_else(form)?;
        let kind = KeyType::of(*kind).ok_or_else(|| refused("its type is neither 01 nor 04"))?;
        let key = <&[u8; 32]>::try_from(key).ok().and_then(PublicKey::from_bytes);
        let vkey = Self::new(name.parse()?, kind, key.ok_or_else(|| refused("not a good key"))?);
        if unhex(id).map(KeyId) != Some(vkey.id()) {
            return Err(refused("the id is not that of the name and key"));
        }
        Ok(vkey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn the_specifications_key_reads_back_and_has_its_id() {
        let vkey: Vkey = EXAMPLE.parse().unwrap();
        assert_eq!(vkey.to_string(), EXAMPLE);
        assert_eq!((vkey.name().as_str(), vkey.kind()), ("example.com/foo", KeyType::Note));
        assert_eq!(vkey.id().to_string(), "530d903a");
    }

    #[test]
    fn the_type_is_part_of_the_id() {
        let vkey: Vkey = EXAMPLE.parse().unwrap();
        let other = Vkey::new(vkey.name().clone(), KeyType::Cosignature, *vkey.public());
        assert_ne!(other.id(), vkey.id());
        assert_eq!(other.to_string().parse::<Vkey>().unwrap(), other);
    }

    #[test]
    fn a_key_whose_base64_holds_a_plus_reads_back() {
        let keys = (0..64).map(|seed| {
            let key = SecretKey::from_seed(&[seed; 32]).public();
            Vkey::new("a".parse().unwrap(), KeyType::Note, key).to_string()
        });
        let with_plus: Vec<String> = keys.filter(|key| key.matches('+').count() > 2).collect();
        assert!(!with_plus.is_empty());
        for key in with_plus {
            assert_eq!(key.parse::<Vkey>().unwrap().to_string(), key);
        }
    }

    #[test]
    fn a_key_whose_parts_disagree_is_refused_with_the_reason() {
        let key = |text: &[u8]| BASE64.encode(text);
        for (text, why) in [
            ("example.com/foo".to_owned(), "expected a name"),
            ("example.com/foo+530d903a".to_owned(), "expected a name"),
            ("example.com/foo+530d903a+".to_owned(), "expected a name"),
            (EXAMPLE.replace("foo", "bar"), "the id is not"),
            (EXAMPLE.replace("530d903a", "530D903A"), "the id is not"),
            (EXAMPLE.replace("530d903a", "530d903b"), "the id is not"),
            (EXAMPLE.replace("530d903a", "0530d903a"), "the id is not"),
            (format!("{EXAMPLE}="), "not base64"),
            (format!("a+530d903a+{}", key(&[6; 33])), "neither 01 nor 04"),
            (format!("a+530d903a+{}", key(&[1; 32])), "not a good key"),
            // The identity, a point of small order.
            (format!("a+530d903a+{}", key(&[&[1, 1], [0; 31].as_slice()].concat())), "not a good"),
            (EXAMPLE.replace("example.com/foo", ""), "not a key name"),
        ] {
            let error = text.parse::<Vkey>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
