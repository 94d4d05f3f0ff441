//! The contract that a database fulfils for a node.
//!
//! It is stated in terms of durability, not of mechanics. One rule above all: [`Store::commit`]
//! makes a whole group of log entries and their effects durable, or none of it; what it returned
//! `Ok` for survives a crash of the process and of the machine. There is one writer at a time,
//! which the home's lock sees to.

#[cfg(test)]
mod contract;
mod error;
pub mod migrations;
pub mod moving;
pub mod photographs;
pub mod postgres;
pub mod search;
pub mod sqlite;
mod stored;
mod written;

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use agreements::decide::Scope;
use async_trait::async_trait;
pub use error::StoreError;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::entry::StoredEntry;
use schemas::exchange::Exchange;
use schemas::merkle::{Frontier, Subtree};
use schemas::outcome::OutcomeCode;
use schemas::query::{AuthorityId, QueryId};
use schemas::read::{Read, ReadId};

use schemas::text::Text;
use schemas::time::Timestamp;
pub use written::{
    Asked, Corrected, OutboxMessage, Pages, Receipted, Release, Row, Served, Settled, Side,
    StateChanges,
};

/// Kept pages that have ended.
#[derive(Debug, Clone)]
pub struct EndedPages {
    /// The entry that they came with.
    pub entry: u64,
    /// That entry's body, until redacted.
    pub body: Option<String>,
    /// The pages' bytes, where the body is redacted and does not tell whose they are.
    pub bytes: Option<Vec<u8>>,
}

/// A message as it stands in the outbox. Only a store makes one, out of what an append stored.
#[derive(Debug, Clone)]
pub struct Queued(OutboxMessage);

impl Queued {
    /// The message.
    #[must_use]
    pub fn message(&self) -> &OutboxMessage {
        &self.0
    }
}

/// Where the log ends, and the counters that the next append continues.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    /// Entries in the log.
    pub size: u64,
    /// Time of the last one.
    pub last_at: Option<Timestamp>,
    /// Last number given for each peer.
    pub peer_seq: HashMap<AgencyId, u64>,
    /// Answers given or received on each authority.
    pub uses: HashMap<AuthorityId, u32>,
    /// The start of the UTC day whose answers `today` counts.
    pub day_start: Option<Timestamp>,
    /// Answers given on each authority to each requester on that day.
    pub today: HashMap<(AuthorityId, AgencyId), u32>,
    /// The right edge of the tree.
    pub tree: Frontier,
    /// Answers to each peer without a receipt.
    pub unreceipted: HashMap<AgencyId, u32>,
}

/// Which entries to read.
#[derive(Debug, Clone, Default)]
pub struct EntryFilter {
    /// Concerning this peer.
    pub peer: Option<AgencyId>,
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Of this kind.
    pub kind: Option<EntryKind>,
    /// Whose actor is this user.
    pub user: Option<String>,
    /// Whose query elements name this plate.
    pub plate: Option<String>,
    /// Belonging to this exchange.
    pub query: Option<Digest>,
    /// Belonging to any exchange.
    pub exchanges_only: bool,
    /// Whose access is for this case.
    pub case: Option<String>,
    /// Of a kind whose body ends, and not redacted yet.
    pub ending: bool,
}

/// The head of a peer's log that was cosigned last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Its size, in entries.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The reads: those of the plate asked for, then those of fewer substitutions before those of
    /// more; among equals the oldest first, and at one instant by id.
    pub reads: Vec<Read>,
    /// Whether more matched than the limit, or more were to be looked at than one search may.
    pub truncated: bool,
}

/// A peer's query as this node served it.
#[derive(Debug, Clone)]
pub struct ServedBefore {
    /// The requester.
    pub requester: AgencyId,
    /// Digest of the query's envelope.
    pub query_digest: Digest,
    /// When.
    pub at: Timestamp,
    /// Whether reads were released.
    pub answered: bool,
    /// On what authority.
    pub authority: Option<AuthorityId>,
    /// The envelope of the answer or refusal, until redacted.
    pub reply: Option<String>,
    /// Whether the receipt has come.
    pub receipted: bool,
}

/// A query of ours as it stands.
#[derive(Debug, Clone)]
pub struct AskedBefore {
    /// The owner asked.
    pub owner: AgencyId,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The exact envelope, until redacted.
    pub envelope: Option<String>,
    /// How it ended, if it has.
    pub outcome: Option<OutcomeCode>,
}

/// What a node holds.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct ReadStats {
    /// Reads stored.
    pub reads: u64,
    /// Different plates among them.
    pub plates: u64,
    /// Cameras among them.
    pub cameras: u64,
    /// The oldest.
    pub earliest: Option<Timestamp>,
    /// The newest.
    pub latest: Option<Timestamp>,
    /// Photographs that reads and kept answers refer to.
    pub photographs: u64,
    /// What each camera has seen; those that saw something last come first, at most [`SHOWN_CAMERAS`].
    pub by_camera: Vec<CameraStats>,
}

/// Most cameras that are counted one by one.
pub const SHOWN_CAMERAS: u32 = 1_000;

/// What is stored of one camera.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CameraStats {
    /// Its name.
    pub camera: Text,
    /// Its reads.
    pub reads: u64,
    /// The newest.
    pub latest: Timestamp,
}

