//! What decided is signed, and the log holds it: whoever verifies a log decides every query of a peer
//! again, and an owner that rewrites afterwards what it decided by is found out.

use schemas::agency::AgencyKind;
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use serde_json::{Value, json};
use store::LogRecords as _;
use tests::agency::Agency;
use tests::auditor::{Auditor, entry_index, key_pins, problems};
use tests::federation::{answered_query, sharing_pair, shift_clocks};
use tests::fixtures::{DAY_MS, PLATE, draft, query, words};
use tests::identity::Identity;
use tests::raw_peer::RawPeer;

/// The report of a whole log, by an auditor who holds both keys.
fn verified(owning: &Agency, asking: &Agency, scope: &[&str]) -> Value {
    let auditor = Auditor::default();
    auditor.receive("owning", owning, scope);
    let pins = key_pins(&[owning, asking]);
    let pinned: Vec<&str> = pins.iter().map(String::as_str).collect();
    let path = auditor.path("owning");
    auditor.run_without_node(&[&["--json", "verify", &path], &pinned[..]].concat()).lines()[0]
        .clone()
}

/// Rewrites the change at an entry, and the entry with it, so that the log tells it from the start.
async fn rewrite(owning: &mut Agency, entry: u64, edit: impl Fn(&str) -> String) {
    let changes = owning.store().changes(0, u32::MAX).await.expect("changes");
    let before = changes.into_iter().find(|stored| stored.entry == entry).expect("a change").text;
    let after = edit(&before);
    assert_ne!(before, after);
    owning.stop().await;
    let quoted = after.replace('\'', "''");
    owning
        .edit_database(&[format!("update changes set change = '{quoted}' where idx = {entry}")])
        .await;
    let digest = |text: &str| Digest::of(text.as_bytes()).to_string();
    let policy = |text: &str| {
        let change: Value = serde_json::from_str(text).expect("a change");
        change["text"].as_str().map(digest)
    };
    owning
        .forge_entry(entry, |body| {
            let body = edit(body).replace(&digest(&before), &digest(&after));
            match (policy(&before), policy(&after)) {
                (Some(before), Some(after)) => body.replace(&before, &after),
                _ => body,
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_a_peer_is_decided_again() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    let mut vague = draft(&[owning.id()], PLATE, asking.now());
    vague.why.purpose = "homeland_security".parse().expect("a purpose");
    vague.why.reason = words("Threat against the port terminal reported today");
    asking.ask(&vague).await;
    assert_eq!(owning.log().await.count(Kind::QueryRefused), 1);
    let report = verified(&owning, &asking, &[]);
    assert_eq!((&report["ok"], &report["decided_again"]), (&json!(true), &json!(2)), "{report:#}");
    assert_eq!(report["not_decided_again"], json!({}));
    // Of an extract it is said that they are not, and why.
    let extract = verified(&owning, &asking, &["--peer", "asking-ca-pd"]);
    assert_eq!((&extract["ok"], &extract["decided_again"]), (&json!(true), &json!(0)));
    assert_eq!(extract["not_decided_again"], json!({ "registry": 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_rewrites_its_policy_afterwards_is_found_out() {
    let (asking, mut owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    let policy = entry_index(&owning, Kind::PolicyAdopted).await;
    rewrite(&mut owning, policy, |text| text.replacen("[row_limit]", "# more\\n[row_limit]", 1))
        .await;
    let answered = entry_index(&owning, Kind::QueryAnswered).await;
    let report = verified(&owning, &asking, &[]);
    assert_eq!(problems(&report), [(Some(answered), "decision".into())], "{report:#}");
    assert!(report.to_string().contains("not the one in force"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_verified_a_peer_otherwise_is_found_out() {
    let (asking, mut owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    let card = entry_index(&owning, Kind::CardAdded).await;
    let kind = |kind: AgencyKind| format!(r#"kind":"{}""#, kind.code());
    let (was, is) = (kind(AgencyKind::Police), kind(AgencyKind::Commercial));
    rewrite(&mut owning, card, |text| text.replace(&was, &is)).await;
    let answered = entry_index(&owning, Kind::QueryAnswered).await;
    let report = verified(&owning, &asking, &[]);
    assert_eq!(problems(&report), [(Some(answered), "decision".into())], "{report:#}");
    assert!(report.to_string().contains("not_public_agency"), "{report:#}");
}

/// The same query twice, and other bytes under its id, by the keys of an agency whose node sends nothing
/// twice.
async fn asked_again(asking: &Agency, owning: &Agency) {
    let raw = RawPeer::with(Identity {
        card: Card { addresses: Vec::new(), ..asking.identity.card.clone() },
        ..asking.identity.clone()
    });
    let asked = query(asking.id(), owning.id(), PLATE, owning.now());
    let signed = asking.identity.sign(Signed::Query, &asked);
    for _ in 0..2 {
        drop(raw.ask(owning, &signed).await.answered());
    }
    let mut other = asked.clone();
    other.limit = 1;
    let other = asking.identity.sign(Signed::Query, &other);
    drop(raw.ask(owning, &other).await.refused(&owning.identity.card.message_key));
}

#[tokio::test(flavor = "multi_thread")]
async fn that_an_answer_was_delivered_again_is_decided_again() {
    let (asking, mut owning, _) = sharing_pair().await;
    asked_again(&asking, &owning).await;
    let report = verified(&owning, &asking, &[]);
    assert_eq!((&report["ok"], &report["decided_again"]), (&json!(true), &json!(3)), "{report:#}");
    assert_eq!(report["not_decided_again"], json!({}));
    let card = entry_index(&owning, Kind::CardAdded).await;
    let kind = |kind: AgencyKind| format!(r#"kind":"{}""#, kind.code());
    let (was, is) = (kind(AgencyKind::Police), kind(AgencyKind::Commercial));
    rewrite(&mut owning, card, |text| text.replace(&was, &is)).await;
    let again = entry_index(&owning, Kind::AnswerRedelivered).await;
    let found = problems(&verified(&owning, &asking, &[]));
    assert!(found.contains(&(Some(again), "decision".into())), "{found:?}");
}

/// A refusal that says that an id was used before, of which no other bytes stand in the log.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_an_id_that_was_not_used_is_found_out() {
    let (asking, mut owning, _) = sharing_pair().await;
    asked_again(&asking, &owning).await;
    let log = owning.log().await;
    let before = [Kind::QueryAnswered, Kind::AnswerRedelivered];
    let before = before.map(|kind| log.one(kind).header.index);
    owning.rewrite_log_without(&before).await;
    let refused = entry_index(&owning, Kind::QueryRefused).await;
    let found = problems(&verified(&owning, &asking, &[]));
    assert!(found.contains(&(Some(refused), "decision".into())), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_destroyed_are_counted_by_the_sums_that_go_with_them() {
    let (asking, mut owning, agreement) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    shift_clocks([&asking, &owning], 1_200 * DAY_MS);
    owning.accord(&["retention", "run"]).done();
    let report = verified(&owning, &asking, &[]);
    assert_eq!(problems(&report), [], "{report:#}");
    assert!(report["redacted"].as_u64() > Some(0), "{report:#}");
    let redacted = entry_index(&owning, Kind::EntriesRedacted).await;
    let changes = owning.store().changes(0, u32::MAX).await.expect("changes");
    let change = changes.into_iter().find(|stored| stored.entry == redacted).expect("a change");
    let sums: Value = serde_json::from_str(&change.text).expect("JSON");
    let sum = &sums["sums"][0];
    assert_eq!((&sum["given"], &sum["received"]), (&json!(1), &json!(0)), "{sums:#}");
    assert_eq!(sum["authority"], agreement.to_string());
    // Whom an agency answers how often is nothing for its peers.
    let auditor = Auditor::default();
    auditor.receive("extract", &owning, &["--peer", "asking-ca-pd"]);
    let extract = std::fs::read_to_string(auditor.path("extract")).expect("a bundle");
    assert!(!extract.contains("given"), "an extract holds no sums");
    rewrite(&mut owning, redacted, |text| text.replace("\"given\":1", "\"given\":2")).await;
    let report = verified(&owning, &asking, &[]);
    assert_eq!(problems(&report), [(Some(redacted), "sums".into())], "{report:#}");
}
