//! The key that is not in the database: it seals the secrets of one-time codes, and whoever has the
//! database alone cannot try the codes of cards against it.

use std::fmt;
use std::path::PathBuf;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use host::home::{Home, HomeError, read_text, write_private};
use schemas::digest::hex;
use zeroize::Zeroizing;

use crate::token::random;

/// The key's file, beside the others of the home.
const FILE: &str = "sign-in";

/// The key.
pub struct SealingKey {
    sealing: RandomizedNonceKey,
    marking: hmac::Key,
}

fn path(home: &Home) -> PathBuf {
    home.dir().join("keys").join(FILE)
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

impl SealingKey {
    /// Makes that of `home`, where there is none.
    ///
    /// # Errors
    /// When it is there, or cannot be made.
    pub fn create(home: &Home) -> Result<(), HomeError> {
        let path = path(home);
        let bytes = random::<32>();
        let bytes =
            bytes.map_err(|e| HomeError::Content { path: path.clone(), error: e.to_string() })?;
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
        write_private(&path, text.as_bytes())
    }

    /// Whether that of `home` is there.
    #[must_use]
    pub fn is_in(home: &Home) -> bool {
        path(home).exists()
    }

    /// That of `home`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(home: &Home) -> Result<Self, HomeError> {
        let path = path(home);
        let content = |error: String| HomeError::Content { path: path.clone(), error };
        let text = Zeroizing::new(read_text(&path)?);
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map(Zeroizing::new);
        let bytes = bytes.ok().filter(|bytes| bytes.len() == 32);
        let unfit = || content("holds no key of 32 bytes; restore it from your backup".into());
        Self::from_bytes(&bytes.ok_or_else(unfit)?).ok_or_else(unfit)
    }

    /// From the 32 bytes themselves. One key is derived for each use.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let sealing = hmac::sign(&root, b"accord sign-in: seal");
        let marking = hmac::sign(&root, b"accord sign-in: mark");
        Some(Self {
            sealing: RandomizedNonceKey::new(&AES_256_GCM, sealing.as_ref()).ok()?,
            marking: hmac::Key::new(hmac::HMAC_SHA256, marking.as_ref()),
        })
    }

    /// Seals `secret` for the place `about`, from where it cannot be moved to another.
    #[must_use]
    pub fn seal(&self, about: &str, secret: &[u8]) -> Option<String> {
        let mut sealed = secret.to_vec();
        let aad = Aad::from(about.as_bytes());
        let nonce = self.sealing.seal_in_place_append_tag(aad, &mut sealed).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &sealed].concat()))
    }

    /// What was sealed for this place with this key.
    #[must_use]
    pub fn open(&self, about: &str, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut opened = Zeroizing::new(rest.to_vec());
        let aad = Aad::from(about.as_bytes());
        let length = self.sealing.open_in_place(nonce, aad, &mut opened).ok()?.len();
        opened.truncate(length);
        Some(opened)
    }

    /// What the key is known by, which tells nothing of it.
    #[must_use]
    pub fn id(&self) -> String {
        self.mark("the key itself", "").chars().take(16).collect()
    }

    /// A mark of `text` for the place `about`: without the key, nobody tells whether a text has it.
    #[must_use]
    pub fn mark(&self, about: &str, text: &str) -> String {
        let mut context = hmac::Context::with_key(&self.marking);
        // The length keeps the two apart.
        context.update(&(about.len() as u64).to_be_bytes());
        context.update(about.as_bytes());
        context.update(text.as_bytes());
        hex(context.sign().as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_at_its_place_and_nowhere_else() {
        let key = SealingKey::from_bytes(&[1; 32]).unwrap();
        let sealed = key.seal("a", b"secret").unwrap();
        assert_ne!(sealed, key.seal("a", b"secret").unwrap(), "no nonce comes twice");
        assert_eq!(key.open("a", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(key.open("b", &sealed), None);
        assert_eq!(SealingKey::from_bytes(&[2; 32]).unwrap().open("a", &sealed), None);
        let cut = sealed.get(1..).unwrap();
        for broken in ["", "AAAA", cut, "not base64!"] {
            assert_eq!(key.open("a", broken), None, "{broken}");
        }
        assert_ne!(key.mark("a", "bc"), key.mark("ab", "c"));
    }

    #[test]
    fn the_key_is_made_once_and_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let home = Home::create(&dir.path().join("home")).unwrap();
        assert!(!SealingKey::is_in(&home) && SealingKey::of(&home).is_err());
        SealingKey::create(&home).unwrap();
        assert!(SealingKey::create(&home).is_err(), "never over another");
        let sealed = SealingKey::of(&home).unwrap().seal("a", b"secret").unwrap();
        assert!(SealingKey::of(&home).unwrap().open("a", &sealed).is_some());
        let path = home.dir().join("keys").join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "c2hvcnQ").unwrap();
        assert!(SealingKey::of(&home).unwrap_err().to_string().contains("restore it"));
    }
}
