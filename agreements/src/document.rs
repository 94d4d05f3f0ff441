//! Documents as TOML: read strictly, written back.

use schemas::text::{hidden, hidden_in_lines};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Why a document cannot be taken for what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not the TOML it must be; says line, key and what is expected.
    #[error("{file}: {what}")]
    Form {
        /// The file or the sort of document.
        file: String,
        /// What is wrong, and where.
        what: String,
    },
    /// Readable, but it does not hold together or does not fit what is recorded.
    #[error("{0}")]
    Sense(String),
}

pub(crate) fn sense(what: impl Into<String>) -> DocumentError {
    DocumentError::Sense(what.into())
}

/// Reads a document. One that holds what does not print, be it in a comment, is none: people sign
/// what they see.
pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, DocumentError> {
    let form = |what| DocumentError::Form { file: file.to_owned(), what };
    if let Some((line, c)) = hidden_in_lines(text) {
        let ends = if c == '\r' { "; lines end with a line feed alone" } else { "" };
        let c = u32::from(c);
        return Err(form(format!(
            "line {line}: the unprintable character U+{c:04X}; remove it{ends}"
        )));
    }
    // An escape in a string makes a character that the text does not show.
    let escapes = text.contains('\\').then(|| toml::from_str::<Table>(text).ok()).flatten();
    let hidden = escapes.and_then(|table| hidden_within(&table.into()));
    match hidden {
        Some(c) => Err(form(format!(
            "an escape stands for the unprintable character U+{:04X}; remove it",
            u32::from(c)
        ))),
        None => parse(file, text),
    }
}

/// A character in the keys and strings of a value that does not print. A string of several lines may
/// have line feeds and tabs.
fn hidden_within(value: &Value) -> Option<char> {
    match value {
        Value::String(text) => text.chars().find(|c| hidden(*c) && !matches!(c, '\n' | '\t')),
        Value::Array(values) => values.iter().find_map(hidden_within),
        Value::Table(table) => table.iter().find_map(|(key, value)| {
            key.chars().find(|c| hidden(*c)).or_else(|| hidden_within(value))
        }),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => None,
    }
}

fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, DocumentError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let said = error.message().trim();
        let place = error.span().map(|span| at(text, span.start));
        let what = match place {
            Some((line, Some(key))) if !said.contains(&format!("`{key}`")) => {
                format!("line {line}, `{key}`: {said}")
            }
            Some((line, _)) => format!("line {line}: {said}"),
            None => said.to_owned(),
        };
        DocumentError::Form { file: file.to_owned(), what }
    })
}

/// The line of a byte of a document, from 1, and the key that the line gives a value, or the table
/// that it opens.
fn at(text: &str, byte: usize) -> (usize, Option<String>) {
    let before = text.get(..byte).unwrap_or(text);
    let number = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
    let line = text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
    let table = || line.trim().strip_prefix('[')?.trim_start_matches('[').split(']').next();
    let key = line.split_once('=').map(|(key, _)| key.trim()).or_else(table).map(str::to_owned);
    (number, key.filter(|key| !key.is_empty()))
}

/// The line on which a document gives `key` (dotted, as in `retention.reads.cut_off_days`) a value,
/// or opens its table; from 1.
pub(crate) fn line_of(text: &str, key: &str) -> Option<usize> {
    let mut table = String::new();
    let mut opened = None;
    for (number, line) in (1usize..).zip(text.lines()) {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            table = name.trim_start_matches('[').split(']').next().unwrap_or_default().to_owned();
            if table == key {
                opened = opened.or(Some(number));
            }
            continue;
        }
        let Some((name, _)) = line.split_once('=') else { continue };
        let name = name.trim();
        let whole = if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") };
        if whole == key {
            return Some(number);
        }
    }
    opened
}

pub(crate) fn write<T: Serialize>(what: &str, value: &T) -> Result<String, DocumentError> {
    toml::to_string(value)
        .map_err(|error| DocumentError::Form { file: what.to_owned(), what: error.to_string() })
}

/// Reading and writing for documents that need no check beyond their form.
macro_rules! toml_form {
    ($($name:ident, $what:literal);* $(;)?) => {$(
        impl $name {
            #[doc = concat!("Reads a ", $what, ".")]
            ///
            /// # Errors
            /// With file, line, key and what is expected.
            pub fn from_toml(file: &str, text: &str) -> Result<Self, $crate::DocumentError> {
                $crate::document::read(file, text)
            }

            /// The TOML that is signed.
            ///
            /// # Errors
            /// When it cannot be written.
            pub fn to_toml(&self) -> Result<String, $crate::DocumentError> {
                $crate::document::write($what, self)
            }
        }
    )*};
}
pub(crate) use toml_form;
