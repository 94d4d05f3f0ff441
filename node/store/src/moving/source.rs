//! The SQLite database that is moved.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use super::super::StoreError;
use super::super::decode::number;
use super::super::sqlite::Sqlite;
use super::Numbered;
use super::tables::{Kind, Table, Value};

/// One reader, which sees the database as it was when it was opened.
pub(super) struct Source(SqliteConnection);

impl Source {
    /// Opens what a node left, in its present schema.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        if !tokio::fs::try_exists(path).await.unwrap_or(false) {
            return Err(StoreError::Database(format!(
                "`{}` is not there; only a node on SQLite can be moved",
                path.display()
            )));
        }
        drop(Sqlite::open(path).await?);
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql("begin").execute(&mut connection).await?;
        Ok(Self(connection))
    }

    /// How many rows a table has.
    pub(super) async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let statement = format!("select count(*) from {}", table.from);
        number(sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut self.0).await?)
    }

    /// The next rows after one, by their number.
    pub(super) async fn rows(
        &mut self,
        table: &Table,
        after: i64,
    ) -> Result<Vec<Numbered>, StoreError> {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.source).collect();
        let statement = format!(
            "select {number}, {} from {} where {number} > ?1 order by {number} limit ?2",
            columns.join(", "),
            table.from,
            number = table.number,
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(after)
            .bind(table.at_once)
            .fetch_all(&mut self.0)
            .await?;
        rows.iter().map(|row| read(table, row)).collect()
    }
}

fn read(table: &Table, row: &SqliteRow) -> Result<Numbered, StoreError> {
    let mut values = Vec::with_capacity(table.columns.len());
    for (nth, column) in (1..).zip(table.columns) {
        values.push(match column.kind {
            Kind::Int => row.try_get::<Option<i64>, _>(nth)?.map_or(Value::Null, Value::Int),
            Kind::Text => row.try_get::<Option<String>, _>(nth)?.map_or(Value::Null, Value::Text),
            Kind::Bytes => {
                row.try_get::<Option<Vec<u8>>, _>(nth)?.map_or(Value::Null, Value::Bytes)
            }
        });
    }
    Ok((row.try_get(0)?, values))
}
