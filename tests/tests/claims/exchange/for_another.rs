//! Where a policy keeps inquiries to a few, they ask as themselves for a registered, trained person, who sees
//! what came; both logs say for whom.

use std::fs;

use agreements::policy::Policy;
use audit_log::clock::Clock;
use tests::command_line::{CliAgency, CommandOutput};
use tests::fixtures::{OFFICER, PLATE};

/// An agency whose dispatchers ask, and whose sworn officers see what is asked for them.
fn restricted(id: &str) -> CliAgency {
    let text = Policy::builtin_text("california-statute").expect("a policy");
    let (head, rest) = text.split_once("[people.query]\nroles = [").expect("who queries");
    let (_, rest) = rest.split_once(']').expect("a list");
    let (query, rest) = rest.split_once("\n\n").expect("another table");
    let see = "[people.see]\nroles = [\"sworn\"]\nat = [\"1798.90.51(b)(2)(B)\"]";
    let text = format!("{head}[people.query]\nroles = [\"dispatcher\"]{query}\n\n{see}\n\n{rest}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), text).expect("a file");
    let agency = CliAgency::init_under(id, file.path().to_str().expect("UTF-8"));
    let agency = agency.start_with_officer();
    let trained = Clock::system().now().minus_days(30).day();
    for (name, full_name, role, trained) in [
        ("d.patch", "Dana Patch", "dispatcher", Some(trained.as_str())),
        ("s.two", "Sol Two", "sworn", Some(trained.as_str())),
        ("s.new", "Noa New", "sworn", None),
        ("r.ortiz", "Rosa Ortiz", "records_custodian", Some(trained.as_str())),
    ] {
        let add = ["user", "add", name, "--full-name", full_name, "--role", role];
        let trained = trained.map_or(Vec::new(), |on| vec!["--trained-on", on]);
        agency.accord(&[&add[..], &trained].concat()).done();
    }
    agency
}

fn asks(agency: &CliAgency, user: &str, further: &[&str]) -> CommandOutput {
    let query = ["query", "--to", "owning-ca-pd", "--plate", PLATE, "--purpose", "stolen_vehicle"];
    let why = ["--reason", "Stolen vehicle reported by its owner", "--case", "26-004711"];
    agency.accord_as(user, &[&query[..], &why, further].concat())
}

/// The codes by which it is refused.
fn codes(said: &CommandOutput) -> Vec<String> {
    assert_eq!(said.code, 1, "{said:?}");
    let rows = said.lines();
    let reasons = rows[0]["reasons"].as_array().cloned().unwrap_or_default();
    reasons.iter().filter_map(|one| one["code"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_dispatcher_asks_as_herself_for_an_officer_who_sees_what_came() {
    let asking = restricted("asking-ca-pd");
    let owning = CliAgency::with_officer("owning-ca-pd");
    owning.add_reads(PLATE, 3);
    asking.introduce(&owning);
    asking.agree_with(&owning);

    assert_eq!(codes(&asks(&asking, OFFICER, &[])), ["role_not_authorized"], "she may not inquire");
    let unknown = asks(&asking, "d.patch", &["--for", "n.one"]);
    assert!(unknown.failed(1).contains("1798.90.51(b)(2)(B)"), "{unknown:?}");
    for (user, code) in [("s.new", "training_missing"), ("r.ortiz", "role_not_authorized")] {
        assert_eq!(codes(&asks(&asking, "d.patch", &["--for", user])), [code], "for {user}");
    }
    assert_eq!(asks(&asking, "d.patch", &["--for", "d.patch"]).code, 2, "for herself");
    assert_eq!(owning.accord(&["audit", "log", "--kind", "query.answered"]).lines().len(), 0);

    let heard = asks(&asking, "d.patch", &["--for", OFFICER]).done();
    let id = heard["query_id"].as_str().expect("an id");
    let told = asking.accord_as(OFFICER, &["waiting"]).lines();
    assert!(told.iter().any(|one| one["kind"] == "answer" && one["id"] == id), "{told:?}");
    let shown = asking.accord_as(OFFICER, &["query", "show", id]).done();
    assert_eq!(shown["reads"].as_array().map(Vec::len), Some(3), "{shown}");
    let listed = asking.accord_as(OFFICER, &["query", "list"]).lines();
    assert!(listed.iter().any(|one| one["query_id"] == id), "{listed:?}");
    for (agency, kind) in [(&asking, "query.sent"), (&owning, "query.answered")] {
        let rows = agency.accord(&["audit", "log", "--kind", kind]).lines();
        assert_eq!(rows[0]["user"], "d.patch", "she asked: {rows:?}");
        let index = rows[0]["index"].to_string();
        let entry = agency.accord(&["audit", "show", &index]).done().to_string();
        let named = entry.contains(&format!("\"for_user\":\"{OFFICER}\""));
        assert!(named && entry.contains("Maria Reyes"), "{kind}: {entry}");
    }
    let viewed = asking.accord(&["audit", "log", "--kind", "answer.viewed"]).lines();
    assert_eq!((viewed.len(), &viewed[0]["user"]), (1, &OFFICER.into()), "that she looked");

    // It is hers, and nobody else's who may only see.
    assert_eq!(asking.accord_as("s.two", &["query", "list"]).lines().len(), 0);
    let other = asking.accord_as("s.two", &["query", "--again", id]);
    assert_eq!(codes(&other), ["role_not_authorized"]);
    for agency in [&asking, &owning] {
        assert_eq!(agency.accord(&["audit", "verify"]).done()["ok"], true);
    }
}
