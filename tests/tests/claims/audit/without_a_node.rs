//! `accord-audit`, the program of whoever has bundles and no node: it says what `accord` says of the
//! same files, byte for byte, and reports what the agency's own node reports.

use registry::Change;
use schemas::outcome::OutcomeCode;
use serde_json::{Value, json};
use tests::agency::Agency;
use tests::auditor::{
    Auditor, bundles_of_both, entry_lines, key_pins, pair_with_exchange, problems, single_finding,
};
use tests::command_line::CommandOutput;
use tests::federation::answered_query;
use tests::fixtures::{PLATE, draft, words};

/// Runs both programs, as scripts and as people do; what they said with `--json`.
fn alike(auditor: &Auditor, args: &[&str]) -> CommandOutput {
    let of_accord = [&["audit"], args].concat();
    let said = |ended: &CommandOutput| (ended.code, ended.out.clone(), ended.err.clone());
    let (people, accord) = (auditor.run_without_node(args), auditor.run_as_text(&of_accord));
    assert_eq!(said(&people), said(&accord), "{args:?}");
    let json = auditor.run_without_node(&[&["--json"], args].concat());
    assert_eq!(said(&json), said(&auditor.run(&of_accord)), "{args:?}");
    json
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_verified_alike_with_and_without_the_programs_of_a_node() {
    let (asking, owning, _) = pair_with_exchange().await;
    answered_query(&asking, &owning).await;
    let auditor = Auditor::default();
    let (path, pins) = (auditor.path("owning"), key_pins(&[&owning, &asking]));
    let pinned: Vec<&str> = pins.iter().map(String::as_str).collect();
    for scope in [&[][..], &["--peer", "asking-ca-pd"]] {
        auditor.receive("owning", &owning, scope);
        let verify = [&["verify", &path], &pinned[..]].concat();
        let report = alike(&auditor, &verify).done();
        assert_eq!((&report["ok"], &report["pinned"]), (&json!(true), &json!(true)), "{report}");
        let unpinned = alike(&auditor, &["verify", &path]);
        assert_eq!((unpinned.code, &unpinned.lines()[0]["pinned"]), (1, &json!(false)));
        let whole = std::fs::read_to_string(auditor.file("owning")).expect("a bundle");
        let entries = entry_lines(&whole);
        // A word of a body is changed, or an entry is left out.
        auditor.edit("owning", |lines| {
            let at = lines.iter().position(|line| {
                line.contains("query.answered") && line.contains("stolen_vehicle")
            });
            let line = &mut lines[at.expect("an access")];
            *line = line.replace("stolen_vehicle", "missing_person");
        });
        let tampered = alike(&auditor, &verify);
        let codes = problems(&tampered.lines()[0]);
        assert_eq!(tampered.code, 1);
        assert!(codes.iter().any(|(index, code)| index.is_some() && code == "body"), "{codes:?}");
        std::fs::write(auditor.file("owning"), &whole).expect("a bundle");
        auditor.edit("owning", |all| drop(all.remove(entries.start.midpoint(entries.end))));
        assert_eq!(alike(&auditor, &verify).code, 1);
    }
    std::fs::write(auditor.file("none"), "{}\n").expect("a file");
    let none = alike(&auditor, &["verify", &auditor.path("none")]);
    assert!(none.failed(2).contains("line 1 is not the head of a bundle"), "{none:?}");
    let nowhere = alike(&auditor, &["verify", &auditor.path("nowhere")]);
    assert!(nowhere.failed(2).contains("No such file"), "{nowhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bundles_are_compared_alike() {
    let (asking, owning, _) = pair_with_exchange().await;
    let auditor = bundles_of_both(&asking, &owning);
    let (a, b, pins) =
        (auditor.path("asking"), auditor.path("owning"), key_pins(&[&asking, &owning]));
    let pinned: Vec<&str> = pins.iter().map(String::as_str).collect();
    let reconcile = [&["reconcile", &a, &b, "--grace", "0"], &pinned[..]].concat();
    let report = alike(&auditor, &reconcile).done();
    assert_eq!((&report["matched"], &report["findings"]), (&json!(1), &json!([])));
    let unpinned = alike(&auditor, &["reconcile", &a, &b]);
    assert!(unpinned.failed(2).contains("the key of `asking-ca-pd` is not pinned"), "{unpinned:?}");
    let twice = alike(&auditor, &[&["reconcile", &a, &a], &pinned[..]].concat());
    assert!(twice.failed(2).contains("both bundles are of `asking-ca-pd`"), "{twice:?}");
    // The owner's log without its answer: the requester's log keeps the proof.
    auditor.edit("owning", |lines| lines.retain(|line| !line.contains("query.answered")));
    let tampered = alike(&auditor, &reconcile);
    assert_eq!(tampered.code, 1);
    let found = single_finding(&tampered.lines()[0], "omitted")["evidence"].clone();
    assert!(!found.as_array().expect("evidence").is_empty());
    // What proves it is written alike too.
    let written = |by: &dyn Fn(&[&str]) -> CommandOutput, name: &str, args: &[&str]| {
        let path = auditor.path(name);
        assert_eq!(by(&[args, &["--out", &path]].concat()).code, 1);
        std::fs::read(path).expect("findings")
    };
    let of_accord = [&["audit"], &reconcile[..]].concat();
    assert_eq!(
        written(&|args| auditor.run_without_node(args), "one", &reconcile),
        written(&|args| auditor.run(args), "other", &of_accord)
    );
}

/// The rows of a report, but for the log entry that they name.
fn rows(ended: &CommandOutput) -> Vec<Value> {
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut rows = ended.lines();
    for row in &mut rows {
        row.as_object_mut().expect("a row").remove("made_from").expect("what it is made from");
    }
    rows
}

/// The text of the policy that an agency adopted.
async fn policy_text(of: &Agency) -> String {
    let changes = of.context().store.changes(0, u32::MAX).await.expect("changes");
    let text = changes.iter().find_map(|change| match serde_json::from_str(&change.text) {
        Ok(Change::Policy { text, .. }) => Some(text),
        _ => None,
    });
    text.expect("a policy")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_a_bundle_has_the_rows_of_the_nodes_own() {
    let (asking, owning, _) = pair_with_exchange().await;
    let mut barely = draft(&[owning.id()], PLATE, asking.now());
    barely.why.reason = words("burglary getaway");
    assert_eq!(asking.ask(&barely).await[0].outcome, OutcomeCode::Answered);
    let auditor = Auditor::default();
    std::fs::write(auditor.file("policy"), policy_text(&asking).await).expect("a policy");
    std::fs::write(auditor.file("other"), policy_text(&asking).await + "\n").expect("a policy");
    let (path, policy) = (auditor.path("asking"), auditor.path("policy"));
    let keys = key_pins(&[&asking, &owning]);
    for kind in ["access", "statutory", "exceptions"] {
        let of_node = asking.accord(&["audit", "report", "--kind", kind]);
        auditor.receive("asking", &asking, &[]);
        let [one, key, other, theirs] = [0, 1, 2, 3].map(|n| keys[n].as_str());
        let report =
            ["report", &path, "--kind", kind, "--policy", &policy, one, key, other, theirs];
        let without = auditor.run_without_node(&[&["--json"], &report[..]].concat());
        let found = rows(&without);
        assert!(!found.is_empty(), "{kind}");
        assert_eq!(found, rows(&of_node), "{kind}");
        assert!(without.err.contains("records the export that it was made of"), "{without:?}");
        for format in ["csv", "html"] {
            let report = [&report[..], &["--format", format]].concat();
            let ended = auditor.run_without_node(&report);
            let holds = ended.out.contains(PLATE);
            assert!(ended.code == 0 && holds, "{ended:?}");
        }
    }
    // With a key that is not pinned, each row that rests on it has a word that says so.
    let unpinned = ["--json", "report", &path, "--kind", "access", &keys[0], &keys[1]];
    let unpinned = rows(&auditor.run_without_node(&unpinned));
    let word = unpinned[0]["unproven"].as_str().expect("a word");
    assert!(word.contains("no key of owning-ca-pd is pinned"), "{word}");
    let report = ["report", &path, "--kind", "exceptions"];
    let none = auditor.run_without_node(&[&["--json"], &report[..]].concat());
    assert!(none.failed(2).contains("name its file with --policy"), "{none:?}");
    let other = auditor.path("other");
    let other = [&report[..], &["--policy", &other]].concat();
    let noted = auditor.run_without_node(&other);
    assert!(noted.err.contains("is not the one that was in force"), "{noted:?}");
    // Of a log that does not hold nothing is reported.
    auditor.edit("asking", |lines| {
        let at = lines.iter().position(|line| line.contains("burglary getaway"));
        let line = &mut lines[at.expect("the query")];
        *line = line.replace("burglary getaway", "stolen vehicle");
    });
    let tampered = auditor.run_without_node(&["report", &path, "--kind", "access"]);
    assert_eq!((tampered.code, tampered.out.as_str()), (1, ""), "{tampered:?}");
    assert!(tampered.err.contains("does not hold by itself"), "{tampered:?}");
}
