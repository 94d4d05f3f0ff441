//! One group of entries with their effects, in one transaction.

use schemas::digest::hex;
use serde::Serialize;
use sqlx::{Connection as _, SqliteConnection};

use super::super::{Row, StoreError};

const ENTRIES: &str =
    "insert into entries (idx, at, kind, peer, peer_seq, query, header, salt, body, envelope)
    select value->>0, value->>1, value->>2, value->>3, value->>4, unhex(value->>5), value->>6,
           unhex(value->>7), value->>8, value->>9
    from json_each(?1)";
const CHANGES: &str =
    "insert into changes (idx, change) select value->>0, value->>1 from json_each(?1)";
const ASKED: &str = "insert into asked (query_id, owner, sent_at, envelope)
    select value->>0, value->>1, value->>2, value->>3 from json_each(?1)";
const SETTLED: &str = "update asked set outcome = new.value->>1, authority = new.value->>2, settled_at = new.value->>3
    from json_each(?1) as new
    where query_id = new.value->>0 and (outcome is null or outcome = 'unanswered')";
const SERVED: &str =
    "insert into served (query_id, requester, query_digest, at, outcome, authority, reply)
    select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6
    from json_each(?1)";
const RECEIPTED: &str = "update served set receipted_at = new.value->>1
    from json_each(?1) as new
    where query_id = new.value->>0 and receipted_at is null";
const PAGES: &str = "insert or replace into pages (side, query_id, n, until, bytes)
    values (?1, ?2, ?3, ?4, ?5)";
const OUTBOX: &str = "insert into outbox (peer, kind, digest, body)
    select value->>0, value->>1, value->>2, value->>3 from json_each(?1)";
const READS: &str = "insert into reads (id, plate, at, camera, read)
    select unhex(value->>0), value->>1, value->>2, value->>3, value->>4 from json_each(?1)";

pub(super) async fn commit(writer: &mut SqliteConnection, group: &[Row]) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for row in group {
        batch.add(row)?;
    }
    let mut transaction = writer.begin_with("begin immediate").await?;
    for (statement, rows) in batch.statements() {
        if let Some(rows) = rows.finish() {
            sqlx::query(statement).bind(rows).execute(&mut *transaction).await?;
        }
    }
    for kept in group.iter().filter_map(|row| row.effects.pages.as_ref()) {
        for (n, bytes) in (0i64..).zip(&kept.pages) {
            sqlx::query(PAGES)
                .bind(kept.side.code())
                .bind(kept.query_id.to_string())
                .bind(n)
                .bind(kept.until.millis())
                .bind(bytes)
                .execute(&mut *transaction)
                .await?;
        }
    }
    Ok(transaction.commit().await?)
}

/// Rows as one JSON array of arrays, written as they come.
#[derive(Default)]
struct Rows(Vec<u8>);

impl Rows {
    fn push(&mut self, row: &impl Serialize) -> Result<(), StoreError> {
        self.0.push(if self.0.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut self.0, row).map_err(|e| StoreError::Corrupt(e.to_string()))
    }

    fn finish(mut self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        self.0.push(b']');
        String::from_utf8(self.0).ok()
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

    fn statements(self) -> [(&'static str, Rows); 8] {
        [
            (ENTRIES, self.entries),
            (CHANGES, self.changes),
            (ASKED, self.asked),
            (SETTLED, self.settled),
            (SERVED, self.served),
            (RECEIPTED, self.receipted),
            (OUTBOX, self.outbox),
            (READS, self.reads),
        ]
    }
}
