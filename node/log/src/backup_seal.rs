//! The seal of a backup: a signed note over the digest of its manifest, by the key of the log that the
//! backup is of.
//!
//! That key, because it is the one that a node always has at hand, and because what it signs of a backup
//! is what it signs of the log: what this node held at an instant. It lies in the backup, too: whoever
//! can read a backup can seal another. So the digest stands in the log as well, where a backup cannot be
//! sealed anew.

use schemas::agency::AgencyId;
use schemas::checkpoint::origin;
use schemas::digest::Digest;
use schemas::note::{Note, Vkey};

use crate::append::AuditLog;

/// The first line, which no checkpoint has.
const FORM: &str = "accord-backup";

fn text(agency: &AgencyId, manifest: &Digest) -> String {
    format!("{FORM}\n{}\n{manifest}\n", origin(agency))
}

impl AuditLog {
    /// The seal of a backup of this log with a manifest of this digest, by each of the log's keys.
    /// `None` without a key.
    #[must_use]
    pub fn seal_backup(&self, agency: &AgencyId, manifest: &Digest) -> Option<String> {
        let keys = self.signers();
        let (first, further) = keys.split_first()?;
        let mut note = Note::sign(text(agency, manifest), first).ok()?;
        further.iter().try_for_each(|key| note.sign_also(key)).ok()?;
        Some(note.to_string())
    }
}

/// Checks that one of `keys` sealed a backup of `agency` with a manifest of this digest.
///
/// # Errors
/// Why not, in words.
pub fn check(
    seal: &[u8],
    agency: &AgencyId,
    manifest: &Digest,
    keys: &[Vkey],
) -> Result<(), String> {
    let note = Note::parse(seal).map_err(|e| format!("the seal is no signed note: {e}"))?;
    note.open(keys).map_err(|e| format!("no log key of `{agency}` signed the seal: {e}"))?;
    if note.unverified_text() == text(agency, manifest) {
        Ok(())
    } else {
        Err("the manifest is not the one that was sealed".into())
    }
}
