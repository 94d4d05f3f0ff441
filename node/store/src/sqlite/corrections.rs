//! Versions of reads, and to whom a read was released.

use std::collections::HashMap;

use futures::TryStreamExt as _;
use schemas::digest::hex;
use schemas::entry::EntryKind;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::super::decode::{OwnRow, brought, number, own, read, release};
use super::super::{BroughtRead, OwnRead, Release, StoreError};

/// What is told of a read beside it: its version, whether a person corrected it, and the entries that
/// brought and withdrew it.
const READ: &str = "
select read, 1 + (select count(*) from read_versions where read_versions.read = reads.id),
       exists (select 1 from read_versions join entries on idx = read_versions.entry
               where read_versions.read = reads.id and kind = ?2),
       reads.entry, withdrawn
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
    let wanted = in_hexadecimal(ids)?;
    let rows: Vec<OwnRow> = sqlx::query_as(AssertSqlSafe(format!("{READ}{which}")))
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

/// Reads that the entries of `?1` brought or told otherwise last: of the versions that they replaced, and
/// that nothing else followed, the first one is what the read was before.
const BROUGHT: &str = "
with those (entry) as materialized (select value from json_each(?1)),
told (read, before) as materialized (
    select read, min(version) from read_versions as one
    where entry in those and not exists (
        select 1 from read_versions as later
        where later.read = one.read and later.version > one.version and later.entry not in those)
    group by read)
select reads.read, 1 + (select count(*) from read_versions where read_versions.read = reads.id),
       case when reads.entry in those then null else (
           select text from told join read_versions using (read)
           where told.read = reads.id and version = before) end
from reads
where withdrawn is null and (reads.entry in those or reads.id in (select read from told))
limit ?2";

pub(super) async fn brought_by(
    reader: &mut SqliteConnection,
    entries: &[u64],
    limit: u32,
) -> Result<Vec<BroughtRead>, StoreError> {
    let entries = serde_json::to_string(entries).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    let rows: Vec<(String, i64, Option<String>)> =
        sqlx::query_as(BROUGHT).bind(entries).bind(i64::from(limit)).fetch_all(reader).await?;
    rows.into_iter().map(brought).collect()
}

pub(super) async fn released(
    reader: &mut SqliteConnection,
    ids: &[ReadId],
) -> Result<Vec<Release>, StoreError> {
    // An entry that was redacted since tells no query id; its answer is kept by nobody any more.
    let wanted: HashMap<&[u8], ReadId> =
        ids.iter().map(|id| (id.as_bytes().as_slice(), *id)).collect();
    let mut found: Vec<(i64, ReadId)> = Vec::new();
    {
        let mut all = sqlx::query_as::<_, (i64, Vec<u8>)>(
            "select entry, reads from served where reads is not null order by entry",
        )
        .fetch(&mut *reader);
        while let Some((entry, reads)) = all.try_next().await? {
            let those = reads.chunks(32).filter_map(|id| wanted.get(id));
            found.extend(those.map(|read| (entry, *read)));
        }
    }
    let entries: Vec<i64> = found.iter().map(|(entry, _)| *entry).collect();
    let entries =
        serde_json::to_string(&entries).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(
        "select entry, requester, record from served join entries on idx = entry
         where entry in (select value from json_each(?1)) and record is not null",
    )
    .bind(entries)
    .fetch_all(reader)
    .await?;
    let rows: HashMap<i64, (String, Vec<u8>)> =
        rows.into_iter().map(|(entry, requester, record)| (entry, (requester, record))).collect();
    let told = found.into_iter().filter_map(|(entry, read)| Some((entry, read, rows.get(&entry)?)));
    told.map(|(entry, read, (requester, record))| release(read, (entry, requester, record)))
        .collect()
}

/// Ids as a JSON array.
fn in_hexadecimal(ids: &[ReadId]) -> Result<String, StoreError> {
    let ids: Vec<String> = ids.iter().map(|id| hex(id.as_bytes())).collect();
    serde_json::to_string(&ids).map_err(|e| StoreError::Corrupt(e.to_string()))
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
