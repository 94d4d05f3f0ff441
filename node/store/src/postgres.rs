//! PostgreSQL: the store of an agency that outgrows one file.
//!
//! One connection writes and holds an advisory lock for as long as it lives; a few others read. An
//! append is one statement and one transaction, which takes the lock once more and compares the
//! epoch of this writer, so that no other node's append comes between, whatever stands between the
//! node and the server. A connection that is lost fails the append that used it: the log's end must
//! be read again, under the lock, before the next. Reads go on with a new connection.
//!
//! After a crash of the node or the server, the database holds exactly the groups whose commit
//! returned, and perhaps the one under way.

mod commit;
mod connect;
mod corrections;
mod exchange;
mod exchanges;
pub(super) mod filling;
mod heads;
mod images;
mod lines;
mod log;
mod reads;
mod retention;
mod search;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;

use agreements::decide::{DueReads, Scope};
use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::merkle::Subtree;
use schemas::query::QueryId;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use tokio::sync::Mutex;

use super::{
    AskedBefore, Database, Destruction, Due, EndedPages, EntryFilter, Exchanges, Found, HeadWriter,
    Heads, LogRecords, LogWriter, Outbox, OwnReads, PhotographReferences, Queued, ReadStats,
    Release, Row, ServedBefore, Side, StoreError, Tail, Witnessed, migrations,
};
use connect::Server;
use host::database;
use lines::{Readers, Writer};
use schemas::entry::StoredEntry;
use schemas::exchange::Exchange;

/// A database of a PostgreSQL server.
pub struct Postgres {
    server: Server,
    agency: AgencyId,
    writer: Mutex<Writer>,
    readers: Readers,
}

/// Asks something on a connection for reading; once more on a new one, if it was lost.
macro_rules! reading {
    ($store:ident, $statement:path $(, $argument:expr)*) => {{
        let mut reader = $store.readers.take().await?;
        loop {
            let (mut connection, new) = reader.line.live(&$store.server).await?;
            let asked = $statement(&mut connection $(, $argument)*);
            let result = $crate::postgres::in_time(asked).await;
            reader.line.put(connection, &result);
            if new || !matches!(result, Err(StoreError::Unreachable(_))) {
                break result;
            }
        }
    }};
}
use reading;

/// Does something on the connection for writing, which may end before it has said whether it did.
macro_rules! writing {
    ($store:ident, $statement:path $(, $argument:expr)*) => {{
        let mut writer = $store.writer.lock().await;
        let mut connection = writer.live(&$store.server, &$store.agency).await?;
        let result = in_time($statement(&mut connection $(, $argument)*)).await;
        writer.put(connection, &result);
        result
    }};
}

/// Waits for a server, but not for ever: one behind a broken network says nothing at all.
async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::time::timeout(lines::LONGEST, asked).await {
        Ok(result) => result,
        Err(_) => {
            Err(StoreError::Unreachable(format!("no answer within {} s", lines::LONGEST.as_secs())))
        }
    }
}

impl Postgres {
    /// Opens the database of `agency` at a URL, brings it to the present schema and begins to write
    /// to it.
    ///
    /// # Errors
    /// When it cannot be reached or migrated, does not keep what it acknowledges, is another
    /// agency's, or another node writes to it.
    pub async fn open(
        database: &database::Database,
        agency: &AgencyId,
    ) -> Result<Self, StoreError> {
        let server = Server::of(database)?;
        let mut connection = server.connect().await?;
        server.check(&mut connection).await?;
        lines::lock(&mut connection).await?;
        migrations::postgres().run(&mut connection).await?;
        let epoch = lines::begin(&mut connection, agency).await?;
        Ok(Self {
            server,
            agency: agency.clone(),
            writer: Mutex::new(Writer::begun(connection, epoch)),
            readers: Readers::default(),
        })
    }
}

#[async_trait]
impl LogRecords for Postgres {
    async fn entries(
        &self,
        filter: &EntryFilter,
        start: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        reading!(self, log::entries, filter, start, limit)
    }

    async fn subtrees(&self, wanted: &[Subtree]) -> Result<Vec<Digest>, StoreError> {
        reading!(self, log::subtrees, wanted)
    }

    async fn changes(&self, until: Option<Timestamp>) -> Result<Vec<String>, StoreError> {
        reading!(self, log::changes, until)
    }
}

#[async_trait]
impl Heads for Postgres {
    async fn witnessed(&self, origin: &AgencyId) -> Result<Option<Witnessed>, StoreError> {
        reading!(self, heads::witnessed, origin)
    }

    async fn cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        reading!(self, heads::cosigned, size)
    }
}

#[async_trait]
impl Exchanges for Postgres {
    async fn served(&self, id: QueryId) -> Result<Option<ServedBefore>, StoreError> {
        reading!(self, exchange::served, id)
    }

    async fn asked(&self, id: QueryId) -> Result<Option<AskedBefore>, StoreError> {
        reading!(self, exchange::asked, id)
    }

    async fn unsettled(&self, before: Timestamp) -> Result<Vec<QueryId>, StoreError> {
        reading!(self, exchange::unsettled, before)
    }

    async fn pages(
        &self,
        side: Side,
        id: QueryId,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        reading!(self, exchange::pages, side, id, now)
    }

