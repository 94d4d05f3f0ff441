//! A database that a log is about to be moved to.

use schemas::agency::AgencyId;
use sqlx::postgres::PgConnection;

use super::super::{StoreError, migrations};
use super::connect::Server;
use super::lines::{claim, lock};
use host::database::Database;

/// A connection that holds the writer's lock of a database in the present schema, which is `moving`
/// from here on: no node runs on it before it is whole.
///
/// # Errors
/// When it cannot be reached, does not keep what it acknowledges, is another agency's, or holds
/// more than a copy that was cut short.
pub(crate) async fn open(
    database: &Database,
    agency: &AgencyId,
) -> Result<PgConnection, StoreError> {
    let server = Server::of(database)?;
    let mut connection = server.connect().await?;
    server.check(&mut connection).await?;
    lock(&mut connection).await?;
    migrations::postgres().run(&mut connection).await?;
    let state = claim(&mut connection, agency).await?;
    let entries: bool = sqlx::query_scalar("select exists (select from entries)")
        .fetch_one(&mut connection)
        .await?;
    if entries && !matches!(state.as_str(), "moving" | "copied") {
        return Err(StoreError::Database(format!(
            "`{}` holds a log already, on which a node has run; name an empty database",
            server.shown()
        )));
    }
    sqlx::query("update node set agency = $1, state = 'moving'")
        .bind(agency.as_str())
        .execute(&mut connection)
        .await?;
    Ok(connection)
}
