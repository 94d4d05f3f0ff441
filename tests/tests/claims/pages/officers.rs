//! What officers do beside a plain search: all answers in one timeline, what was asked before, a case that is
//! said once, a refusal that becomes a request, one's own photographs, keys alone, no script.

use ingest::ImportedRead;
use schemas::entry::EntryKind as Kind;
use schemas::image::View;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::federation::{in_force, introduce};
use tests::fixtures::{OFFICER, PLATE, reads};
use tests::looks::{is_readable, keep, origin, sign_in};
use tests::signing_in::{Person, administrator, enrolled};
use tests::wait::eventually;

/// An agency with pages whose officer asks another and searches reads of its own.
async fn two() -> (Agency, Agency, Person) {
    let mut asking = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let owning = Agency::of(Plan::of("owning-ca-pd")).await;
    administrator(&mut asking).await;
    owning.add_reads(PLATE, 3).await;
    asking.add_reads(PLATE, 2).await;
    introduce(&[&asking, &owning]).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&asking, &asking.admin(), &officer, false).await;
    (asking, owning, officer)
}

async fn fill_in(browser: &Browser) {
    browser.press("nav a[href='/search']").await;
    browser.fill("#plate", PLATE).await;
    browser.fill("#case", "26-00417").await;
    browser.fill("#purpose", "Stolen vehicle").await;
    browser.fill("#reason", "vehicle reported stolen, suspect fled north").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_all_owners_are_one_timeline_on_a_map_and_are_found_again() {
    let (asking, owning, officer) = two().await;
    in_force(&[&asking, &owning]).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &asking, &officer).await;
    fill_in(&browser).await;
    browser.press("button[value=ask]").await;
    let said = browser.reads("That was all").await;
    assert!(said.contains("5 reads of 2 agencies, the newest first"), "{said}");
    let rows = browser.run("return document.querySelectorAll('#timeline tbody tr').length").await;
    assert_eq!(rows, 5);
    let marks = browser.run("return document.querySelectorAll('.map .mark').length").await;
    assert_eq!(marks, 5);
    is_readable(&browser, "timeline").await;
    let before = asking.log().await.count(Kind::AnswerViewed);

    browser.press("nav a[href='/searches']").await;
    let said = browser.reads("26-00417").await;
    assert!(said.contains(PLATE) && said.contains("owning-ca-pd: 3 reads"), "{said}");
    assert!(said.contains("asking-ca-pd: 2 reads"), "{said}");
    is_readable(&browser, "my searches").await;
    browser.press("form[action^='/answers'] button").await;
    let said = browser.reads("That you look again is on record").await;
    assert!(said.contains("3 reads of 1 agency"), "{said}");
    is_readable(&browser, "kept answers").await;
    assert_eq!(asking.log().await.count(Kind::AnswerViewed), before + 1);
    browser.back().await;
    browser.press("form[action='/searches/again'] button").await;
    let filled =
        "return [document.querySelector('#plate').value, document.querySelector('#case').value]";
    eventually("the form is as it was", async || {
        (browser.run(filled).await == serde_json::json!([PLATE, "26-00417"])).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_policies_say_is_told_while_typing_and_a_case_is_said_once() {
    let (asking, owning, officer) = two().await;
    in_force(&[&asking, &owning]).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &asking, &officer).await;
    browser.press("nav a[href='/search']").await;
    browser.fill("#plate", PLATE).await;
    browser.reads("Before it can be asked: Purpose").await;
    browser.fill("#purpose", "Stolen vehicle").await;
    browser.fill("#case", "26-00417").await;
    browser.fill("#reason", "vehicle reported stolen, suspect fled north").await;
    browser.reads("Would be answered").await;
    is_readable(&browser, "search").await;
    assert_eq!(asking.log().await.count(Kind::QuerySent), 0, "nothing was sent");
    browser.press("button[value=case]").await;
    browser.reads("What you ask next is for this case").await;
    // From here on a plate is enough, from any page, and by the keyboard alone.
    browser.press("nav a[href='/searches']").await;
    browser.reads("How far back").await;
    browser.keys("/").await;
    browser.keys("CA 7abc 123\u{e007}").await;
    let said = browser.reads("That was all").await;
    assert!(said.contains("3 reads under") && said.contains("5 reads of 2 agencies"), "{said}");
    let sent = asking.log().await;
    let access = sent.one(Kind::QuerySent).body.event.access().cloned().expect("an access");
    assert_eq!(access.why.case.as_str(), "26-00417");
    assert_eq!(access.elements.plate_state.map(|state| state.to_string()).as_deref(), Some("CA"));
    browser.press("form[action='/case/end'] button").await;
    browser.reads("No case is set").await;
    browser.fill("#line", "7ABC123").await;
    browser.press("button[value=line]").await;
    browser.reads("say why you ask").await;
    assert_eq!(asking.log().await.count(Kind::QuerySent), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_becomes_a_written_request_with_one_press() {
    let (asking, owning, officer) = two().await;
    let id = in_force(&[&asking, &owning]).await;
    let (own, keys) = (owning.own(), owning.keys());
    let act = agreements::agreement::Act::Suspend;
    let why = tests::fixtures::words("the contract is looked at");
    let browser = Browser::open(true).await;
    sign_in(&browser, &asking, &officer).await;
    fill_in(&browser).await;
    // Suspended while she types; the notice has not come when she asks.
    node::admin::agreements::give_notice(own, keys, &owning.admin(), &id, act, &why)
        .await
        .expect("a notice");
    browser.press("button[value=ask]").await;
    browser.reads("That was all").await;
    browser.press("form[action='/requests/new'] button").await;
    let said = browser.reads("waits for a decision").await;
    assert!(said.contains("Maria Reyes") && said.contains("26-00417"), "{said}");
    is_readable(&browser, "own request").await;
    assert_eq!(asking.log().await.count(Kind::RequestSubmitted), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_photographs_are_looked_at_beside_the_plate_and_logged_as_a_search() {
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    administrator(&mut agency).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&agency, &agency.admin(), &officer, false).await;
    let browser = Browser::open(true).await;
    let picture = browser.picture().await;
    let photographed = reads(agency.id(), PLATE, 2, agency.now()).into_iter().map(|read| {
        let mut one = ImportedRead::new(read);
        one.add(View::Plate, "plate", picture.clone());
        one
    });
    assert_eq!(agency.import(photographed.collect()).await, 2);
    sign_in(&browser, &agency, &officer).await;
    fill_in(&browser).await;
    browser.press("button[value=ask]").await;
    browser.reads("That was all").await;
    browser.press("button[value=photographs]").await;
    browser.reads("Compare each letter with the photograph").await;
    let script = "return [...document.images].map(e => e.naturalWidth > 0)";
    eventually("both are seen", async || {
        (browser.run(script).await == serde_json::json!([true, true])).then_some(())
    })
    .await;
    is_readable(&browser, "own photographs").await;
    assert_eq!(agency.log().await.count(Kind::ReadsSearched), 2);
}

/// Presses Tab until the element that a selector names has the focus.
async fn tab_to(browser: &Browser, selector: &str) {
    let there = format!("return document.activeElement.matches({selector:?})");
    for _ in 0..80 {
        if browser.run(&there).await == serde_json::json!(true) {
            return;
        }
        browser.keys("\u{e004}").await;
    }
    panic!("Tab never comes to {selector}");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_notice_to_the_answer_by_the_keyboard_alone() {
    let (asking, owning, officer) = two().await;
    in_force(&[&asking, &owning]).await;
    let browser = Browser::open(true).await;
    browser.go(&origin(&asking)).await.expect("the first page");
    browser.reads("restricted system").await;
    is_readable(&browser, "notice").await;
    tab_to(&browser, "#user").await;
    browser.keys(officer.user.as_str()).await;
    tab_to(&browser, "#password").await;
    browser.keys(&officer.password).await;
    tab_to(&browser, "#code").await;
    browser.keys(&officer.attempt(&asking, asking.now()).code).await;
    browser.keys("\u{e007}").await;
    browser.reads("You are signed in").await;
    browser.keys("\u{e007}").await;
    browser.reads("What waits for you").await;
    tab_to(&browser, "nav a[href='/search']").await;
    browser.keys("\u{e007}").await;
    browser.reads("Whom to ask").await;
    tab_to(&browser, "#plate").await;
    browser.keys(PLATE).await;
    tab_to(&browser, "#case").await;
    browser.keys("26-00417").await;
    tab_to(&browser, "#purpose").await;
    browser.keys("Stolen v").await;
    tab_to(&browser, "#reason").await;
    browser.keys("vehicle reported stolen, suspect fled north\u{e007}").await;
    let said = browser.reads("That was all").await;
    assert!(said.contains("3 reads under"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_without_a_script() {
    let (asking, owning, officer) = two().await;
    in_force(&[&asking, &owning]).await;
    let browser = Browser::open(true).await;
    browser.scripts(false).await;
    sign_in(&browser, &asking, &officer).await;
    fill_in(&browser).await;
    browser.press("button[value=explain]").await;
    browser.reads("Would be answered").await;
    browser.press("button[value=ask]").await;
    let said = browser.reads("That was all").await;
    assert!(said.contains("5 reads of 2 agencies"), "{said}");
    keep(&browser, "answers without scripts").await;
    browser.press("nav a[href='/searches']").await;
    browser.press("form[action^='/answers'] button").await;
    browser.reads("That you look again is on record").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_keeps_the_form_until_its_person_has_signed_in_again() {
    let (asking, owning, officer) = two().await;
    in_force(&[&asking, &owning]).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &asking, &officer).await;
    fill_in(&browser).await;
    for agency in [&asking, &owning] {
        agency.clock.shift(31 * 60_000);
    }
    browser.press("button[value=ask]").await;
    // What is told while she types may have met the end before.
    browser.reads("restricted system").await;
    assert_eq!(asking.log().await.count(Kind::QuerySent), 0, "nothing was sent");
    browser.fill("#user", officer.user.as_str()).await;
    browser.fill("#password", &officer.password).await;
    browser.fill("#code", &officer.attempt(&asking, asking.now()).code).await;
    browser.press("form[action='/sign-in'] button").await;
    browser.reads("What you had filled in when your session ended is kept").await;
    browser.press("form[action='/search'] button").await;
    let said = browser.reads("That was all").await;
    assert!(said.contains("5 reads of 2 agencies"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evidence_of_a_case_is_downloaded_and_checks_with_stock_tools() {
    let (asking, owning, officer) = two().await;
    in_force(&[&asking, &owning]).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &asking, &officer).await;
    fill_in(&browser).await;
    browser.press("button[value=ask]").await;
    browser.reads("That was all").await;
    browser.press("nav a[href='/']").await;
    browser.press("a[href='/evidence']").await;
    browser.fill("#case", "26-99999").await;
    is_readable(&browser, "evidence").await;
    browser.press("main button.first").await;
    browser.reads("nothing is on record here for case").await;
    browser.press("nav a[href='/searches']").await;
    browser.reads("26-00417").await;
    // What the button sends, and what comes.
    let script = "const form = document.querySelector(\"form[action='/evidence']\");\
        const asking = new XMLHttpRequest();\
        asking.open('POST', '/evidence', false);\
        asking.overrideMimeType('text/plain; charset=x-user-defined');\
        asking.setRequestHeader('content-type', 'application/x-www-form-urlencoded');\
        asking.send(new URLSearchParams(new FormData(form)).toString());\
        const bytes = [...asking.responseText].map(c => c.charCodeAt(0) & 255);\
        return [asking.getResponseHeader('content-disposition'), bytes]";
    let came = browser.run(script).await;
    assert_eq!(came[0], "attachment; filename=\"evidence-26-00417.tar\"");
    let bytes: Vec<u8> = serde_json::from_value(came[1].clone()).expect("bytes");
    let dir = tempfile::TempDir::new().expect("a directory");
    std::fs::write(dir.path().join("package.tar"), bytes).expect("a file");
    let check = "tar -xf package.tar && cd evidence-26-00417 \
        && sha256sum --quiet --check manifest-sha256.txt tagmanifest-sha256.txt \
        && grep -c 7ABC123 data/own/reads.jsonl";
    let mut shell = std::process::Command::new("sh");
    let checked = shell.args(["-c", check]).current_dir(dir.path()).output().expect("a shell");
    assert!(checked.status.success(), "{checked:?}");
    assert_eq!(String::from_utf8_lossy(&checked.stdout).trim(), "2");
    let log = asking.log().await;
    assert_eq!(log.one(Kind::EvidenceExported).body.actor.user.as_ref(), Some(&officer.user));
}
