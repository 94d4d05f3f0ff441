//! What an auditor may want to look at: not wrong by rule, but unusual. Pure.
//!
//! An asking of many owners is one query an owner; counts are taken an owner, and the owner with
//! most counts, so that asking everybody is no exception by itself.

mod agencies;
mod asked;

use std::collections::{BTreeMap, BTreeSet};

use agreements::policy::Policy;
use jiff::tz::TimeZone;
use schemas::entry::EntryKind;
use schemas::text::plain;
use schemas::time::{DAY_MS, Timestamp};
use serde_json::{Map, Value, json};

use super::{Accesses, Explained, Seen};

pub use agencies::Usual;
use asked::{Asked, Finding, Who, groups, local};

/// One user asks one owner for one plate more often than this within [`REPEAT_DAYS`]. A vehicle of
/// an open case is looked for once a working day at most; more is following somebody.
pub const REPEATS: usize = 5;

/// Days that belong together for [`REPEATS`]: one working week.
pub const REPEAT_DAYS: i64 = 7;

/// One user asks one owner more often than this on a local day. A shift of eight hours with one
/// query every ten minutes has 48.
pub const A_DAY: usize = 50;

/// Local hours between which a query is unusual: from this hour of the evening …
pub const NIGHT_FROM: i8 = 22;

/// … until this hour of the morning. Patrols do work then; the auditor holds it against the roster.
pub const NIGHT_UNTIL: i8 = 5;

/// One person gives the same words for more different vehicles or cases than this in a period. The twenty
/// commonest reasons are half of all that are given: repetition is the best sign of a reason that is none.
pub const SAME_WORDS: usize = 10;

/// Hours within which each use of a danger to life is reviewed.
pub const REVIEW_HOURS: u32 = 72;

/// A query that follows a refused one within this time may be the same one in other words.
pub const REPHRASED_MS: i64 = DAY_MS;

/// Every exception among the queries of a period, in the order in which they begin in the log: of
/// people, and beyond `usual` of their agencies.
#[must_use]
pub fn exceptions(
    accesses: &Accesses,
    policy: &Policy,
    zone: &TimeZone,
    usual: &Usual,
) -> Vec<Map<String, Value>> {
    let asked: Vec<Asked<'_>> = accesses.seen.iter().filter_map(asked).collect();
    let mut found = screened(&asked, policy);
    found.extend(endangered(&asked));
    found.extend(repeats(&asked));
    found.extend(same_words(&asked));
    found.extend(nights(&asked, zone));
    found.extend(volumes(&asked, zone));
    found.extend(vague(accesses, &asked, policy));
    found.extend(rephrased(accesses, &asked));
    found.extend(unproven(accesses, &asked));
    found.extend(agencies::found(accesses, &asked, zone, usual));
    found.sort_by_key(|finding| {
        // What may be a forbidden use comes first, then what a danger to life was said to demand.
        let urgent = match finding.finding {
            "screened" => 0,
            "danger_to_life" => 1,
            _ => 2,
        };
        (urgent, finding.asked.first().map(|first| first.seen.index), finding.finding)
    });
    let rows = found.iter().filter_map(row);
    rows.chain(accesses.explanations.iter().filter_map(explained)).collect()
}

/// What an auditor explained: the findings stay, and who reads the report judges the reason.
fn explained(one: &Explained) -> Option<Map<String, Value>> {
    let Explained { entry, at, by, said } = one;
    let about = match said.queries.len() {
        0 => "of a log".to_owned(),
        1 => "of 1 exchange".to_owned(),
        some => format!("of {some} exchanges"),
    };
    let row = json!({
        "finding": "explained",
        "user": by.user,
        "agency": by.agency,
        "owner": said.log,
        "from": at,
        "until": at,
        "count": said.queries.len().max(1),
        "entries": [entry],
        "detail": format!("{} {about} was explained: {}", said.class, said.reason),
    });
    match row {
        Value::Object(row) => Some(row),
        _ => None,
    }
}

