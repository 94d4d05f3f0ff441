//! What an agency hands over of its log, spoilt on the way: an auditor misses what was left out, and
//! believes no key but the ones that are pinned.

use schemas::card::Card;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Envelope;
use serde_json::{Value, json};
use tests::auditor::{
    Auditor, assert_problem, bundles_of_both, entry_index, entry_lines, findings_of,
    pair_with_exchange, problems, reconcile_bundles, single_finding, spelt,
};
use tests::federation::answered_query;
use tests::identity::{Identity, envelope_text};

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_left_out_of_a_filtered_bundle_is_missed() {
    let (asking, owning, _) = pair_with_exchange().await;
    answered_query(&asking, &owning).await;
    let auditor = Auditor::default();
    auditor.receive("asking", &asking, &["--peer", "owning-ca-pd"]);
    auditor.receive("owning", &owning, &["--peer", "asking-ca-pd"]);
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!((code, problems(&report)), (0, vec![]), "{report:#}");
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!(
        (&report["matched"], report["findings"].as_array().map(Vec::len)),
        (&2.into(), Some(0))
    );
    let whole = std::fs::read_to_string(auditor.file("owning")).expect("a bundle");
    let lines = whole.lines().count();
    // Whichever entry is left out, from the first to that of the export.
    for left_out in entry_lines(&whole) {
        auditor.edit("owning", |lines| drop(lines.remove(left_out)));
        let (code, report) = auditor.verify("owning", &[&owning, &asking]);
        // What repeats it repeats an entry that is not there.
        let repeats = |one: &Value| {
            one["code"] == "binding"
                && one["message"].as_str().is_some_and(|text| text.contains("no earlier entry"))
        };
        let told = report["problems"].as_array().expect("problems");
        let told = told.iter().filter(|one| !repeats(one));
        let codes: Vec<&str> = told.filter_map(|one| one["code"].as_str()).collect();
        let expected = if left_out == lines - 1 { "end" } else { "missing" };
        assert_eq!((code, codes), (1, vec![expected]), "without line {}", left_out + 1);
        std::fs::write(auditor.file("owning"), &whole).expect("a bundle");
    }
    // The entry of an answer: its owner is silent, and the other side has the proof.
    let at = whole.lines().position(|line| line.contains("query.answered")).expect("an answer");
    auditor.edit("owning", |lines| drop(lines.remove(at)));
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!(single_finding(&report, "omitted")["agency"], "owning-ca-pd");
    assert_eq!(findings_of(&report, "replied_owner_silent").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_with_a_card_of_somebody_elses_is_refused_belief() {
    let (asking, owning, _) = pair_with_exchange().await;
    let auditor = bundles_of_both(&asking, &owning);
    let other = Identity::new("owning-ca-pd", Vec::new(), owning.now());
    let card = envelope_text(&other.card_envelope());
    let own = owning.identity.card_envelope();
    let own: Card = Card::open(&own).expect("a card");
    auditor.edit("owning", |lines| {
        for line in lines.iter_mut() {
            let value: Value = serde_json::from_str(line).expect("JSON");
            let Some(text) = value["card"].as_str() else { continue };
            let envelope = Envelope::parse(text.as_bytes()).expect("an envelope");
            if Card::open(&envelope).expect("a card").id == own.id {
                *line = json!({ "card": card }).to_string();
            }
        }
    });
    let answer = entry_index(&owning, Kind::QueryAnswered).await;
    // The pinned key signed no card; and nothing that the card's keys should have signed, they did.
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!(code, 1);
    for code in ["key", "card", "checkpoint"] {
        assert_problem(&report, None, code);
    }
    assert_problem(&report, Some(answer), "signature");
    // Nor is it believed by who pins nobody.
    let (code, report) = auditor.verify("owning", &[]);
    assert_eq!(code, 1);
    assert_problem(&report, None, "unpinned");
    assert!(!findings_of(&reconcile_bundles(&auditor, &asking, &owning), "unsound").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_proof_or_scope_is_told_at_its_entry() {
    let (asking, owning, _) = pair_with_exchange().await;
    let auditor = Auditor::default();
    auditor.receive("owning", &owning, &["--peer", "asking-ca-pd"]);
    let whole = std::fs::read_to_string(auditor.file("owning")).expect("a bundle");
    let changed = |line: usize, change: &dyn Fn(&mut Value)| {
        auditor.edit("owning", |lines| {
            let mut value: Value = serde_json::from_str(&lines[line]).expect("JSON");
            change(&mut value);
            lines[line] = spelt(value);
        });
        let (_, report) = auditor.verify("owning", &[&owning, &asking]);
        std::fs::write(auditor.file("owning"), &whole).expect("a bundle");
        problems(&report)
    };
    let answer = entry_index(&owning, Kind::QueryAnswered).await;
    let at = whole.lines().position(|line| line.contains("query.answered")).expect("an answer");
    let spoilt = changed(at, &|entry| entry["entry"]["inclusion"][0] = "00".repeat(32).into());
    assert_eq!(spoilt, [(Some(answer), "proof".into())]);
    let export = entry_index(&owning, Kind::AuditExported).await;
    let other = changed(0, &|head| head["scope"]["from"] = "2020-01-01T00:00:00.000Z".into());
    assert_eq!(other, [(Some(export), "scope".into())]);
}
