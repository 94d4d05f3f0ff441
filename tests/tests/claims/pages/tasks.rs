//! The six tasks for which people open the console, step by step as somebody does them who knows where things
//! are: how many presses and letters each takes is asserted, how many seconds is printed, as a table.
//!
//! `ACCORD_TYPING=5 cargo claims pages::tasks --no-capture` types five letters a second, as people do; unless
//! it is given, letters take no time.

use std::time::{Duration, Instant};

use schemas::entry::EntryKind as Kind;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::federation::{answered_query, in_force, introduce};
use tests::fixtures::{DAY_MS, OFFICER, PLATE};
use tests::looks::sign_in;
use tests::signing_in::{Person, administrator, enrolled};

/// How long somebody looks for what to press next, where letters take time.
const AIMS: Duration = Duration::from_millis(500);

/// Somebody at a browser, and what she has done there.
struct Hand<'a> {
    browser: &'a Browser,
    letter: Duration,
    began: Instant,
    presses: usize,
    letters: usize,
}

/// What a task took.
#[derive(Debug)]
struct Took {
    presses: usize,
    letters: usize,
    seconds: f64,
}

impl<'a> Hand<'a> {
    fn at(browser: &'a Browser) -> Self {
        let speed = std::env::var("ACCORD_TYPING").ok().and_then(|speed| speed.parse().ok());
        let letter =
            speed.map_or(Duration::ZERO, |speed: f64| Duration::from_secs_f64(1.0 / speed));
        Self { browser, letter, began: Instant::now(), presses: 0, letters: 0 }
    }

    async fn aims(&self) {
        if !self.letter.is_zero() {
            tokio::time::sleep(AIMS).await;
        }
    }

    async fn press(&mut self, selector: &str) {
        self.aims().await;
        self.browser.press(selector).await;
        self.presses += 1;
    }

    async fn types(&mut self, selector: &str, text: &str) {
        self.aims().await;
        for letter in text.chars() {
            self.browser.fill(selector, &letter.to_string()).await;
            self.letters += 1;
            tokio::time::sleep(self.letter).await;
        }
    }

    /// Chooses in a list: one press, and another for what is chosen.
    async fn chooses(&mut self, selector: &str, what: &str) {
        self.aims().await;
        self.aims().await;
        self.browser.fill(selector, what).await;
        self.presses += 2;
    }

    async fn reads(&self, part: &str) -> String {
        self.browser.reads(part).await
    }

    fn done(self) -> Took {
        let Self { presses, letters, began, .. } = self;
        Took { presses, letters, seconds: began.elapsed().as_secs_f64() }
    }
}

async fn first_query(browser: &Browser) -> Took {
    let mut hand = Hand::at(browser);
    hand.press("nav a[href='/search']").await;
    hand.types("#plate", PLATE).await;
    hand.types("#case", "26-00417").await;
    hand.chooses("#purpose", "Stolen vehicle").await;
    hand.types("#reason", "vehicle reported stolen, suspect fled north").await;
    hand.press("button[value=case]").await;
    hand.reads("What you ask next is for this case").await;
    hand.press("button[value=ask]").await;
    hand.reads("That was all").await;
    hand.done()
}

async fn next_query(browser: &Browser) -> Took {
    let mut hand = Hand::at(browser);
    hand.press("#line").await;
    hand.types("#line", "CA 7ABC123").await;
    hand.press("button[value=line]").await;
    hand.reads("That was all").await;
    hand.done()
}

async fn last_weeks_answer(browser: &Browser) -> Took {
    let mut hand = Hand::at(browser);
    hand.press("nav a[href='/searches']").await;
    hand.reads("26-00417").await;
    hand.press("form[action^='/answers'] button").await;
    hand.reads("3 reads of 1 agency").await;
    hand.done()
}

