//! A PostgreSQL server for tests: made in a temporary folder, listening on a socket there and
//! nowhere else, gone with whoever started it.
//!
//! The server that Debian's package starts is neither used nor disturbed. PostgreSQL refuses to run
//! as root; for root it runs as the user `postgres`, which the package brings.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

mod template;

/// Where Debian keeps the servers, a folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Who may do everything at the server.
const ADMIN: &str = "postgres";
/// Who owns the databases that are handed out, and may do nothing else.
const ROLE: &str = "accord";
/// How the files of a server are made; a crash of the machine ends the test anyway.
const INITDB: [&str; 7] = [
    "--username",
    ADMIN,
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
    "--wal-segsize=4",
];
/// How long a server may take to start or to stop.
const LONGEST: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// A running server.
pub struct Server {
    dir: TempDir,
    programs: PathBuf,
    settings: Vec<String>,
    running: Mutex<Option<Running>>,
    databases: AtomicU32,
}

/// A server's process, and the thread that waits for it.
struct Running {
    pid: u32,
    /// The process ends with the thread that started it; so that one waits as long as it runs.
    waits: JoinHandle<()>,
}

/// The folder of the server's programs.
///
/// # Panics
/// When there is none.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|version| {
            let number: f32 = version.file_name().to_str()?.parse().ok()?;
            let programs = version.path().join("bin");
            programs.join("initdb").exists().then_some((number, programs))
        })
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let on_the_path = || {
        std::env::split_paths(&std::env::var_os("PATH")?).find(|dir| dir.join("initdb").exists())
    };
    newest.map(|(_, programs)| programs).or_else(on_the_path).unwrap_or_else(|| {
        panic!(
            "no PostgreSQL server is installed, and this test runs one: apt-get install postgresql"
        )
    })
}

/// The number of a user or group, as `id` tells it.
fn id(args: &[&str]) -> Option<u32> {
    let told = Command::new("id").args(args).output().ok()?;
    String::from_utf8(told.stdout).ok()?.trim().parse().ok()
}

/// A command that ends with this process, and does not run as root.
fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if id(&["-u"]) == Some(0) {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    // No settings of whoever runs the tests.
    for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGDATA", "PGOPTIONS"] {
        command.env_remove(name);
    }
    command.args(["--pdeathsig", "QUIT"]).arg(program).current_dir("/");
    command
}

/// Runs a command to its end.
///
/// # Panics
/// When it fails.
fn done(command: &mut Command) {
    let ended = command.stdin(Stdio::null()).output().expect("a process");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{command:?}: {}: {said}", ended.status);
}

/// The name of the database of a URL that a server gave.
fn name_of(url: &str) -> &str {
    let name = url.split_once(":///").and_then(|(_, rest)| rest.split('?').next());
    name.expect("a URL of this server")
}

/// Makes the files of a server.
///
/// # Panics
/// When that fails.
fn initdb(programs: &Path, data: &Path) {
    done(command(&programs.join("initdb")).args(INITDB).arg("--pgdata").arg(data));
}

impl Server {
    /// Starts a server.
    ///
    /// # Panics
    /// When none is installed, or it does not start.
    #[must_use]
    pub fn start() -> Arc<Self> {
        Self::with(&[])
    }

    /// Starts a server with settings such as `shared_buffers=1GB`.
    ///
    /// # Panics
    /// As [`Server::start`].
    #[must_use]
    pub fn with(settings: &[&str]) -> Arc<Self> {
        let programs = programs();
        let dir = tempfile::Builder::new().prefix("postgres-").tempdir().expect("a folder");
        if id(&["-u"]) == Some(0) {
            let missing = "root needs the user `postgres`: apt-get install postgresql";
            let (user, group) = (id(&["-u", ADMIN]).expect(missing), id(&["-g", ADMIN]));
            std::os::unix::fs::chown(dir.path(), Some(user), group).expect("a folder given away");
        }
        let data = dir.path().join("data");
        match template::kept(&programs) {
            Some(template) => done(Command::new("cp").arg("-a").arg(template).arg(&data)),
            None => {
                initdb(&programs, &data);
                template::keep(&programs, &data);
            }
        }
        let server = Self {
            dir,
            programs,
            settings: settings.iter().map(ToString::to_string).collect(),
            running: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        server.run();
        done(&mut server.tool("createuser", &[ROLE]));
        Arc::new(server)
    }

    /// The server that the tests of one process share.
    ///
    /// # Panics
    /// As [`Server::start`].
    #[must_use]
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Self::start();
        *shared = Arc::downgrade(&server);
        server
    }

