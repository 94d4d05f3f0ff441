//! Transfers: a field unit hands its reads over to its agency, and destroys its own copy only once it
//! holds a signed receipt that they are durable there (West Covina 462.4(b)).

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::digest::Digest;
use crate::text::Text;
use crate::time::Timestamp;

/// What an agency's node received in one batch from a field unit, and made durable before it signed
/// this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TransferReceipt {
    /// The agency.
    pub agency: AgencyId,
    /// The source that the unit sends as.
    pub source: Text,
    /// The name of the file.
    pub file: Text,
    /// SHA-256 of its bytes as they were received.
    pub digest: Digest,
    /// How many bytes those are.
    pub bytes: u64,
    /// Records in it.
    pub records: u64,
    /// Reads that were new and are stored.
    pub stored: u64,
    /// Reads that were stored already.
    pub duplicates: u64,
    /// Records without a read, such as a heartbeat.
    pub empty: u64,
    /// Records that could not be used: while there are any, the unit keeps its copy.
    pub rejected: u64,
    /// Entries of the agency's audit log when all of it was durable.
    pub log_size: u64,
    /// When.
    pub at: Timestamp,
}
