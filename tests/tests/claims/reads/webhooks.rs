//! Reads that cameras send by themselves over HTTPS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemas::entry::EntryKind;
use serde_json::Value;
use tests::faulty_store::Failure;
use tests::fixtures::PLATE;
use tests::https::send;
use tests::sources::{add_source, agency_with_https, native_lines, stored_reads, token};

const STREAM: &str =
    include_str!("../../../../node/ingest/tests/fixtures/platerecognizer_stream.json");

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_taken_from_who_has_the_token_and_from_nobody_else() {
    let agency = agency_with_https().await;
    let gate = add_source(&agency, &["gate-1", "--format", "platerecognizer"]);
    let other = add_source(&agency, &["gate-2", "--format", "platerecognizer"]);
    let bearer = format!("Bearer {}", token(&gate));

    for authorization in [
        None,
        Some("Bearer "),
        Some("Bearer nothing"),
        // Another source's token is no token here.
        Some(&*format!("Bearer {}", token(&other))),
    ] {
        let (status, said) =
            send(&agency, "POST", "/sources/gate-1/reads", authorization, STREAM).await;
        assert_eq!(status, 401, "{authorization:?}: {said}");
    }
    assert_eq!(send(&agency, "POST", "/sources/gate-9/reads", Some(&bearer), STREAM).await.0, 401);
    assert_eq!(stored_reads(&agency).await, 0);

    let (status, said) =
        send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), STREAM).await;
    assert_eq!(status, 200, "{said}");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["rejected"], 0, "{said}");
    let of_one = said["stored"].as_u64().expect("a number");
    assert!(of_one > 0);
    // Many cameras know a name and a password, or an address, and nothing else.
    let basic = "Basic ".to_owned() + &STANDARD.encode(format!("camera:{}", token(&gate)));
    let (status, said) = send(&agency, "POST", "/sources/gate-1/reads", Some(&basic), STREAM).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON")["duplicates"], of_one);
    let path = format!("/sources/gate-1/{}/reads", token(&gate));
    assert_eq!(send(&agency, "POST", &path, None, STREAM).await.0, 200);
    assert_eq!(stored_reads(&agency).await, of_one, "sent three times, stored once");

    let log = agency.log().await;
    let imported = &log.one(EntryKind::ReadsImported).body;
    assert_eq!((imported.actor.auth.as_str(), &imported.actor.user), ("source gate-1", &None));
    let text = serde_json::to_string(&imported).expect("JSON");
    assert!(!text.contains(token(&gate)));

    // A new token ends the old one, and a source that is disabled has none.
    let renewed = agency.accord(&["source", "token", "gate-1"]).done();
    assert_eq!(send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), STREAM).await.0, 401);
    let bearer = format!("Bearer {}", token(&renewed));
    assert_eq!(send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), STREAM).await.0, 200);
    agency.accord(&["source", "disable", "gate-1", "--reason", "the camera was stolen"]).done();
    assert_eq!(send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), STREAM).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_record_cannot_be_used_is_told_so_and_one_that_cannot_be_kept_comes_again()
{
    let agency = agency_with_https().await;
    let gate = add_source(&agency, &["gate-1", "--format", "native"]);
    let bearer = format!("Bearer {}", token(&gate));
    let (status, said) =
        send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), "{\"plate\":7}\n").await;
    assert_eq!(status, 422, "{said}");
    assert!(said.contains("line 1"), "{said}");
    let sources = agency.accord(&["source", "list"]).done();
    assert_eq!((&sources["rejected"], &sources["stored"]), (&1.into(), &0.into()));
    assert!(sources["error"].as_str().expect("an error").contains("line 1"), "{sources}");
    // What could not be used is kept where a person looks, once however often it comes.
    let aside = agency.home().join("rejected/gate-1");
    let names = || std::fs::read_dir(&aside).map_or(0, Iterator::count);
    assert_eq!(names(), 2, "the body, and what is wrong with it");
    let again =
        send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), "{\"plate\":7}\n").await;
    assert_eq!((again.0, names()), (422, 2));

    // No log, no data: what cannot be logged is not taken, and is not said to be.
    agency.store().fail(Failure::BeforeWrite);
    let body = native_lines(&agency, PLATE, 3);
    let (status, said) =
        send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), body.clone()).await;
    assert_eq!(status, 503, "{said}");
    let (status, said) = send(&agency, "GET", "/readyz", None, "").await;
    assert_eq!(status, 503, "{said}");
    assert!(said.contains("audit log"), "{said}");
    agency.store().mend();
    let (status, said) = send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), body).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(stored_reads(&agency).await, 3);
    assert_eq!(send(&agency, "GET", "/readyz", None, "").await.0, 200);
}
