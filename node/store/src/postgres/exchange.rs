//! Exchanges under way and past, pages, and the outbox.

use std::ops::Range;

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::exchange::Exchange;
use schemas::frame::FrameKind;
use schemas::query::QueryId;
use schemas::time::Timestamp;
use sqlx::PgConnection;

use super::super::decode::{self, ServedRow, envelopes_of, instant, number, parsed};
use super::super::{AskedBefore, Known, OutboxMessage, Queued, ServedBefore, Side, StoreError};
use super::{reading, writing};
use crate::packed::unpack;
use crate::{Exchanges, Outbox};

#[async_trait]
impl Outbox for super::Postgres {
    async fn delivered(&self, messages: &[(AgencyId, Digest)]) -> Result<(), StoreError> {
        writing!(self, delivered, messages)
    }
}

#[async_trait]
impl Exchanges for super::Postgres {
    async fn known(&self, id: QueryId) -> Result<Known, StoreError> {
        reading!(self, known, id)
    }

    async fn served(&self, id: QueryId) -> Result<Option<ServedBefore>, StoreError> {
        reading!(self, served, id)
    }

    async fn oldest_unreceipted(
        &self,
        requester: &AgencyId,
    ) -> Result<Option<Timestamp>, StoreError> {
        reading!(self, oldest_unreceipted, requester)
    }

    async fn asked(&self, id: QueryId) -> Result<Option<AskedBefore>, StoreError> {
        reading!(self, asked, id)
    }

    async fn unsettled(&self, before: Timestamp) -> Result<Vec<QueryId>, StoreError> {
        reading!(self, unsettled, before)
    }

    async fn pages(
        &self,
        side: Side,
        id: QueryId,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        reading!(self, pages, side, id, now)
    }

    async fn outbox(&self, each: u32) -> Result<Vec<Queued>, StoreError> {
        reading!(self, outbox, each)
    }

    async fn exchanges(
        &self,
        peer: &AgencyId,
        signed: Range<Timestamp>,
        start: u64,
        count: u64,
    ) -> Result<Vec<Exchange>, StoreError> {
        reading!(self, super::exchanges::among, peer, signed.clone(), start, count)
    }

    async fn exchanges_at(&self, entries: &[u64]) -> Result<Vec<Exchange>, StoreError> {
        reading!(self, super::exchanges::at, entries)
    }
}

pub(super) async fn known(reader: &mut PgConnection, id: QueryId) -> Result<Known, StoreError> {
    // Beside an entry of the exchange that is neither, nothing stands.
    let found: Option<Option<i64>> = sqlx::query_scalar(
        "select served.entry
         from entries left join served on served.entry = idx left join asked on asked.entry = idx
         where entries.query = $1 and (served.entry is not null or asked.entry is not null)
         order by served.entry is null limit 1",
    )
    .bind(id.digest().as_bytes().as_slice())
    .fetch_optional(&mut *reader)
    .await?;
    match found {
        None => Ok(Known::New),
        Some(None) => Ok(Known::Asked),
        Some(Some(_)) => Ok(served(reader, id).await?.map_or(Known::New, Known::Served)),
    }
}

pub(super) async fn served(
    reader: &mut PgConnection,
    id: QueryId,
) -> Result<Option<ServedBefore>, StoreError> {
    let found: Option<ServedRow> = sqlx::query_as(
        "select requester, served.query, served.at, outcome, authority, record,
                receipted_at is not null
         from entries join served on entry = idx where entries.query = $1",
    )
    .bind(id.digest().as_bytes().as_slice())
    .fetch_optional(reader)
    .await?;
    found.map(decode::served).transpose()
}

pub(super) async fn oldest_unreceipted(
    reader: &mut PgConnection,
    requester: &AgencyId,
) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = sqlx::query_scalar(
        "select min(at) from served
         where requester = $1 and outcome = 'answered' and receipted_at is null",
    )
    .bind(requester.as_str())
    .fetch_one(reader)
    .await?;
    at.map(instant).transpose()
}

pub(super) async fn asked(
    reader: &mut PgConnection,
    id: QueryId,
) -> Result<Option<AskedBefore>, StoreError> {
    type Found = (String, i64, Option<Vec<u8>>, Option<String>);
    let found: Option<Found> = sqlx::query_as(
        "select owner, sent_at, record, outcome from entries join asked on entry = idx
         where entries.query = $1",
    )
    .bind(id.digest().as_bytes().as_slice())
    .fetch_optional(reader)
    .await?;
    let Some((owner, sent_at, record, outcome)) = found else { return Ok(None) };
    let outcome = outcome.as_deref().map(parsed).transpose()?;
    let envelope = record.as_deref().map(envelopes_of).transpose()?.flatten();
    Ok(Some(AskedBefore { owner: parsed(&owner)?, sent_at: instant(sent_at)?, envelope, outcome }))
}

pub(super) async fn unsettled(
    reader: &mut PgConnection,
    before: Timestamp,
) -> Result<Vec<QueryId>, StoreError> {
    let ids: Vec<String> = sqlx::query_scalar(
        "select query_id from asked where outcome is null and sent_at < $1 order by entry",
    )
    .bind(before.millis())
    .fetch_all(reader)
    .await?;
    ids.iter().map(|id| parsed(id)).collect()
}

pub(super) async fn pages(
    reader: &mut PgConnection,
    side: Side,
    id: QueryId,
    now: Timestamp,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let found: Option<(Vec<i64>, Vec<u8>)> = sqlx::query_as(
        "select lengths, bytes from entries join pages on entry = idx
         where query = $1 and side = $2 and until > $3 order by idx desc limit 1",
    )
    .bind(id.digest().as_bytes().as_slice())
    .bind(side.code())
    .bind(now.millis())
    .fetch_optional(reader)
    .await?;
    let Some((lengths, bytes)) = found else { return Ok(Vec::new()) };
    let lengths: Result<Vec<usize>, StoreError> = lengths.into_iter().map(number).collect();
    decode::pages(&unpack(&bytes)?, lengths?)
}

pub(super) async fn outbox(
    reader: &mut PgConnection,
    each: u32,
) -> Result<Vec<Queued>, StoreError> {
    let rows: Vec<(String, i32, String)> = sqlx::query_as(
        "select peer, kind, body from
           (select id, peer, kind, body, row_number() over
              (partition by peer, kind, topic order by id) as nth
            from outbox) as letters
         where nth <= $1 order by peer, id",
    )
    .bind(i64::from(each))
    .fetch_all(reader)
    .await?;
    rows.into_iter()
        .map(|(peer, kind, body)| {
            let kind = u8::try_from(kind)
                .ok()
                .and_then(FrameKind::from_byte)
                .ok_or_else(|| StoreError::Corrupt(format!("frame kind {kind}")))?;
            Ok(Queued(OutboxMessage { peer: parsed(&peer)?, kind, body }))
        })
        .collect()
}

pub(super) async fn delivered(
    writer: &mut PgConnection,
    messages: &[(AgencyId, Digest)],
) -> Result<(), StoreError> {
    let peers: Vec<&str> = messages.iter().map(|(peer, _)| peer.as_str()).collect();
    let digests: Vec<[u8; 32]> = messages.iter().map(|(_, digest)| *digest.as_bytes()).collect();
    sqlx::query(
        "delete from outbox using unnest($1, $2) as letter (peer, digest)
         where outbox.digest = letter.digest and outbox.peer = letter.peer",
    )
    .bind(peers)
    .bind(digests)
    .execute(writer)
    .await?;
    Ok(())
}
