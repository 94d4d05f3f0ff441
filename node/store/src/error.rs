//! Why a store could not do it.

/// Why the store could not do it. The cause goes to the operational log where it is handled.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what it was asked to.
    #[error("database: {0}")]
    Database(String),
    /// The database cannot be reached, or was lost while it was asked.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// What stands in the database is not what was written there.
    #[error("database holds what this node never writes: {0}")]
    Corrupt(String),
}

/// Classes of SQLSTATE that tell of a connection, not of a statement: connection exceptions, and the
/// server's word that it goes or is not there yet (`57P01` to `57P03`).
fn of_connection(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03")
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
                Self::Unreachable(error.to_string())
            }
            sqlx::Error::Database(said) if said.code().is_some_and(|code| of_connection(&code)) => {
                Self::Unreachable(said.message().to_owned())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            error => Self::Database(error.to_string()),
        }
    }
}
