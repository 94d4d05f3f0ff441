//! Bounds come before work: what cannot be released is not looked for, with many at once too, so a
//! refusal tells nothing of what is stored. Nothing is padded with time: what is compared is the work
//! that was done.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use schemas::agency::AgencyId;
use schemas::answer::Receipt;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::purpose::{Purpose, QueryKind};
use schemas::query::Query;
use schemas::refusal::RefusalCode;
use tests::agency::{Agency, Plan};
use tests::faulty_store::Failure;
use tests::federation::{add_card, owner_and_raw, owner_and_raw_of, signed_by_both};
use tests::fixtures::{DAY_MS, HOUR_MS, PLATE, agreement, query};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::wire::Reply;

/// A plate that the owner has never read.
const MISS: &str = "9ZZZ999";

fn of_plate(raw: &RawPeer, owner: &Agency, plate: &str) -> Query {
    query(raw.id(), owner.id(), plate, owner.now())
}

fn signed(raw: &RawPeer, query: &Query) -> Envelope {
    raw.identity.sign(Signed::Query, query)
}

/// What a query made the store do, and what came of it.
async fn work(
    raw: &RawPeer,
    owner: &Agency,
    query: &Query,
) -> (Result<(), Vec<RefusalCode>>, BTreeMap<&'static str, u64>) {
    let before = owner.store().looked();
    let reply = match raw.ask(owner, &signed(raw, query)).await {
        Reply::Answer { .. } => Ok(()),
        refused => {
            let reasons = refused.refused(&owner.identity.card.message_key);
            Err(reasons.iter().map(|reason| reason.code).collect())
        }
    };
    let mut looked = owner.store().looked();
    for (what, times) in before {
        *looked.entry(what).or_default() -= times;
    }
    looked.retain(|_, times| *times > 0);
    (reply, looked)
}

