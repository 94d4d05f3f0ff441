//! Which photographs something refers to. Reads and kept answers are counted where they are appended
//! and destroyed.

use async_trait::async_trait;
use schemas::digest::Digest;
use sqlx::PgConnection;

use super::super::StoreError;
use super::super::decode::digest;
use super::reading;
use crate::PhotographReferences;

#[async_trait]
impl PhotographReferences for super::Postgres {
    async fn images(&self, after: Option<Digest>, limit: u32) -> Result<Vec<Digest>, StoreError> {
        reading!(self, referred, after, limit)
    }

    async fn referenced_images(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        reading!(self, of, digests)
    }

    async fn unreferenced_images(&self, limit: u32) -> Result<Vec<Digest>, StoreError> {
        reading!(self, unreferenced, limit)
    }
}

fn digests(rows: Vec<Vec<u8>>) -> Result<Vec<Digest>, StoreError> {
    rows.into_iter().map(digest).collect()
}

fn list(digests: &[Digest]) -> Vec<[u8; 32]> {
    digests.iter().map(|digest| *digest.as_bytes()).collect()
}

pub(super) async fn referred(
    reader: &mut PgConnection,
    after: Option<Digest>,
    limit: u32,
) -> Result<Vec<Digest>, StoreError> {
    let rows = sqlx::query_scalar(
        "select digest from images where refs > 0 and digest > $1 order by digest limit $2",
    )
    .bind(after.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()))
    .bind(i64::from(limit))
    .fetch_all(reader)
    .await?;
    digests(rows)
}

pub(super) async fn of(
    reader: &mut PgConnection,
    some: &[Digest],
) -> Result<Vec<Digest>, StoreError> {
    let rows = sqlx::query_scalar("select digest from images where digest = any ($1) and refs > 0")
        .bind(list(some))
        .fetch_all(reader)
        .await?;
    digests(rows)
}

pub(super) async fn unreferenced(
    reader: &mut PgConnection,
    limit: u32,
) -> Result<Vec<Digest>, StoreError> {
    let rows = sqlx::query_scalar("select digest from images where refs = 0 limit $1")
        .bind(i64::from(limit))
        .fetch_all(reader)
        .await?;
    digests(rows)
}

pub(super) async fn forget(writer: &mut PgConnection, some: &[Digest]) -> Result<(), StoreError> {
    sqlx::query("delete from images where refs = 0 and digest = any ($1)")
        .bind(list(some))
        .execute(writer)
        .await?;
    Ok(())
}
