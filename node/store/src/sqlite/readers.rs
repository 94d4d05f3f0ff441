//! Connections for reading, one to a caller at a time.
//!
//! Each has a thread of its own in the driver, and every word to it is a hop there and back. The
//! driver's pool asks a connection whether it lives whenever it hands it out or takes it back,
//! which costs as much as a lookup; these are in this process and live as long as it does. A caller
//! that gives up in the middle leaves a usable connection: the driver ends the statement when
//! nobody takes its rows.

use std::ops::{Deref, DerefMut};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};

use super::super::StoreError;

#[derive(Debug)]
pub(super) struct Readers {
    connections: Vec<Mutex<SqliteConnection>>,
    places: Semaphore,
}

/// A connection in the hands of one caller.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    // Given back before the place, so that whoever has a place finds a connection.
    connection: MutexGuard<'a, SqliteConnection>,
    _place: SemaphorePermit<'a>,
}

impl Readers {
    pub(super) async fn open(
        options: &SqliteConnectOptions,
        count: usize,
    ) -> Result<Self, StoreError> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Mutex::new(SqliteConnection::connect_with(options).await?));
        }
        Ok(Self { connections, places: Semaphore::new(count) })
    }

    /// A connection, as soon as one is free; the first that is, since its caches are the warmest.
    pub(super) async fn take(&self) -> Result<Reader<'_>, StoreError> {
        let none = || StoreError::Database("no connection for reading".into());
        let place = self.places.acquire().await.map_err(|_| none())?;
        let free = self.connections.iter().find_map(|connection| connection.try_lock().ok());
        Ok(Reader { connection: free.ok_or_else(none)?, _place: place })
    }
}

impl Deref for Reader<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}
