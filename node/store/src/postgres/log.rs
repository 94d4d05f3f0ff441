//! Reading the log back.

use std::collections::HashMap;
use std::hash::Hash;
use std::str::FromStr;

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::entry::StoredEntry;
use schemas::merkle::{self, Frontier, Subtree};
use schemas::time::Timestamp;
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::super::decode::{
    self, column, completed_by, instant, missing, number, parsed, taking_in,
};
use super::super::looking::Looking;
use super::super::{EntryFilter, LogState, StoreError, TakenIn};
use super::{in_time, reading};
use crate::{LogRecords, LogWriter, Mention, MentionSum, Row, StoredChange};

#[async_trait]
impl LogWriter for super::Postgres {
    async fn log_state(&self, day_start: Timestamp) -> Result<LogState, StoreError> {
        // Through the writer, so that a commit whose result was lost is seen, and nobody else's
        // comes after.
        let mut writer = self.writer.lock().await;
        let mut connection = writer.live(&self.server, &self.agency).await?;
        let result = in_time(log_state(&mut connection, day_start)).await;
        writer.put(connection, &result);
        if result.is_ok() {
            writer.tail_was_read();
        }
        result
    }

    async fn signed_head(&self) -> Result<Option<String>, StoreError> {
        let mut writer = self.writer.lock().await;
        let mut connection = writer.live(&self.server, &self.agency).await?;
        let result = in_time(signed_head(&mut connection)).await;
        writer.put(connection, &result);
        result
    }

    async fn commit(&self, group: &[Row], head: &str) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().await;
        let mut connection = writer.live(&self.server, &self.agency).await?;
        let result = match writer.epoch() {
            Ok(epoch) => in_time(super::commit::commit(&mut connection, epoch, group, head)).await,
            Err(error) => {
                writer.put(connection, &Ok::<(), StoreError>(()));
                return Err(error);
            }
        };
        writer.put(connection, &result);
        result
    }
}

#[async_trait]
impl LogRecords for super::Postgres {
    async fn entries(
        &self,
        filter: &EntryFilter,
        start: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        reading!(self, entries, filter, start, limit)
    }

    async fn shown(&self, plate: &str, end: u64, limit: u32) -> Result<Vec<u64>, StoreError> {
        reading!(self, shown, plate, end, limit)
    }

    async fn mentioning(
        &self,
        mention: &Mention,
        end: u64,
        limit: u32,
    ) -> Result<Vec<u64>, StoreError> {
        reading!(self, super::mentions::mentioning, mention, end, limit)
    }

    async fn mentions(
        &self,
        after: Option<&Mention>,
        end: u64,
        limit: u32,
    ) -> Result<Vec<(Mention, MentionSum)>, StoreError> {
        reading!(self, super::mentions::sums, after, end, limit)
    }

    async fn subtrees(&self, wanted: &[Subtree]) -> Result<Vec<Digest>, StoreError> {
        reading!(self, subtrees, wanted)
    }

    async fn changes(&self, start: u64, limit: u32) -> Result<Vec<StoredChange>, StoreError> {
        reading!(self, changes, start, limit)
    }
}

async fn signed_head(writer: &mut PgConnection) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("select signed from head").fetch_optional(writer).await?)
}

pub(super) async fn log_state(
    writer: &mut PgConnection,
    day_start: Timestamp,
) -> Result<LogState, StoreError> {
    let last: Option<(i64, i64)> =
        sqlx::query_as("select idx + 1, at from entries order by idx desc limit 1")
            .fetch_optional(&mut *writer)
            .await?;
    let (size, last_at) = last.map_or((0, None), |(size, at)| (size, Some(at)));
    let last_change: Option<i64> =
        sqlx::query_scalar("select max(idx) from changes").fetch_one(&mut *writer).await?;
    // From peer to peer through the index, whatever the length of the log.
    let peer_seq = counts(
        writer,
        "with recursive peers (peer) as (
             (select peer from entries where peer is not null order by peer limit 1)
             union all
             select (select peer from entries where peer > peers.peer order by peer limit 1)
             from peers where peers.peer is not null)
         select peer, (select max(peer_seq) from entries where entries.peer = peers.peer)
         from peers where peer is not null",
    )
    .await?;
    let mut uses: HashMap<AuthorityId, u32> = counts(
        writer,
        "select authority, count(*) from asked
         where outcome = 'answered' and authority is not null group by authority",
    )
    .await?;
    let mut today = HashMap::new();
    let mut unreceipted: HashMap<AgencyId, u32> = HashMap::new();
    let mut unreceipted_since: HashMap<AgencyId, Timestamp> = HashMap::new();
    type Counted = (Option<String>, String, i64, i64, i64, Option<i64>);
    let answers: Vec<Counted> = sqlx::query_as(
        "select authority, requester, count(*), count(*) filter (where at >= $1),
                count(*) filter (where receipted_at is null),
                min(at) filter (where receipted_at is null)
         from served where outcome = 'answered' group by authority, requester",
    )
    .bind(day_start.millis())
    .fetch_all(&mut *writer)
    .await?;
    let more = |n: &mut u32, by: u32| *n = n.saturating_add(by);
    for (authority, to, all, on_the_day, without_receipt, oldest) in answers {
        let to: AgencyId = parsed(&to)?;
        if without_receipt > 0 {
            more(unreceipted.entry(to.clone()).or_default(), number(without_receipt)?);
            if let Some(at) = oldest.map(instant).transpose()? {
                let oldest = unreceipted_since.entry(to.clone()).or_insert(at);
                *oldest = at.min(*oldest);
            }
        }
        let Some(authority) = authority.as_deref().map(parsed::<AuthorityId>).transpose()? else {
            continue;
        };
        more(uses.entry(authority.clone()).or_default(), number(all)?);
        if on_the_day > 0 {
            today.insert((authority, to), number(on_the_day)?);
        }
    }
    let unproven =
        counts(writer, "select peer, count(*) from debts where waived = 0 group by peer").await?;
    let size: u64 = number(size)?;
    let edge = subtrees(&mut *writer, &merkle::root_nodes(size)).await?;
    let tree = Frontier::from_hashes(size, edge).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    Ok(LogState {
        size,
        tree,
        last_at: last_at.map(instant).transpose()?,
        peer_seq,
        uses,
        day_start: Some(day_start),
        today,
        unreceipted,
        unreceipted_since,
        unproven,
        last_change: last_change.map(number).transpose()?,
        taken_in: taken_in(writer, day_start).await?,
    })
}

