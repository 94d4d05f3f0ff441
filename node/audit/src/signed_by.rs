//! Whose signature something rests on.

use schemas::agency::AgencyId;
use schemas::key::Fingerprint;
use schemas::time::Timestamp;
use serde::Serialize;

/// Who signed something, and with which key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedBy {
    /// The agency, which is pinned.
    pub agency: AgencyId,
    /// The fingerprint of its key.
    pub key: Fingerprint,
    /// Since when that agency says that the key was ended, where it does: shown, and not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said_ended: Option<Timestamp>,
}

impl SignedBy {
    /// That an agency signed with this key.
    #[must_use]
    pub const fn new(agency: AgencyId, key: Fingerprint) -> Self {
        Self { agency, key, said_ended: None }
    }
}
