//! What people do on the pages, in a real browser.

use ingest::ImportedRead;
use schemas::entry::EntryKind as Kind;
use schemas::image::View;
use schemas::text::Text;
use tests::agency::{Agency, Plan};
use tests::browser::{self, Browser};
use tests::federation::{in_force, in_force_with, introduce};
use tests::fixtures::{OFFICER, PLATE, reads, words};
use tests::looks::{is_readable, keep, origin, sign_in};
use tests::signing_in::{Person, administrator, enrolled};
use tests::wait::eventually;

/// Two agencies that share, the first with pages, an administrator and an officer.
async fn two() -> (Agency, Agency, Person, Person) {
    let mut asking = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let owning = Agency::of(Plan::of("owning-ca-pd")).await;
    let admin = administrator(&mut asking).await;
    owning.add_reads(PLATE, 3).await;
    introduce(&[&asking, &owning]).await;
    in_force(&[&asking, &owning]).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&asking, &asking.admin(), &officer, false).await;
    (asking, owning, admin, officer)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_signs_in_searches_and_leaves_and_nothing_is_left_behind() {
    assert!(browser::is_there(), "install chromium and chromium-driver");
    let (asking, owning, _, officer) = two().await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &asking, &officer).await;
    is_readable(&browser, "home").await;
    browser.press("nav a[href='/search']").await;
    browser.fill("#plate", PLATE).await;
    browser.fill("#case", "26-00417").await;
    browser.fill("#purpose", "Stolen vehicle").await;
    browser.fill("#reason", "vehicle reported stolen, suspect fled north").await;
    is_readable(&browser, "search").await;
    browser.press("button[value=explain]").await;
    browser.reads("Would be answered").await;
    keep(&browser, "explained").await;
    browser.press("button[value=ask]").await;
    let said = browser.reads("That was all").await;
    assert!(said.contains("3 reads under asking-ca-pd/"), "{said}");
    assert!(said.contains(PLATE) && said.contains("No read"), "{said}");
    is_readable(&browser, "answers").await;
    let log = asking.log().await;
    let sent = log.one(Kind::QuerySent);
    assert_eq!(sent.body.actor.user.as_ref(), Some(&officer.user));
    let auth = &sent.body.actor.auth;
    assert!(auth.starts_with("session ") && auth.ends_with("console, 127.0.0.1"), "{auth}");
    assert_eq!(owning.log().await.count(Kind::QueryAnswered), 1);

    // How well the node is, she is not shown.
    browser.go(&format!("{}/health", origin(&asking))).await.expect("a page");
    let said = browser.reads("That is not permitted").await;
    assert!(!said.contains("What is well"), "{said}");

    browser.press(".leave button").await;
    browser.reads("restricted system").await;
    assert!(browser.cookies().await.is_empty());
    browser.back().await;
    assert!(!browser.text().await.contains(PLATE), "the page before is not shown again");
    assert_eq!(asking.log().await.count(Kind::SessionEnded), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_compares_what_was_read_with_its_photographs() {
    let mut asking = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let owning = Agency::of(Plan::of("owning-ca-pd")).await;
    administrator(&mut asking).await;
    introduce(&[&asking, &owning]).await;
    in_force_with(&[&asking, &owning], |text| text.images = true).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&asking, &asking.admin(), &officer, false).await;
    let browser = Browser::open(true).await;
    // A picture that a browser shows: what it has before it.
    let picture = browser.picture().await;
    let photographed = reads(owning.id(), PLATE, 2, owning.now()).into_iter().map(|read| {
        let mut one = ImportedRead::new(read);
        one.add(View::Plate, "plate", picture.clone());
        one
    });
    assert_eq!(owning.import(photographed.collect()).await, 2);
    sign_in(&browser, &asking, &officer).await;
    browser.press("nav a[href='/search']").await;
    browser.fill("#plate", PLATE).await;
    browser.fill("#case", "26-00417").await;
    browser.fill("#purpose", "Stolen vehicle").await;
    browser.fill("#reason", "vehicle reported stolen, suspect fled north").await;
    browser.press("input[name=images]").await;
    browser.press("button[value=ask]").await;
    browser.reads("That was all").await;
    browser.press("form[action='/photographs'] button").await;
    browser.reads("Compare each letter with the photograph").await;
    is_readable(&browser, "photographs").await;
    let script =
        "return [...document.images].map(e => e.naturalWidth > 0 && e.alt.includes('7ABC123'))";
    eventually("both are seen", async || {
        (browser.run(script).await == serde_json::json!([true, true])).then_some(())
    })
    .await;
    let log = asking.log().await;
    assert_eq!(log.count(Kind::AnswerViewed), 2, "seen again, and its photographs");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_enrols_an_officer_who_prints_a_card_and_signs_in_with_it() {
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let admin = administrator(&mut agency).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &agency, &admin).await;
    // Long enough that she has to prove again who she is.
    agency.clock.shift(16 * 60_000);
    browser.press("nav a[href='/people']").await;
    is_readable(&browser, "people").await;
    browser.press(&format!("section[aria-label='{}'] summary", "Maria Reyes")).await;
    let form = "form[action='/people/enrol']";
    browser.fill(&format!("{form} [name=identified]"), "in person, by her badge").await;
    browser.fill(&format!("{form} [name=password]"), &admin.password).await;
    browser.press(&format!("{form} button")).await;
    browser.reads("in person").await;
    let code = browser.run("return document.querySelector('.plate').textContent").await;
    let code = code.as_str().expect("a code").to_owned();
    browser.press(".leave button").await;
    browser.reads("restricted system").await;

    browser.press("a[href='/enrol']").await;
    browser.fill("#code", &code).await;
    browser.press("button").await;
    is_readable(&browser, "enrolment").await;
    browser.fill("#password", "maple engine teapot lantern").await;
    browser.fill("#repeated", "maple engine teapot lantern").await;
    browser.press("button[value=code_card]").await;
    browser.reads("Print this page now").await;
    is_readable(&browser, "the card").await;
    let first = browser.run("return document.querySelector('td.code').textContent").await;
    browser.press("a.button").await;
    browser.reads("What waits for you").await;
    browser.press(".leave button").await;
    browser.reads("restricted system").await;
    browser.fill("#user", OFFICER).await;
    browser.fill("#password", "maple engine teapot lantern").await;
    browser.fill("#code", first.as_str().expect("a code")).await;
    browser.press("form[action='/sign-in'] button").await;
    browser.reads("You are signed in").await;
    let log = agency.log().await;
    assert_eq!(log.all(Kind::AuthenticatorBound).len(), 2);
    let told = log.last(Kind::SignInSucceeded);
    assert_eq!(told.detail("way").as_str(), Some("password_and_card"), "{told:?}");
}

