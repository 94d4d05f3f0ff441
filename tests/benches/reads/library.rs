//! The SQLite library itself: prepared statements on connections of as many threads as the node has
//! readers, no driver between.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, params};
use store::migrations;
use store::search::terms::Terms;
use tempfile::TempDir;

use crate::drawn::Drawn;
use crate::{BATCH, Took};

/// As many as the node's.
const READERS: usize = 4;

/// The node's statement for an exact plate in a period.
const EXACT: &str = "select read, 0, at, row from reads indexed by reads_by_plate where plate = ?1
    and at >= ?2 and at < ?3 order by at, row limit ?4";

/// The node's own database, read by the library.
pub(crate) struct Library {
    path: PathBuf,
}

fn reader(path: &Path) -> Connection {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a database");
    connection.pragma_update(None, "cache_size", -4_096).expect("a cache");
    connection.pragma_update(None, "mmap_size", 1_073_741_824i64).expect("a map");
    connection
}

fn look(connection: &Connection, (plate, from, until): &(String, i64, i64)) -> usize {
    let mut statement = connection.prepare_cached(EXACT).expect("a statement");
    let rows = statement.query_map(params![plate, from, until, 101], |row| row.get::<_, String>(0));
    rows.expect("rows").map(|text| text.expect("a read").len()).sum()
}

impl Library {
    pub(crate) fn open(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The time of each lookup, one after the other.
    pub(crate) fn alone(&self, asked: &[(String, i64, i64)]) -> Vec<Duration> {
        let connection = reader(&self.path);
        let timed = |one| {
            let started = Instant::now();
            std::hint::black_box(look(&connection, one));
            started.elapsed()
        };
        asked.iter().map(timed).collect()
    }

    /// The time for all lookups on all readers.
    pub(crate) fn together(&self, asked: &[(String, i64, i64)]) -> Duration {
        let next = AtomicUsize::new(0);
        let connections: Vec<_> = (0..READERS).map(|_| reader(&self.path)).collect();
        let started = Instant::now();
        std::thread::scope(|scope| {
            for connection in connections {
                let next = &next;
                scope.spawn(move || {
                    while let Some(one) = asked.get(next.fetch_add(1, Ordering::Relaxed)) {
                        std::hint::black_box(look(&connection, one));
                    }
                });
            }
        });
        started.elapsed()
    }
}

/// Reads inserted by one prepared statement, durable after each batch, into a database with the
/// node's schema and indexes. What a read is found by and its JSON are made on the way, as the node
/// makes them.
pub(crate) fn import(drawn: &Drawn, count: u64) -> Took {
    let dir = TempDir::new().expect("a directory");
    let mut connection = Connection::open(dir.path().join("baseline.db")).expect("a database");
    connection.pragma_update(None, "journal_mode", "wal").expect("a mode");
    connection.pragma_update(None, "synchronous", "full").expect("a mode");
    connection.pragma_update(None, "cache_size", -16_384).expect("a cache");
    connection.pragma_update(None, "secure_delete", "on").expect("a mode");
    connection.pragma_update(None, "wal_autocheckpoint", 4_000).expect("a length");
    for migration in migrations::sqlite().iter() {
        connection.execute_batch(migration.sql.as_str()).expect("the schema");
    }
    let mut time = Duration::ZERO;
    for start in (0..count).step_by(BATCH as usize) {
        let end = (start + BATCH).min(count);
        let reads: Vec<_> = (start..end).map(|n| drawn.read(n)).collect();
        let started = Instant::now();
        let transaction = connection.transaction().expect("a transaction");
        {
            let mut insert = transaction
                .prepare_cached(
                    "insert into reads (id, plate, at, camera, read, entry, tail, state, lat, lon,
                         cell, make, color, body)
                     values (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                )
                .expect("a statement");
            for read in &reads {
                let terms = Terms::of(read);
                let text = serde_json::to_string(read).expect("JSON");
                insert
                    .execute(params![
                        read.id.as_bytes(),
                        read.plate.as_str(),
                        read.at.millis(),
                        read.camera.as_str(),
                        text,
                        terms.tail,
                        terms.state,
                        terms.lat,
                        terms.lon,
                        terms.cell,
                        terms.make,
                        terms.color,
                        terms.body,
                    ])
                    .expect("a row");
            }
        }
        transaction.commit().expect("a durable batch");
        time += started.elapsed();
    }
    Took { time, count }
}
