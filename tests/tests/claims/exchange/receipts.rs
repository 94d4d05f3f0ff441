//! Receipts: signed proof that an answer was logged, sent until it is acknowledged.

use node::admin::receipts;
use schemas::answer::Receipt;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::query::Query;
use schemas::refusal::RefusalCode;
use tests::agency::{Agency, Plan};
use tests::faulty_store::Failure;
use tests::federation::{add_card, owner_and_raw, owner_and_raw_of, sharing_pair};
use tests::fixtures::{HOUR_MS, PLATE, query, words};
use tests::logs::{Log, envelope};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::wire::Reply;

fn receipts(most: usize) -> impl Fn(&Log) -> Option<()> {
    move |log| (log.count(Kind::ReceiptRecorded) == most).then_some(())
}

/// A query that the raw peer was answered, and the answer.
async fn answered(owner: &Agency, raw: &RawPeer) -> (Query, Envelope) {
    let query = query(raw.id(), owner.id(), PLATE, owner.now());
    let (answer, _) = raw.ask(owner, &raw.identity.sign(Signed::Query, &query)).await.answered();
    (query, answer)
}

fn receipt(raw: &RawPeer, owner: &Agency, query: &Query, answer: Digest) -> Envelope {
    let receipt = Receipt {
        query_id: query.id,
        answer_digest: answer,
        from: raw.id().clone(),
        to: owner.id().clone(),
        at: owner.now(),
    };
    raw.identity.sign(Signed::Receipt, &receipt)
}

/// Waits until everything in the outbox was acknowledged.
async fn delivered(agency: &Agency) {
    eventually("an empty outbox", async || {
        agency.context().store.outbox(10).await.expect("an outbox").is_empty().then_some(())
    })
    .await;
}

