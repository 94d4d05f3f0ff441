//! Records: what entries of the log say of requests for reads by persons of this agency.

use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::query::{Elements, Justification, QueryId, UserName};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;

use audit::view::LogEntry;

/// What records systems file it under.
pub const CLASSIFICATION: &str = "ALPR Request";

/// A request for reads.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Record {
    /// Its number, which no other record has and which stays: the index of its entry of the log. Numbers rise,
    /// and not by one.
    pub number: u64,
    /// `ALPR Request`.
    pub classification: &'static str,
    /// When.
    pub at: Timestamp,
    /// What was done, by the kind of its entry: `query.sent` (another agency was asked), `query.declined` (it was
    /// to be asked, and one's own policy kept that from leaving), `reads.searched` (one's own reads were
    /// searched), `answer.viewed` (an answer was shown again).
    pub act: EntryKind,
    /// The username of the person who asked; absent where the node did for her, as it was approved.
    pub user: Option<UserName>,
    /// Her name.
    pub full_name: Text,
    /// How she had proved who she is, and through which program she asked.
    pub through: String,
    /// Whose reads were asked for.
    pub owner: AgencyId,
    /// The query.
    pub query_id: QueryId,
    /// What the queries of one search over several owners have in common.
    pub search: Option<QueryId>,
    /// The plate or other elements.
    pub elements: Elements,
    /// The purpose, with case number and reason.
    pub why: Justification,
}

/// Records that follow each other, and where the next ones begin.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Page {
    /// The records, by their numbers.
    pub records: Vec<Record>,
    /// Where the next page begins: what is asked for `after` it. As it was asked for where nothing is new.
    pub next: Option<u64>,
    /// Whether there is more already.
    pub more: bool,
    /// Requests whose entries were past their retention and are destroyed.
    pub destroyed: u64,
}

/// Whether entries of this kind say that somebody of this agency asked for reads.
pub(super) const fn is_request(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::QuerySent
            | EntryKind::QueryDeclined
            | EntryKind::ReadsSearched
            | EntryKind::AnswerViewed
    )
}

impl Record {
    /// The record that an entry makes; none where it is about no request that can be described, such as a
    /// draft that named nobody to ask.
    pub(super) fn of(entry: &LogEntry) -> Option<Self> {
        let body = entry.body.as_ref().filter(|_| is_request(entry.header.kind))?;
        let access = body.event.access()?;
        Some(Self {
            number: entry.header.index,
            classification: CLASSIFICATION,
            at: entry.header.at,
            act: entry.header.kind,
            user: body.actor.user.clone(),
            full_name: body.actor.full_name.clone(),
            through: body.actor.auth.clone(),
            owner: access.owner.clone(),
            query_id: access.query_id,
            search: access.search,
            elements: access.elements.clone(),
            why: access.why.clone(),
        })
    }
}
