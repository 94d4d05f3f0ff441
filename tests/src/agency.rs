//! An agency with a real node.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use ::sign_in::enrolment_code;
use ::sign_in::provider::Settings;
use audit_log::clock::Clock;
use host::home::{Home, HomeError, replace_private};
use node::cli::{InitArgs, init};
use node::config::{Bounds, Config};
use node::context::{NodeContext, OwnKeys};
use node::permission::{OwnAgency, Principal};
use node::run::{Node, StartError, open_store};
use postgres_server::Server;
use schemas::agency::{AgencyId, AgencyKind};
use schemas::note::Vkey;
use schemas::session::RequesterSession;
use schemas::text::Text;
use schemas::time::Timestamp;
use store::Store;
use tempfile::TempDir;

use crate::command_line::Desk;
use crate::faulty_store::FaultyStore;
use crate::fixtures::words;
use crate::identity::Identity;
use crate::logs::Log;
use crate::officials::add_officer;
use crate::wait::{eventually, within};

mod acts;
mod at_desk;
mod database;
mod starting;

/// What an agency is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    id: &'static str,
    policy: String,
    kind: Option<AgencyKind>,
    state: Option<&'static str>,
    bounds: Bounds,
    postgres: bool,
    https: bool,
    pages: bool,
}

impl Plan {
    /// A police department of California under the statute's minimum.
    #[must_use]
    pub fn of(id: &'static str) -> Self {
        Self {
            id,
            policy: "california-statute".into(),
            kind: Some(AgencyKind::Police),
            state: None,
            // The answer time is what a claim about silence has to wait for.
            bounds: Bounds { answer_seconds: 5, ..Bounds::default() },
            postgres: false,
            https: false,
            pages: false,
        }
    }

    /// With its database on a PostgreSQL server of its own.
    #[must_use]
    pub fn on_postgres(self) -> Self {
        Self { postgres: true, ..self }
    }

    /// With an HTTPS side.
    #[must_use]
    pub fn with_https(self) -> Self {
        Self { https: true, ..self }
    }

    /// With pages, on its HTTPS side.
    #[must_use]
    pub fn with_pages(self) -> Self {
        Self { https: true, pages: true, ..self }
    }

    /// Another kind of body.
    #[must_use]
    pub fn kind(self, kind: AgencyKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Of another state.
    #[must_use]
    pub fn state(self, state: &'static str) -> Self {
        Self { state: Some(state), ..self }
    }

    /// Under another policy.
    #[must_use]
    pub fn policy(self, policy: &str) -> Self {
        Self { policy: policy.to_owned(), ..self }
    }

    /// With other bounds.
    #[must_use]
    pub fn bounds(mut self, change: impl FnOnce(&mut Bounds)) -> Self {
        change(&mut self.bounds);
        self
    }
}

/// An address of this machine that nobody listens on, below the ports that the system gives to
/// outgoing connections.
#[must_use]
pub fn free_address() -> Text {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 10_000;
    const PORTS: u16 = 20_000;
    let start = u16::try_from(std::process::id() % 997).unwrap_or(0) * 20;
    for _ in 0..PORTS {
        let step = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + step % PORTS;
        let free = std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free {
            return words(&format!("/ip4/127.0.0.1/tcp/{port}"));
        }
    }
    panic!("no free port on 127.0.0.1");
}

/// An address for an HTTPS side that nobody listens on.
///
/// # Panics
/// When every port is taken.
#[must_use]
pub fn free_socket() -> SocketAddr {
    let address = free_address();
    let port = address.as_str().rsplit('/').next().and_then(|port| port.parse().ok());
    SocketAddr::from(([127, 0, 0, 1], port.expect("a port")))
}

/// An agency with a home of its own and, most of the time, a running node.
pub struct Agency {
    /// Who it is.
    pub identity: Identity,
    /// Its clock.
    pub clock: Clock,
    dir: TempDir,
    desk: Desk,
    // Sessions and authenticators of its people stand apart from its home.
    _at_hand: TempDir,
    running: Option<(Arc<Node>, Arc<FaultyStore>)>,
    /// The session of its officer, where the log tells of one.
    officers: Option<RequesterSession>,
    // Goes last: a node that stops still writes.
    server: Option<Arc<Server>>,
}

impl Agency {
    /// Makes and starts a police department of California with an officer.
    pub async fn start(id: &'static str) -> Self {
        Box::pin(Self::of(Plan::of(id))).await
    }

