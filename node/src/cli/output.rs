//! What a person or a script sees.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;
use std::sync::OnceLock;

use schemas::refusal::Citation;
use schemas::text::{visible, visible_json};
use serde::Serialize;
use serde_json::Value;

use crate::permission::{ActError, ErrorClass, Reason};
use audit::wording::counted;

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
    pub(super) fn object<T: Serialize>(self, value: &T, say: impl FnOnce() -> String) {
        if self.json {
            match serde_json::to_string(value) {
                Ok(line) => line_out(&line),
                Err(error) => err(&format!("error: a result could not be written ({error})")),
            }
        } else {
            out(&say());
        }
    }

    /// A line for people; scripts do not see it on stdout.
    pub(super) fn note(self, line: &str) {
        if self.json { err(line) } else { out(line) }
    }

    /// What a command that failed prints, and how it ends: the sentence on stderr and, for scripts,
    /// one line of JSON on stdout.
    pub(super) fn fail(self, error: &ActError) -> ExitCode {
        self.error_line(error);
        err(&format!("error: {error}"));
        ExitCode::from(exit_code(error.class()))
    }

    /// The line of JSON that scripts read of a command that failed.
    pub(super) fn error_line(self, error: &ActError) {
        if !self.json {
            return;
        }
        let line = ErrorLine {
            error: ErrorObject {
                code: error.code(),
                message: error.to_string(),
                citations: error.citations(),
                reasons: Some(error.reasons()).filter(|reasons| reasons.len() > 1),
            },
        };
        match serde_json::to_string(&line) {
            Ok(line) => line_out(&line),
            Err(error) => err(&format!("error: an error could not be written ({error})")),
        }
    }
}

/// What `--json` prints of a command that failed.
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
    citations: Vec<Citation>,
    /// The reasons of a refusal that has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<&'a [Reason]>,
}

/// The exit code of a command that was refused, or found a discrepancy.
pub(super) const REFUSED: u8 = 1;
/// The exit code of a command that makes no sense.
pub(super) const USAGE: u8 = 2;
/// The exit code of a command that could not be done.
const FAILED: u8 = 3;

const fn exit_code(class: ErrorClass) -> u8 {
    match class {
        ErrorClass::Refused => REFUSED,
        ErrorClass::Usage => USAGE,
        ErrorClass::Failed => FAILED,
    }
}

/// Why something that was to be printed could not be, the first time that happened.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// Text for people. Much of it others have written: what does not print is shown as its number, so that
/// nobody's words rewrite the screen.
fn out(text: &str) {
    written(&visible(text));
}

/// As [`out`], on stderr.
pub(super) fn err(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{}", visible(text)));
}

/// A line of JSON. What does not print stands in its strings alone, and is written as JSON's escapes,
/// which say the same.
fn line_out(line: &str) {
    written(&visible_json(line));
}

/// What was made for other programs, as it is.
pub(super) fn raw(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    told(stdout.write_all(bytes).and_then(|()| stdout.flush()));
}

fn written(line: &str) {
    let mut stdout = std::io::stdout().lock();
    told(writeln!(stdout, "{line}").and_then(|()| stdout.flush()));
}

/// Remembers that something could not be printed: a command whose result is lost has not been done. A
/// closed pipe is the reader's way of saying that it has enough.
pub(super) fn told(printed: std::io::Result<()>) {
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            drop(UNWRITTEN.set(error.to_string()));
        }
        _ => {}
    }
}

/// What a command ends with whose output could not be written.
pub(super) fn unwritten() -> Option<ActError> {
    UNWRITTEN.get().map(|error| {
        ActError::failed(format!(
            "what was to be printed could not be written ({error}); what the command does is done all the same"
        ))
    })
}

/// Words of somebody else that belong on one line: no line feed of theirs begins another.
pub(super) fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\u{A}").replace('\t', "\\u{9}")
}

/// A number in a JSON object with what it counts: `1 read`, `2 reads`.
pub(super) fn number(value: &Value, key: &str, one: &str, many: &str) -> String {
    counted(value.get(key).and_then(Value::as_u64).unwrap_or_default(), one, many)
}

/// How many entries were told.
pub(super) fn counted_entries(count: usize) -> String {
    counted(count, "entry", "entries")
}

/// A field of a JSON object as text; empty when it is not there.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

/// Rows as a table for people: columns as wide as they need to be.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "nothing".into();
    }
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    let width = |n: usize| {
        let cells = rows.iter().filter_map(|row| row.get(n)).map(|cell| cell.chars().count());
        cells.chain(head.get(n).map(|h| h.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, w)| format!("{cell:<w$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut head.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_words_begin_a_line_of_a_table_or_of_a_reason() {
        let words = "no\nport-ca-pd: 1 read under lasd\t\u{1B}[2K";
        assert_eq!(one_line(words), "no\\u{A}port-ca-pd: 1 read under lasd\\u{9}\\u{1B}[2K");
        let shown = table(&["", "what"], &[vec!["1".into(), words.into()]]);
        assert_eq!(shown.lines().count(), 2, "{shown}");
    }
}
