//! A written request is held to what was approved.

use schemas::refusal::{Reason, RefusalCode};

use super::authority::request_section;
use super::reason;
use crate::decide::{Authority, Candidate, Case};
use crate::request::RequestState;

/// Person, case, plate and window are those of the request.
pub(super) fn request(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let Authority::Request(filed) = candidate.authority else { return None };
    let (request, scope, query) = (&filed.request, filed.scope(), case.query);
    let elements = &query.elements;
    let plate_outside = !scope.plates.is_empty()
        && !elements.plate.as_ref().is_some_and(|plate| scope.plates.contains(plate));
    let outside = if query.requester.full_name != request.requested_by {
        "it was requested by another person"
    } else if !request.case.is_empty() && query.why.case != request.case {
        "it was approved for another case"
    } else if plate_outside {
        "it was approved for other plates"
    } else if scope.from.is_some_and(|from| elements.until <= from)
        || scope.until.is_some_and(|until| elements.from >= until)
    {
        "it was approved for another period"
    } else {
        return None;
    };
    let message = format!("the query is outside request `{}`: {outside}", request.id);
    Some(reason(RefusalCode::OutsideRequest, message, vec![request_section(case.policy)]))
}

/// Uses are left.
pub(super) fn uses(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let Authority::Request(filed) = candidate.authority else { return None };
    (filed.state(candidate.used, case.now) == RequestState::UsedUp).then(|| {
        let message =
            format!("all uses of request `{}` are used; submit another", filed.request.id);
        reason(RefusalCode::UsesExhausted, message, vec![request_section(case.policy)])
    })
}
