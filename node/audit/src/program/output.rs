//! What a person or a script sees.

use std::io::Write as _;

use audit::Unable;
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
        let line = if self.json {
            serde_json::to_string(value)
                .map_err(|e| Unable::Failed(format!("a result could not be written ({e})")))?
        } else {
            say()
        };
        // A closed pipe is the reader's way of saying that it has enough.
        drop(writeln!(std::io::stdout().lock(), "{line}"));
        Ok(())
    }
}

/// A line beside the result.
pub(super) fn err(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}
