//! What is looked for, and how far back.

use schemas::agency::AgencyId;
use schemas::purpose::QueryKind;
use schemas::query::Elements;
use schemas::refusal::{Reason, RefusalCode};
use schemas::text::{Text, plain};
use schemas::time::Timestamp;

use super::case::{Asked, Case};
use super::cite::{reason, statute};
use super::reach::cut_off;
use crate::policy::Policy;
use crate::search_limits::{LEAST_KNOWN, WIDEST_M, across};

/// The elements are those of the sort of search that is named (1798.90.52(a)(2) records them), and
/// say what is looked for: not everything.
pub(super) fn whole(asked: &Asked<'_>) -> Option<Reason> {
    let e = &asked.query.elements;
    let alone = !e.names_plate();
    let (fits, needs) = match e.kind {
        QueryKind::Exact | QueryKind::Misread => {
            (e.plate.is_some() && e.pattern.is_none(), "a plate")
        }
        QueryKind::Partial => (
            e.plate.is_none()
                && e.pattern
                    .as_ref()
                    .is_some_and(|one| one.is_open() && one.known() >= LEAST_KNOWN as usize),
            "a pattern with `*` or `?` and at least two letters or digits",
        ),
        QueryKind::Area => (
            alone && some_area(e),
            "a place and a radius of at most 10,000 metres, or a polygon of at most 20,000 metres across, and no plate",
        ),
        QueryKind::Vehicle => {
            let named = [&e.make, &e.color, &e.body, &e.camera].into_iter().any(Option::is_some);
            (alone && named, "a make, a colour, a body or a camera, and no plate")
        }
    };
    let message = if !fits {
        format!("a search of the kind `{}` names {needs}", e.kind)
    } else if let Some((what, text)) = wordless(e) {
        format!("`{text}` says nothing of the {what}; name it in a word, or leave it out")
    } else {
        return None;
    };
    Some(reason(RefusalCode::QueryKind, message, vec![statute("1798.90.52(a)(2)")]))
}

/// An area is named, and none of a county's width.
fn some_area(elements: &Elements) -> bool {
    let (near, polygon) = (elements.near, elements.polygon.as_ref());
    (near.is_some() || polygon.is_some())
        && near.is_none_or(|near| (1..=WIDEST_M).contains(&near.radius_m))
        && polygon.is_none_or(|polygon| polygon.across_m() <= across(WIDEST_M))
}

/// What is given of the vehicle, without a letter or digit to look for.
fn wordless(e: &Elements) -> Option<(&'static str, &Text)> {
    [("make", &e.make), ("colour", &e.color), ("body", &e.body), ("camera", &e.camera)]
        .into_iter()
        .filter_map(|(what, text)| Some((what, text.as_ref()?)))
        .find(|(_, text)| plain(text.as_str()).is_empty())
}

/// The policy lets peers search so.
pub(super) fn kind(case: &Case<'_>) -> Option<Reason> {
    let searches = &case.policy.searches;
    let kind = case.query.elements.kind;
    (!searches.kinds.contains(&kind)).then(|| {
        let kinds: Vec<_> = searches.kinds.iter().map(|kind| kind.code()).collect();
        let message = format!(
            "`{}` does not answer searches of the kind `{kind}`; it answers {}",
            case.me,
            kinds.join(", ")
        );
        reason(RefusalCode::QueryKind, message, case.policy.cites(searches))
    })
}

/// How far clocks may differ before a window counts as to come, in milliseconds.
const CLOCKS_MS: i64 = 600_000;

/// A window is some time, not empty and not wholly to come.
pub(super) fn window(asked: &Asked<'_>) -> Option<Reason> {
    let elements = &asked.query.elements;
    let message = if elements.from >= elements.until {
        format!("the period from {} until {} is empty", elements.from, elements.until)
    } else if elements.from > asked.now.plus_millis(CLOCKS_MS) {
        format!("the period from {} is yet to come", elements.from)
    } else if asked.query.limit == 0 {
        "0 reads are asked for".to_owned()
    } else {
        return None;
    };
    Some(reason(RefusalCode::Window, message, vec![statute("1798.90.52(a)(2)")]))
}

/// The period reaches into what peers may search; what lies before is cut off, not refused.
pub(super) fn lookback(case: &Case<'_>) -> Option<Reason> {
    let lookback = &case.policy.lookback;
    // Where reads are kept no longer than that, the next rule says so.
    let period = lookback.period();
    if period.before(case.now) <= cut_off(case.policy, case.now) {
        return None;
    }
    (case.query.elements.until <= period.before(case.now)).then(|| {
        let message = format!(
            "peers of `{}` search the last {}; the period ends before",
            case.me,
            period.counted()
        );
        reason(RefusalCode::Window, message, case.policy.cites(lookback))
    })
}

/// A read past the owner's cut-off is never answered, even if not yet purged.
pub(super) fn retention(case: &Case<'_>) -> Option<Reason> {
    past_retention(case.policy, case.me, &case.query.elements, case.now)
}

/// The period ends before what is still answered from, to whomever.
pub(crate) fn past_retention(
    policy: &Policy,
    me: &AgencyId,
    elements: &Elements,
    now: Timestamp,
) -> Option<Reason> {
    let reads = &policy.retention.reads;
    (elements.until <= cut_off(policy, now)).then(|| {
        let message = format!(
            "`{me}` answers from reads of the last {}; the period ends before",
            reads.cut_off().counted()
        );
        reason(RefusalCode::Retention, message, policy.cites(reads))
    })
}
