//! Peers that ask too much: whatever one of them does, what it makes this node hold and write is
//! bounded, and another peer is answered meanwhile.

use node::exchange::node_identity::cut_off;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::{Frame, FrameKind};
use schemas::refusal::RefusalCode;
use tests::agency::{Agency, Plan};
use tests::federation::{add_card, owner_and_raw, owner_and_raw_of, signed_by_both};
use tests::fixtures::{HOUR_MS, PLATE, agreement, id, query};
use tests::raw_peer::RawPeer;
use tests::wait::{eventually, within};
use tests::wire::Reply;

/// An owner with a flooding peer and an honest one, both under an agreement.
async fn flooded(plan: Plan) -> (Agency, RawPeer, RawPeer) {
    let (owner, flooding, _) = owner_and_raw_of(plan).await;
    let honest = RawPeer::start("honest-ca-pd", owner.now());
    add_card(&owner, &honest.identity).await;
    let text = agreement(&[owner.id(), honest.id()], owner.now());
    signed_by_both(&owner, &honest.identity, &text).await;
    (owner, flooding, honest)
}

fn asked(of: &RawPeer, owner: &Agency) -> Envelope {
    of.identity.sign(Signed::Query, &query(of.id(), owner.id(), PLATE, owner.now()))
}

async fn is_answered(honest: &RawPeer, owner: &Agency) {
    drop(
        within("an honest peer's answer", honest.ask(owner, &asked(honest, owner)))
            .await
            .answered(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_of_one_peer_in_a_minute_is_bounded_and_so_is_the_log() {
    let (owner, flooding, honest) =
        flooded(Plan::of("owning-ca-pd").bounds(|b| b.refusals_per_minute = 20)).await;
    // Ten minutes into an hour, so that the claim does not depend on when it is tested.
    owner.clock.shift(HOUR_MS - owner.now().millis().rem_euclid(HOUR_MS) + 600_000);
    let stale = query(flooding.id(), owner.id(), PLATE, owner.now().plus_millis(-HOUR_MS));
    let mut refused = 0;
    for n in 0..25 {
        let id = node::exchange::ask::random_id().expect("randomness");
        let one = schemas::query::Query { id, ..stale.clone() };
        match flooding.ask(&owner, &flooding.identity.sign(Signed::Query, &one)).await {
            Reply::Refusal(_) => refused += 1,
            Reply::Failed(word) => {
                assert!(word.contains("busy"), "{word}");
                assert_eq!(n, refused, "from then on");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, 20);
    let before = owner.log().await.entries().len();
    // What would be answered otherwise has to wait as well, and leaves nothing behind but a count.
    let reply = flooding.ask(&owner, &asked(&flooding, &owner)).await;
    assert!(reply.proves_nothing(), "{reply:?}");
    is_answered(&honest, &owner).await;
    let log = owner.log().await;
    let counted = log.one(Kind::PeerRejected);
    assert_eq!(counted.detail("cause"), "too_many");
    assert!(log.entries().len() <= before + 3, "the honest exchange, and the count");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_query_again_and_again_is_bounded_too() {
    let (owner, flooding, honest) =
        flooded(Plan::of("owning-ca-pd").bounds(|b| b.refusals_per_minute = 5)).await;
    let one = asked(&flooding, &owner);
    let mut delivered = 0;
    while let Reply::Answer { .. } = flooding.ask(&owner, &one).await {
        delivered += 1;
        assert!(delivered < 20);
    }
    assert_eq!(delivered, 6, "once, and five times again");
    assert_eq!(owner.log().await.count(Kind::AnswerRedelivered), 5);
    is_answered(&honest, &owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn valid_signatures_over_nonsense_are_bounded_by_the_minute_as_well() {
    let (owner, flooding, honest) =
        flooded(Plan::of("owning-ca-pd").bounds(|b| b.refusals_per_minute = 8)).await;
    let nested = [vec![b'['; 8_000], vec![b']'; 8_000]].concat();
    let sign = |body: Vec<u8>| {
        Envelope::sign(Signed::Query, body, &flooding.identity.message_key).expect("an envelope")
    };
    let another = flooding
        .identity
        .sign(Signed::Query, &query(&id("other-ca-pd"), owner.id(), PLATE, owner.now()));
    let nonsense = [sign(b"{}".to_vec()), sign(nested), sign(vec![0xff; 9_000]), another];
    for envelope in nonsense.iter().cycle().take(8) {
        assert!(flooding.ask(&owner, envelope).await.proves_nothing());
    }
    let reply = flooding.ask(&owner, &asked(&flooding, &owner)).await;
    assert!(matches!(&reply, Reply::Failed(word) if word.contains("busy")), "{reply:?}");
    is_answered(&honest, &owner).await;
    assert_eq!(owner.log().await.count(Kind::QueryAnswered), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_fills_its_turns_leaves_others_theirs() {
    let (owner, flooding, honest) = flooded(Plan::of("owning-ca-pd")).await;
    owner.store().hold();
    let flood: Vec<Envelope> = (0..100).map(|_| asked(&flooding, &owner)).collect();
    let mut waiting: FuturesUnordered<_> =
        flood.iter().map(|query| flooding.ask(&owner, query)).collect();
    let honest_query = asked(&honest, &owner);
    let answered = tokio::join!(
        async {
            let mut answered = 0;
            while let Some(reply) = waiting.next().await {
                drop(reply.answered());
                answered += 1;
            }
            answered
        },
        async {
            let many = eventually("the flood is being served", async || {
                let searches = owner.store().searches();
                (searches >= 60).then_some(searches)
            })
            .await;
            let reply = tokio::join!(honest.ask(&owner, &honest_query), async {
                eventually("the honest query is searched for beside it", async || {
                    (owner.store().searches() > many).then_some(())
                })
                .await;
                let searches = owner.store().searches();
                assert!(searches <= 65, "of a hundred the flood has 64 turns: {searches}");
                owner.store().release();
            });
            drop(reply.0.answered());
        }
    );
    assert_eq!(answered.0, 100, "the flood is only slower, nothing of it is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_has_so_many_substreams_over_all_its_connections() {
    let (owner, flooding, honest) = flooded(Plan::of("owning-ca-pd")).await;
    // Each stops inside a frame, so it keeps its place; those beyond the bound are dropped.
    let mut held = Vec::new();
    for _ in 0..150 {
        let Some(mut wire) = flooding.open(&owner).await else { break };
        if wire.send_bytes(&[0, 0, 1]).await.is_err() {
            break;
        }
        held.push(wire);
    }
    assert!(held.len() > 100, "{}", held.len());
    is_answered(&honest, &owner).await;
    let reply = tokio::time::timeout(
        Duration::from_secs(10),
        flooding.ask(&owner, &asked(&flooding, &owner)),
    )
    .await;
    assert!(reply.map_or(true, |reply| reply.proves_nothing()), "its places are taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_places_of_connections_that_the_owner_ended_are_free_again() {
    let (owner, raw, _) = owner_and_raw().await;
    let card = raw.identity.card_envelope();
    // More than a peer has places, in four connections that each leave their substreams idle.
    for _ in 0..4 {
        let mut idle = Vec::new();
        for _ in 0..40 {
            let (shown, wire) = raw.say(&owner, FrameKind::Card, card.as_bytes()).await;
            assert_eq!(shown.map(|frame| frame.kind), Some(FrameKind::Card));
            idle.push(wire);
        }
        cut_off(&owner.node().context, &owner.node().peers, raw.id()).await;
        raw.wait_until_disconnected(&owner).await;
    }
    is_answered(&raw, &owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_connects_again_and_again_is_counted_and_others_connect_meanwhile() {
    let (owner, flooding, honest) = flooded(Plan::of("owning-ca-pd")).await;
    // Connections beyond four push the oldest out; beyond sixty in a minute none is taken.
    for _ in 0..90 {
        flooding.dial(&owner).await;
    }
    owner
        .wait_for_log("too many connections are counted", |log| {
            log.all(Kind::PeerRejected)
                .iter()
                .any(|entry| entry.detail("cause") == "too_many")
                .then_some(())
        })
        .await;
    is_answered(&honest, &owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_frames_that_open_nothing_are_refused_by_their_heads() {
    let (owner, flooding, honest) = flooded(Plan::of("owning-ca-pd")).await;
    let page = Frame::new(FrameKind::Page, vec![b' '; FrameKind::Page.largest_body()]);
    let bytes = page.to_bytes().expect("a frame");
    for _ in 0..20 {
        let Some(mut wire) = flooding.open(&owner).await else { continue };
        // The head alone is answered: nothing of the rest is waited for.
        wire.send_bytes(&bytes[..9]).await.expect("sent bytes");
        let word = within("a word", wire.next()).await;
        assert!(word.is_none_or(|frame| frame.kind == FrameKind::Failed));
    }
    is_answered(&honest, &owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn future_times_are_refused_and_answers_never_asked_for_taken_by_nobody() {
    let (owner, flooding, honest) = flooded(Plan::of("owning-ca-pd")).await;
    let future = query(flooding.id(), owner.id(), PLATE, owner.now().plus_millis(HOUR_MS));
    let reply = flooding.ask(&owner, &flooding.identity.sign(Signed::Query, &future)).await;
    let reasons = reply.refused(&owner.identity.card.message_key);
    assert_eq!(reasons[0].code, RefusalCode::Stale);
    // An honest peer's answer, presented by another, and with nobody waiting for it.
    let (answer, _) = honest.ask(&owner, &asked(&honest, &owner)).await.answered();
    let before = owner.log().await.count(Kind::AnswerReceived);
    for kind in [FrameKind::Answer, FrameKind::Refusal, FrameKind::Witnessed] {
        let (word, _) = flooding.say(&owner, kind, answer.as_bytes()).await;
        assert!(word.is_none_or(|frame| frame.kind == FrameKind::Failed));
    }
    assert_eq!(owner.log().await.count(Kind::AnswerReceived), before);
    is_answered(&honest, &owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agencys_card_is_not_taken_from_a_peer() {
    let (owner, flooding, honest) = flooded(Plan::of("owning-ca-pd")).await;
    let mut stolen = honest.identity.clone();
    stolen.card.version += 1;
    stolen.card.node_key = flooding.identity.card.node_key;
    for envelope in [honest.identity.card_envelope(), stolen.claim_card(&stolen.card)] {
        let (word, _) = flooding.say(&owner, FrameKind::Card, envelope.as_bytes()).await;
        assert!(word.is_none_or(|frame| frame.kind == FrameKind::Failed), "not taken");
    }
    assert_eq!(owner.log().await.count(Kind::CardUpdated), 0);
    is_answered(&honest, &owner).await;
}
