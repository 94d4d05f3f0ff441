//! An agency of a life: its home, its disk and its clock, and the node that runs there from one crash to
//! the next.

mod running;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::sign_in::enrolment_code;
use audit_log::anchor;
use audit_log::clock::Clock;
use host::home::Home;
use node::admin::cards::keep_in_home;
use node::cli::{InitArgs, init};
use node::config::{Bounds, Config};
use node::exchange::ask::QueryClient;
use node::exchange::consistency::prove_as_observed;
use node::exchange::deliver::Delivery;
use node::exchange::peer_server::PeerServer;
use node::exchange::standing::{Collector, collect_until};
use node::exchange::witness::Witnessing;
use node::permission::Principal;
use node::reads::importer::Importer;
use node::retention::Retention;
use node::run::open_context_on;
use schemas::agency::AgencyId;
use schemas::text::Text;
use schemas::time::Timestamp;
use store::SignInRecords;
use store::sqlite::Sqlite;
use tempfile::TempDir;
use tests::fixtures::words;
use tests::identity::Identity;
use tokio::sync::{OnceCell, mpsc};

use crate::alive::Alive;
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::dishonest::Liar;
use crate::net::{Net, SimDial};
use crate::store::{Disk, SimStore, at_once};
use crate::truth::Truth;

pub(crate) use running::Running;

/// How long a node waits for an answer here, in seconds.
const ANSWER_SECONDS: u32 = 20;
/// How long a node may leave its heads unproven here, in seconds.
pub(crate) const UNPROVEN_SECONDS: u32 = 1_200;
/// How often a node asks for cosignatures.
const COSIGNING: Duration = Duration::from_secs(600);
/// How long a peer has to cosign.
const COSIGNED: Duration = Duration::from_secs(20);

/// What everything in a life has in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) net: Arc<Net>,
    pub(crate) dice: Dice,
    pub(crate) truth: Truth,
    pub(crate) bug: Option<Bug>,
    pub(crate) liar: Liar,
}

/// An agency of a life.
pub(crate) struct SimAgency {
    pub(crate) index: usize,
    pub(crate) identity: Identity,
    pub(crate) clock: Clock,
    disk: Mutex<Arc<Disk>>,
    dir: TempDir,
    common: Common,
    running: Mutex<Option<Arc<Running>>>,
    /// Where one person signs in at a time.
    pub(crate) desk: tokio::sync::Mutex<()>,
}

/// Where homes are made: in memory, if the machine has such a place, since nothing here outlives a life.
fn place() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    // On a thread whose randomness is real: two lives of one seed would choose one name, and who comes second
    // would draw another out of what its history is made of.
    let made =
        std::thread::spawn(
            move || {
                if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }
            },
        );
    made.join().expect("a thread").expect("a directory")
}

