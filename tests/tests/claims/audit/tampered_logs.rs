//! The dishonest agency: whatever it does to its log, or to what it hands over of it, an auditor
//! with both exports and both fingerprints finds it, by class, with what proves it.

use node::auditing::entries;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::event::audit::EntriesViewed;
use schemas::merkle;
use schemas::query::Query;
use serde_json::Value;
use tests::agency::Agency;
use tests::auditor::{
    Auditor, assert_problem, bundles_of_both, entry_index, findings_of, pair_with_exchange,
    problems, reconcile_bundles, single_finding,
};
use tests::federation::{answered_query, sharing_pair};
use tests::fixtures::PLATE;
use tests::logs::{WAITING, append_many};

/// Exchanges go on until the node no longer needs the entry to continue its tree; a node that does
/// need one that is gone does not start.
async fn buried(asking: &Agency, owning: &Agency, index: u64) {
    loop {
        let size = owning.log().await.entries().len() as u64;
        let ends = merkle::root_nodes(size).into_iter().map(|node| (node.index + 1) << node.level);
        if ends.min().is_some_and(|first| index + 1 < first) {
            return;
        }
        answered_query(asking, owning).await;
    }
}

/// The asking agency's proof of what the owner's log held: the place of the owner's entry, signed.
fn proves(finding: &Value, index: u64) {
    let evidence = &finding["evidence"][0];
    assert_eq!(evidence["agency"], "asking-ca-pd", "{finding:#}");
    assert_eq!(evidence["theirs"]["log"]["index"], index, "{finding:#}");
    let head = evidence["theirs"]["checkpoint"].as_str().expect("a signed head");
    assert!(head.starts_with("accord/owning-ca-pd\n"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_logs_show_nothing() {
    let (asking, owning, _) = pair_with_exchange().await;
    let auditor = bundles_of_both(&asking, &owning);
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!((&report["matched"], &report["open"]), (&1.into(), &0.into()));
    assert!(report["findings"].as_array().expect("findings").is_empty(), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_entry_is_missed_by_its_number_and_proven_by_the_other_log() {
    let (asking, owning, query) = pair_with_exchange().await;
    let index = entry_index(&owning, Kind::QueryAnswered).await;
    buried(&asking, &owning, index).await;
    owning.tamper_while_it_runs(&[format!("delete from entries where idx = {index}")]).await;
    let auditor = bundles_of_both(&asking, &owning);
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!(code, 1);
    assert_problem(&report, Some(index), "missing");
    assert_problem(&report, None, "size");
    let report = reconcile_bundles(&auditor, &asking, &owning);
    let omitted = single_finding(&report, "omitted");
    assert_eq!((&omitted["agency"], &omitted["index"]), (&"owning-ca-pd".into(), &index.into()));
    assert_eq!(omitted["query_id"], query.to_string());
    proves(omitted, index);
    assert_eq!(single_finding(&report, "replied_owner_silent")["query_id"], query.to_string());
    assert!(!findings_of(&report, "unsound").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_body_and_a_changed_envelope_are_found() {
    let (asking, owning, _) = pair_with_exchange().await;
    let index = entry_index(&owning, Kind::QueryAnswered).await;
    let receipt = entry_index(&owning, Kind::ReceiptRecorded).await;
    let count = "replace(body, '\"count\":3', '\"count\":0')";
    // Beside the running node: one at rest does not start on it.
    owning
        .tamper_while_it_runs(&[format!("update entries set body = {count} where idx = {index}")])
        .await;
    let auditor = Auditor::default();
    auditor.receive("owning", &owning, &[]);
    let (_, report) = auditor.verify("owning", &[&owning, &asking]);
    let at = Some(index);
    assert_eq!(problems(&report), [(at, "body".into()), (at, "binding".into())]);
    let other = format!(
        "update entries set envelope = (select envelope from entries where idx = {index}) where idx = {receipt}"
    );
    owning.tamper_while_it_runs(&[other]).await;
    auditor.receive("owning", &owning, &[]);
    let (_, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_problem(&report, Some(index), "body");
    assert_problem(&report, Some(receipt), "envelope");
    assert_problem(&report, Some(receipt), "binding");
    // A running node says the same of its own log.
    let own = owning.accord(&["audit", "verify"]);
    assert_eq!((own.code, problems(&own.lines()[0])), (1, problems(&report)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_header_is_disproved_by_the_other_log() {
    let (asking, owning, _) = pair_with_exchange().await;
    let index = entry_index(&owning, Kind::QueryAnswered).await;
    let kind = "replace(header, 'query.answered', 'query.refused')";
    owning
        .tamper_while_it_runs(&[format!("update entries set header = {kind} where idx = {index}")])
        .await;
    let auditor = bundles_of_both(&asking, &owning);
    let (_, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_problem(&report, Some(index), "body");
    let report = reconcile_bundles(&auditor, &asking, &owning);
    let altered = single_finding(&report, "altered");
    proves(altered, index);
    // Beside it, what the owner's bundle shows in that place.
    assert_eq!(altered["evidence"][1]["kind"], "query.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_entries_are_found_by_their_order() {
    let (asking, owning, _) = pair_with_exchange().await;
    let index = entry_index(&owning, Kind::QueryAnswered).await;
    buried(&asking, &owning, index).await;
    let before = index - 1;
    owning
        .tamper_while_it_runs(&[
            "drop index entries_by_peer".into(),
            format!("update entries set idx = -1 where idx = {index}"),
            format!("update entries set idx = {index} where idx = {before}"),
            format!("update entries set idx = {before} where idx = -1"),
        ])
        .await;
    let auditor = bundles_of_both(&asking, &owning);
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!(code, 1);
    assert_problem(&report, Some(before), "missing");
    assert_problem(&report, Some(before), "order");
    assert_problem(&report, None, "root");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_cut_off_at_its_end_holds_by_itself_and_not_against_the_other_one() {
    let (asking, mut owning, query) = pair_with_exchange().await;
    let index = entry_index(&owning, Kind::QueryAnswered).await;
    owning
        .tamper_with_database(&[
            format!("delete from entries where idx >= {index}"),
            format!("delete from served where entry >= {index}"),
            format!("delete from pages where entry >= {index}"),
        ])
        .await;
    let auditor = bundles_of_both(&asking, &owning);
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!((code, problems(&report)), (0, vec![]));
    let report = reconcile_bundles(&auditor, &asking, &owning);
    // The export's own entry, or another one since, has taken the place.
    let altered = single_finding(&report, "altered");
    assert_eq!((&altered["agency"], &altered["index"]), (&"owning-ca-pd".into(), &index.into()));
    proves(altered, index);
    assert_eq!(single_finding(&report, "replied_owner_silent")["query_id"], query.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_rewritten_and_signed_anew_is_a_fork_that_the_other_log_proves() {
    let (asking, mut owning, first) = pair_with_exchange().await;
    let log = owning.log().await;
    let gone: Vec<u64> = log
        .entries()
        .iter()
        .filter(|entry| entry.belongs_to(first))
        .map(|entry| entry.header.index)
        .collect();
    assert_eq!(gone.len(), 2, "an answer and a receipt");
    let second = answered_query(&asking, &owning).await;
    owning.rewrite_log_without(&gone).await;
    let auditor = bundles_of_both(&asking, &owning);
    // Everything fits, numbers, tree and signed head: by itself it cannot be told from an honest log.
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!((code, problems(&report)), (0, vec![]));
    let report = reconcile_bundles(&auditor, &asking, &owning);
    let altered = findings_of(&report, "altered");
    assert!(altered.iter().any(|finding| finding["query_id"] == first.to_string()), "{report:#}");
    proves(altered[0], gone[0]);
    let silent = single_finding(&report, "replied_owner_silent");
    assert_eq!(silent["query_id"], first.to_string());
    // The owner's own signature on the answer that its log denies.
    let answers = silent["evidence"].as_array().expect("evidence").iter();
    let signed = answers
        .flat_map(|entry| entry["envelopes"].as_array().expect("envelopes"))
        .map(|text| Envelope::parse(text.as_str().expect("text").as_bytes()).expect("an envelope"))
        .find(|envelope| envelope.kind() == Signed::Answer)
        .expect("the signed answer");
    assert!(signed.verified(Signed::Answer, &owning.identity.message_key.public()).is_ok());
    assert_eq!(report["matched"], 1, "the exchange {second} is told alike");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_denies_having_received_an_answer_is_shown_its_receipt_and_its_log() {
    let (mut asking, owning, query) = pair_with_exchange().await;
    let received = entry_index(&asking, Kind::AnswerReceived).await;
    asking.rewrite_log_without(&[received]).await;
    let auditor = bundles_of_both(&asking, &owning);
    // By itself its log holds.
    let (code, report) = auditor.verify("asking", &[&asking, &owning]);
    assert_eq!((code, problems(&report)), (0, vec![]));
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!(single_finding(&report, "released_not_received")["query_id"], query.to_string());
    // The owner kept where the entry of the answer stood, proven beside the receipt.
    let altered = findings_of(&report, "altered");
    let against = altered.iter().find(|finding| finding["index"] == received);
    let against = against.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(against["agency"], "asking-ca-pd");
    let kept = &against["evidence"][0];
    assert_eq!(
        (&kept["agency"], &kept["kind"]),
        (&"owning-ca-pd".into(), &"receipt.recorded".into())
    );
    assert_eq!(kept["theirs"]["log"]["index"], received);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_differs_only_where_nothing_was_shown_is_a_fork_too() {
    let (asking, mut owning, _) = pair_with_exchange().await;
    // An entry about nobody's exchange, before the one that the other side keeps: dropped, and an
    // entry of the same number put in its place, so that every index and number stays.
    let log = owning.log().await;
    let imported = log.one(Kind::ReadsImported).header.clone();
    let (index, text) = (imported.index, String::from_utf8(imported.to_bytes().expect("bytes")));
    let other = text.expect("UTF-8").replace("reads.imported", "audit.viewed");
    owning.stop().await;
    owning
        .edit_database(&[format!("update entries set header = '{other}' where idx = {index}")])
        .await;
    owning.rewrite_log_without(&[]).await;
    let auditor = bundles_of_both(&asking, &owning);
    let report = reconcile_bundles(&auditor, &asking, &owning);
    let forked = single_finding(&report, "forked");
    assert_eq!(forked["agency"], "owning-ca-pd");
    assert!(forked["evidence"][0]["theirs"]["checkpoint"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_proof_of_the_other_log_tells_against_who_keeps_it_alone() {
    let (mut asking, owning, _) = pair_with_exchange().await;
    let index = entry_index(&asking, Kind::AnswerReceived).await;
    // The header that the owner proved, with another time: its log would lack that entry.
    asking
        .forge_entry(index, |body| {
            body.replacen("\\\"kind\\\":\\\"query.answered", "\\\"kind\\\":\\\"query.refused", 1)
        })
        .await;
    let auditor = bundles_of_both(&asking, &owning);
    let (_, report) = auditor.verify("asking", &[&asking, &owning]);
    assert_eq!(problems(&report), [(Some(index), "standing".into())]);
    let report = reconcile_bundles(&auditor, &asking, &owning);
    let unsound = single_finding(&report, "unsound");
    assert_eq!((&unsound["agency"], &unsound["index"]), (&"asking-ca-pd".into(), &index.into()));
    for class in ["altered", "omitted"] {
        let against = findings_of(&report, class);
        assert!(against.iter().all(|finding| finding["agency"] == "asking-ca-pd"), "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_denies_having_asked_is_shown_its_own_signature() {
    let (mut asking, owning, _) = sharing_pair().await;
    let asked = asking.roll_back_after(async |asking| {
        let query = answered_query(asking, &owning).await;
        (query, entry_index(asking, Kind::QuerySent).await)
    });
    let (query, sent) = asked.await;
    asking.delete_anchor();
    asking.run().await;
    let auditor = bundles_of_both(&asking, &owning);
    let report = reconcile_bundles(&auditor, &asking, &owning);
    let unknown = single_finding(&report, "owner_holds_unknown_query");
    assert_eq!(unknown["query_id"], query.to_string());
    let text = unknown["evidence"][0]["envelopes"][0].as_str().expect("an envelope");
    let envelope = Envelope::parse(text.as_bytes()).expect("an envelope");
    let signed: Query = envelope
        .verified_json(Signed::Query, &asking.identity.message_key.public())
        .expect("the asking agency's signature");
    assert_eq!(signed.id, query);
    // And its own signed head proves that its log had the entry.
    let against = findings_of(&report, "altered");
    let against = against.first().expect("a contradiction");
    assert_eq!((&against["agency"], &against["index"]), (&"asking-ca-pd".into(), &sent.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_denies_having_answered_is_shown_its_own_signature() {
    let (asking, mut owning, _) = sharing_pair().await;
    let query = owning.roll_back_after(async |owning| answered_query(&asking, owning).await).await;
    owning.delete_anchor();
    owning.run().await;
    let auditor = bundles_of_both(&asking, &owning);
    let out = auditor.path("findings.json");
    let (asking_at, owning_at) = (auditor.path("asking"), auditor.path("owning"));
    let pins = tests::auditor::key_pins(&[&asking, &owning]);
    let mut args =
        vec!["audit", "reconcile", &asking_at, &owning_at, "--grace", "0", "--out", &out];
    args.extend(pins.iter().map(String::as_str));
    let ended = auditor.run(&args);
    assert_eq!(ended.code, 1, "{ended:?}");
    let silent = ended.lines();
    let silent = single_finding(&silent[0], "replied_owner_silent");
    assert_eq!(silent["query_id"], query.to_string());
    // What is written holds the signed heads, and every piece of evidence with its proof.
    let written = std::fs::read_to_string(auditor.file("findings.json")).expect("a file");
    let written: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(written["heads"].as_array().map(Vec::len), Some(2));
    let received = silent["evidence"].as_array().expect("evidence").iter();
    let received = received.filter(|entry| entry["kind"] == "answer.received").count();
    assert_eq!(received, 1);
    assert!(silent["evidence"][0]["inclusion"].is_array());
}

/// More entries in a row that are not what the log wrote than are read at once: each is told once, and the
/// listing goes on behind them.
#[tokio::test(flavor = "multi_thread")]
async fn a_listing_goes_on_behind_entries_that_were_changed() {
    let owning = Agency::start("owning-ca-pd").await;
    append_many(&owning, WAITING).await;
    owning.add_reads(PLATE, 1).await;
    let changed = "update entries set body = replace(body, 'sentence', 'chapter')";
    owning.tamper_while_it_runs(&[format!("{changed} where kind = 'audit.recorded'")]).await;
    let (context, by) = (owning.context(), owning.admin());
    let wanted = EntriesViewed::default();
    let listing = entries::list(&context.agency, &context.store, &by, wanted).await;
    let mut listing = listing.expect("a listing");
    let (mut told, mut last) = (0, None);
    loop {
        let step = listing.next().await.expect("a step");
        if step.is_empty() {
            break;
        }
        told += step.iter().filter(|row| row.is_err()).count();
        last = step.into_iter().filter_map(Result::ok).next_back().or(last);
        assert!(told <= WAITING, "told again and again");
    }
    assert_eq!(told, WAITING);
    assert_eq!(last.map(|entry| entry.header.kind), Some(Kind::ReadsImported));
}
