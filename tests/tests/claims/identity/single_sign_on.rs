//! Single sign-on, against a provider that says whatever an attacker would have it say: each of these was an
//! attack, or a day on which something of the provider was away.

use ::sign_in::provider::Answer;
use ::sign_in::{Secret, Token};
use node::permission::ActError;
use node::sign_in::{
    CameBack, SignedIn, begin_account_enrolment, begin_sign_on, come_back, enrol, principal,
    revoke, sweep,
};
use schemas::entry::EntryKind as Kind;
use schemas::query::UserName;
use schemas::time::Timestamp;
use serde_json::{Value, json};
use tests::agency::{Agency, Plan};
use tests::fixtures::{OFFICER, words};
use tests::provider::{Back, Provider, SECRET, Signed};
use tests::signing_in::{door, enrolled};

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HERE: &str = "console, 10.1.2.3";
pub(super) const COUNTY: &str = "county";
pub(super) const REYES: &str = "7f3a-of-reyes";

/// Somebody's browser on its way to the provider.
pub(super) struct Sent {
    pub(super) address: String,
    pub(super) kept: String,
}

pub(super) async fn sent(agency: &Agency, anew: bool) -> Sent {
    let notice = door(agency).notice().digest;
    let began = begin_sign_on(door(agency), COUNTY, &notice, anew, HERE).await;
    let began = began.expect("the way there");
    Sent { address: began.address, kept: began.kept }
}

pub(super) async fn returns(
    agency: &Agency,
    sent: &Sent,
    back: &Back,
) -> Result<CameBack, ActError> {
    let answer = Answer { code: &back.code, state: &back.state, issuer: "", error: "" };
    come_back(door(agency), COUNTY, &sent.kept, &answer, HERE).await
}

pub(super) fn session(came: Result<CameBack, ActError>) -> SignedIn {
    match came.expect("somebody") {
        CameBack::SignedIn(one) | CameBack::Enrolled(one) | CameBack::Renewed(one) => one,
        CameBack::Bound => panic!("nobody is signed in by that"),
    }
}

pub(super) fn code_of(came: Result<CameBack, ActError>) -> String {
    came.expect_err("nobody").code().to_owned()
}

pub(super) async fn enrolment(agency: &Agency, user: &UserName) -> Secret {
    let given = enrol(agency.own(), &agency.admin(), user, &words("in person")).await;
    given.expect("an enrolment").1.to_string().into()
}

pub(super) async fn enrols(
    agency: &Agency,
    provider: &Provider,
    user: &str,
    subject: &str,
) -> SignedIn {
    let code = enrolment(agency, &user.parse().expect("a name")).await;
    let began = begin_account_enrolment(door(agency), COUNTY, &code, HERE).await;
    let began = began.expect("the way there");
    assert!(began.address.contains("prompt=login"));
    let sent = Sent { address: began.address, kept: began.kept };
    let back = provider.vouches(&sent.address, subject, agency.now());
    session(returns(agency, &sent, &back).await)
}

/// An agency that trusts a provider, and its officer, who is enrolled by it; a minute later.
pub(super) async fn agency_and_provider() -> (Agency, Provider) {
    agency_with(|_| ()).await
}

