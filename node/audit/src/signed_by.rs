//! Whose signature something rests on.

use schemas::agency::AgencyId;
use schemas::key::Fingerprint;
use serde::Serialize;

/// Who signed something, and with which key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedBy {
    /// The agency, which is pinned.
    pub agency: AgencyId,
    /// The fingerprint of its key.
    pub key: Fingerprint,
}