/// What a node needs of a database.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Where the log ends; `day_start` begins the UTC day whose answers are counted.
    async fn tail(&self, day_start: Timestamp) -> Result<Tail, StoreError>;

    /// Makes the whole group durable, or none of it. `Err` means that nothing may be taken for
    /// durable; the caller must read [`Store::tail`] again before it appends more, since the
    /// commit may have happened unseen.
    async fn commit(&self, group: &[Row]) -> Result<(), StoreError>;

    /// Up to `limit` entries from index `start` on, in order.
    async fn entries(
        &self,
        filter: &EntryFilter,
        start: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError>;

    /// The hashes of perfect subtrees of the log's tree, in the order asked for.
    async fn subtrees(&self, wanted: &[Subtree]) -> Result<Vec<Digest>, StoreError>;

    /// The head of a peer's log that was cosigned last.
    async fn witnessed(&self, origin: &AgencyId) -> Result<Option<Witnessed>, StoreError>;

    /// Puts `head` in the place of `replaces`, durably, if that is still what stands there; whether
    /// it was.
    async fn witness(
        &self,
        origin: &AgencyId,
        replaces: Option<(u64, Digest)>,
        head: &Witnessed,
    ) -> Result<bool, StoreError>;

    /// Keeps a signed head of this log with its cosignatures, in the place of one of its size.
    async fn keep_cosigned(&self, size: u64, checkpoint: &str) -> Result<(), StoreError>;

    /// The largest head that peers cosigned of a log of at most `size` entries.
    async fn cosigned(&self, size: u64) -> Result<Option<String>, StoreError>;

    /// The changes of the registry up to and with an instant, or all, in order, as JSON.
    async fn changes(&self, until: Option<Timestamp>) -> Result<Vec<String>, StoreError>;

    /// How a peer's query was served before.
    async fn served(&self, id: QueryId) -> Result<Option<ServedBefore>, StoreError>;

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

    /// Up to `limit` kept pages that have ended by `now`, of entries after `after`, in order.
    async fn ended_pages(
        &self,
        now: Timestamp,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<EndedPages>, StoreError>;

    /// Destroys salt, body and envelopes of the entries from `first` to `last`, both included, whose
    /// kind ends; of how many. Only what an entry of the log says is destroyed may be named here.
    async fn redact(&self, first: u64, last: u64) -> Result<u64, StoreError>;

    /// Overwrites what the files of the database still hold of what was destroyed.
    async fn erase_traces(&self) -> Result<(), StoreError>;

    /// The oldest letters to each peer, in order, at most `each` a peer.
    async fn outbox(&self, each: u32) -> Result<Vec<Queued>, StoreError>;

    /// Letters, named by peer and digest of their body, have reached their peer.
    async fn delivered(&self, letters: &[(AgencyId, Digest)]) -> Result<(), StoreError>;

    /// Those of `ids` that are stored already.
    async fn known_reads(&self, ids: &[ReadId]) -> Result<Vec<ReadId>, StoreError>;

    /// One's own read by its id, with its version: 1 until it is corrected.
    async fn own_read(&self, id: ReadId) -> Result<Option<(Read, u32)>, StoreError>;

    /// The earlier versions of a read, oldest first, each with the entry of the correction that
    /// replaced it.
    async fn read_versions(&self, id: ReadId) -> Result<Vec<(u32, Read, u64)>, StoreError>;

    /// The answers that released a read, in order.
    async fn released(&self, id: ReadId) -> Result<Vec<Release>, StoreError>;

    /// Forgets which reads an answer released, of answers whose reads were all made before `before`
    /// and of which none is stored any more; of how many.
    async fn forget_released(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// The reads that a decision opened, as [`search::search`] finds them.
    async fn search(&self, scope: &Scope) -> Result<Found, StoreError>;

    /// Up to `limit` reads made before `cut_off`, by time and id, after the place `after`.
    async fn due_reads(
        &self,
        cut_off: Timestamp,
        after: Option<(Timestamp, ReadId)>,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError>;

    /// How many reads were made before `cut_off`.
    async fn reads_before(&self, cut_off: Timestamp) -> Result<u64, StoreError>;

    /// The read with this id, if it is stored or stands in a kept answer.
    async fn read(&self, id: ReadId) -> Result<Option<Read>, StoreError>;

    /// Up to `limit` photographs that a read or a kept answer refers to, in the order of their
    /// digests, from after `after` on.
    async fn images(&self, after: Option<Digest>, limit: u32) -> Result<Vec<Digest>, StoreError>;

    /// Those of `digests` that a read or a kept answer refers to.
    async fn referenced_images(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError>;

    /// Up to `limit` photographs that something referred to once and nothing does any more.
    async fn unreferenced_images(&self, limit: u32) -> Result<Vec<Digest>, StoreError>;

    /// Of `digests`, forgets those that nothing refers to: their bytes are destroyed.
    async fn forget_images(&self, digests: &[Digest]) -> Result<(), StoreError>;

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

    /// Copies the whole database into a new file at `path`, durably, as it is at one instant at or
    /// after the call; others go on meanwhile. `false` when the database is on a server, which has
    /// means of its own.
    async fn copy_to(&self, path: &Path) -> Result<bool, StoreError>;

    /// Which database this is, in words, without a password.
    async fn about(&self) -> Result<String, StoreError>;

    /// What is stored.
    async fn stats(&self) -> Result<ReadStats, StoreError>;
}
