//! A search of hundreds of owners with thousands of reads, as an officer meets it in a real browser: what is
//! asserted are sizes and counts; times are printed.

use schemas::entry::EntryKind as Kind;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::fixtures::{OFFICER, PLATE};
use tests::looks::{is_readable, sign_in};
use tests::many_owners::{Says, owners};
use tests::signing_in::{administrator, enrolled};

/// Largest page, in bytes.
const LARGEST: u64 = 1_000_000;
const OWNERS: usize = 300;
/// Reads of each that has some: 10,000 in all.
const READS: usize = 43;

/// Every tenth refuses, every tenth has nothing, and a few do not answer.
fn says(n: usize) -> Says {
    match n % 20 {
        0 | 10 => Says::No,
        1 | 11 => Says::Reads(0),
        2 if n < 60 => Says::Nothing,
        _ => Says::Reads(READS),
    }
}

/// The bytes of the page that is shown, after how many milliseconds its first came, and its last.
async fn came(browser: &Browser, what: &str) -> u64 {
    let script = "const one = performance.getEntriesByType('navigation')[0];
        return [one.decodedBodySize, one.responseStart - one.requestStart, one.responseEnd - one.requestStart]";
    let came = browser.run(script).await;
    let number = |n: usize| came[n].as_f64().unwrap_or_default();
    println!(
        "{what}: {:.0} kB, first byte after {:.0} ms, all of it after {:.0} ms",
        number(0) / 1e3,
        number(1),
        number(2)
    );
    came[0].as_f64().map_or(0, |bytes| bytes as u64)
}

/// Wherever the page is scrolled to, what an officer has to verify stands in the window.
async fn verify_is_seen(browser: &Browser) {
    for share in ["0", "0.3", "0.7", "1"] {
        let script = format!(
            "window.scrollTo(0, {share} * document.documentElement.scrollHeight);
             const seen = document.querySelector('.verify').getBoundingClientRect();
             return seen.top >= -1 && seen.bottom <= innerHeight && seen.height > 0"
        );
        assert_eq!(browser.run(&script).await, true, "scrolled to {share}");
    }
}

/// Presses the first of the buttons that turn pages, with the bar above out of its way.
async fn turn(browser: &Browser) {
    let turn = "form[action^='/answers'] button";
    let there = format!("document.querySelector({turn:?})?.scrollIntoView({{ block: 'center' }})");
    browser.run(&there).await;
    browser.press(turn).await;
}

/// When the reads of this page were seen, in their order, with their numbers.
async fn times(browser: &Browser) -> Vec<(u64, String)> {
    let script = "return [...document.querySelectorAll('#timeline tbody tr')]
        .map(row => [Number(row.cells[0].textContent), row.cells[2].textContent])";
    serde_json::from_value(browser.run(script).await).expect("numbers and times")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_of_hundreds_of_owners_stays_a_page_that_is_read_and_turned() {
    let have = (0..OWNERS).filter(|n| says(*n) == Says::Reads(READS)).count();
    let reads = have * READS;
    assert!(reads > 10_000, "{reads}");
    let mut asking = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    administrator(&mut asking).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&asking, &asking.admin(), &officer, false).await;
    let begun = std::time::Instant::now();
    let _owners = owners(&asking, OWNERS, says).await;
    println!("{OWNERS} owners made in {:.0} s", begun.elapsed().as_secs_f64());

    let browser = Browser::open(true).await;
    sign_in(&browser, &asking, &officer).await;
    browser.press("nav a[href='/search']").await;
    browser.reads(&format!("All {OWNERS} agencies that give us authority")).await;
    browser.fill("#plate", PLATE).await;
    browser.fill("#case", "26-00417").await;
    browser.fill("#purpose", "Stolen vehicle").await;
    browser.fill("#reason", "vehicle reported stolen, suspect fled north").await;
    is_readable(&browser, "search of many").await;
    browser.press("button[value=ask]").await;
    let said = browser.reads("That was all").await;
    assert!(came(&browser, "answers").await < LARGEST);
    assert!(
        said.contains(&format!("{reads} reads of {have} agencies, the newest first")),
        "{said}"
    );
    let of = |says_so: Says| (0..OWNERS).filter(|n| says(*n) == says_so).count();
    // One's own node, which was searched too, has none.
    let groups = [
        ("Refused", of(Says::No)),
        ("No read", of(Says::Reads(0)) + 1),
        ("Not heard", of(Says::Nothing)),
    ];
    for (group, agencies) in groups {
        assert!(said.contains(&format!("{group}: {agencies} agencies")), "{group}: {said}");
    }
    // Groups, not a line each: what is folded away is not read.
    assert!(!said.contains("owner-000-ca-pd"), "a refused owner stands in its group: {said}");
    verify_is_seen(&browser).await;
    is_readable(&browser, "answers of many").await;

    let first = times(&browser).await;
    assert_eq!((first.len(), first[0].0), (100, 1));
    assert!(first.windows(2).all(|pair| pair[0].1 >= pair[1].1), "the newest first: {first:?}");
    turn(&browser).await;
    browser.reads("here are numbers 101 to 200").await;
    assert!(came(&browser, "the next page").await < LARGEST);
    let second = times(&browser).await;
    assert_eq!((second.len(), second[0].0), (100, 101));
    assert!(first.last().expect("reads").1 >= second[0].1, "they go on: {second:?}");
    verify_is_seen(&browser).await;
    is_readable(&browser, "answers of many, turned").await;
    // Back to where one was.
    turn(&browser).await;
    browser.reads("here are numbers 1 to 100").await;
    assert_eq!(times(&browser).await, first);
    assert!(browser.address().await.ends_with("#timeline"));
    assert!(came(&browser, "the page before").await < LARGEST);
    browser.press("nav a[href='/searches']").await;
    let said = browser.reads(&format!("{reads} reads")).await;
    assert!(said.contains(&format!("{OWNERS} agencies")), "{said}");
    assert!(came(&browser, "my searches").await < LARGEST);
    is_readable(&browser, "my searches of many").await;
    let log = asking.log().await;
    assert_eq!(log.count(Kind::QuerySent), OWNERS, "each is asked once");
}
