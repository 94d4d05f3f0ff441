//! The people of one home at their desk: each signs in the first time that a command asks for it, with
//! a password and a printed card, and again when her session is over.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::CommandOutput;
use crate::binary::binary;

/// The first administrator of every home here.
const ADMIN: &str = "admin";

/// Where they sit: sessions and the files of their authenticators stand in a folder of their own.
#[derive(Debug)]
pub struct Desk {
    home: PathBuf,
    folder: PathBuf,
    /// The code by which the first administrator enrols, until she has.
    enrolment: Mutex<Option<String>>,
    /// Held by who signs somebody in.
    turn: Mutex<()>,
}

/// What stands below a command's own words.
fn output(mut command: Command) -> CommandOutput {
    CommandOutput::from(command.stdin(Stdio::null()).output().expect("a process"))
}

/// Whether a command was refused because nobody is signed in, or has not proved herself lately.
pub(crate) fn asks_for_a_session(ran: &CommandOutput) -> bool {
    ran.code == 1 && ran.err.contains("`accord login")
}

impl Desk {
    /// That of the people of `home`, with a folder for what they have there.
    #[must_use]
    pub fn of(home: &Path, folder: &Path) -> Self {
        let (enrolment, turn) = (Mutex::default(), Mutex::default());
        Self { home: home.to_owned(), folder: folder.to_owned(), enrolment, turn }
    }

    /// The first administrator enrols by `code` when she is first wanted.
    pub fn admin_enrols_by(&self, code: &str) {
        let mut enrolment = self.enrolment.lock().unwrap_or_else(PoisonError::into_inner);
        *enrolment = Some(code.to_owned());
    }

    /// The file that holds what a person signs in by.
    #[must_use]
    pub fn authenticators(&self, user: &str) -> PathBuf {
        self.folder.join(format!("{user}.authenticators"))
    }

    /// A command at the home, by the session of `user`.
    #[must_use]
    pub fn command(&self, user: &str, args: &[&str]) -> Command {
        let mut command = self.command_of_nobody(args);
        command.env("ACCORD_SESSION", user);
        command
    }

    /// A command at the home that names nobody.
    #[must_use]
    pub fn command_of_nobody(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.env("ACCORD_HOME", &self.home).env("XDG_RUNTIME_DIR", &self.folder);
        command.env_remove("ACCORD_SESSION").args(args);
        command
    }

    /// Runs a command as `user`, who signs in if it asks for it.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn run(&self, user: &str, args: &[&str]) -> CommandOutput {
        let ran = output(self.command(user, args));
        if !asks_for_a_session(&ran) {
            return ran;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.again(user, args)
    }

    /// As [`Self::run`], by who has the turn: somebody may have signed in as her meanwhile.
    fn again(&self, user: &str, args: &[&str]) -> CommandOutput {
        let ran = output(self.command(user, args));
        if asks_for_a_session(&ran) && self.sign_in(user) {
            return output(self.command(user, args));
        }
        ran
    }

    /// Signs `user` in now: for what comes when nobody can.
    ///
    /// # Panics
    /// When she may not.
    pub fn signs_in(&self, user: &str) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(self.sign_in(user), "{user} may not sign in");
    }

    /// The secret of the session of `user`, who signs in if she is not.
    ///
    /// # Panics
    /// When she may not.
    #[must_use]
    pub fn token(&self, user: &str) -> String {
        let kept = || {
            let mut homes = std::fs::read_dir(self.folder.join("accord")).ok()?;
            let file = homes.next()?.ok()?.path().join(format!("{user}.session"));
            std::fs::read_to_string(file).ok()
        };
        kept()
            .or_else(|| {
                self.signs_in(user);
                kept()
            })
            .expect("a session")
    }

    /// Signs a person in, who enrols before if she never did, or has nothing left that counts. Whether
    /// she is.
    fn sign_in(&self, user: &str) -> bool {
        let file = self.authenticators(user);
        let file = file.to_str().expect("UTF-8");
        if Path::new(file).exists() {
            let login = ["--json", "login", "--from", file];
            if output(self.command_of_nobody(&login)).code == 0 {
                return true;
            }
        }
        let code = if user == ADMIN {
            self.enrolment.lock().unwrap_or_else(PoisonError::into_inner).take()
        } else {
            let enrol = ["--json", "user", "enrol", user, "--identified", "in person"];
            let sheet = self.again(ADMIN, &enrol);
            (sheet.code == 0).then(|| sheet.done()["code"].as_str().expect("a code").to_owned())
        };
        code.is_some_and(|code| {
            drop(std::fs::remove_file(file));
            let login = ["--json", "login", "--enrol", &code, "--card", "--save", file];
            let ran = output(self.command_of_nobody(&login));
            if ran.code != 0 {
                eprintln!("{user} did not enrol: {ran:?}");
            }
            ran.code == 0
        })
    }
}
