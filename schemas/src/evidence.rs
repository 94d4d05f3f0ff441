//! Evidence packages: what the agency that made one signs of it.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::digest::Digest;
use crate::query::UserName;
use crate::text::Text;
use crate::time::Timestamp;

/// What an evidence package holds: a BagIt bag (RFC 8493) whose manifests name every file of it by
/// its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The agency that made it.
    pub agency: AgencyId,
    /// The case.
    pub case: Text,
    /// Who made it.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
    /// The entry `evidence.exported` of the agency's log, which holds `manifest` too.
    pub entry: u64,
    /// SHA-256 of `manifest-sha256.txt`, which names every file of the payload.
    pub manifest: Digest,
    /// SHA-256 of `tagmanifest-sha256.txt`, which names that manifest and every other file but this
    /// signature.
    pub tagmanifest: Digest,
}
