//! The machine's clock is wrong: what is logged then stands for years, so nothing is; and when something
//! was, the node goes on by an administrator's recorded word.

use std::fs;

use audit_log::clock::Clock;
use node::admin::training;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::time::{DAY_MS, HOUR_MS};
use serde_json::Value;
use tests::agency::Agency;
use tests::auditor::{Auditor, assert_problem, problems};
use tests::command_line::{CliAgency, CommandOutput};
use tests::faulty_store::Failure;
use tests::federation::{in_force_with, pair, sharing_pair};
use tests::fixtures::{OFFICER, PLATE};
use tests::signing_in::{DESK, attempt, door};

const YEARS_MS: i64 = 3_650 * DAY_MS;

/// What `user` says of the clock, by what she signs in with.
fn accepts(agency: &Agency, user: &str, reason: &str) -> CommandOutput {
    let file = agency.desk().authenticators(user).display().to_string();
    agency.accord_as(user, &["clock", "accept", "--reason", reason, "--from", &file])
}

fn accept(agency: &Agency, reason: &str) -> Value {
    accepts(agency, "admin", reason).done()
}

/// The command that an error names is the one that helps.
fn names_the_next_step(said: &str) {
    assert!(said.contains("accord clock accept --reason"), "{said}");
}

async fn stored(agency: &Agency) -> u64 {
    agency.context().store.stats().await.expect("numbers").reads
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_logged_or_destroyed_by_a_clock_that_jumps_ahead_until_it_is_accepted() {
    let (asking, owning, _) = sharing_pair().await;
    owning.admin_signs_in();
    let before = owning.log().await.entries().len();
    owning.clock.set_wrong(YEARS_MS);

    let refused = owning.accord(&["user", "disable", OFFICER, "--reason", "leaves"]).only_error(3);
    assert_eq!(refused["code"], "clock_ahead", "{refused}");
    names_the_next_step(&refused.to_string());
    assert_eq!(owning.accord(&["retention", "run"]).code, 3);
    // Nobody signs in by such a clock either, and the code that was shown is as good as before.
    let file = owning.desk().authenticators("admin").display().to_string();
    let kept: toml::Table = fs::read_to_string(&file).expect("a file").parse().expect("TOML");
    let signing_in = owning.accord(&["login", "--from", &file]).only_error(3);
    assert_eq!(signing_in["code"], "clock_ahead", "{signing_in}");
    let (ok, said) = owning.accord(&["doctor"]).check("clock");
    assert!(!ok, "{said}");
    names_the_next_step(&said);
    assert_eq!(owning.accord(&["health"]).code, 3);
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Unanswered);
    assert_eq!(owning.log().await.entries().len(), before, "nothing was logged");
    assert_eq!(stored(&owning).await, 3, "nor destroyed");

    owning.clock.set_wrong(-YEARS_MS);
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.reads.len(), 3, "no word is needed");
    // The session is as it was: nothing was ended by a clock that was not believed.
    assert_eq!(owning.accord(&["user", "list"]).code, 0);
    let (password, code) = (kept["password"].as_str(), kept["card"][0].as_str());
    let shown = attempt(&owning, "admin", password.expect("text"), code.expect("text"));
    assert!(node::sign_in::sign_in(door(&owning), &shown, DESK).await.is_ok());
    let nothing = accepts(&owning, "admin", "to be sure");
    assert!(nothing.failed(2).contains("nothing to accept"), "{nothing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_under_a_clock_years_ahead_does_not_lock_the_node_and_the_step_is_told() {
    let (asking, mut owning, _) = sharing_pair().await;
    owning.admin_signs_in();
    tokio::task::block_in_place(|| owning.desk().signs_in(OFFICER));
    owning.clock.set_wrong(YEARS_MS);
    assert_eq!(accepts(&owning, OFFICER, "I say so").code, 1);
    accept(&owning, "the time server says so");
    let officer = OFFICER.parse().expect("a user name");
    let training = training::Training {
        on: owning.now(),
        by: None,
        course: Default::default(),
        discussion: Default::default(),
    };
    training::train(owning.own(), &owning.admin(), &officer, &training).await.expect("trained");
    assert_eq!(owning.node().app.retention.status().await.expect("a report").reads_due, 3);

    owning.clock.set_wrong(-YEARS_MS);
    let refused = owning.accord(&["user", "train", OFFICER, "--on", "2026-01-03"]).only_error(3);
    assert_eq!(refused["code"], "clock_behind_log", "{refused}");
    names_the_next_step(&refused.to_string());
    // It starts all the same, to hear the word.
    owning.restart().await;
    assert_eq!(owning.accord(&["health"]).code, 3);
    let went_on =
        accept(&owning, "the time server was spoofed; the clock is right by the telephone");
    assert!(went_on["last"].as_str() > went_on["at"].as_str(), "{went_on}");

    let answered = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(answered.reads.len(), 3, "{answered:?}");
    let entries = owning.log().await;
    let steps = entries.all(Kind::ClockAccepted);
    assert_eq!(steps.len(), 2);
    owning.restart().await;
    assert_eq!(stored(&owning).await, 3, "nothing is destroyed by it for two days");

    let auditor = Auditor::default();
    auditor.receive("whole", &owning, &[]);
    let (code, report) = auditor.verify("whole", &[&owning, &asking]);
    assert_eq!((code, problems(&report).len()), (0, 0), "{report}");
    let told = report["clock_accepted"].as_array().expect("steps");
    let told: Vec<_> = told.iter().map(|step| step["entry"].as_u64()).collect();
    assert_eq!(told, steps.iter().map(|step| Some(step.header.index)).collect::<Vec<_>>());
    // What the wrong clock stamped is of the day on which that was said.
    let day = owning.now().plus_millis(-HOUR_MS).to_string();
    auditor.receive("today", &owning, &["--from", &day]);
    let (code, report) = auditor.verify("today", &[&owning, &asking]);
    assert_eq!((code, problems(&report).len()), (0, 0), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_owed_since_the_time_that_the_accepted_clock_gives_its_answer() {
    let (asking, owning, _) = sharing_pair().await;
    let ahead = 3 * DAY_MS;
    for agency in [&asking, &owning] {
        agency.admin_signs_in();
        agency.clock.set_wrong(ahead);
        accept(agency, "the time server says so");
    }
    owning.store().fail_on(Kind::ReceiptRecorded, Failure::BeforeWrite);
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    let since = || owning.own().log.counters().unreceipted_since.get(asking.id()).copied();
    assert!(since().is_some_and(|since| since > owning.now().plus_millis(-HOUR_MS)));
    for agency in [&asking, &owning] {
        agency.clock.set_wrong(-ahead);
        accept(agency, "the clock is right by the telephone");
    }
    // By the wrong time it would not be late for three days more.
    assert!(since().is_some_and(|since| since <= owning.now()), "{:?}", since());
    let stored = owning.context().store.oldest_unreceipted(asking.id()).await;
    assert_eq!(since(), stored.expect("a store"), "as the node tells once it starts again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_time_goes_back_without_that_word_is_wrong() {
    let mut owning = Agency::start("owning-ca-pd").await;
    owning.add_reads(PLATE, 3).await;
    let index = owning.log().await.last(Kind::ReadsImported).header.index;
    owning
        .forge(index, |entry| {
            let earlier = entry.header.at.plus_millis(-DAY_MS);
            entry.body = entry.body.replacen(&entry.header.at.to_string(), &earlier.to_string(), 1);
            entry.header.at = earlier;
        })
        .await;
    let auditor = Auditor::default();
    auditor.receive("whole", &owning, &[]);
    let (code, report) = auditor.verify("whole", &[&owning]);
    assert_eq!(code, 1, "{report}");
    assert_problem(&report, Some(index), "time");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_long_rest_with_the_machine_off_the_node_waits_for_a_word_on_the_clock() {
    let mut agency = Agency::start("owning-ca-pd").await;
    agency.add_reads(PLATE, 3).await;
    agency.admin_signs_in();
    for (days, waits) in [(6, false), (8, true)] {
        agency.stop().await;
        // The machine was off: what it noted is of another run.
        let mark = agency.home().join("clock");
        let noted = fs::read_to_string(&mark).expect("a mark");
        let (_, rest) = noted.split_once(' ').expect("words");
        fs::write(&mark, format!("another-run {rest}")).expect("written");
        agency.clock.set_wrong(days * DAY_MS);
        agency.run().await;
        assert_eq!(agency.accord(&["health"]).code == 3, waits, "{days} days");
    }
    accept(&agency, "the station was closed for a week");
    assert_eq!(agency.accord(&["health"]).code, 0);
    agency.restart().await;
    assert_eq!(agency.accord(&["health"]).code, 0, "the word counts after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_of_a_day_are_counted_on_whichever_clock_it_comes_again() {
    let (asking, mut owning) = pair().await;
    in_force_with(&[&asking, &owning], |text| text.daily_limit = Some(3)).await;
    // Nobody can sign in under a clock that is refused: administrators are signed in before.
    for agency in [&asking, &owning] {
        assert_eq!(agency.accord(&["user", "list"]).code, 0);
    }
    let owner = owning.id().clone();
    let ask = async || asking.ask_one(&owner, PLATE).await.outcome;
    assert_eq!(ask().await, OutcomeCode::Answered);
    // Two are given on the morrow, as clocks say that are a day ahead.
    for agency in [&asking, &owning] {
        agency.clock.set_wrong(DAY_MS);
        accept(agency, "the clock of the radio says so");
    }
    assert_eq!(ask().await, OutcomeCode::Answered);
    assert_eq!(ask().await, OutcomeCode::Answered);
    owning.restart().await;
    for agency in [&asking, &owning] {
        agency.clock.set_wrong(-DAY_MS);
        accept(agency, "the radio is a day ahead");
    }
    // They were given today after all.
    assert_eq!(ask().await, OutcomeCode::Refused);
    owning.restart().await;
    assert_eq!(ask().await, OutcomeCode::Refused);
    assert_eq!(owning.accord(&["health"]).code, 0, "it starts: its database is as it left it");
}

/// Somebody lost her card while the clock is refused: what is done at the machine helps with both.
#[test]
fn at_the_machine_a_clock_is_accepted_with_the_node_stopped_and_what_waited_for_it_is_recorded() {
    let mut agency = CliAgency::init("owning-ca-pd");
    agency.start();
    agency.accord(&["user", "list"]).done();
    let auditor = ["user", "add", "a.auditor", "--full-name", "Ann Auditor", "--role", "auditor"];
    agency.accord(&auditor).done();
    assert_eq!(agency.stop(), 0);
    let made = agency.accord(&["user", "recover", "admin", "--reason", "card lost"]).done();
    let code = made["code"].as_str().expect("a code").to_owned();
    // By what the node noted, the clock has gone three hours ahead since.
    let (boot, up) = (host::uptime::boot().expect("a run"), host::uptime::since_boot());
    let noted = Clock::system().now().plus_millis(-3 * HOUR_MS);
    fs::write(agency.home().join("clock"), format!("{boot} {} {noted}\n", up.as_millis()))
        .expect("a mark");
    agency.start();
    assert_eq!(agency.accord(&["health"]).code, 3);
    let file = agency.desk().authenticators("admin").display().to_string();
    let enrols = ["login", "--enrol", &code, "--card", "--save", &agency.file("again")];
    for refused in [&["user", "list"][..], &["login", "--from", &file], &enrols] {
        let error = agency.accord(refused).only_error(3);
        assert_eq!(error["code"], "clock_ahead", "{refused:?}: {error}");
        names_the_next_step(&error.to_string());
    }
    assert_eq!(agency.stop(), 0);
    agency.start_with(&["--clock-right", "set by the county's time server"]);
    assert_eq!(agency.accord(&["health"]).code, 0);
    agency.accord(&enrols).done();
    let log = agency.accord_as("a.auditor", &["audit", "log"]).lines();
    let of = |kind: &str| {
        let found = log.iter().find(|entry| entry.to_string().contains(&format!("\"{kind}\"")));
        found.unwrap_or_else(|| panic!("no {kind}: {log:?}")).to_string()
    };
    let accepted = of("clock.accepted");
    assert!(accepted.contains("at the machine, uid") && accepted.contains("time server"));
    assert!(of("user.recovered").contains("card lost"));
    assert_eq!(agency.accord_as("a.auditor", &["audit", "verify"]).code, 0);
    // Left where the node is started, it accepts nothing.
    assert_eq!(agency.stop(), 0);
    agency.start_with(&["--clock-right", "set by the county's time server"]);
    let log = agency.accord_as("a.auditor", &["audit", "log", "--kind", "clock.accepted"]);
    assert_eq!(log.lines().len(), 1, "{log:?}");
    assert_eq!(agency.stop(), 0);
}
