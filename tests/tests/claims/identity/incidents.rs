//! An incident in one command: all that a session, a key or a person reached, whose reads, what else was
//! done, and who was told; on both stores, and at the owner whose reads they were.

use ::sign_in::Token;
use node::auditing::incident::{Wanted, report};
use node::permission::Principal;
use node::sign_in::{principal, sign_out};
use schemas::entry::EntryKind as Kind;
use schemas::incident::IncidentSubject;
use schemas::session::SessionId;
use serde_json::{Value, json};
use tests::agency::{Agency, Plan};
use tests::federation::sharing_pair_of;
use tests::fixtures::{OFFICER, PLATE, draft};
use tests::signing_in::{DESK, Person, door, enrolled};
use tests::wait::within;

/// A session of this person; in it she asks for the plate.
async fn asks_in_a_session(asking: &Agency, owning: &Agency, person: &Person) -> SessionId {
    let signed_in = person.sign_in(asking, DESK).await.expect("a session");
    let token = Token::shown(&signed_in.token);
    let (by, session) = principal(door(asking), &token, DESK).await.expect("hers");
    asks(asking, owning, &by).await;
    sign_out(door(asking), &token).await.expect("ended");
    session.id
}

async fn asks(asking: &Agency, owning: &Agency, by: &Principal) {
    let draft = draft(&[owning.id()], PLATE, asking.now());
    let mut heard = asking.node().queries.ask(&draft, by).expect("a draft that asks");
    let heard = within("an outcome", heard.recv()).await.expect("an outcome");
    assert_eq!(heard.reads.len(), 3, "{heard:?}");
}

async fn told(agency: &Agency, subject: IncidentSubject) -> Value {
    let wanted = Wanted { subject, from: None, until: None };
    let (own, store) = (agency.own(), agency.store().as_ref());
    let found = report(own, store, &agency.admin(), &wanted).await.expect("a report");
    assert!(agency.log().await.last(Kind::IncidentReported).header.index == found.made_from.entry);
    serde_json::to_value(found).expect("JSON")
}

fn entries(found: &Value, list: &str) -> usize {
    found[list].as_array().map_or(0, Vec::len)
}

/// What a pair of agencies on these stores reports of one officer's two sessions, and of hers alone.
async fn reported(asking: Plan) {
    let (asking, owning, _) = sharing_pair_of(asking, Plan::of("owning-ca-pd")).await;
    let officer = OFFICER.parse().expect("a name");
    let person = enrolled(&asking, &asking.admin(), &officer, false).await;
    owning.clock.shift(60_000);
    let first = asks_in_a_session(&asking, &owning, &person).await;
    for agency in [&asking, &owning] {
        agency.clock.shift(60_000);
    }
    let second = asks_in_a_session(&asking, &owning, &person).await;
    asking
        .wait_for_log("both are proven", |log| (log.count(Kind::SessionEnded) >= 2).then_some(()))
        .await;
    // Of one session: what was asked in it and nothing else.
    let one = told(&asking, IncidentSubject::Session(first)).await;
    assert_eq!((entries(&one, "sessions"), entries(&one, "accesses")), (1, 1), "{one}");
    let reached = &one["reached"][0];
    assert_eq!(
        (&reached["owner"], &reached["reads"], &reached["plates"], &reached["told"]),
        (&json!(owning.id()), &json!(3), &json!([PLATE]), &json!(false)),
        "{one}"
    );
    assert_eq!(entries(reached, "own_entries"), 1, "its log knows of it by itself: {one}");
    assert_eq!(one["sessions"][0]["ended"][1], "signed out", "{one}");
    // Of the key by which she opened both, and of the person, whose way in counts as an act.
    let bound = asking.own().registry.state();
    let key = bound.sign_in.of(&officer).map(|one| one.id).last().expect("an authenticator");
    let both = told(&asking, IncidentSubject::Authenticator(key)).await;
    assert_eq!((entries(&both, "sessions"), entries(&both, "accesses")), (3, 2), "{both}");
    let person = told(&asking, IncidentSubject::User(officer.clone())).await;
    assert_eq!(entries(&person, "accesses"), 2, "{person}");
    let acts = person["acts"].as_array().expect("acts");
    assert!(acts.iter().any(|act| act["kind"] == "authenticator.bound"), "{person}");
    // The owner reports the same session as the peer named it, with its own reads.
    let at_owner = told(&owning, IncidentSubject::Session(second)).await;
    assert_eq!(entries(&at_owner, "accesses"), 1, "{at_owner}");
    assert_eq!(at_owner["reached"][0]["owner"], json!(owning.id()));
    // By the command: as text, JSON and a page that prints; who was told goes on record.
    let session = first.to_string();
    let of = ["audit", "incident", "--of-session", &session];
    let text = asking.at_desk("admin", &of);
    assert!(text.out.contains("Whose reads") && text.out.contains("Left to do"), "{text:?}");
    let to = owning.id().as_str();
    let telling = ["audit", "told", "--of-session", &session, "--to", to, "--how", "by telephone"];
    assert_eq!(asking.accord(&telling).done()["to"], to);
    let again = asking.accord(&of).done();
    assert_eq!(
        (&again["reached"][0]["told"], entries(&again, "told")),
        (&json!(true), 1),
        "{again}"
    );
    let page = asking.at_desk("admin", &[&of[..], &["--format", "html"]].concat());
    assert!(page.out.starts_with("<!DOCTYPE html>") && page.out.contains(PLATE), "{page:?}");
    let nobody = asking.accord(&["audit", "incident", "--of-user", "no.body"]).only_error(2);
    assert!(nobody["message"].as_str().expect("words").contains("accord user list"), "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_reported_in_one_command_on_sqlite() {
    reported(Plan::of("asking-ca-pd")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_reported_in_one_command_on_postgresql() {
    reported(Plan::of("asking-ca-pd").on_postgres()).await;
}
