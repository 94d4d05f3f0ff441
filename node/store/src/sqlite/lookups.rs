//! Lookups of one plate in a period, several in one statement.
//!
//! Nearly every search is one, and a hop to the driver's thread and back costs more than it does.
//! So whoever gets a reader looks for all who wait, up to a few. One who gives up in the middle
//! leaves those whom it looked for to look again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use schemas::time::Timestamp;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::super::StoreError;
use super::readers::Readers;

/// Most lookups of one statement: fewer than wait when many do, so that all readers have some.
const TOGETHER: usize = 16;

/// A read as it stands in the database: time, row, text.
pub(super) type Row = (i64, i64, String);

/// A plate in a period, and how many reads of it.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    pub(super) plate: String,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) limit: u32,
}

#[derive(Debug)]
struct Waiting {
    lookup: Lookup,
    found: oneshot::Sender<Result<Vec<Row>, String>>,
}

/// Those who wait.
#[derive(Debug, Default)]
pub(super) struct Lookups(Mutex<VecDeque<Waiting>>);

impl Lookups {
    fn take(&self) -> Vec<Waiting> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let few = all.len().min(TOGETHER);
        all.drain(..few).collect()
    }

    /// The reads of a lookup, in the order of time.
    pub(super) async fn find(
        &self,
        readers: &Readers,
        lookup: &Lookup,
    ) -> Result<Vec<Row>, StoreError> {
        loop {
            let (sender, mut found) = oneshot::channel();
            let waiting = Waiting { lookup: lookup.clone(), found: sender };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(waiting);
            let answer = loop {
                tokio::select! {
                    biased;
                    answer = &mut found => break answer,
                    reader = readers.take() => {
                        let (mut reader, all) = (reader?, self.take());
                        if all.is_empty() {
                            // Another one looks for this one.
                            drop(reader);
                            break found.await;
                        }
                        serve(&mut reader, all).await;
                    }
                }
            };
            // Else who looked for this one too has given up in the middle.
            if let Ok(answer) = answer {
                return answer.map_err(StoreError::Database);
            }
        }
    }
}

/// Looks for all of `waiting` at once.
async fn serve(reader: &mut SqliteConnection, waiting: Vec<Waiting>) {
    match look(reader, &waiting).await {
        Ok(found) => {
            for (one, rows) in waiting.into_iter().zip(found) {
                // Who has given up wants nothing any more.
                drop(one.found.send(Ok(rows)));
            }
        }
        Err(error) => {
            let error = error.to_string();
            waiting.into_iter().for_each(|one| drop(one.found.send(Err(error.clone()))));
        }
    }
}

async fn look_for(reader: &mut SqliteConnection, lookup: &Lookup) -> Result<Vec<Row>, StoreError> {
    let rows = sqlx::query_as(
        "select at, row, read from reads indexed by reads_by_plate
         where plate = ?1 and at >= ?2 and at < ?3 order by at, row limit ?4",
    )
    .bind(&lookup.plate)
    .bind(lookup.from.millis())
    .bind(lookup.until.millis())
    .bind(i64::from(lookup.limit));
    Ok(rows.fetch_all(reader).await?)
}

async fn look(
    reader: &mut SqliteConnection,
    waiting: &[Waiting],
) -> Result<Vec<Vec<Row>>, StoreError> {
    if let [one] = waiting {
        return Ok(vec![look_for(reader, &one.lookup).await?]);
    }
    let wanted: Vec<_> = waiting
        .iter()
        .map(|Waiting { lookup, .. }| (&lookup.plate, lookup.from.millis(), lookup.until.millis()))
        .collect();
    let most = waiting.iter().map(|one| one.lookup.limit).max().unwrap_or(0);
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "select one.key, reads.at, reads.row, reads.read
         from json_each(?1) as one cross join reads
         where reads.row in (
             select row from reads as inner_reads indexed by reads_by_plate
             where plate = one.value->>0 and at >= one.value->>1 and at < one.value->>2
             order by at, row limit ?2)",
    )
    .bind(serde_json::to_string(&wanted).map_err(|e| StoreError::Corrupt(e.to_string()))?)
    .bind(i64::from(most))
    .fetch_all(reader)
    .await?;
    let mut found = vec![Vec::new(); waiting.len()];
    for (key, at, row, text) in rows {
        let place = usize::try_from(key).ok().and_then(|key| found.get_mut(key));
        let place = place.ok_or_else(|| StoreError::Corrupt(format!("lookup {key}")))?;
        place.push((at, row, text));
    }
    for (rows, Waiting { lookup, .. }) in found.iter_mut().zip(waiting) {
        rows.sort_unstable_by_key(|(at, row, _)| (*at, *row));
        rows.truncate(lookup.limit as usize);
    }
    Ok(found)
}
