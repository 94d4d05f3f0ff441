//! Reads of an earlier schema, and the indexes.

use std::borrow::Cow;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::*;
use crate::contract::many;
use crate::migrations;
use crate::search::contract::finds_what_fits;

#[tokio::test]
async fn reads_of_an_earlier_schema_are_found_like_new_ones() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("node.db");
    let reads = many();
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut earlier = SqliteConnection::connect_with(&options).await.unwrap();
    let mut migrator = migrations::sqlite();
    migrator.migrations = Cow::Owned(migrator.iter().take(1).cloned().collect());
    migrator.run(&mut earlier).await.unwrap();
    let rows: Vec<_> = reads
        .iter()
        .map(|read| (read.id, &read.plate, read.at.millis(), &read.camera, read))
        .collect();
    sqlx::query(
        "insert into reads (id, plate, at, camera, read, entry)
         select unhex(value->>0), value->>1, value->>2, value->>3, value->4, 0 from json_each(?1)",
    )
    .bind(serde_json::to_string(&rows).unwrap())
    .execute(&mut earlier)
    .await
    .unwrap();
    earlier.close().await.unwrap();
    let store = Sqlite::open(&path).await.unwrap();
    finds_what_fits(&store, &reads, 12).await;
}

#[tokio::test]
async fn every_way_is_an_index_of_its_own() {
    // A statement names its index, and fails where that is missing or does not serve.
    let (_dir, store) = store().await;
    let reads = many();
    let effects = StateChanges { reads, ..StateChanges::default() };
    store.commit(&[row(0, 0, id(1), effects)], HEAD).await.unwrap();
    let mut reader = store.readers.take().await.unwrap();
    for (condition, index, seeks) in [
        ("plate = 'A' and at >= 1 and at < 2", "reads_by_plate", "plate=? AND at>? AND at<?"),
        ("plate >= 'A' and plate < 'B'", "reads_by_plate", "plate>? AND plate<?"),
        ("tail >= 'A' and tail < 'B'", "reads_by_tail", "tail>? AND tail<?"),
        ("cell in (1, 2) and at >= 1 and at < 2", "reads_by_cell", "cell=? AND at>? AND at<?"),
        ("camera = 'A' and at >= 1 and at < 2", "reads_by_camera", "camera=? AND at>? AND at<?"),
        ("make = 'A' and at >= 1 and at < 2", "reads_by_make", "make=? AND at>? AND at<?"),
        ("instr(plate, '?') > 0 and at >= 1 and at < 2", "reads_unread", "at>? AND at<?"),
        ("at >= 1 and at < 2", "reads_by_time", "at>? AND at<?"),
    ] {
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "explain query plan select at, row from reads indexed by {index} where {condition}"
        )))
        .fetch_all(&mut *reader)
        .await
        .unwrap();
        let told = format!("{plan:?}");
        assert!(told.contains("COVERING INDEX") && told.contains(seeks), "{condition}: {told}");
    }
}
