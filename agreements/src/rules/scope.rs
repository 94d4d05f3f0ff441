//! A written request is held to what was approved.

use schemas::plate::Plate;
use schemas::purpose::QueryKind;
use schemas::query::Elements;
use schemas::refusal::{Reason, RefusalCode};

use super::authority::request_sections;
use super::case::Case;
use super::cite::reason;
use super::reach::{cut_off, earliest};
use crate::facts::{Authority, Candidate};
use crate::policy::Cited;
use crate::request::RequestState;

/// Person, case, plate, area and window are those of the request.
pub(super) fn request(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let Authority::Request(filed) = candidate.authority else { return None };
    let (request, scope, query) = (&filed.request, filed.scope(), case.query);
    let elements = &query.elements;
    let plate_outside = !scope.plates.is_empty() && !names_all(&scope.plates, elements);
    let outside = if query.requester.full_name != request.requested_by {
        "it was requested by another person"
    } else if !request.case.is_empty() && query.why.case != request.case {
        "it was approved for another case"
    } else if plate_outside {
        "it was approved for other plates"
    } else if let (Some(area), Some(near)) = (&scope.near, &elements.near)
        && !area.encloses(near)
    {
        "it was approved for another area"
    } else if let (Some(area), Some(polygon)) = (&scope.near, &elements.polygon)
        && !area.encloses_polygon(polygon)
    {
        "it was approved for another area"
    } else if scope.from.is_some_and(|from| elements.until <= from)
        || scope.until.is_some_and(|until| elements.from >= until)
    {
        "it was approved for another period"
    } else {
        return None;
    };
    let message = format!("the query is outside request `{}`: {outside}", request.id);
    Some(reason(RefusalCode::OutsideRequest, message, request_sections(case.policy)))
}

/// Whether these plates are all that a search opens. One for what readers confuse with a plate opens
/// reads of others.
fn names_all(plates: &[Plate], elements: &Elements) -> bool {
    let Some(plate) = &elements.plate else { return false };
    match elements.kind {
        QueryKind::Exact => plates.contains(plate),
        QueryKind::Misread => {
            let variants = plate.variants(plates.len());
            variants.all && variants.plates.iter().all(|read| plates.contains(read))
        }
        QueryKind::Partial | QueryKind::Area | QueryKind::Vehicle => false,
    }
}

/// The approved period reaches into what the owner still answers from.
pub(super) fn kept(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let Authority::Request(filed) = candidate.authority else { return None };
    let until = filed.scope().until?;
    let policy = case.policy;
    let (code, period, value): (_, _, &dyn Cited) = if until <= cut_off(policy, case.now) {
        let reads = &policy.retention.reads;
        (RefusalCode::Retention, reads.cut_off(), reads)
    } else if until <= earliest(policy, case.now) {
        (RefusalCode::Window, policy.lookback.period(), &policy.lookback)
    } else {
        return None;
    };
    let message = format!(
        "request `{}` is for reads before {until}; `{}` answers from the last {}",
        filed.request.id,
        case.me,
        period.counted()
    );
    Some(reason(code, message, policy.cites(value)))
}

/// Uses are left.
pub(super) fn uses(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let Authority::Request(filed) = candidate.authority else { return None };
    (filed.state(candidate.used, case.now) == RequestState::UsedUp).then(|| {
        let message =
            format!("all uses of request `{}` are used; submit another", filed.request.id);
        reason(RefusalCode::UsesExhausted, message, request_sections(case.policy))
    })
}