fn asked(seen: &Seen) -> Option<Asked<'_>> {
    // Seeing a kept answer again is no new query.
    if matches!(seen.kind, EntryKind::AnswerViewed | EntryKind::AnswerRedelivered) {
        return None;
    }
    let body = seen.body.as_ref()?;
    Some(Asked { seen, actor: &body.actor, access: body.event.access()? })
}

fn row(finding: &Finding<'_>) -> Option<Map<String, Value>> {
    let (first, last) = (finding.asked.first()?, finding.asked.last()?);
    let same = |of: &dyn Fn(&Asked<'_>) -> Option<String>| {
        let value = of(first);
        value.filter(|value| finding.asked.iter().all(|asked| of(asked).as_ref() == Some(value)))
    };
    let entries: Vec<u64> = finding.asked.iter().map(|asked| asked.seen.index).collect();
    let unproven = finding.asked.iter().filter(|asked| asked.seen.unproven.is_some()).count();
    let row = json!({
        "finding": finding.finding,
        "user": same(&|asked| asked.actor.user.as_ref().map(ToString::to_string)),
        "agency": first.actor.agency,
        "plate": same(&|asked| asked.plate()),
        "owner": same(&|asked| Some(asked.access.owner.to_string())),
        "from": first.seen.at,
        "until": last.seen.at,
        "count": entries.len(),
        "entries": entries,
        "detail": match unproven {
            0 => finding.detail.clone(),
            some => format!("{}; {some} of these entries do not verify", finding.detail),
        },
    });
    match row {
        Value::Object(row) => Some(row),
        _ => None,
    }
}

