//! Reads at scale: importing them, and every search, beside the SQLite library itself in the same
//! run, on the same schema, indexes and rows.
//!
//! `cargo bench -p tests --bench reads`; `ACCORD_READS=10000000` for ten million (200,000 unless
//! given). The node is real: batches are appended with their log entry and are durable, searches go
//! through a decision and the store's own statements. Reads come in the order of a year,
//! of 60 cameras, each plate three times. Times are those of the store, without the network.

mod drawn;
mod library;
mod searches;

use std::time::{Duration, Instant};

use ingest::Sighting;
use tests::agency::Agency;
use tests::making::words;

use drawn::Drawn;
use library::Library;

/// Reads of one durable batch, as `reads import` makes them.
const BATCH: u64 = 2_000;

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
        let batch: Vec<_> = (start..end).map(|n| Sighting::new(drawn.read(n))).collect();
        let (office, file) = (agency.office(), words("drawn"));
        let started = Instant::now();
        let stored = office.store_reads(&agency.admin().into(), &file, "native", batch).await;
        time += started.elapsed();
        assert_eq!(stored.expect("stored reads").reads as u64, end - start);
    }
    Took { time, count }
}

/// A value of this process, in MB.
fn memory_mb(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kb = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kb.unwrap_or(0) / 1_024
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let count = std::env::var("ACCORD_READS").ok().and_then(|n| n.parse().ok());
    let count: u64 = count.unwrap_or(200_000);
    let mut agency = Agency::start("owning-ca-pd").await;
    let drawn = Drawn::before(agency.now(), count);
    let database = agency.home().join("accord.db");

    let first = import(&agency, &drawn, 0, count / 10).await;
    println!("\n{} reads", count / 10);
    let few = searches::exact(&agency, &drawn, &Library::open(&database), count / 10).await;
    let rest = import(&agency, &drawn, count / 10, count - count / 10).await;
    let ours = Took { time: first.time + rest.time, count };
    println!("\n{count} reads, {} MB", std::fs::metadata(&database).map_or(0, |f| f.len() >> 20));
    let many = searches::exact(&agency, &drawn, &Library::open(&database), count).await;
    println!(
        "{:<44} {:.2} one by one, {:.2} at {}",
        "ten times as many reads cost",
        many.alone.as_secs_f64() / few.alone.as_secs_f64(),
        many.together.as_secs_f64() / few.together.as_secs_f64(),
        searches::IN_FLIGHT,
    );
    searches::others(&agency, &drawn, count).await;

    agency.stop().await;
    let started = Instant::now();
    agency.run().await;
    println!(
        "\nstarted in {:.2?}; this process holds {} MB and {} MB of mapped files",
        started.elapsed(),
        memory_mb("RssAnon:"),
        memory_mb("RssFile:")
    );
    let theirs = library::import(&drawn, count);
    println!(
        "import, durable every {BATCH} reads: {:.0} a second; the library {:.0}; {:.2} of it",
        ours.a_second(),
        theirs.a_second(),
        ours.a_second() / theirs.a_second()
    );
    println!("  (with all of the first tenth: {:.0} a second)", first.a_second());
}
