//! What of an entry stands in its body alone, and what is looked for there: a body is packed, so no
//! statement reads it.

use schemas::entry::StoredEntry;
use serde_json::Value;

use super::{EntryFilter, StoreError};

/// Entries that are looked into at a time: bodies are read until enough of them fit.
const LOOKED_INTO: u32 = 512;

/// The body of an entry, as its JSON.
pub(super) struct Inside(Value);

impl Inside {
    /// What a body says.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn of(body: &str) -> Result<Self, StoreError> {
        serde_json::from_str(body)
            .map(Self)
            .map_err(|error| StoreError::Corrupt(format!("the body of an entry: {error}")))
    }

    fn text(&self, at: &str) -> Option<&str> {
        self.0.pointer(at).and_then(Value::as_str)
    }

    /// The agency that acted.
    pub(super) fn agency(&self) -> Option<&str> {
        self.text("/actor/agency")
    }
}

impl EntryFilter {
    /// How many entries are read to find `limit` that fit.
    pub(super) fn at_once(&self, limit: u32) -> u32 {
        if self.looks_inside() { limit.max(LOOKED_INTO) } else { limit }
    }

    /// Whether it takes the bodies to tell which entries fit.
    pub(super) fn looks_inside(&self) -> bool {
        self.user.is_some() || self.plate.is_some() || self.case.is_some()
    }

    /// Whether the body of an entry is one of those looked for. What is destroyed fits nothing.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn fits(&self, entry: &StoredEntry) -> Result<bool, StoreError> {
        if !self.looks_inside() {
            return Ok(true);
        }
        let Some(body) = &entry.body else { return Ok(false) };
        let inside = Inside::of(body)?;
        let is = |wanted: &Option<String>, at: &str| {
            wanted.as_deref().is_none_or(|wanted| inside.text(at) == Some(wanted))
        };
        // Letters of the Latin alphabet alone are the same small and large.
        let case = self.case.as_deref().map(str::trim).is_none_or(|wanted| {
            let found = inside.text("/event/access/why/case");
            found.is_some_and(|found| found.trim_matches(' ').eq_ignore_ascii_case(wanted))
        });
        Ok(case && is(&self.user, "/actor/user") && is(&self.plate, "/event/access/elements/plate"))
    }
}
