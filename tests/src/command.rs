//! The real binary, as a person or a script runs it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use audit_log::clock::Clock;
use serde_json::Value;
use tempfile::TempDir;

use crate::agency::free_address;
use crate::making::{OFFICER, reads};
use crate::wait::LONGEST;

mod running;

const PAUSE: Duration = Duration::from_millis(50);

/// The `accord` binary beside this test.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn binary() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this program");
    // Beside target/PROFILE/deps, where tests are, or beside this program itself.
    let folder = this.parent().expect("a target directory");
    let folder = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    let path = folder.expect("a target directory").join("accord");
    assert!(
        path.exists(),
        "`{}` is not there; build it with `cargo build -p node`, then run this again",
        path.display()
    );
    path
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// What stood on stdout.
    pub out: String,
    /// What stood on stderr.
    pub err: String,
}

impl Ended {
    /// Every line on stdout as JSON.
    ///
    /// # Panics
    /// When a line is not JSON.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        let line = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|e| panic!("`{line}` is not JSON: {e}"))
        };
        self.out.lines().map(line).collect()
    }

    /// The one line on stdout as JSON, of a command that was done.
    ///
    /// # Panics
    /// When it was not, or there is another number of lines.
    pub fn done(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines.remove(0)
    }

    /// The one sentence on stderr of a command that was not done.
    ///
    /// # Panics
    /// When its code is another, or it said more or less than one line.
    #[must_use]
    pub fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "nothing on stdout when nothing was done");
        let said: Vec<_> = self.err.lines().collect();
        assert_eq!(said.len(), 1, "one sentence: {self:?}");
        said[0]
    }
}

/// A home that the real binary works in.
pub struct Hand {
    dir: TempDir,
    /// The home, unless it is in `dir`.
    elsewhere: Option<PathBuf>,
    run: Option<Child>,
    /// What its node is started with: a program before it, such as `ip netns exec`, and variables.
    before: Vec<String>,
    variables: Vec<(String, String)>,
    /// Its agency.
    pub id: String,
}

impl Drop for Hand {
    fn drop(&mut self) {
        if let Some(mut run) = self.run.take() {
            // A test that failed leaves no node behind; one that went well has stopped it.
            drop(run.kill());
            drop(run.wait());
        }
    }
}

