//! Somebody signs in to her dispatch system at the agency's provider, and the token that it got opens her session
//! here for that program: each of the others here was made up, stolen or shown once more.

use node::http::programs::SESSION;
use schemas::entry::EntryKind as Kind;
use serde_json::{Value, json};
use tests::agency::{Agency, Plan};
use tests::dispatch::{added, asks};
use tests::federation::sharing_pair_of;
use tests::fixtures::{OFFICER, PLATE, draft};
use tests::provider::{CAD_CLIENT, CLIENT, Provider, SECRET, Signed};
use tests::signing_in::door;

use super::single_sign_on::{COUNTY, MINUTE, REYES, enrols};

/// An agency whose officer signs in to its dispatch system at the provider, and one that it asks.
struct Desk {
    agency: Agency,
    owner: Agency,
    provider: Provider,
    token: String,
}

impl Desk {
    async fn start() -> Self {
        let provider = Provider::start().await;
        let asking = Plan::of("asking-ca-pd").with_pages();
        let (mut agency, owner, _) = sharing_pair_of(asking, Plan::of("owning-ca-pd")).await;
        let mut settings = provider.settings();
        settings.programs.insert("cad-1".parse().expect("a name"), CAD_CLIENT.to_owned());
        agency.trusts(&settings, SECRET).await;
        enrols(&agency, &provider, OFFICER, REYES).await;
        agency.clock.shift(MINUTE);
        let token = added(&agency, "cad-1", &["--scope", "ask"]);
        Self { agency, owner, provider, token }
    }

    fn token_of(&self, signed: Signed, change: impl FnOnce(&mut Value)) -> String {
        self.provider.token_for_cad(REYES, self.agency.now(), signed, change)
    }

    /// What the node says to the program `token` that shows this.
    async fn shows(&self, token: &str, id_token: &str) -> (u16, Value) {
        let notice = door(&self.agency).notice().digest;
        let shown = json!({ "provider": COUNTY, "id_token": id_token, "notice": notice });
        asks(&self.agency, token, "POST", "/session/provider", "", &shown).await
    }

