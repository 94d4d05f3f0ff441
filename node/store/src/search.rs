//! How a search is made, whatever the database: by which column reads are reached, how many are
//! looked at, in which order they come.
//!
//! Only the two statements of [`SearchBackend`] are a database's own. Whatever they bring is held against
//! the elements once more, so that a store returns what was asked for even where its statements are
//! coarser. INVARIANT: the number of reads that one statement goes through is bounded; a search that
//! would have to go through more says that it is truncated.

pub mod terms;

use std::collections::HashSet;
use std::ops::Range;

use agreements::decide::Scope;
use async_trait::async_trait;
use schemas::purpose::QueryKind;
use schemas::query::Elements;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;

use super::{Found, StoreError};
use terms::{Cells, Filter, ahead, backwards, covering};

/// Most reads that one search goes through.
pub const MOST_LOOKED_AT: u32 = 1_000_000;
/// Most of them in one statement, where a period can be taken in parts.
const PART: u32 = 50_000;
/// Most plates that a plate may have been misread as; with more, those of the fewest substitutions.
const MOST_VARIANTS: usize = 20_000;
/// Fewest characters by which plates are reached from one end.
const LEAST_END: usize = 2;
/// How many of a period's first reads are glanced through for the beginning or end of a plate, before
/// all plates with it are: where so many have it that these hold enough, that is the shortest way.
const GLANCES: [u32; 2] = [4_000, 16_000];
/// Fewest candidates fetched at once.
const LEAST_FETCHED: usize = 32;

/// By what reads are reached.
#[derive(Debug, Clone, PartialEq)]
pub enum AccessPath {
    /// One plate.
    Plate(String),
    /// Plates, each with its rank: reads of a lower rank come first.
    Plates(Vec<(String, u32)>),
    /// Plates in this range: those that begin alike.
    Beginning(Range<String>),
    /// Plates that, written backwards, are in this range: those that end alike.
    Ending(Range<String>),
    /// Places in these cells.
    Cells(Vec<i64>),
    /// A camera.
    Camera(String),
    /// A make, as it is compared.
    Make(String),
    /// The period, of plates of which some characters were not read.
    Unread,
    /// The period alone.
    Time,
}

/// What a database does for a search.
#[async_trait]
pub trait SearchBackend {
    /// Where a read stands in the order of its results.
    type Place: Clone + Send + Sync;

    /// How many rows must be gone through on this path in this period, counted to `most` at most.
    /// A range of plates is gone through in all of its length, whatever the period.
    async fn cost(
        &self,
        path: &AccessPath,
        period: &Range<Timestamp>,
        most: u32,
    ) -> Result<u32, StoreError>;

    /// Reads on this path in this period that the filter lets through, after the place `after`, at
    /// most `limit`: by rank, then time; at one instant in any order that is always the same.
    async fn reads(
        &self,
        path: &AccessPath,
        period: &Range<Timestamp>,
        filter: &Filter,
        after: Option<&Self::Place>,
        limit: u32,
    ) -> Result<Vec<(Read, Self::Place)>, StoreError>;

    /// Of the first `most` reads of this period in the order of time, those that the filter lets
    /// through, at most `limit`, in that order.
    async fn glance(
        &self,
        period: &Range<Timestamp>,
        filter: &Filter,
        most: u32,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError>;
}

/// Searches what a decision opened.
///
/// # Errors
/// When the database does not answer.
pub async fn search<L: SearchBackend + Sync>(
    store: &L,
    scope: &dyn Scope,
) -> Result<Found, StoreError> {
    let elements = scope.elements();
    let Some((path, complete)) = access_path(elements) else { return Ok(Found::default()) };
    let filter = Filter::of(elements);
    let found = on_path(store, scope, path, filter.clone()).await?;
    let mut found = Found { truncated: found.truncated || !complete, ..found };
    if elements.kind == QueryKind::Partial {
        // An unread character may be any that was asked for, which no order of plates leads to.
        let filter = Filter { pattern: None, tail: None, ..filter };
        let unread = on_path(store, scope, AccessPath::Unread, filter).await?;
        let known: HashSet<ReadId> = found.reads.iter().map(|read| read.id).collect();
        let more = unread.reads.into_iter().filter(|read| !known.contains(&read.id));
        found.reads.extend(more);
        found.truncated |= unread.truncated;
    }
    found.reads.sort_by_cached_key(|read| (elements.substitutions(read).len(), read.at, read.id));
    // Each path brought its first ones.
    let limit = scope.limit() as usize;
    found.truncated |= found.reads.len() > limit;
    found.reads.truncate(limit);
    Ok(found)
}

/// What is found on one path.
async fn on_path<L: SearchBackend + Sync>(
    store: &L,
    scope: &dyn Scope,
    mut path: AccessPath,
    filter: Filter,
) -> Result<Found, StoreError> {
    let whole = scope.from()..scope.until();
    if matches!(path, AccessPath::Beginning(_) | AccessPath::Ending(_)) {
        for most in GLANCES {
            if let Some(found) = glanced(store, scope, &whole, &filter, most).await? {
                return Ok(found);
            }
        }
        if store.cost(&path, &whole, MOST_LOOKED_AT.saturating_add(1)).await? > MOST_LOOKED_AT {
            path = AccessPath::Time;
        }
    }
    let (elements, limit) = (scope.elements(), scope.limit() as usize);
    let mut search = Search { store, elements, filter, limit, found: Found::default() };
    match path {
        AccessPath::Plate(_)
        | AccessPath::Plates(_)
        | AccessPath::Beginning(_)
        | AccessPath::Ending(_) => {
            search.period(&path, &whole).await?;
        }
        AccessPath::Cells(_)
        | AccessPath::Camera(_)
        | AccessPath::Make(_)
        | AccessPath::Unread
        | AccessPath::Time => {
            search.in_parts(&path, whole).await?;
        }
    }
    Ok(search.found)
}

/// What was asked for, if a glance at the first `most` reads of the period holds more of it than is
/// shown.
async fn glanced<L: SearchBackend + Sync>(
    store: &L,
    scope: &dyn Scope,
    period: &Range<Timestamp>,
    filter: &Filter,
    most: u32,
) -> Result<Option<Found>, StoreError> {
    let limit = scope.limit().saturating_add(1);
    let mut reads = store.glance(period, filter, most, limit).await?;
    reads.retain(|read| scope.elements().fits(read));
    if reads.len() <= scope.limit() as usize {
        return Ok(None);
    }
    reads.truncate(scope.limit() as usize);
    Ok(Some(Found { reads, truncated: true }))
}

struct Search<'a, L> {
    store: &'a L,
    elements: &'a Elements,
    filter: Filter,
    limit: usize,
    found: Found,
}

