//! Signed heads: those of peers that this node cosigned, and its own that peers did.

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use sqlx::PgConnection;

use super::super::decode::{column, digest, number};
use super::super::{StoreError, Witnessed};
use super::{reading, writing};
use crate::{HeadWriter, Heads};

#[async_trait]
impl HeadWriter for super::Postgres {
    async fn witness(
        &self,
        origin: &AgencyId,
        replaces: Option<(u64, Digest)>,
        head: &Witnessed,
    ) -> Result<bool, StoreError> {
        writing!(self, witness, origin, replaces, head)
    }

    async fn keep_cosigned(&self, size: u64, checkpoint: &str) -> Result<(), StoreError> {
        writing!(self, keep, size, checkpoint)
    }
}

#[async_trait]
impl Heads for super::Postgres {
    async fn witnessed(&self, origin: &AgencyId) -> Result<Option<Witnessed>, StoreError> {
        reading!(self, witnessed, origin)
    }

    async fn cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        reading!(self, cosigned, size)
    }

    async fn first_cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        reading!(self, first_cosigned, size)
    }
}

pub(super) async fn witnessed(
    reader: &mut PgConnection,
    origin: &AgencyId,
) -> Result<Option<Witnessed>, StoreError> {
    let row: Option<(i64, Vec<u8>, String)> =
        sqlx::query_as("select size, root, checkpoint from witnessed where origin = $1")
            .bind(origin.as_str())
            .fetch_optional(reader)
            .await?;
    row.map(|(size, root, checkpoint)| {
        Ok(Witnessed { size: number(size)?, root: digest(root)?, checkpoint })
    })
    .transpose()
}

pub(super) async fn witness(
    writer: &mut PgConnection,
    origin: &AgencyId,
    replaces: Option<(u64, Digest)>,
    head: &Witnessed,
) -> Result<bool, StoreError> {
    // One statement compares and puts, so that nothing comes between.
    let statement = match replaces {
        None => sqlx::query(
            "insert into witnessed (origin, size, root, checkpoint) values ($1, $2, $3, $4)
             on conflict (origin) do nothing",
        ),
        Some(_) => sqlx::query(
            "update witnessed set size = $2, root = $3, checkpoint = $4
             where origin = $1 and size = $5 and root = $6",
        ),
    };
    let statement = statement
        .bind(origin.as_str())
        .bind(column(head.size))
        .bind(head.root.as_bytes().as_slice())
        .bind(&head.checkpoint);
    let statement = match replaces {
        None => statement,
        Some((size, root)) => statement.bind(column(size)).bind(root.as_bytes().to_vec()),
    };
    Ok(statement.execute(writer).await?.rows_affected() == 1)
}

pub(super) async fn keep(
    writer: &mut PgConnection,
    size: u64,
    checkpoint: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into cosigned (size, checkpoint) values ($1, $2)
         on conflict (size) do update set checkpoint = excluded.checkpoint",
    )
    .bind(column(size))
    .bind(checkpoint)
    .execute(writer)
    .await?;
    Ok(())
}

pub(super) async fn cosigned(
    reader: &mut PgConnection,
    size: u64,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "select checkpoint from cosigned where size <= $1 order by size desc limit 1",
    )
    .bind(column(size))
    .fetch_optional(reader)
    .await?)
}

pub(super) async fn first_cosigned(
    reader: &mut PgConnection,
    size: u64,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("select checkpoint from cosigned where size >= $1 order by size limit 1")
        .bind(column(size))
        .fetch_optional(reader)
        .await?)
}