impl SimAgency {
    /// Makes the home of an agency under a policy; its node does not run yet.
    pub(crate) async fn new(index: usize, id: &str, policy: &str, common: Common) -> Self {
        let dir = place();
        let clock = Clock::system();
        let address = words(&format!("/ip4/10.7.0.{}/tcp/7420", index + 1));
        let args = InitArgs {
            id: id.parse().expect("an agency id"),
            name: words(id),
            policy: policy.to_owned(),
            admin: "admin".parse().expect("a user name"),
            admin_name: Some(words("Alex Admin")),
            admin_title: Some(words("Chief of Police")),
            ori: None,
            kind: None,
            state: None,
            listen: vec![address],
            address: Vec::new(),
            http: None,
            http_name: Vec::new(),
            contact: None,
            database: None,
        };
        let code = enrolment_code().expect("a code");
        let card = init(dir.path(), &args, &clock, &code).await.expect("a home");
        let home = Home::open(dir.path()).expect("a home");
        let bounds = Bounds {
            answer_seconds: ANSWER_SECONDS,
            unproven_seconds: UNPROVEN_SECONDS,
            ..Bounds::default()
        };
        let config = Config { exchange: bounds, ..Config::load(&home).expect("a configuration") };
        std::fs::write(home.config(), toml::to_string(&config).expect("TOML")).expect("a file");
        let database = at_once(Sqlite::open(&home.database())).expect("a database");
        let size = {
            use store::LogWriter as _;
            at_once(database.log_state(Timestamp::MIN)).expect("a log").size
        };
        common.truth.begins_with(index, size);
        Self {
            index,
            identity: Identity::of(&home, card),
            clock,
            disk: Mutex::new(Disk::of(database)),
            dir,
            common,
            running: Mutex::default(),
            desk: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn id(&self) -> &AgencyId {
        &self.identity.id
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn disk(&self) -> Arc<Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another disk under its node, which does not run; the one before.
    pub(crate) fn put_disk(&self, disk: Arc<Disk>) -> Arc<Disk> {
        std::mem::replace(&mut *self.disk.lock().unwrap_or_else(PoisonError::into_inner), disk)
    }

    pub(crate) fn home(&self) -> Home {
        Home::open(self.dir.path()).expect("a home")
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node, if it runs.
    pub(crate) fn running(&self) -> Option<Arc<Running>> {
        self.slot().clone().filter(|running| !running.alive.crashed())
    }

    /// The node ends as by `kill -9`.
    pub(crate) fn crash(&self) {
        self.common.net.gone(self.index);
        if let Some(running) = self.slot().take() {
            running.stop();
        }
    }

    /// Starts the node, unless it runs.
    ///
    /// # Errors
    /// Why it does not start, in words.
    pub(crate) async fn start(&self) -> Result<(), String> {
        if self.running().is_some() {
            return Ok(());
        }
        // What is left of a run that crashed at a commit.
        self.crash();
        let alive = Alive::default();
        // One that crashes as it starts never gets on.
        let dead = async {
            while !alive.crashed() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let started = tokio::select! {
            biased;
            started = self.begin(&alive) => started,
            () = dead => Err("it crashed as it started".into()),
        };
        match started {
            Ok(running) if !alive.crashed() => {
                *self.slot() = Some(Arc::new(running));
                Ok(())
            }
            Ok(running) => {
                running.stop();
                Err("it crashed as it started".into())
            }
            Err(error) => {
                alive.crash();
                self.common.net.gone(self.index);
                Err(error)
            }
        }
    }

    async fn begin(&self, alive: &Alive) -> Result<Running, String> {
        let Common { net, dice, truth, bug, liar } = self.common.clone();
        let said = |e: &dyn std::fmt::Display| e.to_string();
        let home = self.home();
        let config = Config::load(&home).map_err(|e| said(&e))?;
        let store = Arc::new(SimStore {
            disk: self.disk(),
            agency: self.index,
            alive: alive.clone(),
            dice,
            truth,
            net: net.clone(),
            bug,
            liar,
            behind: Mutex::default(),
            writes: AtomicU64::new(0),
            empty_at: Mutex::default(),
        });
        let records: Arc<dyn SignInRecords> = store.clone();
        let context = open_context_on(&home, &config, self.clock.clone(), store).await;
        let context = context.map_err(|e| said(&e))?;
        let agency = &context.agency;
        keep_in_home(&home, &agency.registry).map_err(|e| said(&e))?;
        if let Some(own) = &agency.registry.state().own {
            for keys in context.keys.all() {
                keys.settle(&own.value, agency.clock.now()).map_err(|e| said(&e))?;
            }
            context.keys.reload(&agency.log).map_err(|e| said(&e))?;
        }
        anchor::check(&home, &agency.log, &agency.registry, context.store.as_ref())
            .await
            .map_err(|e| said(&e))?;
        let (newly, connected) = mpsc::channel(1_024);
        let (peer_server, counting) = PeerServer::new(&context, newly);
        let key = context.node_key().0.public();
        let dial = SimDial { net: net.clone(), me: self.index, key, alive: alive.clone() };
        let dial = Arc::new(dial);
        let stop = Default::default();
        let (delivery, delivering) = Delivery::start(&context, dial.clone(), connected, stop);
        let queries = QueryClient::new(&context, dial.clone(), delivery.clone());
        let retention = Retention::new(agency.clone(), context.store.clone());
        let importer = Importer::of(&context);
        queries.close_open_queries().await.map_err(|e| said(&e))?;
        net.listen(self.index, &key, Arc::new(peer_server), alive.clone());
        let witnessing = Witnessing::of(&context);
        let running = Running {
            alive: alive.clone(),
            context,
            dial: dial.clone(),
            queries: queries.clone(),
            witnessing: witnessing.clone(),
            retention,
            importer,
            door: OnceCell::new(),
            records,
            home: home.clone(),
            delivery,
            tasks: Mutex::default(),
        };
        let collector = Collector::of(&running.context);
        let tasks = [
            tokio::spawn(delivering).abort_handle(),
            tokio::spawn(counting).abort_handle(),
            tokio::spawn(queries.rerun_until(Default::default())).abort_handle(),
            tokio::spawn(prove_as_observed(witnessing, dial.clone(), Default::default()))
                .abort_handle(),
            tokio::spawn(collect_until(collector, dial, Default::default())).abort_handle(),
            tokio::spawn(self.follow_anchor(&running)).abort_handle(),
        ];
        running.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(tasks);
        Ok(running)
    }

    /// Lets the anchor of the home follow the log, as a node does every second.
    fn follow_anchor(&self, running: &Running) -> impl Future<Output = ()> + use<> {
        let mut follower = anchor::Follower::new(self.home(), running.own().log.clone());
        let alive = running.alive.clone();
        async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                alive.goes_on().await;
                drop(follower.follow());
            }
        }
    }

    /// Asks for cosignatures from time to time, until the run ends.
    pub(crate) async fn cosigning(running: Arc<Running>) {
        while !running.alive.crashed() {
            tokio::time::sleep(COSIGNING).await;
            running.have_cosigned_by_all().await;
        }
    }

    pub(crate) fn admin(&self) -> Principal {
        user("admin")
    }

    pub(crate) fn officer(&self) -> Principal {
        user(tests::fixtures::OFFICER)
    }

    /// Who asks peers: where its policy lets dispatchers alone, one of them.
    pub(crate) fn asks(&self) -> Principal {
        if self.id().as_str() == "monrovia-ca-pd" { user("d.ispatch") } else { self.officer() }
    }

    pub(crate) fn official(&self) -> Principal {
        user("c.doe")
    }

    pub(crate) fn auditor(&self) -> Principal {
        user("a.uditor")
    }
}

/// Does something at a node, until it is done or the node has crashed: who waits there then waits for
/// nothing, as the command line sees the socket close.
pub(crate) async fn or_crash(node: &Running, work: impl Future<Output = ()>) {
    let dead = async {
        while !node.alive.crashed() {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    };
    tokio::select! {
        biased;
        () = work => {}
        () = dead => {}
    }
}

/// An act of a user.
fn user(name: &str) -> Principal {
    Principal::of(name.parse().expect("a user name"), "simulation")
}

/// A reason that somebody gives.
pub(crate) fn because() -> Text {
    words("As this life demands")
}
