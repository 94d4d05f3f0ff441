//! One group of entries with their effects, in one statement.
//!
//! The view `groups` takes the whole group and its trigger spreads it over the tables. SQLite makes
//! a statement's transaction itself, and undoes the whole statement if any part fails; the
//! driver's thread is asked once and answers once. Long texts inside the JSON would be parsed once
//! a column; so they stand end to end beside it and are copied once.

use schemas::outcome::OutcomeCode;
use serde::Serialize;
use sqlx::{Connection as _, SqliteConnection};

use super::super::restamp::Restamping;
use super::super::search::terms::Terms;
use super::super::{Corrected, NewDebt, Proved, Receipted, Row, Settled, StoreError};
use super::log::first_from;

const COMMIT: &str = "
insert into groups
    (entries, changes, asked, settled, served, turned_away, receipted, pages, outbox, reads,
     versions, corrected, purged, ended, owed, proved, waived, head, long)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
            ?19)";

/// One group, with what it does to the times of entries before it.
pub(super) async fn commit(
    writer: &mut SqliteConnection,
    group: &[Row],
    head: &str,
) -> Result<(), StoreError> {
    if group.is_empty() {
        return Ok(());
    }
    let Some(restamping) = Restamping::of(group)? else {
        return append(writer, group, head).await;
    };
    let mut together = writer.begin().await?;
    for mut statement in restamping.statements(first_from) {
        statement.build().execute(&mut *together).await?;
    }
    append(&mut together, group, head).await?;
    Ok(together.commit().await?)
}

async fn append(
    writer: &mut SqliteConnection,
    group: &[Row],
    head: &str,
) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for row in group {
        batch.add(row)?;
    }
    let Batch { tables, long } = batch;
    let all = [
        tables.entries,
        tables.changes,
        tables.asked,
        tables.settled,
        tables.served,
        tables.turned_away,
        tables.receipted,
        tables.pages,
        tables.outbox,
        tables.reads,
        tables.versions,
        tables.corrected,
        tables.purged,
        tables.ended,
        tables.owed,
        tables.proved,
        tables.waived,
    ];
    let mut statement = sqlx::query(COMMIT);
    for rows in all {
        statement = statement.bind(rows.json());
    }
    statement.bind(head).bind(long).execute(writer).await?;
    Ok(())
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

/// Rows of one table: JSON arrays, with a comma after each.
#[derive(Default)]
struct Rows(Vec<u8>);

impl Rows {
    fn put(&mut self, row: &impl Serialize) -> Result<(), StoreError> {
        serde_json::to_writer(&mut self.0, row).map_err(unwritable)?;
        self.0.push(b',');
        Ok(())
    }

    /// One JSON array, or nothing when there are no rows.
    fn json(self) -> Option<String> {
        let Self(mut rows) = self;
        rows.pop()?;
        rows.insert(0, b'[');
        rows.push(b']');
        String::from_utf8(rows).ok()
    }
}

#[derive(Default)]
struct Tables {
    entries: Rows,
    changes: Rows,
    asked: Rows,
    settled: Rows,
    served: Rows,
    turned_away: Rows,
    receipted: Rows,
    pages: Rows,
    outbox: Rows,
    reads: Rows,
    versions: Rows,
    corrected: Rows,
    purged: Rows,
    ended: Rows,
    owed: Rows,
    proved: Rows,
    waived: Rows,
}

/// The rows of each table, and the long texts.
#[derive(Default)]
struct Batch {
    tables: Tables,
    long: Vec<u8>,
}

/// Where a long text stands: offset from 1, and length, in bytes.
type Span = (usize, usize);

impl Batch {
    fn long(&mut self, bytes: &[u8]) -> Span {
        let offset = self.long.len().saturating_add(1);
        self.long.extend_from_slice(bytes);
        (offset, bytes.len())
    }

    fn add(&mut self, row: &Row) -> Result<(), StoreError> {
        let header = &row.header;
        let (index, at) = (header.index, header.at.millis());
        let (bytes, salt) = (self.long(row.header_bytes.as_bytes()), self.long(&row.salt));
        let body = self.long(row.body.as_bytes());
        let envelope = row.envelopes.as_ref().map(|text| self.long(text.as_bytes()));
        let nodes: Vec<u8> = row.nodes.iter().flat_map(|node| *node.as_bytes()).collect();
        let nodes = (!nodes.is_empty()).then(|| self.long(&nodes));
        let row_of_entry = (
            index,
            at,
            header.kind,
            &header.peer,
            header.peer_seq,
            header.query,
            bytes.0,
            bytes.1,
            salt.0,
            salt.1,
            body.0,
            body.1,
            envelope.map(|span| span.0),
            envelope.map(|span| span.1),
            nodes.map(|span| span.0),
            nodes.map(|span| span.1),
        );
        self.tables.entries.put(&row_of_entry)?;
        self.effects(row, index, at)
    }

