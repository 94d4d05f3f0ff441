//! Claims about programs of the agency: one asks for persons who let it, as far as it is meant to, and by
//! itself it may do nothing.

use node::http::{ALONE, OFFERED};
use node::sign_in::{end_of, principal};
use schemas::authenticator::SessionEnd;
use schemas::entry::EntryKind as Kind;
use schemas::purpose::Purpose;
use schemas::time::DAY_MS;
use serde_json::{Value, json};
use tests::dispatch::{Dispatch, added, asks};
use tests::fixtures::{OFFICER, PLATE, draft};
use tests::https::{drips, send};
use tests::signing_in::{DESK, door};
use tests::wait::LONGEST;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_asks_for_an_officer_who_let_it_and_the_log_says_through_what() {
    let cad = Dispatch::start(&["--scope", "ask"]).await;
    let session = cad.approved().await;
    let (status, whose) = cad.says("GET", "/session", &session, &Value::Null).await;
    assert_eq!((status, whose["user"].as_str()), (200, Some(OFFICER)), "{whose}");
    let (status, heard) = cad.says("POST", "/queries", &session, &cad.draft()).await;
    assert_eq!((status, heard["outcome"].as_str()), (200, Some("answered")), "{heard}");
    assert_eq!(heard["reads"].as_array().map(Vec::len), Some(3), "{heard}");
    let id = heard["query_id"].as_str().expect("a query id");
    let again = cad.says("POST", &format!("/queries/{id}/again"), &session, &json!({})).await;
    assert_eq!((again.0, again.1["reads"].as_array().map(Vec::len)), (200, Some(3)));
    let log = cad.agency.log().await;
    let actor = &log.last(Kind::QuerySent).body.actor;
    assert_eq!(actor.user.as_ref().map(ToString::to_string).as_deref(), Some(OFFICER));
    assert!(actor.auth.contains("program cad-1") && actor.auth.contains("password"), "{actor:?}");
    assert!(log.last(Kind::SignInSucceeded).detail("approved_in").is_string());
    drop(log);
    // She signs out there; the program is nobody again.
    assert_eq!(cad.says("POST", "/sign-out", &session, &json!({})).await.1["ended"], true);
    let (status, refused) = cad.says("POST", "/queries", &session, &cad.draft()).await;
    assert_eq!((status, refused["code"].as_str()), (403, Some("session_unknown")), "{refused}");
    for agency in [&cad.agency, &cad.owner] {
        let verified = agency.accord(&["audit", "verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_takes_the_program_its_scope_and_a_persons_session_for_it() {
    let cad = Dispatch::start(&["--scope", "explain"]).await;
    let other = added(&cad.agency, "rms", &["--scope", "explain"]);
    let session = cad.approved().await;
    for route in OFFERED {
        let path = route.path.replace("{id}", "00").replace("{index}", "0");
        let method = route.method.to_uppercase();
        let says = async |token: &str, session: &str| {
            let (status, said) =
                asks(&cad.agency, token, &method, &path, session, &json!({})).await;
            (status, said["code"].as_str().unwrap_or_default().to_owned())
        };
        let what = format!("{method} {path}");
        assert_eq!(says("nothing", &session).await, (401, "unauthorized".into()), "{what}");
        let scoped = route.scope.code() == "explain";
        let none = says(&cad.token, "").await;
        let expected = if scoped { "not_signed_in" } else { "program_scope" };
        assert_eq!(none, (403, expected.into()), "{what}");
        // The session that she let one program have is none of another's, nor any a program made up.
        for (token, session) in [(&other, session.as_str()), (&cad.token, "made-up")] {
            let (status, code) = says(token, session).await;
            assert_eq!(status, 403, "{what}: {code}");
            let expected = if scoped { "session_" } else { "program_scope" };
            assert!(code.starts_with(expected), "{what}: {code}");
        }
    }
    // What takes no person takes the program and its scope all the same.
    for route in ALONE {
        let method = route.method.to_uppercase();
        let heard = asks(&cad.agency, "nothing", &method, route.path, &session, &json!({})).await;
        assert_eq!((heard.0, heard.1["code"].as_str()), (401, Some("unauthorized")), "{route:?}");
        if route.scope.is_some() {
            let heard = cad.says(&method, route.path, &session, &json!({})).await;
            let code = heard.1["code"].as_str();
            assert_eq!((heard.0, code), (403, Some("program_scope")), "{route:?}");
        }
    }
    // Nothing else of the API is there.
    for path in ["/users", "/backup", "/programs", "/policy", "/status"] {
        let (status, _) = cad.says("POST", path, &session, &json!({})).await;
        assert_eq!(status, 404, "{path}");
    }
    // Once its time is over it may nothing, whatever else it shows.
    let ended = added(&cad.agency, "ended", &["--scope", "explain", "--scope", "records"]);
    cad.agency.accord(&["program", "revoke", "ended", "--reason", "it is replaced"]).done();
    let alone = ALONE.iter().map(|route| (route.method, route.path));
    for (method, path) in alone.chain(OFFERED.iter().map(|route| (route.method, route.path))) {
        let path = path.replace("{id}", "00").replace("{index}", "0");
        let method = method.to_uppercase();
        for (token, code) in [(ended.as_str(), "program_ended"), ("", "unauthorized")] {
            let heard = asks(&cad.agency, token, &method, &path, &session, &json!({})).await;
            assert_eq!((heard.0, heard.1["code"].as_str()), (401, Some(code)), "{method} {path}");
        }
    }
    // Her session is lent to programs alone: on the socket it is unknown.
    let token = ::sign_in::Token::shown(&session);
    assert!(principal(door(&cad.agency), &token, DESK).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_may_is_narrowed_and_ends_at_once() {
    let only = ["--scope", "ask", "--scope", "requests", "--purpose", "stolen_vehicle"];
    let cad = Dispatch::start(&only).await;
    let mut session = cad.approved().await;
    let mut other = cad.draft();
    assert_eq!(other["why"]["purpose"], "stolen_vehicle");
    other["why"]["purpose"] = "missing_person".into();
    let (status, refused) = cad.says("POST", "/queries", &session, &other).await;
    assert_eq!((status, refused["code"].as_str()), (403, Some("program_purpose")), "{refused}");
    let log = cad.agency.log().await;
    assert_eq!(log.count(Kind::QueryDeclined), 1, "an attempt is on record");
    drop(log);
    // Nor is it shown what she found for that purpose elsewhere, nor sends a request for it.
    let mut elsewhere = draft(&[cad.owner.id()], PLATE, cad.agency.now());
    elsewhere.why.purpose = Purpose::MissingPerson;
    let found = cad.agency.ask(&elsewhere).await;
    let id = found[0].query_id.expect("a query id");
    for what in ["again", "photographs"] {
        let path = format!("/queries/{id}/{what}");
        let (status, refused) = cad.says("POST", &path, &session, &json!({})).await;
        assert_eq!((status, refused["code"].as_str()), (403, Some("program_purpose")), "{what}");
    }
    assert_eq!(cad.agency.log().await.count(Kind::QueryDeclined), 3, "nor these silently");
    let past = cad.says("POST", "/queries/past", &session, &json!({})).await;
    assert_eq!(past, (200, Value::Null), "nor that there was such a query");
    let one = cad.says("GET", &format!("/queries/{id}"), &session, &Value::Null).await;
    assert_eq!((one.0, one.1["code"].as_str()), (400, Some("query_unknown")), "{one:?}");
    let request = json!({
        "to": cad.owner.id(), "requested_by": "Maria Reyes", "purpose": "missing_person",
        "case": "26-1187", "reason": "a girl of nine who was last seen in this car",
        "scope": { "plates": [PLATE] },
    });
    let (status, refused) = cad.says("POST", "/requests", &session, &request).await;
    assert_eq!((status, refused["code"].as_str()), (403, Some("program_purpose")), "{refused}");
    let may = cad.agency.accord(&["program", "try", "cad-1"]).done();
    let may = may["routes"].as_array().expect("routes").to_vec();
    assert_eq!(may.len(), ALONE.len() + OFFERED.len());
    assert!(may.iter().all(|route| (route["may"] == true) == route["why"].is_null()), "{may:#?}");
    // A new token ends the old one, and what she let it have goes on under the new one.
    let renewed = cad.agency.accord(&["program", "token", "cad-1"]).done();
    assert_eq!(cad.says("POST", "/queries", &session, &cad.draft()).await.0, 401);
    let token = renewed["token"].as_str().expect("a token");
    let asked = asks(&cad.agency, token, "POST", "/queries", &session, &cad.draft()).await;
    assert_eq!((asked.0, asked.1["outcome"].as_str()), (200, Some("answered")), "{asked:?}");
    // It is revoked in the middle of it, and her session there is over with it, for good.
    let revoke = ["program", "revoke", "cad-1", "--reason", "its server was broken into"];
    cad.agency.accord(&revoke).done();
    let (status, refused) =
        asks(&cad.agency, token, "POST", "/queries", &session, &cad.draft()).await;
    assert_eq!((status, refused["code"].as_str()), (401, Some("program_ended")), "{refused}");
    let anew = added(&cad.agency, "cad-1", &only);
    let (status, refused) =
        asks(&cad.agency, &anew, "POST", "/queries", &session, &cad.draft()).await;
    assert_eq!(status, 403, "{refused}");
    session.clear();
    let kinds = [Kind::ProgramAdded, Kind::ProgramRenewed, Kind::ProgramRevoked];
    let log = cad.agency.log().await;
    assert_eq!(kinds.map(|kind| log.count(kind)), [2, 1, 1]);
    let written = serde_json::to_string(&log.last(Kind::ProgramAdded).body).expect("JSON");
    assert!(!written.contains(&anew), "no token stands in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_may_no_longer_act_may_not_through_a_program_and_an_address_is_held_to() {
    let cad = Dispatch::start(&["--scope", "ask"]).await;
    let session = cad.approved().await;
    let officer = OFFICER.parse().expect("a name");
    let ended = end_of(door(&cad.agency), &officer, SessionEnd::Stopped).await;
    assert!(ended.expect("ended") > 0);
    let (status, refused) = cad.says("POST", "/queries", &session, &cad.draft()).await;
    assert_eq!((status, refused["code"].as_str()), (403, Some("session_unknown")), "{refused}");
    // From elsewhere a token opens nothing.
    let far = added(&cad.agency, "far", &["--scope", "ask", "--address", "10.9.0.0/16"]);
    let (status, refused) = asks(&cad.agency, &far, "POST", "/session", "", &Value::Null).await;
    assert_eq!((status, refused["code"].as_str()), (403, Some("program_address")), "{refused}");
    // And it ends by itself.
    let near = added(&cad.agency, "near", &["--scope", "ask", "--address", "127.0.0.0/8"]);
    assert_eq!(asks(&cad.agency, &near, "POST", "/session", "", &Value::Null).await.0, 200);
    cad.agency.clock.shift(DAY_MS);
    let (status, refused) = asks(&cad.agency, &near, "POST", "/session", "", &Value::Null).await;
    assert_eq!((status, refused["code"].as_str()), (401, Some("program_ended")), "{refused}");
    let bad = [
        (&["add", "x", "--scope", "ask", "--until", "2020-01-01T00:00:00Z"][..], 2),
        (&["add", "x", "--scope", "everything", "--until", "2027-01-01T00:00:00Z"], 2),
        (
            &["add", "x", "--scope", "ask", "--address", "gate", "--until", "2027-01-01T00:00:00Z"],
            2,
        ),
        (&["token", "nobody"], 2),
        (&["revoke", "near", "--reason", ""], 2),
    ];
    for (args, code) in bad {
        let refused = cad.agency.accord(&[&["program"], args].concat());
        assert_eq!(refused.code, code, "{args:?}: {refused:?}");
    }
    // Without a token the network is told nothing.
    let (status, said) = send(&cad.agency, "POST", "/api/v1/queries", None, "{}").await;
    assert!(status == 401 && !said.contains(OFFICER), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_drips_is_waited_for_no_longer_than_its_bytes_are_worth() {
    let cad = Dispatch::start(&["--scope", "ask"]).await;
    let dripping = drips(&cad.agency, "/api/v1/session/finish", &cad.token);
    // Twenty seconds it is waited for at least, which is as long as anything else here may take.
    let told = tokio::time::timeout(LONGEST * 3, dripping).await.expect("an end");
    assert_eq!(told, Some(400));
}
