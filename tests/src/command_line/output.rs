//! What a command printed and how it ended.

use std::process::Output;

use serde_json::Value;

/// How a command ended.
#[derive(Debug)]
pub struct CommandOutput {
    /// Its exit code.
    pub code: i32,
    /// What stood on stdout.
    pub out: String,
    /// What stood on stderr.
    pub err: String,
}

impl CommandOutput {
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

    /// Whether a check that `accord doctor` made is well, and what it says.
    ///
    /// # Panics
    /// When there is no such check among the lines on stdout.
    #[must_use]
    pub fn check(&self, name: &str) -> (bool, String) {
        let found = self.lines().into_iter().find(|line| line["check"] == name);
        let found = found.unwrap_or_else(|| panic!("no check `{name}`: {self:?}"));
        let said = found["detail"].as_str().unwrap_or_else(|| panic!("{found}"));
        (found["ok"] == true, said.to_owned())
    }

    /// The one sentence on stderr of a command with `--json` that was not done; the one line on
    /// stdout says the same.
    ///
    /// # Panics
    /// When its code is another, or it said more or less than that.
    #[must_use]
    pub fn failed(&self, code: i32) -> &str {
        let error = self.only_error(code);
        let said: Vec<_> = self.err.lines().collect();
        assert_eq!(said.len(), 1, "one sentence: {self:?}");
        let message = error["message"].as_str().expect("a message");
        assert_eq!(said[0].strip_prefix("error: "), Some(message), "{self:?}");
        said[0]
    }

    /// The error that is all that stands on stdout of a command with `--json` that was not done.
    ///
    /// # Panics
    /// When its code is another, or something else stands there.
    #[must_use]
    pub fn only_error(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{self:?}");
        let [line] = &self.lines()[..] else { panic!("one line: {self:?}") };
        let error = line["error"].clone();
        assert!(error["code"].as_str().is_some_and(|code| !code.is_empty()), "{self:?}");
        assert!(error["message"].as_str().is_some_and(|said| !said.is_empty()), "{self:?}");
        assert!(error["citations"].is_array(), "{self:?}");
        error
    }
}

impl From<Output> for CommandOutput {
    /// # Panics
    /// When the command was ended by a signal, or wrote what is no text.
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("an exit code"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}
