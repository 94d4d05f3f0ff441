//! Events of an audit as a whole: it is opened with its occasion, which every look then bears, and closed.

use serde::{Deserialize, Serialize};

use super::kind::EntryKind;
use crate::purpose::codes;
use crate::text::Text;

/// After how many days an audit is over that nobody closed.
///
/// One that was forgotten would lend its occasion to whatever its auditor looks at later. What gives rise to an
/// audit is looked into within a month; who needs longer opens it again, and the log then says so.
pub const AUDIT_DAYS: u32 = 30;

/// Most audits that one person has open at the same time.
pub const MOST_OPEN: usize = 10;

/// What is a look at the log where a person does it: what others sample, and what bears an audit.
///
/// A comparison with a peer counts once, by what came of it.
pub const LOOKS: [EntryKind; 6] = [
    EntryKind::AuditViewed,
    EntryKind::AuditExported,
    EntryKind::AuditReported,
    EntryKind::IncidentReported,
    EntryKind::AuditSampled,
    EntryKind::AuditReconciled,
];

codes! {
    /// What sort of occasion gives rise to an audit.
    OccasionKind, "kind of occasion" {
        /// Somebody complained.
        Complaint = "complaint",
        /// A court or a party to a case wants to know.
        Subpoena = "subpoena",
        /// Somebody asked for public records.
        PublicRecords = "public_records",
        /// Something happened that must not: a lost key, a session in wrong hands.
        Incident = "incident",
        /// It is time: the policy or an agreement asks for it.
        Periodic = "periodic",
    }
}

/// An auditor opened an audit: what she looks at from then on bears the index of this entry, until it is closed or
/// [`AUDIT_DAYS`] are over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditOpened {
    /// What gives rise to it, in words.
    pub occasion: Text,
    /// Of which sort that is. (`kind` is the entry's own.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occasion_kind: Option<OccasionKind>,
    /// Case number; empty where there is none.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub case: Text,
}

/// An audit was closed: by who opened it, or by another auditor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditClosed {
    /// The entry by which it was opened.
    pub opened: u64,
    /// What came of it; empty where nothing did.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub outcome: Text,
}
