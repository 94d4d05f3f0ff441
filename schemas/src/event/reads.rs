//! Events of one's own reads: searching, importing and correcting them, and what sends them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::agency::AgencyId;
use crate::correction::Correction;
use crate::digest::Digest;
use crate::plate::Plate;
use crate::query::{QueryId, UserName};
use crate::read::ReadId;
use crate::text::Text;
use crate::time::Timestamp;

/// One's own reads were searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadsSearched {
    /// The search, with requester and owner the same.
    pub access: Access,
    /// Whether the photographs of what was found were opened too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub photographs: bool,
}

/// A source may send reads, was given a new token, or may send no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceChanged {
    /// Its name.
    pub source: String,
    /// The format of what it sends.
    pub format: String,
    /// The camera of records that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<Text>,
    /// The cameras whose reads it may send; absent where any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cameras: Vec<Text>,
    /// The zone of times that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The folder that it writes its files into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Who else may write into that folder, as was said when the source was added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writers: Vec<Text>,
    /// Why it may send no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}

/// Reads were imported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadsImported {
    /// The name of what they came in.
    pub file: Text,
    /// Its format.
    pub format: String,
    /// Reads in it.
    pub offered: u64,
    /// Those of them that are reads of their own and were not stored before.
    pub stored: u64,
    /// H(ids of the stored ones, and of earlier readings that are stored beside the better one, in their
    /// order).
    pub ids_digest: Digest,
    /// Records that tell a sighting better, or otherwise, that an earlier one told.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub merged: u64,
    /// Records that have an id of another read and are reads of their own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub differing: u64,
    /// H(of each read that is told better, in the order of ids: its id, then H(it as it is now, as a line
    /// of the native format without its end)); absent where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub better_digest: Option<Digest>,
    /// Records whose reader's clock is ahead: their reads count from when they came in.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ahead: u64,
    /// Records past the retention of reads, which are not taken.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub past: u64,
    /// Photographs stored with them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub photographs: u64,
    /// Who is told that a read which it received is of another plate, as its reader tells it now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<CorrectionSent>,
}

/// What a source brought was withdrawn: no search finds it from here on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadsWithdrawn {
    /// The source.
    pub source: String,
    /// From when on it brought them; absent where everything before `until` is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: Text,
    /// Reads that are found no longer.
    pub withdrawn: u64,
    /// Reads of others that it had told otherwise, and that are again what they were before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restored: u64,
    /// H(of each of those reads, in the order of ids: its id, then H(it as it is now, as a line of the
    /// native format without its end)).
    pub reads_digest: Digest,
    /// Who is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<CorrectionSent>,
}

/// A read was corrected: one's own, or one that a peer had released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadsCorrected {
    /// The read.
    pub read: ReadId,
    /// The version that now holds.
    pub version: u32,
    /// The plate before.
    pub was: Plate,
    /// The plate that is right; absent where the read is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<Plate>,
    /// Why.
    pub reason: Text,
    /// Who is told, where it is one's own read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<CorrectionSent>,
    /// What it says of an answer that was received, where a peer corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<CorrectedAnswer>,
}

impl ReadsCorrected {
    /// What the entry of a peer's correction says of it, beside what becomes of the `answer`.
    #[must_use]
    pub fn of(correction: &Correction, answer: CorrectedAnswer) -> Self {
        Self {
            read: correction.read,
            version: correction.version,
            was: correction.was.clone(),
            plate: correction.plate.clone(),
            reason: correction.reason.clone(),
            told: Vec::new(),
            answer: Some(answer),
        }
    }
}

/// A correction as it leaves for one recipient of the read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CorrectionSent {
    /// To whom.
    pub to: AgencyId,
    /// For which of its queries.
    pub query_id: QueryId,
    /// H(envelope of the correction).
    pub digest: Digest,
}

/// The answer that a peer's correction is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CorrectedAnswer {
    /// The query that it answered.
    pub query_id: QueryId,
    /// Whether its reads are still kept.
    pub kept: bool,
    /// Who had asked, as far as that is still known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<UserName>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}
