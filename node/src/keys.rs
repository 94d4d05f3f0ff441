//! The node's private keys: PKCS#8 PEM files, readable by their owner alone, one use each.

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use schemas::key::SecretKey;

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
    let path = home.key(use_.file());
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
    let path = home.key(use_.file());
    let pem = zeroize::Zeroizing::new(read_text(&path)?);
    let key = SigningKey::from_pkcs8_pem(&pem).map_err(|_| HomeError::Content {
        path,
        error: "holds no Ed25519 private key in PKCS#8 PEM; restore it from your backup".into(),
    })?;
    Ok(SecretKey::from_seed(key.as_bytes()))
}
