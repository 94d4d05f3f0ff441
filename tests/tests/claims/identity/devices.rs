//! Claims about devices that show a certificate: what a session may there rests on that device, and ends with it.

use std::fmt::Write as _;

use host::home::Home;
use schemas::device::DeviceClass;
use schemas::entry::EntryKind as Kind;
use schemas::time::MINUTE_MS;
use tests::agency::{Agency, Plan};
use tests::client_certificate::{Client, Identity, Told};
use tests::fixtures::OFFICER;
use tests::signing_in::{Person, administrator, enrolled};

/// An agency with an officer, where this is set for devices.
async fn agency_with(settings: &str) -> (Agency, Person) {
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    administrator(&mut agency).await;
    agency.stop().await;
    let home = Home::open(agency.home()).expect("a home");
    let mut text = std::fs::read_to_string(home.config()).expect("a configuration");
    write!(text, "\n{settings}\n").expect("text");
    std::fs::write(home.config(), text).expect("a configuration");
    agency.run().await;
    let officer = OFFICER.parse().expect("a name");
    let person = enrolled(&agency, &agency.admin(), &officer, false).await;
    (agency, person)
}

fn enrol(agency: &Agency, name: &str, class: DeviceClass, identity: &Identity) {
    let file = identity.file(agency, &format!("{name}.pem"));
    let args = ["device", "add", name, "--class", class.code(), "--certificate", &file];
    agency.accord(&args).done();
}

