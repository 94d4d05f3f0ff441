//! What bodies of entries mention: finding entries by it, and forgetting it.

use sqlx::{PgConnection, Postgres};

use super::super::decode::number;
use super::super::mentions;
use crate::{Mention, MentionSum, StoreError};

/// Entries whose kept bodies mention something, the newest first.
pub(super) async fn mentioning(
    reader: &mut PgConnection,
    mention: &Mention,
    end: u64,
    limit: u32,
) -> Result<Vec<u64>, StoreError> {
    let mut asked = mentions::mentioning::<Postgres>(mention, end, limit);
    let found: Vec<i64> = asked.build_query_scalar().fetch_all(reader).await?;
    found.into_iter().map(number).collect()
}

/// What entries before an index mention, each with those entries, in order.
pub(super) async fn sums(
    reader: &mut PgConnection,
    after: Option<&Mention>,
    end: u64,
    limit: u32,
) -> Result<Vec<(Mention, MentionSum)>, StoreError> {
    let mut asked = mentions::sums::<Postgres>(after, end, limit);
    let rows = asked.build_query_as().fetch_all(reader).await?;
    rows.into_iter().map(mentions::sum).collect()
}

/// Forgets what entries mention that are about to be redacted.
pub(super) async fn forget(
    writer: &mut PgConnection,
    first: i64,
    last: i64,
) -> Result<(), StoreError> {
    let mut next = Some(first);
    while let Some(first) = next {
        let mut asked = mentions::redacted::<Postgres>(first, last);
        let rows: Vec<(i64, Vec<u8>)> = asked.build_query_as().fetch_all(&mut *writer).await?;
        for (entry, record) in &rows {
            for mut statement in mentions::forgetting::<Postgres>(*entry, record) {
                statement.build().execute(&mut *writer).await?;
            }
        }
        next = mentions::next_redacted(&rows, last);
    }
    Ok(())
}
