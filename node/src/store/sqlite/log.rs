//! Reading the log back.

use std::collections::HashMap;
use std::hash::Hash;
use std::str::FromStr;

use schemas::time::Timestamp;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection, SqlitePool};

use super::super::{EntryFilter, StoreError, StoredEntry, Tail};

pub(super) async fn tail(
    writer: &mut SqliteConnection,
    day_start: Timestamp,
) -> Result<Tail, StoreError> {
    let (size, last_at): (i64, Option<i64>) =
        sqlx::query_as("select coalesce(max(idx) + 1, 0), max(at) from entries")
            .fetch_one(&mut *writer)
            .await?;
    let peer_seq = counts(
        writer,
        "select peer, max(peer_seq) from entries where peer is not null and ?1 is not null group by peer",
        0,
    )
    .await?;
    let uses = counts(
        writer,
        "select authority, count(*) from
           (select authority, at from served where outcome = 'answered'
            union all select authority, settled_at from asked where outcome = 'answered')
         where authority is not null and at >= ?1 group by authority",
        i64::MIN,
    )
    .await?;
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "select authority, requester, count(*) from served
         where authority is not null and outcome = 'answered' and at >= ?1
         group by authority, requester",
    )
    .bind(day_start.millis())
    .fetch_all(&mut *writer)
    .await?;
    let today = rows
        .into_iter()
        .map(|(authority, requester, n)| Ok(((read(&authority)?, read(&requester)?), number(n)?)))
        .collect::<Result<_, StoreError>>()?;
    let unreceipted = counts(
        writer,
        "select requester, count(*) from served
         where outcome = 'answered' and receipted_at is null and ?1 is not null group by requester",
        0,
    )
    .await?;
    Ok(Tail {
        size: u64::try_from(size).map_err(|_| StoreError::Corrupt("negative index".into()))?,
        last_at: last_at.map(instant).transpose()?,
        peer_seq,
        uses,
        day_start: Some(day_start),
        today,
        unreceipted,
    })
}

async fn counts<K, N>(
    writer: &mut SqliteConnection,
    statement: &'static str,
    since: i64,
) -> Result<HashMap<K, N>, StoreError>
where
    K: FromStr<Err: std::fmt::Display> + Eq + Hash,
    N: TryFrom<i64>,
{
    let rows: Vec<(String, i64)> =
        sqlx::query_as(statement).bind(since).fetch_all(&mut *writer).await?;
    rows.into_iter().map(|(key, n)| Ok((read(&key)?, number(n)?))).collect()
}

/// A value that this node wrote as text.
pub(super) fn read<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|e| StoreError::Corrupt(format!("{e}")))
}

fn number<N: TryFrom<i64>>(n: i64) -> Result<N, StoreError> {
    N::try_from(n).map_err(|_| StoreError::Corrupt(format!("count {n}")))
}

pub(super) fn instant(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millis(millis).ok_or_else(|| StoreError::Corrupt(format!("time {millis}")))
}

pub(super) async fn changes(
    readers: &SqlitePool,
    until: Option<Timestamp>,
) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "select change from changes join entries using (idx) where at <= ?1 order by idx",
    )
    .bind(until.unwrap_or(Timestamp::MAX).millis())
    .fetch_all(readers)
    .await?)
}

pub(super) async fn entries(
    readers: &SqlitePool,
    filter: &EntryFilter,
    start: u64,
    limit: u32,
) -> Result<Vec<StoredEntry>, StoreError> {
    let start = i64::try_from(start).unwrap_or(i64::MAX);
    let mut query: QueryBuilder<Sqlite> =
        QueryBuilder::new("select header, salt, body, envelope from entries where idx >= ");
    query.push_bind(start);
    if let Some(peer) = &filter.peer {
        query.push(" and peer = ").push_bind(peer.as_str().to_owned());
    }
    if let Some(from) = filter.from {
        query.push(" and at >= ").push_bind(from.millis());
    }
    if let Some(until) = filter.until {
        query.push(" and at < ").push_bind(until.millis());
    }
    if let Some(kind) = filter.kind {
        query.push(" and kind = ").push_bind(kind.code());
    }
    if let Some(user) = &filter.user {
        query.push(" and body->>'$.actor.user' = ").push_bind(user.clone());
    }
    if let Some(plate) = &filter.plate {
        query.push(" and body->>'$.access.elements.plate' = ").push_bind(plate.clone());
    }
    if let Some(digest) = &filter.query {
        query.push(" and query = ").push_bind(digest.as_bytes().to_vec());
    }
    if filter.exchanges_only {
        query.push(" and query is not null");
    }
    query.push(" order by idx limit ").push_bind(i64::from(limit));
    let rows = query.build().fetch_all(readers).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredEntry {
                header: row.try_get(0)?,
                salt: row.try_get(1)?,
                body: row.try_get(2)?,
                envelope: row.try_get(3)?,
            })
        })
        .collect()
}
