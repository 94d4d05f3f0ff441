//! Claims about lists that grow: they are told a page at a time, and no plate stands in an address.

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use node::sign_in::SignedIn;
use serde_json::{Value, json};
use tests::agency::Agency;
use tests::dispatch::{Dispatch, lines, told};
use tests::fixtures::PLATE;
use tests::signing_in::administrator;
use tests::socket::{here, send};

/// The indexes of the entries about a plate, asked for so many at a time.
async fn every_entry(agency: &Agency, auditor: &SignedIn, size: u64) -> Vec<u64> {
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let wanted = json!({ "plate": PLATE, "after": after, "limit": size });
        let request = Request::post("/audit/log")
            .header(AUTHORIZATION, format!("Bearer {}", auditor.token.as_str()))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(wanted.to_string()))
            .expect("a request");
        let response = send(agency, request).await;
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let page = lines(&String::from_utf8_lossy(&body));
        let Some(last) = page.last() else { return seen };
        assert!(page.len() as u64 <= size);
        after = last["index"].clone();
        seen.extend(page.iter().map(|entry| entry["index"].as_u64().expect("an index")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn past_queries_and_the_log_come_in_pages_that_miss_and_repeat_nothing() {
    let mut cad = Dispatch::start(&["--scope", "ask", "--scope", "audit"]).await;
    let auditor = administrator(&mut cad.agency).await;
    let auditor = auditor.sign_in(&cad.agency, &here()).await.expect("a session");
    let session = cad.approved().await;
    for _ in 0..5 {
        let heard = cad.says("POST", "/queries", &session, &cad.draft()).await;
        assert_eq!(heard.1["outcome"], "answered", "{heard:?}");
    }
    let page = async |path: &str, wanted: Value| {
        let (status, said) = told(&cad.agency, &cad.token, "POST", path, &session, &wanted).await;
        assert_eq!(status, 200, "{said}");
        lines(&said)
    };
    let all = page("/queries/past", json!({ "plate": PLATE })).await;
    assert_eq!(all.len(), 5);
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let some = page("/queries/past", json!({ "after": after, "limit": 2 })).await;
        assert!(some.len() <= 2);
        let Some(last) = some.last() else { break };
        after = last["entry"].clone();
        seen.extend(some);
    }
    assert_eq!(seen, all, "newest first, as all at once");
    // The log is the auditors'; what a program may is no more than its person may.
    let wanted = json!({ "plate": PLATE });
    let (status, said) =
        told(&cad.agency, &cad.token, "POST", "/audit/log", &session, &wanted).await;
    assert_eq!(status, 403, "{said}");
    let pages = |size: u64| every_entry(&cad.agency, &auditor, size);
    let (all, small) = (pages(1_000).await, pages(3).await);
    assert!(all.len() >= 10, "each was sent and answered: {all:?}");
    assert_eq!(small, all);
    // What names a plate is posted, and there is no other way.
    for path in [format!("/audit/plate/{PLATE}"), format!("/audit/log?plate={PLATE}")] {
        let (status, _) = told(&cad.agency, &cad.token, "GET", &path, &session, &Value::Null).await;
        assert!([404, 405].contains(&status), "{path}: {status}");
    }
}
