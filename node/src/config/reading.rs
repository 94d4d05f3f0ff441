//! Reading a table key by key: every problem is told at once.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// What is wrong, and in which line. The line itself may hold a password.
pub(super) fn without_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => {
            let line = before.matches('\n').count().saturating_add(1);
            format!("line {line}: {}", error.message())
        }
        None => error.message().to_owned(),
    }
}

/// A table whose keys are taken out one by one; what is left at the end means nothing.
pub(super) struct Reading {
    pub(super) table: Table,
    /// What stands before each key in messages.
    pub(super) within: &'static str,
    pub(super) problems: Vec<String>,
}

impl Reading {
    pub(super) fn problem(&mut self, said: String) {
        self.problems.push(said);
    }

    /// The value of a key that must be there.
    pub(super) fn required<T: DeserializeOwned>(&mut self, key: &str, expected: &str) -> Option<T> {
        if !self.table.contains_key(key) {
            self.problem(format!("{}{key} is missing; expected {expected}", self.within));
        }
        self.optional(key, expected)
    }

    /// The value of a key that need not be there.
    pub(super) fn optional<T: DeserializeOwned>(&mut self, key: &str, expected: &str) -> Option<T> {
        let value = self.table.remove(key)?;
        let shown = shown(key, &value);
        match value.try_into() {
            Ok(value) => Some(value),
            Err(_) => {
                self.problem(format!("{}{key} = {shown}; expected {expected}", self.within));
                None
            }
        }
    }

    /// A number from 1 to `most`.
    pub(super) fn bound(&mut self, key: &str, most: u32, default: u32) -> u32 {
        let expected = format!("1 to {most}");
        match self.optional::<u32>(key, &expected) {
            Some(value) if value == 0 || value > most => {
                self.problem(format!("{}{key} = {value}; expected {expected}", self.within));
                default
            }
            Some(value) => value,
            None => default,
        }
    }

    pub(super) fn finish(mut self) -> Vec<String> {
        let keys: Vec<String> = self.table.keys().cloned().collect();
        for key in keys {
            self.problem(format!(
                "{}{key} means nothing; see docs/configuration.md for the keys, and take it out",
                self.within
            ));
        }
        self.problems
    }
}

/// A value as messages show it: the URL of a database may hold a password.
fn shown(key: &str, value: &Value) -> String {
    if key == "database" { "(not shown)".into() } else { value.to_string() }
}
