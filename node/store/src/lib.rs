//! The contract that a database fulfils for a node.
//!
//! It is stated in terms of durability, not of mechanics. One rule above all: [`LogWriter::commit`]
//! makes a whole group of log entries and their effects durable, or none of it; what it returned
//! `Ok` for survives a crash of the process and of the machine. There is one writer at a time,
//! which the home's lock sees to.
//!
//! Reading and writing are apart: the rooms of a node hold a [`ReadStore`], and the audit log alone
//! holds the [`Store`] that it was started with.
//!
//! ```
//! # use store::{LogWriter as _, ReadStore, Row, Store, StoreError};
//! async fn commit(store: &dyn Store, rows: &[Row]) -> Result<(), StoreError> {
//!     store.commit(rows, "a signed head").await
//! }
//! ```
//! ```compile_fail,E0599
//! # use store::{LogWriter as _, ReadStore, Row, Store, StoreError};
//! async fn commit(store: &dyn ReadStore, rows: &[Row]) -> Result<(), StoreError> {
//!     store.commit(rows, "a signed head").await
//! }
//! ```
//! ```
//! # use store::{Destruction as _, ReadStore, Store, StoreError};
//! async fn destroy(store: &dyn Store) -> Result<(), StoreError> {
//!     store.redact(0, 9).await?;
//!     store.erase_traces().await
//! }
//! ```
//! ```compile_fail,E0599
//! # use store::{Destruction as _, ReadStore, Store, StoreError};
//! async fn destroy(store: &dyn ReadStore) -> Result<(), StoreError> {
//!     store.redact(0, 9).await?;
//!     store.erase_traces().await
//! }
//! ```

#[cfg(test)]
mod contract;
mod decode;
mod error;
mod inside;
mod looking;
mod mentions;
pub mod migrations;
pub mod moving;
pub mod packed;
pub mod photographs;
pub mod postgres;
mod read;
mod restamp;
mod rows;
pub mod search;
mod sign_in;
pub mod sqlite;
mod write;

use std::collections::HashMap;

use schemas::agency::AgencyId;
use schemas::answer::Receipt;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::merkle::Frontier;
use schemas::outcome::OutcomeCode;
use schemas::read::Read;
use schemas::text::Text;
use schemas::time::Timestamp;

pub use error::StoreError;
pub use mentions::{Mention, MentionSum};
pub use read::{
    Database, Debts, Due, Exchanges, Heads, LogRecords, OwnReads, PhotographReferences, ReadStore,
};
pub use rows::{
    Asked, BroughtRead, Corrected, Debt, NewDebt, OutboxMessage, OwnRead, Pages, Proved, Receipted,
    Release, Restamped, Row, Served, Settled, Side, StateChanges,
};
pub use sign_in::{SignInRecords, StoredAuthenticator, StoredSession};
pub use write::{DebtWriter, Destruction, HeadWriter, LogWriter, Outbox, Store, WriteStore};

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
pub struct LogState {
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
    /// An instant before which none of them was given, of each peer that has any; the oldest may be
    /// younger.
    pub unreceipted_since: HashMap<AgencyId, Timestamp>,
    /// Entries that each peer's log must hold and has not proven, and that count.
    pub unproven: HashMap<AgencyId, u32>,
    /// The last entry that changed the registry.
    pub last_change: Option<u64>,
    /// What each peer has left behind on that day.
    pub taken_in: HashMap<AgencyId, TakenIn>,
}

/// Documents of one peer that were taken in on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// How many, corrections aside.
    pub documents: u32,
    /// Corrections of reads.
    pub corrections: u32,
    /// Bytes of the envelopes of all of them.
    pub bytes: u64,
}

impl TakenIn {
    /// Counts one more, taken in by an entry of this kind.
    pub fn add(&mut self, kind: EntryKind, bytes: u64) {
        let n = match kind {
            EntryKind::ReadsCorrected => &mut self.corrections,
            _ => &mut self.documents,
        };
        *n = n.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// A change of the registry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChange {
    /// The entry that made it.
    pub entry: u64,
    /// Its exact JSON.
    pub text: String,
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
    /// Whose access somebody asked for this user.
    pub for_user: Option<String>,
    /// Whose query elements name this plate: no index leads there, each body is looked into.
    pub plate: Option<String>,
    /// Belonging to this exchange.
    pub query: Option<Digest>,
    /// Belonging to any exchange.
    pub exchanges_only: bool,
    /// Whose access is for this case.
    pub case: Option<String>,
    /// Of a kind whose body ends, and not redacted yet.
    pub ending: bool,
    /// With a change of the registry beside it.
    pub changing: bool,
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

/// What a query's id stands for already.
#[derive(Debug, Clone)]
pub enum Known {
    /// Nothing.
    New,
    /// A query of this node's own.
    Asked,
    /// A peer's query that was served, whatever else.
    Served(ServedBefore),
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

impl ServedBefore {
    /// Whether a receipt is of the answer that was given. Of one that is destroyed by now, the peer's
    /// signed word stands alone.
    #[must_use]
    pub fn is_of(&self, receipt: &Receipt) -> bool {
        let answer = |reply: &String| Digest::of(reply.as_bytes()) == receipt.answer_digest;
        self.answered && self.requester == receipt.from && self.reply.as_ref().is_none_or(answer)
    }
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
