//! What the tables tell of exchanges, held against the log: a row counts only as far as the envelopes to
//! which the headers of its entries commit are those that it names.
//!
//! Whoever can write to the database can make a row say what no entry does. Such a row is told of no peer
//! and compared with nothing; the entry at which it does not fit is a finding about this log.

use std::collections::HashMap;

use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, StoredEntry};
use schemas::event::Event;
use schemas::exchange::Exchange;
use schemas::query::QueryId;

/// Half of a digest: as many as there are exchanges are held at once.
type Half = [u8; 16];

fn half(digest: &Digest) -> Half {
    let mut half = [0; 16];
    half.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    half
}

/// A row that does not fit the log.
#[derive(Debug, Clone)]
pub(super) struct Unbound {
    /// The entry that it names.
    pub(super) entry: u64,
    /// The exchange that it tells of.
    pub(super) query_id: QueryId,
    /// What does not fit, in words.
    pub(super) why: &'static str,
}

/// What the entries of one exchange commit to.
#[derive(Debug, Default)]
struct Told {
    /// Queries, replies and receipts, by the halves of their envelopes' digests.
    envelopes: Vec<Half>,
    /// Whether some of it is destroyed: of that only the headers are left.
    bare: bool,
}

/// What entries from an index on commit to, of the exchanges with one peer.
#[derive(Debug, Default)]
pub(super) struct BoundRows {
    from: u64,
    exchanges: HashMap<Half, Told>,
    /// Entries that let a query or a reply go, with their exchange.
    released: HashMap<u64, Half>,
}

impl BoundRows {
    /// Of entries from this index on: rows of earlier ones are not held against anything.
    pub(super) fn from(from: u64) -> Self {
        Self { from, ..Self::default() }
    }

    /// Takes in the next entry with the peer; nothing of one whose body or envelopes are not those that its
    /// header commits to.
    pub(super) fn note(&mut self, stored: &StoredEntry) {
        let Ok(header) = Header::from_bytes(stored.header.as_bytes()) else { return };
        let Some(exchange) = header.query.as_ref().map(half) else { return };
        let told = self.exchanges.entry(exchange).or_default();
        use EntryKind as Kind;
        match header.kind {
            Kind::QuerySent | Kind::QueryAnswered | Kind::QueryRefused => {
                self.released.insert(header.index, exchange);
            }
            Kind::AnswerReceived
            | Kind::AnswerRejected
            | Kind::RefusalReceived
            | Kind::ReceiptRecorded => {}
            _ => return,
        }
        if stored.salt.is_none() && stored.body.is_none() && stored.envelope.is_none() {
            told.bare = true;
            return;
        }
        let lines = stored.envelope.as_deref().unwrap_or_default();
        if header.envelope != Some(Digest::of(lines.as_bytes())) {
            return;
        }
        told.envelopes.extend(lines.lines().map(|line| half(&Digest::of(line.as_bytes()))));
        // The requester's receipt stands in the outbox; its entry names it.
        if header.kind == Kind::AnswerReceived
            && let (Some(salt), Some(text)) = (&stored.salt, &stored.body)
            && header.commits_to(salt, text.as_bytes())
            && let Ok(Body { event: Event::AnswerReceived(received), .. }) =
                serde_json::from_str::<Body>(text)
        {
            told.envelopes.push(half(&received.receipt_digest));
        }
    }

    /// What is wrong with a row; nothing of one that stands before the entries that were looked at.
    pub(super) fn unfit(&self, row: &Exchange) -> Option<Unbound> {
        if row.entry < self.from {
            return None;
        }
        let why = self.why(row)?;
        Some(Unbound { entry: row.entry, query_id: row.query_id, why })
    }

    fn why(&self, row: &Exchange) -> Option<&'static str> {
        let exchange = half(&row.query_id.digest());
        if self.released.get(&row.entry) != Some(&exchange) {
            return Some("is of another exchange than the one");
        }
        let told = self.exchanges.get(&exchange)?;
        let named = [
            (Some(row.query), "is of another query than the one"),
            (row.reply, "is of another reply than the one"),
            (row.receipt, "is of another receipt than the one"),
        ];
        let mut missing = named.into_iter().filter(|(digest, _)| {
            digest.is_some_and(|digest| !told.envelopes.contains(&half(&digest)))
        });
        missing.next().filter(|_| !told.bare).map(|(_, why)| why)
    }
}