pub(super) async fn agency_with(
    change: impl FnOnce(&mut ::sign_in::provider::Settings),
) -> (Agency, Provider) {
    let provider = Provider::start().await;
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let mut settings = provider.settings();
    change(&mut settings);
    agency.trusts(&settings, SECRET).await;
    enrols(&agency, &provider, OFFICER, REYES).await;
    agency.clock.shift(MINUTE);
    (agency, provider)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_enrolled_by_a_provider_signs_in_by_it_and_the_log_says_how() {
    let (agency, provider) = agency_and_provider().await;
    let way = sent(&agency, false).await;
    assert!(way.address.contains("max_age=43200") && way.address.contains("acr_values=urn%3Atwo"));
    let proved = agency.now().plus_millis(-20_000);
    let back =
        provider.vouches_with(&way.address, REYES, agency.now(), Signed::Rightly, |claims| {
            claims["auth_time"] = json!(proved.millis() / 1_000);
        });
    let signed_in = session(returns(&agency, &way, &back).await);
    let log = agency.log().await;
    let bound = log.last(Kind::AuthenticatorBound);
    assert_eq!(bound.detail("bound")[0]["kind"], "provider_account");
    assert!(!format!("{:?}", log.entries()).contains(REYES), "the log tells nobody's account");
    let told = log.last(Kind::SignInSucceeded);
    assert_eq!(told.detail("way").as_str(), Some("single_sign_on"));
    let word = told.detail("provider");
    assert_eq!((&word["issuer"], &word["amr"]), (&json!(provider.issuer), &json!(["pwd", "otp"])));
    // She is as fresh as she was there, here.
    let whole = Timestamp::from_millis(proved.millis() / 1_000 * 1_000).expect("a time");
    assert_eq!((signed_in.session.began, signed_in.session.verified), (whole, whole));
    assert_eq!(signed_in.until, whole.plus_hours(12));
    let token = Token::shown(&signed_in.token);
    let (by, _) = principal(door(&agency), &token, HERE).await.expect("a session");
    let said = format!("single sign-on of {} (pwd otp), {HERE}", provider.issuer);
    assert!(by.auth.ends_with(&said), "{}", by.auth);
    // It rests on the account.
    let id = signed_in.session.authenticators[0];
    revoke(door(&agency), &agency.admin(), &id, &words("left")).await.expect("revoked");
    assert!(principal(door(&agency), &token, HERE).await.is_err());
    let way = sent(&agency, true).await;
    let back = provider.vouches(&way.address, REYES, agency.now());
    assert_eq!(code_of(returns(&agency, &way, &back).await), "account_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_word_that_does_not_hold_signs_anybody_in() {
    let (agency, provider) = agency_and_provider().await;
    // What is changed of the claims, with the present second.
    type Change = Box<dyn FnOnce(&mut Value, i64)>;
    let claim = |name: &'static str, value: Value| -> Change {
        Box::new(move |claims: &mut Value, _| claims[name] = value)
    };
    let seconds = |name: &'static str, later: i64| -> Change {
        Box::new(move |claims: &mut Value, now| claims[name] = json!(now + later))
    };
    let without = |name: &'static str| -> Change {
        Box::new(move |claims: &mut Value, _| {
            drop(claims.as_object_mut().expect("claims").remove(name))
        })
    };
    let as_it_is = || -> Change { Box::new(|_, _| ()) };
    let one_class = |claims: &mut Value, _| {
        claims["amr"] = json!("pwd");
        claims["acr"] = json!("urn:one");
    };
    let untrusted: Vec<(&str, Signed, Change)> = vec![
        ("not signed", Signed::Nothing, as_it_is()),
        ("signed by its public key as a secret", Signed::ByPublicKey, as_it_is()),
        ("another key of the same id", Signed::ByAnother, as_it_is()),
        ("a key that it does not show", Signed::ByUnknown, as_it_is()),
        ("changed after it was signed", Signed::ThenChanged, as_it_is()),
        ("another issuer", Signed::Rightly, claim("iss", json!("https://evil.example"))),
        ("no issuer", Signed::Rightly, without("iss")),
        ("for another client", Signed::Rightly, claim("aud", json!("another"))),
        ("for two clients", Signed::Rightly, claim("aud", json!(["accord-node", "another"]))),
        ("given to another client", Signed::Rightly, claim("azp", json!("another"))),
        ("no audience", Signed::Rightly, without("aud")),
        ("another nonce", Signed::Rightly, claim("nonce", json!("of another request"))),
        ("no nonce", Signed::Rightly, without("nonce")),
        ("expired", Signed::Rightly, seconds("exp", -61)),
        ("no end", Signed::Rightly, without("exp")),
        ("made long ago", Signed::Rightly, seconds("iat", -700)),
        ("of the future", Signed::Rightly, seconds("iat", 120)),
        ("not yet", Signed::Rightly, seconds("nbf", 120)),
        ("no time at all", Signed::Rightly, claim("exp", json!(1e300))),
        ("nobody", Signed::Rightly, claim("sub", json!(""))),
        ("it does not say when", Signed::Rightly, without("auth_time")),
        ("to be proved in an hour", Signed::Rightly, seconds("auth_time", 3_600)),
    ];
    let insufficient: Vec<(&str, &str, Change)> = vec![
        ("proved yesterday", "provider_too_long_ago", seconds("auth_time", -13 * 3_600)),
        ("by a password alone", "provider_one_factor", claim("amr", json!(["pwd"]))),
        ("by what it does not tell", "provider_one_factor", without("amr")),
        ("of another class", "provider_one_factor", Box::new(one_class)),
        ("somebody who is nobody here", "account_unknown", claim("sub", json!(OFFICER))),
    ];
    let table =
        untrusted.into_iter().map(|(what, how, change)| (what, "provider_untrusted", how, change));
    let table = table.chain(
        insufficient.into_iter().map(|(what, code, change)| (what, code, Signed::Rightly, change)),
    );
    let before = door(&agency).sessions().await.len();
    let mut count = 0_u64;
    for (what, expected, signed, change) in table {
        // Who fails often from one place has to wait.
        if count % 12 == 11 {
            agency.clock.shift(16 * MINUTE);
        }
        count += 1;
        let (way, now) = (sent(&agency, false).await, agency.now());
        let back = provider.vouches_with(&way.address, REYES, now, signed, |claims| {
            change(claims, now.millis() / 1_000);
        });
        assert_eq!(code_of(returns(&agency, &way, &back).await), expected, "{what}");
    }
    assert_eq!(door(&agency).sessions().await.len(), before);
    sweep(door(&agency), true).await.expect("counted");
    let log = agency.log().await;
    let failed = log.all(Kind::SignInFailed);
    let counted: u64 = failed.iter().filter_map(|one| one.detail("count").as_u64()).sum();
    assert_eq!(counted, count, "each is on record");
    assert!(log.all(Kind::UserLocked).is_empty(), "and locks nobody's passwords");
    let way = sent(&agency, false).await;
    let back =
        provider.vouches_with(&way.address, REYES, agency.now(), Signed::Rightly, |claims| {
            claims["amr"] = json!(["face"]);
            claims["acr"] = json!("urn:two");
        });
    session(returns(&agency, &way, &back).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_beside_what_the_browser_kept_and_nowhere_else() {
    let (agency, provider) = agency_and_provider().await;
    let (mine, other) = (sent(&agency, true).await, sent(&agency, true).await);
    let back = provider.vouches(&mine.address, REYES, agency.now());
    let answer = |state: &'static str| Answer { code: "code-2", state, issuer: "", error: "" };
    // Another's answer in this browser, this one in another browser, from elsewhere, without anything kept.
    assert_eq!(code_of(returns(&agency, &other, &back).await), "sign_in_not_begun");
    let stolen = Answer { state: &back.state, ..answer("") };
    for (kept, from) in [(mine.kept.as_str(), "console, 10.6.6.6"), ("", HERE), ("AAAA", HERE)] {
        let came = come_back(door(&agency), COUNTY, kept, &stolen, from).await;
        assert_eq!(code_of(came), "sign_in_not_begun");
    }
    let came = come_back(door(&agency), COUNTY, &mine.kept, &answer("of-nothing"), HERE).await;
    assert_eq!(code_of(came), "sign_in_not_begun");
    // A code that was given for another request: its challenge is another.
    let crossed = provider.vouches(&other.address, REYES, agency.now());
    let swapped = Back { code: crossed.code, state: back.state.clone() };
    assert_eq!(code_of(returns(&agency, &mine, &swapped).await), "provider_declined");
    // Another provider's answer, and a refusal.
    let says = |issuer: &'static str, error: &'static str| Answer {
        code: &back.code,
        state: &back.state,
        issuer,
        error,
    };
    let came =
        come_back(door(&agency), COUNTY, &mine.kept, &says("https://evil.example", ""), HERE).await;
    assert_eq!(code_of(came), "provider_untrusted");
    let refused = says("", "access_denied<script>");
    let came = come_back(door(&agency), COUNTY, &mine.kept, &refused, HERE).await.unwrap_err();
    assert!(came.to_string().contains("`access_deniedscript`"), "{came}");
    session(returns(&agency, &mine, &back).await);
    // The same again: its code is spent.
    assert_eq!(code_of(returns(&agency, &mine, &back).await), "provider_declined");
    // Too late.
    let late = sent(&agency, true).await;
    agency.clock.shift(10 * MINUTE);
    let back = provider.vouches(&late.address, REYES, agency.now());
    assert_eq!(code_of(returns(&agency, &late, &back).await), "sign_in_not_begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_time_that_somebody_proves_herself_there_opens_one_session_here() {
    let (mut agency, provider) = agency_and_provider().await;
    let proved = agency.now().millis() / 1_000;
    let remembered = |way: &Sent, now| {
        provider.vouches_with(&way.address, REYES, now, Signed::Rightly, |claims| {
            claims["auth_time"] = json!(proved);
        })
    };
    let way = sent(&agency, false).await;
    session(returns(&agency, &way, &remembered(&way, agency.now())).await);
    // After half an hour without an act the provider still remembers her; here she proves herself again,
    // after a restart too.
    agency.clock.shift(31 * MINUTE);
    agency.restart().await;
    let way = sent(&agency, false).await;
    let came = returns(&agency, &way, &remembered(&way, agency.now())).await.unwrap_err();
    assert_eq!(came.code(), "provider_too_long_ago");
    assert!(came.to_string().contains("sign in there once more"), "{came}");
    // A provider that goes by what it remembers although it was told not to.
    let way = sent(&agency, true).await;
    let came = returns(&agency, &way, &remembered(&way, agency.now())).await;
    assert_eq!(code_of(came), "provider_too_long_ago");
    let way = sent(&agency, true).await;
    let back = provider.vouches(&way.address, REYES, agency.now());
    session(returns(&agency, &way, &back).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_change_are_fetched_again_and_not_for_everybody_who_makes_one_up() {
    let (agency, provider) = agency_and_provider().await;
    let before = provider.asked("keys");
    provider.rotates("second");
    let way = sent(&agency, true).await;
    let back = provider.vouches(&way.address, REYES, agency.now());
    session(returns(&agency, &way, &back).await);
    assert_eq!(provider.asked("keys"), before + 1);
    for n in 0..8 {
        let way = sent(&agency, true).await;
        let back =
            provider.vouches_with(&way.address, REYES, agency.now(), Signed::ByUnknown, |_| ());
        assert_eq!(code_of(returns(&agency, &way, &back).await), "provider_untrusted", "{n}");
    }
    assert_eq!(provider.asked("keys"), before + 1, "a minute is not over");
    // What it said of itself is looked at again after an hour, and its old key is worth nothing then.
    agency.clock.shift(61 * MINUTE);
    let way = sent(&agency, true).await;
    assert_eq!(provider.asked("keys"), before + 2);
    let back = provider.vouches(&way.address, REYES, agency.now());
    session(returns(&agency, &way, &back).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_provider_is_away_or_another_people_are_told_what_to_do_and_other_ways_stand_open()
 {
    let (agency, provider) = agency_and_provider().await;
    let other = "c.other".parse::<UserName>().expect("a name");
    let mut person = tests::fixtures::officer(agency.now());
    person.name = other.clone();
    let added = node::admin::people::add(agency.own(), &agency.admin(), &person).await;
    added.expect("another officer");
    let other = enrolled(&agency, &agency.admin(), &other, false).await;
    agency.clock.shift(61 * MINUTE);
    let notice = door(&agency).notice().digest;
    let begin = || begin_sign_on(door(&agency), COUNTY, &notice, false, HERE);
    provider.goes_away(true);
    for _ in 0..10 {
        let away = begin().await.unwrap_err();
        assert_eq!(away.code(), "provider_unreachable");
        let said = away.to_string();
        assert!(
            said.contains("Los Robles County")
                && said.contains("with a security key, or with a password"),
            "{said}"
        );
    }
    assert_eq!(provider.asked("metadata"), 2, "it is not asked again and again");
    other.sign_in(&agency, HERE).await.expect("another way in");
    provider.goes_away(false);
    agency.clock.shift(MINUTE);
    for (key, value) in [
        ("issuer", json!("https://evil.example")),
        ("token_endpoint", json!("http://localhost/token")),
        ("code_challenge_methods_supported", json!(["plain"])),
    ] {
        let right = match key {
            "issuer" => json!(provider.issuer),
            "token_endpoint" => json!(format!("{}/token", provider.issuer)),
            _ => json!(["S256"]),
        };
        provider.says(key, value);
        assert_eq!(begin().await.unwrap_err().code(), "provider_unreachable", "{key}");
        provider.says(key, right);
        agency.clock.shift(MINUTE);
    }
    let way = sent(&agency, true).await;
    // It goes away while somebody is there.
    provider.goes_away(true);
    let back = provider.vouches(&way.address, REYES, agency.now());
    assert_eq!(code_of(returns(&agency, &way, &back).await), "provider_unreachable");
    provider.goes_away(false);
    // A provider that says who answers has to say so.
    agency.clock.shift(61 * MINUTE);
    provider.says("authorization_response_iss_parameter_supported", json!(true));
    let way = sent(&agency, true).await;
    let back = provider.vouches(&way.address, REYES, agency.now());
    assert_eq!(code_of(returns(&agency, &way, &back).await), "provider_untrusted");
}
