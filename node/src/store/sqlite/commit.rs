//! One group of entries with their effects, in one transaction.
//!
//! The whole transaction is one text with two parameters, so that it is one hop to the driver's
//! thread: `?1` is JSON with the rows of every table, and `?2` holds the long texts end to end,
//! which the rows name by offset and length. Long texts inside the JSON would be parsed once a
//! column; so they are copied once.

use serde::Serialize;
use sqlx::SqliteConnection;

use super::super::{Row, StoreError};

/// A long text is `substr(?2, offset, length)`: bytes, counted from 1.
const COMMIT: &str = "
begin immediate;
insert into entries (idx, at, kind, peer, peer_seq, query, header, salt, body, envelope)
    select value->>0, value->>1, value->>2, value->>3, value->>4, unhex(value->>5),
           cast(substr(?2, value->>6, value->>7) as text), substr(?2, value->>8, value->>9),
           cast(substr(?2, value->>10, value->>11) as text),
           case when value->>12 is null then null
                else cast(substr(?2, value->>12, value->>13) as text) end
    from json_each(?1, '$.entries');
insert into changes (idx, change)
    select value->>0, cast(substr(?2, value->>1, value->>2) as text)
    from json_each(?1, '$.changes');
insert into asked (query_id, owner, sent_at, entry)
    select value->>0, value->>1, value->>2, value->>3 from json_each(?1, '$.asked');
update asked set outcome = new.value->>1, authority = new.value->>2, settled_at = new.value->>3
    from json_each(?1, '$.settled') as new
    where query_id = new.value->>0 and (outcome is null or outcome = 'unanswered');
insert into served (query_id, requester, query_digest, at, outcome, authority, entry)
    select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6
    from json_each(?1, '$.served');
update served set receipted_at = new.value->>1
    from json_each(?1, '$.receipted') as new
    where query_id = new.value->>0 and receipted_at is null;
insert or replace into pages (side, query_id, n, until, bytes)
    select value->>0, value->>1, value->>2, value->>3, substr(?2, value->>4, value->>5)
    from json_each(?1, '$.pages');
insert into outbox (peer, kind, digest, body)
    select value->>0, value->>1, value->>2, cast(substr(?2, value->>3, value->>4) as text)
    from json_each(?1, '$.outbox');
insert into reads (id, plate, at, camera, read)
    select unhex(value->>0), value->>1, value->>2, value->>3,
           cast(substr(?2, value->>4, value->>5) as text)
    from json_each(?1, '$.reads');
commit;
";

pub(super) async fn commit(writer: &mut SqliteConnection, group: &[Row]) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for row in group {
        batch.add(row)?;
    }
    let rows = serde_json::to_string(&batch.tables).map_err(unwritable)?;
    let done = sqlx::query(COMMIT).bind(rows).bind(batch.long).execute(&mut *writer).await;
    if let Err(error) = done {
        // Whatever statement failed, nothing of the group may stay; without a transaction open this
        // fails too, and changes nothing.
        drop(sqlx::query("rollback").execute(&mut *writer).await);
        return Err(error.into());
    }
    Ok(())
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

/// Rows, each a JSON array already.
type Rows = Vec<Box<serde_json::value::RawValue>>;

#[derive(Default, Serialize)]
struct Tables {
    entries: Rows,
    changes: Rows,
    asked: Rows,
    settled: Rows,
    served: Rows,
    receipted: Rows,
    pages: Rows,
    outbox: Rows,
    reads: Rows,
}

/// The rows of each table, and the long texts.
#[derive(Default)]
struct Batch {
    tables: Tables,
    long: Vec<u8>,
}

/// Where a long text stands: offset from 1, and length, in bytes.
type Span = (usize, usize);

fn put(rows: &mut Rows, row: &impl Serialize) -> Result<(), StoreError> {
    rows.push(serde_json::value::to_raw_value(row).map_err(unwritable)?);
    Ok(())
}

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
        );
        put(&mut self.tables.entries, &row_of_entry)?;
        self.effects(row, index, at)
    }

    fn effects(&mut self, row: &Row, index: u64, at: i64) -> Result<(), StoreError> {
        let effects = &row.effects;
        if let Some(change) = &effects.change {
            let (offset, length) = self.long(change.as_bytes());
            put(&mut self.tables.changes, &(index, offset, length))?;
        }
        if let Some(asked) = &effects.asked {
            put(&mut self.tables.asked, &(asked.query_id, &asked.owner, at, index))?;
        }
        if let Some(settled) = &effects.settled {
            let row = (settled.query_id, settled.outcome, &settled.authority, at);
            put(&mut self.tables.settled, &row)?;
        }
        if let Some(served) = &effects.served {
            let outcome = if served.answered { "answered" } else { "refused" };
            let (id, digest) = (served.query_id, served.query_digest);
            let row = (id, &served.requester, digest, at, outcome, &served.authority, index);
            put(&mut self.tables.served, &row)?;
        }
        if let Some((_, query_id)) = &effects.receipted {
            put(&mut self.tables.receipted, &(query_id, at))?;
        }
        if let Some(kept) = &effects.pages {
            for (n, page) in kept.pages.iter().enumerate() {
                let (offset, length) = self.long(page);
                let until = kept.until.millis();
                let row = (kept.side.code(), kept.query_id, n, until, offset, length);
                put(&mut self.tables.pages, &row)?;
            }
        }
        for letter in &effects.outbox {
            let (offset, length) = self.long(letter.body.as_bytes());
            let row = (&letter.peer, letter.kind as u8, letter.digest(), offset, length);
            put(&mut self.tables.outbox, &row)?;
        }
        for read in &effects.reads {
            let text = serde_json::to_vec(read).map_err(unwritable)?;
            let (offset, length) = self.long(&text);
            let row = (read.id, &read.plate, read.at.millis(), &read.camera, offset, length);
            put(&mut self.tables.reads, &row)?;
        }
        Ok(())
    }
}
