//! Which photographs something refers to. Reads and kept answers are counted by the database
//! itself, whoever adds or destroys them.

use async_trait::async_trait;
use schemas::digest::{Digest, hex};
use sqlx::SqliteConnection;

use super::super::StoreError;
use super::super::decode::digest;
use crate::PhotographReferences;

#[async_trait]
impl PhotographReferences for super::Sqlite {
    async fn images(&self, after: Option<Digest>, limit: u32) -> Result<Vec<Digest>, StoreError> {
        referred(&mut *self.readers.take().await?, after, limit).await
    }

    async fn referenced_images(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        of(&mut *self.readers.take().await?, digests).await
    }

    async fn unreferenced_images(&self, limit: u32) -> Result<Vec<Digest>, StoreError> {
        unreferenced(&mut *self.readers.take().await?, limit).await
    }
}

fn digests(rows: Vec<Vec<u8>>) -> Result<Vec<Digest>, StoreError> {
    rows.into_iter().map(digest).collect()
}

fn list(digests: &[Digest]) -> Result<String, StoreError> {
    serde_json::to_string(digests).map_err(|e| StoreError::Corrupt(e.to_string()))
}

pub(super) async fn referred(
    reader: &mut SqliteConnection,
    after: Option<Digest>,
    limit: u32,
) -> Result<Vec<Digest>, StoreError> {
    let rows = sqlx::query_scalar(
        "select digest from images where refs > 0 and digest > unhex(?1) order by digest limit ?2",
    )
    .bind(after.map_or_else(String::new, |digest| hex(digest.as_bytes())))
    .bind(limit)
    .fetch_all(reader)
    .await?;
    digests(rows)
}

pub(super) async fn of(
    reader: &mut SqliteConnection,
    some: &[Digest],
) -> Result<Vec<Digest>, StoreError> {
    let rows = sqlx::query_scalar(
        "select digest from json_each(?1) join images on digest = unhex(value) where refs > 0",
    )
    .bind(list(some)?)
    .fetch_all(reader)
    .await?;
    digests(rows)
}

pub(super) async fn unreferenced(
    reader: &mut SqliteConnection,
    limit: u32,
) -> Result<Vec<Digest>, StoreError> {
    let rows = sqlx::query_scalar("select digest from images where refs = 0 limit ?1")
        .bind(limit)
        .fetch_all(reader)
        .await?;
    digests(rows)
}

pub(super) async fn forget(
    writer: &mut SqliteConnection,
    some: &[Digest],
) -> Result<(), StoreError> {
    sqlx::query(
        "delete from images where refs = 0
         and digest in (select unhex(value) from json_each(?1))",
    )
    .bind(list(some)?)
    .execute(writer)
    .await?;
    Ok(())
}
