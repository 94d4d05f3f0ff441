//! Claims about records that are pushed to a records system.

use host::home::Home;
use node::config::{Config, Records};
use node::records::{SECRET, Signature};
use schemas::entry::EntryKind as Kind;
use schemas::time::DAY_MS;
use serde_json::Value;
use tests::agency::Agency;
use tests::fixtures::{PLATE, draft, words};
use tests::records_system::{Batch, RecordsSystem};
use tests::wait::eventually;

/// The node pushes to this records system from its next start on.
async fn pushes_to(agency: &mut Agency, address: &str) {
    agency.stop().await;
    configure(agency, address);
    agency.run().await;
}

fn configure(agency: &Agency, address: &str) {
    let home = Home::open(agency.home()).expect("a home");
    let mut config = Config::load(&home).expect("a configuration");
    config.records = Some(Records { address: words(address), authority: None });
    std::fs::write(home.config(), toml::to_string(&config).expect("TOML")).expect("a file");
}

async fn searches(agency: &Agency, count: usize) {
    for _ in 0..count {
        let own = draft(&[agency.id()], PLATE, agency.now());
        agency.search_own(&own).await.expect("a search");
    }
}

fn numbers(batches: &[Batch]) -> Vec<u64> {
    let of = |batch: &Batch| {
        let body: Value = serde_json::from_str(&batch.body).expect("JSON");
        let records = body["records"].as_array().expect("records").clone();
        records.into_iter().map(|one| one["number"].as_u64().expect("a number"))
    };
    batches.iter().flat_map(of).collect()
}

async fn logged(agency: &Agency) -> Vec<u64> {
    let log = agency.log().await;
    log.all(Kind::ReadsSearched).iter().map(|entry| entry.header.index).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_batch_is_signed_and_comes_until_it_is_taken_over_restarts_and_days() {
    let mut agency = Agency::start("asking-ca-pd").await;
    let system = RecordsSystem::start().await;
    searches(&agency, 3).await;
    system.refuses(true);
    pushes_to(&mut agency, &format!("http://{}/alpr", system.address)).await;
    eventually("it is tried and refused", async || (system.refused().len() >= 2).then_some(()))
        .await;
    // It fails for a day, and the node stops and starts in between.
    searches(&agency, 2).await;
    agency.clock.shift(DAY_MS);
    agency.restart().await;
    searches(&agency, 2).await;
    let before = system.refused().len();
    eventually("it is tried on", async || (system.refused().len() > before).then_some(())).await;
    assert!(system.taken().is_empty());
    let held_up = agency.node().app.records.pushing().held_up().expect("what keeps them back");
    assert!(held_up.1.contains("503"), "{held_up:?}");
    let doctor = agency.accord(&["doctor"]);
    let said = format!("{doctor:?}");
    assert!(said.contains("none is taken since"), "{said}");
    system.refuses(false);
    let all = logged(&agency).await;
    assert_eq!(all.len(), 7);
    eventually("every record came", async || (numbers(&system.taken()) == all).then_some(())).await;
    // What was taken is not pushed again after a restart, and what comes later is.
    agency.restart().await;
    searches(&agency, 1).await;
    let all = logged(&agency).await;
    eventually("the next came", async || {
        (numbers(&system.taken()).len() >= all.len()).then_some(())
    })
    .await;
    assert_eq!(numbers(&system.taken()), all);
    // Each is signed by the secret that stands in the home.
    let secret =
        std::fs::read_to_string(agency.home().join("keys").join(SECRET)).expect("a secret");
    let signature = Signature::with(secret.trim());
    let mut batches = system.taken();
    batches.extend(system.refused());
    for batch in batches {
        let seconds = batch.seconds.parse().expect("seconds");
        assert_eq!(batch.signature, signature.of(seconds, &batch.body));
        assert_ne!(batch.signature, signature.of(seconds + 1, &batch.body));
        assert_eq!(batch.media_type, "application/json");
        let of = numbers(std::slice::from_ref(&batch));
        assert_eq!(batch.numbers, format!("{}-{}", of[0], of[of.len() - 1]));
    }
    // A batch that is sent again is the same batch.
    let refused = system.refused();
    assert_eq!(refused[0].body, refused[1].body);
    let viewed = agency.log().await;
    assert!(
        viewed.last(Kind::AuditViewed).body.actor.auth.starts_with("records, pushed to 127.0.0.1")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn records_go_nowhere_that_is_neither_secured_nor_this_machine() {
    let mut agency = Agency::start("asking-ca-pd").await;
    agency.stop().await;
    let home = Home::open(agency.home()).expect("a home");
    let before = std::fs::read_to_string(home.config()).expect("a configuration");
    for address in
        ["http://rms.example.org/alpr", "https://user:word@rms.example.org", "rms.example.org"]
    {
        configure(&agency, address);
        let why = agency.start_error().await.to_string();
        assert!(why.contains("records.address") && why.contains(address), "{why}");
        std::fs::write(home.config(), &before).expect("a configuration");
    }
    agency.run().await;
}
