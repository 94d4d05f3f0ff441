//! An auditor: a folder of files that agencies handed over, the real binary, and nothing else. No
//! node, no home, no network.

use std::path::{Path, PathBuf};
use std::process::Command;

use schemas::bundle::{BundleLine, Head};
use schemas::entry::EntryKind as Kind;
use schemas::query::QueryId;
use serde::Deserialize as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::agency::Agency;
use crate::binary::{audit_binary, binary};
use crate::command_line::{CommandOutput, accord_at};
use crate::federation::{answered_query, sharing_pair};

/// Where an auditor works.
pub struct Auditor(TempDir);

impl Default for Auditor {
    fn default() -> Self {
        Self(TempDir::new().expect("a directory"))
    }
}

impl Auditor {
    /// A file of the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The path of a file as an argument.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    /// Has an agency export its log into the folder, as `NAME.bundle`.
    ///
    /// # Panics
    /// When it does not.
    pub fn receive(&self, name: &str, of: &Agency, scope: &[&str]) -> Value {
        let path = self.path(name);
        let mut args = vec!["audit", "export", "--out", &path];
        args.extend(scope);
        of.accord(&args).done()
    }

    /// Runs a command where no node lives.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> CommandOutput {
        tokio::task::block_in_place(|| accord_at(Path::new("/nowhere"), args))
    }

    /// Runs a command where no node lives, without `--json`: what a person reads.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn run_as_text(&self, args: &[&str]) -> CommandOutput {
        let mut command = Command::new(binary());
        command.env("ACCORD_HOME", "/nowhere").args(args);
        tokio::task::block_in_place(|| command.output().expect("a process").into())
    }

    /// Runs `accord-audit`, the program of whoever has no node, with exactly these arguments.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn run_without_node(&self, args: &[&str]) -> CommandOutput {
        let mut command = Command::new(audit_binary());
        command.args(args).current_dir(self.0.path());
        tokio::task::block_in_place(|| command.output().expect("accord-audit runs").into())
    }

    /// Verifies a bundle, with the keys of these agencies pinned; the exit code and the report.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn verify(&self, name: &str, pinned: &[&Agency]) -> (i32, Value) {
        let path = self.path(name);
        let pins = key_pins(pinned);
        let mut args = vec!["audit", "verify", path.as_str()];
        args.extend(pins.iter().map(String::as_str));
        let ended = self.run(&args);
        let report = ended.lines().pop().unwrap_or_else(|| panic!("{ended:?}"));
        (ended.code, report)
    }

    /// Reconciles two bundles, with both keys pinned; the exit code and the report.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn reconcile(&self, bundles: [&str; 2], of: [&Agency; 2]) -> (i32, Value) {
        let paths = bundles.map(|name| self.path(name));
        let pins = key_pins(&of);
        let mut args = vec!["audit", "reconcile", &paths[0], &paths[1], "--grace", "0"];
        args.extend(pins.iter().map(String::as_str));
        let ended = self.run(&args);
        let report = ended.lines().pop().unwrap_or_else(|| panic!("{ended:?}"));
        (ended.code, report)
    }

    /// Changes the lines of a bundle.
    ///
    /// # Panics
    /// When it cannot be read or written.
    pub fn edit(&self, name: &str, change: impl FnOnce(&mut Vec<String>)) {
        let text = std::fs::read_to_string(self.file(name)).expect("a bundle");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        std::fs::write(self.file(name), lines.join("\n") + "\n").expect("a bundle");
    }
}

/// The lines of a bundle that are entries: those that stand behind what they are checked by.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn entry_lines(bundle: &str) -> std::ops::Range<usize> {
    let first = bundle.lines().position(|line| line.starts_with("{\"entry\":"));
    first.expect("an entry")..bundle.lines().count()
}

/// A line of a bundle that was changed, in the one spelling that lines have.
///
/// # Panics
/// When it says nothing that a line may.
#[must_use]
pub fn spelt(line: Value) -> String {
    let head = Head::deserialize(&line).map(|head| serde_json::to_string(&head));
    let spelt = head.unwrap_or_else(|_| {
        let line = BundleLine::deserialize(&line).expect("a line of a bundle");
        serde_json::to_string(&line)
    });
    spelt.expect("JSON")
}

/// `--key ID=FINGERPRINT` for these agencies.
#[must_use]
pub fn key_pins(of: &[&Agency]) -> Vec<String> {
    of.iter()
        .flat_map(|agency| {
            let key = agency.identity.agency_key.public().fingerprint();
            ["--key".to_owned(), format!("{}={key}", agency.id())]
        })
        .collect()
}

/// The codes of a report's problems, each with its index.
#[must_use]
pub fn problems(report: &Value) -> Vec<(Option<u64>, String)> {
    let found = report["problems"].as_array().expect("problems");
    found
        .iter()
        .map(|problem| {
            (problem["index"].as_u64(), problem["code"].as_str().expect("a code").to_owned())
        })
        .collect()
}

/// Two agencies that share, and an exchange between them.
pub async fn pair_with_exchange() -> (Agency, Agency, QueryId) {
    let (asking, owning, _) = sharing_pair().await;
    let query = answered_query(&asking, &owning).await;
    (asking, owning, query)
}

/// Where the one entry of a kind stands.
pub async fn entry_index(at: &Agency, kind: Kind) -> u64 {
    at.log().await.one(kind).header.index
}

/// Both exports in an auditor's folder.
#[must_use]
pub fn bundles_of_both(asking: &Agency, owning: &Agency) -> Auditor {
    let auditor = Auditor::default();
    auditor.receive("asking", asking, &[]);
    auditor.receive("owning", owning, &[]);
    auditor
}

/// Both exports compared.
///
/// # Panics
/// When the exit code is not that of the findings.
#[must_use]
pub fn reconcile_bundles(auditor: &Auditor, asking: &Agency, owning: &Agency) -> Value {
    let (code, report) = auditor.reconcile(["asking", "owning"], [asking, owning]);
    let none = report["findings"].as_array().expect("findings").is_empty();
    assert_eq!(code, i32::from(!none), "{report}");
    report
}

/// The findings of a class.
///
/// # Panics
/// When the report is none.
#[must_use]
pub fn findings_of<'a>(report: &'a Value, class: &str) -> Vec<&'a Value> {
    let all = report["findings"].as_array().expect("findings").iter();
    all.filter(|finding| finding["class"] == class).collect()
}

/// The one finding of a class.
///
/// # Panics
/// When there is none or more than one.
#[must_use]
pub fn single_finding<'a>(report: &'a Value, class: &str) -> &'a Value {
    match findings_of(report, class).as_slice() {
        [one] => one,
        _ => panic!("not one `{class}` in {report:#}"),
    }
}

/// The problem at an entry, among those of its bundle.
///
/// # Panics
/// When it is not there.
pub fn assert_problem(report: &Value, index: Option<u64>, code: &str) {
    let all = problems(report);
    assert!(all.contains(&(index, code.to_owned())), "no {code} at {index:?} in {all:?}");
}
