//! Events of auditing: reading, exporting and comparing logs, evidence, alarms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::EntryKind;
use crate::agency::AgencyId;
use crate::alarm::AlarmKind;
use crate::authority::AuthorityId;
use crate::bundle::Scope;
use crate::digest::Digest;
use crate::finding::FindingClass;
use crate::incident::IncidentSubject;
use crate::plate::Plate;
use crate::query::QueryId;
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
    /// The public report that an entry records, made again.
    PublicReportOf(u64),
    /// Who saw reads of a plate.
    WhoSaw(Plate),
    /// One entry, whole.
    Entry(u64),
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
    /// Which: `access`, `sharing`, `statutory`, `exceptions`, `public`.
    pub report: String,
    /// At or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whether the counts of a public one are told in parts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_parts: bool,
}

/// What may be shown to the public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// A public report of the log.
    Report,
    /// The page of the policy.
    Page,
}

/// The official whom the policy names released something to the public.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicReleased {
    /// What.
    pub shown: Shown,
    /// H(its exact bytes).
    pub digest: Digest,
    /// Of a report: the entry that records its making. It tells of the entries before that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<u64>,
    /// Of a report: H(the one released before it), where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// Whether its counts are told in parts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_parts: bool,
    /// The title under which it was released.
    pub title: Text,
}

/// The public is shown what an official released. It names nobody, so that anybody may be shown this entry
/// as proof that the release is on record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicShown {
    /// What.
    pub shown: Shown,
    /// H(its exact bytes).
    pub digest: Digest,
    /// The entry by which it was released.
    pub released: u64,
}

/// What was released to the public is shown no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicWithdrawn {
    /// What.
    pub shown: Shown,
    /// Why.
    pub reason: Text,
}

/// It was reported what an incident reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IncidentReported {
    /// What it is about.
    pub subject: IncidentSubject,
    /// At or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Somebody was told of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IncidentTold {
    /// What it is about.
    pub subject: IncidentSubject,
    /// Who was told: an agency by its id, or anybody else in words.
    pub to: Text,
    /// How.
    pub how: Text,
    /// When.
    pub on: Timestamp,
}

/// Accesses were drawn for an audit, or looks that others took at the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditSampled {
    /// Whether looks were drawn, those of others than who draws; otherwise accesses.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looks: bool,
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
    /// Among how many accesses or looks.
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
    /// Findings told one by one that auditors of this agency have explained.
    pub explained: u64,
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

/// An evidence package was booked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EvidenceBooked {
    /// The entry that records its export.
    pub package: u64,
    /// The number under which it is booked.
    pub number: Text,
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

/// Most exchanges of one explanation.
pub const MOST_EXPLAINED: usize = 500;

/// An auditor said how findings about the logs of this agency and a peer came about. They stay findings;
/// this stands beside them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FindingsExplained {
    /// Their class.
    pub class: FindingClass,
    /// The exchanges that they are about; none where they are about a log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "json-schema", schemars(length(max = 500)))]
    pub queries: Vec<QueryId>,
    /// Whose log is not as it must be, where the findings say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<AgencyId>,
    /// The entry of that log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// How they came about.
    pub reason: Text,
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
