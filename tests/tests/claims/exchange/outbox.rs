//! Letters reach their peers, each at its own pace.

use std::time::{Duration, Instant};

use ::agreements::agreement::Act;
use futures::FutureExt;
use node::admin::cards;
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::{Frame, FrameKind};
use schemas::outcome::OutcomeCode;
use tests::agency::Agency;
use tests::faulty_store::Failure;
use tests::federation::{add_card, give_notice, pair, propose, sharing_pair, wait_for_agreement};
use tests::fixtures::{PLATE, agreement, words};
use tests::key_rotation::wait_for_card;
use tests::raw_peer::RawPeer;
use tests::wait::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_peer_delays_no_letter_to_another() {
    let (asking, owning) = pair().await;
    let mut mute = RawPeer::start("a-mute-ca-pd", asking.now());
    let (takes, taken) = tokio::sync::watch::channel(false);
    mute.answer(move |frame| {
        if frame.kind == FrameKind::Document {
            takes.send_replace(true);
        }
        None
    });
    add_card(&asking, &mute.identity).await;
    propose(&asking, &agreement(&[asking.id(), mute.id()], asking.now()), None).await;
    eventually("a letter that is not acknowledged", async || taken.borrow().then_some(())).await;
    let begun = Instant::now();
    let text = agreement(&[asking.id(), owning.id()], asking.now());
    propose(&asking, &text, None).await;
    wait_for_agreement(&owning, &text.id).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_rights_is_sent_to_a_peer_that_takes_in_no_more() {
    let asking = Agency::start("asking-ca-pd").await;
    let mut full = RawPeer::start("full-ca-pd", asking.now());
    let (comes, came) = tokio::sync::watch::channel(Vec::new());
    full.answer(move |frame| {
        if frame.kind != FrameKind::Document {
            return None;
        }
        let kind = Envelope::parse(&frame.body).expect("an envelope").kind();
        comes.send_modify(|came| came.push(kind));
        let reply = match kind {
            Signed::Notice => Frame::new(FrameKind::DocumentAck, Vec::new()),
            _ => Frame::new(
                FrameKind::Failed,
                br#"{"code":"too_many","message":"no more today"}"#.to_vec(),
            ),
        };
        Some(vec![reply])
    });
    add_card(&asking, &full.identity).await;
    let text = agreement(&[asking.id(), full.id()], asking.now());
    propose(&asking, &text, None).await;
    let tried = |kind: Signed| {
        let came = came.clone();
        async move {
            let what = format!("{kind:?} comes");
            eventually(&what, async || came.borrow().contains(&kind).then_some(())).await;
        }
    };
    // That it takes in no more of one type says nothing of another.
    tried(Signed::Agreement).await;
    tried(Signed::Adherence).await;
    give_notice(&asking, &text.id, Act::Suspend).await;
    tried(Signed::Notice).await;
    // It is not asked again for what it takes in no more.
    let times = |kind| came.borrow().iter().filter(|came| **came == kind).count();
    assert_eq!((times(Signed::Agreement), times(Signed::Adherence)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refuses_a_card_is_told_of_and_takes_letters_all_the_same() {
    let mut asking = Agency::start("asking-ca-pd").await;
    let mut refusing = RawPeer::start("refusing-ca-pd", asking.now());
    let (takes, taken) = tokio::sync::watch::channel(false);
    refusing.answer(move |frame| {
        let reply = match frame.kind {
            FrameKind::Document => Frame::new(FrameKind::DocumentAck, Vec::new()),
            _ => {
                Frame::new(FrameKind::Failed, br#"{"code":"unverifiable","message":"no"}"#.to_vec())
            }
        };
        takes.send_if_modified(|taken| {
            *taken |= frame.kind == FrameKind::Document;
            *taken
        });
        Some(vec![reply])
    });
    add_card(&asking, &refusing.identity).await;
    // From its start on a node shows its card to every peer.
    asking.restart().await;
    propose(&asking, &agreement(&[asking.id(), refusing.id()], asking.now()), None).await;
    eventually("the letter", async || taken.borrow().then_some(())).await;
    assert_eq!(asking.node().app.card_not_shown(), [refusing.id().clone()]);
    let doctor = asking.accord(&["doctor"]);
    assert!(doctor.out.contains("not taken in version 1 yet: refusing-ca-pd"), "{doctor:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_know_this_node_is_not_dialled_without_end() {
    let (asking, mut owning) =
        (Agency::start("asking-ca-pd").await, Agency::start("owning-ca-pd").await);
    add_card(&asking, &owning.identity).await;
    propose(&asking, &agreement(&[asking.id(), owning.id()], asking.now()), None).await;
    owning
        .wait_for_log("a first attempt", |log| (log.count(Kind::PeerRejected) > 0).then_some(()))
        .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    owning.stop().await;
    let log = owning.log().await;
    let times: u64 =
        log.all(Kind::PeerRejected).iter().filter_map(|entry| entry.detail("count").as_u64()).sum();
    assert!((1..4).contains(&times), "{times} connections in three seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_of_a_document_in_the_outbox_and_not_of_a_receipt() {
    let (asking, owning, id) = sharing_pair().await;
    let told = asking.own().log.documents_queued();
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    assert!(told.now_or_never().is_none(), "a receipt leaves with its answer's conversation");
    let told = asking.own().log.documents_queued();
    give_notice(&asking, &id, Act::Suspend).await;
    assert!(told.now_or_never().is_some(), "told before the act is done");
}

/// Two agencies, of which the second fails to record a proposal until the first makes a pause of four
/// seconds; then it is mended, `act` is done at the first, and the proposal arrives before the pause
/// ends.
async fn ends_the_pause(act: impl AsyncFnOnce(&Agency, &Agency, &AuthorityId)) {
    let (asking, owning) = pair().await;
    owning.store().fail_on(Kind::AgreementReceived, Failure::BeforeWrite);
    let text = agreement(&[asking.id(), owning.id()], asking.now());
    propose(&asking, &text, None).await;
    eventually("a third attempt", async || (owning.store().failed() >= 3).then_some(())).await;
    owning.store().mend();
    let begun = Instant::now();
    act(&asking, &owning, &text.id).await;
    wait_for_agreement(&owning, &text.id).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_document_ends_the_pause_of_its_peer() {
    ends_the_pause(async |asking, _, id| give_notice(asking, id, Act::Suspend).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_let_in_again_is_tried_at_once() {
    ends_the_pause(async |asking, owning, _| {
        let (by, why) = (asking.admin(), words("review"));
        cards::block(asking.own(), &by, owning.id(), &why).await.expect("a block");
        cards::unblock(asking.own(), &by, owning.id(), &why).await.expect("an end of it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_let_in_again_is_shown_the_card_of_meanwhile() {
    let (asking, owning) = pair().await;
    let (by, why) = (asking.admin(), words("review"));
    cards::block(asking.own(), &by, owning.id(), &why).await.expect("a block");
    asking.accord(&["key", "rotate", "message"]).done();
    cards::unblock(asking.own(), &by, owning.id(), &why).await.expect("an end of it");
    // Nobody asks, and nobody has to: the next query is signed with the new key before long.
    wait_for_card(&owning, &asking, 2).await;
}
