//! SQLite: the default store, embedded.
//!
//! WAL with `synchronous=FULL`, one writing connection and a few for reading. A group of entries
//! is one statement, because each costs a hop to the driver's thread and back, and one sync. After a crash the
//! database holds exactly the groups whose commit returned, and perhaps the one under way.

mod commit;
mod copy;
mod corrections;
mod exchange;
mod exchanges;
mod heads;
mod images;
mod log;
mod lookups;
mod readers;
mod reads;
mod retention;
mod search;
mod terms;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::merkle::Subtree;
use schemas::query::QueryId;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, SqliteConnection};
use tokio::sync::Mutex;

use super::{
    AskedBefore, Database, Destruction, Due, EndedPages, EntryFilter, Exchanges, Found, HeadWriter,
    Heads, LogRecords, LogWriter, Outbox, OwnReads, PhotographReferences, Queued, ReadStats,
    Release, Row, ServedBefore, Side, StoreError, Tail, Witnessed, migrations,
};
use agreements::decide::{DueReads, Scope};
use readers::Readers;
use schemas::entry::StoredEntry;
use schemas::exchange::Exchange;

/// Pages of the write-ahead log after which it is written back into the database.
const WAL_PAGES: u32 = 4_000;
/// The same in bytes.
const WAL_BYTES: u64 = 4_000 * 4_096;
/// Cache of the writer, in KiB below zero. When a page of an index splits, SQLite goes through its
/// whole cache at the commit: one of 64 MiB made appends longer by 0.3 ms.
const WRITER_CACHE: &str = "-16384";
/// Connections for reading.
const READERS: usize = 4;

/// A SQLite database in the home.
#[derive(Debug)]
pub struct Sqlite {
    writer: Mutex<SqliteConnection>,
    readers: Readers,
    /// How connections for reading are opened.
    reading: SqliteConnectOptions,
    lookups: lookups::Lookups,
}

impl Sqlite {
    /// Opens the database at `path`, making it if it is not there, and brings it to the present
    /// schema.
    ///
    /// # Errors
    /// When it cannot be opened or migrated.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        use sqlx::Connection as _;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(false)
            .busy_timeout(Duration::from_secs(5))
            .pragma("cache_size", WRITER_CACHE)
            // What is destroyed is written over.
            .pragma("secure_delete", "on")
            // Fewer, larger checkpoints: each one syncs the database once more.
            .pragma("wal_autocheckpoint", WAL_PAGES.to_string())
            .statement_cache_capacity(256);
        let mut writer = SqliteConnection::connect_with(&options).await?;
        migrations::sqlite().run(&mut writer).await?;
        terms::fill(&mut writer).await?;
        lengthen_wal(&mut writer, path).await?;
        let options = options
            .read_only(true)
            .create_if_missing(false)
            // A reader empties its own cache whenever the writer has committed: a small one, over
            // pages mapped from the file.
            .pragma("cache_size", "-4096")
            .pragma("mmap_size", "1073741824");
        let readers = Readers::open(&options, READERS).await?;
        let (writer, lookups) = (Mutex::new(writer), lookups::Lookups::default());
        Ok(Self { writer, readers, reading: options, lookups })
    }
}

/// Makes the write-ahead log as long as it gets between checkpoints. To sync what is written over
/// takes half the time of what makes a file longer, for then the file system changes nothing but
/// the content.
///
/// A transaction too large for its cache overflows into the log, and what is rolled back there is
/// void: it is written over from its beginning.
async fn lengthen_wal(writer: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let length = tokio::fs::metadata(wal).await.map_or(0, |file| file.len());
    if length < WAL_BYTES { fill_wal(writer).await } else { Ok(()) }
}

/// Writes over the write-ahead log from where it is written next, in its whole length.
async fn fill_wal(writer: &mut SqliteConnection) -> Result<(), StoreError> {
    let begin = "pragma cache_size = 16; begin immediate; create table ballast (bytes blob)";
    let filled = match sqlx::raw_sql(begin).execute(&mut *writer).await {
        Ok(_) => {
            sqlx::query("insert into ballast values (zeroblob(?1))")
                .bind(i64::try_from(WAL_BYTES).unwrap_or(i64::MAX))
                .execute(&mut *writer)
                .await
        }
        failed => failed,
    };
    // What failed has perhaps been rolled back already.
    drop(sqlx::raw_sql("rollback").execute(&mut *writer).await);
    sqlx::raw_sql(AssertSqlSafe(format!("pragma cache_size = {WRITER_CACHE}")))
        .execute(writer)
        .await?;
    if let Err(error) = filled {
        tracing::warn!(%error, "the write-ahead log could not be made long; appends take longer");
    }
    Ok(())
}

#[async_trait]
impl LogRecords for Sqlite {
    async fn entries(
        &self,
        filter: &EntryFilter,
        start: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        log::entries(&mut *self.readers.take().await?, filter, start, limit).await
    }

    async fn subtrees(&self, wanted: &[Subtree]) -> Result<Vec<Digest>, StoreError> {
        log::subtrees(&mut *self.readers.take().await?, wanted).await
    }

    async fn changes(&self, until: Option<Timestamp>) -> Result<Vec<String>, StoreError> {
        log::changes(&mut *self.readers.take().await?, until).await
    }
}

#[async_trait]
impl Heads for Sqlite {
    async fn witnessed(&self, origin: &AgencyId) -> Result<Option<Witnessed>, StoreError> {
        heads::witnessed(&mut *self.readers.take().await?, origin).await
    }

    async fn cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        heads::cosigned(&mut *self.readers.take().await?, size).await
    }
}

#[async_trait]
impl Exchanges for Sqlite {
    async fn served(&self, id: QueryId) -> Result<Option<ServedBefore>, StoreError> {
        exchange::served(&mut *self.readers.take().await?, id).await
    }

