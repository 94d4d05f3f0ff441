//! Reads by their ids, and how many there are.

use std::path::Path;

use agreements::decide::Scope;
use async_trait::async_trait;
use schemas::digest::hex;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::SqliteConnection;

use super::super::decode::{self, Counts, OfCamera};
use super::super::{ReadStats, SHOWN_CAMERAS, StoreError};
use crate::{BroughtRead, Database, Found, OwnRead, OwnReads, Release};

#[async_trait]
impl Database for super::Sqlite {
    async fn copy_to(&self, path: &Path) -> Result<bool, StoreError> {
        super::copy::copy(&self.reading, path).await
    }

    async fn about(&self) -> Result<String, StoreError> {
        about(&mut *self.readers.take().await?).await
    }
}

#[async_trait]
impl OwnReads for super::Sqlite {
    async fn known_reads(&self, ids: &[ReadId]) -> Result<Vec<ReadId>, StoreError> {
        known(&mut *self.readers.take().await?, ids).await
    }

    async fn own_reads(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError> {
        super::corrections::own_reads(&mut *self.readers.take().await?, ids).await
    }

    async fn earlier_readings(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError> {
        super::corrections::earlier_readings(&mut *self.readers.take().await?, ids).await
    }

    async fn brought_by(
        &self,
        entries: &[u64],
        limit: u32,
    ) -> Result<Vec<BroughtRead>, StoreError> {
        super::corrections::brought_by(&mut *self.readers.take().await?, entries, limit).await
    }

    async fn read_versions(&self, id: ReadId) -> Result<Vec<(u32, Read, u64)>, StoreError> {
        super::corrections::versions(&mut *self.readers.take().await?, id).await
    }

    async fn released(&self, ids: &[ReadId]) -> Result<Vec<Release>, StoreError> {
        super::corrections::released(&mut *self.readers.take().await?, ids).await
    }

    async fn search(&self, scope: &dyn Scope) -> Result<Found, StoreError> {
        crate::search::search(self, scope).await
    }

    async fn reads_before(&self, cut_off: Timestamp) -> Result<u64, StoreError> {
        super::retention::reads_before(&mut *self.readers.take().await?, cut_off).await
    }

    async fn read(&self, id: ReadId) -> Result<Option<Read>, StoreError> {
        one(&mut *self.readers.take().await?, id).await
    }

    async fn stats(&self) -> Result<ReadStats, StoreError> {
        stats(&mut *self.readers.take().await?).await
    }
}

pub(super) async fn known(
    reader: &mut SqliteConnection,
    ids: &[ReadId],
) -> Result<Vec<ReadId>, StoreError> {
    let wanted: Vec<String> = ids.iter().map(|id| hex(id.as_bytes())).collect();
    let wanted = serde_json::to_string(&wanted).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    let found: Vec<String> = sqlx::query_scalar(
        "select value from json_each(?1) where exists (select 1 from reads where id = unhex(value))",
    )
    .bind(wanted)
    .fetch_all(reader)
    .await?;
    found
        .iter()
        .map(|id| {
            serde_json::from_value(serde_json::Value::from(id.as_str()))
                .map_err(|e| StoreError::Corrupt(e.to_string()))
        })
        .collect()
}

/// Kept answers that are looked through at a time.
const PAGES_AT_ONCE: i64 = 64;

pub(super) async fn one(
    reader: &mut SqliteConnection,
    id: ReadId,
) -> Result<Option<Read>, StoreError> {
    let text: Option<String> = sqlx::query_scalar("select read from reads where id = ?1")
        .bind(id.as_bytes().to_vec())
        .fetch_optional(&mut *reader)
        .await?;
    if let Some(text) = text {
        return decode::read(&text).map(Some);
    }
    // One of a peer's stands in the pages of its answer, which are packed: all are looked through.
    let mut after = -1;
    loop {
        let pages: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "select entry, bytes from pages where entry > ?1 order by entry limit ?2",
        )
        .bind(after)
        .bind(PAGES_AT_ONCE)
        .fetch_all(&mut *reader)
        .await?;
        let Some((last, _)) = pages.last() else { return Ok(None) };
        after = *last;
        for (_, bytes) in &pages {
            if let Some(read) = decode::read_among(bytes, id)? {
                return Ok(Some(read));
            }
        }
    }
}

pub(super) async fn stats(reader: &mut SqliteConnection) -> Result<ReadStats, StoreError> {
    // Each walks one index in its order, and holds nothing but a count.
    let counts: Counts = sqlx::query_as(
        "select (select count(*) from reads) - (select count(*) from reads where plate = ''),
                (select count(*) from (select plate from reads where plate <> '' group by plate)),
                (select count(*) from (select camera from reads where camera <> '' group by camera)),
                (select min(at) from reads), (select max(at) from reads),
                (select count(*) from images where refs > 0)",
    )
    .fetch_one(&mut *reader)
    .await?;
    let by_camera: Vec<OfCamera> = sqlx::query_as(
        "select camera, count(*), max(at) from reads where camera <> '' group by camera order by 3 desc, 1 limit ?",
    )
    .bind(SHOWN_CAMERAS)
    .fetch_all(reader)
    .await?;
    decode::stats(counts, by_camera)
}

pub(super) async fn about(reader: &mut SqliteConnection) -> Result<String, StoreError> {
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(reader).await?;
    Ok(format!("SQLite {version} in the home"))
}
