//! What is past its retention, and its destruction.

use agreements::decide::DueReads;
use async_trait::async_trait;
use schemas::digest::Digest;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::super::decode::{self, column, ending, number, read};
use super::super::{EndedPages, StoreError};
use super::{reading, writing};
use crate::{Destruction, Due};

#[async_trait]
impl Destruction for super::Postgres {
    async fn redact(&self, first: u64, last: u64) -> Result<u64, StoreError> {
        writing!(self, redact, first, last)
    }

    async fn erase_traces(&self) -> Result<(), StoreError> {
        writing!(self, erase_traces)
    }

    async fn forget_released(&self, before: Timestamp) -> Result<u64, StoreError> {
        writing!(self, super::corrections::forget_released, before)
    }

    async fn forget_images(&self, digests: &[Digest]) -> Result<(), StoreError> {
        writing!(self, super::images::forget, digests)
    }
}

#[async_trait]
impl Due for super::Postgres {
    async fn due_reads(
        &self,
        due: &DueReads,
        after: Option<(Timestamp, ReadId)>,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError> {
        reading!(self, due_reads, due.cut_off(), after, limit)
    }

    async fn ended_pages(
        &self,
        now: Timestamp,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<EndedPages>, StoreError> {
        reading!(self, ended_pages, now, after, limit)
    }
}

pub(super) async fn ended_pages(
    reader: &mut PgConnection,
    now: Timestamp,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<EndedPages>, StoreError> {
    type Found = (i64, Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Found> = sqlx::query_as(
        "select entry, record, case when record is null then bytes end
         from pages join entries on idx = entry
         where until <= $1 and entry > $2 order by entry limit $3",
    )
    .bind(now.millis())
    .bind(after.map_or(-1, column))
    .bind(i64::from(limit))
    .fetch_all(reader)
    .await?;
    rows.into_iter()
        .map(|(entry, record, bytes)| {
            decode::ended_pages(entry, record.as_deref(), bytes.as_deref())
        })
        .collect()
}

pub(super) async fn redact(
    writer: &mut PgConnection,
    first: u64,
    last: u64,
) -> Result<u64, StoreError> {
    let (first, last) = (column(first), column(last));
    let mut together = writer.begin().await?;
    super::mentions::forget(&mut together, first, last).await?;
    let statement = format!(
        "update entries set record = null
         where idx between $1 and $2 and kind in {} and record is not null",
        ending()
    );
    let done = sqlx::query(AssertSqlSafe(statement))
        .bind(first)
        .bind(last)
        .execute(&mut *together)
        .await?;
    let statement = format!(
        "delete from shown where entry between $1 and $2 and not exists
         (select 1 from entries where idx = entry and kind in {} and record is not null)",
        ending()
    );
    sqlx::query(AssertSqlSafe(statement)).bind(first).bind(last).execute(&mut *together).await?;
    together.commit().await?;
    Ok(done.rows_affected())
}

/// Lets go of what was destroyed: months without reads are dropped with their files, and the rest of
/// the tables is cleared of rows that no transaction sees any more. The server's write-ahead log and
/// free space of its disks are the operator's.
pub(super) async fn erase_traces(writer: &mut PgConnection) -> Result<(), StoreError> {
    // This connection alone adds reads: a month that is found empty stays so.
    let months: Vec<String> = sqlx::query_scalar(
        "select inhrelid::regclass::text from pg_inherits where inhparent = 'reads'::regclass
         order by 1",
    )
    .fetch_all(&mut *writer)
    .await?;
    for month in months {
        let any = format!("select exists (select from {month})");
        if !sqlx::query_scalar::<_, bool>(AssertSqlSafe(any)).fetch_one(&mut *writer).await? {
            // Who reads for long keeps the month until the next time, not everyone from reading.
            let dropped =
                format!("begin; set local lock_timeout = '2s'; drop table {month}; commit");
            if let Err(error) = sqlx::raw_sql(AssertSqlSafe(dropped)).execute(&mut *writer).await {
                sqlx::raw_sql("rollback").execute(&mut *writer).await?;
                tracing::info!(%error, month, "a month without reads is dropped later");
            }
        }
    }
    for table in ["entries", "pages", "served", "outbox", "read_versions", "read_ids", "reads"] {
        sqlx::raw_sql(AssertSqlSafe(format!("vacuum {table}"))).execute(&mut *writer).await?;
    }
    Ok(())
}

pub(super) async fn due_reads(
    reader: &mut PgConnection,
    cut_off: Timestamp,
    after: Option<(Timestamp, ReadId)>,
    limit: u32,
) -> Result<Vec<Read>, StoreError> {
    let (at, id) = after
        .map_or_else(|| (i64::MIN, Vec::new()), |(at, id)| (at.millis(), id.as_bytes().to_vec()));
    let texts: Vec<String> = sqlx::query_scalar(
        "select read from reads where at < $1 and at >= $2 and (at, id) > ($2, $3)
         order by at, id limit $4",
    )
    .bind(cut_off.millis())
    .bind(at)
    .bind(id)
    .bind(i64::from(limit))
    .fetch_all(reader)
    .await?;
    texts.iter().map(|text| read(text)).collect()
}

pub(super) async fn reads_before(
    reader: &mut PgConnection,
    cut_off: Timestamp,
) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar("select count(*) from reads where at < $1")
        .bind(cut_off.millis())
        .fetch_one(reader)
        .await?;
    number(count)
}
