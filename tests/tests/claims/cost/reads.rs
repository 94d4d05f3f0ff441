//! What reads cost an agency by itself: bringing ten thousand in, and one search of its own that gives a
//! page of them.

use std::sync::Arc;

use ingest::ImportedRead;
use schemas::read::{Read, ReadId};
use tests::agency::{Agency, Plan};
use tests::fixtures::{PLATE, draft, reads, words};
use tests::side::Side;

use super::database::Database;
use super::ledger::{Bounds, Cost, hold, more_calls};
use super::side::counted;

/// Reads that are brought in.
const READS: usize = 10_000;
/// Reads of one delivery.
const DELIVERY: usize = 2_000;
/// Searches one after the other; figures are for each of them.
const SEARCHES: u64 = 16;
/// Reads that each gives: as many as stand on one page.
const PAGE: u32 = 100;

/// The whole import: five deliveries, an entry each.
const IMPORT: Bounds = Bounds {
    signed: 11.0,
    verified: 0.0,
    compressed: 1_500_000.0,
    frames: 0.0,
    frame_bytes: 0.0,
    allocations: 4_000_000.0,
    allocated: 1_000_000_000.0,
    calls: 40.0,
    commits: 12.0,
    pages: 20_000.0,
    rows: 40_000.0,
    kept: 20_000_000.0,
};

/// One search, its entry included.
const SEARCH: Bounds = Bounds {
    signed: 2.5,
    verified: 0.0,
    compressed: 500.0,
    frames: 0.0,
    frame_bytes: 0.0,
    allocations: 10_000.0,
    allocated: 1_000_000.0,
    calls: 4.0,
    commits: 1.1,
    pages: 20.0,
    rows: 4.0,
    kept: 4_500.0,
};

/// An agency without peers, on a thread of its own.
struct Alone {
    // It ends before the thread that it runs on.
    agency: Arc<Agency>,
    database: Database,
    side: Side,
}

impl Alone {
    async fn start() -> Self {
        let side = Side::start("alone");
        let agency = side.run(|| Agency::of(Plan::of("owning-ca-pd"))).await;
        let database = Database::of(agency.home()).await;
        Self { agency: Arc::new(agency), database, side }
    }

    /// Does something so many times; what each of them cost.
    async fn cost<F: Future<Output = ()> + Send>(
        &mut self,
        times: u64,
        work: impl FnOnce(Arc<Agency>) -> F + Send + 'static,
    ) -> Cost {
        self.database.write_back().await;
        let first = self.agency.clone();
        // One entry more begins the write-ahead log anew.
        self.side.run(move || async move { search(&first).await }).await;
        let (before, called) = (self.database.stand().await, self.agency.store().called());
        let agency = self.agency.clone();
        let ((), counted) = counted(&self.side, move || work(agency)).await;
        let written = self.database.stand().await.since(&before);
        Cost { times, counted, written, called: more_calls(&self.agency, &called) }
    }
}

/// A delivery of reads that nobody brought before.
fn delivery(agency: &Agency, nth: usize) -> Vec<ImportedRead> {
    let mut batch = reads(agency.id(), PLATE, DELIVERY, agency.now());
    for (n, read) in batch.iter_mut().enumerate() {
        // One in twenty is of the plate that is searched for.
        if n % 20 != 0 {
            read.plate = format!("8{nth}{n:04}").parse().expect("a plate");
            read.plate_raw = words(read.plate.as_str());
        }
        let camera = format!("camera-{nth}-{}", n % 50);
        *read = Read {
            id: ReadId::of_sighting(&camera, read.at, &read.plate),
            camera: words(&camera),
            ..read.clone()
        };
    }
    batch.into_iter().map(ImportedRead::new).collect()
}

async fn search(agency: &Agency) -> usize {
    let mut draft = draft(&[agency.id()], PLATE, agency.now());
    draft.limit = PAGE;
    agency.search_own(&draft).await.expect("a search").reads.len()
}

#[tokio::test]
async fn reads_cost_what_is_stated_to_bring_in_and_to_find() {
    let mut alone = Alone::start().await;
    let deliveries: Vec<_> =
        (0..READS / DELIVERY).map(|nth| delivery(&alone.agency, nth)).collect();
    let brought = alone
        .cost(1, |agency| async move {
            for delivery in deliveries {
                assert_eq!(agency.import(delivery).await, DELIVERY);
            }
        })
        .await;
    let found = alone
        .cost(SEARCHES, |agency| async move {
            for _ in 0..SEARCHES {
                assert_eq!(search(&agency).await, PAGE as usize);
            }
        })
        .await;
    hold(&[("import", &brought, &IMPORT), ("search", &found, &SEARCH)]);
    let Alone { agency, database, side } = alone;
    drop(database);
    let mut agency = Arc::into_inner(agency).expect("nobody else's agency");
    side.run(move || async move { agency.stop().await }).await;
}
