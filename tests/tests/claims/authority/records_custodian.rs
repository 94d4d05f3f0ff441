//! Requests of courts and of the public: filed by the records custodian with the day by which they are to be
//! answered, waiting until then, and in the same act what they are about kept from being destroyed.

use audit_log::clock::Clock;
use tests::command_line::{CliAgency, CommandOutput};
use tests::fixtures::{OFFICER, PLATE};

const CUSTODIAN: &str = "r.ortiz";

fn agency() -> CliAgency {
    let agency = CliAgency::with_officer("owning-ca-pd");
    let person = ["--full-name", "Rosa Ortiz", "--role", "records_custodian"];
    agency.accord(&[&["user", "add", CUSTODIAN][..], &person].concat()).done();
    agency
}

fn files(agency: &CliAgency, user: &str, further: &[&str]) -> CommandOutput {
    let record = ["request", "record", "--from-body", "Superior Court", "--case", "26CV00117"];
    agency.accord_as(user, &[&record[..], further].concat())
}

/// What the custodian is told to answer.
fn waiting(agency: &CliAgency) -> Vec<String> {
    let rows = agency.accord_as(CUSTODIAN, &["waiting"]).lines();
    let told = rows.iter().filter(|one| one["kind"] == "records_request");
    told.filter_map(|one| one["what"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_subpoena_waits_until_the_day_that_it_names_and_is_a_hold_in_the_same_act() {
    let agency = agency();
    let subpoena = ["--kind", "subpoena", "--hold"];
    let undated = files(&agency, CUSTODIAN, &subpoena);
    assert!(undated.failed(2).contains("--due"), "{undated:?}");
    let holds = || agency.accord(&["hold", "list"]).lines();
    assert_eq!(holds().len(), 0, "nothing was done of it");

    let due = Clock::system().now().plus_days(30);
    let (day, due) = (due.day(), due.to_string());
    let dated = [&subpoena[..], &["--due", &due]].concat();
    let refused = files(&agency, OFFICER, &dated);
    assert!(refused.failed(1).contains("1798.90.5"), "with the section: {refused:?}");
    let filed = files(&agency, CUSTODIAN, &dated).done();
    assert_eq!((&filed["hold"], &filed["body_kind"]), (&1.into(), &"subpoena".into()), "{filed}");
    let held = holds();
    assert_eq!((held.len(), &held[0]["case"]), (1, &"26CV00117".into()));
    assert_eq!(held[0]["by"], CUSTODIAN);
    let told = waiting(&agency);
    assert!(told.len() == 1 && told[0].contains(&format!("answer it, by {day}")), "{told:?}");
    // She keeps; who administers lets go.
    let release = ["hold", "release", "1", "--reason", "it was settled"];
    assert_eq!(agency.accord_as(CUSTODIAN, &release).code, 1);

    let id = filed["request"].as_str().expect("an id");
    let close = ["request", "close", id, "--outcome", "released", "--reason", "two reads, by mail"];
    assert_eq!(agency.accord_as(OFFICER, &close).code, 1);
    let closed = agency.accord_as(CUSTODIAN, &close).done();
    assert_eq!(
        (&closed["outcome"], &closed["state"]),
        (&"released".into(), &"records_closed".into())
    );
    assert_eq!(waiting(&agency), Vec::<String>::new());
    assert!(agency.accord_as(CUSTODIAN, &close).failed(2).contains("was answered on"));
    assert_eq!(holds()[0]["released"], serde_json::Value::Null, "what is kept stays kept");
    assert_eq!(agency.accord(&["audit", "verify"]).done()["ok"], true);
}

#[test]
fn who_asks_for_the_public_is_answered_within_ten_days() {
    let agency = agency();
    let public = ["--kind", "public_records", "--hold-plate", PLATE];
    let filed = files(&agency, CUSTODIAN, &public).done();
    assert!(filed["due_under"].as_str().is_some_and(|by| by.contains("7922.535(a)")), "{filed}");
    let day = |key: &str| {
        let at: jiff::Timestamp = filed[key].as_str().expect("a time").parse().expect("a time");
        at.as_second()
    };
    assert_eq!(day("due") - day("at"), 10 * 86_400);
    let other = files(&agency, CUSTODIAN, &["--kind", "other"]).done();
    assert_eq!(other.get("due"), None, "{other}");
    // What has no day comes last.
    let told = waiting(&agency);
    assert!(told.len() == 2 && told[0].starts_with("public records request"), "{told:?}");
    assert_eq!(agency.accord(&["hold", "list"]).done()["plate"], PLATE);
}
