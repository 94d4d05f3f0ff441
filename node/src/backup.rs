//! Backups: folders that hold everything a node is, from which it can be put back elsewhere.
//!
//! ```text
//! FOLDER/AGENCY-TIME/
//!   manifest.json   what stands here, with digests; when it is to be destroyed; the log's signed head
//!   manifest.seal   the log's key under the digest of the manifest
//!   accord.db       the database, unless it is on PostgreSQL
//!   …               every other file of the home: configuration, card, keys, tls, photographs
//! ```
//!
//! A backup holds private keys and reads: whoever has it can act for the agency. It is whole or not
//! there: it gets its name last.

pub mod create;
pub mod files;
pub mod restore;
pub mod standing;

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::note::Vkey;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::permission::ActError;
use audit_log::backup_seal;

/// The version of the manifest.
pub const VERSION: u32 = 1;
/// The file that says what a backup holds.
pub const MANIFEST: &str = "manifest.json";
/// The signed note over the manifest's digest.
pub const SEAL: &str = "manifest.seal";
/// The database of a node that keeps it in its home.
pub const DATABASE: &str = "accord.db";
/// What of a home is of a running process or of this place alone, and in no backup.
const LEFT_OUT: [&str; 8] = [
    DATABASE,
    "accord.db-wal",
    "accord.db-shm",
    "accord.sock",
    "lock",
    "anchor",
    "clock",
    RESTORED,
];
/// The file in a restored home that says so until the log does.
pub const RESTORED: &str = "restored.json";
/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 16;

/// Where the database of a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kept {
    /// In the backup.
    Sqlite,
    /// On a server, which is backed up by its own means.
    Postgresql,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Where it stands in the home, with `/` between parts.
    pub path: String,
    /// Its length, in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

/// What a backup says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`VERSION`].
    pub accord_backup: u32,
    /// Whose node it is of.
    pub agency: AgencyId,
    /// When it was begun.
    pub at: Timestamp,
    /// When it is to be destroyed at the latest.
    pub destroy_by: Timestamp,
    /// The signed head of the log (C2SP tlog-checkpoint), which the database leads to.
    pub head: String,
    /// Where the database is.
    pub database: Kept,
    /// Every file but this one.
    pub files: Vec<Listed>,
}

pub(crate) fn failed(path: &Path, error: &std::io::Error) -> ActError {
    ActError::failed(format!("`{}`: {error}", path.display()))
}

/// Reads what a backup of `agency` says of itself, sealed with one of `keys`, and the digest of that.
///
/// # Errors
/// When it is none, another agency's, or not as it was sealed.
pub fn sealed(
    folder: &Path,
    agency: &AgencyId,
    keys: &[Vkey],
) -> Result<(Manifest, Digest), ActError> {
    let (said, digest) = manifest(folder)?;
    let altered = |why: String| {
        ActError::refused(format!("`{}` is not as it was made: {why}", folder.display()))
    };
    if said.agency != *agency {
        return Err(altered(format!("its manifest is of `{}`", said.agency)));
    }
    let path = folder.join(SEAL);
    let seal = std::fs::read(&path).map_err(|e| altered(format!("`{SEAL}`: {e}")))?;
    backup_seal::check(&seal, agency, &digest, keys).map_err(altered)?;
    Ok((said, digest))
}

/// Reads what a backup says of itself, unchecked, and the digest of that.
///
/// # Errors
/// When it is none, or one of a later version.
fn manifest(folder: &Path) -> Result<(Manifest, Digest), ActError> {
    #[derive(Deserialize)]
    struct Versioned {
        accord_backup: u32,
    }
    let path = folder.join(MANIFEST);
    let text = std::fs::read(&path).map_err(|error| {
        ActError::usage(format!("`{}` is no backup: `{MANIFEST}`: {error}", folder.display()))
    })?;
    let unfit = |e: serde_json::Error| ActError::usage(format!("`{}`: {e}", path.display()));
    let version = serde_json::from_slice::<Versioned>(&text).map_err(unfit)?.accord_backup;
    if version != VERSION {
        return Err(ActError::usage(format!(
            "`{}` is of version {version}, and this program reads version {VERSION}; use the one that made it",
            folder.display()
        )));
    }
    Ok((serde_json::from_slice(&text).map_err(unfit)?, Digest::of(&text)))
}

/// A path of a manifest as one below `base`; `None` when it could lead out of it.
fn below(base: &Path, path: &str) -> Option<PathBuf> {
    let parts = Path::new(path).components();
    let plain = parts.clone().all(|part| matches!(part, Component::Normal(_)));
    // In one form: no doubled or trailing slashes that make two names of one file.
    let same = parts.collect::<PathBuf>().to_str() == Some(path);
    (plain && same && !path.is_empty()).then(|| base.join(path))
}

/// Passes everything of `from` on to `to`; its length and digest.
fn pass_on(from: &mut File, to: &mut impl Write) -> std::io::Result<(u64, Digest)> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut bytes = 0u64;
    loop {
        let read = from.read(&mut chunk)?;
        let Some(part) = chunk.get(..read).filter(|part| !part.is_empty()) else { break };
        hasher.update(part);
        to.write_all(part)?;
        bytes = bytes.saturating_add(read as u64);
    }
    Ok((bytes, Digest::from_bytes(hasher.finalize().into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_path_below_the_folder_is_one() {
        let base = Path::new("/backup");
        for (path, good) in [
            ("accord.toml", true),
            ("images/ab/cdef", true),
            ("", false),
            (".", false),
            ("..", false),
            ("../accord.toml", false),
            ("keys/../../x", false),
            ("/etc/passwd", false),
            ("keys//agency.pem", false),
            ("keys/./agency.pem", false),
            ("keys/", false),
        ] {
            assert_eq!(below(base, path).is_some(), good, "{path}");
        }
    }
}
