//! How long the node takes for each page of its console, on a database of years: `cargo bench -p tests --bench
//! pages`. From the last byte of a request until the last of its page, over TLS on this machine, a connection a
//! page; what a connection costs is the first row, a page of nothing. Nothing is asserted about time.
//!
//! `ACCORD_READS` and `ACCORD_ENTRIES` change ten million reads and a million entries of the log. Of the
//! entries one in a hundred is a search by the officer, and all of them are spread over thirty days.

#[path = "reads/drawn.rs"]
#[expect(dead_code, reason = "the benchmark of reads uses the rest")]
mod drawn;

use std::time::{Duration, Instant};

use audit_log::entries::reads::{Found, reads_searched};
use drawn::Drawn;
use ingest::ImportedRead;
use schemas::body::{Access, Actor, Outcome};
use schemas::query::UserName;
use tests::agency::{Agency, Plan};
use tests::fixtures::{DAY_MS, OFFICER, draft, query, words};
use tests::logs::WAITING;
use tests::many_owners::{Says, owners};
use tests::signing_in::{administrator, enrolled};
use tests::site::Site;

/// Reads of one durable batch.
const BATCH: u64 = 2_000;
/// How often each page is opened.
const ROUNDS: usize = 40;
/// Over how many days the entries are spread.
const DAYS: usize = 30;
/// Searches under way at once, while the log is filled.
const IN_FLIGHT: usize = 50;
/// Longer than between two times that a node asks others to hold a head over its searches.
const PACE: Duration = Duration::from_millis(600);
/// Agencies that share with this one.
const PEERS: usize = 20;

/// A number out of the environment.
fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Fills the log: searches by the officer, and entries beside them, day after day.
async fn fill_log(agency: &Agency, drawn: &Drawn, entries: usize) {
    let searches = entries / 100 / DAYS;
    for day in 0..DAYS {
        for step in 0..searches.div_ceil(IN_FLIGHT) {
            let asked = (0..IN_FLIGHT.min(searches)).map(|n| {
                let plate = drawn.plate((day * searches + step * IN_FLIGHT + n) as u64);
                let asked = draft(&[], &plate, agency.now());
                async move { agency.search_own(&asked).await }
            });
            for found in futures::future::join_all(asked).await {
                found.expect("a search");
            }
        }
        others_search(agency, drawn, entries / DAYS - searches).await;
        agency.clock.shift(DAY_MS);
    }
}

/// Entries of searches by others, of which none is made.
async fn others_search(agency: &Agency, drawn: &Drawn, count: usize) {
    let (own, other) = (agency.own(), "a.other".parse::<UserName>().expect("a user name"));
    let (state, actor) = (own.registry.state(), own.node_actor());
    for start in (0..count).step_by(WAITING) {
        let entries = (start..(start + WAITING).min(count)).map(|n| {
            let asked = query(agency.id(), agency.id(), &drawn.plate(n as u64), agency.now());
            let access = Access::of(&asked, Outcome::Answered);
            let actor = Actor { user: Some(other.clone()), ..actor.clone() };
            reads_searched(&state, actor, access, Found { reads: &[], photographs: false })
        });
        let appended = entries.map(|entry| own.log.append(entry));
        for one in futures::future::join_all(appended).await {
            one.expect("an append");
        }
    }
}

async fn fill_reads(agency: &Agency, drawn: &Drawn, count: u64) {
    for start in (0..count).step_by(usize::try_from(BATCH).expect("few")) {
        let reads = start..(start + BATCH).min(count);
        let batch = reads.map(|n| ImportedRead::new(drawn.read(n))).collect();
        let (importer, file) = (&agency.node().importer, words("drawn"));
        importer.store(&agency.admin().into(), &file, "native", batch).await.expect("stored");
    }
}

struct Times(Vec<Duration>);

impl Times {
    fn quantile(&self, hundredth: usize) -> f64 {
        let at = (self.0.len() - 1) * hundredth / 100;
        self.0[at].as_secs_f64() * 1e3
    }
}

