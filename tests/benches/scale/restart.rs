//! How long a node takes from its start until it is ready, with a long log and many changes of its
//! registry, each of which is held against its entry.

use std::time::Instant;

use audit_log::entries::people::{UserChange, user_changed};
use schemas::outcome::OutcomeCode;
use schemas::user::User;
use tests::agency::{Agency, Plan};
use tests::federation::sharing_pair_of;
use tests::fixtures::{PLATE, draft};
use tests::logs::append_many;

use crate::database_mb;

/// Exchanges among the entries: what the node owes and is owed is told anew at its start.
const EXCHANGES: usize = 5_000;
const IN_FLIGHT: usize = 50;

pub(crate) async fn run(entries: usize, changes: usize) {
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
    change_many(&owning, changes).await;
    let size = owning.context().agency.log.counters().size;
    println!(
        "\na log of {size} entries, {changes} of which change the registry, {:.0} MB",
        database_mb(owning.home())
    );
    for round in ["at once", "again"] {
        owning.stop().await;
        let begun = Instant::now();
        owning.run().await;
        println!(
            "ready {round} after {:.2} s (goal: less than 3 s)",
            begun.elapsed().as_secs_f64()
        );
    }
    let begun = Instant::now();
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    println!("and answers the first query after {:.2} s more", begun.elapsed().as_secs_f64());
}

/// Registers people, each by an entry of its own.
async fn change_many(agency: &Agency, count: usize) {
    let context = agency.context();
    let (log, actor) = (&context.agency.log, context.agency.node_actor());
    let known = context.agency.registry.state().users.values().next().cloned();
    let known = known.expect("a user");
    for step in 0..count.div_ceil(IN_FLIGHT) {
        let state = context.agency.registry.state();
        let users = (0..IN_FLIGHT).map(|n| User {
            name: format!("user-{step}-{n}").parse().expect("a name"),
            ..known.clone()
        });
        let added = users
            .map(|user| user_changed(&state, actor.clone(), UserChange::Added, user, None, None));
        for appended in futures::future::join_all(added.map(|entry| log.append(entry))).await {
            appended.expect("an append");
        }
    }
}
