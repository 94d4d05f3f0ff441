//! Requests to the pages that no page sends.

use audit_log::entries::audit::alarm_raised;
use node::http::access::{Access, Route};
use node::pages::PAGES;
use registry::Alarm;
use schemas::alarm::AlarmKind;
use schemas::entry::EntryKind as Kind;
use tests::agency::{Agency, Plan};
use tests::fixtures::OFFICER;
use tests::site::{Site, agency_with_people};

#[tokio::test(flavor = "multi_thread")]
async fn no_page_is_shown_and_nothing_done_without_a_session() {
    let (agency, ..) = agency_with_people().await;
    let site = Site::of(&agency);
    let before = agency.log().await.entries().len();
    for Route { method, path, access } in PAGES {
        if matches!(access, Access::Nobody(_)) {
            continue;
        }
        let seen = match *method {
            "get" => site.get(path).await,
            _ => site.post(path, "user=admin&reason=because&plate=7ABC123").await,
        };
        match *method {
            "get" => assert_eq!(seen.location.as_deref(), Some("/sign-in"), "{path}: {seen:?}"),
            _ => assert!(seen.body.contains("You are not signed in."), "{path}: {seen:?}"),
        }
        assert!(seen.policy.starts_with("default-src 'none'"), "{path}: {seen:?}");
    }
    assert_eq!(agency.log().await.entries().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_or_session_does_nothing() {
    let (agency, admin, officer) = agency_with_people().await;
    let (mut site, mut other) = (Site::of(&agency), Site::of(&agency));
    site.sign_in(&admin).await;
    other.sign_in(&officer).await;
    let before = agency.log().await.entries().len();
    let good = site.form_token().await;
    let stop = |token: &str| format!("form={token}&user={OFFICER}&reason=because");
    for origin in [None, Some("https://evil.example"), Some("null"), Some("https://localhost")] {
        let seen = site.call("/people/stop", origin, Some(&stop(&good))).await;
        assert_eq!(seen.status, 403, "{origin:?}: {seen:?}");
    }
    let others = other.form_token().await;
    for token in ["", "x", &others] {
        let seen = site.post("/people/stop", &stop(token)).await;
        assert_eq!(seen.status, 403, "{seen:?}");
    }
    assert_eq!(agency.log().await.entries().len(), before);
    let seen = site.post("/people/stop", &stop(&good)).await;
    assert_eq!(seen.location.as_deref(), Some("/people"), "{seen:?}");
    // Her sessions are over with it.
    assert!(other.get("/").await.body.contains("has ended"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_privileged_takes_the_password_again_and_the_session_gets_another_secret() {
    let (agency, admin, _) = agency_with_people().await;
    let mut site = Site::of(&agency);
    site.sign_in(&admin).await;
    agency.clock.shift(16 * 60_000);
    let token = site.form_token().await;
    let enrol = format!("form={token}&user={OFFICER}&identified=in+person");
    let seen = site.post("/people/enrol", &enrol).await;
    assert!(seen.status == 403 && seen.body.contains("prove again"), "{seen:?}");
    let wrong =
        site.post("/people/enrol", &format!("{enrol}&password=another+of+four+words")).await;
    assert!(wrong.status == 403 && wrong.cookie.is_none(), "{wrong:?}");
    let right = form_urlencoded::byte_serialize(admin.password.as_bytes()).collect::<String>();
    let seen = site.post("/people/enrol", &format!("{enrol}&password={right}")).await;
    assert!(seen.status == 200 && seen.body.contains("Enrolment code"), "{seen:?}");
    let token = seen.body.split("name=\"form\" value=\"").nth(1).expect("a form");
    let token = token.split('"').next().expect("a token").to_owned();
    let old = site.cookie.clone();
    site.cookie = seen.cookie.expect("another secret").split(';').next().map(str::to_owned);
    assert_ne!(site.cookie, old);
    let renewed = site.cookie.clone();
    assert_eq!(site.get("/").await.status, 200);
    site.cookie = old;
    let twice = site.get("/").await;
    assert!(twice.body.contains("has ended"), "the one before is over");
    assert_eq!(twice.cookie, None, "whoever pressed twice keeps the new one");
    // Whatever else is privileged takes it too.
    site.cookie = renewed;
    agency.clock.shift(16 * 60_000);
    let before = agency.log().await.entries().len();
    for Route { path, .. } in PAGES.iter().filter(|page| page.access == Access::Privileged) {
        let form = format!("form={token}&user={OFFICER}&identified=i&reason=r&number=1&id=a%2Fb");
        let seen = site.post(path, &form).await;
        assert!(seen.status == 403 && seen.body.contains("prove again"), "{path}: {seen:?}");
    }
    let log = agency.log().await;
    // Sessions that nobody used end meanwhile, by the clock.
    let more = log.entries().iter().skip(before).map(|one| one.header.kind);
    let more: Vec<_> = more.filter(|kind| *kind != Kind::SessionEnded).collect();
    assert_eq!(more, [], "nothing is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_somebody_types_stands_on_a_page_as_text() {
    let (agency, _, officer) = agency_with_people().await;
    let mut site = Site::of(&agency);
    let script = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27";
    let seen = site
        .post("/sign-in", &format!("user={script}&password=x&code={script}&notice={script}"))
        .await;
    assert!(!seen.body.contains("<script>") && seen.body.contains("&lt;script"), "{seen:?}");
    site.sign_in(&officer).await;
    let token = site.form_token().await;
    for form in [
        format!("form={token}&plate={script}&purpose=stolen_vehicle&reason={script}&own=1&do=ask"),
        format!("form={token}&plate=7ABC123&purpose={script}&case={script}&own=1&do=explain"),
        format!("form={token}&plate=7ABC123&purpose=stolen_vehicle&to={script}&do=ask"),
    ] {
        let seen = site.post("/search", &form).await;
        assert!(!seen.body.contains("<script>"), "{seen:?}");
    }
    for path in [format!("/requests/one?id={script}"), format!("/log?plate={script}")] {
        assert!(!site.get(&path).await.body.contains("<script>"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_origin_there_are_no_pages() {
    let agency = Agency::of(Plan::of("asking-ca-pd").with_https()).await;
    let (status, _) = tests::https::send(&agency, "GET", "/sign-in", None, "").await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_takes_the_present_one_and_a_code_and_ends_every_other_session() {
    let (agency, _, officer) = agency_with_people().await;
    let (mut site, mut elsewhere) = (Site::of(&agency), Site::of(&agency));
    elsewhere.sign_in(&officer).await;
    assert!(elsewhere.get("/account").await.body.contains("(this one)"));
    agency.clock.shift(60_000);
    let form = |password: &str, new: &str, repeated: &str| {
        let attempt = officer.attempt(&agency, agency.now());
        form_urlencoded::Serializer::new(String::new())
            .append_pair("user", &attempt.user)
            .append_pair("password", password)
            .append_pair("code", &attempt.code)
            .append_pair("notice", &attempt.notice.to_string())
            .append_pair("new", new)
            .append_pair("repeated", repeated)
            .finish()
    };
    let (old, new) = (officer.password.as_str(), " four blanks around words ");
    let turned_down = [
        (form("not hers at all, no", new, new), "not right"),
        (form(old, new, "four blanks around words"), "not the same"),
    ];
    for (form, why) in turned_down {
        let seen = site.post("/password", &form).await;
        assert!(seen.body.contains(why) && seen.cookie.is_none(), "{why}: {seen:?}");
        assert_eq!(elsewhere.get("/").await.status, 200, "{why}: nothing ended");
    }
    agency.clock.shift(60_000);
    let seen = site.post("/password", &form(old, new, new)).await;
    assert!(seen.body.contains("You are signed in"), "{seen:?}");
    site.cookie = seen.cookie.expect("a cookie").split(';').next().map(str::to_owned);
    assert_eq!(site.get("/account").await.status, 200);
    assert!(elsewhere.get("/").await.body.contains("has ended"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_alarm_stands_on_every_page_whoever_looks() {
    let (agency, _, officer) = agency_with_people().await;
    let mut site = Site::of(&agency);
    site.sign_in(&officer).await;
    assert!(!site.get("/search").await.body.contains("Alarms are open"));
    let peer = "other-ca-pd".parse().expect("an id");
    let alarm =
        Alarm { peer, kind: AlarmKind::Fork, evidence: vec!["two heads".into()], at: agency.now() };
    let own = agency.own();
    let entry = alarm_raised(&own.registry.state(), own.node_actor(), alarm);
    own.log.append(entry).await.expect("an entry");
    for path in ["/", "/search", "/account"] {
        let seen = site.get(path).await.body;
        assert!(seen.contains("Alarms are open") && seen.contains("other-ca-pd"), "{path}: {seen}");
    }
}
