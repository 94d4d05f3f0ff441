//! What approving officials do: an agreement is proposed, read, signed and suspended, and a request is decided
//! by two at once.

use agreements::policy::Policy;
use schemas::entry::EntryKind as Kind;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::federation::{in_force, introduce};
use tests::fixtures::{OFFICER, PLATE};
use tests::looks::{is_readable, keep_file, sign_in};
use tests::officials::add_supervisor;
use tests::signing_in::{administrator, enrolled};
use tests::wait::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_proposed_read_signed_suspended_and_resumed() {
    let mut port = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let mut city = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    let (there, here) = (administrator(&mut port).await, administrator(&mut city).await);
    introduce(&[&port, &city]).await;
    let (proposing, signing) = (Browser::open(true).await, Browser::open(true).await);
    sign_in(&proposing, &port, &there).await;
    proposing.press("nav a[href='/agreements']").await;
    proposing.press("a[href='/agreements/new']").await;
    proposing.fill("#slug", "city-2026").await;
    proposing.press("input[name=party]").await;
    is_readable(&proposing, "proposing").await;
    proposing.press("main button.first").await;
    proposing.reads("You sign this text and nothing else").await;
    is_readable(&proposing, "proposal").await;
    proposing.press("main button.first").await;
    proposing.reads("How it stands").await;
    assert_eq!(port.log().await.count(Kind::AgreementProposed), 1);

    city.wait_for_log("the proposal", |log| {
        (log.count(Kind::AgreementReceived) == 1).then_some(())
    })
    .await;
    sign_in(&signing, &city, &here).await;
    signing.reads("waits for our signature").await;
    signing.press("main li a").await;
    signing.reads("You sign the text above").await;
    is_readable(&signing, "agreement to sign").await;
    let digest = signing
        .run("return document.querySelector('form[action=\"/agreements/sign\"] [name=digest]').value")
        .await;
    signing.press("form[action='/agreements/sign'] button.first").await;
    let said = signing.reads("In force").await;
    assert!(said.contains(digest.as_str().expect("a digest")), "{said}");
    keep_file("agreement.pdf", &signing.printed().await);
    port.wait_for_log("the signature", |log| {
        (log.count(Kind::AgreementAdhered) == 1).then_some(())
    })
    .await;

    signing.fill("#reason-suspend", "the board wants to look at it").await;
    signing.press("button[value=suspend]").await;
    signing.reads("Resume our side").await;
    is_readable(&signing, "agreement suspended").await;
    // The other side reads who, since when and why.
    eventually("the notice has come", async || {
        proposing.press("nav a[href='/agreements']").await;
        let said = proposing.text().await;
        (said.contains("Suspended by owning-ca-pd since") && said.contains("the board wants"))
            .then_some(())
    })
    .await;
    is_readable(&proposing, "agreements").await;
    signing.fill("#reason-resume", "the board has looked at it").await;
    signing.press("button[value=resume]").await;
    signing.reads("Suspend our side").await;
    assert_eq!(city.log().await.count(Kind::AgreementResumed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_officials_who_decide_one_request_the_second_is_told_and_nothing_changes() {
    let mut agency = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    let asking = Agency::of(Plan::of("asking-ca-pd")).await;
    let admin = administrator(&mut agency).await;
    introduce(&[&asking, &agency]).await;
    super::people_at_work::submitted(&asking, &agency).await;
    let (first, second) = (Browser::open(true).await, Browser::open(true).await);
    sign_in(&first, &agency, &admin).await;
    agency.clock.shift(60_000);
    sign_in(&second, &agency, &admin).await;
    for browser in [&first, &second] {
        browser.press("main li a").await;
        browser.reads("You decide under").await;
    }
    first.fill("#reason", "as the statute says").await;
    second.fill("#reason", "not without a warrant").await;
    first.press("button[value=approve]").await;
    first.reads("Decided by").await;
    second.press("button[value=deny]").await;
    let said = second.reads("Decided by").await;
    assert!(said.contains("approved") && said.contains("as the statute says"), "{said}");
    let alert = second.run("return document.querySelector('.wrong').textContent").await;
    assert!(alert.as_str().is_some_and(|alert| !alert.is_empty()), "{alert}");
    let log = agency.log().await;
    assert_eq!((log.count(Kind::RequestApproved), log.count(Kind::RequestDenied)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subpoena_becomes_a_hold_in_one_act() {
    let mut agency = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    let admin = administrator(&mut agency).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &agency, &admin).await;
    browser.press("nav a[href='/requests']").await;
    browser.press("a[href='/requests/record']").await;
    browser.fill("#from_body", "Superior Court of Los Angeles").await;
    browser.fill("#kind", "Subpoena").await;
    browser.fill("#case", "26CV00117").await;
    browser.fill("#about", "reads of the plaintiff's car in May").await;
    browser.press("input[name=hold]").await;
    is_readable(&browser, "subpoena").await;
    browser.press("main button.first").await;
    browser.reads("a subpoena names the day").await;
    browser.run("document.querySelector('#due').value = '2027-03-01'").await;
    browser.press("main button.first").await;
    let said = browser.reads("Superior Court of Los Angeles").await;
    assert!(said.contains("26CV00117"), "{said}");
    let log = agency.log().await;
    assert_eq!((log.count(Kind::RequestRecorded), log.count(Kind::HoldPlaced)), (1, 1));
    browser.press("nav a[href='/']").await;
    browser.reads("subpoena of Superior Court of Los Angeles: answer it").await;
    browser.press("main ul.waiting a[href^='/requests/one']").await;
    browser.fill("#reason", "two reads, by mail").await;
    is_readable(&browser, "a subpoena to answer").await;
    browser.press("form[action='/requests/close'] button.first").await;
    browser.reads("All requests").await;
    browser.press("nav a[href='/requests']").await;
    let said = browser.reads("Of courts and the public").await;
    assert!(said.contains("Released, kept by hold 1"), "{said}");
    is_readable(&browser, "requests of courts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_releases_on_the_page_what_our_screening_refused() {
    let text = Policy::builtin_text("california-statute").expect("a policy");
    let named =
        "[danger]\nreleased_by = [\"supervisor\"]\nat = [\"1798.90.52(a)(4)\"]\n\n[searches]";
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text.replacen("[searches]", named, 1)).expect("a file");
    let path = file.path().to_str().expect("UTF-8");
    let mut asking = Agency::of(Plan::of("asking-ca-pd").with_pages().policy(path)).await;
    let owning = Agency::of(Plan::of("owning-ca-pd")).await;
    administrator(&mut asking).await;
    introduce(&[&asking, &owning]).await;
    in_force(&[&asking, &owning]).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&asking, &asking.admin(), &officer, false).await;
    let supervisor = add_supervisor(&asking, "s.lee", "Sam Lee", "Sergeant").await;
    let supervisor = enrolled(&asking, &asking.admin(), &supervisor.user, false).await;
    let hers = Browser::open(true).await;
    sign_in(&hers, &asking, &officer).await;
    hers.press("nav a[href='/search']").await;
    hers.fill("#plate", PLATE).await;
    hers.fill("#purpose", "Stolen vehicle").await;
    hers.fill("#reason", "armed, fled northbound").await;
    hers.press("details:has(#danger) summary").await;
    hers.fill("#danger", "hostage in the car, shots fired").await;
    hers.press("button[value=ask]").await;
    hers.reads("It waits for another person to release it").await;
    is_readable(&hers, "waits to be released").await;

    let browser = Browser::open(true).await;
    sign_in(&browser, &asking, &supervisor).await;
    browser.reads("our screening refused the reason").await;
    browser.press("main ul.waiting a[href='/releases']").await;
    browser.reads("hostage in the car").await;
    is_readable(&browser, "queries to release").await;
    browser.fill("input[name=reason]", "heard the shots on the air").await;
    browser.press("button[value=released]").await;
    let said = browser.reads("Released: owning-ca-pd").await;
    assert!(said.contains("No query waits to be released"), "{said}");
    // The statute's screening is the owner's too, and it still decides.
    assert!(said.contains("owning-ca-pd refused"), "{said}");
    let log = owning.log().await;
    let by = log.one(Kind::QueryRefused).access().released_by.clone().expect("who released it");
    assert_eq!((by.user.as_str(), by.reason.as_str()), ("s.lee", "heard the shots on the air"));
    // And from that refusal an urgent request is one press.
    hers.press("nav a[href='/searches']").await;
    hers.reads("owning-ca-pd refused").await;
    hers.press("form[action='/requests/new'] button").await;
    let said = hers.reads("A life is in danger").await;
    assert!(said.contains("hostage in the car") && said.contains("urgent:"), "{said}");
}
