//! What is past its retention, and its destruction.

use agreements::decide::DueReads;
use async_trait::async_trait;
use schemas::digest::Digest;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use super::super::decode::{self, column, ending, number, read};
use super::super::{EndedPages, StoreError};
use crate::{Destruction, Due};

#[async_trait]
impl Destruction for super::Sqlite {
    async fn redact(&self, first: u64, last: u64) -> Result<u64, StoreError> {
        redact(&mut *self.writer.lock().await, first, last).await
    }

    async fn erase_traces(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().await;
        write_back(&mut writer).await?;
        super::fill_wal(&mut writer).await
    }

    async fn forget_released(&self, before: Timestamp) -> Result<u64, StoreError> {
        super::corrections::forget_released(&mut *self.writer.lock().await, before).await
    }

    async fn forget_images(&self, digests: &[Digest]) -> Result<(), StoreError> {
        super::images::forget(&mut *self.writer.lock().await, digests).await
    }
}

#[async_trait]
impl Due for super::Sqlite {
    async fn due_reads(
        &self,
        due: &DueReads,
        after: Option<(Timestamp, ReadId)>,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError> {
        due_reads(&mut *self.readers.take().await?, due.cut_off(), after, limit).await
    }

    async fn ended_pages(
        &self,
        now: Timestamp,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<EndedPages>, StoreError> {
        ended_pages(&mut *self.readers.take().await?, now, after, limit).await
    }
}

pub(super) async fn ended_pages(
    reader: &mut SqliteConnection,
    now: Timestamp,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<EndedPages>, StoreError> {
    type Found = (i64, Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Found> = sqlx::query_as(
        "select entry, record, iif(record is null, bytes, null) from pages join entries on idx = entry
         where until <= ?1 and entry > ?2 order by entry limit ?3",
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
    writer: &mut SqliteConnection,
    first: u64,
    last: u64,
) -> Result<u64, StoreError> {
    let (first, last) = (column(first), column(last));
    let mut together = writer.begin().await?;
    super::mentions::forget(&mut together, first, last).await?;
    let statement = format!(
        "update entries set record = null
         where idx between ?1 and ?2 and kind in {} and record is not null",
        ending()
    );
    let done = sqlx::query(AssertSqlSafe(statement))
        .bind(first)
        .bind(last)
        .execute(&mut *together)
        .await?;
    let statement = format!(
        "delete from shown where entry between ?1 and ?2 and not exists
         (select 1 from entries where idx = entry and kind in {} and record is not null)",
        ending()
    );
    sqlx::query(AssertSqlSafe(statement)).bind(first).bind(last).execute(&mut *together).await?;
    together.commit().await?;
    Ok(done.rows_affected())
}

/// Writes the write-ahead log back into the database, so that it is begun anew.
pub(super) async fn write_back(writer: &mut SqliteConnection) -> Result<(), StoreError> {
    let (busy, ..): (i64, i64, i64) =
        sqlx::query_as("pragma wal_checkpoint(restart)").fetch_one(writer).await?;
    if busy == 0 {
        Ok(())
    } else {
        Err(StoreError::Database("the write-ahead log is being read; it is erased later".into()))
    }
}

pub(super) async fn due_reads(
    reader: &mut SqliteConnection,
    cut_off: Timestamp,
    after: Option<(Timestamp, ReadId)>,
    limit: u32,
) -> Result<Vec<Read>, StoreError> {
    let (at, id) = after
        .map_or_else(|| (i64::MIN, Vec::new()), |(at, id)| (at.millis(), id.as_bytes().to_vec()));
    let texts: Vec<String> = sqlx::query_scalar(
        "select read from reads where at < ?1 and at >= ?2 and (at > ?2 or id > ?3)
         order by at, id limit ?4",
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
    reader: &mut SqliteConnection,
    cut_off: Timestamp,
) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar("select count(*) from reads where at < ?1")
        .bind(cut_off.millis())
        .fetch_one(reader)
        .await?;
    number(count)
}
