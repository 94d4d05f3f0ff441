//! An access to plate data, as audit logs record it.
//!
//! It holds what Civil Code 1798.90.52(a) demands of every access: date and time, the plate or other
//! query elements, the username and organisation, the purpose; and beside them case number, reason,
//! authority and outcome.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::answer::{Answer, Basis};
use crate::authority::AuthorityId;
use crate::digest::Digest;
use crate::query::{Elements, Justification, Query, QueryId, Releaser, UserName};
use crate::refusal::{Reason, Refusal};
use crate::time::Timestamp;

/// How an access ended, as far as this entry knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// One's own rules kept it from leaving.
    Declined,
    /// Asked; nothing known yet.
    Sent,
    /// Reads were released.
    Answered,
    /// Refused by rule.
    Refused,
    /// Nothing came in time.
    Unanswered,
    /// What came did not verify.
    Rejected,
    /// The requester confirmed that it logged the answer.
    Receipted,
}

/// An access, permitted or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The query.
    pub query_id: QueryId,
    /// When the query was signed.
    pub asked_at: Timestamp,
    /// What the queries of one search over several owners have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<QueryId>,
    /// The agency that asks.
    pub requester: AgencyId,
    /// The agency asked.
    pub owner: AgencyId,
    /// Who released the query, where the screening of the requester's own policy had refused its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_by: Option<Releaser>,
    /// The registered person of the requester for whom somebody else asked, and who sees the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_user: Option<UserName>,
    /// Purpose, case, reason and the rest.
    pub why: Justification,
    /// The plate or other elements.
    pub elements: Elements,
    /// The authority that the query cites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<AuthorityId>,
    /// On what authority, once that is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// Reads released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Digest of the query's envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_digest: Option<Digest>,
    /// Digest of the answer's or refusal's envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_digest: Option<Digest>,
}

impl Access {
    /// What a query says of itself; the outcome and the rest are filled in by who knows them.
    #[must_use]
    pub fn of(query: &Query, outcome: Outcome) -> Self {
        Self {
            query_id: query.id,
            asked_at: query.at,
            search: query.search,
            requester: query.from.clone(),
            owner: query.to.clone(),
            released_by: query.released_by.clone(),
            for_user: query.for_person.as_ref().map(|person| person.user.clone()),
            why: query.why.clone(),
            elements: query.elements.clone(),
            authority: query.authority.clone(),
            basis: None,
            outcome,
            reasons: Vec::new(),
            count: None,
            query_digest: None,
            answer_digest: None,
        }
    }

    /// What a query says of itself as it was signed; `envelope` is the digest of its envelope.
    #[must_use]
    pub fn of_signed(query: &Query, envelope: Digest, outcome: Outcome) -> Self {
        Self { query_digest: Some(envelope), ..Self::of(query, outcome) }
    }

    /// The same access once this answer was given to it; `envelope` is the digest of its envelope.
    #[must_use]
    pub fn answered(self, answer: &Answer, envelope: Digest) -> Self {
        Self {
            outcome: Outcome::Answered,
            basis: Some(answer.basis.clone()),
            count: Some(answer.count),
            reasons: Vec::new(),
            answer_digest: Some(envelope),
            ..self
        }
    }

    /// The same access once this refusal was given to it; `envelope` is the digest of its envelope.
    #[must_use]
    pub fn refused(self, refusal: &Refusal, envelope: Digest) -> Self {
        Self {
            outcome: Outcome::Refused,
            basis: None,
            count: None,
            reasons: refusal.reasons.clone(),
            answer_digest: Some(envelope),
            ..self
        }
    }
}
