//! Reports of the log and periodic audits, over real nodes and the command line.

use node::auditing::reports;
use schemas::draft::Draft;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::purpose::Purpose;
use schemas::time::Timestamp;
use serde_json::{Value, json};
use tests::agency::{Agency, Plan};
use tests::federation::{in_force_with, pair_of, sharing_pair, shift_clocks};
use tests::fixtures::{DAY_MS, HOUR_MS, PLATE, draft, words};

/// Noon of a local day of the recent past is where claims about hours begin.
fn to_noon(agencies: &[&Agency]) {
    let local = |at: Timestamp| {
        let instant = jiff::Timestamp::from_millisecond(at.millis()).expect("an instant");
        instant.to_zoned(jiff::tz::TimeZone::system())
    };
    let now = agencies[0].now();
    let noon = local(now).date().at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::system());
    let noon = noon.expect("a noon").timestamp().as_millisecond();
    // Forward, as a log does not go back.
    let ahead = (noon - now.millis()).rem_euclid(DAY_MS);
    agencies.iter().for_each(|agency| agency.clock.shift(ahead));
}

fn refused(asking: &Agency, owning: &Agency, plate: &str, reason: &str) -> Draft {
    let mut draft = draft(&[owning.id()], plate, asking.now());
    draft.why.purpose = Purpose::MissingPerson;
    draft.why.reason = words(reason);
    draft
}

fn report(at: &Agency, kind: &str) -> Vec<Value> {
    let ended = at.accord(&["audit", "report", "--kind", kind]);
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.lines()
}

fn column<'a>(rows: &'a [Value], key: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| &row[key]).collect()
}

/// Whether no audit is due by `doctor`, and what that says of it.
fn audits_due(at: &Agency) -> (bool, String) {
    at.accord(&["doctor"]).check("audits due")
}

