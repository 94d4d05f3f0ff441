//! The statements of a search.
//!
//! A period names the months that are looked through. Where an index gives the order of time, rows
//! come out of it until there are enough; where it does not, the first few of what it leads to are
//! sorted out.

use std::ops::Range;

use async_trait::async_trait;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use sqlx::{PgConnection, QueryBuilder};

use super::super::search::terms::Filter;
use super::super::search::{AccessPath, SearchBackend};
use super::super::{StoreError, decode};
use super::{Postgres, reading};

type Builder = QueryBuilder<sqlx::Postgres>;

/// Where a read stands: rank, time, id.
type Place = (i64, i64, ReadId);

/// `from … where …` up to the path's own condition, always with one.
fn on_path(statement: &mut Builder, path: &AccessPath) {
    if let AccessPath::Plates(plates) = path {
        let (texts, ranks): (Vec<String>, Vec<i64>) =
            plates.iter().map(|(plate, rank)| (plate.clone(), i64::from(*rank))).unzip();
        statement.push(" from unnest(").push_bind(texts).push(", ").push_bind(ranks);
        statement.push(") as one (plate, rank) join reads using (plate) where true");
        return;
    }
    statement.push(" from reads where ");
    match path {
        AccessPath::Plates(_) | AccessPath::Time => statement.push("true"),
        // As the index says it.
        AccessPath::Unread => statement.push("strpos(plate, '?') > 0"),
        AccessPath::Plate(plate) => statement.push("plate = ").push_bind(plate.clone()),
        AccessPath::Camera(camera) => statement.push("camera = ").push_bind(camera.clone()),
        AccessPath::Make(make) => statement.push("make = ").push_bind(make.clone()),
        AccessPath::Beginning(Range { start, end }) => statement
            .push("plate >= ")
            .push_bind(start.clone())
            .push(" and plate < ")
            .push_bind(end.clone()),
        AccessPath::Ending(Range { start, end }) => statement
            .push("tail >= ")
            .push_bind(start.clone())
            .push(" and tail < ")
            .push_bind(end.clone()),
        AccessPath::Cells(cells) => {
            // Cells are few enough for a column of four bytes; one that is not holds nothing.
            let cells: Vec<i32> =
                cells.iter().filter_map(|cell| i32::try_from(*cell).ok()).collect();
            statement.push("cell = any (").push_bind(cells).push(")")
        }
    };
}

fn in_period(statement: &mut Builder, period: &Range<Timestamp>) {
    statement.push(" and at >= ").push_bind(period.start.millis());
    statement.push(" and at < ").push_bind(period.end.millis());
}

/// A pattern with `*` and `?` as `like` writes it.
fn like(pattern: &str) -> String {
    let mut like = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match c {
            '*' => like.push('%'),
            '?' => like.push('_'),
            '%' | '_' | '\\' => like.extend(['\\', c]),
            c => like.push(c),
        }
    }
    like
}

fn filtered(statement: &mut Builder, path: &AccessPath, filter: &Filter) {
    let (pattern, column) = match path {
        AccessPath::Ending(_) => (&filter.tail, "tail"),
        _ => (&filter.pattern, "plate"),
    };
    if let Some(pattern) = pattern {
        statement.push(" and ").push(column).push(" like ").push_bind(like(pattern));
    }
    if let Some(state) = &filter.state {
        statement.push(" and (state is null or state = ").push_bind(state.clone()).push(")");
    }
    for (column, value) in [("camera", &filter.camera), ("make", &filter.make)] {
        if let Some(value) = value {
            statement.push(" and ").push(column).push(" = ").push_bind(value.clone());
        }
    }
    for (column, words) in [("color", &filter.color), ("body", &filter.body)] {
        if let Some(words) = words {
            statement.push(" and strpos(").push(column).push(", ").push_bind(words.clone());
            statement.push(") > 0");
        }
    }
    if let Some(bounds) = &filter.bounds {
        for (column, least, most) in
            [("lat", bounds.south, bounds.north), ("lon", bounds.west, bounds.east)]
        {
            statement.push(" and ").push(column).push(" between ").push_bind(least);
            statement.push(" and ").push_bind(most);
        }
    }
}

