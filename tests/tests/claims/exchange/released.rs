//! What the screening of one's own policy refused while a life was in danger is released by another person
//! or not, and both logs say by whom.

use std::fs;

use agreements::policy::Policy;
use tests::command_line::CliAgency;
use tests::fixtures::{OFFICER, PLATE};

const DANGER: &str = "hostage in the car, shots fired";

/// An agency under the statute's policy and what more it says of a danger.
fn agency(id: &str, more: &str) -> CliAgency {
    let text = Policy::builtin_text("california-statute").expect("a policy");
    let more = format!("[danger]\n{more}\nat = [\"1798.90.52(a)(4)\"]\n\n[searches]");
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), text.replacen("[searches]", &more, 1)).expect("a file");
    CliAgency::init_under(id, file.path().to_str().expect("UTF-8")).start_with_officer()
}

fn two() -> (CliAgency, CliAgency) {
    let asking = agency("asking-ca-pd", "released_by = [\"supervisor\"]");
    let owning = agency("owning-ca-pd", "lowers = [\"reason\"]");
    owning.add_reads(PLATE, 3);
    asking.introduce(&owning);
    asking.agree_with(&owning);
    let supervisor = ["--full-name", "Sam Lee", "--role", "supervisor"];
    asking.accord(&[&["user", "add", "s.lee"][..], &supervisor].concat()).done();
    (asking, owning)
}

fn asks(asking: &CliAgency, danger: &str) -> serde_json::Value {
    let query = ["query", "--to", "owning-ca-pd", "--plate", PLATE, "--purpose", "stolen_vehicle"];
    let why = ["--reason", "armed, fled northbound", "--danger", danger];
    let said = asking.accord_as(OFFICER, &[&query[..], &why].concat());
    assert_eq!(said.code, 1, "{said:?}");
    said.lines().remove(0)
}

#[test]
fn another_person_releases_what_our_screening_refused_and_both_logs_say_who() {
    let (asking, owning) = two();
    let heard = asks(&asking, DANGER);
    assert_eq!(heard["refused_by"], "own policy");
    assert_eq!(heard["may_release"], serde_json::json!(["supervisor"]));
    let id = heard["query_id"].as_str().expect("an id");
    let release = ["query", "release", id, "--reason", "heard the shots on the air"];

    // Neither who asked nor an administrator is of the role that the policy names.
    for user in [OFFICER, "admin"] {
        let refused = asking.accord_as(user, &release);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains("1798.90.52(a)(4)"), "{refused:?}");
    }
    let waits = asking.accord_as("s.lee", &["waiting"]).lines();
    let told: Vec<_> = waits.iter().filter(|one| one["kind"] == "release").collect();
    assert!(told.len() == 1 && told[0]["id"] == id, "{waits:?}");
    let listed = asking.accord_as("s.lee", &["query", "releases"]).lines();
    assert_eq!((listed.len(), &listed[0]["query_id"]), (1, &heard["query_id"]));

    let released = asking.accord_as("s.lee", &release).done();
    assert_eq!((&released["outcome"], &released["user"]), (&"answered".into(), &OFFICER.into()));
    assert!(!released.to_string().contains(PLATE), "who released it sees no read: {released}");
    let shown = asking.accord_as(OFFICER, &["query", "show", id]).done();
    assert_eq!(shown["reads"].as_array().map(Vec::len), Some(3), "{shown}");
    for (agency, kind) in [(&asking, "query.sent"), (&owning, "query.answered")] {
        let rows = agency.accord(&["audit", "log", "--kind", kind]).lines();
        let index = rows[0]["index"].to_string();
        let entry = agency.accord(&["audit", "show", &index]).done().to_string();
        assert!(entry.contains("s.lee") && entry.contains("heard the shots"), "{kind}: {entry}");
        assert_eq!(rows[0]["user"], OFFICER, "it is her query: {rows:?}");
    }
    let again = asking.accord_as("s.lee", &release);
    assert!(again.code == 2 && again.err.contains("waits to be released"), "{again:?}");

    for agency in [&asking, &owning] {
        assert_eq!(agency.accord(&["audit", "verify"]).done()["ok"], true);
    }
    let compared = asking.accord(&["audit", "reconcile", "--peer", "owning-ca-pd"]).done();
    assert_eq!(compared["findings"], serde_json::json!([]), "{compared}");
    // What was asked and what was released are two uses, each with its review.
    let rows = asking.accord(&["doctor"]).lines();
    let due = rows.iter().filter_map(|row| row["detail"].as_str());
    let due = due.map(|detail| detail.matches("a danger to life was stated").count());
    assert_eq!(due.sum::<usize>(), 2, "{rows:?}");
}

#[test]
fn what_is_not_released_stays_here_and_waits_no_longer() {
    let (asking, owning) = two();
    let heard = asks(&asking, DANGER);
    let id = heard["query_id"].as_str().expect("an id");
    let deny = ["query", "release", id, "--reason", "it was over by then", "--deny"];
    assert_eq!(asking.accord_as("s.lee", &deny).done()["verdict"], "denied");
    let listed = asking.accord_as("s.lee", &["query", "releases"]).lines();
    assert_eq!(listed.len(), 0, "{listed:?}");
    let denied = asking.accord(&["audit", "log", "--kind", "release.denied"]).lines();
    assert_eq!((denied.len(), &denied[0]["user"]), (1, &"s.lee".into()));
    assert_eq!(owning.accord(&["audit", "log", "--kind", "query.answered"]).lines().len(), 0);
    // Nothing waits where no life is in danger.
    let plain = asks(&asking, "no");
    assert_eq!(plain.get("may_release"), None, "{plain}");
}
