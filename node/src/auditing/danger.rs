//! What this agency's people said of a danger to life is looked at within three days: until an auditor
//! recorded that, it waits.

use std::collections::{BTreeMap, HashSet};

use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::query::QueryId;
use schemas::time::Timestamp;

use super::walking::each;
use crate::permission::ActError;
use store::{EntryFilter, ReadStore};

/// Hours within which each use is reviewed.
const REVIEW_HOURS: u32 = 72;
/// How far back is looked: what nobody reviewed by then stays among the exceptions of its period.
const DAYS: u32 = 30;
/// What one's own people do that a danger can be said beside.
const USES: [EntryKind; 3] =
    [EntryKind::QuerySent, EntryKind::QueryDeclined, EntryKind::ReadsSearched];

/// A use: the entries of one search, and when the first was made.
struct Use {
    first: u64,
    at: Timestamp,
    entries: Vec<u64>,
}

/// The uses that wait for a review, each in a sentence; none when all are reviewed.
///
/// # Errors
/// When the store does not answer.
pub(super) async fn unreviewed(
    store: &dyn ReadStore,
    now: Timestamp,
) -> Result<Vec<String>, ActError> {
    let from = Some(now.minus_days(DAYS));
    let of = |kind| EntryFilter { kind: Some(kind), from, ..EntryFilter::default() };
    let mut uses: BTreeMap<(QueryId, bool), Use> = BTreeMap::new();
    for kind in USES {
        each(store, &of(kind), |entry| {
            let access = entry.body.as_ref().and_then(|body| body.event.access());
            let Some(access) = access.filter(|access| !access.why.danger.is_empty()) else {
                return;
            };
            let (index, at) = (entry.header.index, entry.header.at);
            let search = access.search.unwrap_or(access.query_id);
            // What another person released is a use of its own, with a review of its own.
            let of = (search, access.released_by.is_some());
            let of =
                uses.entry(of).or_insert_with(|| Use { first: index, at, entries: Vec::new() });
            of.entries.push(index);
        })
        .await?;
    }
    if uses.is_empty() {
        return Ok(Vec::new());
    }
    let mut reviewed: HashSet<u64> = HashSet::new();
    each(store, &of(EntryKind::AuditRecorded), |entry| {
        if let Some(Event::AuditRecorded(recorded)) = entry.body.map(|body| body.event) {
            reviewed.extend(recorded.entries);
        }
    })
    .await?;
    let waits = |of: &Use| !of.entries.iter().any(|index| reviewed.contains(index));
    let mut waiting: Vec<Use> = uses.into_values().filter(waits).collect();
    waiting.sort_by_key(|of| of.first);
    let told = |Use { first, at, .. }: Use| {
        let until = at.plus_hours(REVIEW_HOURS);
        let late = if now >= until { ", which is over" } else { "" };
        format!(
            "a danger to life was stated in entry {first}: review it by {until}{late}, with `accord audit record --entry {first} --finding …`"
        )
    };
    Ok(waiting.into_iter().map(told).collect())
}
