//! Exchanges told by the tables beside the log, for reconciling.

use std::ops::Range;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::outcome::OutcomeCode;
use schemas::statement::Reached;
use schemas::time::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection};

use super::super::StoreError;
use super::super::decode::{column, digest, instant, number, parsed};
use schemas::exchange::Exchange;

/// A table of exchanges, whose columns are named alike from here on.
struct Table {
    rows: &'static str,
    asked: bool,
    turned_away: bool,
}

const TABLES: [Table; 3] = [
    Table {
        rows: "select entry, query_id, owner as peer, asked_at, query,
                      coalesce(outcome, 'sent') as outcome, reply, receipt from asked",
        asked: true,
        turned_away: false,
    },
    Table {
        rows: "select entry, query_id, requester as peer, asked_at, query, outcome, reply, receipt
               from served",
        asked: false,
        turned_away: false,
    },
    Table {
        rows: "select entry, query_id, requester as peer, asked_at, query,
                      'refused' as outcome, reply, null::bytea as receipt from turned_away",
        asked: false,
        turned_away: true,
    },
];

type Found = (i64, String, i64, Vec<u8>, String, Option<Vec<u8>>, Option<Vec<u8>>);

const COLUMNS: &str = "entry, query_id, asked_at, query, outcome, reply, receipt";

pub(super) async fn among(
    reader: &mut PgConnection,
    peer: &AgencyId,
    signed: Range<Timestamp>,
    start: u64,
    count: u64,
) -> Result<Vec<Exchange>, StoreError> {
    let mut found = Vec::new();
    for table in TABLES {
        let statement = format!(
            "select {COLUMNS} from ({}) as told
             where entry >= $1 and entry < $2 and peer = $3 and asked_at >= $4 and asked_at < $5",
            table.rows
        );
        let rows: Vec<Found> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(column(start))
            .bind(column(start.saturating_add(count)))
            .bind(peer.as_str())
            .bind(signed.start.millis())
            .bind(signed.end.millis())
            .fetch_all(&mut *reader)
            .await?;
        table.told(rows, &mut found)?;
    }
    Ok(found)
}

pub(super) async fn at(
    reader: &mut PgConnection,
    entries: &[u64],
) -> Result<Vec<Exchange>, StoreError> {
    let wanted: Vec<i64> = entries.iter().copied().map(column).collect();
    let mut found = Vec::new();
    for table in TABLES {
        let statement =
            format!("select {COLUMNS} from ({}) as told where entry = any ($1)", table.rows);
        let rows: Vec<Found> =
            sqlx::query_as(AssertSqlSafe(statement)).bind(&wanted).fetch_all(&mut *reader).await?;
        table.told(rows, &mut found)?;
    }
    Ok(found)
}

impl Table {
    fn told(&self, rows: Vec<Found>, into: &mut Vec<Exchange>) -> Result<(), StoreError> {
        into.reserve(rows.len());
        for (entry, query_id, asked_at, query, outcome, reply, receipt) in rows {
            let some = |bytes: Option<Vec<u8>>| -> Result<Option<Digest>, StoreError> {
                bytes.map(digest).transpose()
            };
            into.push(Exchange {
                entry: number(entry)?,
                asked: self.asked,
                query_id: parsed(&query_id)?,
                asked_at: instant(asked_at)?,
                reached: reached(&outcome)?,
                query: digest(query)?,
                reply: some(reply)?,
                receipt: some(receipt)?,
                turned_away: self.turned_away,
            });
        }
        Ok(())
    }
}

fn reached(outcome: &str) -> Result<Reached, StoreError> {
    match outcome {
        "sent" => Ok(Reached::Sent),
        ended => parsed::<OutcomeCode>(ended).map(Reached::from),
    }
}
