//! From what an officer typed to one query an owner. Pure.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::authority::{AuthorityId, AuthorityName};
use crate::query::{Elements, Justification, Query, QueryId, Requester, UserName};
use crate::time::Timestamp;

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Recipients {
    /// Every peer that gives authority at this instant; never a broadcast.
    All,
    /// These.
    These(Vec<AgencyId>),
}

/// What an officer typed. Who asks is who is signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Whom.
    pub whom: Recipients,
    /// On what authority, when the officer names one.
    pub authority: Option<AuthorityName>,
    /// Why.
    pub why: Justification,
    /// What for.
    pub elements: Elements,
    /// Most reads wanted of each owner.
    pub limit: u32,
    /// Whether photographs are wanted.
    #[serde(default)]
    pub images: bool,
    /// The registered person for whom it is asked, who sees the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_user: Option<UserName>,
}

impl Draft {
    /// What would be typed to ask the same again.
    #[must_use]
    pub fn of(query: &Query) -> Self {
        Self {
            whom: Recipients::These(vec![query.to.clone()]),
            authority: query.authority.clone().map(AuthorityName::from),
            why: query.why.clone(),
            elements: query.elements.clone(),
            limit: query.limit,
            images: query.images,
            for_user: query.for_person.as_ref().map(|person| person.user.clone()),
        }
    }

    /// The query to one owner, on the authority that the draft's means.
    #[must_use]
    pub fn query(
        &self,
        id: QueryId,
        from: &AgencyId,
        to: &AgencyId,
        authority: Option<AuthorityId>,
        requester: &Requester,
        at: Timestamp,
    ) -> Query {
        Query {
            id,
            from: from.clone(),
            to: to.clone(),
            at,
            search: None,
            authority,
            requester: requester.clone(),
            released_by: None,
            for_person: None,
            why: self.why.clone(),
            elements: self.elements.clone(),
            limit: self.limit,
            images: self.images,
        }
    }
}