async fn sends(raw: &RawPeer, owner: &Agency, receipt: &Envelope) -> Option<FrameKind> {
    raw.say(owner, FrameKind::Receipt, receipt.as_bytes()).await.0.map(|frame| frame.kind)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_was_not_recorded_is_sent_again_once_the_owner_is_back() {
    let (asking, mut owning, _) = sharing_pair().await;
    // Nothing else makes the two talk later on.
    for agency in [&asking, &owning] {
        delivered(agency).await;
    }
    owning.store().fail_on(Kind::ReceiptRecorded, Failure::BeforeWrite);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(
        (heard.outcome, heard.reads.len()),
        (OutcomeCode::Answered, 3),
        "the officer does not wait for it"
    );
    eventually("a receipt is refused", async || (owning.store().failed() > 0).then_some(())).await;
    owning.stop().await;
    assert_eq!(owning.log().await.count(Kind::ReceiptRecorded), 0);
    owning.run().await;
    owning.wait_for_log("the receipt", receipts(1)).await;
    let log = owning.log().await;
    let recorded = log.one(Kind::ReceiptRecorded);
    assert!(recorded.belongs_to(heard.query_id.expect("a query id")));
    let signed: Receipt = envelope(&recorded.envelopes[0])
        .verified_json(Signed::Receipt, &asking.identity.card.message_key)
        .expect("a receipt that the requester signed");
    assert_eq!(Some(signed.answer_digest), log.one(Kind::QueryAnswered).access().answer_digest);
    delivered(&asking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_outlives_the_node_that_signed_it() {
    let (mut asking, owning, _) = sharing_pair().await;
    owning.store().fail_on(Kind::ReceiptRecorded, Failure::BeforeWrite);
    asking.ask_one(owning.id(), PLATE).await;
    asking.restart().await;
    owning.store().mend();
    asking.node().wake();
    owning.wait_for_log("the receipt", receipts(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_whose_acknowledgement_was_lost_is_recorded_once() {
    let (asking, owning, _) = sharing_pair().await;
    owning.store().fail_once_on(Kind::ReceiptRecorded, Failure::AfterWrite);
    asking.ask_one(owning.id(), PLATE).await;
    eventually("the receipt is acknowledged", async || {
        asking.node().wake();
        let left = asking.context().store.outbox(10).await.expect("an outbox");
        (owning.store().failed() == 1 && left.is_empty()).then_some(())
    })
    .await;
    owning.log().await.one(Kind::ReceiptRecorded);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_too_many_receipts_outstanding_the_owner_refuses() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.receipts_outstanding = 2);
    let (owner, raw, _) = owner_and_raw_of(plan).await;
    let first = answered(&owner, &raw).await;
    let second = answered(&owner, &raw).await;
    let refused = async || {
        let query = query(raw.id(), owner.id(), PLATE, owner.now());
        let reply = raw.ask(&owner, &raw.identity.sign(Signed::Query, &query)).await;
        reply
            .refused(&owner.identity.card.message_key)
            .iter()
            .map(|reason| reason.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(refused().await, [RefusalCode::ReceiptsOutstanding]);
    for (query, answer) in [first, second] {
        let receipt = receipt(&raw, &owner, &query, answer.digest());
        assert_eq!(sends(&raw, &owner, &receipt).await, Some(FrameKind::ReceiptAck));
    }
    answered(&owner, &raw).await;
    answered(&owner, &raw).await;
    assert_eq!(refused().await, [RefusalCode::ReceiptsOutstanding]);
}

#[tokio::test(flavor = "multi_thread")]
async fn outstanding_receipts_are_known_after_a_restart() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.receipts_outstanding = 1);
    let (mut owner, raw, _) = owner_and_raw_of(plan).await;
    answered(&owner, &raw).await;
    owner.restart().await;
    let query = query(raw.id(), owner.id(), PLATE, owner.now());
    let asked = raw.identity.sign(Signed::Query, &query);
    // The connection of before ends at some moment, and what is said on it is lost.
    let reply =
        eventually("the owner is reached again", async || match raw.ask(&owner, &asked).await {
            Reply::Closed(_) => None,
            reply => Some(reply),
        })
        .await;
    assert_eq!(
        reply.refused(&owner.identity.card.message_key)[0].code,
        RefusalCode::ReceiptsOutstanding
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_recorded_once_and_acknowledged_each_time() {
    let (owner, raw, _) = owner_and_raw().await;
    let (query, answer) = answered(&owner, &raw).await;
    let receipt = receipt(&raw, &owner, &query, answer.digest());
    for _ in 0..3 {
        assert_eq!(sends(&raw, &owner, &receipt).await, Some(FrameKind::ReceiptAck));
    }
    owner.log().await.one(Kind::ReceiptRecorded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_binds_anything_else_is_rejected() {
    let (owner, raw, _) = owner_and_raw().await;
    let other = RawPeer::start("other-ca-pd", owner.now());
    add_card(&owner, &other.identity).await;
    let (asked, answer) = answered(&owner, &raw).await;
    let unasked = query(raw.id(), owner.id(), PLATE, owner.now());
    let good = receipt(&raw, &owner, &asked, answer.digest());
    let mut altered = good.as_bytes().to_vec();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let misdirected = Receipt {
        query_id: asked.id,
        answer_digest: answer.digest(),
        from: raw.id().clone(),
        to: other.id().clone(),
        at: owner.now(),
    };
    let table = [
        (
            "another answer",
            &raw,
            receipt(&raw, &owner, &asked, Digest::of(b"other")).as_bytes().to_vec(),
        ),
        (
            "no query of ours",
            &raw,
            receipt(&raw, &owner, &unasked, answer.digest()).as_bytes().to_vec(),
        ),
        (
            "another requester's answer",
            &other,
            receipt(&other, &owner, &asked, answer.digest()).as_bytes().to_vec(),
        ),
        ("replayed by another", &other, good.as_bytes().to_vec()),
        (
            "for another owner",
            &raw,
            raw.identity.sign(Signed::Receipt, &misdirected).as_bytes().to_vec(),
        ),
        ("a bit altered", &raw, altered),
    ];
    for (what, peer, bytes) in table {
        let said = peer.say(&owner, FrameKind::Receipt, &bytes).await.0.map(|frame| frame.kind);
        assert!(!matches!(said, Some(FrameKind::ReceiptAck)), "{what}: {said:?}");
        assert_eq!(owner.log().await.count(Kind::ReceiptRecorded), 0, "{what}");
    }
    assert_eq!(sends(&raw, &owner, &good).await, Some(FrameKind::ReceiptAck));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_a_day_late_stops_its_requester_until_a_person_gives_it_time() {
    let (owner, raw, _) = owner_and_raw().await;
    let (query_of, answer) = answered(&owner, &raw).await;
    let refused = async || {
        let query = query(raw.id(), owner.id(), PLATE, owner.now());
        let reply = raw.ask(&owner, &raw.identity.sign(Signed::Query, &query)).await;
        let reasons = reply.refused(&owner.identity.card.message_key);
        reasons.iter().map(|reason| reason.code).collect::<Vec<_>>()
    };
    owner.clock.shift(25 * HOUR_MS);
    let searches = owner.store().searches();
    assert_eq!(refused().await, [RefusalCode::ReceiptsOutstanding]);
    assert_eq!(owner.store().searches(), searches, "nothing is searched for it");
    let until = owner.now().plus_days(1);
    let why = words("their node is being mended; their sergeant has called");
    let too_long = owner.now().plus_days(31);
    let extend = receipts::extend(owner.own(), &owner.admin(), raw.id(), too_long, &why).await;
    assert!(extend.is_err(), "not for good");
    receipts::extend(owner.own(), &owner.admin(), raw.id(), until, &why).await.expect("more time");
    let log = owner.log().await;
    let entry = log.one(Kind::ReceiptsExtended);
    assert_eq!(entry.header.peer.as_ref(), Some(raw.id()));
    assert_eq!(entry.detail("until"), &serde_json::json!(until));
    let (next, next_answer) = answered(&owner, &raw).await;
    owner.clock.shift(25 * HOUR_MS);
    assert_eq!(refused().await, [RefusalCode::ReceiptsOutstanding]);
    for (query, answer) in [(query_of, answer), (next, next_answer)] {
        let receipt = receipt(&raw, &owner, &query, answer.digest());
        assert_eq!(sends(&raw, &owner, &receipt).await, Some(FrameKind::ReceiptAck));
    }
    answered(&owner, &raw).await;
    let verified = owner.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}
