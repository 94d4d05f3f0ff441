//! The statements of a search.
//!
//! Where an index gives the order, rows come out of it until there are enough. Where it does not,
//! the order is found from the index alone, and only then are the reads of the first few fetched:
//! what one statement goes through is an index's entries, not reads.

use std::ops::Range;

use async_trait::async_trait;
use schemas::read::Read;
use schemas::time::Timestamp;
use sqlx::QueryBuilder;

use super::super::search::terms::Filter;
use super::super::search::{AccessPath, SearchBackend};
use super::super::{StoreError, decode};
use super::Sqlite;
use super::lookups::Lookup;

type Builder = QueryBuilder<sqlx::Sqlite>;

/// Where a read stands: rank, time, row.
type Place = (i64, i64, i64);

/// The index of a path, and whether its entries come in the order of time.
fn index(path: &AccessPath) -> (&'static str, bool) {
    match path {
        AccessPath::Plate(_) => ("reads_by_plate", true),
        AccessPath::Plates(_) | AccessPath::Beginning(_) => ("reads_by_plate", false),
        AccessPath::Ending(_) => ("reads_by_tail", false),
        AccessPath::Cells(_) => ("reads_by_cell", false),
        AccessPath::Camera(_) => ("reads_by_camera", true),
        AccessPath::Make(_) => ("reads_by_make", true),
        AccessPath::Unread => ("reads_unread", true),
        AccessPath::Time => ("reads_by_time", true),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// `from … where …` up to the path's own condition, always with one.
fn on_path(statement: &mut Builder, path: &AccessPath) -> Result<(), StoreError> {
    let (index, _) = index(path);
    if let AccessPath::Plates(plates) = path {
        statement.push(" from json_each(").push_bind(json(plates)?);
        statement.push(") as one cross join reads indexed by reads_by_plate");
        statement.push(" where reads.plate = one.value->>0");
        return Ok(());
    }
    statement.push(" from reads indexed by ").push(index).push(" where ");
    match path {
        AccessPath::Plates(_) | AccessPath::Time => statement.push("true"),
        // As the index says it.
        AccessPath::Unread => statement.push("instr(plate, '?') > 0"),
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
        AccessPath::Cells(cells) => statement
            .push("cell in (select value from json_each(")
            .push_bind(json(cells)?)
            .push("))"),
    };
    Ok(())
}

fn in_period(statement: &mut Builder, period: &Range<Timestamp>) {
    statement.push(" and at >= ").push_bind(period.start.millis());
    statement.push(" and at < ").push_bind(period.end.millis());
}

fn filtered(statement: &mut Builder, path: &AccessPath, filter: &Filter) {
    let (pattern, column) = match path {
        AccessPath::Ending(_) => (&filter.tail, "tail"),
        _ => (&filter.pattern, "plate"),
    };
    if let Some(pattern) = pattern {
        statement.push(" and ").push(column).push(" glob ").push_bind(pattern.clone());
    }
    if let Some(state) = &filter.state {
        statement.push(" and (state is null or state = ").push_bind(state.clone()).push(")");
    }
    for (column, value) in [("camera", &filter.camera), ("make", &filter.make)] {
        if let Some(value) = value {
            statement.push(" and +").push(column).push(" = ").push_bind(value.clone());
        }
    }
    for (column, words) in [("color", &filter.color), ("body", &filter.body)] {
        if let Some(words) = words {
            statement.push(" and instr(").push(column).push(", ").push_bind(words.clone());
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

fn after(statement: &mut Builder, rank: &str, (after_rank, after_at, after_row): &Place) {
    statement.push(" and (").push(rank).push(", at, row) > (");
    statement.push_bind(*after_rank).push(", ");
    statement.push_bind(*after_at).push(", ");
    statement.push_bind(*after_row).push(")");
}

fn placed(text: &str, rank: i64, at: i64, row: i64) -> Result<(Read, Place), StoreError> {
    Ok((decode::read(text)?, (rank, at, row)))
}

#[async_trait]
impl SearchBackend for Sqlite {
    type Place = Place;

    async fn cost(
        &self,
        path: &AccessPath,
        period: &Range<Timestamp>,
        most: u32,
    ) -> Result<u32, StoreError> {
        let mut statement = Builder::new("select count(*) from (select 1");
        on_path(&mut statement, path)?;
        if !matches!(path, AccessPath::Beginning(_) | AccessPath::Ending(_)) {
            in_period(&mut statement, period);
        }
        statement.push(" limit ").push_bind(i64::from(most)).push(")");
        let mut reader = self.readers.take().await?;
        let count: i64 = statement.build_query_scalar().fetch_one(&mut *reader).await?;
        u32::try_from(count).map_err(|_| StoreError::Corrupt(format!("count {count}")))
    }

    async fn reads(
        &self,
        path: &AccessPath,
        period: &Range<Timestamp>,
        filter: &Filter,
        last: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<(Read, Place)>, StoreError> {
        if let (AccessPath::Plate(plate), true, None) = (path, *filter == Filter::default(), last) {
            let Range { start, end } = *period;
            let lookup = Lookup { plate: plate.clone(), from: start, until: end, limit };
            let rows = self.lookups.find(&self.readers, &lookup).await?;
            return rows.into_iter().map(|(at, row, text)| placed(&text, 0, at, row)).collect();
        }
        let (_, ordered) = index(path);
        let rank = if matches!(path, AccessPath::Plates(_)) { "one.value->>1" } else { "0" };
        let mut statement = Builder::new(if ordered {
            "select read, 0, at, row"
        } else {
            "select reads.read, hit.rank, hit.at, hit.row from (select "
        });
        if !ordered {
            statement.push(rank).push(" as rank, at, row");
        }
        on_path(&mut statement, path)?;
        in_period(&mut statement, period);
        filtered(&mut statement, path, filter);
        if let Some((_, at, row)) = last.filter(|_| ordered) {
            statement.push(" and at >= ").push_bind(*at).push(" and (at > ").push_bind(*at);
            statement.push(" or row > ").push_bind(*row).push(")");
        } else if let Some(place) = last {
            after(&mut statement, rank, place);
        }
        let order =
            if ordered { " order by at, row limit " } else { " order by 1, at, row limit " };
        statement.push(order).push_bind(i64::from(limit));
        if !ordered {
            statement.push(
                ") as hit join reads on reads.row = hit.row order by hit.rank, hit.at, hit.row",
            );
        }
        let mut reader = self.readers.take().await?;
        let rows: Vec<(String, i64, i64, i64)> =
            statement.build_query_as().fetch_all(&mut *reader).await?;
        rows.into_iter().map(|(text, rank, at, row)| placed(&text, rank, at, row)).collect()
    }

    async fn glance(
        &self,
        period: &Range<Timestamp>,
        filter: &Filter,
        most: u32,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError> {
        // The index holds time and plate: a read is fetched only if its plate fits.
        let mut statement = Builder::new(
            "select reads.read from
                 (select row as nth, at as seen, plate as of
                  from reads indexed by reads_by_time where true",
        );
        in_period(&mut statement, period);
        statement.push(" order by at, plate limit ").push_bind(i64::from(most));
        statement.push(") cross join reads on reads.row = nth where true");
        if let Some(pattern) = &filter.pattern {
            statement.push(" and of glob ").push_bind(pattern.clone());
        }
        filtered(&mut statement, &AccessPath::Time, filter);
        statement.push(" order by seen, nth limit ").push_bind(i64::from(limit));
        let mut reader = self.readers.take().await?;
        let rows: Vec<String> = statement.build_query_scalar().fetch_all(&mut *reader).await?;
        rows.iter().map(|text| decode::read(text)).collect()
    }
}
