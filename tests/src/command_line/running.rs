//! The node of a home: started, stopped as an administrator would, and worse.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::CliAgency;
use crate::binary::binary;

impl CliAgency {
    /// Starts `accord run` and waits until it says that it is ready.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// As [`Self::start`], with further options.
    ///
    /// # Panics
    /// When it does not say that it is ready.
    pub fn start_with(&mut self, further: &[&str]) {
        let args = [&["--json", "run"], further].concat();
        let mut run = match self.before.split_first() {
            None => self.desk.command_of_nobody(&args),
            Some((program, rest)) => {
                let mut run = Command::new(program);
                run.args(rest).arg(binary()).args(&args);
                run.env("ACCORD_HOME", &self.home);
                run
            }
        };
        let mut child = run
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let out = child.stdout.take().expect("its stdout");
        self.run = Some(child);
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).expect("the line that says it is ready");
        assert_eq!(
            (&ready["ready"], &ready["agency"]),
            (&Value::Bool(true), &Value::String(self.id.clone()))
        );
    }

    /// Stops the node as an administrator would, with SIGTERM; its exit code.
    ///
    /// # Panics
    /// When it does not run.
    pub fn stop(&mut self) -> i32 {
        let mut run = self.run.take().expect("a running node");
        let asked =
            Command::new("kill").arg("-TERM").arg(run.id().to_string()).status().expect("kill");
        assert!(asked.success());
        run.wait().expect("its end").code().expect("an exit code")
    }

    /// The node's process.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.run.as_ref().expect("a running node").id()
    }

    /// Sends the node a signal, such as `STOP`.
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&self, name: &str) {
        let run = self.run.as_ref().expect("a running node");
        let sent = Command::new("kill").args(["-s", name, &run.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    /// Ends the node at once, as a power cut would.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        let mut run = self.run.take().expect("a running node");
        run.kill().expect("a signal");
        run.wait().expect("its end");
    }
}