    /// One of the server's programs, told where the server is.
    fn tool(&self, program: &str, args: &[&str]) -> Command {
        let mut command = command(&self.programs.join(program));
        command.arg("--host").arg(self.dir.path()).args(["--username", ADMIN]).args(args);
        command
    }

    /// A new, empty database, owned by a role that may do nothing else; its URL.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        done(&mut self.tool("createdb", &["--owner", ROLE, &name]));
        format!("postgres:///{name}?host={}&user={ROLE}", self.dir.path().display())
    }

    /// Runs SQL in the database of a URL that this server gave, as the administrator; what it says.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn sql(&self, url: &str, sql: &str) -> String {
        let args = [
            "--dbname",
            name_of(url),
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--command",
            sql,
        ];
        let ended = self.tool("psql", &args).output().expect("psql");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{sql}: {said}");
        String::from_utf8(ended.stdout).expect("text").trim().to_owned()
    }

    /// A database of this server as `pg_dump` writes it.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn dumped(&self, url: &str) -> Vec<u8> {
        let ended = self.tool("pg_dump", &["--dbname", name_of(url)]).output().expect("pg_dump");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        ended.stdout
    }

    /// A new database out of a dump; its URL.
    ///
    /// # Panics
    /// When it cannot be put back.
    #[must_use]
    pub fn put_back(&self, dump: &[u8]) -> String {
        use std::io::Write as _;
        let url = self.database();
        let args = ["--dbname", name_of(&url), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"];
        let mut psql = self.tool("psql", &args);
        let psql = psql.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut psql = psql.spawn().expect("psql");
        psql.stdin.take().expect("its input").write_all(dump).expect("what it takes in");
        let ended = psql.wait_with_output().expect("its end");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        url
    }

    /// The folder of the server's data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Starts the server again after [`Server::stop_at_once`].
    ///
    /// # Panics
    /// When it runs, or does not start.
    pub fn run(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(running.is_none(), "the server runs already");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join("log"))
            .expect("the server's log");
        let mut server = command(&self.programs.join("postgres"));
        server.arg("-D").arg(self.data()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let socket = format!("unix_socket_directories={}", self.dir.path().display());
        let here = ["listen_addresses=", &socket, "unix_socket_permissions=0777"];
        for setting in here.into_iter().chain(self.settings.iter().map(String::as_str)) {
            server.args(["-c", setting]);
        }
        let (started, pid) = mpsc::channel();
        let waits = std::thread::spawn(move || {
            let mut server = server.spawn().expect("a server");
            started.send(server.id()).unwrap_or_default();
            drop(server.wait());
        });
        let pid = pid.recv().expect("a server");
        let end = Instant::now() + LONGEST;
        while !self.tool("pg_isready", &["--quiet"]).status().is_ok_and(|ready| ready.success()) {
            let log = || std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(!waits.is_finished() && Instant::now() < end, "no server: {}", log());
            std::thread::sleep(PAUSE);
        }
        *running = Some(Running { pid, waits });
    }

    /// Stops the server as a crash of it does: nothing is finished or told to those connected.
    ///
    /// # Panics
    /// When it does not run.
    pub fn stop_at_once(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        running.expect("a running server").end();
    }
}

impl Running {
    fn end(self) {
        drop(Command::new("kill").args(["-QUIT", &self.pid.to_string()]).status());
        drop(self.waits.join());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            running.end();
        }
    }
}
