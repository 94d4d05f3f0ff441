//! Claims about persons whom a program merely names: what that opens, and who hears of it.

use node::http::OFFERED;
use schemas::entry::EntryKind as Kind;
use schemas::refusal::RefusalCode;
use serde_json::{Value, json};
use tests::agency::{Agency, Plan};
use tests::auditor::Auditor;
use tests::dispatch::{Dispatch, added, lines};
use tests::federation::sharing_pair_of;
use tests::fixtures::{OFFICER, altered_policy};
use tests::https::send_with;

/// The dispatch system of an agency whose policy admits bare names, as that of the owner does or not.
async fn dispatch(owner_admits: bool) -> Dispatch {
    let own = altered_policy("[people.query]\n", "[people.query]\nasserted = true\n");
    let peers = altered_policy("[people.peers]\n", "[people.peers]\nasserted = true\n");
    let asking = Plan::of("asking-ca-pd").policy(own.path().to_str().expect("UTF-8")).with_pages();
    let owning = Plan::of("owning-ca-pd");
    let path = peers.path().to_str().expect("UTF-8");
    let owning = if owner_admits { owning.policy(path) } else { owning };
    let (agency, owner, _) = sharing_pair_of(asking, owning).await;
    let token = added(&agency, "cad-1", &["--scope", "ask", "--scope", "assert"]);
    Dispatch { agency, owner, token }
}

async fn names(
    agency: &Agency,
    token: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &Value,
) -> (u16, Vec<Value>) {
    let bearer = format!("Bearer {token}");
    let shown = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let path = format!("/api/v1{path}");
    let headers = [&shown, headers].concat();
    let (status, said) = send_with(agency, method, &path, &headers, body.to_string()).await;
    (status, lines(&said))
}

/// As [`names`]: the status and the code of the refusal.
async fn refused(
    cad: &Dispatch,
    token: &str,
    route: (&str, &str),
    headers: &[(&str, &str)],
) -> (u16, String) {
    let (status, said) = names(&cad.agency, token, route, headers, &cad.draft()).await;
    (status, said[0]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_asks_by_a_bare_name_where_both_policies_admit_it_and_both_logs_say_so() {
    let cad = dispatch(true).await;
    let asks = ("POST", "/queries");
    let named = [("accord-person", OFFICER)];
    let (status, heard) = names(&cad.agency, &cad.token, asks, &named, &cad.draft()).await;
    assert_eq!((status, heard[0]["outcome"].as_str()), (200, Some("answered")), "{heard:?}");
    let sent = cad.agency.log().await;
    assert_eq!(sent.last(Kind::QuerySent).body.actor.auth, "named by program cad-1");
    let answered = cad.owner.log().await;
    let said = "signed envelope, which says named by program cad-1";
    assert_eq!(answered.last(Kind::QueryAnswered).body.actor.auth, said);
    let auditor = Auditor::default();
    auditor.receive("asking", &cad.agency, &[]);
    let (code, report) = auditor.verify("asking", &[&cad.agency, &cad.owner]);
    assert_eq!((code, &report["problems"]), (0, &json!([])), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_refuses_a_bare_name_that_its_policy_does_not_admit() {
    let cad = dispatch(false).await;
    let named = [("accord-person", OFFICER)];
    let asks = ("POST", "/queries");
    let (status, heard) = names(&cad.agency, &cad.token, asks, &named, &cad.draft()).await;
    assert_eq!((status, heard[0]["outcome"].as_str()), (200, Some("refused")), "{heard:?}");
    let refused = cad.owner.log().await;
    let reasons = &refused.last(Kind::QueryRefused).access().reasons;
    let codes: Vec<RefusalCode> = reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(codes, [RefusalCode::SignInInsufficient]);
    assert!(reasons[0].message.contains("program `cad-1` names"), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_name_and_a_key_tell_nothing_of_what_she_asked_in_a_session() {
    let cad = dispatch(true).await;
    let key = "0d4f9d6e-4f0c-4a55-9a3e-6d2f1d1b8a11";
    let session = cad.approved().await;
    let question = cad.draft();
    let (status, hers) = cad.asks_once(&session, key, &question).await;
    assert_eq!((status, hers[0]["outcome"].as_str()), (200, Some("answered")), "{hers:?}");
    // What the owner gave to who had signed in, it gives by her name no longer.
    let named = [("accord-person", OFFICER), ("idempotency-key", key)];
    let asks = ("POST", "/queries");
    let (status, heard) = names(&cad.agency, &cad.token, asks, &named, &question).await;
    assert_eq!(status, 200, "{heard:?}");
    assert_ne!(heard[0]["query_id"], hers[0]["query_id"], "it is another query");
    let log = cad.agency.log().await;
    assert_eq!(log.count(Kind::AnswerViewed), 0, "what is kept is not shown");
    assert_eq!(log.last(Kind::QuerySent).body.actor.auth, "named by program cad-1");
    drop(log);
    // Under the key of a named person the answer is told again to who names her again.
    let (_, again) = names(&cad.agency, &cad.token, asks, &named, &question).await;
    assert_eq!(again[0]["query_id"], heard[0]["query_id"], "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_name_opens_asking_alone_by_a_program_that_may_and_a_policy_that_admits_it() {
    let mut cad = dispatch(true).await;
    let other = added(&cad.agency, "rms", &["--scope", "ask"]);
    let asks = ("POST", "/queries");
    let named = [("accord-person", OFFICER)];
    let may_not = refused(&cad, &other, asks, &named).await;
    assert_eq!(may_not, (403, "program_scope".into()), "a program that may not");
    let nobody = refused(&cad, &cad.token, asks, &[("accord-person", "nobody")]).await;
    assert_eq!(nobody, (403, "person_unknown".into()), "somebody who is not registered");
    let both = [("accord-person", OFFICER), ("accord-session", "00")];
    let both = refused(&cad, &cad.token, asks, &both).await;
    assert_eq!(both, (400, "usage".into()), "a name and a session");
    for route in OFFERED.iter().filter(|route| route.scope.code() == "ask") {
        let path = route.path.replace("{id}", "00").replace("{index}", "0");
        let method = route.method.to_uppercase();
        if (method.as_str(), path.as_str()) != asks {
            let heard = refused(&cad, &cad.token, (&method, &path), &named).await;
            assert_eq!(heard, (403, "not_signed_in".into()), "{method} {path}");
        }
    }
    // Once her access has ended, her name opens nothing.
    cad.agency.accord(&["user", "disable", OFFICER, "--reason", "she left"]).done();
    let left = refused(&cad, &cad.token, asks, &named).await;
    assert_eq!(left, (403, "person_unknown".into()), "who left");
    // A policy that says nothing of it sends no such query, and the attempt is on record.
    cad = Dispatch::start(&["--scope", "ask", "--scope", "assert"]).await;
    let (status, heard) = names(&cad.agency, &cad.token, asks, &named, &cad.draft()).await;
    assert_eq!((status, heard[0]["refused_by"].as_str()), (200, Some("own policy")), "{heard:?}");
    assert_eq!(heard[0]["reasons"][0]["code"], "sign_in_insufficient", "{heard:?}");
    assert_eq!(cad.agency.log().await.count(Kind::QuerySent), 0);
}
