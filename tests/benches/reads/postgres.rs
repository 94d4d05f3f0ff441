//! PostgreSQL itself, on the server that the node's database is on: `COPY` into tables with the node's
//! schema, and a plain table of the same reads with `pg_trgm` and a geometry index.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use agreements::decide::{OwnScope, Scope as _};
use schemas::digest::hex;
use schemas::purpose::QueryKind;
use schemas::query::Elements;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _};
use store::migrations;
use store::search::terms::Terms;
use tests::agency::Agency;

use crate::drawn::Drawn;
use crate::{BATCH, Took};

/// Metres in a degree of latitude; in one of longitude at the city that reads are drawn in, some less.
const DEGREE_M: f64 = 111_195.0;
const DEGREE_EAST_M: f64 = 92_200.0;
/// Characters that readers take for one another.
const CONFUSED: [&str; 6] = ["0DOQ", "1IL", "2Z", "5S", "8B", "6G"];

async fn connected(url: &str) -> PgConnection {
    let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a URL");
    options.disable_statement_logging().connect().await.expect("a connection")
}

/// Reads brought in by `COPY`, durable after each batch, into a database with the node's schema and
/// indexes. What a read is found by and its JSON are made on the way, as the node makes them.
pub(crate) async fn copy(agency: &Agency, drawn: &Drawn, count: u64) -> Took {
    let mut connection = connected(&agency.server().database()).await;
    migrations::postgres().run(&mut connection).await.expect("the schema");
    for day in 0..=400 {
        let day = drawn.end().minus_days(day).millis().div_euclid(86_400_000);
        let made = sqlx::query("select keep_month($1)").bind(day).execute(&mut connection).await;
        made.expect("a partition");
    }
    let mut time = Duration::ZERO;
    for start in (0..count).step_by(BATCH as usize) {
        let end = (start + BATCH).min(count);
        let drawn: Vec<_> = (start..end).map(|n| drawn.read(n)).collect();
        let started = Instant::now();
        let (mut ids, mut reads) = (String::new(), String::new());
        for read in &drawn {
            let (id, terms) = (hex(read.id.as_bytes()), Terms::of(read));
            let number = |n: Option<i64>| n.map_or("\\N".into(), |n| n.to_string());
            let word = |word: &Option<String>| word.clone().unwrap_or("\\N".into());
            let text = serde_json::to_string(read).expect("JSON").replace('\\', "\\\\");
            let at = read.at.millis();
            writeln!(ids, "\\\\x{id}\t{at}").expect("text");
            writeln!(
                reads,
                "\\\\x{id}\t{at}\t{}\t{}\t{text}\t\\N\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                read.plate,
                read.camera,
                terms.tail,
                word(&terms.state),
                number(terms.lat),
                number(terms.lon),
                number(terms.cell),
                word(&terms.make),
                word(&terms.color),
                word(&terms.body),
            )
            .expect("text");
        }
        let mut transaction = connection.begin().await.expect("a transaction");
        for (into, rows) in [("read_ids", &ids), ("reads", &reads)] {
            let sql = format!("copy {into} from stdin");
            let mut copy = transaction.copy_in_raw(&sql).await.expect("a copy");
            copy.send(rows.as_bytes()).await.expect("sent rows");
            copy.finish().await.expect("taken rows");
        }
        transaction.commit().await.expect("a durable batch");
        time += started.elapsed();
    }
    Took { time, count }
}

/// A plain table of the node's reads in its database: one index of trigrams, one of places, one of
/// times.
pub(crate) struct Plain {
    connection: PgConnection,
}

impl Plain {
    pub(crate) async fn of(agency: &Agency) -> Self {
        let mut connection = connected(&agency.database()).await;
        let sql = format!(
            "create extension pg_trgm;
             create schema plain;
             create table plain.seen as
                 select plate, at, read,
                        point(lon / 1e7 * {DEGREE_EAST_M}, lat / 1e7 * {DEGREE_M}) as place
                 from reads;
             create index on plain.seen using gin (plate gin_trgm_ops);
             create index on plain.seen using gist (place);
             create index on plain.seen (at);
             vacuum analyze plain.seen"
        );
        for one in sql.split(';') {
            sqlx::raw_sql(sqlx::AssertSqlSafe(one.to_owned()))
                .execute(&mut connection)
                .await
                .expect("a plain table");
        }
        Self { connection }
    }

    /// Takes the table away again.
    pub(crate) async fn end(mut self) {
        let gone = sqlx::raw_sql("drop schema plain cascade").execute(&mut self.connection).await;
        gone.expect("no plain table");
    }

    /// How long each of these searches takes, and how many reads it finds; nothing for those that
    /// neither trigrams nor places help with.
    pub(crate) async fn each(&mut self, asked: &[OwnScope]) -> Option<(Vec<Duration>, usize)> {
        let (mut times, mut found) = (Vec::new(), 0);
        for scope in asked {
            let (from, until) = (scope.from().millis(), scope.until().millis());
            let sql = format!(
                "select read from plain.seen where {} and at >= {from} and at < {until} order by at limit 101",
                condition(scope.elements())?
            );
            let started = Instant::now();
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut self.connection).await;
            let rows = rows.expect("rows");
            let read: usize = rows.iter().map(|row| row.get::<String, _>(0).len()).sum();
            std::hint::black_box(read);
            times.push(started.elapsed());
            found += rows.len();
        }
        Some((times, found / asked.len().max(1)))
    }
}

/// The search as a condition; nothing where there is none that an index helps with.
fn condition(elements: &Elements) -> Option<String> {
    match elements.kind {
        QueryKind::Partial => {
            let pattern = elements.pattern.as_ref()?.to_string();
            Some(format!("plate like '{}'", pattern.replace('*', "%").replace('?', "_")))
        }
        QueryKind::Misread => {
            let plate = elements.plate.as_ref()?.to_string();
            let class = |c: char| match CONFUSED.iter().find(|set| set.contains(c)) {
                Some(set) => format!("[{set}]"),
                None => c.to_string(),
            };
            Some(format!("plate ~ '^{}$'", plate.chars().map(class).collect::<String>()))
        }
        QueryKind::Area => {
            let near = elements.near.as_ref()?;
            let (x, y) =
                (near.center.longitude() * DEGREE_EAST_M, near.center.latitude() * DEGREE_M);
            Some(format!("place <@ circle(point({x}, {y}), {})", near.radius_m))
        }
        _ => None,
    }
}
