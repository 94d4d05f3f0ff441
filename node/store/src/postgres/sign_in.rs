//! What people sign in by, and who is signed in.

use async_trait::async_trait;
use schemas::digest::Digest;
use sqlx::PgConnection;

use super::super::StoreError;
use super::super::decode::digest;
use super::{reading, writing};
use crate::{SignInRecords, StoredAuthenticator, StoredSession};

#[async_trait]
impl SignInRecords for super::Postgres {
    async fn authenticators(&self) -> Result<Vec<StoredAuthenticator>, StoreError> {
        reading!(self, authenticators)
    }

    async fn keep_authenticators(&self, new: &[StoredAuthenticator]) -> Result<(), StoreError> {
        writing!(self, keep_authenticators, new)
    }

    async fn note_use(&self, id: &str, used: &str) -> Result<(), StoreError> {
        writing!(self, note_use, id, used)
    }

    async fn forget_authenticators(&self, ids: &[String]) -> Result<(), StoreError> {
        writing!(self, forget_authenticators, ids)
    }

    async fn sessions(&self) -> Result<Vec<StoredSession>, StoreError> {
        reading!(self, sessions)
    }

    async fn keep_sessions(&self, sessions: &[StoredSession]) -> Result<(), StoreError> {
        writing!(self, keep_sessions, sessions)
    }

    async fn forget_sessions(&self, tokens: &[Digest]) -> Result<(), StoreError> {
        writing!(self, forget_sessions, tokens)
    }
}

async fn authenticators(reader: &mut PgConnection) -> Result<Vec<StoredAuthenticator>, StoreError> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("select id, verifier, used from authenticators order by id")
            .fetch_all(reader)
            .await?;
    let stored = |(id, verifier, used)| StoredAuthenticator { id, verifier, used };
    Ok(rows.into_iter().map(stored).collect())
}

async fn keep_authenticators(
    writer: &mut PgConnection,
    new: &[StoredAuthenticator],
) -> Result<(), StoreError> {
    let column = |of: fn(&StoredAuthenticator) -> &String| -> Vec<String> {
        new.iter().map(|one| of(one).clone()).collect()
    };
    sqlx::query(
        "insert into authenticators (id, verifier, used)
         select * from unnest($1::text[], $2::text[], $3::text[])",
    )
    .bind(column(|one| &one.id))
    .bind(column(|one| &one.verifier))
    .bind(column(|one| &one.used))
    .execute(writer)
    .await?;
    Ok(())
}

async fn note_use(writer: &mut PgConnection, id: &str, used: &str) -> Result<(), StoreError> {
    sqlx::query("update authenticators set used = $2 where id = $1")
        .bind(id)
        .bind(used)
        .execute(writer)
        .await?;
    Ok(())
}

async fn forget_authenticators(
    writer: &mut PgConnection,
    ids: &[String],
) -> Result<(), StoreError> {
    sqlx::query("delete from authenticators where id = any ($1)").bind(ids).execute(writer).await?;
    Ok(())
}

async fn sessions(reader: &mut PgConnection) -> Result<Vec<StoredSession>, StoreError> {
    let rows: Vec<(Vec<u8>, String)> =
        sqlx::query_as("select token, session from sessions order by token")
            .fetch_all(reader)
            .await?;
    let stored = |(token, session)| Ok(StoredSession { token: digest(token)?, session });
    rows.into_iter().map(stored).collect()
}

fn bytes(tokens: impl Iterator<Item = Digest>) -> Vec<Vec<u8>> {
    tokens.map(|token| token.as_bytes().to_vec()).collect()
}

async fn keep_sessions(
    writer: &mut PgConnection,
    sessions: &[StoredSession],
) -> Result<(), StoreError> {
    let texts: Vec<String> = sessions.iter().map(|one| one.session.clone()).collect();
    sqlx::query(
        "insert into sessions (token, session) select * from unnest($1::bytea[], $2::text[])
         on conflict (token) do update set session = excluded.session",
    )
    .bind(bytes(sessions.iter().map(|one| one.token)))
    .bind(texts)
    .execute(writer)
    .await?;
    Ok(())
}

async fn forget_sessions(writer: &mut PgConnection, tokens: &[Digest]) -> Result<(), StoreError> {
    sqlx::query("delete from sessions where token = any ($1)")
        .bind(bytes(tokens.iter().copied()))
        .execute(writer)
        .await?;
    Ok(())
}
