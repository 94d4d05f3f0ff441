//! What people sign in by, and who is signed in.

use async_trait::async_trait;
use schemas::digest::Digest;
use sqlx::SqliteConnection;

use super::super::StoreError;
use super::super::decode::digest;
use crate::{SignInRecords, StoredAuthenticator, StoredSession};

/// Values as the JSON that one statement takes apart: one statement, so one transaction.
fn json(values: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(values).map_err(|e| StoreError::Database(e.to_string()))
}

async fn run(
    writer: &mut SqliteConnection,
    statement: &'static str,
    values: String,
) -> Result<(), StoreError> {
    sqlx::query(statement).bind(values).execute(writer).await?;
    Ok(())
}

#[async_trait]
impl SignInRecords for super::Sqlite {
    async fn authenticators(&self) -> Result<Vec<StoredAuthenticator>, StoreError> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("select id, verifier, used from authenticators order by id")
                .fetch_all(&mut *self.readers.take().await?)
                .await?;
        let stored = |(id, verifier, used)| StoredAuthenticator { id, verifier, used };
        Ok(rows.into_iter().map(stored).collect())
    }

    async fn keep_authenticators(&self, new: &[StoredAuthenticator]) -> Result<(), StoreError> {
        let rows: Vec<_> = new.iter().map(|one| (&one.id, &one.verifier, &one.used)).collect();
        let statement = "insert into authenticators (id, verifier, used)
            select value->>0, value->>1, value->>2 from json_each(?1)";
        run(&mut *self.writer.lock().await, statement, json(&rows)?).await
    }

    async fn note_use(&self, id: &str, used: &str) -> Result<(), StoreError> {
        let statement = "update authenticators set used = ?1->>1 where id = ?1->>0";
        run(&mut *self.writer.lock().await, statement, json(&(id, used))?).await
    }

    async fn forget_authenticators(&self, ids: &[String]) -> Result<(), StoreError> {
        let statement = "delete from authenticators where id in (select value from json_each(?1))";
        run(&mut *self.writer.lock().await, statement, json(&ids)?).await
    }

    async fn sessions(&self) -> Result<Vec<StoredSession>, StoreError> {
        let rows: Vec<(Vec<u8>, String)> =
            sqlx::query_as("select token, session from sessions order by token")
                .fetch_all(&mut *self.readers.take().await?)
                .await?;
        let stored = |(token, session)| Ok(StoredSession { token: digest(token)?, session });
        rows.into_iter().map(stored).collect()
    }

    async fn keep_sessions(&self, sessions: &[StoredSession]) -> Result<(), StoreError> {
        let rows: Vec<_> = sessions.iter().map(|one| (one.token, &one.session)).collect();
        let statement = "insert or replace into sessions (token, session)
            select unhex(value->>0), value->>1 from json_each(?1)";
        run(&mut *self.writer.lock().await, statement, json(&rows)?).await
    }

    async fn forget_sessions(&self, tokens: &[Digest]) -> Result<(), StoreError> {
        let statement =
            "delete from sessions where token in (select unhex(value) from json_each(?1))";
        run(&mut *self.writer.lock().await, statement, json(&tokens)?).await
    }
}
