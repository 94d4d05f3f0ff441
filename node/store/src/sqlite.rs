//! SQLite: the default store, embedded.
//!
//! WAL with `synchronous=FULL`, one writing connection and a few for reading. A group of entries
//! is one statement, because each costs a hop to the driver's thread and back, and one sync. After a crash the
//! database holds exactly the groups whose commit returned, and perhaps the one under way.

mod commit;
mod copy;
mod corrections;
mod debts;
mod exchange;
mod exchanges;
mod heads;
mod images;
mod log;
mod lookups;
mod mentions;
mod readers;
mod reads;
mod retention;
mod search;
mod sign_in;
mod terms;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, SqliteConnection};
use tokio::sync::Mutex;

use super::{StoreError, migrations};
use readers::Readers;

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
