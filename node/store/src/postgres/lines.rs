//! Connections that outlive the server's: one for writing, a few for reading.
//!
//! A caller takes the connection out and puts it back when the server has answered. What is lost in
//! between, because the server went or the caller gave up in the middle, is made anew for the next.
//! A read that finds its connection lost is made again on a new one; a write is not, since it may
//! have been done unseen.
//!
//! INVARIANT: the connection for writing holds the writer's lock, and whoever got it has read the
//! epoch that appends compare.

use std::time::Duration;

use schemas::agency::AgencyId;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::super::StoreError;
use super::connect::Server;

/// Connections for reading.
const READERS: usize = 8;
/// After this time without use a connection for writing is asked whether it lives.
const SURE: Duration = Duration::from_millis(200);
/// How long the lock of a writer that has gone may still be held: the server notices a broken
/// connection at once, and one behind a broken network when it next says something.
const LINGERS: Duration = Duration::from_secs(5);
/// How often the lock is tried in that time.
const TRY: Duration = Duration::from_millis(100);
/// How long a statement may take before its connection is given up.
pub(super) const LONGEST: Duration = Duration::from_secs(300);

/// A place for a connection.
#[derive(Default)]
pub(super) struct Line {
    connection: Option<PgConnection>,
}

impl Line {
    /// The connection, and whether it was made now.
    pub(super) async fn live(
        &mut self,
        server: &Server,
    ) -> Result<(PgConnection, bool), StoreError> {
        match self.connection.take() {
            Some(connection) => Ok((connection, false)),
            None => Ok((server.connect().await?, true)),
        }
    }

    /// Keeps a connection for the next, unless it was lost.
    pub(super) fn put<T>(&mut self, connection: PgConnection, result: &Result<T, StoreError>) {
        if !matches!(result, Err(StoreError::Unreachable(_))) {
            self.connection = Some(connection);
        }
    }
}

/// Lines for reading, one to a caller at a time.
pub(super) struct Readers {
    lines: Vec<Mutex<Line>>,
    places: Semaphore,
}

/// A line in the hands of one caller.
pub(super) struct Reader<'a> {
    // Given back before the place, so that whoever has a place finds a line.
    pub(super) line: MutexGuard<'a, Line>,
    _place: SemaphorePermit<'a>,
}

impl Default for Readers {
    fn default() -> Self {
        Self {
            lines: (0..READERS).map(|_| Mutex::default()).collect(),
            places: Semaphore::new(READERS),
        }
    }
}

impl Readers {
    /// A line, as soon as one is free; the first that is, since it is most likely connected.
    pub(super) async fn take(&self) -> Result<Reader<'_>, StoreError> {
        let none = || StoreError::Database("no connection for reading".into());
        let place = self.places.acquire().await.map_err(|_| none())?;
        let free = self.lines.iter().find_map(|line| line.try_lock().ok());
        Ok(Reader { line: free.ok_or_else(none)?, _place: place })
    }
}

/// The line for writing, and what the writer holds.
pub(super) struct Writer {
    line: Line,
    used: Instant,
    epoch: i64,
    /// Whether the log's end was read since the lock was taken: only then is it known that nobody
    /// else has written in between.
    tail_read: bool,
}

impl Writer {
    /// Begins to write on a connection that holds the writer's lock.
    pub(super) fn begun(connection: PgConnection, epoch: i64) -> Self {
        let line = Line { connection: Some(connection) };
        Self { line, used: Instant::now(), epoch, tail_read: false }
    }

    /// The epoch that an append compares.
    ///
    /// # Errors
    /// When the lock was lost since the log's end was read last.
    pub(super) fn epoch(&self) -> Result<i64, StoreError> {
        if self.tail_read {
            Ok(self.epoch)
        } else {
            Err(StoreError::Unreachable(
                "the connection for writing was lost; the log's end is read again first".into(),
            ))
        }
    }

    /// The log's end was read under the lock.
    pub(super) fn tail_was_read(&mut self) {
        self.tail_read = true;
    }

    /// The connection that holds the lock. One that was lost is made anew, and takes the lock, if no
    /// other node has.
    pub(super) async fn live(
        &mut self,
        server: &Server,
        agency: &AgencyId,
    ) -> Result<PgConnection, StoreError> {
        if let Some(mut connection) = self.line.connection.take() {
            let sure = self.used.elapsed() < SURE;
            if sure
                || tokio::time::timeout(LONGEST, connection.ping()).await.is_ok_and(|p| p.is_ok())
            {
                return Ok(connection);
            }
        }
        self.tail_read = false;
        let mut connection = server.connect().await?;
        server.check(&mut connection).await?;
        lock(&mut connection).await?;
        self.epoch = begin(&mut connection, agency).await?;
        tracing::info!(epoch = self.epoch, "the connection for writing is back");
        Ok(connection)
    }

    /// Keeps the connection, unless it was lost.
    pub(super) fn put<T>(&mut self, connection: PgConnection, result: &Result<T, StoreError>) {
        self.used = Instant::now();
        self.line.put(connection, result);
        self.tail_read &= self.line.connection.is_some();
    }
}

/// Takes the writer's lock for as long as this connection lives.
///
/// # Errors
/// When another node holds it.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<(), StoreError> {
    let until = Instant::now() + LINGERS;
    loop {
        let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(WRITER_LOCK)
            .fetch_one(&mut *connection)
            .await?;
        if taken {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(StoreError::Database(
                "another node writes to this database; stop that one first".into(),
            ));
        }
        tokio::time::sleep(TRY).await;
    }
}

/// The advisory lock that the one writer holds; the schema's `writer_lock()` is the same.
const WRITER_LOCK: i64 = 71_895_125_815_908;

/// The state of a database that is this agency's, or nobody's.
///
/// # Errors
/// When it is another agency's.
pub(super) async fn claim(
    connection: &mut PgConnection,
    agency: &AgencyId,
) -> Result<String, StoreError> {
    let (whose, state): (Option<String>, String) =
        sqlx::query_as("select agency, state from node").fetch_one(connection).await?;
    match whose.filter(|whose| whose != agency.as_str()) {
        None => Ok(state),
        Some(whose) => Err(StoreError::Database(format!(
            "the database is that of `{whose}`, not of `{agency}`; name another one"
        ))),
    }
}

/// Begins a new epoch; its number.
///
/// # Errors
/// When the database is another agency's, or half copied.
pub(super) async fn begin(
    connection: &mut PgConnection,
    agency: &AgencyId,
) -> Result<i64, StoreError> {
    let state = claim(connection, agency).await?;
    if state == "moving" {
        return Err(StoreError::Database(
            "a log was being copied into the database and is not whole; run `accord store move` again"
                .into(),
        ));
    }
    Ok(sqlx::query_scalar(
        "update node set epoch = epoch + 1, agency = $1, state = 'live' returning epoch",
    )
    .bind(agency.as_str())
    .fetch_one(connection)
    .await?)
}
