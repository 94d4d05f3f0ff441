//! An agency in one zone, a browser in another: what pages and papers say is the agency's time, and says of
//! which zone; the hour that comes twice in November is told apart.

use ingest::ImportedRead;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::fixtures::{OFFICER, PLATE, reads};
use tests::looks::sign_in;
use tests::signing_in::{administrator, enrolled};

#[tokio::test(flavor = "multi_thread")]
async fn times_are_the_agencys_with_their_zone_and_an_hour_that_comes_twice_is_two() {
    let mut agency = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    agency.stop().await;
    let settings = agency.home().join("accord.toml");
    let text = std::fs::read_to_string(&settings).expect("the configuration");
    let text = format!("time_zone = \"America/Los_Angeles\"\n{text}");
    std::fs::write(&settings, text).expect("the configuration");
    agency.run().await;
    let admin = administrator(&mut agency).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&agency, &agency.admin(), &officer, false).await;
    let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
    // Half past one, before the clocks go back and an hour later.
    let twice = [at("2026-11-01T08:30:00Z"), at("2026-11-01T09:30:00Z")];
    let one = reads(agency.id(), PLATE, 1, agency.now()).remove(0);
    let made = twice.map(|at| {
        let id = ReadId::of_sighting(one.camera.as_str(), at, &one.plate);
        ImportedRead::new(Read { at, id, ..one.clone() })
    });
    agency.import(made.into()).await;

    let browser = Browser::open(true).await;
    browser.zone("Asia/Tokyo").await;
    sign_in(&browser, &agency, &officer).await;
    browser.press("nav a[href='/search']").await;
    let said = browser.reads("Days of America/Los_Angeles").await;
    assert!(said.contains(" PST") || said.contains(" PDT"), "the end of the session: {said}");
    browser.fill("#plate", PLATE).await;
    browser.run("document.querySelector('#from').value = '2026-11-01'").await;
    browser.run("document.querySelector('#until').value = '2026-11-01'").await;
    browser.fill("#case", "26-00417").await;
    browser.fill("#purpose", "Stolen vehicle").await;
    browser.fill("#reason", "vehicle reported stolen, suspect fled north").await;
    browser.press("button[value=ask]").await;
    let said = browser.reads("That was all").await;
    for told in [
        "2 reads of 1 agency",
        "2026-11-01 01:30 PDT",
        "2026-11-01 01:30 PST",
        // The day in which that hour is has twenty-five.
        "Searched 2026-11-01 00:00 PDT until 2026-11-02 00:00 PST",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(!said.contains("UTC") && !said.contains("JST"), "{said}");
    browser.press(".leave button").await;
    browser.reads("restricted system").await;

    sign_in(&browser, &agency, &admin).await;
    browser.press("nav a[href='/audit']").await;
    browser.press("form[action='/reports'] button").await;
    let said = browser.reads("1 row").await;
    assert!(said.contains(" PST") || said.contains(" PDT"), "{said}");
    assert!(!said.contains("UTC") && !said.contains("JST"), "{said}");
    let printed = browser.printed().await;
    assert!(printed.starts_with(b"%PDF"));
}
