//! Reads at scale: importing them, and every search, beside the SQLite library itself and PostgreSQL
//! itself in the same run, on the same rows; for imports and exact plates on the same schema and
//! indexes, for others beside a plain table with `pg_trgm` and a geometry index.
//!
//! `cargo build --release -p node`, then `cargo bench -p tests --bench reads`; `ACCORD_READS=10000000`
//! for ten million (200,000 unless given); `-- sqlite` leaves PostgreSQL out. The node is real: batches
//! are appended with their log entry and are durable, searches go through a decision and the store's
//! own statements. Reads come in the order of a year, of 60 cameras, each plate three times. Times are
//! those of the store, without the network.

mod drawn;
mod library;
mod postgres;
mod searches;

use std::time::{Duration, Instant};

use ingest::ImportedRead;
use tests::agency::{Agency, Plan};
use tests::fixtures::words;

use drawn::Drawn;
use library::Library;
use postgres::Plain;

/// Reads of one durable batch, as `reads import` makes them.
const BATCH: u64 = 2_000;
/// How long a node rests before its memory is told.
const AT_REST: Duration = Duration::from_secs(45);

/// How long something took, and how many.
struct Took {
    time: Duration,
    count: u64,
}

impl Took {
    fn a_second(&self) -> f64 {
        self.count as f64 / self.time.as_secs_f64()
    }
}

/// Brings in the reads from `first` on, a batch at a time.
async fn import(agency: &Agency, drawn: &Drawn, first: u64, count: u64) -> Took {
    let mut time = Duration::ZERO;
    for start in (first..first + count).step_by(BATCH as usize) {
        let end = (start + BATCH).min(first + count);
        let batch: Vec<_> = (start..end).map(|n| ImportedRead::new(drawn.read(n))).collect();
        let (importer, file) = (&agency.node().importer, words("drawn"));
        let started = Instant::now();
        let stored = importer.store(&agency.admin().into(), &file, "native", batch).await;
        time += started.elapsed();
        assert_eq!(stored.expect("stored reads").counted.new as u64, end - start);
    }
    Took { time, count }
}

/// A value that the system tells of a process, in MB.
fn memory_mb(status: &str, key: &str) -> u64 {
    let status = std::fs::read_to_string(status).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kb = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kb.unwrap_or(0) / 1_024
}

/// Memory and starting of the node's own program on this home, with nothing else in its process.
async fn at_rest(agency: &Agency) {
    // Beside this program, which cargo puts one folder deeper.
    let this = std::env::current_exe().expect("a path");
    let program = this.ancestors().nth(2).expect("a folder").join("accord");
    if !program.exists() {
        println!("\nno memory at rest: `cargo build --release -p node` makes the program first");
        return;
    }
    let started = Instant::now();
    let mut node = std::process::Command::new(program)
        .arg("--home")
        .arg(agency.home())
        .arg("run")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("a process");
    let ready = loop {
        if std::os::unix::net::UnixStream::connect(agency.home().join("accord.sock")).is_ok() {
            break started.elapsed();
        }
        assert!(started.elapsed() < Duration::from_secs(60), "the node starts");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let counted = std::fs::metadata(agency.home().join("accord.db")).map_or(0, |file| file.len());
    // Over the first counts for monitoring and the first look at photographs.
    tokio::time::sleep(AT_REST).await;
    let of = |key| memory_mb(&format!("/proc/{}/status", node.id()), key);
    println!(
        "\n`accord run` on a database of {} MB: ready in {ready:.2?}; after {AT_REST:?} it holds {} MB and {} MB of mapped files",
        counted >> 20,
        of("RssAnon:"),
        of("RssFile:")
    );
    node.kill().expect("an end");
    node.wait().expect("an end");
}

fn told(what: &str, ours: &Took, theirs: &Took) {
    println!(
        "{what}, durable every {BATCH} reads: {:.0} a second, {:.0}: {:.2} of it",
        ours.a_second(),
        theirs.a_second(),
        ours.a_second() / theirs.a_second()
    );
}

/// The node on SQLite beside the library: imports and exact plates.
async fn on_sqlite(agency: &mut Agency, drawn: &Drawn, count: u64) {
    let database = agency.home().join("accord.db");
    let first = import(agency, drawn, 0, count / 10).await;
    println!("\n{} reads", count / 10);
    let few = searches::exact(agency, drawn, &Library::open(&database), count / 10).await;
    let rest = import(agency, drawn, count / 10, count - count / 10).await;
    let ours = Took { time: first.time + rest.time, count };
    println!("\n{count} reads, {} MB", std::fs::metadata(&database).map_or(0, |f| f.len() >> 20));
    let many = searches::exact(agency, drawn, &Library::open(&database), count).await;
    println!(
        "{:<44} {:.2} one by one, {:.2} at {}",
        "ten times as many reads cost",
        many.alone.as_secs_f64() / few.alone.as_secs_f64(),
        many.together.as_secs_f64() / few.together.as_secs_f64(),
        searches::IN_FLIGHT,
    );
    searches::others(&[("SQLite", agency)], None, drawn, count).await;
    agency.stop().await;
    at_rest(agency).await;
    told("import; the SQLite library", &ours, &library::import(drawn, count));
    agency.run().await;
}

/// Nodes on SQLite and on PostgreSQL beside PostgreSQL itself: imports, and searches of every kind.
async fn on_postgres(agency: &Agency, drawn: &Drawn, count: u64) {
    let server = Agency::of(Plan::of("other-ca-pd").on_postgres()).await;
    let ours = import(&server, drawn, 0, count).await;
    told("import to PostgreSQL; COPY", &ours, &postgres::copy(&server, drawn, count).await);
    println!();
    let plain = Plain::of(&server).await;
    let nodes = [("SQLite", agency), ("Postgres", &server)];
    searches::others(&nodes, Some(plain), drawn, count).await;
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let count = std::env::var("ACCORD_READS").ok().and_then(|n| n.parse().ok());
    let count: u64 = count.unwrap_or(200_000);
    let mut agency = Agency::start("owning-ca-pd").await;
    let drawn = Drawn::before(agency.now(), count);
    on_sqlite(&mut agency, &drawn, count).await;
    if !std::env::args().any(|arg| arg == "sqlite") {
        on_postgres(&agency, &drawn, count).await;
    }
    agency.stop().await;
}