/// Opens a page again and again; prints how long that took.
async fn measured(site: &Site<'_>, name: &str, path: &str, form: Option<&str>) {
    let (mut times, mut bytes) = (Vec::with_capacity(ROUNDS), 0);
    for round in 0..=ROUNDS {
        if path == "/search" && form.is_some() {
            // Agencies are asked to hold a head over one's own searches only so often.
            tokio::time::sleep(PACE).await;
        }
        let begun = Instant::now();
        let seen = match form {
            None => site.get(path).await,
            Some(form) => site.post(path, form).await,
        };
        // The first finds nothing in memory.
        if round > 0 {
            times.push(begun.elapsed());
        }
        assert!(seen.status == 200 && !seen.body.contains("role=\"alert\""), "{name}: {seen:?}");
        bytes = seen.body.len();
    }
    times.sort_unstable();
    let times = Times(times);
    println!(
        "| {name} | {:.1} | {:.1} | {:.1} | {} |",
        times.quantile(50),
        times.quantile(95),
        times.quantile(100),
        bytes / 1_000
    );
}

async fn pages_of_officers(site: &Site<'_>, plate: &str) {
    let token = site.form_token().await;
    let why = "purpose=stolen_vehicle&case=26-00417&reason=stolen+vehicle+seen+going+north";
    let own = format!("form={token}&{why}&plate={plate}&own=1&do=ask");
    let part = format!("form={token}&{why}&plate={}*&own=1&do=ask", &plate[..4]);
    let told = format!("form={token}&{why}&plate={plate}&own=1&all=1");
    let past = format!("form={token}&days=7");
    let case = format!("form={token}&days=30&case=26-00417");
    for (name, path, form) in [
        ("a style sheet: what a connection costs", "/style.css", None),
        ("home, of an officer", "/", None),
        ("search form", "/search", None),
        ("what policies say while typing", "/search/told", Some(&told)),
        ("own reads of a plate", "/search", Some(&own)),
        ("own reads of a part of a plate", "/search", Some(&part)),
        ("my searches, a week", "/searches", Some(&past)),
        ("my searches, a case in thirty days", "/searches", Some(&case)),
        ("my sign-in", "/account", None),
    ] {
        measured(site, name, path, form.map(String::as_str)).await;
    }
}

async fn pages_of_administrators(agency: &Agency, site: &Site<'_>, plate: &str) {
    let token = site.form_token().await;
    let day = agency.now().minus_days(7).day();
    let week = format!("form={token}&from={day}");
    let hers = format!("form={token}&from={day}&user={OFFICER}");
    let whole = format!("form={token}");
    let entry = format!("form={token}&index={}", agency.own().log.counters().size / 2);
    let saw = format!("form={token}&plate={plate}");
    for (name, path, form) in [
        ("home, of an administrator", "/", None),
        ("requests", "/requests", None),
        ("agreements", "/agreements", None),
        ("people", "/people", None),
        ("audit", "/audit", None),
        ("log, the form", "/log", None),
        ("log, a week", "/log", Some(&week)),
        ("log, a week of one user", "/log", Some(&hers)),
        ("log, all of it", "/log", Some(&whole)),
        ("one entry", "/log/entry", Some(&entry)),
        ("who saw a plate", "/audit/plate", Some(&saw)),
        ("retention and holds", "/holds", None),
        ("health", "/health", None),
        ("alarms", "/alarms", None),
        ("reconcile, the form", "/reconcile", None),
    ] {
        measured(site, name, path, form.map(String::as_str)).await;
    }
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("run with `cargo bench -p tests --bench pages`");
        return;
    }
    let reads = number("ACCORD_READS", 10_000_000) as u64;
    let entries = number("ACCORD_ENTRIES", 1_000_000);
    let mut agency = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    let admin = administrator(&mut agency).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&agency, &agency.admin(), &officer, false).await;
    let begun = Instant::now();
    // The last reads are of the day on which the pages are opened.
    let end = agency.now().plus_days(u32::try_from(DAYS).expect("few"));
    let drawn = Drawn::before(end, reads);
    fill_log(&agency, &drawn, entries).await;
    fill_reads(&agency, &drawn, reads).await;
    println!(
        "{reads} reads and {} entries, made in {:.0} s; milliseconds, and kB of the page\n",
        agency.own().log.counters().size,
        begun.elapsed().as_secs_f64()
    );
    println!("| page | p50 | p95 | longest | kB |\n|---|---|---|---|---|");
    let plate = drawn.plate(reads.saturating_sub(1));
    let (mut hers, mut his) = (Site::of(&agency), Site::of(&agency));
    hers.sign_in(&officer).await;
    pages_of_officers(&hers, &plate).await;
    // Not before: who searches waits until another agency holds a head over her entry, and these hold none.
    let _peers = owners(&agency, PEERS, |_| Says::Reads(1)).await;
    agency.clock.shift(60_000);
    his.sign_in(&admin).await;
    pages_of_administrators(&agency, &his, &plate).await;
    agency.stop().await;
}
