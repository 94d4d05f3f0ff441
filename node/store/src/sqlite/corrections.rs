//! Versions of reads, and to whom a read was released.

use schemas::digest::hex;
use schemas::entry::EntryKind;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::super::decode::{envelopes_of, number, own, parsed, read};
use super::super::{OwnRead, Release, StoreError};

pub(super) async fn own_read(
    reader: &mut SqliteConnection,
    id: ReadId,
) -> Result<Option<(Read, u32)>, StoreError> {
    let found: Option<(String, i64)> = sqlx::query_as(
        "select read, 1 + (select count(*) from read_versions where read_versions.read = reads.id)
         from reads where id = ?1",
    )
    .bind(id.as_bytes().to_vec())
    .fetch_optional(reader)
    .await?;
    found.map(|(text, version)| Ok((read(&text)?, number(version)?))).transpose()
}

/// What is told of a read beside it: its version, and whether a person corrected it.
const READ: &str = "
select read, 1 + (select count(*) from read_versions where read_versions.read = reads.id),
       exists (select 1 from read_versions join entries on idx = entry
               where read_versions.read = reads.id and kind = ?2)
from json_each(?1) as one cross join reads on ";

pub(super) async fn own_reads(
    reader: &mut SqliteConnection,
    ids: &[ReadId],
) -> Result<Vec<OwnRead>, StoreError> {
    those(reader, ids, "reads.id = unhex(one.value)").await
}

pub(super) async fn earlier_readings(
    reader: &mut SqliteConnection,
    ids: &[ReadId],
) -> Result<Vec<OwnRead>, StoreError> {
    those(reader, ids, "reads.earlier_of = unhex(one.value) order by reads.id").await
}

async fn those(
    reader: &mut SqliteConnection,
    ids: &[ReadId],
    which: &'static str,
) -> Result<Vec<OwnRead>, StoreError> {
    let wanted: Vec<String> = ids.iter().map(|id| hex(id.as_bytes())).collect();
    let wanted = serde_json::to_string(&wanted).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    let rows: Vec<(String, i64, bool)> = sqlx::query_as(AssertSqlSafe(format!("{READ}{which}")))
        .bind(wanted)
        .bind(EntryKind::ReadsCorrected.code())
        .fetch_all(reader)
        .await?;
    rows.into_iter().map(own).collect()
}

pub(super) async fn versions(
    reader: &mut SqliteConnection,
    id: ReadId,
) -> Result<Vec<(u32, Read, u64)>, StoreError> {
    let rows: Vec<(i64, String, i64)> = sqlx::query_as(
        "select version, text, entry from read_versions where read = ?1 order by version",
    )
    .bind(id.as_bytes().to_vec())
    .fetch_all(reader)
    .await?;
    rows.into_iter()
        .map(|(version, text, entry)| Ok((number(version)?, read(&text)?, number(entry)?)))
        .collect()
}

pub(super) async fn released(
    reader: &mut SqliteConnection,
    id: ReadId,
) -> Result<Vec<Release>, StoreError> {
    // An entry that was redacted since tells no query id; its answer is kept by nobody any more.
    let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(
        "select entry, requester, record from served join entries on idx = entry
         where instr(reads, ?1) > 0 and record is not null order by entry",
    )
    .bind(id.as_bytes().to_vec())
    .fetch_all(reader)
    .await?;
    rows.into_iter()
        .map(|(entry, requester, record)| {
            let query = envelopes_of(&record)?.unwrap_or_default();
            Ok(Release { entry: number(entry)?, requester: parsed(&requester)?, query })
        })
        .collect()
}

pub(super) async fn forget_released(
    writer: &mut SqliteConnection,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "update served set reads = null, latest = null
         where latest < ?1 and not exists (
             with recursive one (at) as (
                 select 1 union all select at + 32 from one where at + 32 <= length(served.reads))
             select 1 from one join reads on reads.id = substr(served.reads, one.at, 32))",
    )
    .bind(before.millis())
    .execute(writer)
    .await?;
    Ok(done.rows_affected())
}
