//! The wiring of a running node. The only place that names a concrete store and network.

use std::sync::Arc;
use std::time::Duration;

use ::agreements::decide::due_reads;
use schemas::agency::AgencyId;
use schemas::checkpoint::origin;
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::backup::create::record_restoring;
use crate::config::Config;
use crate::context::{NodeContext, OwnKeys};
use crate::exchange::ask::QueryClient;
use crate::exchange::consistency::prove_as_observed;
use crate::exchange::deliver::Delivery;
use crate::exchange::host::Desk;
use crate::exchange::witness::Witnessing;
use crate::http::{https, open_router, router, socket};
use crate::permission::OwnAgency;
use crate::reads::importer::Importer;
use crate::reads::intake::WatchedFolders;
use crate::reads::source_stats::StatsBySource;
use crate::retention::{DESTROY, Retention};
use audit_log::append::AuditLog;
use audit_log::clock::Clock;
use audit_log::registry::{Registry, RegistryError};
use host::home::{Home, HomeError, HomeLock, replace_private};
use peer;
use peer::{PeerError, Peers};
use store::photographs::{ImageStoreError, Images};
use store::postgres::Postgres;
use store::sqlite::Sqlite;
use store::{Store, StoreError};

pub(crate) mod anchor;
mod cadence;
mod identity;
mod retention;
mod watching;

pub use watching::{Seen, Watcher};

/// How often photographs are looked at.
const LOOKING: Duration = Duration::from_secs(600);
/// Photographs that are checked as often, round and round.
const CHECKED: u32 = 500;
/// How soon after its start a node asks for cosignatures.
const FIRST_COSIGNING: Duration = Duration::from_secs(10);
/// How long a peer has to cosign.
const COSIGNING: Duration = Duration::from_secs(20);
/// How long what is in flight has once the node stops.
const FINISHING: Duration = Duration::from_secs(10);
/// Most requests at once that send reads over HTTPS.
const SENDING: usize = 16;
/// Most peers waiting to be shown a card.
const NEWLY_CONNECTED: usize = 1_024;

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

/// A running node.
pub struct Node {
    /// What its acts work with.
    pub context: NodeContext,
    /// Asks peers.
    pub queries: QueryClient<Peers>,
    /// Has peers witness the log.
    pub witnessing: Witnessing,
    /// The network.
    pub peers: Arc<Peers>,
    /// Its configuration.
    pub config: Config,
    /// Its home.
    pub home: Home,
    /// Destroys what is past its retention.
    pub retention: Retention,
    /// Stores reads that come in.
    pub importer: Importer,
    /// What sources have sent.
    pub source_stats: Arc<StatsBySource>,
    /// Turns of those that send reads over HTTPS.
    pub sending: Semaphore,
    /// The certificate of the HTTPS side, where there is one.
    pub certificate: Option<Arc<https::Served>>,
    /// What monitoring is told.
    pub watcher: Watcher,
    delivery: Arc<Delivery<Peers>>,
    desk: Arc<Desk>,
    stop: CancellationToken,
    served: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    anchored: Mutex<Option<tokio::task::JoinHandle<()>>>,
    _lock: HomeLock,
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
    context_on(home, config, clock, open_store(home, config).await?).await
}

