//! Reads by their ids, and how many there are.

use std::path::Path;

use agreements::decide::Scope;
use async_trait::async_trait;
use schemas::digest::Digest;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::PgConnection;

use super::super::decode::{self, Counts, OfCamera};
use super::super::{ReadStats, SHOWN_CAMERAS, StoreError};
use super::reading;
use crate::{BroughtRead, Database, Found, OwnRead, OwnReads, Release};

#[async_trait]
impl Database for super::Postgres {
    async fn copy_to(&self, _path: &Path) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn about(&self) -> Result<String, StoreError> {
        let version = reading!(self, version)?;
        Ok(format!("PostgreSQL {version} at {}", self.server.shown()))
    }
}

#[async_trait]
impl OwnReads for super::Postgres {
    async fn known_reads(&self, ids: &[ReadId]) -> Result<Vec<ReadId>, StoreError> {
        reading!(self, known, ids)
    }

    async fn own_reads(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError> {
        reading!(self, super::corrections::own_reads, ids)
    }

    async fn earlier_readings(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError> {
        reading!(self, super::corrections::earlier_readings, ids)
    }

    async fn brought_by(
        &self,
        entries: &[u64],
        limit: u32,
    ) -> Result<Vec<BroughtRead>, StoreError> {
        reading!(self, super::corrections::brought_by, entries, limit)
    }

    async fn read_versions(&self, id: ReadId) -> Result<Vec<(u32, Read, u64)>, StoreError> {
        reading!(self, super::corrections::versions, id)
    }

    async fn released(&self, ids: &[ReadId]) -> Result<Vec<Release>, StoreError> {
        reading!(self, super::corrections::released, ids)
    }

    async fn search(&self, scope: &dyn Scope) -> Result<Found, StoreError> {
        crate::search::search(self, scope).await
    }

    async fn reads_before(&self, cut_off: Timestamp) -> Result<u64, StoreError> {
        reading!(self, super::retention::reads_before, cut_off)
    }

    async fn read(&self, id: ReadId) -> Result<Option<Read>, StoreError> {
        reading!(self, one, id)
    }

    async fn stats(&self) -> Result<ReadStats, StoreError> {
        reading!(self, stats)
    }
}

pub(super) async fn known(
    reader: &mut PgConnection,
    ids: &[ReadId],
) -> Result<Vec<ReadId>, StoreError> {
    let wanted: Vec<[u8; 32]> = ids.iter().map(|id| *id.as_bytes()).collect();
    let found: Vec<Vec<u8>> = sqlx::query_scalar("select id from read_ids where id = any ($1)")
        .bind(wanted)
        .fetch_all(reader)
        .await?;
    found
        .into_iter()
        .map(|id| {
            let id: Digest = decode::digest(id)?;
            decode::parsed(&id.to_string())
        })
        .collect()
}

/// Kept answers that are looked through at a time.
const PAGES_AT_ONCE: i64 = 64;

pub(super) async fn one(reader: &mut PgConnection, id: ReadId) -> Result<Option<Read>, StoreError> {
    let text: Option<String> = sqlx::query_scalar(
        "select reads.read from read_ids
         join reads on reads.at = read_ids.at and reads.id = read_ids.id where read_ids.id = $1",
    )
    .bind(id.as_bytes().as_slice())
    .fetch_optional(&mut *reader)
    .await?;
    if let Some(text) = text {
        return decode::read(&text).map(Some);
    }
    // One of a peer's stands in the pages of its answer, which are packed: all are looked through.
    let mut after = -1;
    loop {
        let pages: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "select entry, bytes from pages where entry > $1 order by entry limit $2",
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

pub(super) async fn stats(reader: &mut PgConnection) -> Result<ReadStats, StoreError> {
    // Different values are counted by putting them into a table of their own, not by sorting.
    let counts: Counts = sqlx::query_as(
        "select (select count(*) from reads) - (select count(*) from reads where plate = ''),
                (select count(*) from (select plate from reads where plate <> '' group by plate) as plates),
                (select count(*) from (select camera from reads where camera <> '' group by camera) as cameras),
                (select min(at) from reads), (select max(at) from reads),
                (select count(*) from images where refs > 0)",
    )
    .fetch_one(&mut *reader)
    .await?;
    let by_camera: Vec<OfCamera> = sqlx::query_as(
        "select camera, count(*), max(at) from reads where camera <> '' group by camera order by 3 desc, 1 limit $1",
    )
    .bind(i64::from(SHOWN_CAMERAS))
    .fetch_all(reader)
    .await?;
    decode::stats(counts, by_camera)
}

pub(super) async fn version(reader: &mut PgConnection) -> Result<String, StoreError> {
    Ok(sqlx::query_scalar("select split_part(current_setting('server_version'), ' ', 1)")
        .fetch_one(reader)
        .await?)
}
