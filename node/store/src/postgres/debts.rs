//! What peers' logs must hold of exchanges and have not proven.

use async_trait::async_trait;
use schemas::agency::AgencyId;
use sqlx::PgConnection;

use super::super::StoreError;
use super::super::decode::{self, OfDebt, column, number};
use super::{reading, writing};
use crate::{Debt, DebtWriter, Debts};

#[async_trait]
impl DebtWriter for super::Postgres {
    async fn waited(&self, peer: &AgencyId, seconds: u32) -> Result<(), StoreError> {
        writing!(self, waited, peer, seconds)
    }
}

#[async_trait]
impl Debts for super::Postgres {
    async fn debts(
        &self,
        peer: &AgencyId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Debt>, StoreError> {
        reading!(self, debts, peer, after, limit)
    }

    async fn overdue(&self, peer: &AgencyId, seconds: u32) -> Result<u32, StoreError> {
        reading!(self, overdue, peer, seconds)
    }
}

async fn waited(
    writer: &mut PgConnection,
    peer: &AgencyId,
    seconds: u32,
) -> Result<(), StoreError> {
    sqlx::query("update debts set waited = waited + $2 where peer = $1 and waived = 0")
        .bind(peer.as_str())
        .bind(i64::from(seconds))
        .execute(writer)
        .await?;
    Ok(())
}

async fn debts(
    reader: &mut PgConnection,
    peer: &AgencyId,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Debt>, StoreError> {
    let rows: Vec<OfDebt> = sqlx::query_as(
        "select entry, at, query_id, envelope, waived from debts
         where entry > $1 and peer = $2 order by entry limit $3",
    )
    .bind(after.map_or(-1, column))
    .bind(peer.as_str())
    .bind(i64::from(limit))
    .fetch_all(reader)
    .await?;
    rows.into_iter().map(decode::debt).collect()
}

async fn overdue(
    reader: &mut PgConnection,
    peer: &AgencyId,
    seconds: u32,
) -> Result<u32, StoreError> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from debts where peer = $1 and waived = 0 and waited >= $2",
    )
    .bind(peer.as_str())
    .bind(i64::from(seconds))
    .fetch_one(reader)
    .await?;
    number(count)
}
