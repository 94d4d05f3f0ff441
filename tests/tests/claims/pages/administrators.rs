//! What administrators do on the pages, in a real browser: whoever is new, training, delegations, the yearly
//! review.

use schemas::entry::EntryKind as Kind;
use schemas::query::UserName;
use schemas::time::DAY_MS;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::client_certificate::Identity;
use tests::dispatch::asks;
use tests::looks::{is_readable, sign_in};
use tests::signing_in::administrator;

/// Sets a day in a field of days, whatever order the browser's language has them in.
async fn day(browser: &Browser, selector: &str, day: &str) {
    browser.run(&format!("document.querySelector(\"{selector}\").value = '{day}'")).await;
}

async fn opens(browser: &Browser, word: &str) {
    let script = format!(
        "[...document.querySelectorAll('summary')].find(e => e.textContent.trim() == '{word}').click()"
    );
    browser.run(&script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_registers_trains_delegates_and_reviews() {
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let admin = administrator(&mut agency).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &agency, &admin).await;
    browser.press("nav a[href='/people']").await;
    // Nobody of that role: what was filled in stays.
    let form = "form[action='/people']";
    browser.fill("#name", "j.lee").await;
    browser.fill("#full_name", "Jordan Lee").await;
    browser.fill("#title", "Detective").await;
    day(&browser, "#trained_on", "2026-13-01").await;
    browser.press(&format!("{form} input[value=sworn]")).await;
    browser.fill("#trained_by", "no such name!").await;
    browser.press(&format!("{form} button[type=submit]")).await;
    browser.reads("Training held by").await;
    let kept = browser.run("return document.querySelector('#full_name').value").await;
    assert_eq!(kept, "Jordan Lee");
    browser.run("document.querySelector('#trained_by').value = ''").await;
    is_readable(&browser, "somebody new").await;
    browser.press(&format!("{form} button[type=submit]")).await;
    let said = browser.reads("What you may do").await;
    assert!(said.contains("Detective") && said.contains("never"), "{said}");
    let lee: UserName = "j.lee".parse().expect("a name");
    let now = || {
        let state = agency.own().registry.state();
        state.users.get(&lee).cloned().expect("registered")
    };
    assert_eq!(now().full_name.as_str(), "Jordan Lee");

    opens(&browser, "Record training").await;
    let yesterday = agency.now().plus_millis(-DAY_MS).day().to_string();
    day(&browser, "#on-train", &yesterday).await;
    browser.fill("#course-train", "ALPR 101").await;
    browser.press("form[action='/people/train'] button[type=submit]").await;
    let said = browser.reads("ALPR 101").await;
    assert!(said.contains(&yesterday), "{said}");
    assert_eq!(now().trained_on.map(|on| on.day().to_string()), Some(yesterday));

    opens(&browser, "Delegate to her").await;
    browser.fill("#title-delegate", "Chief of Police").await;
    let days = [0, 7].map(|days| agency.now().plus_millis(days * DAY_MS).day().to_string());
    day(&browser, "#from-delegate", &days[0]).await;
    day(&browser, "#until-delegate", &days[1]).await;
    browser.fill("#paper-delegate", &"5".repeat(64)).await;
    browser.press("form[action='/people/delegate'] button[type=submit]").await;
    browser.reads("The authority of Chief of Police").await;
    is_readable(&browser, "a person").await;
    assert_eq!(now().delegations.len(), 1);
    browser.press("form[action='/people/delegation/end'] button[type=submit]").await;
    browser.reads("Nothing.").await;
    assert!(now().delegations.iter().all(|one| one.until <= agency.now()));
    let log = agency.log().await;
    let by = |kind| log.last(kind).body.actor.user.clone();
    assert_eq!(by(Kind::UserTrained), Some(admin.user.clone()));
    let verified = agency.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_adds_a_program_and_a_device_and_ends_them() {
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let admin = administrator(&mut agency).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &agency, &admin).await;
    browser.press("nav a[href='/health']").await;
    browser.press("h2 a[href='/programs']").await;
    browser.fill("#name", "CAD 1").await;
    browser.press("input[value=ask]").await;
    let until = agency.now().plus_millis(30 * DAY_MS).day().to_string();
    day(&browser, "#until", &until).await;
    let form = "form[action='/programs'] button[type=submit]";
    browser.press(form).await;
    browser.reads("cannot name a program").await;
    browser.run("document.querySelector('#name').value = 'cad-1'").await;
    browser.press(form).await;
    browser.reads("shown once").await;
    let shown = async || {
        let token = browser.run("return document.querySelector('.plate').textContent").await;
        token.as_str().expect("a token").to_owned()
    };
    let lets = async |token: &str| {
        asks(&agency, token, "POST", "/session", "", &serde_json::Value::Null).await.0
    };
    let token = shown().await;
    assert_eq!(lets(&token).await, 200);
    browser.press("a.button").await;
    is_readable(&browser, "programs").await;
    opens(&browser, "Another token, or the end").await;
    browser.press("form[action='/programs/token'] button").await;
    browser.reads("shown once").await;
    let renewed = shown().await;
    assert_eq!((lets(&token).await, lets(&renewed).await), (401, 200));
    browser.press("a.button").await;
    opens(&browser, "Another token, or the end").await;
    browser.fill("#reason-program-cad-1", "it is replaced").await;
    browser.press("form[action='/programs/revoke'] button").await;
    let said = browser.reads("used no longer").await;
    assert!(said.contains("it is replaced"), "{said}");
    assert_eq!(lets(&renewed).await, 401);

    browser.press("a[href='/health']").await;
    browser.press("h2 a[href='/devices']").await;
    browser.fill("#name", "mdt-12").await;
    browser.run("document.querySelector('#class').value = 'vehicle'").await;
    browser.fill("#certificate", "no certificate").await;
    browser.press("form[action='/devices'] button[type=submit]").await;
    browser.reads("A new device").await;
    let kept = browser.run("return document.querySelector('#certificate').value").await;
    assert_eq!(kept, "no certificate", "what was filled in stays");
    let pem = Identity::of("mdt-12").pem;
    let script = format!("document.querySelector('#certificate').value = `{pem}`");
    browser.run(&script).await;
    browser.press("form[action='/devices'] button[type=submit]").await;
    let said = browser.reads("vehicle").await;
    assert!(said.contains("Key of its certificate"), "{said}");
    is_readable(&browser, "devices").await;
    opens(&browser, "Revoke").await;
    browser.fill("#reason-device-mdt-12", "the car was sold").await;
    browser.press("form[action='/devices/revoke'] button").await;
    browser.reads("counts no longer").await;
    let log = agency.log().await;
    let kinds = [Kind::ProgramAdded, Kind::ProgramRevoked, Kind::DeviceAdded, Kind::DeviceRevoked];
    assert!(kinds.iter().all(|kind| log.count(*kind) == 1), "{kinds:?}");
}
