//! The real binary, as a person or a script runs it.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use audit_log::clock::Clock;
use serde_json::Value;
use tempfile::TempDir;

use crate::agency::free_address;
use crate::fixtures::{OFFICER, json_lines, reads};
use crate::wait::LONGEST;

mod commands;
pub(crate) mod desk;
mod output;
mod running;
mod terminal;

pub use commands::accord_at;
pub use desk::Desk;
pub use output::CommandOutput;
pub use terminal::accord_at_a_terminal;

/// Why the officer asks, as options of a command.
pub const STOLEN_VEHICLE: [&str; 6] = [
    "--purpose",
    "stolen_vehicle",
    "--reason",
    "Stolen vehicle reported by its owner",
    "--case",
    "26-004711",
];
const PAUSE: Duration = Duration::from_millis(50);

/// A home that the real binary works in.
pub struct CliAgency {
    dir: TempDir,
    home: PathBuf,
    desk: Desk,
    run: Option<Child>,
    /// What its node is started with: a program before it, such as `ip netns exec`, and variables.
    before: Vec<String>,
    variables: Vec<(String, String)>,
    /// Its agency.
    pub id: String,
    /// The code by which its first administrator enrols, where that was printed.
    pub enrolment: String,
}

impl Drop for CliAgency {
    fn drop(&mut self) {
        if let Some(mut run) = self.run.take() {
            // A test that failed leaves no node behind; one that went well has stopped it.
            drop(run.kill());
            drop(run.wait());
        }
    }
}

