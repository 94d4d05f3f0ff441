//! Signed heads: those of peers that this node cosigned, and its own that peers did.

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use sqlx::SqliteConnection;

use super::super::decode::{column, number};
use super::super::{StoreError, Witnessed};
use crate::{HeadWriter, Heads};

#[async_trait]
impl HeadWriter for super::Sqlite {
    async fn witness(
        &self,
        origin: &AgencyId,
        replaces: Option<(u64, Digest)>,
        head: &Witnessed,
    ) -> Result<bool, StoreError> {
        witness(&mut *self.writer.lock().await, origin, replaces, head).await
    }

    async fn keep_cosigned(&self, size: u64, checkpoint: &str) -> Result<(), StoreError> {
        keep(&mut *self.writer.lock().await, size, checkpoint).await
    }
}

#[async_trait]
impl Heads for super::Sqlite {
    async fn witnessed(&self, origin: &AgencyId) -> Result<Option<Witnessed>, StoreError> {
        witnessed(&mut *self.readers.take().await?, origin).await
    }

    async fn cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        cosigned(&mut *self.readers.take().await?, size).await
    }

    async fn first_cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        first_cosigned(&mut *self.readers.take().await?, size).await
    }
}

pub(super) async fn witnessed(
    connection: &mut SqliteConnection,
    origin: &AgencyId,
) -> Result<Option<Witnessed>, StoreError> {
    let row: Option<(i64, String, String)> =
        sqlx::query_as("select size, root, checkpoint from witnessed where origin = ?1")
            .bind(origin.as_str())
            .fetch_optional(connection)
            .await?;
    row.map(|(size, root, checkpoint)| {
        let root: Digest =
            serde_json::from_value(root.into()).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        Ok(Witnessed { size: number(size)?, root, checkpoint })
    })
    .transpose()
}

pub(super) async fn witness(
    writer: &mut SqliteConnection,
    origin: &AgencyId,
    replaces: Option<(u64, Digest)>,
    head: &Witnessed,
) -> Result<bool, StoreError> {
    let (old_size, old_root) = match replaces {
        Some((size, root)) => (Some(column(size)), Some(root.to_string())),
        None => (None, None),
    };
    // One statement compares and puts: no other request comes between.
    let done = sqlx::query(
        "insert into witnessed (origin, size, root, checkpoint)
         select ?1, ?2, ?3, ?4
         where (?5 is null and not exists (select 1 from witnessed where origin = ?1))
            or exists (select 1 from witnessed where origin = ?1 and size = ?5 and root = ?6)
         on conflict (origin) do update
         set size = excluded.size, root = excluded.root, checkpoint = excluded.checkpoint",
    )
    .bind(origin.as_str())
    .bind(column(head.size))
    .bind(head.root.to_string())
    .bind(&head.checkpoint)
    .bind(old_size)
    .bind(old_root)
    .execute(writer)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn keep(
    writer: &mut SqliteConnection,
    size: u64,
    checkpoint: &str,
) -> Result<(), StoreError> {
    sqlx::query("insert or replace into cosigned (size, checkpoint) values (?1, ?2)")
        .bind(column(size))
        .bind(checkpoint)
        .execute(writer)
        .await?;
    Ok(())
}

pub(super) async fn cosigned(
    connection: &mut SqliteConnection,
    size: u64,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "select checkpoint from cosigned where size <= ?1 order by size desc limit 1",
    )
    .bind(column(size))
    .fetch_optional(connection)
    .await?)
}

pub(super) async fn first_cosigned(
    connection: &mut SqliteConnection,
    size: u64,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("select checkpoint from cosigned where size >= ?1 order by size limit 1")
        .bind(column(size))
        .fetch_optional(connection)
        .await?)
}
