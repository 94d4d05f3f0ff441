//! The rules, one function each. These lists are their order and their place.
//!
//! A rule that both agencies judge takes [`Asked`], which says by whose policy; a rule that is the
//! owner's alone takes the [`Case`]; a rule about one authority takes the candidate too.

mod agency;
mod approval;
mod authority;
mod elements;
mod limits;
mod period;
mod person;
mod purpose;
mod scope;
mod why;

use schemas::agency::AgencyId;
use schemas::query::Query;
use schemas::refusal::{Citation, Reason, RefusalCode};
use schemas::time::Timestamp;

use crate::decide::{Candidate, Case};
use crate::policy::{Cited, Policy};

pub(crate) use agency::no_authority;
pub(crate) use approval::{may_adhere, may_approve, may_record};
pub(crate) use elements::past_retention;
pub(crate) use period::period;

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
}

impl Asked<'_> {
    /// Whose policy it is, for a sentence.
    fn whose(&self) -> &'static str {
        match self.side {
            Side::Own => "your agency's policy",
            Side::Owner => "the owner's policy",
        }
    }

    /// The section of the statute on who may use the system, and their training.
    fn people_law(&self) -> &'static str {
        match self.side {
            Side::Own => "1798.90.53(b)(2)(B)",
            Side::Owner => "1798.90.51(b)(2)(B)",
        }
    }

    /// A reason that a value of the policy demands, and the law behind it.
    fn because(
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

/// Judges the query under either agency's policy.
pub(crate) type OfBoth = fn(&Asked<'_>) -> Option<Reason>;
/// Judges who asks, and what, at the owner.
pub(crate) type OfOwner = fn(&Case<'_>) -> Option<Reason>;
/// Judges the query under one authority.
pub(crate) type OfAuthority = fn(&Case<'_>, &Candidate<'_>) -> Option<Reason>;

pub(crate) const OF_BOTH: &[OfBoth] = &[
    purpose::authorized,
    purpose::prohibited,
    purpose::on_behalf_of,
    person::role,
    person::trained,
    person::named,
    why::case_number,
    why::reason_given,
    why::suspicion,
    why::need_to_know,
    elements::whole,
    elements::window,
];

pub(crate) const OF_OWNER: &[OfOwner] = &[
    agency::addressed,
    agency::public_agency,
    agency::blocked,
    agency::recipient,
    elements::kind,
    limits::of_policy,
    elements::lookback,
    elements::retention,
];

pub(crate) const OF_AUTHORITY: &[OfAuthority] = &[
    authority::release_path,
    authority::in_force,
    authority::party_listed,
    authority::purpose,
    authority::case_required,
    authority::kind,
    limits::of_authority,
    authority::window,
    authority::quota,
    scope::request,
    scope::kept,
    scope::uses,
];

/// The statute that binds every operator and end-user.
pub(crate) const STATUTE: &str = "California Civil Code";

pub(crate) fn statute(section: &str) -> Citation {
    Citation::new(STATUTE, section)
}

pub(crate) fn reason(
    code: RefusalCode,
    message: impl Into<String>,
    citations: Vec<Citation>,
) -> Reason {
    Reason { code, message: message.into(), citations }
}

/// A rule of the node's own, where the texts are silent.
pub(crate) fn own_rule(section: &str) -> Citation {
    Citation::new("Accord protocol", section)
}

/// The instant before which the owner's reads are answered no longer.
pub(crate) fn cut_off(policy: &Policy, now: Timestamp) -> Timestamp {
    now.minus_days(policy.retention.reads.cut_off_days)
}

/// The earliest instant that a peer's search reaches.
fn earliest(policy: &Policy, now: Timestamp) -> Timestamp {
    cut_off(policy, now).max(now.minus_days(policy.lookback.days))
}

/// Agency ids as a sentence lists them.
fn listed<'a>(ids: impl IntoIterator<Item = &'a AgencyId>) -> String {
    ids.into_iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}
