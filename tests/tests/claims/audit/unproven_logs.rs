//! Peers that ask and are answered, and do not prove that their own logs say so: what they owe is
//! asked for, counted, told, and beyond the bound a reason to refuse; what they show pays it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use audit::reconcile::Class;
use node::exchange::standing::{Collector, collect_until};
use node::exchange::statements::Reconciler;
use peer::Peers;
use peer::link::{Dial, LinkError, Reach};
use schemas::agency::AgencyId;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::{Frame, FrameKind};
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use schemas::standing::{EntryAsked, StandingReply, StandingRequest};
use schemas::time::Timestamp;
use schemas::witness::{ConsistencyReply, ConsistencyRequest};
use serde_json::Value;
use store::Debts as _;
use tests::agency::{Agency, Plan};
use tests::auditor::bundles_of_both;
use tests::faulty_store::Failure;
use tests::federation::{
    answered_query, owner_and_raw_of, sharing_pair, sharing_pair_of, shift_clocks,
};
use tests::fixtures::{PLATE, SETTLED_MS, query};
use tests::hostile_log::HostileLog;
use tests::raw_peer::RawPeer;
use tests::wait::{eventually, within};

/// A log that its peer may yet write.
type Written = Arc<Mutex<HostileLog>>;

/// Answers whatever is asked about its log out of `log`.
fn shows(raw: &mut RawPeer, log: &Written) {
    let (identity, log) = (raw.identity.clone(), log.clone());
    raw.answer(move |frame| {
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let body = match frame.kind {
            FrameKind::Card => identity.card_envelope().as_bytes().to_vec(),
            FrameKind::Standing => {
                let proofs = log.shown(&frame.body);
                serde_json::to_vec(&StandingReply { proofs }).expect("JSON")
            }
            FrameKind::Consistency => {
                let asked: ConsistencyRequest =
                    serde_json::from_slice(&frame.body).expect("a request");
                let proofs = asked.sizes.windows(2).map(|pair| log.consistency(pair[0], pair[1]));
                serde_json::to_vec(&ConsistencyReply { proofs: proofs.collect() }).expect("JSON")
            }
            _ => return None,
        };
        Some(vec![Frame::new(frame.kind, body)])
    });
}

/// What an owner says to one more query.
async fn refused(owner: &Agency, raw: &RawPeer, asked: &Envelope) -> Vec<RefusalCode> {
    let reply = raw.ask(owner, asked).await;
    let reasons = reply.refused(&owner.identity.card.message_key);
    reasons.iter().map(|reason| reason.code).collect()
}

fn signed(owner: &Agency, raw: &RawPeer) -> (schemas::query::Query, Envelope) {
    let query = query(raw.id(), owner.id(), PLATE, owner.now());
    let signed = raw.identity.sign(Signed::Query, &query);
    (query, signed)
}

/// What a node's doctor says of one check.
fn doctor(agency: &Agency, check: &str) -> Value {
    let told = agency.accord(&["doctor"]).lines();
    told.into_iter().find(|line| line["check"] == check).expect("the check")
}

