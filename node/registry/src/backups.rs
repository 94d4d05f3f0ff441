//! Backups that were made, as long as they are where they were made.

use std::path::PathBuf;

use schemas::digest::Digest;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Where it was made.
    pub folder: PathBuf,
    /// When it was begun.
    pub at: Timestamp,
    /// When it is to be destroyed at the latest.
    pub destroy_by: Timestamp,
    /// SHA-256 of its manifest, once it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
}
