//! Security keys, in a real browser: who holds one and can unlock it signs in by it alone, and nobody else
//! does, whatever is replayed, copied or stolen.

use node::sign_in::{enrol, revoke};
use schemas::authenticator::SessionEnd;
use schemas::entry::EntryKind as Kind;
use schemas::query::UserName;
use schemas::user::User;
use serde_json::Value;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::fixtures::{OFFICER, words};
use tests::signing_in::{Person, attempt, door, enrolled};

const FROM_HERE: &str = "form[action='/sign-in/key'] button";

fn origin(agency: &Agency) -> String {
    agency.node().app.config.origin.clone().expect("pages").to_string()
}

async fn agency() -> Agency {
    Agency::of(Plan::of("asking-ca-pd").with_pages()).await
}

fn officer() -> UserName {
    OFFICER.parse().expect("a user name")
}

/// The page on which somebody who was handed a code chooses how she signs in.
async fn with_a_code(browser: &Browser, agency: &Agency) {
    let given = enrol(agency.own(), &agency.admin(), &officer(), &words("in person")).await;
    let (_, code) = given.expect("an enrolment");
    browser.go(&format!("{}/enrol", origin(agency))).await.expect("the page");
    browser.fill("#code", &code).await;
    browser.press("button").await;
    browser.reads("Use a security key").await;
}

