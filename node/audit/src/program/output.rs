//! What a person or a script sees.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use audit::Unable;
use schemas::refusal::Citation;
use schemas::text::{visible, visible_json};
use serde::Serialize;

/// JSON for scripts, or sentences for people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(super) const fn json(self) -> bool {
        self.json
    }

    /// One JSON object for scripts; for people, `say`.
    pub(super) fn object<T: Serialize>(
        self,
        value: &T,
        say: impl FnOnce() -> String,
    ) -> Result<(), Unable> {
        // An export holds others' words: none of them writes on the auditor's screen.
        let line = if self.json {
            let line = serde_json::to_string(value)
                .map_err(|e| Unable::Failed(format!("a result could not be written ({e})")))?;
            visible_json(&line)
        } else {
            visible(&say()).into_owned()
        };
        let mut stdout = io::stdout().lock();
        printed(writeln!(stdout, "{line}").and_then(|()| stdout.flush()))
    }

    /// What a command that could not be done prints, and how it ends: the sentence on stderr and, for
    /// scripts, one line of JSON on stdout.
    pub(super) fn fail(self, error: &Unable) -> ExitCode {
        self.error_line(error);
        err(&format!("error: {error}"));
        ExitCode::from(error.exit_code())
    }

    /// The line of JSON that scripts read of a command that could not be done.
    pub(super) fn error_line(self, error: &Unable) {
        if !self.json {
            return;
        }
        let message = error.to_string();
        let error = ErrorObject { code: error.code(), message, citations: Vec::new() };
        match serde_json::to_string(&ErrorLine { error }) {
            Ok(line) => drop(writeln!(io::stdout().lock(), "{}", visible_json(&line))),
            Err(error) => err(&format!("error: an error could not be written ({error})")),
        }
    }
}

/// A result that is lost has not been told. A closed pipe is the reader's way of saying that it has
/// enough.
pub(super) fn printed(written: io::Result<()>) -> Result<(), Unable> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Unable::Failed(format!("what was to be printed could not be written ({error})")))
        }
        _ => Ok(()),
    }
}

/// What `--json` prints of a command that could not be done, as `accord` does.
#[derive(Serialize)]
struct ErrorLine<'a> {
    error: ErrorObject<'a>,
}

/// An error for scripts.
#[derive(Serialize)]
struct ErrorObject<'a> {
    code: &'a str,
    /// The sentence that stands on stderr.
    message: String,
    /// Always empty: no rule of a policy forbids looking at a file.
    citations: Vec<Citation>,
}

/// A line beside the result.
pub(super) fn err(text: &str) {
    drop(writeln!(io::stderr().lock(), "{}", visible(text)));
}
