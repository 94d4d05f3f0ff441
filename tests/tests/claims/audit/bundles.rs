//! Exports of a log, checked by an auditor who has the files, the agencies' fingerprints, and no
//! node and no network.

use std::os::unix::fs::PermissionsExt as _;

use agreements::agreement::Act;
use agreements::request::RequestScope;
use node::auditing::export;
use node::permission::ActError;
use schemas::bundle::Scope;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::purpose::Purpose;
use serde_json::{Value, json};
use tests::agency::{Agency, Plan};
use tests::auditor::{Auditor, entry_lines, key_pins, problems, spelt};
use tests::faulty_store::Failure;
use tests::federation::{add_card, answered_query, give_notice, in_force, pair_of, sharing_pair};
use tests::fixtures::{PLATE, draft};
use tests::identity::envelope_text;
use tests::written_requests::approved_request;

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_logged_first_private_and_verified_without_a_node() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    let auditor = Auditor::default();
    let exported = auditor.receive("owning.bundle", &owning, &[]);
    let size = owning.log().await.entries().len();
    assert_eq!(exported["entries"], size);
    let mode = std::fs::metadata(auditor.file("owning.bundle")).expect("a file").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let log = owning.log().await;
    assert_eq!(
        log.one(Kind::AuditExported).body.actor.user.as_ref().expect("a user").as_str(),
        "admin"
    );
    let (code, report) = auditor.verify("owning.bundle", &[&owning, &asking]);
    assert_eq!((code, problems(&report)), (0, vec![]), "{report}");
    assert_eq!((&report["ok"], &report["pinned"]), (&json!(true), &json!(true)));
    assert_eq!((&report["size"], &report["entries"]), (&json!(size), &json!(size)));
    assert!(report["signatures"].as_u64().expect("a number") > 5, "{report}");
    let (code, report) = auditor.verify("owning.bundle", &[]);
    assert_eq!((code, &report["pinned"]), (1, &json!(false)));
    // Whoever is met and not pinned is named with what to add.
    let named = report["problems"][0]["message"].as_str().expect("a sentence");
    assert!(named.contains("--key asking-ca-pd=FINGERPRINT"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_running_node_is_verified_with_all_that_peers_sign() {
    let (asking, owning) = pair_of(Plan::of("asking-ca-pd"), Plan::of("owning-ca-pd")).await;
    let third = Agency::start("third-ca-pd").await;
    for (at, of) in [(&asking, &third), (&owning, &third), (&third, &asking), (&third, &owning)] {
        add_card(at, &of.identity).await;
    }
    let all = [&asking, &owning, &third];
    let id = in_force(&all).await;
    // Answered, refused, answered again, received too late to be logged.
    asking.store().fail_once_on(Kind::AnswerReceived, Failure::BeforeWrite);
    let lost = asking.ask_one(owning.id(), PLATE).await.query_id.expect("a query id");
    let again = asking.node().queries.ask_again(lost, &asking.officer()).await.expect("an answer");
    assert_eq!(again.outcome, OutcomeCode::Answered);
    let mut refused = draft(&[owning.id()], PLATE, asking.now());
    refused.why.purpose = Purpose::MissingPerson;
    assert_eq!(asking.ask(&refused).await[0].outcome, OutcomeCode::Refused);
    answered_query(&asking, &owning).await;
    let scope = RequestScope { uses: Some(2), ..RequestScope::default() };
    approved_request(&asking, &owning, scope).await;
    give_notice(&owning, &id, Act::Suspend).await;
    asking
        .wait_for_log("the notice", |log| (log.count(Kind::AgreementSuspended) == 1).then_some(()))
        .await;
    for agency in all {
        let report = agency.accord(&["audit", "verify"]).done();
        assert_eq!(report["ok"], true, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_peers_cosigned_says_so_in_its_bundle() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    assert_eq!(owning.node().have_cosigned_by_all().await, 1);
    answered_query(&asking, &owning).await;
    let auditor = Auditor::default();
    auditor.receive("owning", &owning, &[]);
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!((code, &report["cosigned_by"]), (0, &json!(["accord/asking-ca-pd"])), "{report}");
    // A head that this log does not start with.
    auditor.edit("owning", |lines| {
        let mut line: Value = serde_json::from_str(&lines[1]).expect("a line");
        line["cosigned"]["consistency"][0] = json!("00".repeat(32));
        lines[1] = line.to_string();
    });
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!((code, problems(&report)), (1, vec![(None, "cosigned".into())]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extract_of_a_period_shows_by_its_borders_that_nothing_was_left_out() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    owning.clock.shift(1_000);
    asking.clock.shift(1_000);
    let from = owning.now().to_string();
    answered_query(&asking, &owning).await;
    owning.clock.shift(1_000);
    asking.clock.shift(1_000);
    let until = owning.now().to_string();
    answered_query(&asking, &owning).await;
    let auditor = Auditor::default();
    for scope in [
        vec!["--from", &from, "--until", &until],
        vec!["--from", &from, "--until", &until, "--peer", "asking-ca-pd"],
        vec!["--from", &from],
        vec!["--until", &until, "--peer", "asking-ca-pd"],
    ] {
        auditor.receive("owning", &owning, &scope);
        let (code, report) = auditor.verify("owning", &[&owning, &asking]);
        assert_eq!((code, problems(&report)), (0, vec![]), "{scope:?}: {report:#}");
        let whole = std::fs::read_to_string(auditor.file("owning")).expect("a bundle");
        for left_out in entry_lines(&whole) {
            auditor.edit("owning", |lines| drop(lines.remove(left_out)));
            let (code, report) = auditor.verify("owning", &[&owning, &asking]);
            assert_eq!(code, 1, "{scope:?} without line {}: {report:#}", left_out + 1);
            std::fs::write(auditor.file("owning"), &whole).expect("a bundle");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_scope_than_was_exported_is_refused_belief() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    owning.clock.shift(1_000);
    let from = owning.now().to_string();
    let auditor = Auditor::default();
    auditor.receive("owning", &owning, &["--peer", "asking-ca-pd", "--from", &from]);
    assert_eq!(auditor.verify("owning", &[&owning, &asking]).0, 0);
    auditor.edit("owning", |lines| {
        let mut head: Value = serde_json::from_str(&lines[0]).expect("a head");
        head["scope"]["from"] = Value::Null;
        lines[0] = spelt(head);
    });
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    let codes: Vec<String> = problems(&report).into_iter().map(|(_, code)| code).collect();
    assert_eq!(code, 1);
    assert!(
        codes.contains(&"scope".to_owned()) && codes.contains(&"missing".to_owned()),
        "{codes:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_line_is_told_by_its_number() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    let auditor = Auditor::default();
    auditor.receive("owning", &owning, &["--peer", "asking-ca-pd"]);
    let whole = std::fs::read_to_string(auditor.file("owning")).expect("a bundle");
    let entry = entry_lines(&whole).start + 2;
    auditor.edit("owning", |lines| lines[entry].truncate(40));
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!(code, 1);
    let said = report["problems"][0]["message"].as_str().expect("a sentence");
    assert!(said.starts_with(&format!("line {} is not a line of a bundle", entry + 1)), "{said}");
    std::fs::write(auditor.file("none"), "{}\n").expect("a file");
    let none = auditor.run(&["audit", "verify", &auditor.path("none")]);
    assert!(none.failed(2).contains("line 1 is not the head of a bundle"), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_entry_is_proven_by_a_tlog_proof() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    let index = owning.log().await.one(Kind::QueryAnswered).header.index;
    let auditor = Auditor::default();
    let (file, card) = (auditor.path("entry.tlog-proof"), auditor.path("card"));
    let made = owning.accord(&["audit", "proof", &index.to_string(), "--out", &file]).done();
    assert_eq!((&made["entries"], &made["kind"]), (&json!(1), &json!("query.answered")));
    let text = std::fs::read_to_string(&file).expect("a proof");
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\n"), "{text}");
    std::fs::write(&card, envelope_text(&owning.identity.card_envelope())).expect("a card");
    let mut args = vec!["audit", "verify", &file, "--card", &card];
    let pins = key_pins(&[&owning]);
    args.extend(pins.iter().map(String::as_str));
    let report = auditor.run(&args).done();
    assert_eq!((&report["ok"], &report["header"]["index"]), (&json!(true), &json!(index)));
    // Under another agency's card it proves nothing.
    std::fs::write(&card, envelope_text(&asking.identity.card_envelope())).expect("a card");
    let other = auditor.run(&["audit", "verify", &file, "--card", &card]);
    assert_eq!((other.code, &other.lines()[0]["ok"]), (1, &json!(false)));
    let none = owning.accord(&["audit", "proof", "9999", "--out", &file]);
    assert!(none.failed(2).contains("there is no entry 9999"), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_trusts_no_key_that_is_not_pinned() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    let auditor = Auditor::default();
    auditor.receive("asking", &asking, &[]);
    auditor.receive("owning", &owning, &[]);
    let (a, b) = (auditor.path("asking"), auditor.path("owning"));
    let unpinned = auditor.run(&["audit", "reconcile", &a, &b]);
    assert!(unpinned.failed(2).contains("the key of `asking-ca-pd` is not pinned"), "{unpinned:?}");
    let twice = auditor.run(&["audit", "reconcile", &a, &a]);
    assert!(twice.failed(2).contains("both bundles are of `asking-ca-pd`"), "{twice:?}");
    // Exchanges of the last minute may have been under way: they are left open, not found.
    let mut args = vec!["audit", "reconcile", &a, &b];
    let pins = key_pins(&[&asking, &owning]);
    args.extend(pins.iter().map(String::as_str));
    let report = auditor.run(&args).done();
    assert_eq!((&report["matched"], &report["findings"]), (&json!(1), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_audit_exports_and_what_is_unknown_is_named() {
    let (_asking, owning, _) = sharing_pair().await;
    let scope = Scope::default();
    let context = owning.context();
    let begun = export::begin(&context.agency, &context.store, &owning.officer(), scope).await;
    let refused = begun.err().expect("a refusal");
    assert!(matches!(refused, ActError::Refused(_)), "{refused}");
    assert_eq!(owning.log().await.count(Kind::AuditExported), 0);
    let out = Auditor::default().path("out");
    let unknown = owning.accord(&["audit", "export", "--out", &out, "--peer", "nobody-ca-pd"]);
    assert!(unknown.failed(2).contains("no card of `nobody-ca-pd`"), "{unknown:?}");
    assert!(!std::path::Path::new(&out).exists());
}
