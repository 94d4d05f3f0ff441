//! What this log tells of the exchanges with a peer, without reading its entries.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::exchange::Exchange;
use schemas::statement::ExchangeRecord;
use schemas::time::{CLOCK_BEHIND_MS, SECOND_MS, Timestamp};
use tokio::time::Instant;

use super::bound_rows::{BoundRows, Unbound};
use crate::config::Bounds;
use crate::context::NodeContext;
use crate::permission::OwnAgency;
use audit::exchange_tree::{Item, Tree, TreeBuilder};
use audit::reconcile::{Class, Finding};
use audit::view::LogEntry;
use host::off_thread::off_thread;
use store::{EntryFilter, ReadStore, StoreError};

/// Entries looked through at a time.
const STEP: u64 = 65_536;
/// Entries read at a time.
const EACH: u32 = 500;
/// How far back from its end the log is read again, in entries, to hold against it what is stated: what
/// is older stands under heads that peers have cosigned since.
const LOOKED_AT: u64 = 500_000;
/// How long what a peer owes is waited for that was heard just now.
const PROOFS_COME_WITHIN: Duration = Duration::from_secs(3);
/// How often it is looked whether it has come.
const PROOFS_LOOK: Duration = Duration::from_millis(50);
/// Lines fetched at a time.
const LINES: usize = 1_000;

/// Tells what this log says of exchanges. Cheap to clone.
#[derive(Clone)]
pub(super) struct ReconcileSource {
    pub(super) agency: OwnAgency,
    pub(super) store: Arc<dyn ReadStore>,
    pub(super) bounds: Bounds,
}

impl ReconcileSource {
    pub(super) fn of(context: &NodeContext) -> Self {
        let (agency, store) = (context.agency.clone(), context.store.clone());
        Self { agency, store, bounds: context.bounds }
    }

    /// The instant before which no exchange is under way any more: a query is asked for as long as
    /// an answer is waited for, by a clock that may be off by the freshness allowed.
    pub(super) fn settled_before(&self, now: Timestamp) -> Timestamp {
        let seconds = self.bounds.answer_seconds.saturating_add(self.bounds.freshness_seconds);
        now.minus_seconds(seconds)
    }

    /// The latest instant at which a query may have been signed, by a clock that is fast.
    pub(super) fn latest(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(self.bounds.freshness_seconds)
    }

    /// The tree over the exchanges with `peer` whose queries were signed in `signed`, and the rows that
    /// were left out of it because they do not fit the log.
    pub(super) async fn tree(
        &self,
        peer: &AgencyId,
        signed: Range<Timestamp>,
    ) -> Result<(Tree, Vec<Unbound>), StoreError> {
        // How far an entry may stand from the signing of its query: by the freshness allowed, and by
        // how far the clock may stand behind the last entry.
        let allowed = i64::from(self.bounds.freshness_seconds).saturating_mul(SECOND_MS);
        let allowed = allowed.saturating_add(CLOCK_BEHIND_MS);
        let size = self.agency.log.counters().size;
        let mut start = self.first_from(signed.start.plus_millis(-allowed), size).await?;
        let end = self.first_from(signed.end.plus_millis(allowed), size).await?;
        let bound = self.bound_rows(peer, start.max(size.saturating_sub(LOOKED_AT))).await?;
        let mut gathered = TreeBuilder::new(self.agency.id.clone(), peer.clone());
        let mut unbound: Vec<Unbound> = Vec::new();
        while start < end {
            let count = STEP.min(end.saturating_sub(start));
            let mut found = self.store.exchanges(peer, signed.clone(), start, count).await?;
            let mut unfit = Vec::new();
            for row in found.iter().filter(|row| bound.unfit(row).is_some()) {
                // Its entries may have come since.
                unfit.extend(self.bound_row(row).await?);
            }
            found.retain(|row| unfit.iter().all(|one| one.entry != row.entry));
            unbound.append(&mut unfit);
            gathered.add(found);
            start = start.saturating_add(count);
        }
        // Some hundred thousand hashes: not on a thread that serves others.
        let tree = off_thread(|| gathered.tree()).await;
        let tree = tree.map_err(|e| StoreError::Database(e.to_string()))?;
        if let Some(first) = unbound.first() {
            let (count, entry) = (unbound.len(), first.entry);
            tracing::error!(rows = count, entry.index = entry, peer.id = %peer, "the tables tell of exchanges otherwise than the log; see `accord audit verify`");
        }
        Ok((tree, unbound))
    }

