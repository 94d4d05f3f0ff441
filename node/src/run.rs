//! A running node: which parts it is made of, in which order they start, and in which they stop. The
//! only place that names a concrete network; `open` alone names a concrete store.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use serde_json::Value;
use tokio::net::UnixListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::admin::cards::keep_in_home;
use crate::backup::create::{is_restored, record_restoring};
use crate::config::Config;
use crate::context::NodeContext;
use crate::exchange::ask::QueryClient;
use crate::exchange::consistency::prove_as_observed;
use crate::exchange::deliver::Delivery;
use crate::exchange::peer_server::PeerServer;
use crate::exchange::seen::Seen;
use crate::exchange::standing::{Collector, collect_until};
use crate::exchange::witness::Witnessing;
use crate::http::https::Asks;
use crate::http::{
    AppState, MetricsCache, MetricsToken, ProgramTurns, ProgramUses, SendingTurns, SentForms,
    https, open_router, programs_router, router, socket,
};
use crate::pages;
use crate::reads::importer::Importer;
use crate::records::{Feed, Webhook};
use crate::retention::{DESTROY, Retention};
use crate::sign_in::{SignIn, Site, record_recovery, sweep};
use audit_log::anchor;
use audit_log::append::AppendError;
use audit_log::clock::Clock;
use host::home::{Home, HomeLock};
use peer::Peers;
use store::{SignInRecords, Store};

mod cosigning;
mod jobs;
mod notifying;
mod open;
mod photograph_maintenance;
mod reconcile_schedule;
mod retention_schedule;
mod schedule;
mod tasks;

use tasks::Tasks;

pub use open::{StartError, open_context, open_context_on, open_store};
pub use tasks::TaskFailure;

/// How long what is in flight has once the node stops.
const FINISHING: Duration = Duration::from_secs(10);
/// Most peers waiting to be shown a card.
const NEWLY_CONNECTED: usize = 1_024;

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
    /// Its home.
    pub home: Home,
    /// Stores reads that come in.
    pub importer: Importer,
    /// What requests are served with.
    pub app: Arc<AppState>,
    peer_server: Arc<PeerServer>,
    /// Rounds in which heads were exchanged with co-parties.
    head_rounds: AtomicUsize,
    stop: CancellationToken,
    tasks: Tasks,
    /// What serves requests, which are finished first when the node stops.
    serving: Mutex<Vec<JoinHandle<()>>>,
    _lock: HomeLock,
}

