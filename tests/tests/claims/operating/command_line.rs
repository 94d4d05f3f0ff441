//! The real binary: two nodes started by hand in separate homes, what commands print, and how they
//! end.

use std::os::unix::fs::PermissionsExt as _;

use schemas::envelope::{Envelope, Kind};
use schemas::key::PublicKey;
use serde_json::Value;
use tests::command_line::{CliAgency, CommandOutput, STOLEN_VEHICLE};
use tests::fixtures::{OFFICER, PLATE, id, reads};

fn query<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["query"], &STOLEN_VEHICLE[..], &["--plate", PLATE, "--limit", "50"], more].concat()
}

/// Two running nodes that know each other; the second owns three reads.
fn pair() -> (CliAgency, CliAgency) {
    let (asking, owning) =
        (CliAgency::with_officer("asking-ca-pd"), CliAgency::with_officer("owning-ca-pd"));
    asking.introduce(&owning);
    owning.add_reads(PLATE, 3);
    (asking, owning)
}

#[test]
fn two_nodes_started_by_hand_share_under_an_agreement() {
    let (mut asking, mut owning) = pair();
    let to = ["--to", owning.id.as_str()];
    let refused = asking.accord_as(OFFICER, &query(&to));
    assert_eq!(refused.code, 1, "a refusal is an answer, not a fault: {refused:?}");
    let line = &refused.lines()[0];
    assert_eq!(
        (&line["outcome"], &line["reasons"][0]["code"]),
        (&Value::from("refused"), &Value::from("no_authority"))
    );
    assert!(line["reasons"][0]["citations"][0]["section"].is_string());

    let agreement = asking.agree_with(&owning);
    let heard = asking.accord_as(OFFICER, &query(&to)).done();
    assert_eq!(
        (&heard["outcome"], &heard["owner"]),
        (&Value::from("answered"), &Value::from(owning.id.as_str()))
    );
    assert_eq!(heard["basis"]["authority"], agreement.as_str());
    assert_eq!(heard["reads"].as_array().map(Vec::len), Some(3));
    assert_eq!(heard["reads"][0]["plate"], PLATE);
    let all = asking.accord_as(OFFICER, &query(&["--all"])).done();
    assert_eq!(all["reads"], heard["reads"]);

    let receipts = |log: &CommandOutput| (log.lines().len() == 2).then_some(());
    owning.retry_until(&["audit", "log", "--kind", "receipt.recorded"], receipts);
    for (agency, kind) in
        [(&asking, "query.sent"), (&asking, "answer.received"), (&owning, "query.answered")]
    {
        let log = agency.accord(&["audit", "log", "--kind", kind]);
        let entry = log
            .lines()
            .into_iter()
            .rfind(|entry| entry["query_id"] == heard["query_id"])
            .expect("an entry");
        assert_eq!(
            (&entry["user"], &entry["purpose"]),
            (&Value::from(OFFICER), &Value::from("stolen_vehicle")),
            "{kind}"
        );
        assert_eq!(
            (&entry["case"], &entry["elements"]["plate"]),
            (&Value::from("26-004711"), &Value::from(PLATE))
        );
        assert_eq!(entry["requester"], asking.id.as_str());
        assert!(
            ["at", "reason", "outcome", "index"].iter().all(|key| !entry[key].is_null()),
            "{entry}"
        );
    }
    for (at, with) in [(&asking, &owning), (&owning, &asking)] {
        let report = at.accord(&["audit", "reconcile", "--peer", &with.id]).done();
        assert_eq!(
            (&report["matched"], &report["refused_both"]),
            (&Value::from(2), &Value::from(1)),
            "{report}"
        );
        assert_eq!(report["findings"], Value::Array(Vec::new()));
    }
    assert_eq!((asking.stop(), owning.stop()), (0, 0));
}

