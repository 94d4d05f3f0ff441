//! Retention: what is past it is destroyed, log first; what is destroyed too early, or under hold,
//! is told by the log itself, to its agency and to an auditor who trusts nobody.

use node::permission::Principal;
use node::reads::corrections::CorrectionRequest;
use node::retention::{Mode, holds};
use schemas::entry::EntryKind as Kind;
use serde_json::Value;
use tests::agency::Agency;
use tests::auditor::{
    assert_problem, bundles_of_both, findings_of, pair_with_exchange, problems, reconcile_bundles,
};
use tests::federation::shift_clocks;
use tests::fixtures::{DAY_MS, PLATE, draft, words};
use tests::wait::eventually;

fn ran(at: &Agency, args: &[&str]) -> Value {
    let mut all = vec!["retention"];
    all.extend(args);
    at.accord(&all).done()
}

/// What the database still holds of an entry.
async fn whole(at: &Agency, index: u64) -> bool {
    let found = at.context().store.entries(&store::EntryFilter::default(), index, 1).await;
    found.expect("entries").first().expect("an entry").body.is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn past_its_retention_the_log_is_redacted_and_everything_else_still_holds() {
    let (asking, owning, _) = pair_with_exchange().await;
    let answer = owning.log().await.one(Kind::QueryAnswered).header.index;
    shift_clocks([&asking, &owning], 364 * DAY_MS);
    let early = ran(&owning, &["run"]);
    assert_eq!((&early["entries_redacted"], &early["reads_purged"]), (&0.into(), &0.into()));
    assert!(whole(&owning, answer).await);
    // Three calendar years for what stands in the log, one for reads.
    let second = {
        shift_clocks([&asking, &owning], (2 + 2 * 366) * DAY_MS);
        ran(&owning, &["run", "--dry-run"])
    };
    assert!(second["entries_redacted"].as_u64() > Some(0), "{second}");
    assert!(whole(&owning, answer).await, "a dry run changes nothing");
    let done = ran(&owning, &["run"]);
    assert_eq!(done["entries_redacted"], second["entries_redacted"]);
    assert_eq!((&done["reads_due"], &done["reads_purged"]), (&3.into(), &3.into()));
    assert!(!whole(&owning, answer).await);
    let log = owning.log().await;
    assert_eq!(log.count(Kind::EntriesRedacted), 1);
    assert!(log.count(Kind::ReadsPurged) == 1 && log.count(Kind::AnswersPurged) > 0);
    assert_eq!(owning.accord(&["audit", "verify"]).code, 0);
    // What one side destroyed in time is no finding.
    let live = asking.accord(&["audit", "reconcile", "--peer", "owning-ca-pd"]);
    assert_eq!(live.code, 0, "{live:?}");
    // The digests by which two logs are compared name nobody, and stay.
    assert_eq!(live.lines()[0]["matched"], 1, "{live:?}");
    let auditor = bundles_of_both(&asking, &owning);
    auditor.receive("extract", &owning, &["--peer", "asking-ca-pd"]);
    for bundle in ["owning", "extract"] {
        let (code, report) = auditor.verify(bundle, &[&owning, &asking]);
        assert_eq!((code, problems(&report)), (0, vec![]), "{bundle}");
        assert!(report["redacted"].as_u64() > Some(0), "{bundle}: {report}");
    }
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!((&report["expired"], &report["matched"]), (&1.into(), &0.into()), "{report:#}");
    // Once both have, neither tells of it.
    ran(&asking, &["run"]);
    let report = reconcile_bundles(&bundles_of_both(&asking, &owning), &asking, &owning);
    assert_eq!((&report["expired"], &report["matched"]), (&0.into(), &0.into()), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_destroyed_without_an_entry_or_before_its_time_is_told() {
    let (asking, mut owning, query) = pair_with_exchange().await;
    let answer = owning.log().await.one(Kind::QueryAnswered).header.index;
    shift_clocks([&asking, &owning], DAY_MS);
    let destroy = format!(
        "update entries set salt = null, body = null, envelope = null where idx = {answer}"
    );
    owning.tamper_with_database(&[destroy]).await;
    let own = owning.accord(&["audit", "verify"]);
    assert_eq!(own.code, 1);
    assert_problem(&own.lines()[0], Some(answer), "redacted");
    // Whatever the owner says of it, the other log still tells what was asked and answered.
    let report = reconcile_bundles(&bundles_of_both(&asking, &owning), &asking, &owning);
    let early = findings_of(&report, "redacted_early");
    assert_eq!(early.len(), 1, "{report:#}");
    assert_eq!(early[0]["query_id"], query.to_string());
    assert!(!early[0]["evidence"].as_array().expect("evidence").is_empty());
    assert_eq!(report["expired"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_hold_outlives_its_retention_until_it_is_released() {
    let (asking, owning, _) = pair_with_exchange().await;
    let answer = owning.log().await.one(Kind::QueryAnswered).header.index;
    let none = owning.accord(&["hold", "add", "--plate", PLATE]);
    assert_ne!(none.code, 0, "a hold says why");
    let hold = owning
        .accord(&["hold", "add", "--plate", PLATE, "--reason", "Trial of case 26-417"])
        .done();
    shift_clocks([&asking, &owning], 1_200 * DAY_MS);
    let done = ran(&owning, &["run"]);
    assert_eq!((&done["reads_due"], &done["reads_purged"]), (&3.into(), &0.into()), "{done}");
    assert!(done["held"].as_u64() > Some(3), "{done}");
    assert!(whole(&owning, answer).await);
    assert_eq!(owning.accord(&["audit", "verify"]).code, 0);
    let number = hold["hold"].to_string();
    assert_eq!(owning.accord(&["hold", "release", &number]).code, 2, "a release says why");
    owning.accord(&["hold", "release", &number, "--reason", "Verdict is final"]).done();
    let done = ran(&owning, &["run"]);
    assert_eq!(done["reads_purged"], 3, "{done}");
    assert!(!whole(&owning, answer).await);
    assert_eq!(owning.accord(&["audit", "verify"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_correction_takes_a_read_out_of_a_hold() {
    let owning = Agency::start("owning-ca-pd").await;
    owning.add_reads(PLATE, 1).await;
    owning.accord(&["hold", "add", "--plate", PLATE, "--reason", "Trial of case 26-417"]).done();
    let found = owning.search_own(&draft(&[owning.id()], PLATE, owning.now())).await;
    let read = found.expect("a search").reads.remove(0).id;
    let plate = "8XYZ987".parse().expect("a plate");
    let wanted = CorrectionRequest { plate, plate_state: None, reason: words("Read again") };
    owning.correct_read(&owning.admin(), read, &wanted).await.expect("a correction");
    owning.clock.shift(1_200 * DAY_MS);
    let done = ran(&owning, &["run"]);
    assert_eq!((&done["reads_due"], &done["reads_purged"]), (&1.into(), &0.into()), "{done}");
    owning.accord(&["hold", "release", "1", "--reason", "Verdict is final"]).done();
    assert_eq!(ran(&owning, &["run"])["reads_purged"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_on_the_plate_of_a_correction_keeps_the_answer_that_it_corrects() {
    let (asking, owning, _) = pair_with_exchange().await;
    let answer = asking.log().await.one(Kind::AnswerReceived).header.index;
    let found = owning.search_own(&draft(&[owning.id()], PLATE, owning.now())).await;
    let read = found.expect("a search").reads.remove(0).id;
    let plate = "8XYZ987".parse().expect("a plate");
    let wanted = CorrectionRequest { plate, plate_state: None, reason: words("Read again") };
    owning.correct_read(&owning.admin(), read, &wanted).await.expect("a correction");
    let told = async || (asking.log().await.count(Kind::ReadsCorrected) > 0).then_some(());
    eventually("the correction arrives", told).await;
    // The answer asked for another plate; what it showed turned out to be this one.
    asking.accord(&["hold", "add", "--plate", "8XYZ987", "--reason", "Trial of 26-417"]).done();
    shift_clocks([&asking, &owning], 1_200 * DAY_MS);
    ran(&asking, &["run"]);
    assert!(whole(&asking, answer).await);
    assert_eq!(asking.accord(&["audit", "verify"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_destroyed_under_hold_is_told() {
    let (asking, mut owning, _) = pair_with_exchange().await;
    let answer = owning.log().await.one(Kind::QueryAnswered).header.index;
    owning.accord(&["hold", "add", "--plate", PLATE, "--reason", "Trial of case 26-417"]).done();
    shift_clocks([&asking, &owning], 1_200 * DAY_MS);
    // It redacts as it must; then its operator destroys what the hold kept, and says nothing.
    ran(&owning, &["run"]);
    let destroy = format!(
        "update entries set salt = null, body = null, envelope = null where idx = {answer}"
    );
    owning.tamper_with_database(&[destroy]).await;
    let own = owning.accord(&["audit", "verify"]);
    assert_eq!(own.code, 1);
    let said = problems(&own.lines()[0]);
    let told = said.iter().any(|(at, code)| *at == Some(answer) && code.starts_with("redacted"));
    assert!(told, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_entry_and_the_destruction_is_made_good_at_the_next_run() {
    let (asking, mut owning, _) = pair_with_exchange().await;
    let answer = owning.log().await.one(Kind::QueryAnswered).header.index;
    shift_clocks([&asking, &owning], 1_200 * DAY_MS);
    owning.store().fail_redactions();
    assert_ne!(owning.accord(&["retention", "run"]).code, 0);
    assert_eq!(owning.log().await.count(Kind::EntriesRedacted), 1);
    assert!(whole(&owning, answer).await, "the entry stands, nothing is destroyed yet");
    owning.restart().await;
    ran(&owning, &["run"]);
    assert!(!whole(&owning, answer).await);
    assert_eq!(owning.accord(&["audit", "verify"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_administers_destroys_and_holds() {
    let (_asking, owning, _) = pair_with_exchange().await;
    let officer = Principal::of(tests::fixtures::OFFICER.parse().expect("a name"), "test");
    let refused = owning.node().app.retention.run(&officer, Mode::DryRun, &|_| ()).await;
    assert!(refused.is_err());
    assert!(holds::list(&owning.context().agency, &officer).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_has_jumped_destroys_nothing_by_itself_until_the_log_has_followed_it() {
    let mut agency = Agency::start("owning-ca-pd").await;
    agency.add_reads(PLATE, 3).await;
    let reads =
        async |agency: &Agency| agency.context().store.stats().await.expect("numbers").reads;
    agency.stop().await;
    agency.clock.shift(1_200 * DAY_MS);
    // It looks what has ended when it starts: all of it, by a clock that no entry has followed.
    agency.run().await;
    let due = ran(&agency, &["status"]);
    assert_eq!(due["reads_due"], 3);
    // An act of that day, and the next day is like any other.
    assert_eq!(agency.accord(&["audit", "log"]).code, 0);
    assert_eq!(reads(&agency).await, 3, "nothing was destroyed");
    agency.stop().await;
    agency.clock.shift(DAY_MS);
    agency.run().await;
    eventually("what has ended is destroyed", async || (reads(&agency).await == 0).then_some(()))
        .await;
}
