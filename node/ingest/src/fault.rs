//! Sentences about records that cannot be used.
//!
//! Decides how long they are and what of a source's text they repeat: nothing that does not print.

use std::fmt;

/// Longest sentence about one record, in characters.
const LONGEST_SENTENCE: usize = 300;

/// `text` cut to `longest` characters, with what does not print replaced, so that a source file
/// can write neither a flood nor terminal commands into a report.
pub(crate) fn clean(text: &str, longest: usize) -> String {
    let printed = |c: char| {
        let hidden = c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
        if hidden { char::REPLACEMENT_CHARACTER } else { c }
    };
    let mut shown: String = text.chars().take(longest).map(printed).collect();
    if text.chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}

/// Why a record, or one read of it, cannot be used: one bounded sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn new(sentence: impl fmt::Display) -> Self {
        Self(clean(&sentence.to_string(), LONGEST_SENTENCE))
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(format_args!("`{field}` is missing"))
    }

    pub(crate) fn into_sentence(self) -> String {
        self.0
    }
}

macro_rules! fault_from {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::new(error)
            }
        }
    )*};
}

fault_from!(
    schemas::text::TextError,
    schemas::time::TimeError,
    schemas::read::LocationError,
    schemas::read::ConfidenceError,
    schemas::read::SourceError,
);

impl From<serde_json::Error> for Fault {
    /// Without the position, which is relative to the piece that was parsed.
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let position = format!(" at line {} column {}", error.line(), error.column());
        let said = text.strip_suffix(&position).unwrap_or(&text);
        // The parser speaks of the program's own types; whoever mends the file knows only JSON.
        let said = said
            .replace("expected struct Coordinates", "expected an object")
            .replace("expected struct Vehicle", "expected an object")
            .replace("expected f64", "expected a number");
        match said.strip_prefix("duplicate field ") {
            Some(field) => Self::new(format_args!("{field} stands twice; expected once")),
            None => Self::new(said),
        }
    }
}