#[test]
fn a_written_request_is_made_approved_and_used_up() {
    let (asking, owning) = pair();
    let submitted = asking.accord_as(
        OFFICER,
        &[
            "request",
            "submit",
            "--to",
            &owning.id,
            "--requested-by",
            "Maria Reyes",
            "--purpose",
            "stolen_vehicle",
            "--case",
            "26-004711",
            "--uses",
            "1",
        ],
    );
    let request = submitted.done()["request"].as_str().expect("an id").to_owned();
    owning.retry_until(&["request", "show", &request], |shown| (shown.code == 0).then_some(()));
    let approved =
        owning.accord(&["request", "approve", &request, "--reason", "Need is shown"]).done();
    assert_eq!(
        (&approved["state"], &approved["uses_left"]),
        (&Value::from("approved"), &Value::from(1))
    );
    asking.retry_until(&["request", "show", &request], |shown| {
        (shown.done()["state"] == "approved").then_some(())
    });
    let ask = || asking.accord_as(OFFICER, &query(&["--to", &owning.id, "--authority", &request]));
    assert_eq!(ask().done()["basis"]["authority"], request.as_str());
    let refused = ask();
    assert_eq!(
        (refused.code, &refused.lines()[0]["reasons"][0]["code"]),
        (1, &Value::from("uses_exhausted"))
    );
    let shown = owning.accord(&["request", "show", &request]).done();
    assert_eq!(
        (&shown["state"], &shown["title"]),
        (&Value::from("used_up"), &Value::from("Chief of Police"))
    );
}

#[test]
fn an_owner_that_is_down_is_no_answer() {
    let (asking, mut owning) = pair();
    asking.agree_with(&owning);
    assert_eq!(owning.stop(), 0);
    let ask = asking.accord_as(OFFICER, &query(&["--to", &owning.id]));
    assert_eq!(ask.code, 3, "{ask:?}");
    assert_eq!(ask.lines()[0]["outcome"], "unanswered");
    let query_id = ask.lines()[0]["query_id"].as_str().expect("an id").to_owned();
    owning.start();
    let again = asking.accord_as(OFFICER, &["query", "--again", &query_id]).done();
    assert_eq!(
        (&again["outcome"], &again["query_id"]),
        (&Value::from("answered"), &Value::from(query_id.as_str()))
    );
}

#[test]
fn a_node_that_was_killed_starts_again_with_what_it_had() {
    let (asking, mut owning) = pair();
    asking.agree_with(&owning);
    assert_eq!(asking.accord_as(OFFICER, &query(&["--to", &owning.id])).code, 0);
    let before = owning.accord(&["audit", "log"]).lines();
    owning.kill();
    owning.start();
    let after = owning.accord(&["audit", "log"]).lines();
    assert_eq!(after[..before.len()], before);
    assert_eq!(
        asking.accord_as(OFFICER, &query(&["--to", &owning.id])).done()["outcome"],
        "answered"
    );
}

#[test]
fn importing_twice_stores_once_and_a_bad_record_is_named_and_skipped() {
    let agency = CliAgency::with_officer("owning-ca-pd");
    agency.add_reads(PLATE, 5);
    let again = agency
        .accord(&["reads", "import", "--format", "native", &agency.file("reads.jsonl")])
        .done();
    let counts = ["records", "stored", "duplicates", "rejected"].map(|key| again[key].as_u64());
    assert_eq!(counts, [Some(5), Some(0), Some(5), Some(0)], "{again}");
    let file = agency.file("bad.jsonl");
    std::fs::write(&file, "{\"plate\": \"not a read\"}\n").expect("a file");
    let ended = agency.accord(&["reads", "import", "--format", "native", &file]);
    let line = &ended.lines()[0];
    assert_eq!(
        (&line["stored"], &line["rejected"]),
        (&Value::from(0), &Value::from(1)),
        "{ended:?}"
    );
    assert!(line["errors"][0]["at"].is_string() && line["errors"][0]["error"].is_string());
    assert_eq!(agency.accord(&["reads", "stats"]).done()["reads"], 5);
}