/// An officer whose key is bound, and who has left again.
async fn holder(agency: &Agency) -> (Browser, String) {
    let browser = Browser::open(true).await;
    let key = browser.plug_in_key(false).await;
    with_a_code(&browser, agency).await;
    browser.press("form[action='/enrol/key'] button").await;
    browser.reads("Your key is bound").await;
    browser.go(&origin(agency)).await.expect("home");
    browser.reads("What waits for you").await;
    browser.press(".leave button").await;
    browser.reads("restricted system").await;
    (browser, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_signs_its_person_in_without_a_name_and_proves_her_again() {
    let agency = agency().await;
    let (browser, _) = holder(&agency).await;
    // One touch of the button and one of the key, which unlocks itself here.
    let began = std::time::Instant::now();
    browser.press(FROM_HERE).await;
    browser.reads("You are signed in").await;
    println!("sign-in by a key: two touches, {:?}", began.elapsed());
    let log = agency.log().await;
    assert_eq!(log.last(Kind::AuthenticatorBound).detail("bound")[0]["kind"], "security_key");
    let told = log.last(Kind::SignInSucceeded);
    assert_eq!(told.detail("way").as_str(), Some("security_key"), "{told:?}");
    // A quarter of an hour later what is privileged takes the key again.
    agency.clock.shift(16 * 60_000);
    browser.go(&format!("{}/account", origin(&agency))).await.expect("the page");
    browser.reads("a security key, since").await;
    browser.press("form[action='/account/card'] button:not([data-challenge])").await;
    browser.reads("prove again who you are").await;
    browser.back().await;
    browser.press("form[action='/account/card'] [data-challenge]").await;
    browser.reads("Print this page now").await;
    // Nothing in the database is worth anything to who reads it, and the log holds no key.
    let again = agency.log().await;
    assert_eq!(again.last(Kind::SignInSucceeded).detail("again").as_bool(), Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_key_is_bound_by_who_is_signed_in_and_each_counts_until_it_is_revoked() {
    let agency = agency().await;
    let (browser, first) = holder(&agency).await;
    browser.press(FROM_HERE).await;
    browser.reads("You are signed in").await;
    browser.go(&format!("{}/account", origin(&agency))).await.expect("the page");
    browser.press("form[action='/account/key'] button").await;
    browser.reads("This key is bound to you already").await;
    browser.unplug(&first).await;
    let second = browser.plug_in_key(false).await;
    browser.press("form[action='/account/key'] button").await;
    let count = || {
        let state = agency.own().registry.state();
        state.sign_in.of(&officer()).count()
    };
    tests::wait::eventually("both are bound", async || (count() == 2).then_some(())).await;
    // Who acts at the desk of an administrator revokes the second one: its session is over.
    let last = agency.log().await;
    let bound = last.last(Kind::AuthenticatorBound).detail("bound")[0]["id"].clone();
    let id = bound.as_str().expect("an id").parse().expect("an id");
    revoke(door(&agency), &agency.admin(), &id, &words("lost")).await.expect("revoked");
    browser.go(&origin(&agency)).await.expect("home");
    browser.reads("has ended").await;
    browser.press(FROM_HERE).await;
    browser.reads("is not right").await;
    assert_eq!(browser.inside(&second).await.len(), 1, "the key itself knows nothing of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_can_be_copied_or_does_not_ask_who_holds_it_is_not_taken() {
    let agency = agency().await;
    let browser = Browser::open(true).await;
    let synced = browser.plug_in_key(true).await;
    with_a_code(&browser, &agency).await;
    browser.press("form[action='/enrol/key'] button").await;
    browser.reads("copies it to other devices").await;
    browser.unplug(&synced).await;
    let unlocked = browser.plug_in_key(false).await;
    browser.verifies(&unlocked, false).await;
    browser.press("form[action='/enrol/key'] button").await;
    browser.reads("its PIN was not right").await;
    assert_eq!(agency.own().registry.state().sign_in.of(&officer()).count(), 0);
}

/// Has the key answer a challenge of this site; both as a form would send them.
async fn answered(browser: &Browser) -> (String, String) {
    let script = "const asked = await fetch('/sign-in/key/challenge', { method: 'POST' });
        const { challenge, options } = await asked.json();
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
        const credential = await navigator.credentials.get({ publicKey });
        return [challenge, JSON.stringify(credential)];";
    let script = format!("return (async () => {{ {script} }})();");
    let both = browser.run(&script).await;
    let text = |at: usize| both[at].as_str().expect("text").to_owned();
    (text(0), text(1))
}

/// Sends a form of a key from the page itself; what it says.
async fn sends(browser: &Browser, (challenge, credential): &(String, String)) -> String {
    let pair = serde_json::to_string(&[challenge, credential]).expect("JSON");
    let script = format!(
        "const [challenge, credential] = {pair};
         const notice = document.querySelector('[name=notice]').value;
         const body = new URLSearchParams({{ challenge, credential, notice }});
         return (async () => (await fetch('/sign-in/key', {{ method: 'POST', body }})).text())();"
    );
    browser.run(&script).await.as_str().expect("a page").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_has_answered_counts_once_in_time_and_for_its_own_challenge() {
    let agency = agency().await;
    let (browser, _) = holder(&agency).await;
    let signed_in = "You are signed in";
    let one = answered(&browser).await;
    let other = answered(&browser).await;
    let crossed = (one.0.clone(), other.1.clone());
    assert!(sends(&browser, &crossed).await.contains("is not right"), "of another challenge");
    assert!(sends(&browser, &one).await.contains("asked for too long ago"), "that one is spent");
    assert!(sends(&browser, &other).await.contains(signed_in));
    assert!(sends(&browser, &other).await.contains("asked for too long ago"), "twice");
    let late = answered(&browser).await;
    agency.clock.shift(6 * 60_000);
    assert!(sends(&browser, &late).await.contains("asked for too long ago"), "too late");
    // Changed by one letter anywhere in it, it verifies nothing.
    let good = answered(&browser).await;
    let mut credential: Value = serde_json::from_str(&good.1).expect("JSON");
    let signature = credential["response"]["signature"].as_str().expect("a signature").to_owned();
    let (before, after) = signature.split_at(signature.len() / 2);
    let flipped = if after.starts_with('A') { "B" } else { "A" };
    let changed = format!("{before}{flipped}{}", &after[1..]);
    credential["response"]["signature"] = changed.into();
    assert!(sends(&browser, &(good.0, credential.to_string())).await.contains("is not right"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_key_that_counts_behind_it_signs_nobody_in() {
    let agency = agency().await;
    let (browser, key) = holder(&agency).await;
    let copied = browser.inside(&key).await.pop().expect("what it holds");
    for _ in 0..2 {
        let shown = answered(&browser).await;
        assert!(sends(&browser, &shown).await.contains("You are signed in"));
    }
    browser.unplug(&key).await;
    let copy = browser.plug_in_key(false).await;
    browser.put_inside(&copy, &copied).await;
    let shown = answered(&browser).await;
    assert!(sends(&browser, &shown).await.contains("is not right"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_passwords_leaves_a_key_its_way_in_and_a_stop_does_not() {
    let agency = agency().await;
    let (browser, _) = holder(&agency).await;
    for n in 0..12 {
        let wrong = attempt(&agency, OFFICER, "not at all her password", "000000");
        let from = format!("console, 10.0.0.{n}");
        drop(node::sign_in::sign_in(door(&agency), &wrong, &from).await);
    }
    assert!(agency.own().registry.state().sign_in.locks.contains_key(&officer()));
    let shown = answered(&browser).await;
    assert!(sends(&browser, &shown).await.contains("You are signed in"), "her key is hers");
    let by = agency.admin();
    drop(agency.node().app.disable(&by, &officer(), &words("left")).await.expect("stopped"));
    let shown = answered(&browser).await;
    assert!(sends(&browser, &shown).await.contains("is not right"), "she may act no longer");
    let log = agency.log().await;
    let why: Vec<_> = log.all(Kind::SessionEnded);
    let stopped = SessionEnd::Stopped.code();
    assert!(why.iter().any(|one| one.detail("why").as_str() == Some(stopped)), "{why:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_proves_herself_again_by_the_key_of_another() {
    let agency = agency().await;
    let (browser, _) = holder(&agency).await;
    let admin: Person = {
        let by = agency.admin();
        let other: UserName = "b.other".parse().expect("a user name");
        let state = agency.own().registry.state();
        let like = state.users.get(&officer()).expect("the officer").clone();
        let user = User { name: other.clone(), full_name: words("Other Officer"), ..like };
        drop(node::admin::people::add(agency.own(), &by, &user).await.expect("a user"));
        enrolled(&agency, &by, &other, false).await
    };
    browser.fill("#user", admin.user.as_str()).await;
    browser.fill("#password", &admin.password).await;
    let code = admin.attempt(&agency, agency.now()).code;
    browser.fill("#code", &code).await;
    browser.press("form[action='/sign-in'] button").await;
    browser.reads("You are signed in").await;
    agency.clock.shift(16 * 60_000);
    browser.go(&format!("{}/account", origin(&agency))).await.expect("the page");
    let (challenge, credential) = answered(&browser).await;
    let pair = serde_json::to_string(&[challenge, credential]).expect("JSON");
    let script = format!(
        "const [challenge, credential] = {pair};
         const form = document.querySelector('[name=form]').value;
         const body = new URLSearchParams({{ challenge, credential, form }});
         return (async () => (await fetch('/account/card', {{ method: 'POST', body }})).text())();"
    );
    let said = browser.run(&script).await;
    assert!(said.as_str().expect("a page").contains("is not right"), "{said}");
}
