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
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::super::decode::{
    self, column, completed_by, instant, missing, number, parsed, taking_in,
};
use super::super::looking::Looking;
use super::super::{EntryFilter, LogState, StoreError, TakenIn};
use crate::{LogRecords, LogWriter, Mention, MentionSum, Row, StoredChange};

#[async_trait]
impl LogWriter for super::Sqlite {
    async fn log_state(&self, day_start: Timestamp) -> Result<LogState, StoreError> {
        // Through the writer, so that a commit whose result was lost is seen.
        log_state(&mut *self.writer.lock().await, day_start).await
    }

    async fn signed_head(&self) -> Result<Option<String>, StoreError> {
        signed_head(&mut *self.writer.lock().await).await
    }

    async fn commit(&self, group: &[Row], head: &str) -> Result<(), StoreError> {
        super::commit::commit(&mut *self.writer.lock().await, group, head).await
    }
}

#[async_trait]
impl LogRecords for super::Sqlite {
    async fn entries(
        &self,
        filter: &EntryFilter,
        start: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        entries(&mut *self.readers.take().await?, filter, start, limit).await
    }

    async fn shown(&self, plate: &str, end: u64, limit: u32) -> Result<Vec<u64>, StoreError> {
        shown(&mut *self.readers.take().await?, plate, end, limit).await
    }

    async fn mentioning(
        &self,
        mention: &Mention,
        end: u64,
        limit: u32,
    ) -> Result<Vec<u64>, StoreError> {
        super::mentions::mentioning(&mut *self.readers.take().await?, mention, end, limit).await
    }

    async fn mentions(
        &self,
        after: Option<&Mention>,
        end: u64,
        limit: u32,
    ) -> Result<Vec<(Mention, MentionSum)>, StoreError> {
        super::mentions::sums(&mut *self.readers.take().await?, after, end, limit).await
    }

    async fn subtrees(&self, wanted: &[Subtree]) -> Result<Vec<Digest>, StoreError> {
        subtrees(&mut *self.readers.take().await?, wanted).await
    }

    async fn changes(&self, start: u64, limit: u32) -> Result<Vec<StoredChange>, StoreError> {
        changes(&mut *self.readers.take().await?, start, limit).await
    }
}

async fn signed_head(writer: &mut SqliteConnection) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("select signed from head").fetch_optional(writer).await?)
}

