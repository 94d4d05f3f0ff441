//! The contract of a database, passed on to the real one unless a step is told to fail.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::Ordering;

use agreements::decide::{DueReads, Scope};
use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::StoredEntry;
use schemas::exchange::Exchange;
use schemas::merkle::Subtree;
use schemas::query::QueryId;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use store::{
    AskedBefore, BroughtRead, Database, Debt, DebtWriter, Debts, Destruction, Due, EndedPages,
    EntryFilter, Exchanges, Found, HeadWriter, Heads, Known, LogRecords, LogState, LogWriter,
    Outbox, OwnRead, OwnReads, PhotographReferences, Queued, ReadStats, Release, Row, ServedBefore,
    Side, StoreError, StoredChange, Witnessed,
};
use store::{Mention, MentionSum};

use super::{FaultyStore, Step};

#[async_trait]
impl LogRecords for FaultyStore {
    async fn entries(
        &self,
        filter: &EntryFilter,
        start: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.calls("entries");
        self.inner.entries(filter, start, limit).await
    }

    async fn shown(&self, plate: &str, end: u64, limit: u32) -> Result<Vec<u64>, StoreError> {
        self.calls("shown");
        self.inner.shown(plate, end, limit).await
    }

    async fn mentioning(
        &self,
        mention: &Mention,
        end: u64,
        limit: u32,
    ) -> Result<Vec<u64>, StoreError> {
        self.calls("mentioning");
        self.inner.mentioning(mention, end, limit).await
    }

    async fn mentions(
        &self,
        after: Option<&Mention>,
        end: u64,
        limit: u32,
    ) -> Result<Vec<(Mention, MentionSum)>, StoreError> {
        self.calls("mentions");
        self.inner.mentions(after, end, limit).await
    }

    async fn subtrees(&self, wanted: &[Subtree]) -> Result<Vec<Digest>, StoreError> {
        self.calls("subtrees");
        self.inner.subtrees(wanted).await
    }

    async fn changes(&self, start: u64, limit: u32) -> Result<Vec<StoredChange>, StoreError> {
        self.calls("changes");
        self.inner.changes(start, limit).await
    }
}

#[async_trait]
impl Heads for FaultyStore {
    async fn witnessed(&self, origin: &AgencyId) -> Result<Option<Witnessed>, StoreError> {
        self.calls("witnessed");
        self.inner.witnessed(origin).await
    }

    async fn cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        self.calls("cosigned");
        self.inner.cosigned(size).await
    }

    async fn first_cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        self.calls("first_cosigned");
        self.inner.first_cosigned(size).await
    }
}

#[async_trait]
impl Exchanges for FaultyStore {
    async fn known(&self, id: QueryId) -> Result<Known, StoreError> {
        self.calls("known");
        self.looks("known");
        self.inner.known(id).await
    }

    async fn served(&self, id: QueryId) -> Result<Option<ServedBefore>, StoreError> {
        self.calls("served");
        self.looks("served");
        self.inner.served(id).await
    }

    async fn oldest_unreceipted(
        &self,
        requester: &AgencyId,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.calls("oldest_unreceipted");
        self.inner.oldest_unreceipted(requester).await
    }

    async fn asked(&self, id: QueryId) -> Result<Option<AskedBefore>, StoreError> {
        self.calls("asked");
        self.inner.asked(id).await
    }

    async fn unsettled(&self, before: Timestamp) -> Result<Vec<QueryId>, StoreError> {
        self.calls("unsettled");
        self.inner.unsettled(before).await
    }

    async fn pages(
        &self,
        side: Side,
        id: QueryId,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.calls("pages");
        self.looks("pages");
        self.fetches.fetch_add(1, Ordering::SeqCst);
        self.wait().await;
        self.inner.pages(side, id, now).await
    }

    async fn outbox(&self, each: u32) -> Result<Vec<Queued>, StoreError> {
        self.calls("outbox");
        assert!(!self.flawed.load(Ordering::SeqCst), "the outbox has a flaw");
        self.inner.outbox(each).await
    }

    async fn exchanges(
        &self,
        peer: &AgencyId,
        signed: Range<Timestamp>,
        start: u64,
        count: u64,
    ) -> Result<Vec<Exchange>, StoreError> {
        self.calls("exchanges");
        self.inner.exchanges(peer, signed, start, count).await
    }

    async fn exchanges_at(&self, entries: &[u64]) -> Result<Vec<Exchange>, StoreError> {
        self.calls("exchanges_at");
        self.inner.exchanges_at(entries).await
    }
}

