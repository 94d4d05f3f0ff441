//! The node's private keys: PKCS#8 PEM files, readable by their owner alone, one use each.

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use schemas::card::Card;
use schemas::key::{PublicKey, SecretKey};
use schemas::time::Timestamp;

use crate::home::{Home, HomeError, read_text, write_private};

/// What a key is for, and the name of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Signs cards, agreements and adherences, in the command line's process.
    Agency,
    /// The libp2p identity.
    Node,
    /// Signs messages.
    Message,
    /// Signs log checkpoints.
    Log,
    /// Cosigns peers' checkpoints.
    Cosigner,
}

impl KeyUse {
    /// Every use.
    pub const ALL: [Self; 5] = [Self::Agency, Self::Node, Self::Message, Self::Log, Self::Cosigner];

    fn file(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Node => "node",
            Self::Message => "message",
            Self::Log => "log",
            Self::Cosigner => "cosigner",
        }
    }
}

/// Makes a new key and its file.
///
/// # Errors
/// When there is no randomness or the file cannot be written.
pub fn create(home: &Home, use_: KeyUse) -> Result<SecretKey, HomeError> {
    create_at(home.key(use_.file()))
}

fn create_at(path: PathBuf) -> Result<SecretKey, HomeError> {
    let content = |error: String| HomeError::Content { path: path.clone(), error };
    let mut seed = zeroize::Zeroizing::new([0u8; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|e| content(e.to_string()))?;
    let pem = SigningKey::from_bytes(&seed)
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|e| content(e.to_string()))?;
    write_private(&path, pem.as_bytes())?;
    Ok(SecretKey::from_seed(&seed))
}

/// Reads a key.
///
/// # Errors
/// When its file is missing or holds no Ed25519 key.
pub fn load(home: &Home, use_: KeyUse) -> Result<SecretKey, HomeError> {
    load_at(home.key(use_.file()))
}

fn load_at(path: PathBuf) -> Result<SecretKey, HomeError> {
    let pem = zeroize::Zeroizing::new(read_text(&path)?);
    let key = SigningKey::from_pkcs8_pem(&pem).map_err(|_| HomeError::Content {
        path,
        error: "holds no Ed25519 private key in PKCS#8 PEM; restore it from your backup".into(),
    })?;
    Ok(SecretKey::from_seed(key.as_bytes()))
}

/// The file of the message key that comes next, without its ending.
const NEXT: &str = "message-next";

/// What signs messages: one key, and while one takes the place of the other both.
///
/// A card that names a new message key announces when the one before ends. Half of the time until
/// then the one before still signs, while peers learn the new card; they take both until its end.
#[derive(Clone)]
pub struct MessageKeys {
    home: Home,
    held: Arc<ArcSwap<Held>>,
}

struct Held {
    first: SecretKey,
    next: Option<SecretKey>,
}

impl Held {
    fn of(home: &Home) -> Result<Self, HomeError> {
        let first = load(home, KeyUse::Message)?;
        let next = home.key(NEXT);
        let next = if next.exists() { Some(load_at(next)?) } else { None };
        Ok(Self { first, next })
    }

    fn iter(&self) -> impl Iterator<Item = &SecretKey> {
        [&self.first].into_iter().chain(&self.next)
    }
}

impl MessageKeys {
    /// Those of a home.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn load(home: &Home) -> Result<Self, HomeError> {
        let held = Arc::new(ArcSwap::from_pointee(Held::of(home)?));
        Ok(Self { home: home.clone(), held })
    }

    /// Reads them again: the command line has made the next one.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn reload(&self) -> Result<(), HomeError> {
        self.held.store(Arc::new(Held::of(&self.home)?));
        Ok(())
    }

    /// Whether the private key of `key` is here.
    #[must_use]
    pub fn has(&self, key: &PublicKey) -> bool {
        self.held.load().iter().any(|held| held.public() == *key)
    }

    /// The one that signs at `now`, by one's own card.
    #[must_use]
    pub fn signing(&self, card: Option<&Card>, now: Timestamp) -> SecretKey {
        let held = self.held.load();
        let with = |key: &PublicKey| held.iter().find(|held| held.public() == *key);
        let leaving = card.and_then(|card| {
            let still = card.revocations.iter().filter(|revoked| {
                let half = revoked.at.millis().saturating_add(card.at.millis()).div_euclid(2);
                now.millis() < half
            });
            still.filter_map(|revoked| with(&revoked.key)).next_back()
        });
        let named = card.and_then(|card| with(&card.message_key));
        leaving.or(named).unwrap_or(&held.first).clone()
    }

    /// Once the key before has ended, the one that the card names is the only one.
    ///
    /// # Errors
    /// When its file cannot be put in the place of the other.
    pub fn settle(&self, card: &Card, now: Timestamp) -> Result<(), HomeError> {
        let (first, next) = (self.home.key(KeyUse::Message.file()), self.home.key(NEXT));
        let ended = self.held.load().first.public();
        let taken = next.exists() && load_at(next.clone())?.public() == card.message_key;
        if taken && ended != card.message_key && !card.in_force(&ended, now) {
            std::fs::rename(&next, &first)
                .map_err(|error| HomeError::File { path: first.clone(), error })?;
            self.reload()?;
        }
        Ok(())
    }
}

/// The message key that comes next: made now, unless it is there from an attempt that was cut short.
///
/// # Errors
/// When it can be neither read nor made.
pub fn next_message_key(home: &Home) -> Result<SecretKey, HomeError> {
    let path = home.key(NEXT);
    if path.exists() { load_at(path) } else { create_at(path) }
}
