//! The limits that the owner's policy and the agreement set to searches.

use schemas::refusal::{Citation, Reason, RefusalCode};

use super::case::Case;
use super::cite::reason;
use crate::facts::{Authority, Candidate};

fn refused(whose: &str, message: &str, citations: Vec<Citation>) -> Reason {
    reason(RefusalCode::QueryKind, format!("`{whose}`: {message}"), citations)
}

/// The search keeps to the limits of the owner's policy.
pub(super) fn of_policy(case: &Case<'_>) -> Option<Reason> {
    let searches = &case.policy.searches;
    let (_, message) = searches.limits().beyond(&case.query.elements)?;
    Some(refused(case.me.as_str(), &message, case.policy.cites(searches)))
}

/// The search keeps to the limits of the agreement.
pub(super) fn of_authority(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let Authority::Agreement(recorded) = candidate.authority else { return None };
    let agreement = &recorded.agreement;
    let (key, message) = agreement.limits().beyond(&case.query.elements)?;
    Some(refused(&agreement.id.to_string(), &message, vec![agreement.cite(key)]))
}
