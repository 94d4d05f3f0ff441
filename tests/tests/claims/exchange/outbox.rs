//! Letters reach their peers, each at its own pace.

use std::time::{Duration, Instant};

use schemas::entry::EntryKind as Kind;
use schemas::frame::{Frame, FrameKind};
use tests::agency::Agency;
use tests::federation::{add_card, pair, propose, wait_for_agreement};
use tests::fixtures::agreement;
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
    assert_eq!(asking.node().card_not_shown(), [refusing.id().clone()]);
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