    async fn outbox(&self, each: u32) -> Result<Vec<Queued>, StoreError> {
        reading!(self, exchange::outbox, each)
    }

    async fn exchanges(
        &self,
        peer: &AgencyId,
        signed: Range<Timestamp>,
        start: u64,
        count: u64,
    ) -> Result<Vec<Exchange>, StoreError> {
        reading!(self, exchanges::among, peer, signed.clone(), start, count)
    }

    async fn exchanges_at(&self, entries: &[u64]) -> Result<Vec<Exchange>, StoreError> {
        reading!(self, exchanges::at, entries)
    }
}

#[async_trait]
impl OwnReads for Postgres {
    async fn known_reads(&self, ids: &[ReadId]) -> Result<Vec<ReadId>, StoreError> {
        reading!(self, reads::known, ids)
    }

    async fn own_read(&self, id: ReadId) -> Result<Option<(Read, u32)>, StoreError> {
        reading!(self, corrections::own_read, id)
    }

    async fn read_versions(&self, id: ReadId) -> Result<Vec<(u32, Read, u64)>, StoreError> {
        reading!(self, corrections::versions, id)
    }

    async fn released(&self, id: ReadId) -> Result<Vec<Release>, StoreError> {
        reading!(self, corrections::released, id)
    }

    async fn search(&self, scope: &dyn Scope) -> Result<Found, StoreError> {
        super::search::search(self, scope).await
    }

    async fn reads_before(&self, cut_off: Timestamp) -> Result<u64, StoreError> {
        reading!(self, retention::reads_before, cut_off)
    }

    async fn read(&self, id: ReadId) -> Result<Option<Read>, StoreError> {
        reading!(self, reads::one, id)
    }

    async fn stats(&self) -> Result<ReadStats, StoreError> {
        reading!(self, reads::stats)
    }
}

#[async_trait]
impl Due for Postgres {
    async fn due_reads(
        &self,
        due: &DueReads,
        after: Option<(Timestamp, ReadId)>,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError> {
        reading!(self, retention::due_reads, due.cut_off(), after, limit)
    }

    async fn ended_pages(
        &self,
        now: Timestamp,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<EndedPages>, StoreError> {
        reading!(self, retention::ended_pages, now, after, limit)
    }
}

#[async_trait]
impl PhotographReferences for Postgres {
    async fn images(&self, after: Option<Digest>, limit: u32) -> Result<Vec<Digest>, StoreError> {
        reading!(self, images::referred, after, limit)
    }

    async fn referenced_images(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        reading!(self, images::of, digests)
    }

    async fn unreferenced_images(&self, limit: u32) -> Result<Vec<Digest>, StoreError> {
        reading!(self, images::unreferenced, limit)
    }
}

#[async_trait]
impl Database for Postgres {
    async fn copy_to(&self, _path: &Path) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn about(&self) -> Result<String, StoreError> {
        let version = reading!(self, reads::version)?;
        Ok(format!("PostgreSQL {version} at {}", self.server.shown()))
    }
}

#[async_trait]
impl LogWriter for Postgres {
    async fn tail(&self, day_start: Timestamp) -> Result<Tail, StoreError> {
        // Through the writer, so that a commit whose result was lost is seen, and nobody else's
        // comes after.
        let mut writer = self.writer.lock().await;
        let mut connection = writer.live(&self.server, &self.agency).await?;
        let result = in_time(log::tail(&mut connection, day_start)).await;
        writer.put(connection, &result);
        if result.is_ok() {
            writer.tail_was_read();
        }
        result
    }

    async fn commit(&self, group: &[Row]) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().await;
        let mut connection = writer.live(&self.server, &self.agency).await?;
        let result = match writer.epoch() {
            Ok(epoch) => in_time(commit::commit(&mut connection, epoch, group)).await,
            Err(error) => {
                writer.put(connection, &Ok::<(), StoreError>(()));
                return Err(error);
            }
        };
        writer.put(connection, &result);
        result
    }
}

#[async_trait]
impl HeadWriter for Postgres {
    async fn witness(
        &self,
        origin: &AgencyId,
        replaces: Option<(u64, Digest)>,
        head: &Witnessed,
    ) -> Result<bool, StoreError> {
        writing!(self, heads::witness, origin, replaces, head)
    }

    async fn keep_cosigned(&self, size: u64, checkpoint: &str) -> Result<(), StoreError> {
        writing!(self, heads::keep, size, checkpoint)
    }
}

#[async_trait]
impl Outbox for Postgres {
    async fn delivered(&self, letters: &[(AgencyId, Digest)]) -> Result<(), StoreError> {
        writing!(self, exchange::delivered, letters)
    }
}

#[async_trait]
impl Destruction for Postgres {
    async fn redact(&self, first: u64, last: u64) -> Result<u64, StoreError> {
        writing!(self, retention::redact, first, last)
    }

    async fn erase_traces(&self) -> Result<(), StoreError> {
        writing!(self, retention::erase_traces)
    }

    async fn forget_released(&self, before: Timestamp) -> Result<u64, StoreError> {
        writing!(self, corrections::forget_released, before)
    }

    async fn forget_images(&self, digests: &[Digest]) -> Result<(), StoreError> {
        writing!(self, images::forget, digests)
    }
}