pub(super) async fn log_state(
    writer: &mut SqliteConnection,
    day_start: Timestamp,
) -> Result<LogState, StoreError> {
    let last: Option<(i64, i64)> =
        sqlx::query_as("select idx + 1, at from entries order by idx desc limit 1")
            .fetch_optional(&mut *writer)
            .await?;
    let (size, last_at) = last.map_or((0, None), |(size, at)| (size, Some(at)));
    let last_change: Option<i64> =
        sqlx::query_scalar("select max(idx) from changes").fetch_one(&mut *writer).await?;
    let peer_seq = counts(
        writer,
        "select peer, max(peer_seq) from entries where peer is not null group by peer",
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
    for answers in answers_given(writer, day_start).await? {
        let more = |n: &mut u32, by: u32| *n = n.saturating_add(by);
        if answers.unreceipted > 0 {
            more(unreceipted.entry(answers.to.clone()).or_default(), answers.unreceipted);
            if let Some(at) = answers.oldest {
                let oldest = unreceipted_since.entry(answers.to.clone()).or_insert(at);
                *oldest = at.min(*oldest);
            }
        }
        let Some(authority) = answers.authority else { continue };
        more(uses.entry(authority.clone()).or_default(), answers.all);
        if answers.today > 0 {
            today.insert((authority, answers.to), answers.today);
        }
    }
    let unproven =
        counts(writer, "select peer, count(*) from debts where waived = 0 group by peer").await?;
    let size = u64::try_from(size).map_err(|_| StoreError::Corrupt("negative index".into()))?;
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

/// Hashes of perfect subtrees. One stands beside the entry that completed it; that of a leaf is the
/// hash of the entry's header.
pub(super) async fn subtrees(
    connection: &mut SqliteConnection,
    wanted: &[Subtree],
) -> Result<Vec<Digest>, StoreError> {
    let mut entries = Vec::with_capacity(wanted.len());
    for subtree in wanted {
        entries.push((completed_by(subtree)?, subtree.level));
    }
    let entries =
        serde_json::to_string(&entries).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    type Found = (Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Found> = sqlx::query_as(
        "select iif(wanted.value->>1 = 0, header, null),
                iif(wanted.value->>1 = 0, null, substr(nodes, (wanted.value->>1) * 32 - 31, 32))
         from json_each(?1) as wanted left join entries on idx = wanted.value->>0
         order by wanted.key",
    )
    .bind(entries)
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

/// Answers given on one authority to one requester.
struct Answers {
    authority: Option<AuthorityId>,
    to: AgencyId,
    all: u32,
    today: u32,
    unreceipted: u32,
    /// When the first of those without receipt was given.
    oldest: Option<Timestamp>,
}

/// All in one pass: an index for each count would be one page more an append.
async fn answers_given(
    writer: &mut SqliteConnection,
    day_start: Timestamp,
) -> Result<Vec<Answers>, StoreError> {
    type Counted = (Option<String>, String, i64, i64, i64, Option<i64>);
    let rows: Vec<Counted> = sqlx::query_as(
        "select authority, requester, count(*), sum(at >= ?1), sum(receipted_at is null),
                min(iif(receipted_at is null, at, null))
         from served where outcome = 'answered' group by authority, requester",
    )
    .bind(day_start.millis())
    .fetch_all(writer)
    .await?;
    rows.into_iter()
        .map(|(authority, to, all, today, unreceipted, oldest)| {
            Ok(Answers {
                authority: authority.as_deref().map(parsed).transpose()?,
                to: parsed(&to)?,
                all: number(all)?,
                today: number(today)?,
                unreceipted: number(unreceipted)?,
                oldest: oldest.map(instant).transpose()?,
            })
        })
        .collect()
}

/// What each peer has left behind since an instant: documents that it signed and this log took in.
async fn taken_in(
    writer: &mut SqliteConnection,
    since: Timestamp,
) -> Result<HashMap<AgencyId, TakenIn>, StoreError> {
    let mut query: QueryBuilder<Sqlite> =
        QueryBuilder::new("select peer, kind, record from entries where idx >= ");
    first_from(&mut query, since);
    query.push(" and peer is not null and record is not null and kind in ").push(taking_in());
    let rows = query.build_query_as().fetch_all(writer).await?;
    decode::taken_in(rows)
}

async fn counts<K, N>(
    writer: &mut SqliteConnection,
    statement: &'static str,
) -> Result<HashMap<K, N>, StoreError>
where
    K: FromStr<Err: std::fmt::Display> + Eq + Hash,
    N: TryFrom<i64>,
{
    let rows: Vec<(String, i64)> = sqlx::query_as(statement).fetch_all(&mut *writer).await?;
    rows.into_iter().map(|(key, n)| Ok((parsed(&key)?, number(n)?))).collect()
}

/// Entries that released or showed a read of a plate, the newest first.
pub(super) async fn shown(
    reader: &mut SqliteConnection,
    plate: &str,
    end: u64,
    limit: u32,
) -> Result<Vec<u64>, StoreError> {
    let found: Vec<i64> = sqlx::query_scalar(
        "select entry from shown where plate = ?1 and entry < ?2 order by entry desc limit ?3",
    )
    .bind(plate)
    .bind(column(end))
    .bind(i64::from(limit))
    .fetch_all(reader)
    .await?;
    found.into_iter().map(number).collect()
}

pub(super) async fn changes(
    reader: &mut SqliteConnection,
    start: u64,
    limit: u32,
) -> Result<Vec<StoredChange>, StoreError> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("select idx, change from changes where idx >= ?1 order by idx limit ?2")
            .bind(column(start))
            .bind(i64::from(limit))
            .fetch_all(reader)
            .await?;
    rows.into_iter().map(|(entry, text)| Ok(StoredChange { entry: number(entry)?, text })).collect()
}

/// The index of the first entry at or after an instant, found by halving: times
/// never go back, for those that a wrong clock stamped count as of the one that was accepted.
pub(super) fn first_from(query: &mut QueryBuilder<Sqlite>, instant: Timestamp) {
    query
        .push(
            "(with recursive part (low, high) as (
                select 0, (select coalesce(max(idx) + 1, 0) from entries)
                union all
                select iif(before, middle + 1, low), iif(before, high, middle)
                from (select idx as middle, at < ",
        )
        .push_bind(instant.millis())
        .push(
            " as before from entries) join part on middle = (low + high) / 2 where low < high)
            select low from part where low = high)",
        );
}

pub(super) async fn entries(
    reader: &mut SqliteConnection,
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