    /// What the entries with `peer` from an index on commit to.
    async fn bound_rows(&self, peer: &AgencyId, from: u64) -> Result<BoundRows, StoreError> {
        let filter = EntryFilter {
            peer: Some(peer.clone()),
            exchanges_only: true,
            ..EntryFilter::default()
        };
        let (mut bound, mut start) = (BoundRows::from(from), from);
        loop {
            let step = self.store.entries(&filter, start, EACH).await?;
            let last = step.last().and_then(|last| Header::from_bytes(last.header.as_bytes()).ok());
            step.iter().for_each(|stored| bound.note(stored));
            match last.filter(|_| step.len() == EACH as usize) {
                Some(last) => start = last.index.saturating_add(1),
                None => return Ok(bound),
            }
        }
    }

    /// What is wrong with one row, by the entries of its exchange as they are now.
    async fn bound_row(&self, row: &Exchange) -> Result<Option<Unbound>, StoreError> {
        let filter = EntryFilter { query: Some(row.query_id.digest()), ..EntryFilter::default() };
        let mut bound = BoundRows::from(0);
        let entries = self.store.entries(&filter, 0, EACH).await?;
        entries.iter().for_each(|stored| bound.note(stored));
        Ok(bound.unfit(row))
    }

    /// Waits a moment while `peer`, which was heard just now, owes proofs: it is asked for them by itself,
    /// and what it shows by then is no finding.
    pub(super) async fn owed_is_on_its_way(&self, peer: &AgencyId) {
        let until = Instant::now() + PROOFS_COME_WITHIN;
        let owes = || self.agency.log.counters().unproven.get(peer).is_some_and(|owed| *owed > 0);
        while owes() && Instant::now() < until {
            tokio::time::sleep(PROOFS_LOOK).await;
        }
    }

    /// Exchanges, whose entries were appended in `within`, of which `peer` has not proven its own entry;
    /// and how many more there are than are told one by one.
    pub(super) async fn unproven(
        &self,
        peer: &AgencyId,
        within: Range<Timestamp>,
    ) -> Result<(Vec<Finding>, u64), StoreError> {
        let (mut findings, mut further, mut after) = (Vec::new(), 0u64, None);
        loop {
            let debts = self.store.debts(peer, after, LINES as u32).await?;
            let Some(last) = debts.last() else { return Ok((findings, further)) };
            after = Some(last.entry);
            for debt in debts.iter().filter(|debt| within.contains(&debt.at)) {
                if findings.len() >= LINES {
                    further = further.saturating_add(1);
                    continue;
                }
                let message = format!(
                    "`{peer}` has not proven the entry of its log about it; what that says may have been written later (entry {} of this log)",
                    debt.entry
                );
                findings.push(Finding {
                    message: Some(message),
                    ..Finding::of(Class::Unproven, debt.query_id, None, None)
                });
            }
        }
    }

    /// The index of the first entry at or after an instant.
    async fn first_from(&self, at: Timestamp, size: u64) -> Result<u64, StoreError> {
        if at == Timestamp::MIN {
            return Ok(0);
        }
        let filter = EntryFilter { from: Some(at), ..EntryFilter::default() };
        match self.store.entries(&filter, 0, 1).await?.first() {
            Some(entry) => Ok(LogEntry::of(entry)
                .map_err(|e| StoreError::Corrupt(e.to_string()))?
                .header
                .index),
            None => Ok(size),
        }
    }

    /// The lines of some exchanges, as they are told now, by the digest of the query's id.
    pub(super) async fn lines_at(
        &self,
        peer: &AgencyId,
        items: &[&Item],
    ) -> Result<HashMap<Digest, ExchangeRecord>, StoreError> {
        let mut lines = HashMap::with_capacity(items.len());
        for some in items.chunks(LINES) {
            let entries: Vec<u64> = some.iter().map(|item| item.entry).collect();
            let told = self.store.exchanges_at(&entries).await?;
            let by_key: HashMap<Digest, &Item> =
                some.iter().map(|item| (item.key, *item)).collect();
            for one in &told {
                let key = one.query_id.digest();
                let Some(item) = by_key.get(&key) else { continue };
                lines.insert(key, item.line(one, &self.agency.id, peer));
            }
        }
        Ok(lines)
    }
}