/// A written request of `asking` that has come to `agency`.
pub(super) async fn submitted(asking: &Agency, agency: &Agency) {
    let submission = node::admin::requests::Submission {
        to: Some(agency.id().clone()),
        requested_by: Some(words("Det. Ana Reyes")),
        purpose: Some(schemas::purpose::Purpose::StolenVehicle),
        case: words("26-00417"),
        reason: words("stolen vehicle seen near the border of the city"),
        scope: agreements::request::RequestScope {
            plates: vec![PLATE.parse().expect("a plate")],
            valid_until: Some(agency.now().plus_days(20)),
            ..agreements::request::RequestScope::default()
        },
        danger: Text::default(),
        after_refusal: None,
    };
    let context = asking.context();
    node::admin::requests::submit(
        asking.own(),
        &context.keys,
        context.store.as_ref(),
        &asking.officer(),
        &submission,
    )
    .await
    .expect("a request");
    agency
        .wait_for_log("the request", |log| (log.count(Kind::RequestReceived) == 1).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_decides_a_written_request_in_place() {
    let mut agency = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    let asking = Agency::of(Plan::of("asking-ca-pd")).await;
    let admin = administrator(&mut agency).await;
    introduce(&[&asking, &agency]).await;
    submitted(&asking, &agency).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &agency, &admin).await;
    browser.reads("asks in writing, case 26-00417").await;
    browser.press("main li a").await;
    browser.reads("Det. Ana Reyes").await;
    is_readable(&browser, "the request").await;
    browser.press("form[action='/requests/decide'] summary").await;
    browser.fill("#uses", "2").await;
    browser.fill("#reason", "as the statute says").await;
    browser.press("button[value=approve]").await;
    let said = browser.reads("Decided by").await;
    assert!(said.contains("approved") && said.contains("Alex Admin"), "{said}");
    assert_eq!(agency.log().await.count(Kind::RequestApproved), 1);
    asking
        .wait_for_log("the decision", |log| (log.count(Kind::RequestApproved) == 1).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_finds_who_asked_what_and_that_she_looked_is_on_record() {
    let (asking, _, admin, officer) = two().await;
    asking.ask_one(&"owning-ca-pd".parse().expect("an id"), PLATE).await;
    drop(officer);
    let browser = Browser::open(true).await;
    sign_in(&browser, &asking, &admin).await;
    let before = asking.log().await.count(Kind::AuditViewed);
    browser.press("nav a[href='/log']").await;
    browser.reads("What you look at here").await;
    assert_eq!(asking.log().await.count(Kind::AuditViewed), before, "nothing was shown yet");
    browser.press("main summary").await;
    browser.fill("#plate", PLATE).await;
    browser.press("main form button").await;
    let said = browser.reads("entries fit").await;
    assert!(said.contains("answered") && said.contains(PLATE), "{said}");
    is_readable(&browser, "the log").await;
    assert_eq!(asking.log().await.count(Kind::AuditViewed), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_does_not_trust_the_certificate_says_so() {
    let agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let browser = Browser::open(false).await;
    // With or without an error of its own, it shows a warning in the place of the page.
    let said = browser.go(&origin(&agency)).await.err().unwrap_or_default();
    let said = said + &browser.text().await;
    keep(&browser, "untrusted").await;
    assert!(said.contains("CERT_AUTHORITY_INVALID") || said.contains("not private"), "{said}");
    assert!(!said.contains("restricted system"), "{said}");
}
