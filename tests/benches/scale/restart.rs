//! How long a node takes from its start until it is ready, with a long log.

use std::time::Instant;

use audit_log::entry::Entry;
use schemas::entry::EntryKind;
use tests::agency::{Agency, Plan};
use tests::federation::{in_force, pair_of};
use tests::making::{PLATE, draft};

use crate::database_mb;

/// Appends that wait together.
const WAITING: usize = 1_000;
/// Exchanges among the entries: what the node owes and is owed is told anew at its start.
const EXCHANGES: usize = 5_000;
const IN_FLIGHT: usize = 50;

async fn fill(agency: &Agency, count: usize) {
    let log = &agency.office().log;
    let actor = agency.office().node_actor();
    let lanes = (0..WAITING).map(|lane| {
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
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("a lane");
    }
}

pub(crate) async fn run(entries: usize) {
    let roomy = |id| {
        Plan::of(id).bounds(|bounds| {
            bounds.answer_seconds = 30;
            bounds.receipts_outstanding = 100_000;
        })
    };
    let (asking, mut owning) = pair_of(roomy("asking-ca-pd"), roomy("owning-ca-pd")).await;
    in_force(&[&asking, &owning]).await;
    let one = draft(&[owning.id()], PLATE, asking.now());
    for _ in 0..EXCHANGES / IN_FLIGHT {
        futures::future::join_all((0..IN_FLIGHT).map(|_| asking.ask(&one))).await;
    }
    fill(&owning, entries).await;
    let size = owning.office().log.counters().size;
    println!("\na log of {size} entries, {:.0} MB", database_mb(owning.home()));
    for round in ["at once", "again"] {
        owning.stop().await;
        let begun = Instant::now();
        owning.run().await;
        println!(
            "ready {round} after {:.2} s (goal: less than 2 s)",
            begun.elapsed().as_secs_f64()
        );
    }
    let begun = Instant::now();
    assert_eq!(asking.asks(owning.id(), PLATE).await.outcome, "answered");
    println!("and answers the first query after {:.2} s more", begun.elapsed().as_secs_f64());
}
