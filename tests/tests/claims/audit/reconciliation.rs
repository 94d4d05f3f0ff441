//! Two logs compared: every exchange matched, or a finding that says which side lacks what.

use std::time::Duration;

use audit::reconcile::Class;
use node::exchange::statements::{Reconciled, Reconciler};
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::{Frame, FrameKind};
use schemas::outcome::OutcomeCode;
use schemas::purpose::Purpose;
use schemas::query::QueryId;
use schemas::statement::{Statement, divided};
use schemas::time::Timestamp;
use tests::agency::{Agency, Plan};
use tests::auditor::{bundles_of_both, findings_of, reconcile_bundles};
use tests::faulty_store::Failure;
use tests::federation::{add_card, answered_query, sharing_pair_of, shift_clocks};
use tests::fixtures::{HOUR_MS, PLATE, SETTLED_MS, draft};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::wire::Reply;

/// Two agencies that share, the one that asks waiting one second for an answer.
async fn sharing() -> (Agency, Agency) {
    let asking = Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 1);
    let (asking, owning, _) = sharing_pair_of(asking, Plan::of("owning-ca-pd")).await;
    (asking, owning)
}

async fn reconciled(at: &Agency, with: &Agency) -> Reconciled {
    let (from, until) = (Timestamp::MIN, Timestamp::MAX);
    let node = at.node();
    Reconciler::of(&node.context)
        .reconcile(node.peers.as_ref(), &at.admin(), with.id(), from, until)
        .await
        .expect("a comparison")
}

