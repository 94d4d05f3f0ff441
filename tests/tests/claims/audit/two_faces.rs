//! A log that shows one history to one party of an agreement and another to another one: found out by
//! both as soon as they show each other what they keep, and held against nobody else.

use std::sync::{Arc, Mutex, PoisonError};

use node::admin::agreements;
use schemas::alarm::AlarmKind;
use schemas::checkpoint::{SignedCheckpoint, origin};
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::frame::{Frame, FrameKind};
use schemas::witness::{ConsistencyReply, ConsistencyRequest, HeadsShown};
use tests::agency::Agency;
use tests::federation::{
    add_card, adhere, introduce, known_parties, propose, wait_for_adherence, wait_for_agreement,
};
use tests::fixtures::{PLATE, agreement, query};
use tests::hostile_log::HostileLog;
use tests::identity::Identity;
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::wire::Reply;

/// Two agencies with nodes and one with none, and an agreement that all of them have signed.
async fn three_parties() -> (Agency, Agency, RawPeer) {
    let (one, other) = (Agency::start("one-ca-pd").await, Agency::start("other-ca-pd").await);
    let raw = RawPeer::start("twofaced-ca-pd", one.now());
    introduce(&[&one, &other]).await;
    for at in [&one, &other] {
        add_card(at, &raw.identity).await;
        at.add_reads(PLATE, 1).await;
    }
    let text = agreement(&[one.id(), other.id(), raw.id()], one.now());
    propose(&one, &text, None).await;
    wait_for_agreement(&other, &text.id).await;
    adhere(&other, &text, None).await;
    wait_for_adherence(&one, &text.id, other.id()).await;
    wait_for_adherence(&other, &text.id, one.id()).await;
    let known = known_parties(&one, &text);
    let signed = raw.identity.adhere_to_all(&text, &known, one.now()).to_text();
    for at in [&one, &other] {
        let taken = agreements::import(at.own(), at.store().as_ref(), &at.admin(), &signed).await;
        taken.expect("an adherence");
    }
    (one, other, raw)
}

/// Asks `owner`, and shows it with the query where that stands in `log`, behind `before` other entries.
async fn shows_its_log(raw: &RawPeer, owner: &Agency, log: &Mutex<HostileLog>, before: usize) {
    let asked = query(raw.id(), owner.id(), PLATE, owner.now());
    let signed = raw.identity.sign(Signed::Query, &asked);
    let beside = {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..before {
            let other = query(raw.id(), owner.id(), PLATE, owner.now());
            log.write(Kind::QueryUnanswered, owner.id(), other.id, other.at, &[]);
        }
        log.write(Kind::QuerySent, owner.id(), asked.id, asked.at, &[&signed]);
        serde_json::to_vec(&log.proof(before)).expect("JSON")
    };
    let mut wire = raw.open(owner).await.expect("a substream");
    let frame = Frame { kind: FrameKind::Query, beside, body: signed.as_bytes().to_vec() };
    wire.send_bytes(&frame.to_bytes().expect("a frame")).await.expect("a query");
    drop(Reply::read(&mut wire).await.answered());
    eventually("its head is kept", async || {
        let kept = owner.own().log.held_head(raw.id()).await.expect("a store")?;
        (kept.witnessed().size == before as u64 + 1).then_some(())
    })
    .await;
}

fn alarms(at: &Agency) -> Vec<(String, AlarmKind)> {
    let state = at.own().registry.state();
    state.alarms.values().map(|one| (one.what.peer.to_string(), one.what.kind)).collect()
}

async fn alarmed(at: &Agency, kind: AlarmKind) {
    let expected = vec![("twofaced-ca-pd".to_owned(), kind)];
    let what = format!("{} is alarmed, and by nothing else", at.id());
    eventually(&what, async || (alarms(at) == expected).then_some(())).await;
}

