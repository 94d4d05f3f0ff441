//! The audit log alone: durable appends in groups, and checking a log.
//!
//! `cargo bench -p tests --bench log`. Every append is durable when it is counted; each has a body of
//! the size of an access. The tree and its checker run over the log that was just written.

use std::time::{Duration, Instant};

use node::audit::entry::Entry;
use node::audit::verify::{Keys, Verifier};
use node::store::{EntryFilter, Store as _};
use schemas::bundle::Item;
use schemas::checkpoint::{Checkpoint, SignedCheckpoint};
use schemas::entry::EntryKind;
use schemas::merkle;
use tests::agency::Agency;

const APPENDS: usize = 40_000;
const WAITING: usize = 1_000;
const STEP: u32 = 5_000;

fn rate(what: &str, count: usize, took: Duration) {
    let rate = count as f64 / took.as_secs_f64();
    println!("{what:<52} {rate:>12.0} /s   ({count} in {took:.2?})");
}

async fn append(agency: &Agency, count: usize) -> Duration {
    let log = &agency.office().log;
    let actor = agency.office().node_actor();
    let started = Instant::now();
    let waiting = (0..WAITING).map(|lane| {
        let (log, actor) = (log.clone(), actor.clone());
        tokio::spawn(async move {
            for n in 0..count / WAITING {
                let entry = Entry::new(EntryKind::AuditViewed, actor.clone())
                    .with("lane", lane)
                    .with("n", n)
                    .with("text", "a reason of the length that people write in one sentence");
                log.append(entry).await.expect("an append");
            }
        })
    });
    for lane in waiting.collect::<Vec<_>>() {
        lane.await.expect("a lane");
    }
    started.elapsed()
}

async fn entries(agency: &Agency) -> Vec<Item> {
    let mut all: Vec<Item> = Vec::new();
    loop {
        let start = all.len() as u64;
        let step = agency.store().entries(&EntryFilter::default(), start, STEP).await;
        let step = step.expect("entries");
        let whole = step.len() < STEP as usize;
        let item = |entry| Item { entry, border: false, judges: false, inclusion: None };
        all.extend(step.into_iter().map(item));
        if whole {
            return all;
        }
    }
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let agency = Agency::start("logging-ca-pd").await;
    append(&agency, WAITING).await;
    rate("durable appends, 1,000 waiting", APPENDS, append(&agency, APPENDS).await);

    let log = entries(&agency).await;
    let started = Instant::now();
    let mut verifier = Verifier::new(agency.id().clone(), Keys::default(), true);
    for step in log.chunks(STEP as usize) {
        verifier.check(step);
    }
    let verified = verifier.finish();
    rate("entries checked: tree, numbers, bodies", log.len(), started.elapsed());
    let head = agency.office().log.head().expect("a head");
    assert_eq!(verified.tree.root(), head.unverified().root);

    let started = Instant::now();
    let mut tree = merkle::Frontier::new();
    for item in &log {
        tree.push(merkle::leaf(item.entry.header.as_bytes()));
    }
    rate("headers hashed into the tree", log.len(), started.elapsed());

    let (checks, vkey) = (20_000, agency.office().log.vkey());
    let note = head.to_string();
    let started = Instant::now();
    for _ in 0..checks {
        let head = SignedCheckpoint::parse(note.as_bytes()).expect("a checkpoint");
        let _: &Checkpoint = head.verified(&vkey).expect("a signature");
    }
    rate("signatures of heads checked, one core", checks, started.elapsed());

    let wanted = merkle::inclusion_nodes(7, tree.size()).expect("a place");
    let proofs = 2_000;
    let started = Instant::now();
    for _ in 0..proofs {
        agency.store().subtrees(&wanted).await.expect("hashes");
    }
    rate("proofs of inclusion read from the store", proofs, started.elapsed());
}