async fn context_on(
    home: &Home,
    config: &Config,
    clock: Clock,
    store: Arc<dyn Store>,
) -> Result<NodeContext, StartError> {
    let registry = Registry::load(store.as_ref()).await?;
    let keys = OwnKeys::load(home)?;
    let (name, signing) = (origin(&config.agency), keys.log.all());
    let log =
        AuditLog::start(store.clone(), registry.clone(), clock.clone(), name, signing).await?;
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

impl Node {
    /// Starts the node of `home`.
    ///
    /// # Errors
    /// When anything it needs is not as it must be; then nothing runs.
    pub async fn start(home: Home, clock: Clock) -> Result<Arc<Self>, StartError> {
        // One process at a time opens what is in a home.
        let lock = home.lock()?;
        let config = Config::load(&home)?;
        let store = open_store(&home, &config).await?;
        Self::start_with(lock, home, config, clock, store).await
    }

    /// Starts the node of `home` on a store of the caller's.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_on(
        home: Home,
        clock: Clock,
        store: Arc<dyn Store>,
    ) -> Result<Arc<Self>, StartError> {
        let lock = home.lock()?;
        let config = Config::load(&home)?;
        Self::start_with(lock, home, config, clock, store).await
    }

    async fn start_with(
        lock: HomeLock,
        home: Home,
        config: Config,
        clock: Clock,
        store: Arc<dyn Store>,
    ) -> Result<Arc<Self>, StartError> {
        let context = context_on(&home, &config, clock, store).await?;
        keep_card(&home, &context.agency.registry)?;
        anchor::check(&home, &context).await?;
        if let Some(own) = &context.agency.registry.state().own {
            for keys in context.keys.all() {
                keys.settle(&own.value, context.agency.clock.now())?;
            }
            context.keys.reload(&context.agency.log)?;
        }
        record_restoring(&context.agency, &home).await?;
        let (newly, connected) = mpsc::channel(NEWLY_CONNECTED);
        let desk = Arc::new(Desk::new(context.clone(), newly));
        let settings = peer::Settings {
            node_key: context.node_key().0,
            listen: config.listen.iter().map(ToString::to_string).collect(),
            limits: peer::Limits::default(),
        };
        let peers = Arc::new(peer::start(settings, desk.clone()).await?);
        let delivery = Delivery::start(&context, peers.clone(), connected);
        let queries = QueryClient::new(&context, peers.clone(), delivery.clone());
        let retention = Retention::new(context.agency.clone(), context.store.clone());
        let (agency, store) = (context.agency.clone(), context.store.clone());
        let importer = Importer::new(agency, store, context.photographs.clone());
        if let Err(error) = retention.finish_redaction(DESTROY).await {
            tracing::error!(%error, "what the log says is destroyed could not be; it is tried again");
        }
        queries.close_open_queries().await?;
        let certificate = config.http.map(|_| https::Served::of(&home)).transpose()?;
        let https = match (config.http, &certificate) {
            (Some(address), Some(served)) => Some(https::listen(address, served).await?),
            _ => None,
        };
        let watcher = Watcher::of(&home)?;
        let stop = CancellationToken::new();
        let node = Arc::new(Self {
            witnessing: Witnessing::of(&context),
            context,
            queries,
            peers,
            config,
            home,
            retention,
            importer,
            source_stats: Arc::default(),
            sending: Semaphore::new(SENDING),
            certificate,
            watcher,
            delivery,
            desk,
            stop: stop.clone(),
            served: Mutex::default(),
            anchored: Mutex::new(None),
            _lock: lock,
        });
        let listener = socket::listen(&node.home.socket())?;
        let mut served =
            vec![tokio::spawn(socket::serve(listener, router(node.clone()), stop.clone()))];
        if let (Some(https), Some(certificate)) = (https, &node.certificate) {
            let router = open_router(node.clone());
            served.push(tokio::spawn(https::serve(https, router, stop.clone())));
            let clock = node.context.agency.clock.clone();
            tokio::spawn(certificate.clone().keep(clock, stop.clone()));
        }
        let (agency, importer) = (node.context.agency.clone(), node.importer.clone());
        let folders = WatchedFolders::new(agency, importer, node.source_stats.clone());
        served.push(tokio::spawn(watch(folders, stop.clone())));
        *node.served.lock().await = served;
        tokio::spawn(watching::count(node.clone(), stop.clone()));
        tokio::spawn(node.queries.clone().rerun_until(stop.clone()));
        let anchored = anchor::follow(node.home.clone(), node.context.clone(), stop.clone());
        *node.anchored.lock().await = Some(tokio::spawn(anchored));
        let proving = prove_as_observed(node.witnessing.clone(), node.peers.clone(), stop.clone());
        tokio::spawn(proving);
        tokio::spawn(identity::keep(node.clone(), stop.clone()));
        tokio::spawn(node.clone().seek_cosignatures(stop.clone()));
        tokio::spawn(cadence::keep(node.clone(), stop.clone()));
        tokio::spawn(retention::keep(node.clone(), stop.clone()));
        tokio::spawn(look_after_images(node.context.clone(), stop));
        Ok(node)
    }

    /// The line that says the node is ready.
    #[must_use]
    pub fn ready(&self) -> Value {
        json!({
            "ready": true,
            "agency": self.context.agency.id,
            "peer_addresses": self.peers.addresses(),
            "http": match self.config.http {
                Some(address) => format!("https://{address}"),
                None => format!("unix:{}", self.home.socket().display()),
            },
        })
    }

    /// Peers may be reached again: tries now what waits for them. New documents need no call.
    pub fn wake(&self) {
        self.delivery.wake();
    }

    /// Peers that have not taken in the present version of one's own card, by their ids.
    #[must_use]
    pub fn card_not_shown(&self) -> Vec<AgencyId> {
        let state = self.context.agency.registry.state();
        let open = |id: &AgencyId| state.peers.get(id).is_some_and(|peer| peer.blocked.is_none());
        let mut peers = self.delivery.not_shown();
        peers.retain(open);
        peers.sort();
        peers
    }

    /// A new version of one's own card is in force: writes it into the home and shows it to peers.
    ///
    /// # Errors
    /// When the file cannot be written; it is written again at the next start.
    pub async fn card_issued(&self) -> Result<(), crate::permission::ActError> {
        self.prove_identity().await;
        self.delivery.announce();
        keep_card(&self.home, &self.context.agency.registry).map_err(|e| {
            crate::permission::ActError::failed(format!("the card is in force, but {e}"))
        })
    }

    /// Has every peer cosign the head of the log, now and at intervals, until `stop`.
    async fn seek_cosignatures(self: Arc<Self>, stop: CancellationToken) {
        let every = Duration::from_secs(u64::from(self.config.exchange.cosigned_every_seconds));
        let mut pause = FIRST_COSIGNING.min(every);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = every;
            self.have_cosigned_by_all().await;
        }
    }

    /// Has every peer that nothing stands against prove what it has shown of its log, and cosign the
    /// head of this one; how many did.
    pub async fn have_cosigned_by_all(&self) -> usize {
        let state = self.context.agency.registry.state();
        let peers = state.peers.values().filter(|peer| {
            peer.blocked.is_none() && state.alarm_about(&peer.card.value.id).is_none()
        });
        let asked = peers.map(async |peer| {
            let dial = self.peers.as_ref();
            let asked = async {
                self.witnessing.prove_observed(dial, peer).await?;
                self.witnessing.have_cosigned(dial, peer).await
            };
            match tokio::time::timeout(COSIGNING, asked).await {
                Ok(Ok(_)) => true,
                Ok(Err(error)) => {
                    tracing::debug!(peer = %peer.card.value.id, %error, "a head was not cosigned");
                    false
                }
                Err(_) => false,
            }
        });
        futures::future::join_all(asked).await.into_iter().filter(|done| *done).count()
    }

    /// Stops: takes nothing new, finishes what is in flight, then lets go of the home.
    pub async fn stop(&self) {
        self.stop.cancel();
        let served = std::mem::take(&mut *self.served.lock().await);
        drop(tokio::time::timeout(FINISHING, futures::future::join_all(served)).await);
        self.peers.shutdown().await;
        self.desk.finish().await;
        // One writer at a time: the last anchor is written when nothing else writes it.
        if let Some(anchored) = self.anchored.lock().await.take() {
            drop(anchored.await);
        }
        if let Err(error) = anchor::keep(&self.home, &self.context) {
            tracing::error!(error, "the anchor could not be written");
        }
        drop(std::fs::remove_file(self.home.socket()));
    }
}

