//! What is read of a database: nothing here changes what is stored.
//!
//! One trait for each subject, so that a backend implements it where its statements stand;
//! [`ReadStore`] is all of them together, and what the rooms of a node hold.

use std::ops::Range;
use std::path::Path;

use agreements::decide::{DueReads, Scope};
use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::{Header, StoredEntry};
use schemas::exchange::Exchange;
use schemas::merkle::Subtree;
use schemas::query::QueryId;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;

use crate::{
    AskedBefore, BroughtRead, Debt, EndedPages, EntryFilter, Found, Known, Mention, MentionSum,
    OwnRead, Queued, ReadStats, Release, ServedBefore, Side, StoreError, StoredChange, Witnessed,
};

/// A database for reading: it can neither commit nor destroy.
pub trait ReadStore:
    LogRecords + Heads + Exchanges + Debts + OwnReads + Due + PhotographReferences + Database
{
}

impl<T> ReadStore for T where
    T: LogRecords + Heads + Exchanges + Debts + OwnReads + Due + PhotographReferences + Database
{
}

/// The log: its entries, its tree and the changes of the registry.
#[async_trait]
pub trait LogRecords: Send + Sync + 'static {
    /// Up to `limit` entries from index `start` on, in order.
    async fn entries(
        &self,
        filter: &EntryFilter,
        start: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError>;

    /// The entry at `index`, and no other where that one is not there.
    async fn entry(&self, index: u64) -> Result<Option<StoredEntry>, StoreError> {
        let found = self.entries(&EntryFilter::default(), index, 1).await?.pop();
        // What cannot be read is handed on to whoever says so.
        let is_it = |one: &StoredEntry| {
            Header::from_bytes(one.header.as_bytes()).map_or(true, |header| header.index == index)
        };
        Ok(found.filter(is_it))
    }

    /// Up to `limit` entries that released or showed a read of `plate`, of those before index `end` the newest
    /// first, as far as their bodies are kept; of a kind whose body stays, as long as of those around it.
    async fn shown(&self, plate: &str, end: u64, limit: u32) -> Result<Vec<u64>, StoreError>;

    /// Up to `limit` entries whose kept bodies mention something, of those before index `end` the newest
    /// first.
    async fn mentioning(
        &self,
        mention: &Mention,
        end: u64,
        limit: u32,
    ) -> Result<Vec<u64>, StoreError>;

    /// Up to `limit` things that entries before index `end` mention, in order, after `after`; each with the
    /// entries that mention it.
    async fn mentions(
        &self,
        after: Option<&Mention>,
        end: u64,
        limit: u32,
    ) -> Result<Vec<(Mention, MentionSum)>, StoreError>;

    /// The hashes of perfect subtrees of the log's tree, in the order asked for.
    async fn subtrees(&self, wanted: &[Subtree]) -> Result<Vec<Digest>, StoreError>;

    /// Up to `limit` changes of the registry in order, of entries from index `start` on. What a
    /// database says here is to be held against the entries that made them.
    async fn changes(&self, start: u64, limit: u32) -> Result<Vec<StoredChange>, StoreError>;
}

/// Signed heads: of peers' logs as they were cosigned here, and of this log with cosignatures.
#[async_trait]
pub trait Heads: Send + Sync + 'static {
    /// The head of a peer's log that was cosigned last.
    async fn witnessed(&self, origin: &AgencyId) -> Result<Option<Witnessed>, StoreError>;

    /// The largest head that peers cosigned of a log of at most `size` entries.
    async fn cosigned(&self, size: u64) -> Result<Option<String>, StoreError>;

    /// The smallest head of this log of at least `size` entries that peers cosigned.
    async fn first_cosigned(&self, size: u64) -> Result<Option<String>, StoreError>;
}

