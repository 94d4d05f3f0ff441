//! Claims about the night desk: who sits there releases passwords and hands out cards for a shift, in person, and
//! does nothing else.

use node::http::ROUTES;
use node::http::access::Access;
use node::sign_in::{SHIFT_MS, sign_in};
use schemas::entry::EntryKind as Kind;
use schemas::time::{DAY_MS, MINUTE_MS};
use serde_json::Value;
use tests::agency::{Agency, Plan};
use tests::fixtures::OFFICER;
use tests::signing_in::{DESK, ELSEWHERE, Person, attempt, door, enrolled};

/// Who sits at the night desk.
const SERGEANT: &str = "s.diaz";

/// An agency with an officer, and a sergeant at its night desk.
async fn at_night() -> (Agency, Person) {
    let agency = Agency::of(Plan::of("asking-ca-pd")).await;
    let officer = OFFICER.parse().expect("a name");
    let person = enrolled(&agency, &agency.admin(), &officer, false).await;
    let sergeant = ["user", "add", SERGEANT, "--full-name", "Sam Diaz", "--role", "dispatcher"];
    agency.accord(&sergeant).done();
    let until = agency.now().plus_millis(30 * DAY_MS).to_string();
    agency.accord(&["night-desk", "seat", SERGEANT, "--until", &until]).done();
    (agency, person)
}

/// Fails to sign in as an officer until her passwords are locked.
async fn locks(agency: &Agency) {
    for _ in 0..5 {
        let wrong = attempt(agency, OFFICER, "not her password", "000000");
        assert!(sign_in(door(agency), &wrong, ELSEWHERE).await.is_err());
    }
    let state = agency.own().registry.state();
    assert!(state.sign_in.locks.contains_key(&OFFICER.parse().expect("a name")));
}

fn card_of(agency: &Agency, user: &str) -> Value {
    let args = ["night-desk", "card", user, "--identified", "in person, badge 4711"];
    agency.accord_as(SERGEANT, &args).done()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sits_there_releases_passwords_and_hands_out_a_card_for_one_shift() {
    let (agency, person) = at_night().await;
    locks(&agency).await;
    agency.accord_as(SERGEANT, &["user", "unlock", OFFICER]).done();
    let log = agency.log().await;
    let actor = log.last(Kind::UserUnlocked).body.actor.user.clone();
    assert_eq!(actor.map(|user| user.to_string()).as_deref(), Some(SERGEANT));
    drop(log);
    let made = card_of(&agency, OFFICER);
    let code = |n: usize| made["card"][n].as_str().expect("a code").to_owned();
    let log = agency.log().await;
    let bound = log.last(Kind::AuthenticatorBound);
    assert_eq!(bound.body.actor.user.as_ref().map(ToString::to_string).as_deref(), Some(SERGEANT));
    let told = &bound.detail("bound")[0];
    assert_eq!(told["identified"], "in person, badge 4711");
    assert_eq!(told["until"], made["until"]);
    assert!(!serde_json::to_string(&bound.body).expect("JSON").contains(&code(0)));
    drop(log);
    let by_card = sign_in(door(&agency), &person.attempt_with(&agency, &code(0)), DESK).await;
    let by_card = by_card.expect("a session");
    assert_eq!(by_card.session.way.code(), "password_and_card");
    // What she has herself counts on, and a second card takes the place of the first.
    agency.clock.shift(MINUTE_MS);
    assert!(person.sign_in(&agency, DESK).await.is_ok());
    let second = card_of(&agency, OFFICER);
    assert!(sign_in(door(&agency), &person.attempt_with(&agency, &code(1)), DESK).await.is_err());
    let code = second["card"][0].as_str().expect("a code");
    agency.clock.shift(SHIFT_MS);
    let late = sign_in(door(&agency), &person.attempt_with(&agency, code), DESK).await;
    assert!(late.is_err(), "the shift is over");
    agency.clock.shift(MINUTE_MS);
    assert!(person.sign_in(&agency, DESK).await.is_ok());
    let verified = agency.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_else_she_tries_is_refused_and_so_is_what_she_does_for_herself() {
    let (agency, _) = at_night().await;
    let until = agency.now().plus_millis(DAY_MS).to_string();
    // She signs in at her desk before what she tries is counted.
    let signed_in = agency.accord_as(SERGEANT, &["user", "unlock", OFFICER]);
    assert_eq!(signed_in.code, 2, "nothing is locked: {signed_in:?}");
    let before = agency.log().await.entries().len();
    for args in [
        &["night-desk", "card", SERGEANT, "--identified", "myself"][..],
        &["user", "unlock", SERGEANT],
        &["night-desk", "seat", OFFICER, "--until", &until],
        &["night-desk", "seat", SERGEANT, "--until", &until],
        &["user", "enrol", OFFICER, "--identified", "in person"],
        &["user", "disable", OFFICER, "--reason", "because"],
        &["user", "stop-now", OFFICER, "--reason", "because"],
        &["user", "enable", OFFICER],
        &["program", "list"],
        &["device", "list"],
        &["audit", "log"],
    ] {
        let refused = agency.accord_as(SERGEANT, args);
        assert_eq!(refused.code, 1, "{args:?}: {refused:?}");
    }
    let kinds = [Kind::AuthenticatorBound, Kind::UserUnlocked, Kind::UserEnrolled];
    let log = agency.log().await;
    let done = log.entries()[before..].iter().filter(|one| kinds.contains(&one.header.kind));
    assert_eq!(done.count(), 0);
    drop(log);
    // A card counts beside a password alone, is somebody's, and says how she was identified.
    for (args, why) in [
        (&["night-desk", "card", "nobody", "--identified", "in person"][..], "is nobody here"),
        (&["night-desk", "card", "admin2", "--identified", ""], "--identified"),
    ] {
        let refused = agency.accord_as(SERGEANT, args);
        assert!(refused.code == 2 && format!("{refused:?}").contains(why), "{args:?}: {refused:?}");
    }
    // Once it has ended, or its time is over, she does nothing there.
    agency.accord(&["night-desk", "end", SERGEANT]).done();
    let args = ["night-desk", "card", OFFICER, "--identified", "in person"];
    assert_eq!(agency.accord_as(SERGEANT, &args).code, 1);
    // Every route there asks for a fresh proof of who she is.
    for path in ["/users/{name}/card", "/users/{name}/unlock", "/users/{name}/night-desk"] {
        let route = ROUTES.iter().find(|route| route.path == path).expect("a route");
        assert_eq!(route.access, Access::Privileged, "{path}");
    }
}
