//! SQLite: the default store, embedded.
//!
//! WAL with `synchronous=FULL`, one writing connection and a few for reading. A group of entries
//! is one statement, because each costs a hop to the driver's thread and back, and one sync. After a crash the
//! database holds exactly the groups whose commit returned, and perhaps the one under way.

mod commit;
mod exchange;
mod log;
mod reads;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::query::QueryId;
use schemas::read::ReadId;
use schemas::time::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use super::{
    AskedBefore, EntryFilter, Found, Queued, ReadStats, Row, ServedBefore, Side, Store, StoreError,
    StoredEntry, Tail,
};
use agreements::decide::Scope;

/// Connections for reading.
const READERS: u32 = 4;

/// A SQLite database in the home.
#[derive(Debug)]
pub struct Sqlite {
    writer: Mutex<SqliteConnection>,
    readers: SqlitePool,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.to_string())
    }
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
            .pragma("cache_size", "-65536")
            // Fewer, larger checkpoints: each one syncs the database once more.
            .pragma("wal_autocheckpoint", "8000")
            .statement_cache_capacity(256);
        let mut writer = SqliteConnection::connect_with(&options).await?;
        sqlx::migrate!("migrations/sqlite")
            .run(&mut writer)
            .await
            .map_err(|e| StoreError::Database(e.to_string()))?;
        let readers = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(READERS)
            .connect_with(
                options
                    .read_only(true)
                    .create_if_missing(false)
                    // A reader empties its own cache whenever the writer has committed: a small one,
                    // over pages mapped from the file.
                    .pragma("cache_size", "-4096")
                    .pragma("mmap_size", "1073741824"),
            )
            .await?;
        Ok(Self { writer: Mutex::new(writer), readers })
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn tail(&self, day_start: Timestamp) -> Result<Tail, StoreError> {
        // Through the writer, so that a commit whose result was lost is seen.
        log::tail(&mut *self.writer.lock().await, day_start).await
    }

    async fn commit(&self, group: &[Row]) -> Result<(), StoreError> {
        commit::commit(&mut *self.writer.lock().await, group).await
    }

    async fn entries(
        &self,
        filter: &EntryFilter,
        start: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        log::entries(&self.readers, filter, start, limit).await
    }

    async fn changes(&self, until: Option<Timestamp>) -> Result<Vec<String>, StoreError> {
        log::changes(&self.readers, until).await
    }

    async fn served(&self, id: QueryId) -> Result<Option<ServedBefore>, StoreError> {
        exchange::served(&self.readers, id).await
    }

    async fn asked(&self, id: QueryId) -> Result<Option<AskedBefore>, StoreError> {
        exchange::asked(&self.readers, id).await
    }

    async fn unsettled(&self, before: Timestamp) -> Result<Vec<QueryId>, StoreError> {
        exchange::unsettled(&self.readers, before).await
    }

    async fn pages(&self, side: Side, id: QueryId) -> Result<Vec<Vec<u8>>, StoreError> {
        exchange::pages(&self.readers, side, id).await
    }

    async fn drop_pages(&self, now: Timestamp) -> Result<u64, StoreError> {
        exchange::drop_pages(&mut *self.writer.lock().await, now).await
    }

    async fn outbox(&self, each: u32) -> Result<Vec<Queued>, StoreError> {
        exchange::outbox(&self.readers, each).await
    }

    async fn delivered(&self, letters: &[(AgencyId, Digest)]) -> Result<(), StoreError> {
        exchange::delivered(&mut *self.writer.lock().await, letters).await
    }

    async fn known_reads(&self, ids: &[ReadId]) -> Result<Vec<ReadId>, StoreError> {
        reads::known(&self.readers, ids).await
    }

    async fn search(&self, scope: &Scope) -> Result<Found, StoreError> {
        reads::search(&self.readers, scope).await
    }

    async fn stats(&self) -> Result<ReadStats, StoreError> {
        reads::stats(&self.readers).await
    }
}
