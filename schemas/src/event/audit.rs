//! Events of auditing: reading, exporting and comparing logs, evidence, alarms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::EntryKind;
use crate::agency::AgencyId;
use crate::alarm::AlarmKind;
use crate::authority::AuthorityId;
use crate::bundle::Scope;
use crate::digest::Digest;
use crate::plate::Plate;
use crate::read::ReadId;
use crate::text::Text;
use crate::time::Timestamp;

/// The log was read, or what stands beside it. The entry comes before what it shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditViewed {
    /// What was looked at.
    pub viewed: Viewed,
}

/// What of the log was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Viewed {
    /// Entries that fit all that is given.
    Entries(EntriesViewed),
    /// The envelopes beside one entry.
    EnvelopesOf(u64),
    /// The proof of one entry's place.
    ProofOf(u64),
    /// The printable sheet of a written request.
    SheetOf(AuthorityId),
    /// Every version of a read.
    VersionsOf(ReadId),
}

/// Which entries were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EntriesViewed {
    /// Concerning this peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<AgencyId>,
    /// At or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whose actor is this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Whose query elements name this plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<Plate>,
    /// Of this kind. (`kind` is the viewing entry's own.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_kind: Option<EntryKind>,
}

/// The log was exported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditExported {
    /// What of it.
    pub scope: Scope,
    /// How many entries by that instant said what of the log may be destroyed: an export that leaves
    /// one out shows it.
    pub own: u64,
}

/// A report was made of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditReported {
    /// Which: `access`, `sharing`, `statutory`, `exceptions`.
    pub report: String,
    /// At or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Accesses were drawn for an audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditSampled {
    /// How many were wanted.
    pub count: u32,
    /// What the draw is made from, so that anybody can repeat it.
    pub seed: String,
    /// At or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Drawn among entries below this index.
    pub below: u64,
    /// Among how many accesses.
    pub among: u64,
    /// Which, by index.
    pub drawn: Vec<u64>,
}

/// An audit was recorded with its findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditRecorded {
    /// The entry of the sample that was audited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<u64>,
    /// What was found, in words.
    pub finding: Text,
    /// The entries that it concerns.
    pub entries: Vec<u64>,
    /// Whether all is in order.
    pub ok: bool,
}

/// A peer was given a statement of the exchanges with it, or asked for one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditStated {
    /// Whether this node asked for the peer's statement; otherwise it gave its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
    /// Of exchanges whose queries were signed at or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How many exchanges the statement covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchanges: Option<u64>,
}

/// Two logs were compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditReconciled {
    /// Exchanges whose queries were signed at or after.
    pub since: Timestamp,
    /// Before.
    pub until: Timestamp,
    /// Told alike by both.
    pub matched: u64,
    /// Refused, as both tell.
    pub refused_both: u64,
    /// Still under way.
    pub open: u64,
    /// Findings told one by one.
    pub findings: u64,
    /// Findings beyond those.
    pub further: u64,
    /// How many findings of each class.
    pub classes: BTreeMap<String, u64>,
}

/// Reads and received answers of a case were put into an evidence package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EvidenceExported {
    /// Case number.
    pub case: Text,
    /// One's own reads in it.
    pub reads: u64,
    /// Received answers in it.
    pub answers: u64,
    /// Photographs in it.
    pub images: u64,
    /// H(its manifest).
    pub manifest: Digest,
}

/// Something that must not happen was noticed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AlarmRaised {
    /// What.
    pub alarm: AlarmKind,
    /// The version of the card, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What the operator said, where the database was put back and what it lacks is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}

/// An auditor resolved an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AlarmResolved {
    /// Its number.
    pub alarm: u64,
    /// Why nothing more is to be done.
    pub reason: Text,
}
