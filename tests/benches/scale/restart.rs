//! How long a node takes from its start until it is ready, with a long log.

use schemas::outcome::OutcomeCode;
use std::time::Instant;

use tests::agency::Plan;
use tests::federation::sharing_pair_of;
use tests::fixtures::{PLATE, draft};
use tests::logs::append_many;

use crate::database_mb;

/// Exchanges among the entries: what the node owes and is owed is told anew at its start.
const EXCHANGES: usize = 5_000;
const IN_FLIGHT: usize = 50;

pub(crate) async fn run(entries: usize) {
    let roomy = |id| {
        Plan::of(id).bounds(|bounds| {
            bounds.answer_seconds = 30;
            bounds.receipts_outstanding = 100_000;
        })
    };
    let (asking, mut owning, _) =
        sharing_pair_of(roomy("asking-ca-pd"), roomy("owning-ca-pd")).await;
    let one = draft(&[owning.id()], PLATE, asking.now());
    for _ in 0..EXCHANGES / IN_FLIGHT {
        futures::future::join_all((0..IN_FLIGHT).map(|_| asking.ask(&one))).await;
    }
    append_many(&owning, entries).await;
    let size = owning.context().agency.log.counters().size;
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
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    println!("and answers the first query after {:.2} s more", begun.elapsed().as_secs_f64());
}
