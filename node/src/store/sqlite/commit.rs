//! One group of entries with their effects, in one transaction.

use schemas::digest::hex;
use serde::Serialize;
use sqlx::SqliteConnection;

use super::super::{Row, StoreError};

/// The whole transaction as one text, so that it is one hop to the driver's thread. Each statement
/// takes one parameter, in the order of [`Batch::parameters`]; rows that are not there cost a
/// look at an empty array. Pages are JSON Lines, hence text on their way in.
const COMMIT: &str = "
begin immediate;
insert into entries (idx, at, kind, peer, peer_seq, query, header, salt, body, envelope)
    select value->>0, value->>1, value->>2, value->>3, value->>4, unhex(value->>5), value->>6,
           unhex(value->>7), value->>8, value->>9
    from json_each(?);
insert into changes (idx, change) select value->>0, value->>1 from json_each(?);
insert into asked (query_id, owner, sent_at, envelope)
    select value->>0, value->>1, value->>2, value->>3 from json_each(?);
update asked set outcome = new.value->>1, authority = new.value->>2, settled_at = new.value->>3
    from json_each(?) as new
    where query_id = new.value->>0 and (outcome is null or outcome = 'unanswered');
insert into served (query_id, requester, query_digest, at, outcome, authority, reply)
    select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6
    from json_each(?);
update served set receipted_at = new.value->>1
    from json_each(?) as new
    where query_id = new.value->>0 and receipted_at is null;
insert or replace into pages (side, query_id, n, until, bytes)
    select value->>0, value->>1, value->>2, value->>3, cast(value->>4 as blob) from json_each(?);
insert into outbox (peer, kind, digest, body)
    select value->>0, value->>1, value->>2, value->>3 from json_each(?);
insert into reads (id, plate, at, camera, read)
    select unhex(value->>0), value->>1, value->>2, value->>3, value->>4 from json_each(?);
commit;
";

pub(super) async fn commit(writer: &mut SqliteConnection, group: &[Row]) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for row in group {
        batch.add(row)?;
    }
    let mut query = sqlx::query(COMMIT);
    for rows in batch.parameters() {
        query = query.bind(rows.finish()?);
    }
    if let Err(error) = query.execute(&mut *writer).await {
        // Whatever statement failed, nothing of the group may stay; without a transaction open this
        // fails too, and changes nothing.
        drop(sqlx::query("rollback").execute(&mut *writer).await);
        return Err(error.into());
    }
    Ok(())
}

/// Rows as one JSON array of arrays, written as they come.
#[derive(Default)]
struct Rows(Vec<u8>);

impl Rows {
    fn push(&mut self, row: &impl Serialize) -> Result<(), StoreError> {
        self.0.push(if self.0.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut self.0, row).map_err(|e| StoreError::Corrupt(e.to_string()))
    }

    /// The array; empty when there are no rows.
    fn finish(mut self) -> Result<String, StoreError> {
        if self.0.is_empty() {
            self.0.push(b'[');
        }
        self.0.push(b']');
        String::from_utf8(self.0).map_err(|e| StoreError::Corrupt(e.to_string()))
    }
}

/// The rows of each statement.
#[derive(Default)]
struct Batch {
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

impl Batch {
    fn add(&mut self, row: &Row) -> Result<(), StoreError> {
        let header = &row.header;
        let (index, at) = (header.index, header.at.millis());
        self.entries.push(&(
            index,
            at,
            header.kind,
            &header.peer,
            header.peer_seq,
            header.query,
            &row.header_bytes,
            hex(&row.salt),
            &row.body,
            &row.envelopes,
        ))?;
        let effects = &row.effects;
        if let Some(change) = &effects.change {
            self.changes.push(&(index, change))?;
        }
        if let Some(asked) = &effects.asked {
            self.asked.push(&(asked.query_id, &asked.owner, at, &asked.envelope))?;
        }
        if let Some(settled) = &effects.settled {
            self.settled.push(&(settled.query_id, settled.outcome, &settled.authority, at))?;
        }
        if let Some(served) = &effects.served {
            self.served.push(&(
                served.query_id,
                &served.requester,
                served.query_digest,
                at,
                if served.answered { "answered" } else { "refused" },
                &served.authority,
                &served.reply,
            ))?;
        }
        if let Some((_, query_id)) = &effects.receipted {
            self.receipted.push(&(query_id, at))?;
        }
        if let Some(kept) = &effects.pages {
            for (n, page) in kept.pages.iter().enumerate() {
                let text = std::str::from_utf8(page)
                    .map_err(|e| StoreError::Corrupt(format!("a page is no text: {e}")))?;
                let until = kept.until.millis();
                self.pages.push(&(kept.side.code(), kept.query_id, n, until, text))?;
            }
        }
        for letter in &effects.outbox {
            self.outbox.push(&(&letter.peer, letter.kind as u8, letter.digest(), &letter.body))?;
        }
        for read in &effects.reads {
            let text =
                serde_json::to_string(read).map_err(|e| StoreError::Corrupt(e.to_string()))?;
            self.reads.push(&(read.id, &read.plate, read.at.millis(), &read.camera, text))?;
        }
        Ok(())
    }

    /// In the order of the statements of [`COMMIT`].
    fn parameters(self) -> [Rows; 9] {
        [
            self.entries,
            self.changes,
            self.asked,
            self.settled,
            self.served,
            self.receipted,
            self.pages,
            self.outbox,
            self.reads,
        ]
    }
}
