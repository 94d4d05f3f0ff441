//! A claim about a long feed of records, fetched and pushed, while either side stops and starts.
//!
//! `ACCORD_RECORDS=100000` makes it as long as a large agency's feed of some months.

use audit_log::entries::exchange::asking::query_declined;
use host::home::Home;
use node::config::{Config, Records};
use schemas::entry::EntryKind as Kind;
use serde_json::Value;
use tests::agency::{Agency, Plan};
use tests::dispatch::{added, asks};
use tests::fixtures::{OFFICER, PLATE, id, query, words};
use tests::records_system::{Batch, RecordsSystem};
use tests::wait::eventually;

const RECORDS: usize = 3_000;
const RESTARTS: usize = 10;
/// Appends that wait together.
const LANES: usize = 100;

/// Has the log tell of so many requests of the officer.
async fn requests(agency: &Agency, count: usize) {
    let own = agency.own();
    let state = own.registry.state();
    let officer = &state.users[&OFFICER.parse().expect("a user name")];
    let actor = own.actor(officer, &agency.officer());
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let count = count / LANES + usize::from(lane < count % LANES);
            let (log, actor, from) = (own.log.clone(), actor.clone(), agency.id().clone());
            let at = agency.now();
            tokio::spawn(async move {
                for _ in 0..count {
                    let query = query(&from, &id("owning-ca-pd"), PLATE, at);
                    let entry = query_declined(actor.clone(), &query, Vec::new());
                    log.append(entry).await.expect("an append");
                }
            })
        })
        .collect();
    for lane in lanes {
        lane.await.expect("a lane");
    }
}

/// The numbers of one more page behind `after`, and where the next one begins; whether there is more.
async fn page(agency: &Agency, token: &str, after: &Value) -> (Vec<u64>, Value, bool) {
    let from = after.as_u64().map_or_else(String::new, |after| format!("after={after}&"));
    let path = format!("/records?{from}limit=97");
    let (status, page) = asks(agency, token, "GET", &path, "", &Value::Null).await;
    assert_eq!(status, 200, "{page}");
    (numbers(&page), page["next"].clone(), page["more"] == true)
}

fn numbers(page: &Value) -> Vec<u64> {
    let records = page["records"].as_array().expect("records");
    records.iter().map(|one| one["number"].as_u64().expect("a number")).collect()
}

fn of_batches(batches: &[Batch]) -> Vec<u64> {
    let page = |batch: &Batch| numbers(&serde_json::from_str(&batch.body).expect("JSON"));
    batches.iter().flat_map(page).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_feed_loses_and_doubles_no_record_over_ten_restarts_of_either_side() {
    let wanted = std::env::var("ACCORD_RECORDS").ok().and_then(|count| count.parse().ok());
    let count: usize = wanted.unwrap_or(RECORDS);
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_https()).await;
    let token = added(&agency, "rms", &["--scope", "records"]);
    let mut system = RecordsSystem::start().await;
    let address = system.address;
    agency.stop().await;
    let home = Home::open(agency.home()).expect("a home");
    let mut config = Config::load(&home).expect("a configuration");
    let to = words(&format!("http://{address}/alpr"));
    config.records = Some(Records { address: to, authority: None });
    std::fs::write(home.config(), toml::to_string(&config).expect("TOML")).expect("a file");
    agency.run().await;
    let (mut fetched, mut after, mut pushed) = (Vec::new(), Value::Null, Vec::new());
    for round in 0..RESTARTS {
        requests(&agency, count / RESTARTS).await;
        // As far as it comes, and not to the end: the rest waits for the next time.
        for _ in 0..=round % 4 {
            let (some, next, _) = page(&agency, &token, &after).await;
            fetched.extend(some);
            after = next;
        }
        // The records system goes away with what it took, in the middle of whatever comes.
        pushed.extend(of_batches(&system.stops()));
        agency.restart().await;
        system = RecordsSystem::at(address).await;
    }
    loop {
        let (some, next, more) = page(&agency, &token, &after).await;
        fetched.extend(some);
        after = next;
        if !more {
            break;
        }
    }
    let log = agency.log().await;
    let logged: Vec<u64> =
        log.all(Kind::QueryDeclined).iter().map(|entry| entry.header.index).collect();
    drop(log);
    assert_eq!(logged.len(), count / RESTARTS * RESTARTS);
    assert_eq!(fetched, logged, "each once, in order");
    let last = *logged.last().expect("records");
    let mut taken = Vec::new();
    // As long as it goes on.
    while !pushed.contains(&last) && !taken.contains(&last) {
        taken = eventually("the feed goes on", async || {
            let now = of_batches(&system.taken());
            (now.len() > taken.len()).then_some(now)
        })
        .await;
    }
    pushed.extend(taken);
    // What was taken in the instant of a restart may have come twice, and is known by its number.
    pushed.sort_unstable();
    pushed.dedup();
    assert_eq!(pushed, logged);
}
