//! How far back a search that is permitted reaches. What lies before is cut off, not refused.

use schemas::answer::{Cut, Less};
use schemas::refusal::Citation;
use schemas::time::Timestamp;

use super::case::Case;
use super::cite::own_rule;
use super::reach::cut_off;
use crate::facts::{Authority, Candidate};
use crate::search_limits::LONGEST_DAYS;

/// One text that bounds the period.
struct Bound {
    from: Timestamp,
    message: String,
    citations: Vec<Citation>,
}

/// Where the period begins, and what makes it begin later than was asked for.
pub(crate) fn period(case: &Case<'_>, candidate: &Candidate<'_>) -> (Timestamp, Option<Cut>) {
    let asked = case.query.elements.from;
    let mut bounds = of_policy(case);
    bounds.extend(of_authority(case, candidate));
    bounds.extend(without_plate(case, candidate));
    // Of several that cut alike, the first says so.
    let latest = bounds.into_iter().reduce(|a, b| if b.from > a.from { b } else { a });
    match latest {
        Some(Bound { from, message, citations }) if from > asked => {
            (from, Some(Cut { what: Less::From, message, citations }))
        }
        _ => (asked, None),
    }
}

/// What else is less than was asked for, besides where the period begins.
pub(crate) fn less(case: &Case<'_>, candidate: &Candidate<'_>) -> Vec<Cut> {
    let (query, policy) = (case.query, case.policy);
    let mut cuts = Vec::new();
    let mut cut = |what, message, citations| cuts.push(Cut { what, message, citations });
    let most = policy.row_limit.most;
    let mut limit = (query.limit > most).then(|| {
        (most, format!("`{}` gives {most} reads at most", case.me), policy.cites(&policy.row_limit))
    });
    match candidate.authority {
        Authority::Agreement(recorded) => {
            let agreement = &recorded.agreement;
            let most = agreement.row_limit;
            if most < limit.as_ref().map_or(query.limit, |(most, ..)| *most) {
                let message = format!("`{}` gives {most} reads at most", agreement.id);
                limit = Some((most, message, vec![agreement.cite("row_limit")]));
            }
            if query.images && !agreement.images {
                let message = format!("`{}` opens no photographs", agreement.id);
                cut(Less::Images, message, vec![agreement.cite("images")]);
            }
        }
        Authority::Request(filed) => {
            let sections = || super::authority::request_sections(policy);
            let latest = filed.scope().until.filter(|latest| *latest < query.elements.until);
            if let Some(latest) = latest {
                let message = format!("request `{}` was approved until {latest}", filed.request.id);
                cut(Less::Until, message, sections());
            }
            if query.images {
                let message = "a written request opens no photographs".to_owned();
                cut(Less::Images, message, sections());
            }
        }
    }
    if let Some((_, message, citations)) = limit {
        cut(Less::Limit, message, citations);
    }
    cuts
}

fn of_policy(case: &Case<'_>) -> Vec<Bound> {
    let (policy, now) = (case.policy, case.now);
    let (reads, lookback) = (&policy.retention.reads, &policy.lookback);
    vec![
        Bound {
            from: cut_off(policy, now),
            message: format!(
                "`{}` answers from reads of the last {}",
                case.me,
                reads.cut_off().counted()
            ),
            citations: policy.cites(reads),
        },
        Bound {
            from: lookback.period().before(now),
            message: format!(
                "peers of `{}` search the last {}",
                case.me,
                lookback.period().counted()
            ),
            citations: policy.cites(lookback),
        },
    ]
}

fn of_authority(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Bound> {
    match candidate.authority {
        Authority::Agreement(recorded) => {
            let agreement = &recorded.agreement;
            Some(Bound {
                from: case.now.minus_days(agreement.lookback_days),
                message: format!(
                    "`{}` reaches {} days back",
                    agreement.id, agreement.lookback_days
                ),
                citations: vec![agreement.cite("lookback_days")],
            })
        }
        Authority::Request(filed) => Some(Bound {
            from: filed.scope().from?,
            message: format!("request `{}` was approved for a later period", filed.request.id),
            citations: super::authority::request_sections(case.policy),
        }),
    }
}

/// A search without a plate looks at everybody's reads, so it reaches over few days: those at the
/// end of the period asked for.
fn without_plate(case: &Case<'_>, candidate: &Candidate<'_>) -> Vec<Bound> {
    let elements = &case.query.elements;
    if elements.names_plate() {
        return Vec::new();
    }
    let end = elements.until.min(case.now);
    let bound = |days: u32, whose: &str, citations: Vec<Citation>| Bound {
        from: end.minus_days(days),
        message: format!("{whose}: a search without a plate reaches over {days} days at most"),
        citations,
    };
    let searches = &case.policy.searches;
    let me = format!("`{}`", case.me);
    let mut bounds = vec![match searches.longest_days {
        Some(days) => bound(days, &me, case.policy.cites(searches)),
        None => bound(LONGEST_DAYS, &me, vec![own_rule("searches")]),
    }];
    if let Authority::Agreement(recorded) = candidate.authority {
        let agreement = &recorded.agreement;
        bounds.extend(agreement.longest_days.map(|days| {
            bound(days, &format!("`{}`", agreement.id), vec![agreement.cite("longest_days")])
        }));
    }
    bounds
}
