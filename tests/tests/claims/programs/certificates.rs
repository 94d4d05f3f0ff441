//! Claims about programs that show a certificate in the place of a token: its key, proven in the handshake, is
//! what they are known by.

use node::sign_in::Waits;
use schemas::entry::EntryKind as Kind;
use schemas::time::DAY_MS;
use serde_json::{Value, json};
use tests::agency::Agency;
use tests::client_certificate::{Client, Identity};
use tests::dispatch::Dispatch;
use tests::fixtures::OFFICER;
use tests::https::send;

/// Adds a program that is known by a certificate.
fn added(agency: &Agency, name: &str, identity: &Identity, more: &[&str]) -> Value {
    let until = agency.now().plus_millis(9 * DAY_MS).to_string();
    let file = identity.file(agency, &format!("{name}.pem"));
    let args = ["program", "add", name, "--until", &until, "--certificate", &file];
    agency.accord(&[&args, more].concat()).done()
}

/// What a client hears: status and first line.
async fn hears(
    client: &mut Client<'_>,
    method: &str,
    path: &str,
    session: &str,
    body: &Value,
) -> (u16, Value) {
    let headers = [("content-type", "application/json"), ("accord-session", session)];
    let shown = if session.is_empty() { &headers[..1] } else { &headers[..] };
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/api/v1{path}");
    let told = client.call(method, &path, shown, body).await.expect("a response");
    let first = told.text.lines().next().unwrap_or("null");
    (told.status, serde_json::from_str(first).unwrap_or_default())
}

