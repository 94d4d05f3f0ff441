//! A peer that withholds, or says one thing and shows another, when two logs are compared live: what
//! it signed is written out as evidence that holds without any node.

use audit::reconcile::Class;
use node::exchange::statements::Reconciler;
use schemas::answer::Answer;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::{Frame, FrameKind};
use schemas::statement::tree_path::TreePath;
use schemas::statement::{Child, Node, Statement};
use schemas::time::Timestamp;
use serde_json::Value;
use tests::agency::Agency;
use tests::auditor::{bundles_of_both, reconcile_bundles, single_finding};
use tests::federation::{add_card, answered_query, sharing_pair, shift_clocks};
use tests::fixtures::SETTLED_MS;
use tests::raw_peer::RawPeer;
use tests::wait::eventually;

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_withholds_an_answer_from_a_comparison_is_shown_what_it_signed() {
    let (asking, mut owning, _) = sharing_pair().await;
    let query = answered_query(&asking, &owning).await;
    // The log is left whole; what it tells of exchanges is not.
    owning.tamper_with_database(&["delete from served".to_owned()]).await;
    shift_clocks([&asking, &owning], SETTLED_MS);
    let out = asking.home().join("findings.json");
    let out_arg = out.to_str().expect("a path");
    let told =
        asking.accord(&["audit", "reconcile", "--peer", owning.id().as_str(), "--out", out_arg]);
    assert_eq!(told.code, 1, "a discrepancy: {told:?}");
    let written = std::fs::read(&out).expect("the findings");
    let written: Value = serde_json::from_slice(&written).expect("JSON");
    assert_eq!(written["report"], told.lines()[0]);
    let finding = single_finding(&written["report"], "replied_owner_silent");
    assert_eq!(finding["query_id"], query.to_string());

    // Its own signed answer, with the place of its entry that it proved.
    let key = &owning.identity.card.message_key;
    let entries = finding["evidence"].as_array().expect("evidence");
    let received = entries.iter().find(|entry| entry["kind"] == "answer.received").expect("it");
    assert!(received["theirs"]["checkpoint"].is_string(), "{received}");
    let envelopes = received["envelopes"].as_array().expect("envelopes").iter();
    let signed = envelopes
        .filter_map(|envelope| Envelope::parse(text(envelope).as_bytes()).ok())
        .find_map(|envelope| envelope.verified_json::<Answer>(Signed::Answer, key).ok());
    assert_eq!(signed.expect("its signature").query_id, query);
    // And the statement, signed too, that does not tell of it.
    let statement = text(&written["report"]["proof"]["statement"]);
    let statement: Statement = Envelope::parse(statement.as_bytes())
        .and_then(|envelope| envelope.verified_json(Signed::Statement, key))
        .expect("its signed statement");
    assert_eq!(statement.count, 0);

    // Its exported log tells what its statement withheld: nobody can have both.
    let auditor = bundles_of_both(&asking, &owning);
    assert_eq!(reconcile_bundles(&auditor, &asking, &owning)["matched"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_another_thing_than_it_signed_contradicts_itself() {
    let asking = Agency::start("asking-ca-pd").await;
    let mut raw = RawPeer::start("hostile-ca-pd", asking.now());
    add_card(&asking, &raw.identity).await;
    let (identity, to, at) = (raw.identity.clone(), asking.id().clone(), asking.now());
    raw.answer(move |frame| {
        let body = match frame.kind {
            FrameKind::Card => identity.card_envelope().as_bytes().to_vec(),
            FrameKind::Statement => {
                let request = Envelope::parse(&frame.body).expect("a request").digest();
                let (from, to) = (identity.id.clone(), to.clone());
                let (count, digest) = (3, Digest::of(b"three exchanges"));
                let statement =
                    Statement { request, from, to, at, count, digest, sessions: Vec::new() };
                identity.sign(Signed::Statement, &statement).as_bytes().to_vec()
            }
            FrameKind::Narrow => {
                let place = TreePath::day(at).month();
                let child = Child { place, count: 3, digest: Digest::of(b"others") };
                let place = TreePath::all();
                let node = Node { place, children: vec![child], lines: Vec::new() };
                serde_json::to_vec(&node).expect("JSON")
            }
            _ => return None,
        };
        Some(vec![Frame::new(frame.kind, body)])
    });
    raw.dial(&asking).await;
    let (from, until) = (Timestamp::MIN, Timestamp::MAX);
    let node = asking.node();
    let report = eventually("a comparison", async || {
        let peers = node.peers.as_ref();
        let reconciler = Reconciler::of(&node.context);
        reconciler.reconcile(peers, &asking.admin(), raw.id(), from, until).await.ok()
    })
    .await;
    let classes: Vec<_> = report.findings.iter().map(|finding| finding.class).collect();
    assert_eq!(classes, [Class::Contradicts]);
    let proof = report.proof.expect("what it signed, and what it showed");
    let signed: Statement = Envelope::parse(proof.statement.as_bytes())
        .and_then(|envelope| {
            envelope.verified_json(Signed::Statement, &raw.identity.card.message_key)
        })
        .expect("its signed statement");
    let shown: Node = serde_json::from_str(&proof.shown[0]).expect("what it showed");
    assert_eq!(signed.count, 3);
    assert_ne!(signed.digest, shown.digest());
}