/// What each peer has left behind since an instant: documents that it signed and this log took in.
async fn taken_in(
    writer: &mut PgConnection,
    since: Timestamp,
) -> Result<HashMap<AgencyId, TakenIn>, StoreError> {
    let mut query: QueryBuilder<Postgres> =
        QueryBuilder::new("select peer, kind, record from entries where idx >= ");
    first_from(&mut query, since);
    query.push(" and peer is not null and record is not null and kind in ").push(taking_in());
    let rows = query.build_query_as().fetch_all(writer).await?;
    decode::taken_in(rows)
}

/// Hashes of perfect subtrees. One stands beside the entry that completed it; that of a leaf is the
/// hash of the entry's header.
pub(super) async fn subtrees(
    connection: &mut PgConnection,
    wanted: &[Subtree],
) -> Result<Vec<Digest>, StoreError> {
    let entries: Result<Vec<i64>, StoreError> = wanted.iter().map(completed_by).collect();
    let levels: Vec<i32> = wanted.iter().map(|subtree| i32::from(subtree.level)).collect();
    type Found = (Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Found> = sqlx::query_as(
        "select case when level = 0 then header end,
                case when level > 0 then substr(nodes, level * 32 - 31, 32) end
         from unnest($1, $2) with ordinality as wanted (idx, level, nth)
         left join entries using (idx) order by nth",
    )
    .bind(entries?)
    .bind(levels)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .zip(wanted)
        .map(|((header, node), subtree)| match (header, node) {
            (Some(header), _) => decode::leaf(&header),
            (None, Some(node)) => decode::digest(node).map_err(|_| missing(subtree)),
            (None, None) => Err(missing(subtree)),
        })
        .collect()
}

async fn counts<K, N>(
    connection: &mut PgConnection,
    statement: &'static str,
) -> Result<HashMap<K, N>, StoreError>
where
    K: FromStr<Err: std::fmt::Display> + Eq + Hash,
    N: TryFrom<i64>,
{
    let rows: Vec<(String, i64)> = sqlx::query_as(statement).fetch_all(connection).await?;
    rows.into_iter().map(|(key, n)| Ok((parsed(&key)?, number(n)?))).collect()
}

/// Entries that released or showed a read of a plate, the newest first.
pub(super) async fn shown(
    reader: &mut PgConnection,
    plate: &str,
    end: u64,
    limit: u32,
) -> Result<Vec<u64>, StoreError> {
    let found: Vec<i64> = sqlx::query_scalar(
        "select entry from shown where plate = $1 and entry < $2 order by entry desc limit $3",
    )
    .bind(plate)
    .bind(column(end))
    .bind(i64::from(limit))
    .fetch_all(reader)
    .await?;
    found.into_iter().map(number).collect()
}

pub(super) async fn changes(
    reader: &mut PgConnection,
    start: u64,
    limit: u32,
) -> Result<Vec<StoredChange>, StoreError> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("select idx, change from changes where idx >= $1 order by idx limit $2")
            .bind(column(start))
            .bind(i64::from(limit))
            .fetch_all(reader)
            .await?;
    rows.into_iter().map(|(entry, text)| Ok(StoredChange { entry: number(entry)?, text })).collect()
}

/// The index of the first entry at or after an instant, found by halving: times never go back.
pub(super) fn first_from(query: &mut QueryBuilder<Postgres>, instant: Timestamp) {
    let at = "(select at from entries where idx = (low + high) / 2) < ";
    query
        .push(
            "(with recursive part (low, high) as (
                select 0::bigint, (select coalesce(max(idx) + 1, 0) from entries)
                union all
                select case when ",
        )
        .push(at)
        .push_bind(instant.millis())
        .push(" then (low + high) / 2 + 1 else low end, case when ")
        .push(at)
        .push_bind(instant.millis())
        .push(
            " then high else (low + high) / 2 end from part where low < high)
            select low from part where low = high)",
        );
}

pub(super) async fn entries(
    reader: &mut PgConnection,
    filter: &EntryFilter,
    start: u64,
    limit: u32,
) -> Result<Vec<StoredEntry>, StoreError> {
    let mut looking = Looking::of(filter, start, limit);
    loop {
        let mut asked = looking.statement(first_from);
        let rows = asked.build_query_as().fetch_all(&mut *reader).await?;
        if let Some(found) = looking.took(rows)? {
            return Ok(found);
        }
    }
}