#[tokio::test(flavor = "multi_thread")]
async fn access_and_statutory_reports_hold_every_access_in_order_with_its_outcome() {
    let (asking, owning, agreement) = sharing_pair().await;
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    let no = refused(&asking, &owning, "6XYZ987", "Missing person last seen in this vehicle");
    assert_eq!(asking.ask(&no).await[0].outcome, OutcomeCode::Refused);
    for at in [&asking, &owning] {
        let rows = report(at, "access");
        assert_eq!(column(&rows, "outcome"), [&json!("answered"), &json!("refused")], "{rows:?}");
        assert_eq!(column(&rows, "plate"), [&json!(PLATE), &json!("6XYZ987")]);
        for row in &rows {
            assert_eq!(row["user"], "m.reyes");
            assert_eq!(row["full_name"], "Maria Reyes");
            assert_eq!(row["agency"], "asking-ca-pd");
            assert_eq!(row["case"], "26-004711");
            assert_eq!(row["classification"], "ALPR Request");
            assert!(row["data_queried"].as_str().is_some_and(|said| said.contains("plate")));
        }
        assert_eq!(rows[0]["basis"], agreement.to_string());
        assert_eq!(rows[0]["count"], 3);
        assert_eq!(rows[1]["reason"], "Missing person last seen in this vehicle");
        assert!(rows[1]["refused_for"].as_str().is_some_and(|codes| !codes.is_empty()));
        let indices: Vec<u64> = rows.iter().filter_map(|row| row["index"].as_u64()).collect();
        assert!(indices.is_sorted() && indices.len() == 2);
        // The report is an entry before it is seen, and names it with the signed head.
        let log = at.log().await;
        let made = &rows[0]["made_from"];
        let entry = log.one(Kind::AuditReported);
        assert_eq!(made["entry"], entry.header.index);
        assert_eq!(made["size"], entry.header.index + 1);
        assert_eq!(entry.detail("report"), "access");

        let law = report(at, "statutory");
        assert_eq!(law.len(), 2);
        for row in &law {
            for key in ["at", "plate", "data_queried", "user", "agency", "purpose", "outcome"] {
                assert!(row[key].is_string(), "{key} in {row}");
            }
        }
        let none = at.accord(&["audit", "report", "--kind", "access", "--until", "2020-01-01"]);
        assert_eq!((none.code, none.out.as_str()), (0, ""));
    }
    let officer = owning.officer();
    let kind = audit::report::Kind::Access;
    let (context, store) = (owning.context(), owning.context().store.as_ref());
    let usual = context.bounds.usual();
    let made = reports::make(&context.agency, store, &officer, kind, None, None, &usual).await;
    assert!(made.is_err());
    assert_eq!(owning.log().await.count(Kind::AuditReported), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sharing_report_says_with_whom_under_what_since_when() {
    let (asking, owning, agreement) = sharing_pair().await;
    asking.ask_one(owning.id(), PLATE).await;
    asking.ask_one(owning.id(), PLATE).await;
    for (at, with, given, received) in [(&owning, &asking, 2, 0), (&asking, &owning, 0, 2)] {
        let rows = report(at, "sharing");
        assert_eq!(rows.len(), 1, "{rows:?}");
        let row = &rows[0];
        assert_eq!(row["with"], with.id().as_str());
        assert_eq!(row["under"], agreement.to_string());
        assert_eq!((&row["state"], &row["sort"]), (&json!("in_force"), &json!("agreement")));
        assert_eq!(
            (&row["answers_given"], &row["answers_received"]),
            (&json!(given), &json!(received))
        );
        assert_eq!(row["purposes"], json!(["stolen_vehicle", "criminal_investigation"]));
        assert!(row["since"].is_string() && row["until"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_no_formula_and_a_page_no_script() {
    let (asking, owning, _) = sharing_pair().await;
    let reason = "=HYPERLINK(\"http://x\",\"stolen truck seen leaving\") <script>alert(1)</script>";
    let mut asked = draft(&[owning.id()], PLATE, asking.now());
    asked.why.reason = words(reason);
    assert_eq!(asking.ask(&asked).await[0].outcome, OutcomeCode::Answered);
    let written = |format: &str| {
        let args = ["audit", "report", "--kind", "access", "--format", format];
        owning.accord(&args).done()[format].as_str().expect("a text").to_owned()
    };
    let csv = written("csv");
    assert_eq!(csv.lines().count(), 2, "{csv}");
    let guarded = "\"'=HYPERLINK(\"\"http://x\"\",\"\"stolen truck seen leaving\"\") <script>";
    assert!(csv.contains(guarded), "{csv}");
    assert!(!csv.contains(",=") && !csv.contains("\"="), "{csv}");
    assert!(csv.starts_with("\"index\",\"at\",\"classification\""), "{csv}");
    let html = written("html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("ALPR Request"), "{html}");
    assert!(!html.contains("<script>") && html.contains("&lt;script&gt;alert(1)"), "{html}");
    let entry = owning.log().await.last(Kind::AuditReported).header.index;
    assert!(html.contains(&format!("Entry {entry} of that log")), "{html}");
    assert!(html.contains("— accord/owning-ca-pd"), "the signed head: {html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exceptions_report_finds_what_was_planted_and_nothing_else() {
    let (asking, owning, _) = sharing_pair().await;
    let both = [&asking, &owning];
    to_noon(&both);
    let ask = async |plate: &str, reason: &str| {
        let mut asked = draft(&[owning.id()], plate, asking.now());
        asked.why.reason = words(reason);
        assert_eq!(asking.ask(&asked).await[0].outcome, OutcomeCode::Answered);
    };
    let told = "Stolen vehicle reported by its owner this morning, last seen leaving the scene";
    // Five times in a week is no exception.
    for _ in 0..5 {
        ask("1AAA111", told).await;
    }
    assert_eq!(report(&asking, "exceptions"), Vec::<Value>::new());
    for _ in 0..6 {
        ask("2BBB222", told).await;
    }
    ask("3CCC333", "burglary getaway").await;
    let no = refused(&asking, &owning, "4DDD444", told);
    assert_eq!(asking.ask(&no).await[0].outcome, OutcomeCode::Refused);
    ask("4DDD444", "Robbery of a jeweller, witness saw this truck drive off").await;
    both.iter().for_each(|agency| agency.clock.shift(11 * HOUR_MS));
    ask("5EEE555", told).await;
    for at in both {
        let rows = report(at, "exceptions");
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row["finding"].as_str(), row["plate"].as_str(), row["count"].as_u64()))
            .collect();
        assert_eq!(
            found,
            [
                (Some("repeat_plate"), Some("2BBB222"), Some(6)),
                (Some("vague_reason"), Some("3CCC333"), Some(1)),
                (Some("refused_then_rephrased"), Some("4DDD444"), Some(2)),
                (Some("unusual_hours"), Some("5EEE555"), Some(1)),
            ],
            "{rows:?}"
        );
        assert!(rows.iter().all(|row| row["user"] == "m.reyes"), "{rows:?}");
    }
    both.iter().for_each(|agency| agency.clock.shift(13 * HOUR_MS));
    for n in 0..51 {
        ask(&format!("7VOL{n:03}"), told).await;
    }
    let rows = report(&owning, "exceptions");
    assert_eq!(rows.len(), 7, "{rows:?}");
    // All of them name one case, which is unusual of the agency.
    assert_eq!((&rows[0]["finding"], &rows[0]["count"]), (&json!("agency_case"), &json!(66)));
    assert_eq!(rows[1]["finding"], json!("repeated_reason"), "the same words for all of them");
    assert_eq!((&rows[6]["finding"], &rows[6]["count"]), (&json!("unusual_volume"), &json!(51)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_reproducible_from_its_seed_and_recorded_with_its_findings() {
    let (asking, owning, _) = sharing_pair().await;
    for _ in 0..12 {
        assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    }
    let drawn = |seed: &str| {
        let ended = owning.accord(&["audit", "sample", "--count", "4", "--seed", seed]);
        assert_eq!((ended.code, ended.lines().len()), (0, 4), "{ended:?}");
        let rows = ended.lines();
        let indices: Vec<u64> = rows.iter().filter_map(|row| row["index"].as_u64()).collect();
        (indices, rows[0]["sample"].as_u64().expect("an entry"))
    };
    let (first, sample) = drawn("winter 2026");
    assert_eq!(drawn("winter 2026").0, first);
    assert!(["a", "b", "c"].iter().any(|seed| drawn(seed).0 != first), "{first:?}");
    let log = owning.log().await;
    let all: Vec<u64> =
        log.all(Kind::QueryAnswered).iter().map(|entry| entry.header.index).collect();
    assert_eq!(node::auditing::periodic::draw("winter 2026", &all, 4), first);
    let sampled = log.all(Kind::AuditSampled)[0];
    assert_eq!((sampled.header.index, sampled.detail("drawn")), (sample, &json!(first)));

    let (sample, entry) = (sample.to_string(), first[1].to_string());
    let record = ["audit", "record", "--sample", &sample, "--finding", "Case number is another's"];
    let row = owning.accord(&[&record[..], &["--entry", &entry]].concat()).done();
    assert_eq!((&row["by"], &row["ok"]), (&json!("admin"), &json!(false)));
    let log = owning.log().await;
    let recorded = log.one(Kind::AuditRecorded);
    assert_eq!(row["index"], recorded.header.index);
    assert_eq!(recorded.detail("finding"), "Case number is another's");
    assert_eq!(recorded.detail("entries"), &json!([first[1]]));
    // What was not drawn, or is no sample, is not recorded.
    let other = [&record[..], &["--entry", "0"]].concat();
    assert!(owning.accord(&other).failed(2).contains("not among"));
    let none = ["audit", "record", "--sample", "0", "--finding", "Nothing"];
    assert!(owning.accord(&none).failed(2).contains("no sample"));
    assert_eq!(owning.log().await.count(Kind::AuditRecorded), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn audits_fall_due_and_are_done() {
    let (asking, owning, _) = sharing_pair().await;
    assert!(audits_due(&owning).0);
    let days = owning
        .context()
        .agency
        .registry
        .state()
        .policy
        .as_ref()
        .expect("a policy")
        .audits
        .period()
        .longest_days();
    shift_clocks([&asking, &owning], i64::from(days) * DAY_MS + HOUR_MS);
    let (well, said) = audits_due(&owning);
    assert!(!well && said.contains(&format!("every {days} days")) && said.contains('['), "{said}");
    owning.accord(&["audit", "record", "--finding", "All in order", "--ok"]).done();
    let (_, said) = audits_due(&owning);
    assert!(!said.contains("an audit is due"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_reconciles_by_itself_as_often_as_its_agreement_says() {
    let asking = Plan::of("asking-ca-pd").bounds(|bounds| bounds.reconciled_look_seconds = 1);
    let (asking, owning) = pair_of(asking, Plan::of("owning-ca-pd")).await;
    in_force_with(&[&asking, &owning], |text| text.audit_every_days = 30).await;
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    assert!(audits_due(&owning).0);
    assert_eq!(asking.log().await.count(Kind::AuditReconciled), 0);
    shift_clocks([&asking, &owning], 31 * DAY_MS);
    let (_, said) = audits_due(&owning);
    assert!(said.contains("asking-ca-pd"), "{said}");
    let look =
        |log: &tests::logs::Log| log.all(Kind::AuditReconciled).first().map(|e| (*e).clone());
    let entry = asking.wait_for_log("a reconciliation", look).await;
    assert_eq!(entry.header.peer.as_ref(), Some(owning.id()));
    assert_eq!((entry.body.actor.user.as_ref(), entry.body.actor.auth.as_str()), (None, "node"));
    assert_eq!((entry.detail("matched"), entry.detail("findings")), (&json!(1), &json!(0)));
    assert!(audits_due(&asking).0);
    // Once is enough until the next period.
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(asking.log().await.count(Kind::AuditReconciled), 1);
}