#[async_trait]
impl Debts for FaultyStore {
    async fn debts(
        &self,
        peer: &AgencyId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Debt>, StoreError> {
        self.calls("debts");
        self.inner.debts(peer, after, limit).await
    }

    async fn overdue(&self, peer: &AgencyId, seconds: u32) -> Result<u32, StoreError> {
        self.calls("overdue");
        self.inner.overdue(peer, seconds).await
    }
}

#[async_trait]
impl DebtWriter for FaultyStore {
    async fn waited(&self, peer: &AgencyId, seconds: u32) -> Result<(), StoreError> {
        self.calls("waited");
        self.inner.waited(peer, seconds).await
    }
}

#[async_trait]
impl OwnReads for FaultyStore {
    async fn earlier_readings(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError> {
        self.calls("earlier_readings");
        self.looks("earlier_readings");
        self.inner.earlier_readings(ids).await
    }

    async fn own_reads(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError> {
        self.calls("own_reads");
        self.looks("own_reads");
        self.inner.own_reads(ids).await
    }

    async fn known_reads(&self, ids: &[ReadId]) -> Result<Vec<ReadId>, StoreError> {
        self.calls("known_reads");
        self.looks("known_reads");
        self.inner.known_reads(ids).await
    }

    async fn brought_by(
        &self,
        entries: &[u64],
        limit: u32,
    ) -> Result<Vec<BroughtRead>, StoreError> {
        self.calls("brought_by");
        self.looks("brought_by");
        self.inner.brought_by(entries, limit).await
    }

    async fn read_versions(&self, id: ReadId) -> Result<Vec<(u32, Read, u64)>, StoreError> {
        self.calls("read_versions");
        self.looks("read_versions");
        self.inner.read_versions(id).await
    }

    async fn released(&self, ids: &[ReadId]) -> Result<Vec<Release>, StoreError> {
        self.calls("released");
        self.looks("released");
        self.inner.released(ids).await
    }

    async fn search(&self, scope: &dyn Scope) -> Result<Found, StoreError> {
        self.calls("search");
        self.looks("search");
        self.searches.fetch_add(1, Ordering::SeqCst);
        self.wait().await;
        self.inner.search(scope).await
    }

    async fn reads_before(&self, cut_off: Timestamp) -> Result<u64, StoreError> {
        self.calls("reads_before");
        self.inner.reads_before(cut_off).await
    }

    async fn read(&self, id: ReadId) -> Result<Option<Read>, StoreError> {
        self.calls("read");
        self.looks("read");
        self.inner.read(id).await
    }

    async fn stats(&self) -> Result<ReadStats, StoreError> {
        self.calls("stats");
        self.inner.stats().await
    }
}

#[async_trait]
impl Due for FaultyStore {
    async fn due_reads(
        &self,
        due: &DueReads,
        after: Option<(Timestamp, ReadId)>,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError> {
        self.calls("due_reads");
        self.inner.due_reads(due, after, limit).await
    }

    async fn ended_pages(
        &self,
        now: Timestamp,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<EndedPages>, StoreError> {
        self.calls("ended_pages");
        self.inner.ended_pages(now, after, limit).await
    }
}

#[async_trait]
impl PhotographReferences for FaultyStore {
    async fn images(&self, after: Option<Digest>, limit: u32) -> Result<Vec<Digest>, StoreError> {
        self.calls("images");
        self.inner.images(after, limit).await
    }

    async fn referenced_images(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        self.calls("referenced_images");
        self.looks("referenced_images");
        self.inner.referenced_images(digests).await
    }

    async fn unreferenced_images(&self, limit: u32) -> Result<Vec<Digest>, StoreError> {
        self.calls("unreferenced_images");
        self.inner.unreferenced_images(limit).await
    }
}

#[async_trait]
impl Database for FaultyStore {
    async fn copy_to(&self, path: &Path) -> Result<bool, StoreError> {
        self.calls("copy_to");
        self.inner.copy_to(path).await
    }

    async fn about(&self) -> Result<String, StoreError> {
        self.calls("about");
        self.inner.about().await
    }
}

#[async_trait]
impl LogWriter for FaultyStore {
    async fn log_state(&self, day_start: Timestamp) -> Result<LogState, StoreError> {
        self.calls("log_state");
        self.inner.log_state(day_start).await
    }

    async fn signed_head(&self) -> Result<Option<String>, StoreError> {
        self.calls("signed_head");
        self.inner.signed_head().await
    }

    async fn commit(&self, group: &[Row], head: &str) -> Result<(), StoreError> {
        self.calls("commit");
        let holds = |step| match step {
            Step::AnyEntry => true,
            Step::Entry(kind) => group.iter().any(|row| row.header.kind == kind),
            _ => false,
        };
        self.take(holds, self.inner.commit(group, head)).await
    }
}

#[async_trait]
impl HeadWriter for FaultyStore {
    async fn witness(
        &self,
        origin: &AgencyId,
        replaces: Option<(u64, Digest)>,
        head: &Witnessed,
    ) -> Result<bool, StoreError> {
        self.calls("witness");
        let put = self.inner.witness(origin, replaces, head);
        self.take(|step| step == Step::Witness, put).await
    }

    async fn keep_cosigned(&self, size: u64, checkpoint: &str) -> Result<(), StoreError> {
        self.calls("keep_cosigned");
        let kept = self.inner.keep_cosigned(size, checkpoint);
        self.take(|step| step == Step::KeepCosigned, kept).await
    }
}

#[async_trait]
impl Outbox for FaultyStore {
    async fn delivered(&self, letters: &[(AgencyId, Digest)]) -> Result<(), StoreError> {
        self.calls("delivered");
        self.take(|step| step == Step::Delivered, self.inner.delivered(letters)).await
    }
}

#[async_trait]
impl Destruction for FaultyStore {
    async fn redact(&self, first: u64, last: u64) -> Result<u64, StoreError> {
        self.calls("redact");
        if self.unredacting.load(Ordering::SeqCst) {
            return Err(StoreError::Database("told to fail".into()));
        }
        self.inner.redact(first, last).await
    }

    async fn erase_traces(&self) -> Result<(), StoreError> {
        self.calls("erase_traces");
        self.inner.erase_traces().await
    }

    async fn forget_released(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.calls("forget_released");
        self.inner.forget_released(before).await
    }

    async fn forget_images(&self, digests: &[Digest]) -> Result<(), StoreError> {
        self.calls("forget_images");
        self.inner.forget_images(digests).await
    }
}
