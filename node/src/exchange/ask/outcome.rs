//! What an officer is told of each owner that was asked.

use schemas::agency::AgencyId;
use schemas::answer::{Basis, LogPosition, Photograph, Released};
use schemas::correction::Correction;
use schemas::misread::Substitution;
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::purpose::{QueryKind, Role};
use schemas::query::{Elements, Query, QueryId};
use schemas::read::{Read, ReadId};
use schemas::refusal::Reason;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;

/// What became of the query to one owner. Its JSON is a line of `accord query --json`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QueryOutcome {
    /// The query.
    pub query_id: Option<QueryId>,
    /// What the queries of one search over several owners have in common.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<QueryId>,
    /// The owner asked.
    pub owner: AgencyId,
    /// How it ended: answered, refused or unanswered.
    pub outcome: OutcomeCode,
    /// On what authority it was answered.
    pub basis: Option<Basis>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Extent>,
    /// What was released of it, and by which sections it is less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<Released>,
    /// Whether more reads matched than the limit.
    pub truncated: bool,
    /// What one's own policy has verified before acting on a read; it binds the officer.
    pub own_notice: Text,
    /// The owner's notice to who acts on a read.
    pub notice: Text,
    /// The reads.
    pub reads: Vec<Read>,
    /// Of reads of another plate than the one asked for, what the reader may have confused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub misread: Vec<Misread>,
    /// Corrections that the owner sent since for reads of this answer, in the order they came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
    /// Whether the owner opened the reads' photographs.
    pub images: bool,
    /// Their photographs, as the answer names them; kept as long as the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub photographs: Vec<Photograph>,
    /// Photographs beyond those that one answer carries.
    #[serde(skip_serializing_if = "none")]
    pub photographs_beyond: u32,
    /// Why it was refused.
    pub reasons: Vec<Reason>,
    /// Whom to call at the owner at any hour, where a life is in danger and the query was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Text>,
    /// Of which roles another person of one's own agency may release it, and is asked to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub may_release: Vec<Role>,
    /// Which side refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_by: Option<RefusedBy>,
    /// What is to be known of the owner's log: that much of what it must hold is not proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Why nothing was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Where this agency's own entry about the outcome stands.
    pub log: Option<LogPosition>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer passes a reference")]
fn none(count: &u32) -> bool {
    *count == 0
}

/// How far a search goes that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Extent {
    /// What sort of search.
    pub kind: QueryKind,
    /// Earliest instant.
    pub from: Timestamp,
    /// Latest instant.
    pub until: Timestamp,
    /// Most reads.
    pub limit: u32,
    /// Whether photographs are asked for.
    pub images: bool,
}

impl Extent {
    pub(crate) fn asked(query: &Query) -> Self {
        let Elements { kind, from, until, .. } = query.elements;
        Self { kind, from, until, limit: query.limit, images: query.images }
    }
}

/// A peer that a search over all did not ask.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotAsked {
    /// Which.
    pub owner: AgencyId,
    /// Why.
    pub why: String,
}

/// The last line of a search over all.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SearchEnded {
    /// The search, as all its queries name it.
    pub search: Option<QueryId>,
    /// Whom it asked.
    pub asked: Vec<AgencyId>,
    /// Whom it did not, and why.
    pub not_asked: Vec<NotAsked>,
}

/// A read of another plate than the one asked for, within what readers confuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Misread {
    /// The read.
    pub read: ReadId,
    /// The characters that differ.
    pub substitutions: Vec<Substitution>,
}

impl Misread {
    /// Those of `reads`, in their order.
    pub(crate) fn among(elements: &Elements, reads: &[Read]) -> Vec<Self> {
        let one = |read: &Read| Self { read: read.id, substitutions: elements.substitutions(read) };
        reads.iter().map(one).filter(|one| !one.substitutions.is_empty()).collect()
    }
}

impl QueryOutcome {
    pub(crate) fn new(owner: &AgencyId, outcome: OutcomeCode) -> Self {
        Self {
            query_id: None,
            search: None,
            asked: None,
            released: None,
            owner: owner.clone(),
            outcome,
            basis: None,
            truncated: false,
            own_notice: Text::default(),
            notice: Text::default(),
            reads: Vec::new(),
            misread: Vec::new(),
            corrections: Vec::new(),
            images: false,
            photographs: Vec::new(),
            photographs_beyond: 0,
            reasons: Vec::new(),
            contact: None,
            may_release: Vec::new(),
            refused_by: None,
            warning: None,
            error: None,
            log: None,
        }
    }

    pub(super) fn failed(owner: &AgencyId, error: impl std::fmt::Display) -> Self {
        Self { error: Some(error.to_string()), ..Self::new(owner, OutcomeCode::Unanswered) }
    }
}
