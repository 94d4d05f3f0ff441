//! Exchanges told by the tables beside the log, for reconciling.
//!
//! A row of its own for each costs the driver more than the database: they come as one text.

use std::ops::Range;

use schemas::agency::AgencyId;
use schemas::digest::{Digest, unhex};
use schemas::query::QueryId;
use schemas::statement::Reached;
use schemas::time::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::super::StoreError;
use super::super::decode::{column, instant};
use schemas::exchange::Exchange;

/// One exchange as lower-case hexadecimal digits, of tables that name the same things differently.
/// A digest that is missing is all zeros, which no digest is.
macro_rules! told {
    ($source:literal, $outcome:literal, $reply:literal, $receipt:literal) => {
        concat!(
            "coalesce(lower(group_concat('",
            $source,
            "' || ",
            $outcome,
            " || printf('%016x%016x', entry, asked_at) || query_id || hex(query)",
            " || hex(coalesce(",
            $reply,
            ", zeroblob(32))) || hex(coalesce(",
            $receipt,
            ", zeroblob(32))), '')), '')"
        )
    };
}

const ASKED: &str = told!(
    "00",
    "case outcome when 'answered' then '04' when 'refused' then '03'
         when 'rejected' then '02' when 'unanswered' then '01' else '00' end",
    "reply",
    "receipt"
);
const SERVED: &str =
    told!("01", "case outcome when 'answered' then '04' else '03' end", "reply", "receipt");
const TURNED_AWAY: &str = told!("02", "'03'", "reply", "null");

/// Hexadecimal digits of one exchange.
const DIGITS: usize = 4 + 16 + 16 + 32 + 3 * 64;

pub(super) async fn among(
    reader: &mut SqliteConnection,
    peer: &AgencyId,
    signed: Range<Timestamp>,
    start: u64,
    count: u64,
) -> Result<Vec<Exchange>, StoreError> {
    let end = start.saturating_add(count);
    let mut found = Vec::new();
    for (told, table, of) in [
        (ASKED, "asked", "owner"),
        (SERVED, "served", "requester"),
        (TURNED_AWAY, "turned_away", "requester"),
    ] {
        let statement = format!(
            "select {told} from {table}
             where entry >= ?1 and entry < ?2 and {of} = ?3 and asked_at >= ?4 and asked_at < ?5"
        );
        let text: String = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(column(start))
            .bind(column(end))
            .bind(peer.as_str())
            .bind(signed.start.millis())
            .bind(signed.end.millis())
            .fetch_one(&mut *reader)
            .await?;
        read(&text, &mut found)?;
    }
    Ok(found)
}

pub(super) async fn at(
    reader: &mut SqliteConnection,
    entries: &[u64],
) -> Result<Vec<Exchange>, StoreError> {
    let wanted = serde_json::to_string(entries).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    let mut found = Vec::new();
    for (told, table) in [(ASKED, "asked"), (SERVED, "served"), (TURNED_AWAY, "turned_away")] {
        let statement =
            format!("select {told} from json_each(?1) as wanted join {table} on entry = value");
        let text: String = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(&wanted)
            .fetch_one(&mut *reader)
            .await?;
        read(&text, &mut found)?;
    }
    Ok(found)
}

fn read(text: &str, into: &mut Vec<Exchange>) -> Result<(), StoreError> {
    let corrupt = || StoreError::Corrupt("an exchange that no entry tells".into());
    into.reserve(text.len() / DIGITS);
    let (all, rest) = text.as_bytes().as_chunks::<DIGITS>();
    if !rest.is_empty() {
        return Err(corrupt());
    }
    for one in all {
        let one = std::str::from_utf8(one).map_err(|_| corrupt())?;
        into.push(exchange(one).ok_or_else(corrupt)?);
    }
    Ok(())
}

fn exchange(text: &str) -> Option<Exchange> {
    let (source, rest) = text.split_at_checked(2)?;
    let (outcome, rest) = rest.split_at_checked(2)?;
    let (entry, rest) = rest.split_at_checked(16)?;
    let (asked_at, rest) = rest.split_at_checked(16)?;
    let (query_id, rest) = rest.split_at_checked(32)?;
    let (query, rest) = rest.split_at_checked(64)?;
    let (reply, receipt) = rest.split_at_checked(64)?;
    let digest = |text| unhex(text).map(Digest::from_bytes);
    let some = |digest: Digest| (*digest.as_bytes() != [0; 32]).then_some(digest);
    Some(Exchange {
        entry: u64::from_be_bytes(unhex(entry)?),
        asked: source == "00",
        query_id: QueryId::from_bytes(unhex(query_id)?),
        asked_at: instant(i64::from_be_bytes(unhex(asked_at)?)).ok()?,
        reached: match outcome {
            "00" => Reached::Sent,
            "01" => Reached::Unanswered,
            "02" => Reached::Rejected,
            "03" => Reached::Refused,
            "04" => Reached::Answered,
            _ => return None,
        },
        query: digest(query)?,
        reply: some(digest(reply)?),
        receipt: some(digest(receipt)?),
        turned_away: source == "02",
    })
}