fn repeats<'a>(asked: &'a [Asked<'a>]) -> Vec<Finding<'a>> {
    let by = groups(asked, |one| Some((one.who(), one.plate()?, &one.access.owner)));
    let mut found = Vec::new();
    // Of several owners asked alike, the one asked most often stands for all.
    let mut most: BTreeMap<(Who<'_>, String), Vec<&Asked<'_>>> = BTreeMap::new();
    for ((who, plate, _), group) in by {
        let window = REPEAT_DAYS.saturating_mul(DAY_MS);
        let many = group.windows(REPEATS.saturating_add(1)).any(|run| {
            run.first().zip(run.last()).is_some_and(|(first, last)| {
                last.seen.at.millis().saturating_sub(first.seen.at.millis()) < window
            })
        });
        if many {
            let kept = most.entry((who, plate)).or_default();
            if group.len() > kept.len() {
                *kept = group;
            }
        }
    }
    for ((_, plate), group) in most {
        let detail =
            format!("asked for {plate} more than {REPEATS} times within {REPEAT_DAYS} days");
        found.push(Finding { finding: "repeat_plate", asked: group, detail });
    }
    found
}

/// The day on which the night began, when `at` is at night.
fn night(at: Timestamp, zone: &TimeZone) -> Option<jiff::civil::Date> {
    let local = local(at, zone)?;
    if local.hour() >= NIGHT_FROM {
        Some(local.date())
    } else if local.hour() < NIGHT_UNTIL {
        local.date().yesterday().ok()
    } else {
        None
    }
}

fn nights<'a>(asked: &'a [Asked<'a>], zone: &TimeZone) -> Vec<Finding<'a>> {
    let by = groups(asked, |one| Some((one.who(), night(one.seen.at, zone)?)));
    by.into_iter()
        .map(|((_, night), group)| Finding {
            finding: "unusual_hours",
            asked: group,
            detail: format!(
                "between {NIGHT_FROM}:00 and 0{NIGHT_UNTIL}:00 local time, in the night of {night}"
            ),
        })
        .collect()
}

fn volumes<'a>(asked: &'a [Asked<'a>], zone: &TimeZone) -> Vec<Finding<'a>> {
    let by =
        groups(asked, |one| Some((one.who(), local(one.seen.at, zone)?.date(), &one.access.owner)));
    let mut most: BTreeMap<(Who<'_>, jiff::civil::Date), Vec<&Asked<'_>>> = BTreeMap::new();
    for ((who, day, _), group) in by {
        if group.len() > A_DAY {
            let kept = most.entry((who, day)).or_default();
            if group.len() > kept.len() {
                *kept = group;
            }
        }
    }
    most.into_iter()
        .map(|((_, day), group)| Finding {
            finding: "unusual_volume",
            asked: group,
            detail: format!("more than {A_DAY} queries to one owner on {day}"),
        })
        .collect()
}

fn vague<'a>(accesses: &Accesses, asked: &'a [Asked<'a>], policy: &Policy) -> Vec<Finding<'a>> {
    let by = groups(asked, |one| {
        let passed = !accesses.refused(one.seen);
        let few = policy.barely_told(&one.access.why, &one.access.elements);
        (passed && few).then(|| (one.who(), one.access.why.reason.as_str(), one.plate()))
    });
    by.into_iter()
        .map(|((_, reason, _), group)| Finding {
            finding: "vague_reason",
            asked: group,
            detail: format!("“{reason}” passed without a word to spare"),
        })
        .collect()
}

/// Words that may betray a use that the policy forbids: they were not clear enough to be refused, and are
/// for a person to judge.
fn screened<'a>(asked: &'a [Asked<'a>], policy: &Policy) -> Vec<Finding<'a>> {
    let by = groups(asked, |one| {
        let doubtful = policy.doubtful_uses(&one.access.why, &one.access.elements);
        (!doubtful.is_empty()).then(|| (one.who(), doubtful.join("; ")))
    });
    by.into_iter()
        .map(|((_, uses), group)| Finding {
            finding: "screened",
            asked: group,
            detail: format!("may be a forbidden use: {uses}"),
        })
        .collect()
}

/// Each use of a danger to life is reviewed.
fn endangered<'a>(asked: &'a [Asked<'a>]) -> Vec<Finding<'a>> {
    let by = groups(asked, |one| {
        let danger = one.access.why.danger.as_str();
        (!danger.is_empty()).then(|| (one.who(), danger))
    });
    by.into_iter()
        .map(|((_, danger), group)| Finding {
            finding: "danger_to_life",
            asked: group,
            detail: format!(
                "“{danger}” was given as a danger to life: review it within {REVIEW_HOURS} hours"
            ),
        })
        .collect()
}

/// The same words over and over, for plate after plate, are no reasons.
fn same_words<'a>(asked: &'a [Asked<'a>]) -> Vec<Finding<'a>> {
    let by = groups(asked, |one| {
        let reason = plain(one.access.why.reason.as_str());
        (!reason.is_empty()).then(|| (one.who(), reason))
    });
    by.into_iter()
        .filter_map(|((_, reason), group)| {
            let of: BTreeSet<_> =
                group.iter().map(|one| (one.plate(), &one.access.why.case)).collect();
            (of.len() > SAME_WORDS).then(|| Finding {
                finding: "repeated_reason",
                detail: format!("“{reason}” for {} different vehicles or cases", of.len()),
                asked: group,
            })
        })
        .collect()
}

fn unproven<'a>(accesses: &Accesses, asked: &'a [Asked<'a>]) -> Vec<Finding<'a>> {
    let by = groups(asked, |one| accesses.not_proven_by(one.seen));
    by.into_iter()
        .map(|(detail, group)| Finding { finding: "unproven", asked: group, detail })
        .collect()
}

fn rephrased<'a>(accesses: &Accesses, asked: &'a [Asked<'a>]) -> Vec<Finding<'a>> {
    let by = groups(asked, |one| Some((one.who(), one.plate()?, &one.access.owner)));
    let mut found = Vec::new();
    for (_, group) in by {
        for pair in group.windows(2) {
            let [first, second] = pair else { continue };
            let (was, is) = (&first.access.why, &second.access.why);
            let soon = second.seen.at.millis().saturating_sub(first.seen.at.millis());
            let changed = was.reason != is.reason || was.purpose != is.purpose;
            if accesses.refused(first.seen) && changed && soon <= REPHRASED_MS {
                let detail = format!(
                    "refused with {} “{}”, asked again with {} “{}”",
                    was.purpose, was.reason, is.purpose, is.reason
                );
                found.push(Finding {
                    finding: "refused_then_rephrased",
                    asked: vec![first, second],
                    detail,
                });
            }
        }
    }
    found
}
