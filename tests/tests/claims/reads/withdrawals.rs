//! Claims about sources that are not to be believed: a token that somebody else had. What it brought can be
//! found and withdrawn, and it speaks for no camera but those it is bound to.

use ingest::{Format, ImportedRead, Item, items};
use node::reads::importer::ImportActor;
use schemas::entry::EntryKind as Kind;
use schemas::event::Event;
use schemas::outcome::OutcomeCode;
use schemas::query::QueryId;
use serde_json::json;
use tests::agency::{Agency, Plan};
use tests::command_line::accord_at_a_terminal;
use tests::federation::{sharing_pair, sharing_pair_of};
use tests::fixtures::{OFFICER, PLATE, words};
use tests::https::send;
use tests::sources::{add_source, agency_with_https, native_lines, stored_reads, token};
use tests::wait::eventually;

/// Sends reads of `plate` as a source does.
async fn sends(agency: &Agency, source: &str, token: &str, plate: &str, count: usize) {
    sends_lines(agency, source, token, native_lines(agency, plate, count)).await;
}

async fn sends_lines(agency: &Agency, source: &str, token: &str, lines: String) {
    let (path, bearer) = (format!("/sources/{source}/reads"), format!("Bearer {token}"));
    let (status, said) = send(agency, "POST", &path, Some(&bearer), lines).await;
    assert_eq!(status, 200, "{said}");
}