fn owed(at: &Agency, by: &RawPeer) -> u32 {
    at.own().log.counters().unproven.get(by.id()).copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_and_never_shows_a_log_is_refused_until_it_does() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.unproven_exchanges = 3);
    let (owner, mut raw, _) = owner_and_raw_of(plan).await;
    let log = Arc::new(Mutex::new(HostileLog::of(&raw.identity)));
    shows(&mut raw, &log);
    let mut asked = Vec::new();
    for _ in 0..3 {
        let (query, signed) = signed(&owner, &raw);
        let (answer, _) = raw.ask(&owner, &signed).await.answered();
        asked.push((query, signed, answer));
    }
    assert_eq!(owed(&owner, &raw), 3);
    let (_, fourth) = signed(&owner, &raw);
    assert_eq!(refused(&owner, &raw, &fourth).await, [RefusalCode::LogUnproven]);
    assert_eq!(owner.store().searches(), 3, "nothing is searched for it");
    assert_eq!(owed(&owner, &raw), 3, "a refusal that nobody decided leaves nothing owed");
    let line = doctor(&owner, "proofs");
    assert_eq!(line["ok"], false);
    assert!(line["detail"].as_str().expect("words").contains("log_unproven"), "{line}");
    let rows = owner.accord(&["audit", "report", "--kind", "access"]).lines();
    let unproven = rows.iter().filter(|row| row["unproven"].is_string()).count();
    assert_eq!(unproven, 3, "{rows:#?}");
    // Written afterwards, it pays all the same, and the very query that was refused is answered.
    {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        for (query, signed, _) in &asked {
            log.write(Kind::QuerySent, owner.id(), query.id, query.at, &[signed]);
        }
    }
    eventually("what was owed is proven", async || (owed(&owner, &raw) == 0).then_some(())).await;
    let (query, signed_again) = (&asked[0].0, &fourth);
    drop(raw.ask(&owner, signed_again).await.answered());
    let told = owner.log().await;
    let proved: usize =
        told.all(Kind::PeerProved).iter().map(|entry| entry.body.event.theirs().len()).sum();
    assert_eq!(proved, 3);
    assert!(told.exchange(query.id).contains(&Kind::QueryAnswered));
    let rows = owner.accord(&["audit", "report", "--kind", "access"]).lines();
    let unproven = rows.iter().filter(|row| row["unproven"].is_string());
    let answered = unproven.filter(|row| row["kind"] == "query.answered").count();
    assert_eq!(answered, 1, "that of the fourth alone: {rows:#?}");
    let verified = owner.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_that_stay_unproven_stop_nobody_and_more_do_after_a_while_of_connection() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.unproven_seconds = 1);
    let (owner, mut raw, _) = owner_and_raw_of(plan).await;
    let log = Arc::new(Mutex::new(HostileLog::of(&raw.identity)));
    shows(&mut raw, &log);
    for _ in 0..17 {
        drop(raw.ask(&owner, &signed(&owner, &raw).1).await.answered());
    }
    // Nothing counts but time over a connection at which it was asked and did not show.
    eventually("it is overdue", async || {
        let (_, asked) = signed(&owner, &raw);
        match raw.ask(&owner, &asked).await {
            tests::wire::Reply::Refusal(_) => Some(()),
            _ => None,
        }
    })
    .await;
    let log = owner.log().await;
    let reasons = &log.last(Kind::QueryRefused).access().reasons;
    assert_eq!(reasons[0].code, RefusalCode::LogUnproven);
    drop(log);
    // Time while it is away does not, nor while the link to it says nothing.
    let id = raw.id().clone();
    drop(raw);
    let silent = Arc::new(Silent::default());
    let collector = Collector::of(owner.context());
    let stop = owner.node().app.stop.clone();
    tokio::spawn(collect_until(collector, silent.clone(), stop));
    let asked = async |times: usize| {
        let what = format!("it is asked {times} times while it is away");
        let asked = || silent.asked.load(Ordering::SeqCst) >= times;
        within(&what, async {
            while !asked() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    };
    // What was under way when it went has ended by then: its node refuses connections.
    asked(1).await;
    let counted = waited(&owner, &id).await;
    asked(4).await;
    assert_eq!(waited(&owner, &id).await, counted);
}

/// A link over which nothing ever comes.
#[derive(Default)]
struct Silent {
    asked: AtomicUsize,
}

impl Dial for Silent {
    type Channel = <Peers as Dial>::Channel;

    async fn open(&self, _: &Reach) -> Result<Self::Channel, LinkError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Err(LinkError::Silent)
    }

    async fn open_as_before(&self, _: &Reach) -> Option<Result<Self::Channel, LinkError>> {
        None
    }
}