    async fn asked(&self, id: QueryId) -> Result<Option<AskedBefore>, StoreError> {
        exchange::asked(&mut *self.readers.take().await?, id).await
    }

    async fn unsettled(&self, before: Timestamp) -> Result<Vec<QueryId>, StoreError> {
        exchange::unsettled(&mut *self.readers.take().await?, before).await
    }

    async fn pages(
        &self,
        side: Side,
        id: QueryId,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        exchange::pages(&mut *self.readers.take().await?, side, id, now).await
    }

    async fn outbox(&self, each: u32) -> Result<Vec<Queued>, StoreError> {
        exchange::outbox(&mut *self.readers.take().await?, each).await
    }

    async fn exchanges(
        &self,
        peer: &AgencyId,
        signed: Range<Timestamp>,
        start: u64,
        count: u64,
    ) -> Result<Vec<Exchange>, StoreError> {
        exchanges::among(&mut *self.readers.take().await?, peer, signed, start, count).await
    }

    async fn exchanges_at(&self, entries: &[u64]) -> Result<Vec<Exchange>, StoreError> {
        exchanges::at(&mut *self.readers.take().await?, entries).await
    }
}

#[async_trait]
impl OwnReads for Sqlite {
    async fn known_reads(&self, ids: &[ReadId]) -> Result<Vec<ReadId>, StoreError> {
        reads::known(&mut *self.readers.take().await?, ids).await
    }

    async fn own_read(&self, id: ReadId) -> Result<Option<(Read, u32)>, StoreError> {
        corrections::own_read(&mut *self.readers.take().await?, id).await
    }

    async fn read_versions(&self, id: ReadId) -> Result<Vec<(u32, Read, u64)>, StoreError> {
        corrections::versions(&mut *self.readers.take().await?, id).await
    }

    async fn released(&self, id: ReadId) -> Result<Vec<Release>, StoreError> {
        corrections::released(&mut *self.readers.take().await?, id).await
    }

    async fn search(&self, scope: &dyn Scope) -> Result<Found, StoreError> {
        super::search::search(self, scope).await
    }

    async fn reads_before(&self, cut_off: Timestamp) -> Result<u64, StoreError> {
        retention::reads_before(&mut *self.readers.take().await?, cut_off).await
    }

    async fn read(&self, id: ReadId) -> Result<Option<Read>, StoreError> {
        reads::one(&mut *self.readers.take().await?, id).await
    }

    async fn stats(&self) -> Result<ReadStats, StoreError> {
        reads::stats(&mut *self.readers.take().await?).await
    }
}

#[async_trait]
impl Due for Sqlite {
    async fn due_reads(
        &self,
        due: &DueReads,
        after: Option<(Timestamp, ReadId)>,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError> {
        retention::due_reads(&mut *self.readers.take().await?, due.cut_off(), after, limit).await
    }

    async fn ended_pages(
        &self,
        now: Timestamp,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<EndedPages>, StoreError> {
        retention::ended_pages(&mut *self.readers.take().await?, now, after, limit).await
    }
}

#[async_trait]
impl PhotographReferences for Sqlite {
    async fn images(&self, after: Option<Digest>, limit: u32) -> Result<Vec<Digest>, StoreError> {
        images::referred(&mut *self.readers.take().await?, after, limit).await
    }

    async fn referenced_images(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        images::of(&mut *self.readers.take().await?, digests).await
    }

    async fn unreferenced_images(&self, limit: u32) -> Result<Vec<Digest>, StoreError> {
        images::unreferenced(&mut *self.readers.take().await?, limit).await
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn copy_to(&self, path: &Path) -> Result<bool, StoreError> {
        copy::copy(&self.reading, path).await
    }

    async fn about(&self) -> Result<String, StoreError> {
        reads::about(&mut *self.readers.take().await?).await
    }
}

#[async_trait]
impl LogWriter for Sqlite {
    async fn tail(&self, day_start: Timestamp) -> Result<Tail, StoreError> {
        // Through the writer, so that a commit whose result was lost is seen.
        log::tail(&mut *self.writer.lock().await, day_start).await
    }

    async fn commit(&self, group: &[Row]) -> Result<(), StoreError> {
        commit::commit(&mut *self.writer.lock().await, group).await
    }
}

#[async_trait]
impl HeadWriter for Sqlite {
    async fn witness(
        &self,
        origin: &AgencyId,
        replaces: Option<(u64, Digest)>,
        head: &Witnessed,
    ) -> Result<bool, StoreError> {
        heads::witness(&mut *self.writer.lock().await, origin, replaces, head).await
    }

    async fn keep_cosigned(&self, size: u64, checkpoint: &str) -> Result<(), StoreError> {
        heads::keep(&mut *self.writer.lock().await, size, checkpoint).await
    }
}

#[async_trait]
impl Outbox for Sqlite {
    async fn delivered(&self, letters: &[(AgencyId, Digest)]) -> Result<(), StoreError> {
        exchange::delivered(&mut *self.writer.lock().await, letters).await
    }
}

#[async_trait]
impl Destruction for Sqlite {
    async fn redact(&self, first: u64, last: u64) -> Result<u64, StoreError> {
        retention::redact(&mut *self.writer.lock().await, first, last).await
    }

    async fn erase_traces(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().await;
        retention::write_back(&mut writer).await?;
        fill_wal(&mut writer).await
    }

    async fn forget_released(&self, before: Timestamp) -> Result<u64, StoreError> {
        corrections::forget_released(&mut *self.writer.lock().await, before).await
    }

    async fn forget_images(&self, digests: &[Digest]) -> Result<(), StoreError> {
        images::forget(&mut *self.writer.lock().await, digests).await
    }
}
