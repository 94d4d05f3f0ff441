//! What bodies of entries mention: finding entries by it, and forgetting it.

use sqlx::{AssertSqlSafe, PgConnection};

use super::super::decode::{self, column, ending, number};
use crate::{Mention, MentionSum, StoreError};

/// Entries whose mentions are forgotten at a time.
const STEP: u32 = 512;

/// Entries whose kept bodies mention something, the newest first.
pub(super) async fn mentioning(
    reader: &mut PgConnection,
    mention: &Mention,
    end: u64,
    limit: u32,
) -> Result<Vec<u64>, StoreError> {
    let (what, word) = mention.columns();
    let found: Vec<i64> = sqlx::query_scalar(
        "select entry from mentions where what = $1 and word = $2 and entry < $3
         order by entry desc limit $4",
    )
    .bind(what)
    .bind(word)
    .bind(column(end))
    .bind(i64::from(limit))
    .fetch_all(reader)
    .await?;
    found.into_iter().map(number).collect()
}

/// What entries before an index mention, each with those entries, in order.
pub(super) async fn mentions(
    reader: &mut PgConnection,
    after: Option<&Mention>,
    end: u64,
    limit: u32,
) -> Result<Vec<(Mention, MentionSum)>, StoreError> {
    let (what, word) = after.map_or((0, ""), Mention::columns);
    let rows: Vec<(i64, String, i64, i64)> = sqlx::query_as(
        "select what, word, count(*), sum(entry)::bigint from mentions
         where (what, word) > ($1, $2) and entry < $3
         group by what, word order by what, word limit $4",
    )
    .bind(what)
    .bind(word)
    .bind(column(end))
    .bind(i64::from(limit))
    .fetch_all(reader)
    .await?;
    rows.into_iter()
        .map(|(what, word, entries, indexes)| {
            let sum = MentionSum { entries: number(entries)?, indexes: number(indexes)? };
            Ok((Mention::from_columns(what, word)?, sum))
        })
        .collect()
}

/// What entries that are about to be redacted mention, found by their bodies: no index leads from an entry
/// to its mentions.
pub(super) async fn forget(
    writer: &mut PgConnection,
    first: i64,
    last: i64,
) -> Result<(), StoreError> {
    let mut next = first;
    loop {
        let statement = format!(
            "select idx, record from entries
             where idx between $1 and $2 and kind in {} and record is not null
             order by idx limit {STEP}",
            ending()
        );
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(next)
            .bind(last)
            .fetch_all(&mut *writer)
            .await?;
        for (entry, record) in &rows {
            let Ok(mentions) = decode::mentions(record) else {
                // Nobody can read it any more: all mentions are looked through.
                sqlx::query("delete from mentions where entry = $1")
                    .bind(entry)
                    .execute(&mut *writer)
                    .await?;
                continue;
            };
            for mention in mentions {
                let (what, word) = mention.columns();
                sqlx::query("delete from mentions where what = $1 and word = $2 and entry = $3")
                    .bind(what)
                    .bind(word)
                    .bind(entry)
                    .execute(&mut *writer)
                    .await?;
            }
        }
        match rows.last() {
            Some((entry, _)) if *entry < last => next = entry.saturating_add(1),
            _ => return Ok(()),
        }
    }
}
