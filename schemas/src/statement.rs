//! What one side's log says of the exchanges between two agencies, for reconciling both logs.
//!
//! A statement names no plate, person or reason: query ids, instants, outcomes and digests only.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::answer::Page;
use crate::digest::Digest;
use crate::query::QueryId;
use crate::time::Timestamp;

/// What a peer asks to be stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementRequest {
    /// Who asks.
    pub from: AgencyId,
    /// Who is to state.
    pub to: AgencyId,
    /// When it was signed.
    pub at: Timestamp,
    /// Exchanges whose query was signed at or after.
    pub since: Timestamp,
    /// Exchanges whose query was signed before.
    pub until: Timestamp,
}

/// A statement's header; its lines stand in pages of JSON Lines, checked by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Digest of the request's envelope.
    pub request: Digest,
    /// Who states.
    pub from: AgencyId,
    /// To whom.
    pub to: AgencyId,
    /// When it was signed.
    pub at: Timestamp,
    /// What was logged before may be destroyed at the end of its retention; absent while nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_from: Option<Timestamp>,
    /// The pages, in order; `reads` counts lines.
    pub pages: Vec<Page>,
}

/// How far an exchange came, as one side's log says. Later values outweigh earlier ones.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// Requester: sent, nothing known.
    Sent,
    /// Requester: nothing came in time.
    Unanswered,
    /// Requester: what came did not verify.
    Rejected,
    /// Refused (both sides).
    Refused,
    /// Answered (both sides).
    Answered,
}

/// One exchange, as one side's log says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The query.
    pub query_id: QueryId,
    /// Who asked; the other one is the owner.
    pub requester: AgencyId,
    /// When the query was signed.
    pub asked_at: Timestamp,
    /// How far it came.
    pub reached: Reached,
    /// Digest of the query's envelope.
    pub query: Digest,
    /// Digest of the answer's or refusal's envelope.
    pub reply: Option<Digest>,
    /// Owner: a receipt is recorded. Requester: one was signed.
    pub receipt: bool,
}
