//! Reads: found only through a scope that a decision made.

use agreements::decide::Scope;
use futures::TryStreamExt as _;
use schemas::digest::hex;
use schemas::plate::Plate;
use schemas::purpose::QueryKind;
use schemas::area::Near;
use schemas::read::{Read, ReadId};
use sqlx::SqliteConnection;

use super::super::{Found, ReadStats, StoreError};
use super::log::instant;

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

pub(super) async fn one(
    reader: &mut SqliteConnection,
    id: ReadId,
) -> Result<Option<Read>, StoreError> {
    let text: Option<String> = sqlx::query_scalar("select read from reads where id = ?1")
        .bind(id.as_bytes().to_vec())
        .fetch_optional(&mut *reader)
        .await?;
    if let Some(text) = text {
        return serde_json::from_str(&text)
            .map(Some)
            .map_err(|e| StoreError::Corrupt(e.to_string()));
    }
    // One of a peer's stands in the pages of its answer, a line a read.
    let pages: Vec<Vec<u8>> =
        sqlx::query_scalar("select bytes from pages where instr(bytes, cast(?1 as blob)) limit 1")
            .bind(id.to_string())
            .fetch_all(reader)
            .await?;
    let lines = pages.iter().flat_map(|bytes| bytes.split(|b| *b == b'\n'));
    let mut reads = lines.filter_map(|line| serde_json::from_slice::<Read>(line).ok());
    Ok(reads.find(|read| read.id == id))
}

pub(super) async fn search(
    reader: &mut SqliteConnection,
    scope: &Scope,
) -> Result<Found, StoreError> {
    let elements = scope.elements();
    // The decision permits only what this store can search; anything else finds nothing.
    let (QueryKind::Exact, Some(plate)) = (elements.kind, &elements.plate) else {
        return Ok(Found::default());
    };
    let limit = scope.limit();
    if let Some(near) = elements.near {
        return search_near(reader, scope, plate, near).await;
    }
    // One more than the limit tells whether there were more.
    let texts: Vec<String> = sqlx::query_scalar(
        "select read from reads where plate = ?1 and at >= ?2 and at < ?3
         and (?4 is null or read->>'$.plate_state' is null or read->>'$.plate_state' = ?4)
         order by at, id limit ?5",
    )
    .bind(plate.as_str())
    .bind(scope.from().millis())
    .bind(scope.until().millis())
    .bind(elements.plate_state.map(|state| state.to_string()))
    .bind(i64::from(limit).saturating_add(1))
    .fetch_all(reader)
    .await?;
    let truncated = texts.len() > limit as usize;
    let reads: Result<Vec<Read>, StoreError> = texts
        .iter()
        .take(limit as usize)
        .map(|text| serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string())))
        .collect();
    Ok(Found { reads: reads?, truncated })
}

/// The same within a circle. Reads of one plate in a period are few enough to look at each.
async fn search_near(
    reader: &mut SqliteConnection,
    scope: &Scope,
    plate: &Plate,
    near: Near,
) -> Result<Found, StoreError> {
    let mut rows = sqlx::query_scalar::<_, String>(
        "select read from reads where plate = ?1 and at >= ?2 and at < ?3
         and (?4 is null or read->>'$.plate_state' is null or read->>'$.plate_state' = ?4)
         order by at, id",
    )
    .bind(plate.as_str())
    .bind(scope.from().millis())
    .bind(scope.until().millis())
    .bind(scope.elements().plate_state.map(|state| state.to_string()))
    .fetch(reader);
    let mut found = Found::default();
    while let Some(text) = rows.try_next().await? {
        let read: Read =
            serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        if !read.location.as_ref().is_some_and(|place| near.holds(place)) {
            continue;
        }
        if found.reads.len() == scope.limit() as usize {
            found.truncated = true;
            break;
        }
        found.reads.push(read);
    }
    Ok(found)
}

pub(super) async fn stats(reader: &mut SqliteConnection) -> Result<ReadStats, StoreError> {
    let (reads, plates, cameras, earliest, latest): (i64, i64, i64, Option<i64>, Option<i64>) =
        sqlx::query_as(
            "select count(*), count(distinct plate), count(distinct camera), min(at), max(at) from reads",
        )
        .fetch_one(reader)
        .await?;
    let count = |n: i64| u64::try_from(n).map_err(|_| StoreError::Corrupt("negative count".into()));
    Ok(ReadStats {
        reads: count(reads)?,
        plates: count(plates)?,
        cameras: count(cameras)?,
        earliest: earliest.map(instant).transpose()?,
        latest: latest.map(instant).transpose()?,
    })
}
