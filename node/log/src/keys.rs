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

use host::home::{Home, HomeError, read_text, write_private};
use schemas::key_use::KeyUse;

/// Makes a new key and its file.
///
/// # Errors
/// When there is no randomness or the file cannot be written.
pub fn create(home: &Home, use_: KeyUse) -> Result<SecretKey, HomeError> {
    create_at(home.key(use_.word()))
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
    load_at(home.key(use_.word()))
}

fn load_at(path: PathBuf) -> Result<SecretKey, HomeError> {
    let pem = zeroize::Zeroizing::new(read_text(&path)?);
    let key = SigningKey::from_pkcs8_pem(&pem).map_err(|_| HomeError::Content {
        path,
        error: "holds no Ed25519 private key in PKCS#8 PEM; restore it from your backup".into(),
    })?;
    Ok(SecretKey::from_seed(key.as_bytes()))
}

/// One key, and while another takes its place both.
///
/// A card that names a new key announces when the one before ends. Half of the time until then the
/// one before still signs, while peers learn the new card; they take both until its end.
#[derive(Clone)]
pub struct Keyring {
    home: Home,
    use_: KeyUse,
    held: Arc<ArcSwap<Held>>,
}

struct Held {
    first: SecretKey,
    next: Option<SecretKey>,
}

impl Held {
    fn of(home: &Home, use_: KeyUse) -> Result<Self, HomeError> {
        let first = load(home, use_)?;
        let next = next_file(home, use_);
        let next = if next.exists() { Some(load_at(next)?) } else { None };
        Ok(Self { first, next })
    }

    fn iter(&self) -> impl Iterator<Item = &SecretKey> {
        [&self.first].into_iter().chain(&self.next)
    }
}

/// The file of the key that comes next.
fn next_file(home: &Home, use_: KeyUse) -> PathBuf {
    home.key(&format!("{}-next", use_.word()))
}

impl Keyring {
    /// Those of a home.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn load(home: &Home, use_: KeyUse) -> Result<Self, HomeError> {
        let held = Arc::new(ArcSwap::from_pointee(Held::of(home, use_)?));
        Ok(Self { home: home.clone(), use_, held })
    }

    /// Reads them again: the command line has made the next one.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn reload(&self) -> Result<(), HomeError> {
        self.held.store(Arc::new(Held::of(&self.home, self.use_)?));
        Ok(())
    }

    /// What they are for.
    #[must_use]
    pub const fn of(&self) -> KeyUse {
        self.use_
    }

    /// Whether the private key of `key` is here.
    #[must_use]
    pub fn has(&self, key: &PublicKey) -> bool {
        self.held.load().iter().any(|held| held.public() == *key)
    }

    /// All of them, the present one first.
    #[must_use]
    pub fn all(&self) -> Vec<SecretKey> {
        self.held.load().iter().cloned().collect()
    }

    /// The one that signs at `now`, by one's own card.
    #[must_use]
    pub fn signing(&self, card: Option<&Card>, now: Timestamp) -> SecretKey {
        let held = self.held.load();
        let with = |key: &PublicKey| held.iter().find(|held| held.public() == *key);
        let leaving = card.and_then(|card| {
            let still = card.revocations.iter().filter(|leaving| now < card.used_until(leaving));
            still.filter_map(|revoked| with(&revoked.key)).next_back()
        });
        let named = card.and_then(|card| with(self.use_.named(card)));
        leaving.or(named).unwrap_or(&held.first).clone()
    }

    /// The one before the one that a card names, while it is still here.
    #[must_use]
    pub fn before(&self, card: &Card) -> Option<SecretKey> {
        let (held, named) = (self.held.load(), self.use_.named(card));
        held.iter().any(|key| key.public() == *named).then_some(())?;
        held.iter().find(|key| key.public() != *named).cloned()
    }

    /// The key that a card names is the only one from now on, although the one before has not ended.
    ///
    /// # Errors
    /// When its file cannot be put in the place of the other.
    pub fn take_named(&self, card: &Card) -> Result<(), HomeError> {
        let next = next_file(&self.home, self.use_);
        if next.exists() && load_at(next)?.public() == *self.use_.named(card) {
            take_next(&self.home, self.use_)?;
            self.reload()?;
        }
        Ok(())
    }

    /// Once the key before has ended, the one that the card names is the only one.
    ///
    /// # Errors
    /// When its file cannot be put in the place of the other.
    pub fn settle(&self, card: &Card, now: Timestamp) -> Result<(), HomeError> {
        let next = next_file(&self.home, self.use_);
        let (ended, named) = (self.held.load().first.public(), self.use_.named(card));
        let taken = next.exists() && load_at(next)?.public() == *named;
        if taken && ended != *named && !card.in_force(&ended, now) {
            take_next(&self.home, self.use_)?;
            self.reload()?;
        }
        Ok(())
    }
}

/// Every private key of a home that a card may have to prove: the present ones and those that come
/// next.
///
/// # Errors
/// When they cannot be read.
pub fn proving(home: &Home) -> Result<Vec<SecretKey>, HomeError> {
    let mut keys = Vec::new();
    for use_ in [KeyUse::Node, KeyUse::Message, KeyUse::Log, KeyUse::Cosigner] {
        keys.extend(Held::of(home, use_)?.iter().cloned());
    }
    Ok(keys)
}

/// Puts the key that comes next in the place of the present one.
///
/// # Errors
/// When it cannot be done; then the present one stays.
pub fn take_next(home: &Home, use_: KeyUse) -> Result<(), HomeError> {
    let (present, next) = (home.key(use_.word()), next_file(home, use_));
    std::fs::rename(&next, &present).map_err(|error| HomeError::File { path: present, error })
}

/// The key that comes next: made now, unless it is there from an attempt that was cut short.
///
/// # Errors
/// When it can be neither read nor made.
pub fn next_key(home: &Home, use_: KeyUse) -> Result<SecretKey, HomeError> {
    let path = next_file(home, use_);
    if path.exists() { load_at(path) } else { create_at(path) }
}