/// For how many seconds the longest debt of `peer` has counted.
async fn waited(owner: &Agency, peer: &AgencyId) -> u32 {
    let mut seconds = 0;
    while owner.store().overdue(peer, seconds + 1).await.expect("a count") > 0 {
        seconds += 1;
    }
    seconds
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_came_late_is_proven_by_itself_even_after_a_crash() {
    let (mut asking, mut owning, _) = sharing_pair().await;
    owning.store().fail_on(Kind::ReceiptRecorded, Failure::BeforeWrite);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(heard.outcome, OutcomeCode::Answered);
    eventually("a receipt is refused", async || (owning.store().failed() > 0).then_some(())).await;
    owning.stop().await;
    asking.restart().await;
    owning.run().await;
    // Out of the outbox no proof stands beside it.
    let proved = owning
        .wait_for_log("what is owed is proven", |log| {
            log.all(Kind::PeerProved).first().map(|entry| entry.body.event.theirs()[0].clone())
        })
        .await;
    let (header, _) = proved.verified(&asking.log_key()).expect("a proof that holds");
    assert_eq!(header, asking.log().await.one(Kind::AnswerReceived).header);
    assert_eq!(owning.own().log.counters().unproven.get(asking.id()).copied().unwrap_or(0), 0);
    let line = doctor(&owning, "proofs");
    assert_eq!(line["ok"], true, "{line}");
    // And both logs are sound, and agree.
    let auditor = bundles_of_both(&asking, &owning);
    for (name, own, other) in [("asking", &asking, &owning), ("owning", &owning, &asking)] {
        let (code, report) = auditor.verify(name, &[own, other]);
        assert_eq!((code, &report["unproven"]), (0, &Value::Null), "{report:#}");
    }
    let report = tests::auditor::reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!(
        (&report["matched"], report["findings"].as_array().map(Vec::len)),
        (&1.into(), Some(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_shown_however_many_the_exchange_has_left_before_it() {
    let plan = Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 1);
    let (asking, mut owning, _) = sharing_pair_of(plan, Plan::of("owning-ca-pd")).await;
    owning.stop().await;
    let id = asking.ask_one(owning.id(), PLATE).await.query_id.expect("a query id");
    let again = async || asking.node().queries.ask_again(id, &asking.officer()).await;
    while asking.log().await.exchange(id).len() < 66 {
        assert_eq!(again().await.expect("an open query").outcome, OutcomeCode::Unanswered);
    }
    owning.run().await;
    eventually("an answer", async || {
        let heard = again().await.expect("an open query");
        (heard.outcome == OutcomeCode::Answered).then_some(())
    })
    .await;
    let received = asking.log().await.one(Kind::AnswerReceived).header.clone();
    let entry = EntryAsked {
        query: id.digest(),
        envelope: received.envelope.expect("an answer beside it"),
    };
    let request = StandingRequest { entries: vec![entry] };
    let (_, found) = asking.own().log.standing(owning.id(), &request).await.expect("a reply");
    assert_eq!(found, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_proven_is_told_by_every_comparison_and_accuses_nobody() {
    let (asking, mut owning, _) = sharing_pair().await;
    let first = answered_query(&asking, &owning).await;
    // As if the requester had shown nothing and a person had let the debt be.
    let index = owning.log().await.one(Kind::QueryAnswered).header.index;
    let query = first.to_string();
    owning
        .tamper_with_database(&[format!(
            "insert into debts (entry, at, peer, query_id, envelope, waived)
             select idx, at, peer, '{query}', zeroblob(32), 1 from entries where idx = {index}"
        )])
        .await;
    shift_clocks([&asking, &owning], SETTLED_MS);
    let reconciler = Reconciler::of(owning.context());
    let (from, until) = (Timestamp::MIN, Timestamp::MAX);
    let peers = owning.node().peers.as_ref();
    let report = reconciler
        .reconcile(peers, &owning.admin(), asking.id(), from, until)
        .await
        .expect("a comparison");
    assert_eq!(report.matched, 1);
    let told: Vec<_> = report.findings.iter().map(|one| (one.class, one.query_id)).collect();
    assert_eq!(told, [(Class::Unproven, Some(first))]);
    assert!(report.findings[0].agency.is_none() && report.findings[0].signed_by.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_asks_a_peer_whose_log_is_unproven_and_is_warned() {
    let plan = Plan::of("asking-ca-pd").bounds(|bounds| bounds.unproven_exchanges = 1);
    let (mut asking, owning, _) = sharing_pair_of(plan, Plan::of("owning-ca-pd")).await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.warning), (OutcomeCode::Answered, None));
    let index = asking.log().await.one(Kind::AnswerReceived).header.index;
    let id = heard.query_id.expect("a query id");
    asking
        .tamper_with_database(&[format!(
            "insert into debts (entry, at, peer, query_id, envelope)
             select idx, at, peer, '{id}', zeroblob(32) from entries where idx = {index}"
        )])
        .await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(heard.outcome, OutcomeCode::Answered);
    let warning = heard.warning.expect("a warning");
    assert!(warning.contains("owning-ca-pd"), "{warning}");
    // Asked for an entry that its log does not have, an honest peer shows nothing, and no alarm rings.
    assert_eq!(asking.own().registry.state().alarm_about(owning.id()).map(|one| one.alarm), None);
}