    /// The code of the refusal.
    async fn refused(&self, id_token: &str) -> String {
        let (status, said) = self.shows(&self.token, id_token).await;
        assert_eq!(status, 403, "{said}");
        said["code"].as_str().expect("a code").to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_asks_for_who_signed_in_to_it_at_the_provider_and_both_logs_say_so() {
    let desk = Desk::start().await;
    let (status, notice) =
        asks(&desk.agency, &desk.token, "GET", "/session/notice", "", &Value::Null).await;
    assert_eq!(status, 200, "{notice}");
    assert!(notice["text"].as_str().expect("a text").contains("restricted"), "{notice}");
    let (status, signed_in) =
        desk.shows(&desk.token, &desk.token_of(Signed::Rightly, |_| ())).await;
    assert_eq!(status, 200, "{signed_in}");
    let session = signed_in["token"].as_str().expect("a token").to_owned();
    let says = async |token: &str, method: &str, path: &str, body: &Value| {
        asks(&desk.agency, token, method, path, &session, body).await
    };
    let (status, whose) = says(&desk.token, "GET", "/session", &Value::Null).await;
    assert_eq!((status, whose["user"].as_str()), (200, Some(OFFICER)), "{whose}");
    let question = draft(&[desk.owner.id()], PLATE, desk.agency.now());
    let question = serde_json::to_value(question).expect("JSON");
    let (status, heard) = says(&desk.token, "POST", "/queries", &question).await;
    assert_eq!((status, heard["outcome"].as_str()), (200, Some("answered")), "{heard}");
    let log = desk.agency.log().await;
    let actor = &log.last(Kind::QuerySent).body.actor;
    assert!(actor.auth.contains("single sign-on of https://localhost"), "{actor:?}");
    assert!(actor.auth.contains("(pwd otp)") && actor.auth.contains("program cad-1"), "{actor:?}");
    let told = log.last(Kind::SignInSucceeded);
    assert_eq!(told.detail("client").as_str(), Some("program cad-1"));
    assert!(told.detail("approved_in").is_null(), "nobody approved a code");
    let asked = desk.owner.log().await;
    let asked = &asked.last(Kind::QueryAnswered).body.actor;
    assert!(asked.auth.contains("single sign-on"), "{asked:?}");
    // Another program does nothing with her session, nor a browser.
    let other = added(&desk.agency, "rms", &["--scope", "ask"]);
    let (status, refused) = says(&other, "POST", "/queries", &question).await;
    assert_eq!(status, 403, "{refused}");
    // She is gone there once her account is no longer hers.
    desk.agency.accord(&["user", "disable", OFFICER, "--reason", "she left"]).done();
    let (status, refused) = says(&desk.token, "POST", "/queries", &question).await;
    assert_eq!(status, 403, "{refused}");
    for agency in [&desk.agency, &desk.owner] {
        let verified = agency.accord(&["audit", "verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_token_opens_a_session_for_a_program() {
    let desk = Desk::start().await;
    let now = desk.agency.now().millis() / 1_000;
    let at = |seconds: i64| json!(now + seconds);
    type Change = Box<dyn FnOnce(&mut Value)>;
    let set = |key: &'static str, value: Value| -> Change {
        Box::new(move |claims: &mut Value| claims[key] = value)
    };
    for (why, signed, change, code) in [
        ("nobody signed it", Signed::Nothing, set("x", json!(1)), "provider_untrusted"),
        (
            "the public key as a secret",
            Signed::ByPublicKey,
            set("x", json!(1)),
            "provider_untrusted",
        ),
        ("another key of that id", Signed::ByAnother, set("x", json!(1)), "provider_untrusted"),
        ("it was changed", Signed::ThenChanged, set("x", json!(1)), "provider_untrusted"),
        ("it is for the pages", Signed::Rightly, set("aud", json!(CLIENT)), "provider_untrusted"),
        (
            "it is for both",
            Signed::Rightly,
            set("aud", json!([CAD_CLIENT, CLIENT])),
            "provider_untrusted",
        ),
        ("another got it", Signed::Rightly, set("azp", json!("mail")), "provider_untrusted"),
        (
            "of another issuer",
            Signed::Rightly,
            set("iss", json!("https://x")),
            "provider_untrusted",
        ),
        ("it has expired", Signed::Rightly, set("exp", at(-120)), "provider_untrusted"),
        ("it was made long ago", Signed::Rightly, set("iat", at(-1_200)), "provider_untrusted"),
        ("it is of the future", Signed::Rightly, set("iat", at(300)), "provider_untrusted"),
        (
            "when she proved it, nobody says",
            Signed::Rightly,
            set("auth_time", Value::Null),
            "provider_untrusted",
        ),
        (
            "she proved it yesterday",
            Signed::Rightly,
            set("auth_time", at(-50_000)),
            "provider_too_long_ago",
        ),
        ("by one factor", Signed::Rightly, set("amr", json!(["pwd"])), "provider_one_factor"),
        ("nobody here", Signed::Rightly, set("sub", json!("a stranger")), "account_unknown"),
    ] {
        let token = desk.token_of(signed, change);
        assert_eq!(desk.refused(&token).await, code, "{why}");
        // Nobody is kept out by what others show.
        desk.agency.clock.shift(1_000);
    }
    assert_eq!(desk.refused("no token").await, "provider_untrusted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_one_session_of_one_program_for_who_read_the_notice() {
    let desk = Desk::start().await;
    let token = desk.token_of(Signed::Rightly, |_| ());
    // The provider was not told to know this one.
    let other = added(&desk.agency, "rms", &["--scope", "ask"]);
    let (status, said) = desk.shows(&other, &token).await;
    assert_eq!((status, said["code"].as_str()), (403, Some("provider_program_unknown")), "{said}");
    assert!(said["detail"].as_str().expect("words").contains("[provider.programs]"), "{said}");
    let unread = json!({ "provider": COUNTY, "id_token": token, "notice": "0".repeat(64) });
    let (_, said) = asks(&desk.agency, &desk.token, "POST", "/session/provider", "", &unread).await;
    assert_eq!(said["code"].as_str(), Some("notice_not_acknowledged"), "{said}");
    assert_eq!(desk.shows(&desk.token, &token).await.0, 200);
    assert_eq!(desk.refused(&token).await, "provider_too_long_ago");
    // A new token for the same proof is no new proof.
    desk.agency.clock.shift(MINUTE);
    let seconds = desk.agency.now().millis() / 1_000;
    let renewed =
        desk.token_of(Signed::Rightly, |claims| claims["auth_time"] = json!(seconds - 61));
    assert_eq!(desk.refused(&renewed).await, "provider_too_long_ago");
    assert_eq!(desk.shows(&desk.token, &desk.token_of(Signed::Rightly, |_| ())).await.0, 200);
    // While the provider is away, what it signed before holds by its keys of before.
    desk.agency.clock.shift(MINUTE);
    desk.provider.goes_away(true);
    assert_eq!(desk.shows(&desk.token, &desk.token_of(Signed::Rightly, |_| ())).await.0, 200);
    let said = asks(&desk.agency, "nobody's", "POST", "/session/provider", SESSION, &unread).await;
    assert_eq!(said.0, 401, "{said:?}");
}
