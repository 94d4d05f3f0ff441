//! Events of what is kept and what is destroyed: reads, answers, bodies of the log, holds, backups.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::redaction::{HoldNotice, Redaction};
use crate::time::Timestamp;

/// Reads past their retention were destroyed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadsPurged {
    /// How many.
    pub purged: u64,
    /// How many more a hold keeps.
    pub held: u64,
    /// H(ids of the destroyed ones, in their order).
    pub ids_digest: Digest,
    /// Reads made before this instant are past their retention.
    pub cut_off: Timestamp,
    /// Sections of the policy that say so.
    pub sections: Vec<String>,
}

/// Kept pages of answers past their retention were destroyed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswersPurged {
    /// How many answers.
    pub purged: u64,
    /// How many more a hold keeps.
    pub held: u64,
    /// H(entries that they came with, in their order, each as eight bytes).
    pub entries_digest: Digest,
}

/// A legal hold was placed. What is held and why stands in the agency's own register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HoldPlaced {
    /// The hold.
    pub hold: HoldNotice,
}

/// A legal hold was released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HoldReleased {
    /// Its number.
    pub released: u64,
    /// H(salt ‖ terms), as its placing said.
    pub terms: Digest,
}

/// Bodies and envelopes past their retention are destroyed from here on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EntriesRedacted {
    /// Which.
    pub redaction: Redaction,
}

/// A backup was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BackupMade {
    /// Where.
    pub folder: PathBuf,
    /// When it is to be destroyed at the latest.
    pub destroy_by: Timestamp,
    /// Those that are destroyed now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destroys: Vec<PathBuf>,
}

/// A backup is whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BackupFinished {
    /// When it was begun.
    pub begun: Timestamp,
    /// SHA-256 of its manifest, which names every other file with its digest.
    pub manifest: Digest,
}

/// The node was put back from a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BackupRestored {
    /// When the backup had been begun.
    pub backup_at: Timestamp,
    /// When it was put back.
    pub restored_at: Timestamp,
    /// The machine's user who did it.
    pub uid: u32,
    /// The signed head of the log in the backup.
    pub head: String,
}
