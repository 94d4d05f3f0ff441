//! How often authorities were used by answers whose bodies are destroyed: so that uses and quotas can
//! be counted again from the log alone.
//!
//! A sum stands in the change of the registry that its `entries.redacted` names by digest, not in the
//! entry: it tells with whom an agency exchanges how much, which is nothing for the peers who are
//! handed that entry.

use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most sums of one redaction.
pub const MOST_SUMS: usize = 1_000;

/// The answers on one authority, with one peer, of one day, whose bodies one redaction destroys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsesSum {
    /// The start of the UTC day of their entries.
    pub day: Timestamp,
    /// The authority.
    pub authority: AuthorityId,
    /// The peer.
    pub peer: AgencyId,
    /// Answers given to the peer.
    pub given: u32,
    /// Answers received from it.
    pub received: u32,
}