fn code((status, said): &(u16, Value)) -> (u16, &str) {
    (*status, said["code"].as_str().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_known_by_the_key_that_it_proves_and_asks_for_an_officer() {
    let cad = Dispatch::start(&["--scope", "ask"]).await;
    // As long as nothing is known by one, no client is asked for a certificate.
    let rms = Identity::of("rms.example.org");
    let quiet = Client::of(&cad.agency, Some(&rms)).call("GET", "/healthz", &[], "").await;
    assert!(!quiet.expect("a response").asked);
    let shown = added(&cad.agency, "rms-1", &rms, &["--scope", "ask"]);
    assert!(shown["token"].is_null() && shown["certificate"].is_string(), "{shown}");
    let mut program = Client::of(&cad.agency, Some(&rms));
    let waits = hears(&mut program, "POST", "/session", "", &Value::Null).await;
    let waits: Waits = serde_json::from_value(waits.1).expect("a code");
    cad.approves(&waits.code).await;
    let secret = json!({ "secret": waits.secret });
    let lent = hears(&mut program, "POST", "/session/finish", "", &secret).await.1;
    let session = lent["token"].as_str().expect("a session").to_owned();
    let heard = hears(&mut program, "POST", "/queries", &session, &cad.draft()).await;
    assert_eq!((heard.0, heard.1["outcome"].as_str()), (200, Some("answered")), "{heard:?}");
    let log = cad.agency.log().await;
    let actor = &log.last(Kind::QuerySent).body.actor;
    assert_eq!(actor.user.as_ref().map(ToString::to_string).as_deref(), Some(OFFICER));
    assert!(actor.auth.contains("program rms-1"), "{actor:?}");
    let told = log.last(Kind::ProgramAdded);
    assert_eq!(told.detail("certificate"), &shown["certificate"], "the entry says by what");
    drop(log);
    // Over TLS 1.2 as over 1.3, and renewed for the same key it stays the same program.
    let renewed = rms.renewed("rms-new.example.org");
    for mut client in
        [Client::of(&cad.agency, Some(&rms)).old(), Client::of(&cad.agency, Some(&renewed))]
    {
        let whose = hears(&mut client, "GET", "/session", &session, &Value::Null).await;
        assert_eq!((whose.0, whose.1["program"].as_str()), (200, Some("rms-1")), "{whose:?}");
    }
    let listed = cad.agency.accord(&["program", "list"]);
    assert!(format!("{listed:?}").contains("rms-1"), "{listed:?}");
    let verified = cad.agency.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_another_certificate_or_has_not_its_key_is_no_program() {
    let cad = Dispatch::start(&["--scope", "records"]).await;
    let rms = Identity::of("rms.example.org");
    added(&cad.agency, "rms-1", &rms, &["--scope", "records"]);
    let fetches = async |identity: Option<&Identity>| {
        let mut client = Client::of(&cad.agency, identity);
        hears(&mut client, "GET", "/records", "", &Value::Null).await
    };
    assert_eq!(fetches(Some(&rms)).await.0, 200);
    // The same names, another key.
    let other = Identity::of("rms.example.org");
    let refused = fetches(Some(&other)).await;
    assert_eq!(code(&refused), (401, "unauthorized"));
    let said = refused.1["detail"].as_str().unwrap_or_default();
    assert!(said.contains("accord program certificate NAME FILE"), "{said}");
    // Nothing shown: what to do is said, and readers and browsers go on.
    let refused = fetches(None).await;
    assert_eq!(code(&refused), (401, "unauthorized"));
    assert_eq!(send(&cad.agency, "GET", "/healthz", None, "").await.0, 200);
    // A certificate is no secret: without its key nobody is connected, by either version of TLS.
    let copied = rms.copied();
    for mut client in
        [Client::of(&cad.agency, Some(&copied)), Client::of(&cad.agency, Some(&copied)).old()]
    {
        let told = client.call("GET", "/api/v1/records", &[], "").await;
        assert!(told.is_err(), "{told:?}");
    }
    // A token that is wrong is not made good by a certificate that is right.
    let bearer = [("authorization", "Bearer nothing")];
    let mut client = Client::of(&cad.agency, Some(&rms));
    let told = client.call("GET", "/api/v1/records", &bearer, "").await;
    assert_eq!(told.expect("a response").status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_one_programs_alone_and_ends_with_it_or_by_its_own_date() {
    let cad = Dispatch::start(&["--scope", "records"]).await;
    let in_days = |days: i64| {
        let day = cad.agency.now().plus_millis(days * DAY_MS).day();
        let mut parts = day.split('-').map(|part| part.parse::<i32>().expect("a number"));
        let mut next = || parts.next().expect("a part");
        let (year, month, date) = (next(), next(), next());
        (year, u8::try_from(month).expect("a month"), u8::try_from(date).expect("a day"))
    };
    let first = Identity::of("rms.example.org");
    let second = Identity::until("rms.example.org", in_days(3));
    added(&cad.agency, "rms-1", &first, &["--scope", "records"]);
    let fetches = async |identity: &Identity| {
        let mut client = Client::of(&cad.agency, Some(identity));
        hears(&mut client, "GET", "/records", "", &Value::Null).await
    };
    let until = cad.agency.now().plus_millis(DAY_MS).to_string();
    let (good, with_key, ended) = (
        first.file(&cad.agency, "first.pem"),
        Identity { pem: format!("{}{}", first.pem, first.key), key: first.key.clone() },
        Identity::until("rms.example.org", (2021, 1, 1)),
    );
    let with_key = with_key.file(&cad.agency, "with-key.pem");
    let ended = ended.file(&cad.agency, "ended.pem");
    for (file, why) in [
        (good.as_str(), "is that of program `rms-1`"),
        (with_key.as_str(), "private key"),
        (ended.as_str(), "have a new one issued"),
        ("/nowhere.pem", "/nowhere.pem"),
    ] {
        let args = ["program", "add", "x", "--scope", "ask", "--until", &until, "--certificate"];
        let refused = cad.agency.accord(&[&args[..], &[file]].concat());
        assert!(refused.code == 2 && format!("{refused:?}").contains(why), "{why}: {refused:?}");
    }
    // Another certificate takes the place of the first; its own time ends it.
    let file = second.file(&cad.agency, "second.pem");
    cad.agency.accord(&["program", "certificate", "rms-1", &file]).done();
    assert_eq!(code(&fetches(&first).await), (401, "unauthorized"));
    assert_eq!(fetches(&second).await.0, 200);
    cad.agency.clock.shift(4 * DAY_MS);
    let refused = fetches(&second).await;
    let said = refused.1["detail"].as_str().unwrap_or_default();
    assert!(refused.0 == 401 && said.contains("have it renewed"), "{refused:?}");
    assert_eq!(fetches(&second.renewed("rms.example.org")).await.0, 200);
    let revoke = ["program", "revoke", "rms-1", "--reason", "its server was broken into"];
    cad.agency.accord(&revoke).done();
    let refused = fetches(&second.renewed("rms.example.org")).await;
    assert_eq!(refused.0, 401, "nothing is known by a certificate now: {refused:?}");
}