/// An owner with reads, and a peer under an agreement with it that has a daily limit.
async fn limited(daily: u32, plan: Plan) -> (Agency, RawPeer) {
    let owner = Agency::of(plan).await;
    owner.add_reads(PLATE, 3).await;
    let raw = RawPeer::start("hostile-ca-pd", owner.now());
    add_card(&owner, &raw.identity).await;
    let mut text = agreement(&[owner.id(), raw.id()], owner.now());
    text.daily_limit = Some(daily);
    signed_by_both(&owner, &raw.identity, &text).await;
    (owner, raw)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_looks_for_nothing_whatever_is_stored() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.receipts_outstanding = 1);
    let (owner, raw, _) = owner_and_raw_of(plan).await;
    let stranger = RawPeer::start("stranger-ca-pd", owner.now());
    add_card(&owner, &stranger.identity).await;
    type Change = fn(&mut Query);
    let table: [(&str, &RawPeer, Change, RefusalCode); 5] = [
        ("stale", &raw, |query| query.at = query.at.plus_millis(-HOUR_MS), RefusalCode::Stale),
        (
            "purpose",
            &raw,
            |query| query.why.purpose = Purpose::WantedPerson,
            RefusalCode::PurposeNotAuthorized,
        ),
        (
            "kind",
            &raw,
            |query| {
                let plate = query.elements.plate.take().expect("a plate").to_string();
                query.elements.kind = QueryKind::Partial;
                query.elements.pattern =
                    Some(format!("{}*", &plate[..4]).parse().expect("a pattern"));
            },
            RefusalCode::QueryKind,
        ),
        (
            "age",
            &raw,
            |query| {
                query.elements.from = query.at.plus_millis(-900 * DAY_MS);
                query.elements.until = query.at.plus_millis(-800 * DAY_MS);
            },
            RefusalCode::Window,
        ),
        ("authority", &stranger, |_| {}, RefusalCode::NoAuthority),
    ];
    let compare = async |what: &str, by: &RawPeer, change: Change, code: RefusalCode| {
        let mut done = Vec::new();
        for plate in [PLATE, MISS] {
            let mut query = of_plate(by, &owner, plate);
            change(&mut query);
            let (reply, looked) = work(by, &owner, &query).await;
            let codes = reply.expect_err(what);
            assert!(codes.contains(&code), "{what}: {codes:?}");
            assert_eq!(looked.get("search"), None, "{what}: {looked:?}");
            done.push((codes, looked));
        }
        assert_eq!(done[0], done[1], "{what}");
    };
    for (what, by, change, code) in table {
        compare(what, by, change, code).await;
    }
    // From here on one answer is without receipt.
    assert!(work(&raw, &owner, &of_plate(&raw, &owner, PLATE)).await.0.is_ok());
    compare("receipts", &raw, |_| {}, RefusalCode::ReceiptsOutstanding).await;
    assert_eq!(owner.store().searches(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_days_limit_refuses_is_not_looked_for() {
    let (owner, raw) = limited(1, Plan::of("owning-ca-pd")).await;
    assert!(work(&raw, &owner, &of_plate(&raw, &owner, MISS)).await.0.is_ok());
    let [hit, miss] = [
        work(&raw, &owner, &of_plate(&raw, &owner, PLATE)).await,
        work(&raw, &owner, &of_plate(&raw, &owner, MISS)).await,
    ];
    assert_eq!(hit.0, Err(vec![RefusalCode::Quota]));
    assert_eq!(hit, miss);
    assert_eq!(owner.store().searches(), 1);
}

/// Answers, refusals and searches when so many queries for one plate come at once.
async fn at_once(owner: &Agency, raw: &RawPeer, plate: &str, places: u64) -> (usize, usize, u64) {
    let before = owner.store().searches();
    assert!(raw.dial(owner).await, "one connection for all of them");
    owner.store().hold();
    let queries: Vec<Envelope> =
        (0..20).map(|_| signed(raw, &of_plate(raw, owner, plate))).collect();
    let mut asked: FuturesUnordered<_> =
        queries.iter().map(|query| raw.ask(owner, query)).collect();
    let (mut answered, mut refused) = (0, 0);
    let replies = async {
        while let Some(reply) = asked.next().await {
            match reply {
                Reply::Answer { .. } => answered += 1,
                Reply::Refusal(_) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::join!(replies, async {
        eventually("as many are searched for as may be answered", async || {
            (owner.store().searches() == before + places).then_some(())
        })
        .await;
        owner.store().release();
    });
    (answered, refused, owner.store().searches() - before)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_only_those_are_searched_for_that_have_a_place() {
    for plate in [PLATE, MISS] {
        let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.receipts_outstanding = 3);
        let (owner, raw, _) = owner_and_raw_of(plan).await;
        assert_eq!(at_once(&owner, &raw, plate, 3).await, (3, 17, 3), "receipts: {plate}");
        let (owner, raw) = limited(2, Plan::of("owning-ca-pd")).await;
        assert_eq!(at_once(&owner, &raw, plate, 2).await, (2, 18, 2), "the day: {plate}");
        let log = owner.log().await;
        assert_eq!((log.count(Kind::QueryAnswered), log.count(Kind::QueryRefused)), (2, 18));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_given_back_when_nothing_is_appended() {
    let (owner, raw) =
        limited(1, Plan::of("owning-ca-pd").bounds(|bounds| bounds.receipts_outstanding = 1)).await;
    let asked = of_plate(&raw, &owner, PLATE);
    owner.store().fail_once_on(Kind::QueryAnswered, Failure::BeforeWrite);
    assert!(raw.ask(&owner, &signed(&raw, &asked)).await.proves_nothing());
    assert_eq!(owner.store().failed(), 1);
    drop(raw.ask(&owner, &signed(&raw, &asked)).await.answered());
    let log = owner.log().await;
    assert_eq!((log.count(Kind::QueryAnswered), log.count(Kind::QueryRefused)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_no_more_are_refused_in_a_minute_than_may_be() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.refusals_per_minute = 5);
    let (owner, raw, _) = owner_and_raw_of(plan).await;
    let queries: Vec<Envelope> = (0..40)
        .map(|_| {
            let mut stale = of_plate(&raw, &owner, PLATE);
            stale.at = stale.at.plus_millis(-HOUR_MS);
            signed(&raw, &stale)
        })
        .collect();
    let mut asked: FuturesUnordered<_> =
        queries.iter().map(|query| raw.ask(&owner, query)).collect();
    let mut refused = 0;
    while let Some(reply) = asked.next().await {
        match reply {
            Reply::Refusal(_) => refused += 1,
            other => assert!(other.proves_nothing(), "{other:?}"),
        }
    }
    assert_eq!((refused, owner.log().await.count(Kind::QueryRefused)), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_one_answer_that_come_at_once_are_recorded_once() {
    let (owner, raw, _) = owner_and_raw().await;
    let receipted = of_plate(&raw, &owner, PLATE);
    let (answer, _) = raw.ask(&owner, &signed(&raw, &receipted)).await.answered();
    // Another answer is owed its receipt, and stays so.
    drop(raw.ask(&owner, &signed(&raw, &of_plate(&raw, &owner, PLATE))).await.answered());
    let receipt = Receipt {
        query_id: receipted.id,
        answer_digest: answer.digest(),
        from: raw.id().clone(),
        to: owner.id().clone(),
        at: owner.now(),
    };
    let receipt = raw.identity.sign(Signed::Receipt, &receipt);
    let mut sent: FuturesUnordered<_> =
        (0..16).map(|_| raw.say(&owner, FrameKind::Receipt, receipt.as_bytes())).collect();
    while let Some((reply, _)) = sent.next().await {
        assert_eq!(reply.map(|frame| frame.kind), Some(FrameKind::ReceiptAck));
    }
    owner.log().await.one(Kind::ReceiptRecorded);
    let owed = |id: &AgencyId| owner.context().agency.log.counters().unreceipted.get(id).copied();
    assert_eq!(owed(raw.id()), Some(1));
}
