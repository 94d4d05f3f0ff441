//! Looking for entries: what stands beside their bodies is asked of the database, and what stands in them alone
//! is looked for there.

use schemas::entry::StoredEntry;
use schemas::time::Timestamp;
use sqlx::{Database, Encode, QueryBuilder, Type};

use super::decode::{self, column, ending};
use super::inside::Inside;
use super::mentions::Mention;
use super::{EntryFilter, StoreError};

/// Entries that are looked into at a time: bodies are read until enough of them fit.
const LOOKED_INTO: u32 = 512;

/// An entry as it stands in the database: index, header, record.
pub(super) type Standing = (i64, Vec<u8>, Option<Vec<u8>>);

/// A search for entries: where the next look begins and how many it takes, and what was found.
pub(super) struct Looking<'a> {
    filter: &'a EntryFilter,
    /// What an entry must mention to fit, the rarest first.
    mentions: Vec<Mention>,
    limit: usize,
    start: i64,
    at_once: i64,
    found: Vec<StoredEntry>,
}

impl<'a> Looking<'a> {
    /// Of up to `limit` entries that fit, from index `start` on.
    pub(super) fn of(filter: &'a EntryFilter, start: u64, limit: u32) -> Self {
        let at_once = if filter.plate.is_some() { limit.max(LOOKED_INTO) } else { limit };
        let (start, at_once) = (column(start), i64::from(at_once));
        let mentions = filter.mentions();
        Self { filter, mentions, limit: limit as usize, start, at_once, found: Vec::new() }
    }

    /// The statement of the next look: entries that fit by what stands beside their bodies, in order.
    /// `first_from` is the index of the first entry at or after an instant.
    pub(super) fn statement<D>(
        &self,
        first_from: impl Fn(&mut QueryBuilder<D>, Timestamp),
    ) -> QueryBuilder<D>
    where
        D: Database,
        i64: for<'q> Encode<'q, D> + Type<D>,
        String: for<'q> Encode<'q, D> + Type<D>,
        Vec<u8>: for<'q> Encode<'q, D> + Type<D>,
    {
        let filter = self.filter;
        let mut query = QueryBuilder::new("select idx, header, record from ");
        // To the few entries of an exchange its own index leads.
        let leading = if filter.query.is_some() { &[] } else { self.mentions.as_slice() };
        let mut leading = leading.iter().map(Mention::columns);
        let index = match leading.next() {
            Some((what, word)) => {
                query.push("mentions cross join entries where idx = entry and what = ");
                query.push_bind(what).push(" and word = ").push_bind(word.to_owned());
                "entry"
            }
            None => {
                query.push("entries where true");
                "idx"
            }
        };
        query.push(" and ").push(index).push(" >= ").push_bind(self.start);
        for (what, word) in leading {
            query.push(" and exists (select 1 from mentions as other where other.entry = idx");
            query.push(" and other.what = ").push_bind(what);
            query.push(" and other.word = ").push_bind(word.to_owned()).push(")");
        }
        if let Some(peer) = &filter.peer {
            query.push(" and peer = ").push_bind(peer.as_str().to_owned());
        }
        if let Some(from) = filter.from {
            query.push(" and idx >= ");
            first_from(&mut query, from);
        }
        if let Some(until) = filter.until {
            query.push(" and idx < ");
            first_from(&mut query, until);
        }
        if let Some(kind) = filter.kind {
            query.push(" and kind = ").push_bind(kind.code().to_owned());
        }
        if let Some(digest) = &filter.query {
            query.push(" and query = ").push_bind(digest.as_bytes().to_vec());
        }
        if filter.ending {
            query.push(" and record is not null and kind in ").push(ending());
        }
        if filter.exchanges_only {
            query.push(" and query is not null");
        }
        if filter.changing {
            query.push(" and idx in (select idx from changes)");
        }
        query.push(" order by ").push(index).push(" limit ").push_bind(self.at_once);
        query
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
            if self.fits(&entry)? {
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

    /// Whether the body of an entry is one of those looked for. What is destroyed fits nothing.
    ///
    /// # Errors
    /// When it is none.
    fn fits(&self, entry: &StoredEntry) -> Result<bool, StoreError> {
        let plate = self.filter.plate.as_deref();
        if self.mentions.is_empty() && plate.is_none() {
            return Ok(true);
        }
        let Some(body) = &entry.body else { return Ok(false) };
        // What stands beside the entry has led here; what counts is what the entry says.
        let inside = Inside::of(body)?;
        let said = Mention::inside(&inside);
        let mentioned = self.mentions.iter().all(|wanted| said.contains(wanted));
        Ok(mentioned && (plate.is_none() || inside.plate() == plate))
    }
}
