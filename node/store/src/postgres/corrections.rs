//! Versions of reads, and to whom a read was released.

use schemas::entry::EntryKind;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection};

use super::super::decode::{OwnRow, brought, column, number, own, parsed, read, release};
use super::super::{BroughtRead, OwnRead, Release, StoreError};

/// What is told of a read beside it: its version, whether a person corrected it, and the entries that
/// brought and withdrew it.
const READ: &str = "
select reads.read, 1 + (select count(*) from read_versions where read_versions.read = reads.id),
       exists (select from read_versions join entries on idx = read_versions.entry
               where read_versions.read = reads.id and kind = $2),
       reads.entry, withdrawn
from ";

pub(super) async fn own_reads(
    reader: &mut PgConnection,
    ids: &[ReadId],
) -> Result<Vec<OwnRead>, StoreError> {
    let which = "read_ids join reads on reads.at = read_ids.at and reads.id = read_ids.id
                 where read_ids.id = any ($1)";
    those(reader, ids, which).await
}

pub(super) async fn earlier_readings(
    reader: &mut PgConnection,
    ids: &[ReadId],
) -> Result<Vec<OwnRead>, StoreError> {
    those(reader, ids, "reads where earlier_of = any ($1) order by reads.id").await
}

async fn those(
    reader: &mut PgConnection,
    ids: &[ReadId],
    which: &'static str,
) -> Result<Vec<OwnRead>, StoreError> {
    let wanted: Vec<[u8; 32]> = ids.iter().map(|id| *id.as_bytes()).collect();
    let rows: Vec<OwnRow> = sqlx::query_as(AssertSqlSafe(format!("{READ}{which}")))
        .bind(wanted)
        .bind(EntryKind::ReadsCorrected.code())
        .fetch_all(reader)
        .await?;
    rows.into_iter().map(own).collect()
}

pub(super) async fn versions(
    reader: &mut PgConnection,
    id: ReadId,
) -> Result<Vec<(u32, Read, u64)>, StoreError> {
    let rows: Vec<(i64, String, i64)> = sqlx::query_as(
        "select version, text, entry from read_versions where read = $1 order by version",
    )
    .bind(id.as_bytes().as_slice())
    .fetch_all(reader)
    .await?;
    rows.into_iter()
        .map(|(version, text, entry)| Ok((number(version)?, read(&text)?, number(entry)?)))
        .collect()
}

/// Reads that the entries of `$1` brought or told otherwise last: of the versions that they replaced, and
/// that nothing else followed, the first one is what the read was before.
const BROUGHT: &str = "
with told as materialized (
    select read, min(version) as before from read_versions as one
    where entry = any ($1) and not exists (
        select from read_versions as later
        where later.read = one.read and later.version > one.version and later.entry <> all ($1))
    group by read)
select reads.read, 1 + (select count(*) from read_versions where read_versions.read = reads.id),
       case when reads.entry = any ($1) then null else (
           select text from told join read_versions using (read)
           where told.read = reads.id and version = before) end
from reads
where withdrawn is null and (reads.entry = any ($1) or reads.id in (select read from told))
limit $2";

pub(super) async fn brought_by(
    reader: &mut PgConnection,
    entries: &[u64],
    limit: u32,
) -> Result<Vec<BroughtRead>, StoreError> {
    let entries: Vec<i64> = entries.iter().copied().map(column).collect();
    let rows: Vec<(String, i64, Option<String>)> =
        sqlx::query_as(BROUGHT).bind(entries).bind(i64::from(limit)).fetch_all(reader).await?;
    rows.into_iter().map(brought).collect()
}

pub(super) async fn released(
    reader: &mut PgConnection,
    ids: &[ReadId],
) -> Result<Vec<Release>, StoreError> {
    // An entry that was redacted since tells no query id; its answer is kept by nobody any more.
    let ids: Vec<[u8; 32]> = ids.iter().map(|id| *id.as_bytes()).collect();
    let rows: Vec<(String, i64, String, Vec<u8>)> = sqlx::query_as(
        "select encode(one, 'hex'), entry, requester, record
         from served join entries on idx = entry, each_of(served.reads) as one
         where one = any ($1) and record is not null order by entry",
    )
    .bind(ids)
    .fetch_all(reader)
    .await?;
    rows.into_iter()
        .map(|(read, entry, requester, record)| {
            release(parsed(&read)?, (entry, &requester, &record))
        })
        .collect()
}

pub(super) async fn forget_released(
    writer: &mut PgConnection,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "update served set reads = null, latest = null
         where latest < $1 and not exists (
             select from each_of(served.reads) as one join read_ids on read_ids.id = one)",
    )
    .bind(before.millis())
    .execute(writer)
    .await?;
    Ok(done.rows_affected())
}