fn after(statement: &mut Builder, rank: &str, (after_rank, after_at, after_id): &Place) {
    statement.push(" and at >= ").push_bind(if rank == "0" { *after_at } else { i64::MIN });
    statement.push(" and (").push(rank).push(", at, id) > (");
    statement.push_bind(*after_rank).push(", ");
    statement.push_bind(*after_at).push(", ");
    statement.push_bind(after_id.as_bytes().to_vec()).push(")");
}

async fn cost(
    reader: &mut PgConnection,
    path: &AccessPath,
    period: &Range<Timestamp>,
    most: u32,
) -> Result<u32, StoreError> {
    let mut statement = Builder::new("select count(*) from (select 1");
    on_path(&mut statement, path);
    if !matches!(path, AccessPath::Beginning(_) | AccessPath::Ending(_)) {
        in_period(&mut statement, period);
    }
    statement.push(" limit ").push_bind(i64::from(most)).push(") as rows");
    decode::number(statement.build_query_scalar().fetch_one(reader).await?)
}

async fn reads(
    reader: &mut PgConnection,
    path: &AccessPath,
    period: &Range<Timestamp>,
    filter: &Filter,
    last: Option<&Place>,
    limit: u32,
) -> Result<Vec<(Read, Place)>, StoreError> {
    let rank = if matches!(path, AccessPath::Plates(_)) { "one.rank" } else { "0" };
    let mut statement = Builder::new("select read, ");
    statement.push(rank).push("::bigint as rank, at");
    on_path(&mut statement, path);
    in_period(&mut statement, period);
    filtered(&mut statement, path, filter);
    if let Some(place) = last {
        after(&mut statement, rank, place);
    }
    statement.push(if rank == "0" { " order by at, id" } else { " order by one.rank, at, id" });
    statement.push(" limit ").push_bind(i64::from(limit));
    let rows: Vec<(String, i64, i64)> = statement.build_query_as().fetch_all(reader).await?;
    rows.into_iter()
        .map(|(text, rank, at)| {
            let read = decode::read(&text)?;
            let place = (rank, at, read.id);
            Ok((read, place))
        })
        .collect()
}

async fn glance(
    reader: &mut PgConnection,
    period: &Range<Timestamp>,
    filter: &Filter,
    most: u32,
    limit: u32,
) -> Result<Vec<Read>, StoreError> {
    let mut statement = Builder::new("select read from (select * from reads where true");
    in_period(&mut statement, period);
    statement.push(" order by at, id limit ").push_bind(i64::from(most));
    statement.push(") as first where true");
    filtered(&mut statement, &AccessPath::Time, filter);
    statement.push(" order by at, id limit ").push_bind(i64::from(limit));
    let rows: Vec<String> = statement.build_query_scalar().fetch_all(reader).await?;
    rows.iter().map(|text| decode::read(text)).collect()
}

#[async_trait]
impl SearchBackend for Postgres {
    type Place = Place;

    async fn cost(
        &self,
        path: &AccessPath,
        period: &Range<Timestamp>,
        most: u32,
    ) -> Result<u32, StoreError> {
        reading!(self, cost, path, period, most)
    }

    async fn reads(
        &self,
        path: &AccessPath,
        period: &Range<Timestamp>,
        filter: &Filter,
        last: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<(Read, Place)>, StoreError> {
        reading!(self, reads, path, period, filter, last, limit)
    }

    async fn glance(
        &self,
        period: &Range<Timestamp>,
        filter: &Filter,
        most: u32,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError> {
        reading!(self, glance, period, filter, most, limit)
    }
}