/// The words that `asking` is shown with a kept answer of what its owner withdrew or corrected.
async fn told(asking: &Agency, query: QueryId, count: usize) -> Vec<Option<String>> {
    eventually("the word of it comes", async || {
        let again = asking.node().queries.ask_again(query, &asking.officer()).await.ok()?;
        (again.corrections.len() == count).then_some(again.corrections)
    })
    .await
    .iter()
    .map(|one| one.plate.as_ref().map(ToString::to_string))
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stolen_token_brought_is_found_no_longer_and_whoever_received_it_is_told() {
    let owning = Plan::of("owning-ca-pd").with_https();
    let (asking, owning, _) = sharing_pair_of(Plan::of("asking-ca-pd"), owning).await;
    let gate = add_source(&owning, &["gate-1", "--format", "native"]);
    let yard = add_source(&owning, &["yard", "--format", "native"]);
    let lines = native_lines(&owning, "9XYZ999", 2);
    sends_lines(&owning, "gate-1", token(&gate), lines.clone()).await;
    sends(&owning, "gate-1", token(&gate), "9XYZ998", 1).await;
    sends(&owning, "yard", token(&yard), "9XYZ997", 1).await;
    let heard = asking.ask_one(owning.id(), "9XYZ999").await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 2));
    let (query, id) = (heard.query_id.expect("a query id"), heard.reads[0].id);
    let before = stored_reads(&owning).await;

    let preview = owning.accord(&["source", "withdraw", "gate-1", "--preview"]).done();
    let counts = |said: &serde_json::Value| {
        ["deliveries", "brought", "withdrawn", "told"].map(|key| said[key].as_u64().expect(key))
    };
    assert_eq!(counts(&preview), [2, 3, 0, 0]);
    assert_eq!(stored_reads(&owning).await, before, "only looked at");
    let reason = ["--reason", "the token stood on a public page"];
    let done = owning.accord(&[&["source", "withdraw", "gate-1"], &reason[..]].concat()).done();
    assert_eq!(counts(&done), [2, 3, 3, 2]);
    assert_eq!(stored_reads(&owning).await, before - 3);

    // Whoever had them is told of each, and what stays is what others brought.
    assert_eq!(told(&asking, query, 2).await, [None, None]);
    let again = ["query", "--again", &query.to_string()];
    let (shown, _) =
        tokio::task::block_in_place(|| accord_at_a_terminal(asking.desk(), OFFICER, &again, ""));
    assert!(shown.contains("Withdrawn by owning-ca-pd"), "{shown}");
    assert!(shown.contains("the token stood on a public page"), "{shown}");
    for (plate, count) in [("9XYZ999", 0), ("9XYZ998", 0), ("9XYZ997", 1), (PLATE, 3)] {
        assert_eq!(asking.ask_one(owning.id(), plate).await.reads.len(), count, "{plate}");
    }
    // Sending them again brings them not back.
    sends_lines(&owning, "gate-1", token(&gate), lines).await;
    assert_eq!(asking.ask_one(owning.id(), "9XYZ999").await.reads.len(), 0);
    // Who audits sees them, and what became of them.
    let versions = owning.accord(&["reads", "versions", &id.to_string()]).lines();
    let withdrawn = owning.log().await.last(Kind::ReadsWithdrawn).header.index;
    assert!(versions[0]["brought_by"].is_u64(), "{versions:#?}");
    assert_eq!(versions[1]["withdrawn_by"], withdrawn, "{versions:#?}");
    let correct = ["reads", "correct", &id.to_string(), "--plate", PLATE, "--reason", "it is ours"];
    let refused = owning.accord(&correct);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("was withdrawn by entry"), "{refused:?}");
    for agency in [&asking, &owning] {
        let verified = agency.accord(&["audit", "verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
    let reconciled = owning.accord(&["audit", "reconcile", "--peer", "asking-ca-pd"]);
    assert_eq!(reconciled.code, 0, "{reconciled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_period_that_is_named_is_withdrawn_and_nothing_without_a_reason() {
    let agency = agency_with_https().await;
    let gate = add_source(&agency, &["gate-1", "--format", "native"]);
    sends(&agency, "gate-1", token(&gate), "9XYZ999", 2).await;
    agency.clock.shift(3_600_000);
    let since = agency.now().plus_millis(-60_000).to_string();
    sends(&agency, "gate-1", token(&gate), "9XYZ998", 3).await;
    for (args, code) in [
        (&["gate-1"][..], 2),
        (&["gate-1", "--reason", ""], 2),
        (&["gate-9", "--reason", "x"], 2),
        (&["gate-1", "--until", "2020-01-01T00:00:00Z", "--reason", "x"], 2),
    ] {
        let refused = agency.accord(&[&["source", "withdraw"], args].concat());
        assert_eq!(refused.code, code, "{args:?}: {refused:?}");
    }
    assert_eq!(stored_reads(&agency).await, 5);
    let withdraw = ["source", "withdraw", "gate-1", "--from", &since, "--reason", "a leak"];
    assert_eq!(agency.accord(&withdraw).done()["withdrawn"], 3);
    assert_eq!(stored_reads(&agency).await, 2);
    let again = agency.accord(&withdraw).done();
    assert_eq!((&again["brought"], &again["withdrawn"]), (&3.into(), &0.into()), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_speaks_for_no_camera_but_its_own() {
    let agency = agency_with_https().await;
    let lines = native_lines(&agency, PLATE, 3);
    let camera = |n| format!("{}-camera-{n}", agency.id());
    let (first, third) = (camera(0), camera(2));
    let args = ["gate-1", "--format", "native", "--only-camera", &first, "--only-camera", &third];
    let gate = add_source(&agency, &args);
    assert_eq!(gate["cameras"], json!([first, third]));
    let bearer = format!("Bearer {}", token(&gate));
    let (status, said) = send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), lines).await;
    assert_eq!(status, 200, "{said}");
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((&said["stored"], &said["rejected"]), (&2.into(), &1.into()), "{said}");
    let error = agency.accord(&["source", "list"]).done()["error"].to_string();
    assert!(error.contains(&camera(1)) && error.contains("alone"), "{error}");
}

/// What a camera tells of one car, `later` milliseconds after it first saw it.
fn seen(agency: &Agency, later: i64, plate: &str, sure: f64) -> ImportedRead {
    let at = agency.now().plus_millis(-3_600_000 + later).millis();
    let body = json!({
        "plateUTF8": plate, "plateASCII": plate, "plateConfidence": sure.to_string(),
        "carState": "update", "carID": "4711", "capture_timestamp": at.to_string(),
        "camera_info": { "SerialNumber": "B8A4" },
    });
    match items(Format::Axis, body.to_string().as_bytes()).next() {
        Some(Ok(Item::Read(one))) => *one,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_received_a_read_is_told_when_its_reader_is_surer_of_another_plate() {
    let (asking, owning, _) = sharing_pair().await;
    let [first, surer, same] =
        [(0, "8KTR3Q2", 0.6), (600, "8KTR392", 0.9), (1_200, "8KTR392", 0.95)]
            .map(|(later, plate, sure)| seen(&owning, later, plate, sure));
    owning.import(vec![first]).await;
    let heard = asking.ask_one(owning.id(), "8KTR3Q2").await;
    assert_eq!(heard.reads.len(), 1);
    let query = heard.query_id.expect("a query id");
    owning.import(vec![surer]).await;
    assert_eq!(told(&asking, query, 1).await, [Some("8KTR392".to_owned())]);
    let of_import = async || {
        let log = owning.log().await;
        match &log.last(Kind::ReadsImported).body.event {
            Event::ReadsImported(imported) => imported.told.iter().map(|to| to.query_id).collect(),
            _ => Vec::new(),
        }
    };
    assert_eq!(of_import().await, [query]);
    // Told once more, with the same plate: there is nothing to say.
    owning.import(vec![same]).await;
    assert_eq!(of_import().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_source_told_otherwise_of_others_reads_is_again_what_it_was() {
    let (asking, owning, _) = sharing_pair().await;
    drop(add_source(&owning, &["gate-1", "--format", "axis"]));
    let [first, forged] = [(0, "8KTR3Q2", 0.6), (600, "8KTR392", 0.99)]
        .map(|(later, plate, sure)| seen(&owning, later, plate, sure));
    let id = first.read.id;
    owning.import(vec![first]).await;
    let gate = ImportActor::Source("gate-1".parse().expect("a name"));
    let stored = owning.node().importer.store(&gate, &words("test"), "axis", vec![forged]).await;
    assert_eq!(stored.expect("stored").counted.merged, 1);
    let heard = asking.ask_one(owning.id(), "8KTR392").await;
    assert_eq!(heard.reads.len(), 1);
    let query = heard.query_id.expect("a query id");
    let done =
        owning.accord(&["source", "withdraw", "gate-1", "--reason", "not our camera"]).done();
    assert_eq!((&done["restored"], &done["told"]), (&1.into(), &1.into()), "{done}");
    let own = owning.context().store.own_read(id).await.expect("a store").expect("the read");
    assert_eq!((own.read.plate.as_str(), own.version, own.withdrawn), ("8KTR3Q2", 3, None));
    assert_eq!(told(&asking, query, 1).await, [Some("8KTR3Q2".to_owned())]);
    assert_eq!(asking.ask_one(owning.id(), "8KTR392").await.reads.len(), 0);
    let verified = owning.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}
