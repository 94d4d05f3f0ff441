//! The terms of reads that were stored before reads had any.

use schemas::read::Read;
use sqlx::SqliteConnection;

use super::super::StoreError;
use super::super::search::terms::Terms;

/// Reads whose terms are written in one transaction.
const AT_ONCE: i64 = 5_000;

/// Gives terms to the reads that have none. What was given stays after a crash; the rest is given
/// when the database is next opened.
pub(super) async fn fill(writer: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut given = 0usize;
    loop {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "select row, read from reads indexed by reads_without_terms where tail is null
             order by row limit ?1",
        )
        .bind(AT_ONCE)
        .fetch_all(&mut *writer)
        .await?;
        if rows.is_empty() {
            break;
        }
        given = given.saturating_add(rows.len());
        let terms: Result<Vec<(i64, Terms)>, serde_json::Error> = rows
            .into_iter()
            .map(|(row, text)| Ok((row, Terms::of(&serde_json::from_str::<Read>(&text)?))))
            .collect();
        let terms = terms.and_then(|terms| serde_json::to_string(&terms));
        sqlx::query(
            "update reads set tail = one.value->>'$[1].tail', state = one.value->>'$[1].state',
                    lat = one.value->>'$[1].lat', lon = one.value->>'$[1].lon',
                    cell = one.value->>'$[1].cell', make = one.value->>'$[1].make',
                    color = one.value->>'$[1].color', body = one.value->>'$[1].body'
             from json_each(?1) as one where reads.row = one.value->>0",
        )
        .bind(terms.map_err(|e| StoreError::Corrupt(e.to_string()))?)
        .execute(&mut *writer)
        .await?;
    }
    if given > 0 {
        tracing::info!(
            read.count = given,
            "reads that were stored before can be searched like new ones"
        );
    }
    Ok(())
}
