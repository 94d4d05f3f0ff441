//! The rules, one function each. These lists are their order and their place.
//!
//! A rule that both agencies judge takes [`Asked`], which says by whose policy; a rule that is the
//! owner's alone takes the [`Case`]; a rule about one authority takes the candidate too.

mod agency;
mod approval;
mod authority;
mod case;
mod cite;
mod elements;
mod justification;
mod limits;
mod period;
mod person;
mod purpose;
mod reach;
mod scope;

use schemas::refusal::Reason;

use crate::facts::Candidate;

pub(crate) use agency::no_authority;
pub(crate) use approval::{may_adhere, may_approve, may_record};
pub(crate) use case::{Asked, Case, Side};
pub(crate) use elements::past_retention;
pub(crate) use period::{less, period};
pub(crate) use reach::cut_off;

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
    person::asserted,
    person::signed_in,
    person::trained,
    person::cleared,
    person::named,
    person::seen_by,
    justification::case_number,
    justification::reason_given,
    justification::suspicion,
    justification::need_to_know,
    elements::whole,
    elements::window,
];

pub(crate) const OF_OWNER: &[OfOwner] = &[
    agency::addressed,
    agency::public_agency,
    agency::blocked,
    agency::recipient,
    person::attestation_holds,
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
    authority::people,
    authority::people_attested,
    authority::kind,
    limits::of_authority,
    authority::window,
    authority::quota,
    scope::request,
    scope::kept,
    scope::uses,
];