/// Proves nothing but by `log`, whatever it is asked.
fn leads_by(raw: &mut RawPeer, log: &Arc<Mutex<HostileLog>>) {
    let (identity, log) = (raw.identity.clone(), log.clone());
    raw.answer(move |frame| {
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let body = match frame.kind {
            FrameKind::Card => identity.card_envelope().as_bytes().to_vec(),
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

#[tokio::test(flavor = "multi_thread")]
async fn two_heads_of_one_size_that_two_parties_hold_alarm_both() {
    let (one, other, raw) = three_parties().await;
    let [to_one, to_other] = [(); 2].map(|()| Mutex::new(HostileLog::of(&raw.identity)));
    shows_its_log(&raw, &one, &to_one, 0).await;
    shows_its_log(&raw, &other, &to_other, 0).await;
    assert_eq!((alarms(&one), alarms(&other)), (vec![], vec![]), "neither can know it alone");
    assert!(one.node().exchange_heads().await >= 1);
    for at in [&one, &other] {
        alarmed(at, AlarmKind::Fork).await;
        let state = at.own().registry.state();
        let evidence = &state.alarm_about(raw.id()).expect("an alarm").what.evidence;
        let roots: Vec<_> = evidence
            .iter()
            .map(|note| SignedCheckpoint::parse(note.as_bytes()).expect("a head"))
            .map(|head| {
                head.verified(&raw.identity.card.of_log(&raw.identity.card.log_key))
                    .expect("its own signature")
                    .root
            })
            .collect();
        assert!(roots.len() == 2 && roots[0] != roots[1], "{evidence:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_heads_of_different_sizes_that_no_proof_joins_alarm_both() {
    let (one, other, mut raw) = three_parties().await;
    let [to_one, to_other] = [(); 2].map(|()| Arc::new(Mutex::new(HostileLog::of(&raw.identity))));
    leads_by(&mut raw, &to_other);
    shows_its_log(&raw, &one, &to_one, 0).await;
    shows_its_log(&raw, &other, &to_other, 2).await;
    assert_eq!((alarms(&one), alarms(&other)), (vec![], vec![]));
    assert!(other.node().exchange_heads().await >= 1);
    for at in [&one, &other] {
        alarmed(at, AlarmKind::Proof).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_of_one_history_are_joined_and_alarm_nobody() {
    let (one, other, mut raw) = three_parties().await;
    let log = Arc::new(Mutex::new(HostileLog::of(&raw.identity)));
    leads_by(&mut raw, &log);
    shows_its_log(&raw, &one, &log, 0).await;
    let asked = query(raw.id(), other.id(), PLATE, other.now());
    let signed = raw.identity.sign(Signed::Query, &asked);
    let beside = {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.write(Kind::QuerySent, other.id(), asked.id, asked.at, &[&signed]);
        serde_json::to_vec(&log.proof(1)).expect("JSON")
    };
    let mut wire = raw.open(&other).await.expect("a substream");
    let frame = Frame { kind: FrameKind::Query, beside, body: signed.as_bytes().to_vec() };
    wire.send_bytes(&frame.to_bytes().expect("a frame")).await.expect("a query");
    drop(Reply::read(&mut wire).await.answered());
    eventually("its head is kept", async || {
        other.own().log.held_head(raw.id()).await.expect("a store").map(drop)
    })
    .await;
    assert!(other.node().exchange_heads().await >= 1);
    // Who was behind keeps the larger one, proven.
    eventually("the larger head is kept", async || {
        let kept = one.own().log.held_head(raw.id()).await.expect("a store")?;
        (kept.witnessed().size == 2).then_some(())
    })
    .await;
    assert_eq!((alarms(&one), alarms(&other)), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_framed_by_a_head_that_another_signed_or_that_concerns_no_party() {
    let (one, other, raw) = three_parties().await;
    let stranger = Identity::new("stranger-ca-pd", Vec::new(), one.now());
    add_card(&one, &stranger).await;
    let mut forged = HostileLog::of(&Identity { id: other.id().clone(), ..raw.identity.clone() });
    forged.write(
        Kind::QuerySent,
        one.id(),
        query(raw.id(), one.id(), PLATE, one.now()).id,
        one.now(),
        &[],
    );
    let [mut first, mut second] = [(); 2].map(|()| HostileLog::of(&stranger));
    for log in [&mut first, &mut second] {
        let asked = query(raw.id(), one.id(), PLATE, one.now());
        log.write(Kind::QuerySent, one.id(), asked.id, asked.at, &[]);
    }
    let heads = [&forged, &first, &second].map(|log| log.head().to_string()).to_vec();
    let body = serde_json::to_vec(&HeadsShown { heads }).expect("JSON");
    let (reply, _) = raw.say(&one, FrameKind::Heads, &body).await;
    let shown: HeadsShown = serde_json::from_slice(&reply.expect("a reply").body).expect("heads");
    let named = |note: &String| {
        let head = SignedCheckpoint::parse(note.as_bytes()).expect("a head");
        head.unverified().origin == origin(other.id())
    };
    assert!(shown.heads.iter().all(named), "of the party's log alone: {shown:?}");
    assert_eq!(alarms(&one), []);
    // More than one frame may hold proves nothing.
    let many = HeadsShown { heads: vec![first.head().to_string(); 129] };
    let body = serde_json::to_vec(&many).expect("JSON");
    let (reply, _) = raw.say(&one, FrameKind::Heads, &body).await;
    assert_eq!(reply.expect("a reply").kind, FrameKind::Failed);
}
