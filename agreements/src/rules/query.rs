//! What every query must say, at the owner and at the requester.

use schemas::purpose::QueryKind;
use schemas::query::Query;
use schemas::refusal::{Citation, Reason, RefusalCode};
use schemas::time::Timestamp;

use super::{cut_off, reason, statute};
use crate::decide::Case;
use crate::policy::Policy;

/// Access only for the purposes that the owner's policy authorises (1798.90.52(b)).
pub(super) fn purpose(case: &Case<'_>) -> Option<Reason> {
    unauthorised(case.policy, case.query, "the owner's policy", statute("1798.90.52(b)"))
}

/// An end-user's own policy binds it too (1798.90.53(b)(2)(A)).
pub(super) fn own_purpose(policy: &Policy, query: &Query, _: Timestamp) -> Option<Reason> {
    unauthorised(policy, query, "your agency's policy", statute("1798.90.53(b)(2)(A)"))
}

fn unauthorised(policy: &Policy, query: &Query, whose: &str, law: Citation) -> Option<Reason> {
    let code = query.why.purpose;
    if policy.purpose(code).is_some() {
        return None;
    }
    let mut citations = policy.purposes_citation();
    citations.push(law);
    Some(reason(
        RefusalCode::PurposeNotAuthorized,
        format!("{whose} does not authorise the purpose `{code}`"),
        citations,
    ))
}

/// The person who asks is recorded by name (1798.90.52(a)(3)).
pub(super) fn requester_named(case: &Case<'_>) -> Option<Reason> {
    unnamed(case.query)
}

pub(super) fn own_name(_: &Policy, query: &Query, _: Timestamp) -> Option<Reason> {
    unnamed(query)
}

fn unnamed(query: &Query) -> Option<Reason> {
    query.requester.full_name.is_empty().then(|| {
        let message = format!("user `{}` is not named in full", query.requester.user);
        reason(RefusalCode::RequesterNotNamed, message, vec![statute("1798.90.52(a)(3)")])
    })
}

/// The purpose of the access is recorded (1798.90.52(a)(4)); a code alone does not say it.
pub(super) fn reason_present(case: &Case<'_>) -> Option<Reason> {
    unreasoned(case.query)
}

pub(super) fn own_reason(_: &Policy, query: &Query, _: Timestamp) -> Option<Reason> {
    unreasoned(query)
}

fn unreasoned(query: &Query) -> Option<Reason> {
    query.why.reason.is_empty().then(|| {
        let message = "no reason is given; say in words what the case is about";
        reason(RefusalCode::ReasonMissing, message, vec![statute("1798.90.52(a)(4)")])
    })
}

/// Training before access, as the requester's policy demands.
pub(super) fn own_training(policy: &Policy, query: &Query, now: Timestamp) -> Option<Reason> {
    let trained = query.requester.trained_on.is_some_and(|on| on <= now);
    (!trained).then(|| {
        let message = format!(
            "no training of user `{}` is recorded; an administrator records it with `accord user train`",
            query.requester.user
        );
        let citations = vec![policy.cite(&policy.training), statute("1798.90.53(b)(2)(B)")];
        reason(RefusalCode::TrainingMissing, message, citations)
    })
}

/// This version searches for one plate, exactly.
pub(super) fn kind(case: &Case<'_>) -> Option<Reason> {
    let elements = &case.query.elements;
    let other = elements.pattern.is_some()
        || elements.near.is_some()
        || elements.make.is_some()
        || elements.color.is_some()
        || elements.camera.is_some();
    if elements.kind == QueryKind::Exact && elements.plate.is_some() && !other {
        return None;
    }
    let message = "this owner answers searches for one exact plate and a period, and no others";
    Some(reason(RefusalCode::QueryKind, message, vec![statute("1798.90.52(a)(2)")]))
}

/// A window is some time, not empty and not wholly to come.
pub(super) fn window(case: &Case<'_>) -> Option<Reason> {
    senseless(case.query, case.now)
}

pub(super) fn own_window(_: &Policy, query: &Query, now: Timestamp) -> Option<Reason> {
    senseless(query, now)
}

/// How far clocks may differ before a window counts as to come, in milliseconds.
const CLOCKS_MS: i64 = 600_000;

fn senseless(query: &Query, now: Timestamp) -> Option<Reason> {
    let elements = &query.elements;
    let message = if elements.from >= elements.until {
        format!("the period from {} until {} is empty", elements.from, elements.until)
    } else if elements.from > now.plus_millis(CLOCKS_MS) {
        format!("the period from {} is yet to come", elements.from)
    } else if query.limit == 0 {
        "0 reads are asked for".to_owned()
    } else {
        return None;
    };
    Some(reason(RefusalCode::Window, message, vec![statute("1798.90.52(a)(2)")]))
}

/// A read past the owner's cut-off is never answered, even if not yet purged.
pub(super) fn retention(case: &Case<'_>) -> Option<Reason> {
    let cut_off = cut_off(case.policy, case.now);
    (case.query.elements.until <= cut_off).then(|| {
        let days = case.policy.retention.reads_days;
        let message = format!(
            "`{}` answers from reads of the last {days} days; the period ends before",
            case.me
        );
        reason(RefusalCode::Retention, message, vec![case.policy.cite(&case.policy.retention.at)])
    })
}
