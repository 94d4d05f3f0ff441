//! What changes a database. The audit log alone holds this: whatever becomes durable or is destroyed
//! passes through it.

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::time::Timestamp;

use crate::{LogState, ReadStore, Row, SignInRecords, StoreError, Witnessed};

/// A database for writing.
pub trait WriteStore:
    LogWriter + HeadWriter + DebtWriter + Outbox + Destruction + SignInRecords
{
}

impl<T> WriteStore for T where
    T: LogWriter + HeadWriter + DebtWriter + Outbox + Destruction + SignInRecords
{
}

/// A whole database. The wiring of a node opens one and gives it to the audit log.
pub trait Store: ReadStore + WriteStore {}

impl<T: ReadStore + WriteStore> Store for T {}

/// The one writer of the log.
#[async_trait]
pub trait LogWriter: Send + Sync + 'static {
    /// Where the log ends; `day_start` begins the UTC day whose answers are counted.
    async fn log_state(&self, day_start: Timestamp) -> Result<LogState, StoreError>;

    /// What the database is to hold, as it was signed with the last group that is durable.
    async fn signed_head(&self) -> Result<Option<String>, StoreError>;

    /// Makes the whole group durable, and `head` in the place of the one before, or nothing of it:
    /// after a crash, too, the two are of one another. `Err` means that nothing may be taken for
    /// durable; the caller must read [`LogWriter::log_state`] again before it appends more, since the
    /// commit may have happened unseen.
    async fn commit(&self, group: &[Row], head: &str) -> Result<(), StoreError>;
}

/// Keeping signed heads.
#[async_trait]
pub trait HeadWriter: Send + Sync + 'static {
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
}

/// How long peers have left unproven what they owe.
#[async_trait]
pub trait DebtWriter: Send + Sync + 'static {
    /// Each debt of `peer` that counts was owed for `seconds` more, over a connection that stood.
    async fn waited(&self, peer: &AgencyId, seconds: u32) -> Result<(), StoreError>;
}

/// What has reached peers.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Messages of the outbox, named by peer and digest of their body, have reached their peer.
    async fn delivered(&self, messages: &[(AgencyId, Digest)]) -> Result<(), StoreError>;
}

/// Destroying what may be destroyed.
#[async_trait]
pub trait Destruction: Send + Sync + 'static {
    /// Destroys salt, body and envelopes of the entries from `first` to `last`, both included, whose
    /// kind ends; of how many. Only what an entry of the log says is destroyed may be named here.
    async fn redact(&self, first: u64, last: u64) -> Result<u64, StoreError>;

    /// Overwrites what the files of the database still hold of what was destroyed.
    async fn erase_traces(&self) -> Result<(), StoreError>;

    /// Forgets which reads an answer released, of answers whose reads were all made before `before`
    /// and of which none is stored any more; of how many.
    async fn forget_released(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Of `digests`, forgets those that nothing refers to: their bytes are destroyed.
    async fn forget_images(&self, digests: &[Digest]) -> Result<(), StoreError>;
}