impl<L: SearchBackend + Sync> Search<'_, L> {
    /// Goes through a long period in parts of few enough reads each, the earliest first.
    async fn in_parts(
        &mut self,
        path: &AccessPath,
        whole: Range<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut looked_at = 0u32;
        let mut parts = vec![whole];
        while let Some(part) = parts.pop() {
            let cost = self.store.cost(path, &part, PART.saturating_add(1)).await?;
            if cost > PART {
                let Some((first, second)) = halves(&part) else {
                    self.found.truncated = true;
                    return Ok(());
                };
                parts.extend([second, first]);
                continue;
            }
            looked_at = looked_at.saturating_add(cost);
            if looked_at > MOST_LOOKED_AT {
                self.found.truncated = true;
                return Ok(());
            }
            if cost > 0 && !self.period(path, &part).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes what fits in a period; whether there is room for more.
    async fn period(
        &mut self,
        path: &AccessPath,
        period: &Range<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut after = None;
        loop {
            // One more than there is room for tells whether there is more.
            let room = self.limit.saturating_sub(self.found.reads.len()).saturating_add(1);
            let limit = u32::try_from(room.max(LEAST_FETCHED)).unwrap_or(u32::MAX);
            let store = self.store;
            let rows = store.reads(path, period, &self.filter, after.as_ref(), limit).await?;
            let last = rows.len() < limit as usize;
            after = rows.last().map(|(_, place)| place.clone());
            for (read, _) in rows {
                if !self.elements.fits(&read) {
                    continue;
                }
                if self.found.reads.len() >= self.limit {
                    self.found.truncated = true;
                    return Ok(false);
                }
                self.found.reads.push(read);
            }
            if last {
                return Ok(true);
            }
        }
    }
}

/// The path to the reads that are asked for, and whether it leads to all of them. A search that its
/// elements do not make whole leads nowhere.
fn access_path(elements: &Elements) -> Option<(AccessPath, bool)> {
    let whole = |path| Some((path, true));
    match elements.kind {
        QueryKind::Exact => whole(AccessPath::Plate(elements.plate.as_ref()?.to_string())),
        QueryKind::Misread => {
            let plate = elements.plate.as_ref()?;
            let variants = plate.variants(MOST_VARIANTS);
            let rank = |read| plate.misread_as(read).map_or(0, |all| all.len());
            let ranked = variants
                .plates
                .iter()
                .map(|read| (read.to_string(), u32::try_from(rank(read)).unwrap_or(u32::MAX)));
            Some((AccessPath::Plates(ranked.collect()), variants.all))
        }
        QueryKind::Partial => {
            let pattern = elements.pattern.as_ref()?;
            let (leading, trailing) = (pattern.leading(), pattern.trailing());
            whole(if leading.len().max(trailing.len()) < LEAST_END {
                AccessPath::Time
            } else if leading.len() >= trailing.len() {
                AccessPath::Beginning(ahead(leading))
            } else {
                AccessPath::Ending(ahead(&backwards(trailing)))
            })
        }
        QueryKind::Area | QueryKind::Vehicle => {
            let camera =
                elements.camera.as_ref().map(|camera| AccessPath::Camera(camera.to_string()));
            let make = || elements.make.as_ref().map(|make| AccessPath::Make(terms::make(make)));
            let cells = || match covering(elements) {
                Cells::These(cells) => Some(AccessPath::Cells(cells)),
                Cells::Many | Cells::Anywhere => None,
            };
            whole(camera.or_else(cells).or_else(make).unwrap_or(AccessPath::Time))
        }
    }
}

/// Two parts of a period, if it has any.
fn halves(period: &Range<Timestamp>) -> Option<(Range<Timestamp>, Range<Timestamp>)> {
    let long = period.end.millis().saturating_sub(period.start.millis());
    let middle = period.start.plus_millis(long / 2);
    (period.start < middle && middle < period.end)
        .then_some((period.start..middle, middle..period.end))
}

#[cfg(test)]
pub(super) mod contract;
#[cfg(test)]
mod tests;
