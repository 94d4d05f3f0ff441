//! A group of entries as it is to be written: built on copies of the ledger and the registry, which
//! stand only once the group is durable.

use std::any::Any;
use std::sync::Arc;

use registry::{Change, State};
use schemas::entry::SALT;
use schemas::time::Timestamp;
use store::{Row, Store};
use tokio::sync::oneshot;

use super::append_error::AppendError;
use super::appended::Appended;
use super::entry::Entry;
use super::ledger::Ledger;
use super::narrowing::NarrowingToken;
use crate::clock::Clock;
use crate::clock_guard::ClockGuard;
use crate::metrics::EntryMetrics;

/// Who waits to be told whether an entry is durable.
pub(super) type Reply = oneshot::Sender<Result<Appended, AppendError>>;

/// An entry to be appended.
pub(super) struct Job {
    pub(super) entry: Entry,
    pub(super) reply: Reply,
}

impl Job {
    /// Whether it changes the times of all entries before it, and so stands alone in its group.
    pub(super) fn accepts_clock(&self) -> bool {
        matches!(self.entry.change, Some(Change::Clock { .. }))
    }
}

/// A group so far.
pub(super) struct Prepared {
    pub(super) next: Ledger,
    pub(super) registry: Arc<State>,
    pub(super) rows: Vec<Row>,
    pub(super) waiting: Vec<(Appended, Reply)>,
    pub(super) measured: Vec<EntryMetrics>,
    /// What is held on to until the group is durable or is not to be.
    pub(super) kept: Vec<Box<dyn Any + Send>>,
    /// Those are told once the group is done, so that who decides again sees what it lost to.
    pub(super) refused: Vec<(Reply, AppendError)>,
}

impl Prepared {
    pub(super) fn new(ledger: &Ledger, registry: Arc<State>) -> Self {
        Self {
            next: ledger.clone(),
            registry,
            rows: Vec::new(),
            waiting: Vec::new(),
            measured: Vec::new(),
            kept: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Adds an entry, if what must hold for it does.
    pub(super) async fn add(
        &mut self,
        job: Job,
        clock: &Clock,
        guard: &ClockGuard,
        store: &dyn Store,
    ) {
        let Job { mut entry, reply } = job;
        self.kept.extend(entry.kept.take());
        let at = match &entry.change {
            Some(Change::Clock { accepted }) => {
                let behind_since = self.registry.clock.behind_since;
                self.next.accepted_time(accepted, behind_since, clock, store).await
            }
            _ => self.next.time(clock, guard),
        };
        // An entry that fails leaves the ledger as it was: its counters move last.
        let frames = std::mem::take(&mut entry.frames);
        let (narrowing, mut metrics) = (NarrowingToken::of(&entry), EntryMetrics::of(&entry));
        match at.and_then(|at| self.row(entry, at)) {
            Ok(row) => {
                let (index, at) = (row.header.index, row.header.at);
                self.rows.push(row);
                let appended = Appended { index, at, frames, entry_proof: None, narrowing };
                self.waiting.push((appended, reply));
                metrics.index = index;
                self.measured.push(metrics);
            }
            Err(error) => self.refused.push((reply, error)),
        }
    }

    fn row(&mut self, entry: Entry, at: Timestamp) -> Result<Row, AppendError> {
        self.next
            .check(&entry.precondition, &self.registry, at)
            .and_then(|()| self.next.check_arriving(&entry))
            .map_err(AppendError::Conflict)?;
        let changed = entry
            .change
            .as_ref()
            .map(|change| self.registry.with(self.next.state.size, change))
            .transpose()
            .map_err(|e| AppendError::Unwritable(e.to_string()))?;
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|e| AppendError::Unavailable(e.to_string()))?;
        let row = self.next.row(entry, at, salt)?;
        if let Some(changed) = changed {
            self.registry = Arc::new(changed);
        }
        Ok(row)
    }
}