    fn effects(&mut self, row: &Row, index: u64, at: i64) -> Result<(), StoreError> {
        let effects = &row.changes;
        if let Some(change) = &effects.change {
            let (offset, length) = self.long(change.as_bytes());
            self.tables.changes.put(&(index, offset, length))?;
        }
        if let Some(asked) = &effects.asked {
            let (id, signed) = (asked.query_id, asked.asked_at.millis());
            self.tables.asked.put(&(index, id, &asked.owner, at, signed, asked.query))?;
        }
        if let Some(settled) = &effects.settled {
            let id = settled.query_id.digest();
            let Settled { outcome, authority, reply, receipt, .. } = settled;
            self.tables.settled.put(&(id, outcome, authority, at, reply, receipt))?;
        }
        if let Some(served) = &effects.served {
            let outcome =
                if served.answered { OutcomeCode::Answered } else { OutcomeCode::Refused };
            let (id, by, signed) = (served.query_id, &served.requester, served.asked_at.millis());
            let (query, reply) = (served.query_digest, served.reply_digest);
            let (latest, reads) = match &served.released {
                Some((latest, reads)) => {
                    let reads = serde_json::to_string(reads).map_err(unwritable)?;
                    (Some(latest.millis()), Some(reads))
                }
                None => (None, None),
            };
            let table =
                if served.kept { &mut self.tables.served } else { &mut self.tables.turned_away };
            let authority = &served.authority;
            table.put(&(
                index, id, by, at, signed, query, outcome, authority, reply, reads, latest,
            ))?;
        }
        if let Some(Receipted { query_id, receipt, .. }) = &effects.receipted {
            self.tables.receipted.put(&(query_id.digest(), at, receipt))?;
        }
        if let Some(kept) = &effects.pages {
            let lengths: Vec<usize> = kept.pages.iter().map(Vec::len).collect();
            let lengths = serde_json::to_string(&lengths).map_err(unwritable)?;
            let (offset, length) = self.long(&kept.pages.concat());
            let (side, until) = (kept.side.code(), kept.until.millis());
            let images = match kept.images.as_slice() {
                [] => None,
                images => Some(serde_json::to_string(images).map_err(unwritable)?),
            };
            self.tables.pages.put(&(index, side, until, lengths, offset, length, images))?;
        }
        for letter in &effects.outbox {
            let (offset, length) = self.long(letter.body.as_bytes());
            let (kind, digest) = (letter.kind as u8, letter.digest());
            let row = (&letter.peer, kind, digest, offset, length, letter.topic());
            self.tables.outbox.put(&row)?;
        }
        for read in &effects.reads {
            let text = serde_json::to_vec(read).map_err(unwritable)?;
            let (offset, length) = self.long(&text);
            let (at, terms) = (read.at.millis(), Terms::of(read));
            let earlier_of = read.earlier_of;
            let row =
                (read.id, &read.plate, at, &read.camera, offset, length, terms, earlier_of, index);
            self.tables.reads.put(&row)?;
        }
        for corrected in &effects.corrected {
            let Corrected { read, was, withdrawn } = corrected;
            for (version, earlier) in was {
                let text = serde_json::to_vec(earlier).map_err(unwritable)?;
                let (offset, length) = self.long(&text);
                self.tables.versions.put(&(read.id, version, offset, length, index))?;
            }
            let text = serde_json::to_vec(read).map_err(unwritable)?;
            let (offset, length) = self.long(&text);
            let ((plate, terms), at) = (corrected.found_by(), read.at.millis());
            let withdrawn = withdrawn.then_some(index);
            let row = (read.id, plate, offset, length, terms, at, withdrawn);
            self.tables.corrected.put(&row)?;
        }
        effects.purged.iter().try_for_each(|id| self.tables.purged.put(id))?;
        effects.ended.iter().try_for_each(|entry| self.tables.ended.put(entry))?;
        if let Some(NewDebt { peer, query_id, envelope }) = &effects.owed {
            self.tables.owed.put(&(index, at, peer, query_id, envelope))?;
        }
        if let Some(Proved { peer, debts, .. }) = &effects.proved {
            debts.iter().try_for_each(|entry| self.tables.proved.put(&(entry, peer)))?;
        }
        effects.waived.iter().try_for_each(|peer| self.tables.waived.put(&(index, peer)))?;
        Ok(())
    }
}
