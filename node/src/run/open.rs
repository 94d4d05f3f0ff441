//! Opening a home: its store, and what acts of its node work with.

use std::sync::Arc;

use schemas::checkpoint::origin;

use crate::backup::create::RestoringError;
use crate::config::Config;
use crate::context::{NodeContext, OwnKeys};
use crate::permission::{ActError, OwnAgency};
use crate::sign_in::SignInError;
use audit_log::anchor::AnchorError;
use audit_log::append::{AuditLog, OpenError};
use audit_log::clock::Clock;
use audit_log::clock_guard::ClockMark;
use audit_log::database_head::{Edited, HeadError};
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
    /// The database holds another thing than this node wrote.
    #[error(transparent)]
    Edited(#[from] Edited),
    /// The keys are not those that the database was signed with.
    #[error("{0}")]
    OtherKey(String),
    /// The database is a copy of an earlier time.
    #[error(
        "the log has {size} entries, as its own signed head says, but the anchor in the home is a signed head of {anchor}: the database was put back or cut short to what it was at an earlier time. A crash does not do that, nor does `accord restore`, which sets the anchor. Put the right one in its place; if it is lost, `accord run --after-loss REASON` goes on and records that"
    )]
    RolledBack {
        /// Entries that the anchor speaks of.
        anchor: u64,
        /// Entries in the database.
        size: u64,
    },
    /// The database went on from a copy, and so did another.
    #[error(
        "the log has {size} entries, as its own signed head says, but does not begin with the {anchor} of which the anchor in the home is a signed head: two copies of this node have written, and this database is of the other. Put the right one in its place; if it is lost, `accord run --after-loss REASON` goes on and records that"
    )]
    AnotherCopy {
        /// Entries that the anchor speaks of.
        anchor: u64,
        /// Entries in the database.
        size: u64,
    },
    /// Nobody could sign in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// What was done at the machine cannot be recorded.
    #[error(transparent)]
    Recovery(#[from] ActError),
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] audit_log::append::AppendError),
}

impl From<AnchorError> for StartError {
    fn from(error: AnchorError) -> Self {
        match error {
            AnchorError::Home(error) => Self::Home(error),
            AnchorError::Head(error) => error.into(),
            AnchorError::RolledBack { anchor, size } => Self::RolledBack { anchor, size },
            AnchorError::AnotherCopy { anchor, size } => Self::AnotherCopy { anchor, size },
        }
    }
}

impl From<HeadError> for StartError {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Store(error) => Self::Store(error),
            HeadError::Edited(edited) => Self::Edited(edited),
            HeadError::OtherKey => Self::OtherKey(error.to_string()),
        }
    }
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Head(error) => error.into(),
            OpenError::Registry(error) => Self::Registry(error),
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
    let mark = ClockMark::of(home);
    let log = AuditLog::start(store.clone(), clock.clone(), name, signing, mark).await?;
    if let Some(mark) = log.clock_mark() {
        mark.write(home)?;
    }
    let registry = log.registry().clone();
    let agency = OwnAgency { id: config.agency.clone(), clock, registry, log };
    Ok(NodeContext {
        agency,
        keys,
        store,
        photographs: Images::open(home, config.photographs.as_ref())?,
        bounds: config.exchange,
        observed: Arc::default(),
        known_by: Arc::default(),
        cosigned_sizes: Arc::default(),
    })
}
