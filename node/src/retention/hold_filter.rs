//! What the holds keep from being destroyed, as of one state of the registry.

use std::sync::Arc;

use schemas::body::Body;
use schemas::plate::Plate;
use schemas::read::Read;
use schemas::time::Timestamp;

use crate::permission::ActError;
use audit::view::LogEntry;
use registry::{Hold, On, State};
use store::{EndedPages, EntryFilter, ReadStore, StoreError};

/// Entries read at a time.
const STEP: u32 = 1_000;
/// Most entries of one exchange that are looked at.
const EACH: u32 = 200;

/// Tells what the lasting holds keep. Those of a case keep what was asked for in it, too.
#[derive(Debug, Clone, Default)]
pub(crate) struct HoldFilter {
    holds: Vec<Hold>,
    /// Plates that were asked for in a case under hold, with the time asked for.
    asked: Vec<(Plate, Timestamp, Timestamp)>,
}

impl HoldFilter {
    /// As of `state`. What `before` knows of the same holds is taken over.
    pub(crate) async fn of(
        store: &dyn ReadStore,
        state: &State,
        before: Option<Arc<Self>>,
    ) -> Result<Arc<Self>, ActError> {
        let lasting = state.holds.values().filter(|hold| hold.lasts());
        let holds: Vec<Hold> = lasting.cloned().collect();
        if let Some(before) = before.filter(|before| before.holds == holds) {
            return Ok(before);
        }
        let mut asked = Vec::new();
        for hold in &holds {
            if let On::Case(case) = &hold.on {
                let filter = EntryFilter { case: Some(case.to_string()), ..EntryFilter::default() };
                asked.extend(asked_for(store, &filter).await?);
            }
        }
        asked.sort();
        asked.dedup();
        Ok(Arc::new(Self { holds, asked }))
    }

    /// Whether a read is kept.
    pub(crate) fn keeps_read(&self, read: &Read) -> bool {
        self.holds.iter().any(|hold| hold.on.holds_read(read))
            || self.asked.iter().any(|(plate, from, until)| {
                *plate == read.plate && (*from..*until).contains(&read.at)
            })
    }

    /// Whether a read is kept, as it is or as it was before it was corrected or told better: neither takes
    /// it out of a hold. All readings of a sighting are kept together.
    pub(super) async fn keeps_any_version(
        &self,
        store: &dyn ReadStore,
        read: &Read,
    ) -> Result<bool, StoreError> {
        if self.holds.is_empty() || self.keeps_read(read) {
            return Ok(!self.holds.is_empty());
        }
        let sighting = read.earlier_of.unwrap_or(read.id);
        if sighting != read.id {
            let better = store.own_reads(&[sighting]).await?;
            if better.iter().any(|better| self.keeps_read(&better.read)) {
                return Ok(true);
            }
        }
        let readings = store.earlier_readings(&[sighting]).await?;
        if readings.iter().any(|reading| self.keeps_read(&reading.read)) {
            return Ok(true);
        }
        // Of earlier readings, too, what they were before.
        for id in [sighting].into_iter().chain(readings.iter().map(|reading| reading.read.id)) {
            let earlier = store.read_versions(id).await?;
            if earlier.iter().any(|(_, read, _)| self.keeps_read(read)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The holds that keep an entry with this body, by number.
    pub(crate) fn holds_on_body<'a>(&'a self, body: &'a Body) -> impl Iterator<Item = u64> + 'a {
        self.holds.iter().filter(|hold| hold.on.holds_body(body)).map(|hold| hold.hold)
    }

    /// The holds that keep an entry: by its own body, or by that of any other entry of its exchange. So they
    /// are listed where a hold is placed: a correction that names the plate keeps the answer that it corrects.
    pub(super) async fn holds_on_entry(
        &self,
        store: &dyn ReadStore,
        entry: &LogEntry,
    ) -> Result<Vec<u64>, ActError> {
        let Some(body) = &entry.body else { return Ok(Vec::new()) };
        if self.holds.is_empty() {
            return Ok(Vec::new());
        }
        let mut by: Vec<u64> = self.holds_on_body(body).collect();
        if entry.header.query.is_some() {
            let filter = EntryFilter { query: entry.header.query, ..EntryFilter::default() };
            for other in store.entries(&filter, 0, EACH).await? {
                by.extend(
                    LogEntry::of(&other)?.body.iter().flat_map(|body| self.holds_on_body(body)),
                );
            }
        }
        by.sort_unstable();
        by.dedup();
        Ok(by)
    }

    /// Whether kept pages are kept beyond their end.
    pub(super) fn keeps_pages(&self, pages: &EndedPages) -> Result<bool, ActError> {
        if self.holds.is_empty() {
            return Ok(false);
        }
        if let Some(text) = &pages.body {
            let body = serde_json::from_str(text).map_err(|e| {
                ActError::failed(format!("the body of entry {} cannot be read: {e}", pages.entry))
            })?;
            return Ok(self.holds_on_body(&body).next().is_some());
        }
        // The entry is redacted; what the pages hold tells.
        let lines = pages.bytes.iter().flat_map(|bytes| bytes.split(|b| *b == b'\n'));
        let reads = lines.filter_map(|line| serde_json::from_slice::<Read>(line).ok());
        Ok(reads.into_iter().any(|read| self.keeps_read(&read)))
    }
}

/// The plates that accesses asked for, with the time asked for.
async fn asked_for(
    store: &dyn ReadStore,
    filter: &EntryFilter,
) -> Result<Vec<(Plate, Timestamp, Timestamp)>, ActError> {
    let (mut asked, mut start) = (Vec::new(), 0);
    loop {
        let step = store.entries(filter, start, STEP).await?;
        for entry in &step {
            let viewed = LogEntry::of(entry)?;
            start = viewed.header.index.saturating_add(1);
            let elements = viewed.body.and_then(|body| Some(body.event.access()?.elements.clone()));
            asked.extend(elements.and_then(|of| Some((of.plate?, of.from, of.until))));
        }
        if step.len() < STEP as usize {
            return Ok(asked);
        }
    }
}
