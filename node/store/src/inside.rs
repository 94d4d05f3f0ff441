//! What of an entry stands in its body alone, and what is looked for there: a body is packed, so no
//! statement reads it.

use schemas::entry::StoredEntry;
use serde_json::Value;

use super::decode::{self, column};
use super::mentions::Mention;
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

    /// The user who acted.
    pub(super) fn user(&self) -> Option<&str> {
        self.text("/actor/user")
    }

    /// The user for whom it was asked.
    pub(super) fn for_user(&self) -> Option<&str> {
        self.text("/event/access/for_user")
    }

    /// The case that it was asked for.
    pub(super) fn case(&self) -> Option<&str> {
        self.text("/event/access/why/case")
    }

    /// The plate that was asked for.
    fn plate(&self) -> Option<&str> {
        self.text("/event/access/elements/plate")
    }
}

/// An entry as it stands in the database: index, header, record.
pub(super) type Standing = (i64, Vec<u8>, Option<Vec<u8>>);

/// A search for entries: where the next look begins and how many it takes, and what was found.
pub(super) struct Looking<'a> {
    filter: &'a EntryFilter,
    limit: usize,
    pub(super) start: i64,
    pub(super) at_once: i64,
    found: Vec<StoredEntry>,
}

impl<'a> Looking<'a> {
    /// Of up to `limit` entries that fit, from index `start` on.
    pub(super) fn of(filter: &'a EntryFilter, start: u64, limit: u32) -> Self {
        let at_once = if filter.plate.is_some() { limit.max(LOOKED_INTO) } else { limit };
        let (start, at_once) = (column(start), i64::from(at_once));
        Self { filter, limit: limit as usize, start, at_once, found: Vec::new() }
    }

    /// Takes in what one look gave, in order; everything that was found, once that is all.
    ///
    /// # Errors
    /// When an entry cannot be read.
    pub(super) fn took(
        &mut self,
        rows: Vec<Standing>,
    ) -> Result<Option<Vec<StoredEntry>>, StoreError> {
        let last = rows.last().map(|(index, ..)| *index);
        let all = rows.len() < usize::try_from(self.at_once).unwrap_or(usize::MAX);
        for (_, header, record) in rows {
            let entry = decode::entry(&header, record.as_deref())?;
            if self.filter.fits(&entry)? {
                self.found.push(entry);
            }
        }
        self.found.truncate(self.limit);
        match last.and_then(|last| last.checked_add(1)) {
            Some(next) if !all && self.found.len() < self.limit => {
                self.start = next;
                Ok(None)
            }
            _ => Ok(Some(std::mem::take(&mut self.found))),
        }
    }
}

impl EntryFilter {
    /// Whether the body of an entry is one of those looked for. What is destroyed fits nothing.
    ///
    /// # Errors
    /// When it is none.
    fn fits(&self, entry: &StoredEntry) -> Result<bool, StoreError> {
        let mentions = self.mentions();
        if mentions.is_empty() && self.plate.is_none() {
            return Ok(true);
        }
        let Some(body) = &entry.body else { return Ok(false) };
        // What stands beside the entry has led here; what counts is what the entry says.
        let said = Mention::stored(body)?;
        if !mentions.iter().all(|wanted| said.contains(wanted)) {
            return Ok(false);
        }
        let Some(plate) = self.plate.as_deref() else { return Ok(true) };
        Ok(Inside::of(body)?.plate() == Some(plate))
    }
}
