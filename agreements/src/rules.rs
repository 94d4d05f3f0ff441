//! The rules, one function each. These lists are their order and their place: a new rule of the
//! policies joins here.

mod agency;
mod authority;
mod query;
mod scope;

use schemas::query::Query;
use schemas::refusal::{Citation, Reason, RefusalCode};
use schemas::time::Timestamp;

use crate::decide::{Candidate, Case};
use crate::policy::Policy;

pub(crate) use agency::no_authority;

/// Judges the query and who asks, whatever it relies on.
pub(crate) type OfQuery = fn(&Case<'_>) -> Option<Reason>;
/// Judges the query under one authority.
pub(crate) type OfAuthority = fn(&Case<'_>, &Candidate<'_>) -> Option<Reason>;
/// Judges one's own query before it leaves.
pub(crate) type OfRequester = fn(&Policy, &Query, Timestamp) -> Option<Reason>;

pub(crate) const OF_QUERY: &[OfQuery] = &[
    agency::public_agency,
    agency::blocked,
    query::purpose,
    query::requester_named,
    query::reason_present,
    query::kind,
    query::window,
    query::retention,
];

pub(crate) const OF_AUTHORITY: &[OfAuthority] = &[
    authority::release_path,
    authority::in_force,
    authority::party_listed,
    authority::purpose,
    authority::case_required,
    authority::kind,
    authority::window,
    authority::quota,
    scope::request,
    scope::uses,
];

pub(crate) const OF_REQUESTER: &[OfRequester] = &[
    query::own_purpose,
    query::own_training,
    query::own_name,
    query::own_reason,
    query::own_window,
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

/// The instant before which the owner's reads are answered no longer.
pub(crate) fn cut_off(policy: &Policy, now: Timestamp) -> Timestamp {
    now.minus_days(policy.retention.reads_days)
}
