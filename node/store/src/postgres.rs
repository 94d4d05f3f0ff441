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
mod debts;
mod exchange;
mod exchanges;
pub(super) mod filling;
mod heads;
mod images;
mod lines;
mod log;
mod mentions;
mod reads;
mod retention;
mod search;
mod sign_in;
#[cfg(test)]
mod tests;

use schemas::agency::AgencyId;
use tokio::sync::Mutex;

use super::{StoreError, migrations};
use connect::Server;
use host::database;
use lines::{Readers, Writer};

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
        let result = $crate::postgres::in_time($statement(&mut connection $(, $argument)*)).await;
        writer.put(connection, &result);
        result
    }};
}
use writing;

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