#[test]
fn what_lies_in_a_home_is_for_its_owner_alone() {
    let agency = CliAgency::with_officer("asking-ca-pd");
    let mut folders = vec![agency.home()];
    let mut seen = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file"))
        {
            let about = entry.metadata().expect("its permissions");
            assert_eq!(about.permissions().mode() & 0o077, 0, "{entry:?}");
            seen.push(entry.file_name().into_string().expect("UTF-8"));
            if about.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    for name in ["accord.db", "accord.db-wal", "accord.db-shm", "agency.pem", "accord.sock"] {
        assert!(seen.iter().any(|seen| seen == name), "{name} in {seen:?}");
    }
}

#[test]
fn what_people_read_is_short_and_names_the_query() {
    let (asking, owning) =
        (CliAgency::with_officer("asking-ca-pd"), CliAgency::with_officer("owning-ca-pd"));
    asking.introduce(&owning);
    let now = audit_log::clock::Clock::system().now();
    let line = serde_json::to_string(&reads(&id(&owning.id), PLATE, 1, now)[0]).expect("JSON");
    let file = owning.file("reads.jsonl");
    std::fs::write(&file, line).expect("a file");
    let imported = owning.accord_text("admin", &["reads", "import", &file]).out;
    assert!(imported.contains(": 1 record, 1 read stored, "), "{imported}");
    let agreement = asking.agree_with(&owning);

    let asked = asking.accord_text(OFFICER, &query(&["--to", &owning.id])).out;
    assert!(asked.starts_with(&format!("owning-ca-pd: 1 read under {agreement}\n")), "{asked}");
    let log = asking.accord(&["audit", "log", "--kind", "answer.received"]).lines();
    let query_id = log[0]["query_id"].as_str().expect("an id");
    assert!(asked.ends_with(&format!("\nquery {query_id}\n")), "{asked}");

    let text = owning.accord_text("admin", &["agreement", "show", &agreement]).out;
    assert!(text.contains("daily_limit") || text.contains("[[clauses]]"), "{text}");
    for act in ["suspend", "resume", "withdraw"] {
        let told =
            owning.accord_text("admin", &["agreement", act, &agreement, "--reason", "review"]).out;
        // Of a side that shares no longer, a line says who ended that, since when and why.
        let lines = if act == "resume" { 7 } else { 8 };
        assert!(told.starts_with(&agreement) && told.lines().count() == lines, "{told}");
        assert!(text.starts_with(told.lines().next().unwrap_or("-")), "{text}");
    }
    let refused = asking.accord_text(OFFICER, &query(&["--to", &owning.id])).out;
    assert!(refused.contains("refused") && refused.contains("\nquery "), "{refused}");

    let listed = asking.accord(&["card", "list"]).done();
    let shown = owning.accord(&["card", "show"]).done();
    assert_eq!(listed["message_key"], shown["message_key"]);
    assert!(listed["message_key"].is_string());
}

#[test]
fn the_exact_envelopes_of_an_entry_can_be_checked_elsewhere() {
    let (asking, owning) = pair();
    asking.agree_with(&owning);
    asking.accord_as(OFFICER, &query(&["--to", &owning.id])).done();
    let index = |agency: &CliAgency, kind: &str| {
        let log = agency.accord(&["audit", "log", "--kind", kind]).lines();
        log[0]["index"].as_u64().expect("an index").to_string()
    };
    let received = index(&asking, "answer.received");
    let shown = asking.accord_text("admin", &["audit", "envelope", &received]);
    assert_eq!(shown.out, asking.accord(&["audit", "envelope", &received]).out);
    let answer = Envelope::parse(shown.out.trim_end().as_bytes()).expect("the exact bytes");
    let card = owning.accord(&["card", "show"]).done();
    let key: PublicKey = card["message_key"].as_str().expect("a key").parse().expect("a key");
    answer.verified(Kind::Answer, &key).expect("the owner's signature");

    // The owner's entry holds the query and the answer, and the file the bytes of both.
    let file = owning.file("both.jsonl");
    let answered = index(&owning, "query.answered");
    let told = owning.accord(&["audit", "envelope", &answered, "--out", &file]).done();
    assert_eq!((&told["envelopes"], &told["kind"]), (&2.into(), &"query.answered".into()));
    let both = std::fs::read_to_string(&file).expect("a file");
    let kinds: Vec<_> = both
        .lines()
        .map(|line| Envelope::parse(line.as_bytes()).expect("an envelope").kind())
        .collect();
    assert_eq!(kinds, [Kind::Query, Kind::Answer]);
    assert_eq!(both.lines().nth(1), Some(shown.out.trim_end()));

    let viewed = owning.accord(&["audit", "log", "--kind", "audit.viewed"]).lines();
    assert!(
        viewed.iter().any(
            |entry| entry["detail"]["viewed"]["envelopes_of"].as_u64() == answered.parse().ok()
        )
    );
    assert_eq!(owning.accord_as(OFFICER, &["audit", "envelope", &answered]).code, 1);
    assert!(owning.accord(&["audit", "envelope", "2"]).failed(2).contains("has no envelope"));
    assert!(owning.accord(&["audit", "envelope", "99999"]).failed(2).contains("99999"));
}
