//! The contract, and what SQLite alone is asked: what its files hold, and whoever else writes there.

use std::sync::Arc;

use async_trait::async_trait;
use schemas::digest::Digest;
use schemas::read::Read;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::Sqlite;
use crate::contract::{HEAD, Place, answer, at, holds_at, id, read, row, served, storing, wait};
use crate::{
    Corrected, Destruction as _, LogWriter as _, OwnReads as _, PhotographReferences as _, Row,
    StateChanges, Store,
};

mod search;

struct Folder(TempDir);

impl Folder {
    async fn new() -> Self {
        Self(TempDir::new().unwrap())
    }
}

#[async_trait]
impl Place for Folder {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(wait(Sqlite::open(&self.0.path().join("node.db"))).unwrap())
    }
}

holds_at!(Folder);

async fn store() -> (TempDir, Sqlite) {
    let dir = TempDir::new().unwrap();
    let store = Sqlite::open(&dir.path().join("node.db")).await.unwrap();
    (dir, store)
}

/// Another connection to the database, as of another program.
async fn another(dir: &TempDir) -> SqliteConnection {
    let path = format!("sqlite://{}", dir.path().join("node.db").display());
    SqliteConnection::connect(&path).await.unwrap()
}

#[tokio::test]
async fn nothing_is_left_in_the_files_of_bodies_that_were_destroyed() {
    let (dir, store) = store().await;
    let mut rows: Vec<Row> =
        (0..40).map(|n| row(n, 0, id(n as u8), StateChanges::default())).collect();
    for row in &mut rows {
        row.body = format!("{{\"a\":\"THE-SECRET-{}\"}}", "x".repeat(6_000));
    }
    store.commit(&rows, HEAD).await.unwrap();
    assert_eq!(store.redact(0, 39).await.unwrap(), 40);
    store.erase_traces().await.unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let secret = b"THE-SECRET";
        assert!(!bytes.windows(secret.len()).any(|part| part == secret));
    }
}

#[tokio::test]
async fn whoever_destroys_reads_destroys_what_belongs_to_them() {
    let (dir, store) = store().await;
    let one = Digest::of(b"one");
    let was = read(1, 0, &[one]);
    let effects = storing(vec![was.clone(), read(2, 0, &[one])]);
    store.commit(&[row(0, 0, id(1), effects)], HEAD).await.unwrap();
    let mut released = answer(id(2));
    released.released = Some((at(0), vec![was.id]));
    let effects = StateChanges { served: Some(released), ..served(id(2)) };
    store.commit(&[row(1, 0, id(2), effects)], HEAD).await.unwrap();
    let now_is = Read { plate: "7ABC128".parse().unwrap(), ..was.clone() };
    let corrected = vec![Corrected { read: now_is, was: vec![(1, was.clone())], withdrawn: false }];
    store
        .commit(&[row(2, 1, id(3), StateChanges { corrected, ..StateChanges::default() })], HEAD)
        .await
        .unwrap();
    let mut other = another(&dir).await;
    sqlx::query("delete from reads where plate = '7ABC128'").execute(&mut other).await.unwrap();
    assert!(store.read_versions(was.id).await.unwrap().is_empty());
    assert!(store.unreferenced_images(10).await.unwrap().is_empty());
    assert_eq!(store.forget_released(at(1)).await.unwrap(), 1);
    sqlx::query("delete from reads").execute(&mut other).await.unwrap();
    assert_eq!(store.unreferenced_images(10).await.unwrap(), [one]);
}
