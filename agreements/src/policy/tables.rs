//! The tables of a policy that hold several values.

use serde::{Deserialize, Serialize};

use super::parts::{Days, Official, Officials, Path, Pointer, ReadRetention, Recipients, Roles};

/// Officials and where to turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Administration {
    /// Who answers for the system.
    pub administrator: Official,
    /// Who manages access to the system, where that is more than the administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Officials>,
    /// Who keeps and destroys records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custodian: Option<Official>,
    /// Where the policy is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posting: Option<Pointer>,
    /// Whom a breach is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breach: Option<Pointer>,
    /// Where requests of bodies that are no law enforcement agency go.
    pub records_release: Pointer,
}

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Who of this agency may query, its own reads and peers'.
    pub query: Roles,
    /// Who sees what somebody who queries asks for them, besides those who query; nobody else when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub see: Option<Roles>,
    /// Whose queries of a peer's are answered, as that peer states their roles.
    pub peers: Roles,
    /// Who brings reads in.
    pub collect: Roles,
    /// Who administers users, cards and the policy.
    pub administer: Roles,
    /// Who signs agreements and decides requests; titles narrow this further.
    pub approve: Roles,
    /// Who reads the audit log.
    pub audit: Roles,
}

/// On what paths the agency releases reads to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// To whom at all.
    pub recipients: Recipients,
    /// On a standing agreement; absent when the policy has no such path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing_agreement: Option<Path>,
    /// On a written request; absent when the policy has no such path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_request: Option<Path>,
}

/// Who approves releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Written requests.
    pub requests: Officials,
    /// Standing agreements.
    pub agreements: Officials,
}

/// How long what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Reads.
    pub reads: ReadRetention,
    /// Bodies and envelopes of the audit log, and audit reports.
    pub audit_reports: Days,
}