/// A task that is started once the node is whole.
type Task = (&'static str, Pin<Box<dyn Future<Output = ()> + Send>>);

/// What the node listens on for requests.
struct Listeners {
    socket: UnixListener,
    https: Option<https::Listener>,
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
        Box::pin(Self::start_with(lock, home, config, clock, store)).await
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
        Box::pin(Self::start_with(lock, home, config, clock, store)).await
    }

    async fn start_with(
        lock: HomeLock,
        home: Home,
        config: Config,
        clock: Clock,
        store: Arc<dyn Store>,
    ) -> Result<Arc<Self>, StartError> {
        let records: Arc<dyn SignInRecords> = store.clone();
        let context = open_context_on(&home, &config, clock, store).await?;
        keep_in_home(&home, &context.agency.registry)?;
        let unanchored = follows_from_anchor(&home, &context).await?;
        settle_keys(&context)?;
        record_restoring(&context.agency, &home).await?;
        record_recovery(&context.agency, &home).await?;
        let sign_in = load_sign_in(&home, &config, &context, records).await?;
        let stop = CancellationToken::new();
        let (newly, connected) = mpsc::channel(NEWLY_CONNECTED);
        let (peer_server, counting) = PeerServer::new(&context, newly);
        let peer_server = Arc::new(peer_server);
        let settings = peer::Settings {
            node_key: context.node_key().0,
            listen: config.listen.iter().map(ToString::to_string).collect(),
            limits: peer::Limits::default(),
        };
        let peers = Arc::new(peer::start(settings, peer_server.clone()).await?);
        let (delivery, delivering) =
            Delivery::start(&context, peers.clone(), connected, stop.clone());
        let queries = QueryClient::new(&context, peers.clone(), delivery.clone());
        let retention = Retention::new(context.agency.clone(), context.store.clone());
        let importer = Importer::of(&context);
        finish_what_was_begun(&retention, &queries).await?;
        let certificate = config.http.map(|_| https::Served::of(&home)).transpose()?;
        let https = match (config.http, &certificate) {
            (Some(address), Some(served)) => {
                Some(https::listen(address, served, asks_for_certificates(&context)).await?)
            }
            _ => None,
        };
        let metrics_token = MetricsToken::of(&home)?;
        let records = Feed::of(&home, &context.agency, &context.store)?;
        let webhook = match &config.records {
            Some(settings) => {
                let clock = context.agency.clock.clone();
                Some(Webhook::of(&home, settings, records.clone(), clock)?)
            }
            None => None,
        };
        let app = Arc::new(AppState {
            context: context.clone(),
            queries: queries.clone(),
            delivery,
            peers: peers.clone(),
            config,
            home: home.clone(),
            unanchored,
            retention,
            importer: importer.clone(),
            source_stats: Arc::default(),
            sending: SendingTurns::default(),
            program_uses: ProgramUses::default(),
            program_turns: ProgramTurns::default(),
            records,
            https_places: https::places(),
            certificate,
            metrics_token,
            metrics_cache: MetricsCache::default(),
            mentions: Arc::default(),
            sent_forms: SentForms::default(),
            seen: Seen::of(&context),
            sign_in,
            stop: stop.clone(),
        });
        let node = Arc::new(Self {
            witnessing: Witnessing::of(&context),
            context,
            queries,
            peers,
            home,
            importer,
            app,
            peer_server,
            head_rounds: AtomicUsize::new(0),
            tasks: Tasks::until(stop.clone()),
            stop,
            serving: Mutex::default(),
            _lock: lock,
        });
        let listeners = Listeners { socket: socket::listen(&node.home.socket())?, https };
        let tasks: [Task; 2] =
            [("delivery", Box::pin(delivering)), ("rejection count", Box::pin(counting))];
        node.spawn_all(tasks, listeners, webhook).await;
        Ok(node)
    }

    /// Starts the tasks of a node that is whole: those given, what every node follows, its jobs, and
    /// last what serves requests.
    async fn spawn_all(
        self: &Arc<Self>,
        tasks: [Task; 2],
        listeners: Listeners,
        webhook: Option<Webhook>,
    ) {
        let stop = &self.stop;
        for (name, task) in tasks {
            self.tasks.spawn(name, task);
        }
        let (log, peers) = (self.context.agency.log.clone(), self.peers.clone());
        self.tasks
            .spawn("log writer", or_stop(stop.clone(), async move { log.writer_ended().await }));
        self.tasks.spawn("network", or_stop(stop.clone(), async move { peers.ended().await }));
        self.tasks.spawn("reruns", self.queries.clone().rerun_until(stop.clone()));
        let proving = prove_as_observed(self.witnessing.clone(), self.peers.clone(), stop.clone());
        self.tasks.spawn("checkpoint proofs", proving);
        let collector = Collector::of(&self.context);
        let collecting = collect_until(collector, self.peers.clone(), stop.clone());
        self.tasks.spawn("entry proofs", collecting);
        schedule::start(&self.tasks, jobs::of(self, webhook), stop);
        let socket = socket::serve(listeners.socket, router(self.app.clone()), stop.clone());
        let mut serving = vec![self.tasks.spawn("socket", socket)];
        if let Some(listener) = listeners.https {
            let places = self.app.https_places.clone();
            let origin = self.app.config.origin.clone();
            let pages = origin.map(|origin| pages::router(self.app.clone(), origin));
            let router = open_router(self.app.clone())
                .merge(programs_router(self.app.clone()))
                .merge(pages.unwrap_or_default());
            let https = https::serve(listener, places, router, stop.clone());
            serving.push(self.tasks.spawn("HTTPS", https));
        }
        *self.serving.lock().await = serving;
    }

    /// The line that says the node is ready.
    #[must_use]
    pub fn ready(&self) -> Value {
        self.app.ready()
    }

    /// Peers may be reached again: tries now what waits for them. New documents need no call.
    pub fn wake(&self) {
        self.app.delivery.wake();
    }

    /// Runs until `asked` ends or a task of the node fails, then stops.
    ///
    /// # Errors
    /// Which task failed, and how: the node stopped although nobody asked it to.
    pub async fn run_until(&self, asked: impl Future<Output = ()>) -> Result<(), TaskFailure> {
        tokio::select! {
            () = asked => {}
            () = self.stop.cancelled() => {}
        }
        tracing::info!("stopping; finishing what is in flight");
        self.stop().await;
        self.tasks.failure().map_or(Ok(()), Err)
    }

    /// The names of the tasks that run; none once the node has stopped.
    #[must_use]
    pub fn running_tasks(&self) -> Vec<&'static str> {
        self.tasks.running()
    }

    /// Stops: takes nothing new, finishes what is in flight, then lets go of the home.
    pub async fn stop(&self) {
        self.stop.cancel();
        // What answers requests needs peers, and what peers are told needs the log.
        let serving = std::mem::take(&mut *self.serving.lock().await);
        drop(tokio::time::timeout(FINISHING, futures::future::join_all(serving)).await);
        self.peers.shutdown().await;
        if let Err(error) = sweep(&self.app.sign_in, true).await {
            tracing::error!(%error, "failures to sign in could not all be logged");
        }
        self.app.delivery.finish();
        self.peer_server.finish().await;
        let left = self.tasks.finish(FINISHING).await;
        if !left.is_empty() {
            tracing::error!(tasks = left.join(", "), "tasks did not stop in time and were ended");
        }
        // One writer at a time: the last anchor is written when nothing else writes it.
        if let Err(error) = anchor::write(&self.home, &self.context.agency.log) {
            tracing::error!(%error, "the anchor could not be written");
        }
        drop(std::fs::remove_file(self.home.socket()));
    }
}

