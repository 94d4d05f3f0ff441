//! Reads are found by their terms, however they came into the database.

use std::borrow::Cow;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::*;
use crate::store::search::contract::{Draw, finds_what_fits, read, scope, start};

fn many() -> Vec<Read> {
    let mut draw = Draw::new(1);
    (0..2_000).map(|n| read(n, &mut draw)).collect()
}

#[tokio::test]
async fn a_search_finds_what_fits_in_its_order_and_says_when_there_is_more() {
    let (_dir, store) = store().await;
    let mut reads = many();
    // They do not come in the order of time.
    reads.sort_by_key(|read| read.record.to_string() + &read.plate.to_string());
    let effects = Effects { reads: reads.clone(), ..Effects::default() };
    store.commit(&[row(0, 0, id(1), effects)]).await.unwrap();
    finds_what_fits(&store, &reads, 11).await;
}

#[tokio::test]
async fn reads_of_an_earlier_schema_are_found_like_new_ones() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("node.db");
    let reads = many();
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut earlier = SqliteConnection::connect_with(&options).await.unwrap();
    let mut migrator = sqlx::migrate!("migrations/sqlite");
    migrator.migrations = Cow::Owned(migrator.iter().take(1).cloned().collect());
    migrator.run(&mut earlier).await.unwrap();
    let rows: Vec<_> = reads
        .iter()
        .map(|read| (read.id, &read.plate, read.at.millis(), &read.camera, read))
        .collect();
    sqlx::query(
        "insert into reads (id, plate, at, camera, read)
         select unhex(value->>0), value->>1, value->>2, value->>3, value->4 from json_each(?1)",
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
async fn a_corrected_read_is_found_as_it_is_and_no_longer_as_it_was() {
    let (_dir, store) = store().await;
    let was = many().remove(0);
    let mut is = was.clone();
    is.plate = "9XYZ777".parse().unwrap();
    is.plate_state = Some("OR".parse().unwrap());
    let effects = Effects { reads: vec![was.clone()], ..Effects::default() };
    store.commit(&[row(0, 0, id(1), effects)]).await.unwrap();
    let corrected = Corrected { read: is.clone(), replaces: 1 };
    let effects = Effects { corrected: Some(corrected), ..Effects::default() };
    store.commit(&[row(1, 0, id(2), effects)]).await.unwrap();
    let partial = |pattern: String| {
        serde_json::from_value(serde_json::json!({
            "kind": "partial", "pattern": pattern, "from": start(),
            "until": start().plus_millis(86_400_000),
        }))
        .unwrap()
    };
    for (pattern, found) in [
        ("9XY*".to_owned(), vec![is.clone()]),
        ("*777".to_owned(), vec![is]),
        (format!("{}*", was.plate.as_str().split_at(2).0), vec![]),
        (format!("*{}", was.plate.as_str().split_at(1).1), vec![]),
    ] {
        let searched = store.search(&scope(&partial(pattern.clone()), 10)).await.unwrap();
        assert_eq!(searched.reads, found, "{pattern}");
    }
}

#[tokio::test]
async fn every_way_is_an_index_of_its_own() {
    // A statement names its index, and fails where that is missing or does not serve.
    let (_dir, store) = store().await;
    let reads = many();
    let effects = Effects { reads, ..Effects::default() };
    store.commit(&[row(0, 0, id(1), effects)]).await.unwrap();
    let mut reader = store.readers.take().await.unwrap();
    for (condition, index, seeks) in [
        ("plate = 'A' and at >= 1 and at < 2", "reads_by_plate", "plate=? AND at>? AND at<?"),
        ("plate >= 'A' and plate < 'B'", "reads_by_plate", "plate>? AND plate<?"),
        ("tail >= 'A' and tail < 'B'", "reads_by_tail", "tail>? AND tail<?"),
        ("cell in (1, 2) and at >= 1 and at < 2", "reads_by_cell", "cell=? AND at>? AND at<?"),
        ("camera = 'A' and at >= 1 and at < 2", "reads_by_camera", "camera=? AND at>? AND at<?"),
        ("make = 'A' and at >= 1 and at < 2", "reads_by_make", "make=? AND at>? AND at<?"),
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
