//! Connecting: to which server, how protected, and whether it keeps what it acknowledges.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _};

use super::super::StoreError;
use host::database::Database;

/// How long a server has to take a connection.
const CONNECTING: Duration = Duration::from_secs(10);
/// The oldest server whose statements these are.
const OLDEST: i32 = 130_000;

/// A server, and the database there.
#[derive(Clone)]
pub(super) struct Server {
    options: PgConnectOptions,
    shown: String,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Whether what is said to a host leaves this machine.
fn is_remote(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let here = |host: &str| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    };
    options.get_socket().is_none() && !host.starts_with('/') && !here(host)
}

impl Server {
    /// What a URL names. A password that it does not hold comes from `PGPASSWORD` or the file that
    /// `PGPASSFILE` names, as for PostgreSQL's own tools.
    ///
    /// # Errors
    /// When the URL cannot be read, or asks for a connection over a network whose other end is not
    /// verified.
    pub(super) fn of(database: &Database) -> Result<Self, StoreError> {
        let wrong = |why: String| StoreError::Database(format!("`{database}`: {why}"));
        let options: PgConnectOptions =
            database.expose().parse().map_err(|e: sqlx::Error| wrong(e.to_string()))?;
        let said = database.expose().contains("sslmode=");
        let options = match options.get_ssl_mode() {
            _ if !is_remote(&options) => options,
            PgSslMode::VerifyFull | PgSslMode::VerifyCa => options,
            _ if !said => options.ssl_mode(PgSslMode::VerifyFull),
            _ => {
                return Err(wrong(
                    "over a network the server's certificate must be verified; write sslmode=verify-full, and sslrootcert=FILE where your own authority signed it".into(),
                ));
            }
        };
        let options = options
            .application_name("accord")
            .statement_cache_capacity(256)
            .disable_statement_logging();
        Ok(Self { options, shown: database.to_string() })
    }

    /// A connection.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn connect(&self) -> Result<PgConnection, StoreError> {
        let unreachable = |why: String| {
            StoreError::Unreachable(format!(
                "`{}`: {why}; see that the server runs and lets this role in, then try again",
                self.shown
            ))
        };
        let connecting = PgConnection::connect_with(&self.options);
        match tokio::time::timeout(CONNECTING, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(unreachable(match &error {
                sqlx::Error::Database(said) => said.message().to_owned(),
                _ => error.to_string(),
            })),
            Err(_) => Err(unreachable(format!("no connection within {} s", CONNECTING.as_secs()))),
        }
    }

    /// Sees that the server keeps what it acknowledges and holds texts as they are.
    ///
    /// # Errors
    /// When it does not.
    pub(super) async fn check(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let (version, fsync, full_pages, encoding): (i32, String, String, String) = sqlx::query_as(
            "select current_setting('server_version_num')::int, current_setting('fsync'),
                        current_setting('full_page_writes'),
                        (select pg_encoding_to_char(encoding) from pg_database
                         where datname = current_database())",
        )
        .fetch_one(&mut *connection)
        .await?;
        let wrong = |why: &str| Err(StoreError::Database(format!("`{}`: {why}", self.shown)));
        if version < OLDEST {
            return wrong("the server is older than PostgreSQL 13; use a later one");
        }
        if fsync != "on" || full_pages != "on" {
            return wrong(
                "the server runs with fsync or full_page_writes off and would lose what it acknowledged; turn them on",
            );
        }
        if encoding != "UTF8" {
            return wrong("the database is not encoded in UTF8; make it with `createdb -E UTF8`");
        }
        // An acknowledged commit is on disk. Whoever also waits for a standby keeps doing so.
        sqlx::query(
            "select set_config('synchronous_commit', 'on', false)
             where current_setting('synchronous_commit') = 'off'",
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// The URL, without a password.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }
}
