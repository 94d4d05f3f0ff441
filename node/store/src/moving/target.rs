//! The PostgreSQL database that is filled.

use std::collections::HashSet;

use schemas::agency::AgencyId;
use schemas::digest::hex;
use schemas::time::DAY_MS;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::super::StoreError;
use super::super::decode::{column, number};
use super::super::postgres::filling;
use super::tables::{Column, Kind, TABLES, Table, Value};
use super::{Numbered, differs};
use host::database::Database;

/// Headers that are read at once.
const HEADERS: i64 = 10_000;

/// The connection that fills it, which holds the writer's lock.
pub(super) struct Target(PgConnection);

impl Target {
    /// Opens it, empty.
    pub(super) async fn open(database: &Database, agency: &AgencyId) -> Result<Self, StoreError> {
        let mut connection = filling::open(database, agency).await?;
        let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        let statement = format!("truncate {}", names.join(", "));
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        Ok(Self(connection))
    }

    /// Adds rows.
    pub(super) async fn put(&mut self, table: &Table, rows: &[Numbered]) -> Result<(), StoreError> {
        if table.name == "reads" {
            self.keep_months(table, rows).await?;
        }
        let mut text = Vec::new();
        for (_, values) in rows {
            for (nth, value) in values.iter().enumerate() {
                if nth > 0 {
                    text.push(b'\t');
                }
                write(value, &mut text);
            }
            text.push(b'\n');
        }
        let statement = format!("copy {} ({}) from stdin", table.name, table.names());
        let mut copy = self.0.copy_in_raw(&statement).await?;
        copy.send(text).await?;
        copy.finish().await?;
        Ok(())
    }

    /// Makes the partitions of reads that are about to come.
    async fn keep_months(&mut self, table: &Table, rows: &[Numbered]) -> Result<(), StoreError> {
        let at = table.columns.iter().position(|column| column.name == "at");
        let mut days: Vec<i64> = rows
            .iter()
            .filter_map(|(_, values)| match values.get(at?)? {
                Value::Int(at) => Some(at.div_euclid(DAY_MS)),
                _ => None,
            })
            .collect();
        days.sort_unstable();
        days.dedup();
        sqlx::query("select keep_month(day) from unnest($1) as day")
            .bind(days)
            .execute(&mut self.0)
            .await?;
        Ok(())
    }

    /// Numbers go on after those that came, and the planner knows what there is.
    pub(super) async fn settle(&mut self) -> Result<(), StoreError> {
        sqlx::raw_sql(
            "select setval(pg_get_serial_sequence('outbox', 'id'),
                           (select coalesce(max(id), 0) + 1 from outbox), false);
             analyze",
        )
        .execute(&mut self.0)
        .await?;
        Ok(())
    }

    /// How many rows a table has.
    pub(super) async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let statement = format!("select count(*) from {}", table.name);
        number(sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut self.0).await?)
    }

    /// Sees that these rows are there as they are.
    pub(super) async fn holds(
        &mut self,
        table: &Table,
        rows: &[Numbered],
    ) -> Result<(), StoreError> {
        let Some(key) = table.key() else { return Ok(()) };
        let columns: Vec<&str> = table.columns.iter().map(|column| column.target).collect();
        // Of reads, the months are known too.
        let (also, bounds) = if table.name == "reads" {
            (" and at between $2 and $3", Some(times(table, rows)))
        } else {
            ("", None)
        };
        let statement = format!(
            "select {} from {} where {} = any ($1){also}",
            columns.join(", "),
            table.name,
            key.name
        );
        let query = sqlx::query(AssertSqlSafe(statement));
        let keys = rows.iter().filter_map(|(_, values)| values.first());
        let query = match key.kind {
            Kind::Int => query.bind(
                keys.filter_map(|key| if let Value::Int(n) = key { Some(*n) } else { None })
                    .collect::<Vec<_>>(),
            ),
            Kind::Text => query.bind(
                keys.filter_map(
                    |key| if let Value::Text(t) = key { Some(t.clone()) } else { None },
                )
                .collect::<Vec<_>>(),
            ),
            Kind::Bytes => query.bind(
                keys.filter_map(
                    |key| if let Value::Bytes(b) = key { Some(b.clone()) } else { None },
                )
                .collect::<Vec<_>>(),
            ),
        };
        let query = match bounds {
            Some((least, most)) => query.bind(least).bind(most),
            None => query,
        };
        let found = query.fetch_all(&mut self.0).await?;
        let found: Result<HashSet<Vec<Value>>, StoreError> =
            found.iter().map(|row| read(table.columns, row)).collect();
        let found = found?;
        match rows.iter().find(|(_, values)| !found.contains(values)) {
            None => Ok(()),
            Some((row, _)) => Err(differs(table, &format!("row {row} is not what it was"))),
        }
    }

    /// Headers of the log from an index on, with the nodes beside them.
    pub(super) async fn headers(
        &mut self,
        start: u64,
    ) -> Result<Vec<(i64, Vec<u8>, Option<Vec<u8>>)>, StoreError> {
        let rows = sqlx::query_as(
            "select idx, header, nodes from entries where idx >= $1 order by idx limit $2",
        )
        .bind(column(start))
        .bind(HEADERS)
        .fetch_all(&mut self.0)
        .await?;
        Ok(rows)
    }

    /// It is whole: a node may run on it.
    pub(super) async fn copied(&mut self) -> Result<(), StoreError> {
        sqlx::query("update node set state = 'copied'").execute(&mut self.0).await?;
        Ok(())
    }
}

/// The first and the last time of rows.
fn times(table: &Table, rows: &[Numbered]) -> (i64, i64) {
    let at = table.columns.iter().position(|column| column.name == "at");
    let time = |(_, values): &Numbered| match values.get(at?)? {
        Value::Int(at) => Some(*at),
        _ => None,
    };
    let all = || rows.iter().filter_map(time);
    (all().min().unwrap_or(i64::MIN), all().max().unwrap_or(i64::MAX))
}

/// A value as `copy` reads it.
fn write(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Null => into.extend_from_slice(b"\\N"),
        Value::Int(n) => into.extend_from_slice(n.to_string().as_bytes()),
        Value::Bytes(bytes) => {
            into.extend_from_slice(b"\\\\x");
            into.extend_from_slice(hex(bytes).as_bytes());
        }
        Value::Text(text) => {
            for byte in text.bytes() {
                match byte {
                    b'\\' => into.extend_from_slice(b"\\\\"),
                    b'\n' => into.extend_from_slice(b"\\n"),
                    b'\r' => into.extend_from_slice(b"\\r"),
                    b'\t' => into.extend_from_slice(b"\\t"),
                    byte => into.push(byte),
                }
            }
        }
    }
}

fn read(columns: &[Column], row: &PgRow) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::with_capacity(columns.len());
    for (nth, column) in columns.iter().enumerate() {
        values.push(match column.kind {
            Kind::Int => row.try_get::<Option<i64>, _>(nth)?.map_or(Value::Null, Value::Int),
            Kind::Text => row.try_get::<Option<String>, _>(nth)?.map_or(Value::Null, Value::Text),
            Kind::Bytes => {
                row.try_get::<Option<Vec<u8>>, _>(nth)?.map_or(Value::Null, Value::Bytes)
            }
        });
    }
    Ok(values)
}
