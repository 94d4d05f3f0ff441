//! Exchanges under way and past, pages, and the outbox.

use std::ops::Range;

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::exchange::Exchange;
use schemas::frame::FrameKind;
use schemas::query::QueryId;
use schemas::time::Timestamp;
use sqlx::SqliteConnection;

use super::super::decode::{self, ServedRow, envelopes_of, instant, parsed};
use super::super::{AskedBefore, Known, OutboxMessage, Queued, ServedBefore, Side, StoreError};
use crate::packed::unpack;
use crate::{Exchanges, Outbox};

#[async_trait]
impl Outbox for super::Sqlite {
    async fn delivered(&self, messages: &[(AgencyId, Digest)]) -> Result<(), StoreError> {
        delivered(&mut *self.writer.lock().await, messages).await
    }
}

#[async_trait]
impl Exchanges for super::Sqlite {
    async fn known(&self, id: QueryId) -> Result<Known, StoreError> {
        known(&mut *self.readers.take().await?, id).await
    }

    async fn served(&self, id: QueryId) -> Result<Option<ServedBefore>, StoreError> {
        served(&mut *self.readers.take().await?, id).await
    }

    async fn oldest_unreceipted(
        &self,
        requester: &AgencyId,
    ) -> Result<Option<Timestamp>, StoreError> {
        oldest_unreceipted(&mut *self.readers.take().await?, requester).await
    }

    async fn asked(&self, id: QueryId) -> Result<Option<AskedBefore>, StoreError> {
        asked(&mut *self.readers.take().await?, id).await
    }

    async fn unsettled(&self, before: Timestamp) -> Result<Vec<QueryId>, StoreError> {
        unsettled(&mut *self.readers.take().await?, before).await
    }

    async fn pages(
        &self,
        side: Side,
        id: QueryId,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        pages(&mut *self.readers.take().await?, side, id, now).await
    }

    async fn outbox(&self, each: u32) -> Result<Vec<Queued>, StoreError> {
        outbox(&mut *self.readers.take().await?, each).await
    }

    async fn exchanges(
        &self,
        peer: &AgencyId,
        signed: Range<Timestamp>,
        start: u64,
        count: u64,
    ) -> Result<Vec<Exchange>, StoreError> {
        super::exchanges::among(&mut *self.readers.take().await?, peer, signed, start, count).await
    }

    async fn exchanges_at(&self, entries: &[u64]) -> Result<Vec<Exchange>, StoreError> {
        super::exchanges::at(&mut *self.readers.take().await?, entries).await
    }
}

pub(super) async fn known(reader: &mut SqliteConnection, id: QueryId) -> Result<Known, StoreError> {
    // Beside an entry of the exchange that is neither, nothing stands.
    let found: Option<Option<i64>> = sqlx::query_scalar(
        "select served.entry
         from entries left join served on served.entry = idx left join asked on asked.entry = idx
         where entries.query = ?1 and (served.entry is not null or asked.entry is not null)
         order by served.entry is null limit 1",
    )
    .bind(id.digest().as_bytes().to_vec())
    .fetch_optional(&mut *reader)
    .await?;
    match found {
        None => Ok(Known::New),
        Some(None) => Ok(Known::Asked),
        Some(Some(_)) => Ok(served(reader, id).await?.map_or(Known::New, Known::Served)),
    }
}

pub(super) async fn served(
    reader: &mut SqliteConnection,
    id: QueryId,
) -> Result<Option<ServedBefore>, StoreError> {
    let found: Option<ServedRow> = sqlx::query_as(
        "select requester, served.query, served.at, outcome, authority, record, receipted_at is not null
         from entries join served on entry = idx where entries.query = ?1",
    )
    .bind(id.digest().as_bytes().to_vec())
    .fetch_optional(reader)
    .await?;
    found.map(decode::served).transpose()
}

pub(super) async fn oldest_unreceipted(
    reader: &mut SqliteConnection,
    requester: &AgencyId,
) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = sqlx::query_scalar(
        "select min(at) from served
         where requester = ?1 and outcome = 'answered' and receipted_at is null",
    )
    .bind(requester.as_str())
    .fetch_one(reader)
    .await?;
    at.map(instant).transpose()
}

pub(super) async fn asked(
    reader: &mut SqliteConnection,
    id: QueryId,
) -> Result<Option<AskedBefore>, StoreError> {
    type Found = (String, i64, Option<Vec<u8>>, Option<String>);
    let found: Option<Found> = sqlx::query_as(
        "select owner, sent_at, record, outcome from entries join asked on entry = idx
         where entries.query = ?1",
    )
    .bind(id.digest().as_bytes().to_vec())
    .fetch_optional(reader)
    .await?;
    let Some((owner, sent_at, record, outcome)) = found else { return Ok(None) };
    let outcome = outcome.as_deref().map(parsed).transpose()?;
    let envelope = record.as_deref().map(envelopes_of).transpose()?.flatten();
    Ok(Some(AskedBefore { owner: parsed(&owner)?, sent_at: instant(sent_at)?, envelope, outcome }))
}

pub(super) async fn unsettled(
    reader: &mut SqliteConnection,
    before: Timestamp,
) -> Result<Vec<QueryId>, StoreError> {
    let ids: Vec<String> =
        sqlx::query_scalar("select query_id from asked where outcome is null and sent_at < ?1")
            .bind(before.millis())
            .fetch_all(reader)
            .await?;
    ids.iter().map(|id| parsed(id)).collect()
}

pub(super) async fn pages(
    reader: &mut SqliteConnection,
    side: Side,
    id: QueryId,
    now: Timestamp,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let found: Option<(String, Vec<u8>)> = sqlx::query_as(
        "select lengths, bytes from entries join pages on entry = idx
         where query = ?1 and side = ?2 and until > ?3 order by idx desc limit 1",
    )
    .bind(id.digest().as_bytes().to_vec())
    .bind(side.code())
    .bind(now.millis())
    .fetch_optional(reader)
    .await?;
    let Some((lengths, bytes)) = found else { return Ok(Vec::new()) };
    let lengths: Vec<usize> =
        serde_json::from_str(&lengths).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    decode::pages(&unpack(&bytes)?, lengths)
}

pub(super) async fn outbox(
    reader: &mut SqliteConnection,
    each: u32,
) -> Result<Vec<Queued>, StoreError> {
    let rows: Vec<(String, u8, String)> = sqlx::query_as(
        "select peer, kind, body from
           (select id, peer, kind, body, row_number() over
              (partition by peer, kind, topic order by id) as nth
            from outbox)
         where nth <= ?1 order by peer, id",
    )
    .bind(i64::from(each))
    .fetch_all(reader)
    .await?;
    rows.into_iter()
        .map(|(peer, kind, body)| {
            let kind = FrameKind::from_byte(kind)
                .ok_or_else(|| StoreError::Corrupt(format!("frame kind {kind}")))?;
            Ok(Queued(OutboxMessage { peer: parsed(&peer)?, kind, body }))
        })
        .collect()
}

pub(super) async fn delivered(
    writer: &mut SqliteConnection,
    messages: &[(AgencyId, Digest)],
) -> Result<(), StoreError> {
    let named = serde_json::to_string(messages).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    sqlx::query(
        "delete from outbox where id in
           (select outbox.id from json_each(?1) as message
            join outbox on digest = message.value->>1 and peer = message.value->>0)",
    )
    .bind(named)
    .execute(&mut *writer)
    .await?;
    Ok(())
}