/// Writes the card in force into the home, where `accord card show` finds it, if another one stands
/// there: the registry, not the file, is what counts.
fn keep_card(home: &Home, registry: &Registry) -> Result<(), HomeError> {
    let state = registry.state();
    let Some(own) = &state.own else { return Ok(()) };
    if std::fs::read(home.card()).is_ok_and(|bytes| bytes == own.envelope.as_bytes()) {
        return Ok(());
    }
    replace_private(&home.card(), own.envelope.as_bytes())
}

async fn watch(mut folders: WatchedFolders, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        folders.scan().await;
    }
}

async fn look_after_images(context: NodeContext, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOKING);
    let mut looked_at = None;
    match context.photographs.sweep(context.store.as_ref()).await {
        Ok(0) => {}
        Ok(images) => {
            tracing::info!(images, "photographs of reads that were never stored are gone")
        }
        Err(error) => tracing::error!(%error, "photographs that a crash left were not swept"),
    }
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        // Recipients to tell of a correction is known as long as there is something to correct.
        if let Some(policy) = context.agency.registry.state().policy.clone() {
            let due = due_reads(&policy, context.agency.clock.now());
            if let Err(error) = context.agency.log.forget_released(&due).await {
                tracing::error!(%error, "releases of reads that are gone could not be forgotten");
            }
        }
        match context.agency.log.destroy_unreferenced(&context.photographs).await {
            Ok(0) => {}
            Ok(images) => {
                tracing::info!(images, "photographs that nothing refers to are destroyed")
            }
            Err(error) => tracing::error!(%error, "photographs could not be destroyed"),
        }
        // Round and round, some at a time.
        match context.photographs.check(context.store.as_ref(), looked_at, CHECKED).await {
            Ok((_, last)) => looked_at = last,
            Err(error) => tracing::error!(%error, "photographs could not be checked"),
        }
    }
}
