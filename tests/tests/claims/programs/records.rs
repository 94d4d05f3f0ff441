//! Claims about the records that a records system fetches.

use node::records::MAPPING;
use schemas::entry::EntryKind as Kind;
use serde_json::{Value, json};
use tests::dispatch::{Dispatch, added, asks, told};
use tests::fixtures::{OFFICER, PLATE};

/// Every record, fetched so many at a time: their numbers, and where the next one would come.
async fn fetched(cad: &Dispatch, token: &str, after: Value, size: usize) -> (Vec<u64>, Value) {
    let (mut numbers, mut after) = (Vec::new(), after);
    loop {
        let from = after.as_u64().map_or_else(String::new, |after| format!("after={after}&"));
        let path = format!("/records?{from}limit={size}");
        let (status, page) = asks(&cad.agency, token, "GET", &path, "", &Value::Null).await;
        assert_eq!(status, 200, "{page}");
        let records = page["records"].as_array().expect("records");
        assert!(records.len() <= size);
        numbers.extend(records.iter().map(|one| one["number"].as_u64().expect("a number")));
        after = page["next"].clone();
        if page["more"] == false {
            return (numbers, after);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_records_system_fetches_each_request_once_with_who_when_what_and_why() {
    let cad = Dispatch::start(&["--scope", "ask"]).await;
    let rms = added(&cad.agency, "rms", &["--scope", "records"]);
    let session = cad.approved().await;
    let heard = cad.says("POST", "/queries", &session, &cad.draft()).await;
    let id = heard.1["query_id"].as_str().expect("a query id").to_owned();
    cad.says("POST", &format!("/queries/{id}/again"), &session, &json!({})).await;
    cad.says("POST", "/reads/search", &session, &cad.draft()).await;
    let mut declined = cad.draft();
    declined["why"]["reason"] = "".into();
    cad.says("POST", "/queries", &session, &declined).await;
    let (status, page) = asks(&cad.agency, &rms, "GET", "/records", "", &Value::Null).await;
    assert_eq!((status, &page["more"]), (200, &json!(false)), "{page}");
    let records = page["records"].as_array().expect("records");
    let acts: Vec<_> = records.iter().map(|one| one["act"].as_str().unwrap_or_default()).collect();
    assert_eq!(acts, ["query.sent", "answer.viewed", "reads.searched", "query.declined"]);
    for record in records {
        assert_eq!(record["classification"], "ALPR Request");
        assert_eq!(
            (&record["user"], &record["full_name"]),
            (&json!(OFFICER), &json!("Maria Reyes"))
        );
        assert_eq!(record["elements"]["plate"], PLATE);
        assert_eq!(record["why"]["purpose"], "stolen_vehicle");
        assert!(record["at"].is_string() && record["through"].is_string(), "{record}");
    }
    assert!(
        records[0]["through"].as_str().is_some_and(|through| through.contains("program cad-1"))
    );
    // That they left, and by what, is on record; and is no request.
    let log = cad.agency.log().await;
    assert_eq!(log.last(Kind::AuditViewed).body.actor.auth, "records, program rms");
    let size = log.entries().len();
    drop(log);
    let (none, _) = fetched(&cad, &rms, page["next"].clone(), 10).await;
    assert!(none.is_empty());
    assert_eq!(cad.agency.log().await.entries().len(), size, "nothing left");
    // What another agency asks here is no request of this one's persons.
    assert_eq!(records_at_owner(&cad).await, 0);
    for agency in [&cad.agency, &cad.owner] {
        assert_eq!(agency.accord(&["audit", "verify"]).code, 0);
    }
}

/// How many records there are at the owner, which asked for nothing.
async fn records_at_owner(cad: &Dispatch) -> usize {
    let page = cad.owner.node().app.records.page(None, 10, "a claim").await.expect("a page");
    page.records.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_loses_and_doubles_none_over_restarts_of_either_side() {
    let mut cad = Dispatch::start(&["--scope", "ask"]).await;
    let rms = added(&cad.agency, "rms", &["--scope", "records"]);
    let session = cad.approved().await;
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    for round in 0..10 {
        for _ in 0..=round % 3 {
            cad.says("POST", "/reads/search", &session, &cad.draft()).await;
        }
        // A records system that stops has the place that it wrote down, and no more.
        let (some, next) = fetched(&cad, &rms, after, 1 + round % 4).await;
        seen.extend(some);
        after = next;
        cad.says("POST", "/reads/search", &session, &cad.draft()).await;
        cad.agency.restart().await;
    }
    let (rest, _) = fetched(&cad, &rms, after, 100).await;
    seen.extend(rest);
    let log = cad.agency.log().await;
    let logged: Vec<u64> =
        log.all(Kind::ReadsSearched).iter().map(|entry| entry.header.index).collect();
    assert_eq!(seen, logged);
    // From the first on it is the same.
    let (anew, _) = fetched(&cad, &rms, Value::Null, 7).await;
    assert_eq!(anew, logged);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_written_as_the_mapping_says_and_a_place_is_checked() {
    let mut cad = Dispatch::start(&["--scope", "ask"]).await;
    let rms = added(&cad.agency, "rms", &["--scope", "records"]);
    let session = cad.approved().await;
    cad.says("POST", "/reads/search", &session, &cad.draft()).await;
    cad.agency.stop().await;
    let mapping = "format = \"csv\"\n[[column]]\nname = \"Type\"\ntext = \"ALPR Request\"\n\
        [[column]]\nname = \"Plate\"\nvalue = \"elements.plate\"\n\
        [[column]]\nname = \"User\"\nvalue = \"user\"\n";
    std::fs::write(cad.agency.home().join(MAPPING), mapping).expect("a mapping");
    cad.agency.run().await;
    let (status, said) = told(&cad.agency, &rms, "GET", "/records", "", &Value::Null).await;
    assert_eq!(
        (status, said.as_str()),
        (200, "\"Type\",\"Plate\",\"User\"\r\n\"ALPR Request\",\"7ABC123\",\"m.reyes\"\r\n")
    );
    for (wrong, code) in [
        ("limit=0", "limit_invalid"),
        ("limit=1001", "limit_invalid"),
        ("after=first", "query_string_invalid"),
        ("since=1", "query_string_invalid"),
    ] {
        let path = format!("/records?{wrong}");
        let (status, said) = asks(&cad.agency, &rms, "GET", &path, "", &Value::Null).await;
        assert_eq!((status, said["code"].as_str()), (400, Some(code)), "{wrong}: {said}");
    }
    // A node whose mapping nobody can follow says so instead of starting.
    cad.agency.stop().await;
    std::fs::write(cad.agency.home().join(MAPPING), "[[column]]\nname = \"a\"\n")
        .expect("a mapping");
    let why = cad.agency.start_error().await.to_string();
    assert!(why.contains("either value or text"), "{why}");
    std::fs::write(cad.agency.home().join(MAPPING), mapping).expect("a mapping");
}
