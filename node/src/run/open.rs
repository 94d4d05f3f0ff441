//! Opening a home: its store, and what acts of its node work with.

use std::sync::Arc;

use schemas::checkpoint::origin;

use crate::backup::create::RestoringError;
use crate::config::Config;
use crate::context::{NodeContext, OwnKeys};
use crate::permission::OwnAgency;
use audit_log::anchor::AnchorError;
use audit_log::append::AuditLog;
use audit_log::clock::Clock;
use audit_log::registry::RegistryError;
use host::home::{Home, HomeError};
use peer::PeerError;
use store::photographs::{ImageStoreError, Images};
use store::postgres::Postgres;
use store::sqlite::Sqlite;
use store::{Store, StoreError};

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The home is not as it must be.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The photographs cannot be reached.
    #[error(transparent)]
    Images(#[from] ImageStoreError),
    /// The registry cannot be told.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The network cannot be used.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The database was put back, or cut short.
    #[error(
        "the log has {size} entries, but its anchor is a signed head of {anchor} that it does not lead to: the database was put back or cut short. Put the right one in its place; if it is lost, `accord run --after-loss REASON` goes on and records that"
    )]
    RolledBack {
        /// Entries that the anchor speaks of.
        anchor: u64,
        /// Entries in the database.
        size: u64,
    },
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] audit_log::append::AppendError),
}

impl From<AnchorError> for StartError {
    fn from(error: AnchorError) -> Self {
        match error {
            AnchorError::Home(error) => Self::Home(error),
            AnchorError::Store(error) => Self::Store(error),
            AnchorError::RolledBack { anchor, size } => Self::RolledBack { anchor, size },
        }
    }
}

impl From<RestoringError> for StartError {
    fn from(error: RestoringError) -> Self {
        match error {
            RestoringError::Home(error) => Self::Home(error),
            RestoringError::Log(error) => Self::Log(error),
        }
    }
}

/// The store of a home.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_store(home: &Home, config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    if let Some(database) = &config.database {
        return Ok(Arc::new(Postgres::open(database, &config.agency).await?));
    }
    home.keep_database_private().map_err(|e| StoreError::Database(e.to_string()))?;
    Ok(Arc::new(Sqlite::open(&home.database()).await?))
}

/// What acts work with, without a network: for `init`.
///
/// # Errors
/// When keys, store or registry are not as they must be.
pub async fn open_context(
    home: &Home,
    config: &Config,
    clock: Clock,
) -> Result<NodeContext, StartError> {
    open_context_on(home, config, clock, open_store(home, config).await?).await
}

/// What acts work with, on a store that is open.
///
/// # Errors
/// As [`open_context`].
pub async fn open_context_on(
    home: &Home,
    config: &Config,
    clock: Clock,
    store: Arc<dyn Store>,
) -> Result<NodeContext, StartError> {
    let keys = OwnKeys::load(home)?;
    let (name, signing) = (origin(&config.agency), keys.log.all());
    let log = AuditLog::start(store.clone(), clock.clone(), name, signing).await?;
    let registry = log.registry().clone();
    let agency = OwnAgency { id: config.agency.clone(), clock, registry, log };
    Ok(NodeContext {
        agency,
        keys,
        store,
        photographs: Images::open(home, config.photographs.as_ref())?,
        bounds: config.exchange,
        observed: Arc::default(),
    })
}