    /// Makes and starts what `plan` says, with an officer.
    ///
    /// # Panics
    /// When that fails.
    pub async fn of(plan: Plan) -> Self {
        let dir = TempDir::new().expect("a directory");
        let server = plan.postgres.then(Server::start);
        let clock = Clock::system();
        let args = InitArgs {
            id: plan.id.parse().expect("an agency id"),
            name: words(plan.id),
            policy: plan.policy,
            admin: "admin".parse().expect("a user name"),
            admin_name: Some(words("Alex Admin")),
            admin_title: Some(words("Chief of Police")),
            ori: None,
            kind: plan.kind,
            state: plan.state.map(|state| state.parse().expect("a state")),
            listen: vec![free_address()],
            address: Vec::new(),
            http: plan.https.then(free_socket),
            http_name: Vec::new(),
            contact: None,
            database: server.as_ref().map(|server| server.database()),
        };
        let code = enrolment_code().expect("a code");
        let card = Box::pin(init(dir.path(), &args, &clock, &code)).await.expect("a home");
        let at_hand = TempDir::new().expect("a directory");
        let desk = Desk::of(dir.path(), at_hand.path());
        desk.admin_enrols_by(&code);
        let home = Home::open(dir.path()).expect("a home");
        let mut config = Config::load(&home).expect("a configuration");
        config.exchange = plan.bounds;
        let port = config.http.filter(|_| plan.pages).map(|address| address.port());
        config.origin =
            port.map(|port| format!("https://localhost:{port}").parse().expect("an origin"));
        std::fs::write(home.config(), toml::to_string(&config).expect("TOML"))
            .expect("a written configuration");
        let mut agency = Self {
            identity: Identity::of(&home, card),
            clock,
            dir,
            desk,
            _at_hand: at_hand,
            running: None,
            officers: None,
            server,
        };
        Box::pin(agency.run()).await;
        add_officer(&agency).await;
        agency
    }

    /// Starts the node again.
    ///
    /// # Panics
    /// When it runs, or does not start.
    pub async fn run(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let home = Home::open(self.dir.path()).expect("a home");
        let store = FaultyStore::over(self.opened(&home).await);
        // A node that was just stopped may hold its home for a moment longer.
        // On the heap: a claim that starts several nodes has no stack for as many beginnings.
        let node = eventually("the node starts", async || {
            let started = Node::start_on(home.clone(), self.clock.clone(), store.clone());
            match Box::pin(started).await {
                Ok(node) => Some(node),
                Err(StartError::Home(HomeError::Running(_))) => None,
                Err(error) => panic!("{} does not start: {error}", self.identity.id),
            }
        })
        .await;
        self.running = Some((node, store));
    }

    async fn opened(&self, home: &Home) -> Arc<dyn Store> {
        let config = Config::load(home).expect("a configuration");
        open_store(home, &config).await.expect("a store")
    }

    /// The key that signs its log's heads, as notes name it.
    ///
    /// # Panics
    /// When it has no card.
    #[must_use]
    pub fn log_key(&self) -> Vkey {
        self.context().agency.registry.state().own_log_keys().pop().expect("a card")
    }

    /// The server that its database is on, unless that is in its home.
    ///
    /// # Panics
    /// When it is.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("an agency on PostgreSQL")
    }

    /// The URL of its database on [`Agency::server`].
    ///
    /// # Panics
    /// When it is in its home.
    #[must_use]
    pub fn database(&self) -> String {
        let home = Home::open(self.dir.path()).expect("a home");
        let config = Config::load(&home).expect("a configuration");
        config.database.expect("an agency on PostgreSQL").expose().to_owned()
    }

    /// Has people sign in by a provider, too, with which it shares `secret`: the node is stopped and started.
    ///
    /// # Panics
    /// When it does not start with it.
    pub async fn trusts(&mut self, provider: &Settings, secret: &str) {
        self.stop().await;
        let home = Home::open(self.dir.path()).expect("a home");
        let mut config = Config::load(&home).expect("a configuration");
        config.provider = vec![provider.clone()];
        std::fs::write(home.config(), toml::to_string(&config).expect("TOML"))
            .expect("a written configuration");
        let path = home.dir().join("keys").join(format!("sign-on-{}", provider.name));
        replace_private(&path, secret.as_bytes()).expect("a secret");
        self.run().await;
    }

    /// Stops the node.
    pub async fn stop(&mut self) {
        if let Some((node, _)) = self.running.take() {
            within("the node stops", node.stop()).await;
        }
    }

    /// Stops the node and starts it again.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.run().await;
    }

    /// Its home.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.dir.path()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &AgencyId {
        &self.identity.id
    }

    /// What its clock says.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The running node.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        &self.running.as_ref().expect("a running node").0
    }

    /// What its acts work with.
    #[must_use]
    pub fn context(&self) -> &NodeContext {
        &self.node().context
    }

    /// The agency as it acts at the running node.
    #[must_use]
    pub fn own(&self) -> &OwnAgency {
        &self.context().agency
    }

    /// Its keys that are exchanged one by one.
    #[must_use]
    pub fn keys(&self) -> &OwnKeys {
        &self.context().keys
    }

    /// The store of the running node.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn store(&self) -> &Arc<FaultyStore> {
        &self.running.as_ref().expect("a running node").1
    }

    /// The administrator.
    #[must_use]
    pub fn admin(&self) -> Principal {
        Principal::of("admin".parse().expect("a user name"), "test")
    }

    /// Its whole log, whether its node runs or not.
    pub async fn log(&self) -> Log {
        match &self.running {
            Some((_, store)) => Log::of(store.as_ref()).await,
            None => {
                let home = Home::open(self.dir.path()).expect("a home");
                Log::of(self.opened(&home).await.as_ref()).await
            }
        }
    }

    /// Waits until its log shows something.
    pub async fn wait_for_log<T>(&self, what: &str, look: impl Fn(&Log) -> Option<T>) -> T {
        eventually(what, async || look(&self.log().await)).await
    }
}