impl Hand {
    /// Makes a home with `accord init`.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn init(id: &str) -> Self {
        Self::init_under(id, "california-statute")
    }

    /// As [`Self::init`], under another policy.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn init_under(id: &str, policy: &str) -> Self {
        Self::nowhere(id).made(policy, free_address().as_str(), &[])
    }

    /// Makes the home with `accord init`, listening at `listen`; `further` stands at the end.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn made(self, policy: &str, listen: &str, further: &[&str]) -> Self {
        let init = [
            "init",
            "--id",
            &self.id,
            "--name",
            &self.id,
            "--policy",
            policy,
            "--admin",
            "admin",
            "--admin-name",
            "Alex Admin",
            "--admin-title",
            "Chief of Police",
            "--kind",
            "police",
            "--listen",
            listen,
        ];
        let made = self.accord(&[&init[..], further].concat());
        assert_eq!(made.done()["agency"], self.id.as_str());
        self
    }

    /// Where no home is yet.
    ///
    /// # Panics
    /// When there is no room for one.
    #[must_use]
    pub fn nowhere(id: &str) -> Self {
        let dir = TempDir::new().expect("a directory");
        Self {
            dir,
            elsewhere: None,
            run: None,
            before: Vec::new(),
            variables: Vec::new(),
            id: id.to_owned(),
        }
    }

    /// With its node started by `before`, a program that becomes it, and with `variables` set.
    #[must_use]
    pub fn run_by(mut self, before: &[&str], variables: &[(&str, &str)]) -> Self {
        self.before = before.iter().map(ToString::to_string).collect();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.variables = variables.iter().map(owned).collect();
        self
    }

    /// Where somebody else's home is: for commands there while that one starts and stops its node.
    ///
    /// # Panics
    /// When there is no room for files.
    #[must_use]
    pub fn at(home: PathBuf, id: &str) -> Self {
        let mut hand = Self::nowhere(id);
        hand.elsewhere = Some(home);
        hand
    }

    /// Makes a home with an impatient configuration, starts its node and registers an officer.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn with_officer(id: &str) -> Self {
        Self::init(id).manned()
    }

    /// As [`Self::with_officer`], an agency whose policy comes with the node, with the official
    /// `c.doe` of `title`.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn under_its_policy(id: &str, title: &str) -> Self {
        let hand = Self::init_under(id, id).manned();
        let official = ["user", "add", "c.doe", "--full-name", "Chris Doe", "--role", "supervisor"];
        hand.accord(&[&official[..], &["--title", title]].concat()).done();
        hand
    }

    /// As [`Self::with_officer`], its database at `url`.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn with_officer_on(id: &str, url: &str) -> Self {
        let listen = free_address();
        let made =
            Self::nowhere(id).made("california-statute", listen.as_str(), &["--database", url]);
        made.manned()
    }

    /// Makes the configuration impatient, starts the node and registers an officer.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn manned(self) -> Self {
        let mut hand = self;
        hand.be_impatient();
        hand.start();
        let trained = Clock::system().now().minus_days(30).day();
        let added = hand.accord(&[
            "user",
            "add",
            OFFICER,
            "--full-name",
            "Maria Reyes",
            "--role",
            "sworn",
            "--title",
            "Detective",
            "--trained-on",
            &trained,
        ]);
        assert_eq!(added.done()["name"], OFFICER);
        hand
    }

    /// Gives an owner two seconds to answer, in place of half a minute.
    ///
    /// # Panics
    /// When the configuration is not as `accord init` writes it.
    pub fn be_impatient(&self) {
        let path = self.home().join("accord.toml");
        let text = std::fs::read_to_string(&path).expect("a configuration");
        assert!(text.contains("answer_seconds = 30"), "{text}");
        std::fs::write(path, text.replace("answer_seconds = 30", "answer_seconds = 2"))
            .expect("a configuration");
    }

    /// A file beside the home.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// The home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.elsewhere.clone().unwrap_or_else(|| self.dir.path().join("home"))
    }

    /// Runs a command with `--json`, as the administrator.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord(&self, args: &[&str]) -> Ended {
        ended(self.command(args).stdin(Stdio::null()).output().expect("a process"))
    }

    /// Runs `args` as the administrator until what it prints shows something.
    ///
    /// # Panics
    /// When it does not within [`LONGEST`].
    pub fn until<T>(&self, args: &[&str], look: impl Fn(&Ended) -> Option<T>) -> T {
        let end = Instant::now() + LONGEST;
        loop {
            let ended = self.accord(args);
            if let Some(found) = look(&ended) {
                return found;
            }
            assert!(Instant::now() < end, "{args:?}: {ended:?}");
            std::thread::sleep(PAUSE);
        }
    }

    /// Records the card of `of`, as an administrator who heard the fingerprint.
    ///
    /// # Panics
    /// When it is not recorded.
    pub fn knows(&self, of: &Self) {
        let file = of.file("card.json");
        let shown = of.accord(&["card", "show", "--out", &file]).done();
        let fingerprint = shown["fingerprint"].as_str().expect("a fingerprint");
        let heard = ["--fingerprint", fingerprint, "--verified-by", "telephone"];
        self.accord(&[&["card", "add", &file], &heard[..]].concat()).done();
    }

    /// Puts an agreement after the template `lasd` in force between this agency and `other`; its id.
    ///
    /// # Panics
    /// When that fails.
    pub fn agrees_with(&self, other: &Self) -> String {
        let file = self.file("draft.toml");
        let parties = ["--party", self.id.as_str(), "--party", other.id.as_str()];
        let draft = ["agreement", "draft", "--template", "lasd", "--out", &file];
        let drafted = self.accord(&[&draft[..], &parties].concat()).done();
        let id = drafted["agreement"].as_str().expect("an id").to_owned();
        let proposed = self.accord(&["agreement", "propose", &file]).done();
        assert_eq!(proposed["agreement"], id.as_str());
        other.until(&["agreement", "show", &id], |shown| (shown.code == 0).then_some(()));
        other.accord(&["agreement", "sign", &id]).done();
        self.until(&["agreement", "show", &id], |shown| {
            (shown.done()["state"] == "in_force").then_some(())
        });
        id
    }

    /// Brings in `count` reads of `plate`.
    ///
    /// # Panics
    /// When they are not all stored.
    pub fn has_reads(&self, plate: &str, count: usize) {
        let owner = self.id.parse().expect("an agency id");
        let lines: Vec<_> = reads(&owner, plate, count, Clock::system().now())
            .iter()
            .map(|read| serde_json::to_string(read).expect("JSON"))
            .collect();
        let file = self.file("reads.jsonl");
        std::fs::write(&file, lines.join("\n")).expect("a file");
        let stored = self.accord(&["reads", "import", "--format", "native", &file]).done();
        assert_eq!(stored["stored"], count);
    }

    /// Runs a command with `--json`, as `user`.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord_as(&self, user: &str, args: &[&str]) -> Ended {
        ended(
            self.command(args)
                .env("ACCORD_USER", user)
                .stdin(Stdio::null())
                .output()
                .expect("a process"),
        )
    }

    /// Runs a command with `--json`, naming nobody who acts.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord_unnamed(&self, args: &[&str]) -> Ended {
        let mut command = self.command(args);
        ended(command.env_remove("ACCORD_USER").stdin(Stdio::null()).output().expect("a process"))
    }

    /// Runs a command without `--json`, as `user`: what a person reads.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn tells(&self, user: &str, args: &[&str]) -> Ended {
        let mut command = Command::new(binary());
        command.env("ACCORD_HOME", self.home()).env("ACCORD_USER", user).args(args);
        ended(command.stdin(Stdio::null()).output().expect("a process"))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .env("ACCORD_HOME", self.home())
            .env("ACCORD_USER", "admin")
            .arg("--json")
            .args(args);
        command
    }
}

/// Runs a command with `--json` at `home`, as the administrator.
///
/// # Panics
/// When it cannot be run.
#[must_use]
pub fn accord_at(home: &Path, args: &[&str]) -> Ended {
    let mut command = Command::new(binary());
    command.env("ACCORD_HOME", home).env("ACCORD_USER", "admin").arg("--json").args(args);
    ended(command.stdin(Stdio::null()).output().expect("a process"))
}

fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}