impl CliAgency {
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
        Self::without_home(id).init_with(policy, free_address().as_str(), &[])
    }

    /// Makes the home with `accord init`, listening at `listen`; `further` stands at the end.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn init_with(mut self, policy: &str, listen: &str, further: &[&str]) -> Self {
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
        let made = self.accord_unnamed(&[&init[..], further].concat()).done();
        assert_eq!(made["agency"], self.id.as_str());
        self.enrolment = made["enrolment"]["code"].as_str().unwrap_or_default().to_owned();
        self.desk.admin_enrols_by(&self.enrolment);
        self
    }

    /// Where no home is yet.
    ///
    /// # Panics
    /// When there is no room for one.
    #[must_use]
    pub fn without_home(id: &str) -> Self {
        let dir = TempDir::new().expect("a directory");
        let home = dir.path().join("home");
        Self {
            desk: Desk::of(&home, dir.path()),
            dir,
            home,
            run: None,
            before: Vec::new(),
            variables: Vec::new(),
            id: id.to_owned(),
            enrolment: String::new(),
        }
    }

    /// With its node started by `before`, a program that becomes it, and with `variables` set.
    #[must_use]
    pub fn run_under(mut self, before: &[&str], variables: &[(&str, &str)]) -> Self {
        self.before = before.iter().map(ToString::to_string).collect();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.variables = variables.iter().map(owned).collect();
        self
    }

    /// Where somebody else's home is: for commands there while that one starts and stops its node, by
    /// the sessions that stand in `runtime`.
    ///
    /// # Panics
    /// When there is no room for files.
    #[must_use]
    pub fn at(home: PathBuf, runtime: &Path, id: &str) -> Self {
        let mut agency = Self::without_home(id);
        agency.desk = Desk::of(&home, runtime);
        agency.home = home;
        agency
    }

    /// The same home and people, for commands there while this one starts and stops its node.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::at(self.home(), self.dir.path(), &self.id)
    }

    /// Its people.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Makes a home with an impatient configuration, starts its node and registers an officer.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn with_officer(id: &str) -> Self {
        Self::init(id).start_with_officer()
    }

    /// As [`Self::with_officer`], an agency whose policy comes with the node, with the official
    /// `c.doe` of `title`.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn under_its_policy(id: &str, title: &str) -> Self {
        let agency = Self::init_under(id, id).start_with_officer();
        let official = ["user", "add", "c.doe", "--full-name", "Chris Doe", "--role", "supervisor"];
        agency.accord(&[&official[..], &["--title", title]].concat()).done();
        agency
    }

    /// As [`Self::with_officer`], its database at `url`.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn with_officer_on(id: &str, url: &str) -> Self {
        let listen = free_address();
        let made = Self::without_home(id).init_with(
            "california-statute",
            listen.as_str(),
            &["--database", url],
        );
        made.start_with_officer()
    }

    /// Makes the configuration impatient, starts the node and registers an officer.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn start_with_officer(self) -> Self {
        let mut agency = self;
        agency.shorten_answer_time();
        agency.start();
        let trained = Clock::system().now().minus_days(30).day();
        let added = agency.accord(&[
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
        agency
    }

    /// Gives an owner two seconds to answer, in place of half a minute.
    ///
    /// # Panics
    /// When the configuration is not as `accord init` writes it.
    pub fn shorten_answer_time(&self) {
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
        self.home.clone()
    }

    /// Runs a command with `--json`, as the administrator.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord(&self, args: &[&str]) -> CommandOutput {
        self.accord_as("admin", args)
    }

    /// Runs `args` as the administrator until what it prints shows something.
    ///
    /// # Panics
    /// When it does not within [`LONGEST`].
    pub fn retry_until<T>(&self, args: &[&str], look: impl Fn(&CommandOutput) -> Option<T>) -> T {
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
    pub fn add_card(&self, of: &Self) {
        let file = of.file("card.json");
        let shown = of.accord(&["card", "show", "--out", &file]).done();
        let fingerprint = shown["fingerprint"].as_str().expect("a fingerprint");
        let heard = ["--fingerprint", fingerprint, "--verified-by", "telephone"];
        let added = self.accord(&[&["card", "add", &file], &heard[..]].concat()).done();
        let blocked = Value::Bool(false);
        assert_eq!((&added["agency"], &added["blocked"]), (&of.id.as_str().into(), &blocked));
    }

    /// Records the card of `other` here, and this one's there.
    ///
    /// # Panics
    /// When one is not recorded.
    pub fn introduce(&self, other: &Self) {
        self.add_card(other);
        other.add_card(self);
    }

    /// Waits until no letter to a peer is under way.
    ///
    /// # Panics
    /// When one still is after [`LONGEST`].
    pub fn wait_for_delivery(&self) {
        self.retry_until(&["doctor"], |doctor| {
            let rows = doctor.lines();
            let outbox = rows.iter().find(|row| row["check"] == "outbox")?;
            outbox["detail"].as_str()?.starts_with("0 letters").then_some(())
        });
    }

    /// Puts an agreement after the template `lasd` in force between this agency and `other`; its id.
    ///
    /// # Panics
    /// When that fails.
    pub fn agree_with(&self, other: &Self) -> String {
        let file = self.file("draft.toml");
        let parties = ["--party", self.id.as_str(), "--party", other.id.as_str()];
        let draft = ["agreement", "draft", "--template", "lasd", "--out", &file];
        let drafted = self.accord(&[&draft[..], &parties].concat()).done();
        let id = drafted["agreement"].as_str().expect("an id").to_owned();
        // More is asked under load in a minute than the template gives a day.
        let text = std::fs::read_to_string(&file).expect("a draft");
        let more = text.replace("daily_limit = 500", "daily_limit = 100000");
        std::fs::write(&file, more).expect("a draft");
        let proposed = self.accord(&["agreement", "propose", &file]).done();
        assert_eq!(proposed["agreement"], id.as_str());
        other.sign_as_read("admin", &id).done();
        self.retry_until(&["agreement", "show", &id], |shown| {
            (shown.done()["state"] == "in_force").then_some(())
        });
        id
    }

    /// Waits for an agreement, reads it, and signs what was read.
    pub fn sign_as_read(&self, user: &str, agreement: &str) -> CommandOutput {
        let digest = self.retry_until(&["agreement", "show", agreement], |shown| {
            (shown.code == 0).then(|| shown.done()["digest"].as_str().expect("one").to_owned())
        });
        self.accord_as(user, &["agreement", "sign", agreement, "--digest", &digest])
    }

    /// Imports `count` reads of `plate`.
    ///
    /// # Panics
    /// When they are not all stored.
    pub fn add_reads(&self, plate: &str, count: usize) {
        let owner = self.id.parse().expect("an agency id");
        let lines = json_lines(&reads(&owner, plate, count, Clock::system().now()));
        let file = self.file("reads.jsonl");
        std::fs::write(&file, lines).expect("a file");
        let imported = self.accord(&["reads", "import", "--format", "native", &file]).done();
        let count = Value::from(count);
        assert_eq!((&imported["records"], &imported["stored"]), (&count, &count));
    }
}