/// Exchanges: what was asked and served, the pages that are kept, what waits to be sent.
#[async_trait]
pub trait Exchanges: Send + Sync + 'static {
    /// What an id stands for already, of peers' queries and this node's own.
    async fn known(&self, id: QueryId) -> Result<Known, StoreError>;

    /// How a peer's query was served before.
    async fn served(&self, id: QueryId) -> Result<Option<ServedBefore>, StoreError>;

    /// When the oldest answer to `requester` was given whose receipt has not come.
    async fn oldest_unreceipted(
        &self,
        requester: &AgencyId,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// A query of ours.
    async fn asked(&self, id: QueryId) -> Result<Option<AskedBefore>, StoreError>;

    /// Ids of queries sent before `before` and not settled.
    async fn unsettled(&self, before: Timestamp) -> Result<Vec<QueryId>, StoreError>;

    /// The kept pages of an answer, in order; none once they have ended, though a hold may keep them.
    async fn pages(
        &self,
        side: Side,
        id: QueryId,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError>;

    /// The oldest letters to each peer, in order, of each type at most `each` a peer.
    async fn outbox(&self, each: u32) -> Result<Vec<Queued>, StoreError>;

    /// The exchanges with `peer` among the `count` entries from `start` on, whose queries were signed
    /// in `signed`. They are told by what stands beside the log, not by its entries.
    async fn exchanges(
        &self,
        peer: &AgencyId,
        signed: Range<Timestamp>,
        start: u64,
        count: u64,
    ) -> Result<Vec<Exchange>, StoreError>;

    /// The exchanges that these entries began.
    async fn exchanges_at(&self, entries: &[u64]) -> Result<Vec<Exchange>, StoreError>;
}

/// What peers' logs must hold of exchanges and have not proven.
#[async_trait]
pub trait Debts: Send + Sync + 'static {
    /// Up to `limit` debts of `peer`, in the order of the entries that left them, of entries after
    /// `after`.
    async fn debts(
        &self,
        peer: &AgencyId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Debt>, StoreError>;

    /// How many debts of `peer` count and were owed for `seconds` or longer.
    async fn overdue(&self, peer: &AgencyId, seconds: u32) -> Result<u32, StoreError>;
}

/// Reads of this agency and to whom they went.
#[async_trait]
pub trait OwnReads: Send + Sync + 'static {
    /// Those of `ids` that are stored already.
    async fn known_reads(&self, ids: &[ReadId]) -> Result<Vec<ReadId>, StoreError>;

    /// Those of one's own reads that have one of `ids`, in no order.
    async fn own_reads(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError>;

    /// The earlier readings of the reads with `ids`, whether those are stored or not, by their ids' order.
    async fn earlier_readings(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError>;

    /// One's own read by its id.
    async fn own_read(&self, id: ReadId) -> Result<Option<OwnRead>, StoreError> {
        Ok(self.own_reads(&[id]).await?.pop())
    }

    /// Up to `limit` reads that these entries brought, or told otherwise last, and that are not
    /// withdrawn. All reads are looked through.
    async fn brought_by(&self, entries: &[u64], limit: u32)
    -> Result<Vec<BroughtRead>, StoreError>;

    /// The earlier versions of a read, oldest first, each with the entry of the correction that
    /// replaced it.
    async fn read_versions(&self, id: ReadId) -> Result<Vec<(u32, Read, u64)>, StoreError>;

    /// The answers that released these reads, in their order, each with the read.
    async fn released(&self, ids: &[ReadId]) -> Result<Vec<Release>, StoreError>;

    /// The reads that a decision opened, as [`crate::search::search`] finds them.
    async fn search(&self, scope: &dyn Scope) -> Result<Found, StoreError>;

    /// How many reads were made before `cut_off`.
    async fn reads_before(&self, cut_off: Timestamp) -> Result<u64, StoreError>;

    /// The read with this id, if it is stored or stands in a kept answer.
    async fn read(&self, id: ReadId) -> Result<Option<Read>, StoreError>;

    /// What is stored.
    async fn stats(&self) -> Result<ReadStats, StoreError>;
}

/// What is past its retention.
#[async_trait]
pub trait Due: Send + Sync + 'static {
    /// Up to `limit` of the reads that the policy keeps no longer, by time and id, after the place
    /// `after`.
    async fn due_reads(
        &self,
        due: &DueReads,
        after: Option<(Timestamp, ReadId)>,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError>;

    /// Up to `limit` kept pages that have ended by `now`, of entries after `after`, in order.
    async fn ended_pages(
        &self,
        now: Timestamp,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<EndedPages>, StoreError>;
}

/// Which photographs are referred to; their bytes are kept elsewhere.
#[async_trait]
pub trait PhotographReferences: Send + Sync + 'static {
    /// Up to `limit` photographs that a read or a kept answer refers to, in the order of their
    /// digests, from after `after` on.
    async fn images(&self, after: Option<Digest>, limit: u32) -> Result<Vec<Digest>, StoreError>;

    /// Those of `digests` that a read or a kept answer refers to.
    async fn referenced_images(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError>;

    /// Up to `limit` photographs that something referred to once and nothing does any more.
    async fn unreferenced_images(&self, limit: u32) -> Result<Vec<Digest>, StoreError>;
}

/// The database itself.
#[async_trait]
pub trait Database: Send + Sync + 'static {
    /// Copies the whole database into a new file at `path`, durably, as it is at one instant at or
    /// after the call; others go on meanwhile. `false` when the database is on a server, which has
    /// means of its own.
    async fn copy_to(&self, path: &Path) -> Result<bool, StoreError>;

    /// Which database this is, in words, without a password.
    async fn about(&self) -> Result<String, StoreError>;
}
