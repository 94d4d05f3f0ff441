//! Entries as evidence: what a finding rests on, exactly as it stands in a log.

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::entry_proof::EntryProof;
use schemas::time::Timestamp;
use serde::Serialize;

use schemas::bundle::Item;

/// An entry that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Whose log it stands in.
    pub agency: AgencyId,
    /// Where.
    pub index: u64,
    /// When it was appended.
    pub at: Timestamp,
    /// What it records.
    pub kind: EntryKind,
    /// The header, exactly: the leaf of the tree.
    pub header: String,
    /// The proof of its place under the log's signed head, where one is at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inclusion: Option<Vec<Digest>>,
    /// The signed envelopes beside it, exactly.
    pub envelopes: Vec<String>,
    /// The place of the other side's own entry in the other side's log, as that side proved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<EntryProof>,
}

impl Evidence {
    /// The evidence that an entry is, with the first that it keeps of the other side's log; `None` if its
    /// header cannot be read.
    #[must_use]
    pub fn of(agency: &AgencyId, item: &Item) -> Option<Self> {
        Self::keeping(agency, item, 0)
    }

    /// The evidence that an entry is, with the `nth` that it keeps of the other side's log.
    pub(super) fn keeping(agency: &AgencyId, item: &Item, nth: usize) -> Option<Self> {
        let header = Header::from_bytes(item.entry.header.as_bytes()).ok()?;
        let body =
            item.entry.body.as_ref().and_then(|body| serde_json::from_str::<Body>(body).ok());
        Some(Self {
            agency: agency.clone(),
            index: header.index,
            at: header.at,
            kind: header.kind,
            header: item.entry.header.clone(),
            inclusion: item.inclusion.clone(),
            envelopes: item.entry.envelope.iter().flat_map(|e| e.lines()).map(Into::into).collect(),
            theirs: body.and_then(|body| body.event.theirs().get(nth).cloned()),
        })
    }
}
