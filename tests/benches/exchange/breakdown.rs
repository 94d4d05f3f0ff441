//! The parts of an exchange, each alone, at one and at many in flight.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;

use agreements::decide::decide_own;
use audit_log::entries::exchange::SignedQuery;
use audit_log::entries::exchange::asking::query_sent;
use audit_log::entry::Entry;
use node::exchange::ask::random_id;
use schemas::envelope::{Envelope, Kind};
use schemas::query::Query;
use tests::fixtures;

use crate::baseline::Baseline;
use crate::measure::measure;
use crate::ours::Ours;
use crate::{MANY, READS};

/// How often each part is done, at one in flight and at many.
const AT_ONE: usize = 500;
const AT_MANY: usize = 12_800;

async fn part<F, W>(what: &str, work: W)
where
    W: Fn(usize) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    drop(measure(MANY * 4, MANY, &work).await);
    let mut alone = measure(AT_ONE, 1, &work).await;
    let many = measure(AT_MANY, MANY, &work).await;
    println!(
        "{what:<34} {:>9.1} us {:>9.1} us {:>10.0}/s",
        alone.quantile(0.5).as_secs_f64() * 1e6,
        alone.quantile(0.99).as_secs_f64() * 1e6,
        many.rate(),
    );
}

/// The entry of a query that leaves, with a new id.
fn sent(ours: &Ours, query: &Query, envelope: &Envelope) -> Entry {
    let query = Query { id: random_id().expect("randomness"), ..query.clone() };
    let actor = ours.asking.context().agency.node_actor();
    query_sent(actor, SignedQuery { query: &query, envelope })
}

pub(crate) async fn run() {
    let (ours, baseline) = (Ours::set_up().await, Baseline::set_up(MANY).await);
    let (asking, owning) = (ours.asking.context().clone(), ours.owning.context().clone());
    let query =
        fixtures::query(ours.asking.id(), ours.owning.id(), fixtures::PLATE, ours.asking.now());
    let key = asking.message_key();
    let envelope = Envelope::sign_json(Kind::Query, &query, &key).expect("a query");
    let policy = owning.agency.registry.state().policy.clone().expect("a policy");
    let scope = decide_own(&policy, ours.owning.id(), &query, ours.owning.now()).expect("a scope");
    let scope = Arc::new(scope);

    println!("\n{READS} reads; {MANY} in flight in the last column");
    println!("{:<34} {:>12} {:>12} {:>12}", "", "p50 at 1", "p99 at 1", "at 64");
    part("append a query's entry", |_| {
        let (log, entry) = (asking.agency.log.clone(), sent(&ours, &query, &envelope));
        async move { drop(log.append(entry).await.expect("a durable entry")) }
    })
    .await;
    part("baseline: insert an audit row", |_| baseline.audit()).await;
    part("sign a query", |_| {
        let (query, key) = (query.clone(), key.clone());
        async move { drop(black_box(Envelope::sign_json(Kind::Query, &query, &key))) }
    })
    .await;
    part("parse and verify a query", |_| {
        let (bytes, key) = (envelope.as_bytes().to_vec(), key.public());
        async move {
            let envelope = Envelope::parse(&bytes).expect("an envelope");
            drop(black_box(envelope.verified_json::<Query>(Kind::Query, &key).expect("a query")));
        }
    })
    .await;
    part("look up three reads", |_| {
        let (store, scope) = (owning.store.clone(), scope.clone());
        async move {
            let found = store.search(scope.as_ref()).await.expect("a search");
            assert_eq!(found.reads.len(), 3);
        }
    })
    .await;
    part("baseline: look up three reads", |_| baseline.lookup()).await;
    part("look for a query's id", |_| {
        let (store, id) = (owning.store.clone(), query.id);
        async move { assert!(store.served(id).await.expect("a lookup").is_none()) }
    })
    .await;
    // These wait for each other's receipts, as they do in service.
    part("a whole exchange", |_| ours.exchange()).await;
    part("baseline: a whole exchange", |worker| baseline.exchange(worker)).await;
    ours.settled().await;
}
