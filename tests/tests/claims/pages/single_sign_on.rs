//! Single sign-on in a real browser, by a provider of another make: Canaille.

use ::sign_in::Secret;
use node::permission::{Permission, authorize};
use node::sign_in::{begin_terminal, enrol, finish_terminal, principal};
use schemas::entry::EntryKind as Kind;
use schemas::query::UserName;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::canaille::{Canaille, SECRET};
use tests::fixtures::{OFFICER, words};
use tests::signing_in::{DESK, ELSEWHERE, door};

fn officer() -> UserName {
    OFFICER.parse().expect("a user name")
}

fn origin(agency: &Agency) -> String {
    agency.node().app.config.origin.clone().expect("pages").to_string()
}

async fn agency_and_provider(factors: &[&str]) -> (Agency, Canaille) {
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let back = format!("{}/sign-in/with/county/back", origin(&agency));
    let provider = Canaille::start(factors, &back);
    agency.trusts(&provider.settings(), SECRET).await;
    (agency, provider)
}

async fn to_the_provider(agency: &Agency, browser: &Browser) {
    let given = enrol(agency.own(), &agency.admin(), &officer(), &words("in person")).await;
    let (_, code) = given.expect("an enrolment");
    browser.go(&format!("{}/enrol", origin(agency))).await.expect("the page");
    browser.fill("#code", &code).await;
    browser.press("button").await;
    browser.reads("Sign in with Los Robles County").await;
    browser.press("form[action='/enrol/with'] button").await;
    browser.reads("you come back here by yourself").await;
    browser.press("main a.button").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_enrols_signs_in_and_signs_a_terminal_in_by_a_provider_of_another_make() {
    let (agency, provider) = agency_and_provider(&["password", "otp"]).await;
    let browser = Browser::open(true).await;
    to_the_provider(&agency, &browser).await;
    provider.names_herself(&browser).await;
    provider.signs_in(&browser, true).await;
    browser.reads("From now on you sign in with Los Robles County").await;
    browser.go(&origin(&agency)).await.expect("home");
    browser.reads("What waits for you").await;
    let log = agency.log().await;
    let word = log.last(Kind::SignInSucceeded).detail("provider").clone();
    assert_eq!(word["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
    assert_eq!(word["roles"], serde_json::json!(["sworn"]), "by her group there");
    // She leaves, and comes back: what the provider remembers of her has been made use of.
    browser.press(".leave button").await;
    browser.reads("restricted system").await;
    browser.press("a[href^='/sign-in/with/county']").await;
    browser.reads("sign in there once more").await;
    browser.press("a[href*='anew=1']").await;
    provider.signs_in(&browser, true).await;
    browser.reads("You are signed in").await;
    browser.press("main a.button").await;
    browser.reads("What waits for you").await;
    // A terminal of hers, by the session in the browser.
    let notice = door(&agency).notice().digest;
    let waits = begin_terminal(door(&agency), &notice, DESK).expect("a code");
    let finish = |secret: Secret, from: &'static str| {
        let agency = &agency;
        async move { finish_terminal(door(agency), &secret, from).await }
    };
    assert!(finish(waits.secret.clone(), DESK).await.expect("it waits").is_none());
    browser.go(&waits.address).await.expect("the page");
    browser.fill("#code", &waits.code.to_lowercase()).await;
    browser.press("main button").await;
    browser.reads("socket, uid 1000").await;
    assert!(finish(waits.secret.clone(), DESK).await.expect("it waits").is_none());
    browser.press("form[action='/terminal/approve'] button").await;
    browser.reads("within seconds").await;
    assert!(finish(waits.secret.clone(), ELSEWHERE).await.is_err(), "another terminal");
    let signed_in = finish(waits.secret.clone(), DESK).await.expect("approved").expect("a session");
    assert!(finish(waits.secret, DESK).await.is_err(), "once");
    let token = ::sign_in::Token::shown(&signed_in.token);
    let (by, _) = principal(door(&agency), &token, DESK).await.expect("a session");
    let state = agency.own().registry.state();
    assert!(authorize(&state, &by, Permission::Query, agency.now()).is_ok());
    let told = agency.log().await;
    let told = told.last(Kind::SignInSucceeded);
    assert!(told.detail("approved_in").is_string(), "{told:?}");
    assert_eq!(told.detail("client").as_str(), Some(DESK));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_alone_at_the_provider_is_not_enough_and_the_page_says_so() {
    let (agency, provider) = agency_and_provider(&["password"]).await;
    let browser = Browser::open(true).await;
    to_the_provider(&agency, &browser).await;
    provider.names_herself(&browser).await;
    provider.signs_in(&browser, false).await;
    browser.reads("proved who you are by `pwd`, which are not two factors here").await;
    assert_eq!(agency.own().registry.state().sign_in.of(&officer()).count(), 0);
    assert!(browser.cookies().await.iter().all(|one| one["name"] != "__Host-accord"));
}
