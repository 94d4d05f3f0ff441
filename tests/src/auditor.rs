//! An auditor: a folder of files that agencies handed over, the real binary, and nothing else. No
//! node, no home, no network.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::agency::Agency;
use crate::command::{Ended, accord_at};

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
    pub fn receives(&self, name: &str, of: &Agency, scope: &[&str]) -> Value {
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
    pub fn runs(&self, args: &[&str]) -> Ended {
        tokio::task::block_in_place(|| accord_at(Path::new("/nowhere"), args))
    }

    /// Verifies a bundle, with the keys of these agencies pinned; the exit code and the report.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn verifies(&self, name: &str, pinned: &[&Agency]) -> (i32, Value) {
        let path = self.path(name);
        let pins = pins(pinned);
        let mut args = vec!["audit", "verify", path.as_str()];
        args.extend(pins.iter().map(String::as_str));
        let ended = self.runs(&args);
        let report = ended.lines().pop().unwrap_or_else(|| panic!("{ended:?}"));
        (ended.code, report)
    }

    /// Reconciles two bundles, with both keys pinned; the exit code and the report.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn reconciles(&self, bundles: [&str; 2], of: [&Agency; 2]) -> (i32, Value) {
        let paths = bundles.map(|name| self.path(name));
        let pins = pins(&of);
        let mut args = vec!["audit", "reconcile", &paths[0], &paths[1], "--grace", "0"];
        args.extend(pins.iter().map(String::as_str));
        let ended = self.runs(&args);
        let report = ended.lines().pop().unwrap_or_else(|| panic!("{ended:?}"));
        (ended.code, report)
    }

    /// Changes the lines of a bundle.
    ///
    /// # Panics
    /// When it cannot be read or written.
    pub fn changes(&self, name: &str, change: impl FnOnce(&mut Vec<String>)) {
        let text = std::fs::read_to_string(self.file(name)).expect("a bundle");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        std::fs::write(self.file(name), lines.join("\n") + "\n").expect("a bundle");
    }
}

/// `--key ID=FINGERPRINT` for these agencies.
#[must_use]
pub fn pins(of: &[&Agency]) -> Vec<String> {
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
