//! Versions of reads, and to whom a read was released.

use schemas::entry::EntryKind;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection};

use super::super::decode::{envelopes_of, number, own, parsed, read};
use super::super::{OwnRead, Release, StoreError};

pub(super) async fn own_read(
    reader: &mut PgConnection,
    id: ReadId,
) -> Result<Option<(Read, u32)>, StoreError> {
    let found: Option<(String, i64)> = sqlx::query_as(
        "select reads.read, 1 + (select count(*) from read_versions where read_versions.read = $1)
         from read_ids join reads on reads.at = read_ids.at and reads.id = read_ids.id
         where read_ids.id = $1",
    )
    .bind(id.as_bytes().as_slice())
    .fetch_optional(reader)
    .await?;
    found.map(|(text, version)| Ok((read(&text)?, number(version)?))).transpose()
}

/// What is told of a read beside it: its version, and whether a person corrected it.
const READ: &str = "
select reads.read, 1 + (select count(*) from read_versions where read_versions.read = reads.id),
       exists (select from read_versions join entries on idx = entry
               where read_versions.read = reads.id and kind = $2)
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
    let rows: Vec<(String, i64, bool)> = sqlx::query_as(AssertSqlSafe(format!("{READ}{which}")))
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

pub(super) async fn released(
    reader: &mut PgConnection,
    id: ReadId,
) -> Result<Vec<Release>, StoreError> {
    // An entry that was redacted since tells no query id; its answer is kept by nobody any more.
    let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(
        "select entry, requester, record from served join entries on idx = entry
         where position($1::bytea in reads) > 0 and record is not null order by entry",
    )
    .bind(id.as_bytes().as_slice())
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
