//! What was written to a SQLite database: pages of its write-ahead log and commits, as SQLite itself
//! counts them in the index beside that log, and rows by table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

/// The head of the index of a write-ahead log: <https://sqlite.org/walformat.html>, 2.1.
const HEAD: usize = 48;

/// A database as it stands at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stand {
    /// Commits so far; each is one sync of the log.
    commits: u32,
    /// Pages in the log so far.
    frames: u32,
    /// Pages of the database.
    pages: u32,
    /// Changes whenever the log is written from its beginning again.
    salt: [u8; 8],
    rows: BTreeMap<String, i64>,
}

/// What was written between two times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) commits: u32,
    pub(super) frames: u32,
    /// By how many pages the database grew.
    pub(super) grown: u32,
    /// Rows more, or fewer, by table.
    pub(super) rows: BTreeMap<String, i64>,
}

/// The database of an agency, read beside its node.
pub(super) struct Database {
    path: PathBuf,
    reader: SqliteConnection,
}

impl Database {
    pub(super) async fn of(home: &Path) -> Self {
        let path = home.join("accord.db");
        let options = SqliteConnectOptions::new().filename(&path);
        let reader = SqliteConnection::connect_with(&options).await.expect("a database");
        Self { path, reader }
    }

    /// Has what stands in the log written back, so that it is written from its beginning with the
    /// next commit and not in the middle of what is counted.
    pub(super) async fn write_back(&mut self) {
        let pragma = "pragma wal_checkpoint(passive)";
        sqlx::query(pragma).execute(&mut self.reader).await.expect("a checkpoint");
    }

    /// Letters that wait for their acknowledgement.
    pub(super) async fn outbox(&mut self) -> i64 {
        let count = sqlx::query_scalar("select count(*) from outbox");
        count.fetch_one(&mut self.reader).await.expect("a count")
    }

    pub(super) async fn stand(&mut self) -> Stand {
        let tables: Vec<String> =
            sqlx::query_scalar("select name from sqlite_schema where type = 'table' order by name")
                .fetch_all(&mut self.reader)
                .await
                .expect("tables");
        let mut rows = BTreeMap::new();
        for table in tables {
            let count = AssertSqlSafe(format!("select count(*) from {table}"));
            let count = sqlx::query_scalar(count).fetch_one(&mut self.reader).await;
            rows.insert(table, count.expect("a count"));
        }
        let mut index = self.path.clone().into_os_string();
        index.push("-shm");
        let mut head = [0; HEAD];
        File::open(index).and_then(|mut file| file.read_exact(&mut head)).expect("an index");
        let number = |at: usize| u32::from_ne_bytes(head[at..at + 4].try_into().expect("4 bytes"));
        let salt = head[32..40].try_into().expect("8 bytes");
        Stand { commits: number(8), frames: number(16), pages: number(20), salt, rows }
    }
}

impl Stand {
    /// What was written since `before`.
    pub(super) fn since(&self, before: &Self) -> Written {
        assert_eq!(self.salt, before.salt, "the log began anew meanwhile");
        let rows = self.rows.iter().map(|(table, n)| {
            (table.clone(), n - before.rows.get(table).copied().unwrap_or_default())
        });
        Written {
            commits: self.commits.wrapping_sub(before.commits),
            frames: self.frames - before.frames,
            grown: self.pages - before.pages,
            rows: rows.filter(|(_, n)| *n != 0).collect(),
        }
    }
}