/// Holds the log against its anchor; whether it has none, which is told.
async fn follows_from_anchor(home: &Home, context: &NodeContext) -> Result<bool, StartError> {
    let agency = &context.agency;
    let unanchored = anchor::read(home)?.is_none() && !is_restored(home);
    if unanchored {
        tracing::error!("the log has no anchor; it is compared with none, and gets one now");
    }
    let beyond = anchor::check(home, &agency.log, &agency.registry, context.store.as_ref()).await?;
    if beyond > 0 {
        tracing::info!(
            entry.count = beyond,
            "the node was not stopped last time but ended at once; the entries since its anchor are as they were signed, and nothing is lost"
        );
    }
    Ok(unanchored)
}

/// Takes the keys that the card in force names.
fn settle_keys(context: &NodeContext) -> Result<(), StartError> {
    let agency = &context.agency;
    if let Some(own) = &agency.registry.state().own {
        for keys in context.keys.all() {
            keys.settle(&own.value, agency.clock.now())?;
        }
        context.keys.reload(&agency.log)?;
    }
    Ok(())
}

/// How people sign in, on the pages too where the node has an address of its own.
/// Whether clients are asked for a certificate: as long as something is known by one. Browsers of people who
/// have none for this node are then asked nothing.
fn asks_for_certificates(context: &NodeContext) -> Asks {
    let registry = context.agency.registry.clone();
    Arc::new(move || registry.state().knows_certificates())
}

async fn load_sign_in(
    home: &Home,
    config: &Config,
    context: &NodeContext,
    records: Arc<dyn SignInRecords>,
) -> Result<Arc<SignIn>, StartError> {
    let site = config.origin.as_ref().map(|origin| Site {
        origin: origin.as_str(),
        host: origin.host(),
        providers: &config.provider,
    });
    let idle = config.devices.idle_times();
    Ok(Arc::new(SignIn::load(home, context.agency.clone(), records, site, idle).await?))
}

/// Finishes what was under way when the node ended last.
async fn finish_what_was_begun(
    retention: &Retention,
    queries: &QueryClient<Peers>,
) -> Result<(), StartError> {
    if let Err(error) = retention.finish_redaction(DESTROY).await {
        tracing::error!(%error, "what the log says is destroyed could not be; it is tried again");
    }
    match queries.close_open_queries().await {
        // A node that waits for a person's word on the clock must be there to hear it.
        Err(error @ (AppendError::Clock { .. } | AppendError::ClockAhead { .. })) => {
            tracing::error!(%error, "nothing is asked or answered");
        }
        closed => drop(closed?),
    }
    Ok(())
}

/// Ends with `task`, or when the node stops.
async fn or_stop(stop: CancellationToken, task: impl Future<Output = ()>) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = task => {}
    }
}
