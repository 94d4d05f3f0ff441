//! What is sent twice is done once: a button pressed twice, a page loaded again, a form gone back to.

use node::http::access::{Access, Route};
use node::pages::PAGES;
use schemas::entry::EntryKind as Kind;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::federation::{in_force, introduce};
use tests::fixtures::{OFFICER, PLATE};
use tests::looks::sign_in;
use tests::signing_in::{Person, administrator, enrolled};
use tests::site::Site;

/// Two agencies that share, the first with pages; its administrator and officer.
async fn two() -> (Agency, Agency, Person, Person) {
    let mut own = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let other = Agency::of(Plan::of("owning-ca-pd")).await;
    let admin = administrator(&mut own).await;
    other.add_reads(PLATE, 3).await;
    introduce(&[&own, &other]).await;
    in_force(&[&own, &other]).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&own, &own.admin(), &officer, false).await;
    (own, other, admin, officer)
}

/// The value of a hidden field of a page, the first of this name.
fn hidden(page: &str, name: &str) -> String {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
    after.split('"').next().expect("a value").to_owned()
}

/// A form as a page has it, filled in with `fields`.
async fn form(site: &Site<'_>, page: &str, fields: &str) -> String {
    let page = site.get(page).await.body;
    format!("form={}&once={}&{fields}", hidden(&page, "form"), hidden(&page, "once"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twice_does_its_act_once_and_says_so() {
    let (own, other, admin, officer) = two().await;
    super::people_at_work::submitted(&other, &own).await;
    let id = {
        let state = own.own().registry.state();
        (
            state.requests.keys().next().expect("a request").to_string(),
            state.agreements.keys().next().expect("an agreement").to_string(),
        )
    };
    let agreement = form_urlencoded::byte_serialize(id.1.as_bytes()).collect::<String>();
    let request = form_urlencoded::byte_serialize(id.0.as_bytes()).collect::<String>();
    let (mut official, mut asking) = (Site::of(&own), Site::of(&own));
    official.sign_in(&admin).await;
    own.clock.shift(60_000);
    asking.sign_in(&officer).await;
    let sent_already = "You had sent this already";
    let why = "purpose=stolen_vehicle&case=26-00417&reason=stolen+vehicle+seen+going+north";
    let acts = [
        (
            &asking,
            "/search",
            "/search",
            format!("{why}&plate={PLATE}&to=owning-ca-pd&do=ask"),
            Kind::QuerySent,
            "Nobody was asked a second time",
        ),
        (
            &asking,
            "/requests/new",
            "/requests/new",
            format!(
                "{why}&to=owning-ca-pd&plate={PLATE}&requested_by=Maria+Reyes&valid_until=2999-01-01"
            ),
            Kind::RequestSubmitted,
            sent_already,
        ),
        (
            &official,
            "/requests",
            "/requests/decide",
            format!("id={request}&verdict=approve&reason=as+the+statute+says"),
            Kind::RequestApproved,
            sent_already,
        ),
        (
            &official,
            "/holds",
            "/holds",
            "case=26-00417&reason=subpoena+26-118".into(),
            Kind::HoldPlaced,
            sent_already,
        ),
        (
            &official,
            "/agreements",
            "/agreements/notice",
            format!("id={agreement}&act=suspend&reason=the+board+looks"),
            Kind::AgreementSuspended,
            sent_already,
        ),
        (
            &official,
            "/audit",
            "/audit/record",
            "finding=all+is+well&ok=1".into(),
            Kind::AuditRecorded,
            sent_already,
        ),
        (
            &official,
            "/people",
            "/people/enrol",
            format!("user={OFFICER}&identified=in+person"),
            Kind::UserEnrolled,
            sent_already,
        ),
    ];
    for (site, page, to, fields, kind, said) in acts {
        let form = form(site, page, &fields).await;
        let before = own.log().await.count(kind);
        let first = site.post(to, &form).await;
        assert!(first.status < 400 && !first.body.contains("role=\"alert\""), "{to}: {first:?}");
        assert_eq!(own.log().await.count(kind), before + 1, "{to}");
        let second = site.post(to, &form).await;
        assert!(second.body.contains(said), "{to}: {second:?}");
        assert_eq!(own.log().await.count(kind), before + 1, "{to}, sent twice");
        assert_eq!((first.kept.as_str(), second.kept.as_str()), ("no-store", "no-store"), "{to}");
    }
    assert_eq!(other.log().await.count(Kind::QueryAnswered), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_on_what_another_has_changed_says_who_and_when() {
    let (own, other, admin, _) = two().await;
    super::people_at_work::submitted(&other, &own).await;
    let mut site = Site::of(&own);
    site.sign_in(&admin).await;
    let request = own.own().registry.state().requests.keys().next().expect("a request").to_string();
    let request = form_urlencoded::byte_serialize(request.as_bytes()).collect::<String>();
    for (verdict, reason) in [("approve", "as+the+statute+says"), ("deny", "no+warrant")] {
        let fields = format!("id={request}&verdict={verdict}&reason={reason}");
        let seen = site.post("/requests/decide", &form(&site, "/requests", &fields).await).await;
        if verdict == "deny" {
            for part in ["was approved already, by Alex Admin at", "Decided by", ", on "] {
                assert!(seen.body.contains(part), "{part}: {seen:?}");
            }
        }
    }
    let log = own.log().await;
    assert_eq!((log.count(Kind::RequestApproved), log.count(Kind::RequestDenied)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_keep_no_page_of_whoever_is_signed_in() {
    let (own, _, admin, _) = two().await;
    let mut site = Site::of(&own);
    site.sign_in(&admin).await;
    for Route { path, access, .. } in PAGES
        .iter()
        .filter(|page| page.method == "get" && !matches!(page.access, Access::Nobody(_)))
    {
        let seen = site.get(path).await;
        assert_eq!(seen.kept, "no-store", "{path} ({access:?}): {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_asks_nobody_again_and_after_signing_out_shows_nothing() {
    let (own, _other, _, officer) = two().await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &own, &officer).await;
    browser.press("nav a[href='/search']").await;
    browser.fill("#plate", PLATE).await;
    browser.fill("#case", "26-00417").await;
    browser.fill("#purpose", "Stolen vehicle").await;
    browser.fill("#reason", "vehicle reported stolen, suspect fled north").await;
    browser.press("button[value=ask]").await;
    browser.reads("That was all").await;
    browser.press("nav a[href='/searches']").await;
    browser.reads("How far back").await;
    browser.back().await;
    // The browser has kept no answers, and asks whether the form is to be sent again.
    assert!(!browser.text().await.contains(PLATE), "{}", browser.text().await);
    browser.again().await;
    let said = browser.reads("Nobody was asked a second time").await;
    assert!(said.contains("3 reads of 1 agency"), "{said}");
    assert_eq!(own.log().await.count(Kind::QuerySent), 1);
    browser.press(".leave button").await;
    browser.reads("restricted system").await;
    for _ in 0..4 {
        browser.back().await;
        let said = browser.text().await;
        assert!(!said.contains(PLATE) && !said.contains("26-00417"), "{said}");
    }
    assert_eq!(own.log().await.count(Kind::QuerySent), 1);
}