async fn approve(browser: &Browser) -> Took {
    let mut hand = Hand::at(browser);
    hand.press("main li a").await;
    hand.reads("You decide under").await;
    hand.types("#reason", "need is shown").await;
    hand.press("button[value=approve]").await;
    hand.reads("Decided by").await;
    hand.done()
}

async fn who_saw(browser: &Browser) -> Took {
    let mut hand = Hand::at(browser);
    hand.press("nav a[href='/audit']").await;
    hand.types("#plate", PLATE).await;
    hand.press("form[action='/audit/plate'] button").await;
    hand.reads("released or showed").await;
    hand.done()
}

async fn reconcile(browser: &Browser) -> Took {
    let mut hand = Hand::at(browser);
    hand.press("nav a[href='/audit']").await;
    hand.press("a[href='/reconcile']").await;
    hand.chooses("#peer", "asking-ca-pd").await;
    hand.press("main button.first").await;
    hand.reads("Owner holds unknown query").await;
    hand.press("section.card summary").await;
    hand.reads("proven under the signed head").await;
    hand.done()
}

async fn suspend(browser: &Browser) -> Took {
    let mut hand = Hand::at(browser);
    hand.press("nav a[href='/agreements']").await;
    hand.press("main td a").await;
    hand.types("#reason-suspend", "the board looks at it").await;
    hand.press("button[value=suspend]").await;
    hand.reads("Resume our side").await;
    hand.done()
}

/// Two agencies that share, both with pages: who asks and her officer, the owner and its administrator.
async fn two() -> (Agency, Person, Agency, Person) {
    let mut asking = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let mut owning = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    administrator(&mut asking).await;
    let official = administrator(&mut owning).await;
    owning.add_reads(PLATE, 3).await;
    introduce(&[&asking, &owning]).await;
    in_force(&[&asking, &owning]).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&asking, &asking.admin(), &officer, false).await;
    (asking, officer, owning, official)
}

#[tokio::test(flavor = "multi_thread")]
async fn six_tasks_take_a_few_presses_each() {
    let (asking, officer, owning, official) = two().await;
    let (hers, his) = (Browser::open(true).await, Browser::open(true).await);
    let mut rows = Vec::new();
    sign_in(&hers, &asking, &officer).await;
    rows.push(("officer: the first query, the case set with it", 5, first_query(&hers).await));
    rows.push(("officer: the next one for that case", 2, next_query(&hers).await));
    owning
        .wait_for_log("the receipts", |log| (log.count(Kind::ReceiptRecorded) == 2).then_some(()))
        .await;
    super::people_at_work::submitted(&asking, &owning).await;
    sign_in(&his, &owning, &official).await;
    rows.push(("official: approve a request", 2, approve(&his).await));
    // The approved request is asked by itself, or the query that it follows; what was asked before stands.
    for agency in [&asking, &owning] {
        agency.clock.shift(6 * DAY_MS);
    }
    sign_in(&hers, &asking, &officer).await;
    rows.push(("officer: find last week's answer", 2, last_weeks_answer(&hers).await));
    answered_query(&asking, &owning).await;
    sign_in(&his, &owning, &official).await;
    rows.push(("auditor: who saw a plate", 2, who_saw(&his).await));
    asking.tamper_while_it_runs(&["delete from asked".to_owned()]).await;
    for agency in [&asking, &owning] {
        agency.clock.shift(tests::fixtures::SETTLED_MS);
    }
    rows.push(("auditor: reconcile, and open the evidence", 6, reconcile(&his).await));
    rows.push(("official: suspend an agreement", 3, suspend(&his).await));
    println!("\n| task | presses | letters | seconds |\n|---|---|---|---|");
    for (task, presses, took) in &rows {
        let Took { presses: did, letters, seconds } = took;
        println!("| {task} | {did} | {letters} | {seconds:.1} |");
        assert_eq!(did, presses, "{task}");
    }
    let log = owning.log().await;
    assert_eq!((log.count(Kind::RequestApproved), log.count(Kind::AgreementSuspended)), (1, 1));
}