/// Signs in on the page, as a browser does.
async fn signs_in(browser: &mut Client<'_>, agency: &Agency, person: &Person) -> Told {
    agency.clock.shift(MINUTE_MS);
    let form = person.form(agency);
    let origin = agency.node().app.config.origin.clone().expect("pages").to_string();
    let headers =
        [("origin", origin.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let told = browser.call("POST", "/sign-in", &headers, form).await.expect("a response");
    assert_eq!(told.status, 200, "{told:?}");
    assert!(browser.cookie.is_some(), "{told:?}");
    told
}

/// Whether its session still lasts.
async fn lasts(browser: &mut Client<'_>) -> bool {
    let told = browser.call("GET", "/account", &[], "").await.expect("a response");
    told.status == 200 && !told.text.contains("Sign in again")
}

const DISPATCH: &str = "[devices.dispatch]\nexempt = \"CJISSECPOL, AC-11: dispatch in a secure location\"\n[devices.vehicle]\nidle_minutes = 10";

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_an_enrolled_device_carries_its_class_and_rests_as_long_as_that_may() {
    let (agency, person) = agency_with(DISPATCH).await;
    let (desk, car) = (Identity::of("desk-1.example"), Identity::of("mdt-12.example"));
    enrol(&agency, "desk-1", DeviceClass::Dispatch, &desk);
    enrol(&agency, "mdt-12", DeviceClass::Vehicle, &car);
    let mut at_desk = Client::of(&agency, Some(&desk));
    let welcomed = signs_in(&mut at_desk, &agency, &person).await;
    assert!(welcomed.text.contains("desk-1") && !welcomed.text.contains("minutes in which"));
    let log = agency.log().await;
    let told = log.last(Kind::SignInSucceeded);
    assert_eq!(told.detail("device")["name"], "desk-1");
    assert_eq!(told.detail("device")["class"], "dispatch");
    assert!(told.body.actor.auth.ends_with(", device desk-1"), "{:?}", told.body.actor);
    drop(log);
    let mut in_car = Client::of(&agency, Some(&car));
    let welcomed = signs_in(&mut in_car, &agency, &person).await;
    assert!(welcomed.text.contains("10 minutes in which nothing is done"), "{welcomed:?}");
    // Of no device, and of a certificate that nobody enrolled, a session rests for half an hour.
    let stranger = Identity::of("desk-1.example");
    let mut others = [Client::of(&agency, None), Client::of(&agency, Some(&stranger))];
    for browser in &mut others {
        let welcomed = signs_in(browser, &agency, &person).await;
        assert!(welcomed.text.contains("30 minutes in which nothing is done"), "{welcomed:?}");
    }
    assert!(agency.log().await.last(Kind::SignInSucceeded).detail("device").is_null());
    assert!(lasts(&mut in_car).await);
    agency.clock.shift(11 * MINUTE_MS);
    assert!(!lasts(&mut in_car).await, "its class may rest for ten minutes");
    let [bare, unknown] = &mut others;
    assert!(lasts(bare).await && lasts(unknown).await);
    agency.clock.shift(31 * MINUTE_MS);
    assert!(!lasts(bare).await && !lasts(unknown).await, "nothing is exempt without a device");
    assert!(lasts(&mut at_desk).await, "it is exempt");
    // Twelve hours hold for every class.
    for _ in 0..23 {
        agency.clock.shift(30 * MINUTE_MS);
    }
    assert!(!lasts(&mut at_desk).await);
    let verified = agency.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_a_device_is_good_nowhere_else_and_ends_with_the_device() {
    let (agency, person) = agency_with(DISPATCH).await;
    let desk = Identity::of("desk-1.example");
    enrol(&agency, "desk-1", DeviceClass::Dispatch, &desk);
    let mut at_desk = Client::of(&agency, Some(&desk));
    signs_in(&mut at_desk, &agency, &person).await;
    // Its cookie, shown by another machine, ends it for good.
    let mut thief = Client::of(&agency, None);
    thief.cookie.clone_from(&at_desk.cookie);
    assert!(!lasts(&mut thief).await);
    assert!(!lasts(&mut at_desk).await);
    assert_eq!(agency.log().await.last(Kind::SessionEnded).detail("why"), "elsewhere");
    signs_in(&mut at_desk, &agency, &person).await;
    assert!(lasts(&mut at_desk).await);
    let revoked =
        agency.accord(&["device", "revoke", "desk-1", "--reason", "it was stolen"]).done();
    assert_eq!(revoked["sessions_ended"], 1, "{revoked}");
    let log = agency.log().await;
    assert_eq!(log.last(Kind::SessionEnded).detail("why"), "stopped");
    assert_eq!(log.last(Kind::DeviceRevoked).detail("reason"), "it was stolen");
    drop(log);
    assert!(!lasts(&mut at_desk).await);
    // Whoever has it now is at no device.
    let welcomed = signs_in(&mut at_desk, &agency, &person).await;
    assert!(welcomed.text.contains("30 minutes in which nothing is done"), "{welcomed:?}");
    // Enrolled anew, under another key, the old one stays what it is: none.
    enrol(&agency, "desk-1", DeviceClass::Dispatch, &Identity::of("desk-1.example"));
    assert_eq!(agency.log().await.count(Kind::DeviceAdded), 2);
    let welcomed = signs_in(&mut at_desk, &agency, &person).await;
    assert!(welcomed.text.contains("30 minutes in which nothing is done"), "{welcomed:?}");
    let verified = agency.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_enrolled_by_an_administrator_under_a_name_and_a_key_of_its_own() {
    let (agency, _) = agency_with("").await;
    let desk = Identity::of("desk-1.example");
    enrol(&agency, "desk-1", DeviceClass::Office, &desk);
    let file = desk.file(&agency, "again.pem");
    let other = Identity::of("desk-2.example").file(&agency, "other.pem");
    let add = |name: &str, class: &str, file: &str| {
        agency.accord(&["device", "add", name, "--class", class, "--certificate", file])
    };
    for (refused, why) in [
        (add("desk-1", "office", &other), "is enrolled already"),
        (add("desk-2", "office", &file), "is that of device `desk-1`"),
        (add("desk-2", "boat", &other), "`boat` is not a device class"),
        (add("Desk 2", "office", &other), "cannot name a device"),
        (agency.accord(&["device", "revoke", "desk-2", "--reason", "gone"]), "no device `desk-2`"),
    ] {
        assert!(refused.code == 2 && format!("{refused:?}").contains(why), "{why}: {refused:?}");
    }
    let args = ["device", "add", "desk-2", "--class", "office", "--certificate", &other];
    assert_eq!(agency.accord_as(OFFICER, &args).code, 1, "an officer enrols nothing");
    let listed = agency.accord(&["device", "list"]);
    assert!(format!("{listed:?}").contains("desk-1"), "{listed:?}");
    assert_eq!(agency.log().await.count(Kind::DeviceAdded), 1);
}
