//! What the rules look at: a query under one policy, and a peer's query at its owner.

use schemas::agency::AgencyId;
use schemas::query::Query;
use schemas::refusal::{Reason, RefusalCode};
use schemas::time::Timestamp;

use super::cite::{reason, statute};
use crate::facts::PeerFacts;
use crate::law::Law;
use crate::policy::{Cited, Lowered, Policy};
use crate::screening::{Said, Which};

/// By whose policy a query is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The requester's own, before anything leaves.
    Own,
    /// The owner's.
    Owner,
}

/// A query under one policy.
pub(crate) struct Asked<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) side: Side,
    pub(crate) query: &'a Query,
    pub(crate) now: Timestamp,
    /// The law that binds whose policy it is; `None` of a state whose law this node does not know.
    pub(crate) law: Option<&'a Law>,
    /// What its words say.
    pub(super) said: Said<'a>,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(policy: &'a Policy, side: Side, query: &'a Query, now: Timestamp) -> Self {
        let said = Said::of(&query.why, &query.elements, &policy.reason);
        let law = Law::in_force(policy.state, now);
        Self { policy, side, query, now, law, said }
    }
}

impl Asked<'_> {
    /// Whose policy it is, for a sentence.
    pub(super) fn whose(&self) -> &'static str {
        match self.side {
            Side::Own => "your agency's policy",
            Side::Owner => "the owner's policy",
        }
    }

    /// Whether a danger to life that the query states lowers this setting of the policy.
    pub(super) fn lowered(&self, what: Lowered) -> bool {
        let listed =
            self.policy.danger.as_ref().is_some_and(|danger| danger.lowers.contains(&what));
        listed && self.in_danger()
    }

    /// Whether the query says what endangers a life, in words that tell something.
    pub(crate) fn in_danger(&self) -> bool {
        self.said.tells(Which::Danger, 2)
    }

    /// Whether another person released it, of a role that the requester's own policy names for it. An
    /// owner judges the reason all the same.
    pub(super) fn released(&self) -> bool {
        let (Some(by), Some(danger)) = (&self.query.released_by, &self.policy.danger) else {
            return false;
        };
        self.side == Side::Own
            && by.user != self.query.requester.user
            && by.roles.iter().any(|role| danger.released_by.contains(role))
            && self.in_danger()
    }

    /// The section of the statute on who may use the system, and their training.
    pub(super) fn people_law(&self) -> &'static str {
        match self.side {
            Side::Own => "1798.90.53(b)(2)(B)",
            Side::Owner => "1798.90.51(b)(2)(B)",
        }
    }

    /// A reason that a value of the policy demands, and the law behind it.
    pub(super) fn because(
        &self,
        code: RefusalCode,
        message: impl Into<String>,
        value: &dyn Cited,
        law: &[&str],
    ) -> Option<Reason> {
        let mut citations = self.policy.cites(value);
        for citation in law.iter().map(|section| statute(section)) {
            if !citations.contains(&citation) {
                citations.push(citation);
            }
        }
        Some(reason(code, message, citations))
    }
}

/// A peer's query at its owner.
pub(crate) struct Case<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) me: &'a AgencyId,
    pub(crate) peer: &'a PeerFacts,
    pub(crate) query: &'a Query,
    pub(crate) now: Timestamp,
}
