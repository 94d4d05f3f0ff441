//! Commands at a home, by the sessions of its people or by none.

use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;

use super::{CliAgency, CommandOutput, Desk};

impl CliAgency {
    /// Runs a command with `--json`, as `user`.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord_as(&self, user: &str, args: &[&str]) -> CommandOutput {
        self.desk.run(user, &[&["--json"], args].concat())
    }

    /// Runs a command with `--json`, naming nobody who acts: by the session that was opened last.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord_unnamed(&self, args: &[&str]) -> CommandOutput {
        let mut command = self.desk.command_of_nobody(&[&["--json"], args].concat());
        CommandOutput::from(command.stdin(Stdio::null()).output().expect("a process"))
    }

    /// Runs a command without `--json`, as `user`: what a person reads.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord_text(&self, user: &str, args: &[&str]) -> CommandOutput {
        self.desk.run(user, args)
    }

    /// Runs a command with `--json` that names `user`, where nobody is signed in.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord_without_sessions(&self, user: &str, args: &[&str]) -> CommandOutput {
        let elsewhere = TempDir::new().expect("a directory");
        let mut command = self.desk.command(user, &[&["--json"], args].concat());
        command.env("XDG_RUNTIME_DIR", elsewhere.path());
        CommandOutput::from(command.stdin(Stdio::null()).output().expect("a process"))
    }
}

/// Runs a command with `--json` at `home`, where nobody is signed in.
///
/// # Panics
/// When it cannot be run.
#[must_use]
pub fn accord_at(home: &Path, args: &[&str]) -> CommandOutput {
    let elsewhere = TempDir::new().expect("a directory");
    let desk = Desk::of(home, elsewhere.path());
    let mut command = desk.command_of_nobody(&[&["--json"], args].concat());
    CommandOutput::from(command.stdin(Stdio::null()).output().expect("a process"))
}
