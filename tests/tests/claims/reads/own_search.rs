//! One's own reads are searched as a peer's are: judged, logged, and only then shown; and a case
//! that was set once goes with what is asked.

use schemas::body::Outcome;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::purpose::QueryKind;
use serde_json::{Value, json};
use tests::agency::Agency;
use tests::command_line::CliAgency;
use tests::faulty_store::Failure;
use tests::fixtures::{OFFICER, PLATE, draft, words};

const SEARCH: [&str; 4] = ["reads", "search", "--plate", PLATE];
const WHY: [&str; 6] = [
    "--purpose",
    "stolen_vehicle",
    "--case",
    "26-004711",
    "--reason",
    "Taken from its owner on Foothill Boulevard",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_on_record_with_everything_that_the_law_names_before_it_is_shown() {
    let owner = Agency::start("owning-ca-pd").await;
    owner.add_reads(PLATE, 3).await;
    let asked = draft(&[], PLATE, owner.now());
    let heard = owner.search_own(&asked).await.expect("an outcome");
    assert_eq!(
        (heard.outcome, heard.reads.len(), &heard.owner),
        (OutcomeCode::Answered, 3, owner.id())
    );
    assert_eq!(heard.own_notice, heard.notice);
    let log = owner.log().await;
    let entry = log.one(Kind::ReadsSearched);
    assert_eq!(heard.log.map(|at| at.index), Some(entry.header.index));
    assert_eq!(entry.header.peer, None);
    let access = entry.access();
    assert_eq!((access.outcome, access.count), (Outcome::Answered, Some(3)));
    assert_eq!((&access.requester, &access.owner), (owner.id(), owner.id()));
    // As it was typed, with the offence and the vehicle's role that stand in the words.
    let offenses: Vec<_> = access.why.offenses.iter().map(ToString::to_string).collect();
    assert_eq!(offenses, ["VC 10851"]);
    let typed = schemas::query::Justification {
        offenses: access.why.offenses.clone(),
        vehicle_role: access.why.vehicle_role.clone(),
        ..asked.why.clone()
    };
    assert_eq!((&access.why, &access.elements), (&typed, &asked.elements));
    let actor = &entry.body.actor;
    assert_eq!(actor.user.as_ref().map(schemas::query::UserName::as_str), Some(OFFICER));
    assert_eq!(actor.full_name, words("Maria Reyes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_logged_is_not_shown() {
    let owner = Agency::start("owning-ca-pd").await;
    owner.add_reads(PLATE, 3).await;
    let asked = draft(&[], PLATE, owner.now());
    for failure in [Failure::BeforeWrite, Failure::AfterWrite] {
        owner.store().fail_once_on(Kind::ReadsSearched, failure);
        let error = owner.search_own(&asked).await.expect_err("no log");
        assert!(error.to_string().contains("audit log cannot be written"), "{error}");
    }
    owner.search_own(&asked).await.expect("an outcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ones_own_policy_forbids_is_an_outcome_on_record_and_nothing_is_searched() {
    let owner = Agency::start("owning-ca-pd").await;
    owner.add_reads(PLATE, 3).await;
    let mut asked = draft(&[], PLATE, owner.now());
    asked.why.reason = words("inv");
    asked.elements.kind = QueryKind::Area;
    let heard = owner.search_own(&asked).await.expect("an outcome");
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Refused, 0));
    let codes: Vec<_> = heard.reasons.iter().map(|reason| reason.code.code()).collect();
    assert_eq!(codes, ["reason_vague", "query_kind"]);
    assert_eq!(owner.store().searches(), 0);
    let log = owner.log().await;
    let access = log.one(Kind::ReadsSearched).access();
    assert_eq!((access.outcome, access.reasons.len()), (Outcome::Declined, 2));
    // Somebody whom the agency does not know is turned away before anything is read of what she wants.
    let stranger = ["reads", "search", "--plate", PLATE];
    let ended = owner.accord_as("nobody", &[&stranger[..], &WHY].concat());
    assert!(ended.failed(1).contains("`nobody` is not signed in"), "{ended:?}");
    assert_eq!(owner.store().searches(), 0);
}

/// The rows of a report as its JSON shows them.
fn rows(agency: &CliAgency, kind: &str) -> Vec<Value> {
    let report = agency.accord(&["audit", "report", "--kind", kind, "--format", "json"]);
    assert_eq!(report.code, 0, "{report:?}");
    report
        .lines()
        .iter()
        .flat_map(|line| match line["rows"].as_array() {
            Some(rows) => rows.clone(),
            None => vec![line.clone()],
        })
        .collect()
}

#[test]
fn a_search_shows_what_a_query_shows_and_stands_in_every_report() {
    let agency = CliAgency::with_officer("owning-ca-pd");
    agency.add_reads(PLATE, 3);
    let found = agency.accord_as(OFFICER, &[&SEARCH[..], &WHY].concat()).done();
    assert_eq!((&found["outcome"], &found["owner"]), (&json!("answered"), &json!("owning-ca-pd")));
    assert_eq!(found["reads"].as_array().map(Vec::len), Some(3));
    assert!(found["notice"].as_str().is_some_and(|notice| !notice.is_empty()));
    let index = &found["log"]["index"];
    // Six times a week is following somebody.
    for _ in 0..5 {
        agency.accord_as(OFFICER, &[&SEARCH[..], &WHY].concat()).done();
    }
    let log = agency.accord(&["audit", "log", "--kind", "reads.searched"]);
    assert_eq!(log.lines().len(), 6);
    let entry = &log.lines()[0];
    assert_eq!((&entry["index"], &entry["case"]), (index, &json!("26-004711")));
    assert_eq!((&entry["user"], &entry["outcome"]), (&json!(OFFICER), &json!("answered")));
    for kind in ["access", "statutory"] {
        assert!(rows(&agency, kind).iter().any(|row| row["index"] == *index), "{kind}");
    }
    let exceptions = rows(&agency, "exceptions");
    assert!(exceptions.iter().any(|row| row["finding"] == "repeat_plate"), "{exceptions:?}");
    // And for a person.
    let told = agency.accord_text(OFFICER, &[&SEARCH[..], &WHY, &["--match", "misread"]].concat());
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.out.starts_with("owning-ca-pd: 3 reads\n"), "{}", told.out);
    assert!(told.out.contains("Your policy: "), "{}", told.out);
    let log = agency.accord_text("admin", &["audit", "log", "--kind", "reads.searched"]);
    assert!(log.out.contains("misread search; plate 7ABC123"), "{}", log.out);
}

#[test]
fn options_that_make_no_search_are_told_before_anything_is_asked() {
    let agency = CliAgency::with_officer("owning-ca-pd");
    for (options, says) in [
        (&["--match", "partial"][..], "give --plate"),
        (&["--plate", "7AB*"], "--match partial"),
        (&["--plate", "7%B", "--match", "partial"], "holds `%`"),
        (&["--make", "Honda"], "--from TIME"),
        (&["--near", "34.1,-118.1", "--radius", "500"], "--from TIME"),
        (&[], "say what to look for"),
        (&["--polygon", "34.1,-118.1 34.2,-118.1"], "3 to 64"),
        (&["--polygon", "34.1 34.2,-118.1"], "`34.1` is no place"),
        (
            &["--plate", PLATE, "--purpose", "stolen_vehicle", "--near", "91,0", "--radius", "5"],
            "is no place",
        ),
    ] {
        let ended = agency.accord_as(OFFICER, &[&["reads", "search"], options].concat());
        let said = ended.failed(2);
        assert!(said.contains(says), "{options:?}: {said}");
    }
    assert_eq!(agency.accord(&["audit", "log", "--kind", "reads.searched"]).lines().len(), 0);
}

#[test]
fn searches_without_a_plate_are_made_from_the_command_line() {
    let agency = CliAgency::with_officer("owning-ca-pd");
    agency.add_reads(PLATE, 3);
    let since = audit_log::clock::Clock::system().now().minus_days(1).to_string();
    for (options, kind) in [
        (&["--near", "34.1,-118.1", "--radius", "500"][..], "area"),
        (&["--polygon", "34.0,-118.2 34.0,-118.0 34.15,-118.1"], "area"),
        (&["--camera", "owning-ca-pd-camera-1"], "vehicle"),
    ] {
        let args = [&["reads", "search", "--from", &since][..], &WHY, options].concat();
        let found = agency.accord_as(OFFICER, &args).done();
        let expected = if kind == "area" { 3 } else { 1 };
        assert_eq!(found["reads"].as_array().map(Vec::len), Some(expected), "{options:?}");
        let log = agency.accord(&["audit", "log", "--kind", "reads.searched"]);
        assert_eq!(
            log.lines().last().map(|entry| entry["elements"]["kind"].clone()),
            Some(json!(kind))
        );
    }
}

/// The last entry about what somebody asked.
fn last(agency: &CliAgency, kind: &str) -> Value {
    let log = agency.accord(&["audit", "log", "--kind", kind]);
    log.lines().pop().unwrap_or_else(|| panic!("no entry of the kind {kind}"))
}

#[test]
fn a_case_goes_with_what_its_user_asks_until_it_ends() {
    let agency = CliAgency::with_officer("owning-ca-pd");
    let other = CliAgency::with_officer("other-ca-pd");
    agency.add_card(&other);
    agency.add_reads(PLATE, 1);
    let set = [&["case", "use", "26-004711"], &WHY[..2], &WHY[4..]].concat();
    let shown = agency.accord_as(OFFICER, &set).done();
    assert_eq!(
        (&shown["case"], &shown["purpose"]),
        (&json!("26-004711"), &json!("stolen_vehicle"))
    );
    assert_eq!(agency.accord_as(OFFICER, &["case", "show"]).done(), shown);

    // A search, a query and an explanation say nothing of why.
    let found = agency.accord_as(OFFICER, &SEARCH);
    assert!(found.err.contains("case 26-004711, set until"), "{found:?}");
    assert_eq!(found.done()["outcome"], "answered");
    let entry = last(&agency, "reads.searched");
    assert_eq!((&entry["case"], &entry["reason"]), (&json!("26-004711"), &json!(WHY[5])));
    let query = ["query", "--to", "other-ca-pd", "--plate", PLATE];
    // The other agency has no card of this one, and is silent.
    assert_eq!(agency.accord_as(OFFICER, &query).code, 3);
    assert_eq!(last(&agency, "query.sent")["case"], "26-004711");
    let explain = ["policy", "explain", "--owner", "other-ca-pd", "--plate", PLATE];
    let explained = agency.accord_as(OFFICER, &explain);
    assert_eq!(explained.lines()[0]["own_reasons"], json!([]), "{explained:?}");

    // What is typed wins; another case takes nothing from this one.
    let reason = "The owner's brother saw the stolen car parked on Myrtle Avenue";
    agency.accord_as(OFFICER, &[&SEARCH[..], &["--reason", reason]].concat()).done();
    let entry = last(&agency, "reads.searched");
    assert_eq!((&entry["case"], &entry["reason"]), (&json!("26-004711"), &json!(reason)));
    let other_case = agency.accord_as(OFFICER, &[&SEARCH[..], &["--case", "26-9"]].concat());
    assert_eq!(other_case.code, 2);
    assert!(other_case.err.contains("say why with --purpose"), "{other_case:?}");

    // It is its user's alone.
    assert_eq!(agency.accord_as("admin", &SEARCH).code, 2);
    assert_eq!(agency.accord_as("admin", &["case", "show"]).done(), json!({ "case": null }));

    agency.accord_as(OFFICER, &["case", "end"]).done();
    assert_eq!(agency.accord_as(OFFICER, &SEARCH).failed(2).matches("--purpose").count(), 2);
}

#[test]
fn a_case_that_has_ended_or_cannot_be_read_goes_with_nothing() {
    let agency = CliAgency::with_officer("owning-ca-pd");
    let set = [&["case", "use", "26-004711"], &WHY[..2], &WHY[4..]].concat();
    agency.accord_as(OFFICER, &set).done();
    let file = agency.home().join("cases").join(format!("{OFFICER}.json"));
    let mode = std::fs::metadata(&file).expect("a file").permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).expect("a case");
    let mut case: Value = serde_json::from_str(&text).expect("JSON");
    case["until"] = json!("2026-01-01T00:00:00.000Z");
    std::fs::write(&file, case.to_string()).expect("a file");
    let ended = agency.accord_as(OFFICER, &SEARCH);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("case 26-004711 ended at"), "{ended:?}");
    assert_eq!(agency.accord_as(OFFICER, &["case", "show"]).done(), json!({ "case": null }));

    std::fs::write(&file, "{}").expect("a file");
    // Even where everything was said: nobody knows what was meant to go with it.
    let unread = agency.accord_as(OFFICER, &[&SEARCH[..], &WHY].concat());
    assert!(unread.failed(3).contains("holds no case that can be read"), "{unread:?}");
    assert_eq!(agency.accord_as(OFFICER, &["case", "end"]).done()["ended"], true);
    assert_eq!(agency.accord_as(OFFICER, &[&SEARCH[..], &WHY].concat()).code, 0);
    for (bad, code) in [(&["case", "use", ""][..], 2), (&["case", "use", "1", "--hours", "73"], 2)]
    {
        assert_eq!(agency.accord_as(OFFICER, &[bad, &WHY[..2], &WHY[4..]].concat()).code, code);
    }
    let nobody = tests::command_line::accord_at(&agency.home(), &["case", "show"]);
    assert!(nobody.failed(1).contains("`accord login`"), "{nobody:?}");
}
