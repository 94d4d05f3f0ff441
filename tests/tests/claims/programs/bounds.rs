//! Claims about how much a program may take, and when what is being told to it ends.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use host::home::Home;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use node::http::pinned::Pinned;
use node::http::{PROGRAM_REQUESTS, https};
use node::permission::Principal;
use node::sign_in::end_of;
use schemas::authenticator::SessionEnd;
use schemas::entry::EntryKind as Kind;
use schemas::program::ProgramScope;
use serde_json::Value;
use tests::agency::{Agency, Plan, free_socket};
use tests::dispatch::{Dispatch, added, asks};
use tests::fixtures::{OFFICER, PLATE, draft};
use tests::https::{keeps_dripping, pin};
use tests::logs::Log;
use tests::signing_in::door;
use tests::wait::{LONGEST, eventually, within};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_has_so_many_requests_under_way_and_keeps_back_no_other() {
    let cad = Dispatch::start(&["--scope", "ask"]).await;
    let other = added(&cad.agency, "rms", &["--scope", "records"]);
    let dripping: Vec<_> = (0..PROGRAM_REQUESTS)
        .map(|_| tokio::spawn(keeps_dripping(&cad.agency, "/api/v1/session/finish", &cad.token)))
        .collect();
    let busy = eventually("its turns are taken", async || {
        let (status, said) = cad.says("POST", "/session", "", &Value::Null).await;
        (status == 429).then_some(said)
    })
    .await;
    assert_eq!(busy["code"], "program_busy", "{busy}");
    let (status, said) = asks(&cad.agency, &other, "GET", "/records", "", &Value::Null).await;
    assert_eq!(status, 200, "{said}");
    dripping.iter().for_each(tokio::task::JoinHandle::abort);
    eventually("its turns come back", async || {
        let (status, _) = cad.says("POST", "/session", "", &Value::Null).await;
        (status == 200).then_some(())
    })
    .await;
}

/// What an officer is told through a program of a question that is under way while `ends` happens.
async fn told_while(ends: impl AsyncFnOnce(&Agency)) -> Value {
    let mut cad = Dispatch::start(&["--scope", "ask"]).await;
    let session = cad.approved().await;
    // The owner is away: its line takes as long as it is tried.
    cad.owner.stop().await;
    let question = draft(&[cad.owner.id()], PLATE, cad.agency.now());
    let question = serde_json::to_value(question).expect("JSON");
    let meanwhile = async {
        // Once the question has left, and before anything can come of it.
        let sent = |log: &Log| (log.count(Kind::QuerySent) > 0).then_some(());
        cad.agency.wait_for_log("it is asked", sent).await;
        ends(&cad.agency).await;
    };
    let asked = cad.says("POST", "/queries", &session, &question);
    let ((status, line), ()) = tokio::join!(asked, meanwhile);
    assert_eq!(status, 200, "it had begun: {line}");
    // What came of it is on record all the same.
    assert_eq!(cad.agency.log().await.count(Kind::QueryUnanswered), 1);
    line
}

fn is_over(line: &Value) -> bool {
    let code = line["error"]["code"].as_str().unwrap_or_default();
    code.starts_with("session_") && line.get("owner").is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_off_in_the_middle_of_an_answer_is_told_no_further_line() {
    let line = told_while(async |agency: &Agency| {
        let officer = OFFICER.parse().expect("a name");
        assert!(end_of(door(agency), &officer, SessionEnd::Stopped).await.expect("ended") > 0);
    })
    .await;
    assert!(is_over(&line), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_disabled_in_the_middle_of_an_answer_is_told_no_further_line() {
    let line = told_while(async |agency: &Agency| {
        agency.accord(&["user", "disable", OFFICER, "--reason", "she is on leave"]).done();
    })
    .await;
    assert!(is_over(&line), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_revoked_in_the_middle_of_an_answer_is_told_no_further_line() {
    let line = told_while(async |agency: &Agency| {
        agency.accord(&["program", "revoke", "cad-1", "--reason", "it was stolen"]).done();
    })
    .await;
    assert!(is_over(&line), "{line}");
}

/// Says that it was let go.
struct LetGo(Option<oneshot::Sender<()>>);

impl Drop for LetGo {
    fn drop(&mut self) {
        if let Some(told) = self.0.take() {
            _ = told.send(());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_nothing_of_an_answer_is_cut_off() {
    let agency = Agency::of(Plan::of("asking-ca-pd").with_https()).await;
    let home = Home::open(agency.home()).expect("a home");
    let (told, mut let_go) = oneshot::channel();
    let answer = Arc::new(Mutex::new(Some(LetGo(Some(told)))));
    let endless = move || {
        let guard = answer.lock().expect("a lock").take();
        let bytes = futures::stream::unfold(guard, |guard| async {
            Some((Ok::<_, Infallible>(Bytes::from(vec![b' '; 1 << 16])), guard))
        });
        async move { Body::from_stream(bytes) }
    };
    let router = Router::new().route("/endless", get(endless));
    let (at, stop) = (free_socket(), CancellationToken::new());
    let served = https::Served::of(&home).expect("a certificate");
    let listener = https::listen(at, &served, Arc::new(|| false)).await.expect("an address");
    let serving = tokio::spawn(https::serve(listener, https::places(), router, stop.clone()));
    let client = Pinned::at(&format!("https://{at}"), pin(&agency)).expect("a client");
    let request = Request::get("/endless")
        .body(Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync())
        .expect("a request");
    let response = within("the head of an answer", client.send(request)).await.expect("an answer");
    assert!(let_go.try_recv().is_err(), "it is told for as long as somebody may listen");
    // Half a minute it is waited for, which is longer than anything else here may take.
    tokio::time::timeout(LONGEST * 3, let_go).await.expect("an end").expect("it is let go");
    drop(response);
    stop.cancel();
    serving.await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_waits_a_program_is_told_what_it_may_be_used_for_whoever_lets_it() {
    let cad = Dispatch::start(&["--scope", "ask"]).await;
    let told = async |scope: Option<Vec<ProgramScope>>| {
        let by = Principal { scope, ..cad.agency.admin() };
        let waits = cad.agency.node().app.waiting(&by).await.expect("what waits");
        waits.into_iter().map(|one| one.kind).collect::<Vec<_>>()
    };
    assert!(told(None).await.contains(&"administrator".to_owned()), "she administers alone");
    // What is due of herself she may hear by whatever she uses.
    let by_program = told(Some(vec![ProgramScope::Ask])).await;
    assert!(by_program.iter().all(|kind| kind == "duty"), "{by_program:?}");
}
