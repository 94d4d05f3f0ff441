//! A peer whose signed heads are of two logs, and that proves nothing when it is asked to join them: by
//! no proof it raises no alarm, and so its queries are refused for as long as it gives none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use node::auditing::alarms;
use schemas::alarm::AlarmKind;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::frame::{Frame, FrameKind};
use schemas::refusal::RefusalCode;
use schemas::witness::{ConsistencyReply, ConsistencyRequest};
use tests::agency::{Agency, Plan};
use tests::federation::owner_and_raw_of;
use tests::fixtures::{PLATE, query};
use tests::hostile_log::HostileLog;
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::wire::Reply;

/// Answers what is asked about its log out of `log` once it is `willing`, and else that it cannot.
fn leads_when_willing(raw: &mut RawPeer, log: &Arc<Mutex<HostileLog>>, willing: &Arc<AtomicBool>) {
    let (identity, log, willing) = (raw.identity.clone(), log.clone(), willing.clone());
    raw.answer(move |frame| match frame.kind {
        FrameKind::Card => {
            Some(vec![Frame::new(frame.kind, identity.card_envelope().as_bytes().to_vec())])
        }
        FrameKind::Consistency if willing.load(Ordering::SeqCst) => {
            let log = log.lock().unwrap_or_else(PoisonError::into_inner);
            let asked: ConsistencyRequest = serde_json::from_slice(&frame.body).expect("a request");
            // To the head of its other log this one does not lead, however it is asked.
            let size = log.head().unverified().size;
            let proofs = asked.sizes.windows(2).map(|pair| match pair[1] <= size {
                true => log.consistency(pair[0], pair[1]),
                false => Vec::new(),
            });
            let reply = ConsistencyReply { proofs: proofs.collect() };
            Some(vec![Frame::new(frame.kind, serde_json::to_vec(&reply).expect("JSON"))])
        }
        _ => Some(vec![Frame::new(FrameKind::Failed, b"{}".to_vec())]),
    });
}

/// Asks `owner` with a place in `log`, whose entries become `size` many.
async fn asks(raw: &RawPeer, owner: &Agency, log: &Mutex<HostileLog>, size: usize) -> Reply {
    let asked = query(raw.id(), owner.id(), PLATE, owner.now());
    let signed = raw.identity.sign(Signed::Query, &asked);
    let beside = {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        while log.head().unverified().size + 1 < size as u64 {
            let other = query(raw.id(), owner.id(), PLATE, owner.now());
            log.write(Kind::QueryUnanswered, owner.id(), other.id, other.at, &[]);
        }
        log.write(Kind::QuerySent, owner.id(), asked.id, asked.at, &[&signed]);
        serde_json::to_vec(&log.proof(size - 1)).expect("JSON")
    };
    let mut wire = raw.open(owner).await.expect("a substream");
    let frame = Frame { kind: FrameKind::Query, beside, body: signed.as_bytes().to_vec() };
    wire.send_bytes(&frame.to_bytes().expect("a frame")).await.expect("a query");
    Reply::read(&mut wire).await
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_never_joined_end_a_peers_queries_until_they_are_and_then_alarm() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.unproven_seconds = 1);
    let (owner, mut raw, _) = owner_and_raw_of(plan).await;
    let [first, second] = [(); 2].map(|()| Arc::new(Mutex::new(HostileLog::of(&raw.identity))));
    let willing = Arc::new(AtomicBool::new(false));
    leads_when_willing(&mut raw, &second, &willing);
    const KEPT: usize = 1_000;
    drop(asks(&raw, &owner, &first, KEPT).await.answered());
    eventually("its head is kept", async || {
        let kept = owner.own().log.held_head(raw.id()).await.expect("a store")?;
        (kept.witnessed().size == KEPT as u64).then_some(())
    })
    .await;
    // Smaller heads of another log: each could have been overtaken on its way, so each is asked about.
    let mut size = 0;
    let refused = eventually("it is refused for what it does not prove", async || {
        size += 1;
        match asks(&raw, &owner, &second, size).await {
            Reply::Refusal(refusal) => Some(refusal),
            _ => None,
        }
    })
    .await;
    let reasons = Reply::Refusal(refused).refused(&owner.identity.card.message_key);
    assert_eq!(reasons[0].code, RefusalCode::LogUnproven);
    let said = reasons[0].message.as_str();
    assert!(said.contains("the heads it signed are of one log"), "{said}");
    assert!(
        alarms::list(&owner.context().agency).is_empty(),
        "nothing shows yet that they are not"
    );
    let told = owner.accord(&["doctor"]).lines();
    let line = told.iter().find(|line| line["check"] == "proofs").expect("the check");
    assert_eq!(line["ok"], false, "{line}");
    let detail = line["detail"].as_str().expect("words");
    assert!(detail.contains("of one log") && detail.contains("log_unproven"), "{detail}");
    // Once it gives a proof, that is the evidence.
    willing.store(true, Ordering::SeqCst);
    drop(asks(&raw, &owner, &second, size + 1).await);
    eventually("its own proof condemns it", async || {
        let alarms = alarms::list(&owner.context().agency);
        alarms.iter().any(|one| one.what.kind == AlarmKind::Proof).then_some(())
    })
    .await;
}