/// Once it cannot be under way by any clock, both sides find this one difference, and nothing else.
async fn both_find(asking: &Agency, owning: &Agency, class: Class, query: QueryId) {
    for agency in [asking, owning] {
        agency.clock.shift(SETTLED_MS);
    }
    for (at, with) in [(asking, owning), (owning, asking)] {
        let report = reconciled(at, with).await;
        let found: Vec<_> =
            report.findings.iter().map(|finding| (finding.class, finding.query_id)).collect();
        assert_eq!(found, [(class, Some(query))], "at {}", at.id());
        // What its own log holds of it is the evidence: every entry, with what was signed.
        let held = at.log().await.exchange(query);
        let shown: Vec<_> = report.findings[0].evidence.iter().map(|entry| entry.kind).collect();
        assert_eq!(shown, held, "at {}", at.id());
        assert_eq!(report.open, 0);
        at.log().await.last(Kind::AuditReconciled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_logs_tell_alike_is_matched() {
    let (asking, owning) = sharing().await;
    asking.add_reads(PLATE, 3).await;
    for _ in 0..3 {
        answered_query(&asking, &owning).await;
    }
    answered_query(&owning, &asking).await;
    let mut refused = draft(&[owning.id()], PLATE, asking.now());
    refused.why.purpose = Purpose::MissingPerson;
    assert_eq!(asking.ask(&refused).await[0].outcome, OutcomeCode::Refused);
    for (at, with) in [(&asking, &owning), (&owning, &asking)] {
        let report = reconciled(at, with).await;
        assert_eq!((report.matched, report.refused_both, report.open), (4, 1, 0));
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        assert!(report.bytes_exchanged > 0);
        at.log().await.one(Kind::AuditReconciled);
    }
    // Being told is logged on both sides, by who asks and by who states.
    assert_eq!(owning.log().await.count(Kind::AuditStated), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_to_an_owner_that_was_down_is_found_as_sent_and_owner_silent() {
    let (asking, mut owning) = sharing().await;
    answered_query(&asking, &owning).await;
    owning.stop().await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(heard.outcome, OutcomeCode::Unanswered);
    owning.run().await;
    let report = reconciled(&asking, &owning).await;
    assert_eq!(report.matched, 1);
    both_find(&asking, &owning, Class::SentOwnerSilent, heard.query_id.expect("a query id")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_requester_did_not_log_is_found_as_released_not_received() {
    let (asking, owning) = sharing().await;
    asking.store().fail_once_on(Kind::AnswerReceived, Failure::BeforeWrite);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0));
    both_find(&asking, &owning, Class::ReleasedNotReceived, heard.query_id.expect("a query id"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_the_requester_did_not_log_is_found() {
    let (asking, owning) = sharing().await;
    asking.store().fail_once_on(Kind::RefusalReceived, Failure::BeforeWrite);
    let mut refused = draft(&[owning.id()], PLATE, asking.now());
    refused.why.purpose = Purpose::MissingPerson;
    let heard = asking.ask(&refused).await.remove(0);
    both_find(&asking, &owning, Class::RefusedNotReceived, heard.query_id.expect("a query id"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_receipt_is_found_as_receipt_missing() {
    let (asking, owning) = sharing().await;
    owning.store().fail_on(Kind::ReceiptRecorded, Failure::BeforeWrite);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(heard.outcome, OutcomeCode::Answered);
    both_find(&asking, &owning, Class::ReceiptMissing, heard.query_id.expect("a query id")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_the_requesters_log_lost_is_found_in_the_owners() {
    let (mut asking, owning) = sharing().await;
    let query = asking.roll_back_after(async |asking| answered_query(asking, &owning).await).await;
    asking.delete_anchor();
    asking.run().await;
    assert_eq!(asking.log().await.count(Kind::QuerySent), 0);
    both_find(&asking, &owning, Class::OwnerHoldsUnknownQuery, query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_owners_log_lost_is_found_in_the_requesters() {
    let (asking, mut owning) = sharing().await;
    let query = owning.roll_back_after(async |owning| answered_query(&asking, owning).await).await;
    owning.delete_anchor();
    owning.run().await;
    assert_eq!(owning.log().await.count(Kind::QueryAnswered), 0);
    both_find(&asking, &owning, Class::RepliedOwnerSilent, query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_still_be_under_way_is_left_open() {
    let asking = Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 60);
    let (asking, owning, _) = sharing_pair_of(asking, Plan::of("owning-ca-pd")).await;
    asking.store().fail_once_on(Kind::AnswerReceived, Failure::BeforeWrite);
    asking.ask_one(owning.id(), PLATE).await;
    let report = reconciled(&asking, &owning).await;
    assert_eq!((report.open, report.findings.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_asked_again_until_it_was_answered_is_matched() {
    let (asking, owning) = sharing().await;
    asking.store().fail_once_on(Kind::AnswerReceived, Failure::BeforeWrite);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    let query = heard.query_id.expect("a query id");
    let again =
        asking.node().queries.ask_again(query, &asking.officer()).await.expect("an open query");
    assert_eq!(again.outcome, OutcomeCode::Answered, "{again:?}");
    owning
        .wait_for_log("the receipt", |log| (log.count(Kind::ReceiptRecorded) == 1).then_some(()))
        .await;
    let report = reconciled(&asking, &owning).await;
    assert_eq!((report.matched, report.findings.len(), report.open), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_substream_that_ended_unseen_costs_no_comparison() {
    let owner = Agency::start("owning-ca-pd").await;
    let mut raw = RawPeer::start("hostile-ca-pd", owner.now());
    add_card(&owner, &raw.identity).await;
    let (identity, to, at) = (raw.identity.clone(), owner.id().clone(), owner.now());
    let (shown, card_shown) = tokio::sync::watch::channel(false);
    raw.answer_once_each(move |frame| {
        let envelope = match frame.kind {
            FrameKind::Card => {
                shown.send_replace(true);
                identity.card_envelope()
            }
            _ => {
                let request = Envelope::parse(&frame.body).expect("a request").digest();
                let (from, to) = (identity.id.clone(), to.clone());
                let (count, digest) = (0, divided(&[]));
                let statement =
                    Statement { request, from, to, at, count, digest, sessions: Vec::new() };
                identity.sign(Signed::Statement, &statement)
            }
        };
        Some(vec![Frame::new(frame.kind, envelope.as_bytes().to_vec())])
    });
    raw.dial(&owner).await;
    eventually("the owner shows its card", async || card_shown.borrow().then_some(())).await;
    // The substream of that conversation returns to the owner's pool, and its end is not looked at.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (from, until) = (Timestamp::MIN, Timestamp::MAX);
    let node = owner.node();
    let reconciler = Reconciler::of(&node.context);
    let report =
        reconciler.reconcile(node.peers.as_ref(), &owner.admin(), raw.id(), from, until).await;
    assert_eq!(report.expect("a comparison").matched, 0);
}

/// One query, refused twice for what its agency owes and once because it is old: its first copy was late
/// on the way, and the agency keeps the reply to another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_was_refused_in_several_ways_is_told_alike_by_whoever_holds_one_of_them() {
    let (asking, mut owning) = sharing().await;
    owning.store().fail_on(Kind::ReceiptRecorded, Failure::BeforeWrite);
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    shift_clocks([&asking, &owning], 25 * HOUR_MS);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(heard.outcome, OutcomeCode::Refused, "{heard:?}");
    let query = heard.query_id.expect("a query id");
    let log = asking.log().await;
    let [sent, kept] =
        [Kind::QuerySent, Kind::RefusalReceived].map(|kind| &log.last(kind).envelopes[0]);
    // The copy that was late comes from the same node.
    let mut identity = asking.identity.clone();
    identity.card.addresses.clear();
    let late = RawPeer::with(identity);
    let again = async || match late.ask_bytes(&owning, sent.as_bytes()).await {
        Reply::Refusal(refusal) => refusal.to_text(),
        _ => panic!("no refusal"),
    };
    assert_eq!(&again().await, kept, "the same as long as the same stands in its way");
    shift_clocks([&asking, &owning], SETTLED_MS);
    let stale = again().await;
    assert_ne!(&stale, kept);
    assert_eq!(again().await, stale, "that one is for good");
    let log = owning.log().await;
    let refusals = [Kind::QueryRefused; 4];
    assert_eq!(log.exchange(query), refusals, "each delivery is an entry");
    // The two talk to each other again.
    drop(late);
    owning.store().mend();
    owning.restart().await;
    for (at, with) in [(&asking, &owning), (&owning, &asking)] {
        let report = reconciled(at, with).await;
        assert_eq!((report.refused_both, report.open), (1, 0), "at {}", at.id());
        let found = report.findings.iter().filter(|found| found.query_id == Some(query));
        assert_eq!(found.count(), 0, "{:?}", report.findings);
    }
    let auditor = bundles_of_both(&asking, &owning);
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!(report["refused_both"], 1, "{report:#}");
    assert!(findings_of(&report, "differs").is_empty(), "{report:#}");
}
