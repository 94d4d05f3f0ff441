//! The node key is exchanged while queries go on: none is lost, peers who were away learn it when they
//! are back, and after its end the one before opens no connection.

use audit_log::keys;
use host::home::Home;
use node::exchange::node_identity::prove_identity;
use schemas::card::{Card, Revocation};
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::frame::FrameKind;
use schemas::key::PublicKey;
use schemas::key_use::KeyUse;
use tests::agency::Agency;
use tests::federation::{add_card, owner_and_raw, sharing_pair, shift_clocks};
use tests::fixtures::{HOUR_MS, PLATE, query};
use tests::identity::Identity;
use tests::key_rotation::{ask_many, assert_log_whole, wait_for_card};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;

fn proven(agency: &Agency) -> PublicKey {
    agency.context().node_key().0.public()
}

/// Asks until the connections of `asking` prove `key` and none another; every query is answered.
async fn asks_until_met(asking: &Agency, owning: &Agency, key: PublicKey) {
    let met = async || {
        ask_many(asking, owning).await;
        (asking.node().peers.connected() == [key]).then_some(())
    };
    eventually("a connection that proves the key", met).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_key_is_exchanged_under_queries_and_none_is_lost() {
    let (mut asking, mut owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    let before = proven(&owning);
    let rotate = async {
        assert_eq!(owning.accord(&["key", "rotate", "node"]).done()["version"], 2);
        let again = owning.accord(&["key", "rotate", "node"]);
        assert!(again.failed(1).contains("being exchanged already"), "{again:?}");
    };
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking), rotate);
    wait_for_card(&asking, &owning, 2).await;
    assert_eq!(proven(&owning), before, "the key before is proven while peers learn the new card");
    asks_until_met(&asking, &owning, before).await;

    // Past the half the new one is proven, under queries; also over restarts of either side.
    shift_clocks([&asking, &owning], 13 * HOUR_MS);
    let after = proven(&owning);
    assert_ne!(after, before);
    tokio::join!(asks_until_met(&asking, &owning, after), async {
        while asking.node().peers.connected() != [after] {
            ask_many(&owning, &asking).await;
        }
    });
    asking.restart().await;
    ask_many(&asking, &owning).await;
    owning.restart().await;
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    asks_until_met(&asking, &owning, after).await;

    // Past its end, the key before is gone from the home.
    shift_clocks([&asking, &owning], 12 * HOUR_MS);
    owning.restart().await;
    assert_eq!(proven(&owning), after);
    assert!(!owning.home().join("keys/node-next.pem").exists());
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    assert_log_whole(&asking, &owning).await;
    assert_log_whole(&owning, &asking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_whose_clock_is_behind_dials_whichever_key_answers() {
    let (asking, owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    owning.accord(&["key", "rotate", "node", "--overlap", "240"]).done();
    wait_for_card(&asking, &owning, 2).await;
    let before = proven(&owning);
    // The owner is past the half; whoever asks is not yet, and expects the key before.
    owning.clock.shift(2 * HOUR_MS + 60_000);
    asking.clock.shift(2 * HOUR_MS - 60_000);
    let expected =
        || asking.context().agency.registry.state().peers[owning.id()].node_keys(asking.now());
    assert_eq!(expected().first(), Some(&before));
    assert_ne!(proven(&owning), before);
    asks_until_met(&asking, &owning, proven(&owning)).await;
    ask_many(&owning, &asking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_was_away_until_after_the_end_learns_the_key_when_it_is_back() {
    let (mut asking, owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    asking.stop().await;
    owning.accord(&["key", "rotate", "node", "--overlap", "60"]).done();
    shift_clocks([&asking, &owning], 2 * HOUR_MS);
    prove_identity(&owning.node().context, &owning.node().peers).await.expect("a proven key");
    assert_eq!(owning.node().app.card_not_shown(), [asking.id().clone()]);
    asking.run().await;
    wait_for_card(&asking, &owning, 2).await;
    let shown = || owning.node().app.card_not_shown().is_empty();
    eventually("that it is known to be learnt", async || shown().then_some(())).await;
    asks_until_met(&asking, &owning, proven(&owning)).await;
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_key_that_may_be_known_to_others_ends_at_once() {
    let (asking, owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    let before = proven(&owning);
    let rotate = async { owning.accord(&["key", "rotate", "node", "--overlap", "0"]).done() };
    tokio::join!(rotate, ask_many(&asking, &owning));
    assert_ne!(proven(&owning), before);
    wait_for_card(&asking, &owning, 2).await;
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    assert!(!asking.node().peers.connected().contains(&before));
}

/// What doctor says of the keys, and whether that is well.
fn keys_at(agency: &Agency) -> (bool, String) {
    agency.accord(&["doctor"]).check("keys")
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_the_node_key_before_until_its_end() {
    let (asking, mut owning, _) = sharing_pair().await;
    owning.accord(&["key", "rotate", "node"]).done();
    wait_for_card(&asking, &owning, 2).await;
    let leaving = "the node key before the present one ends";
    let (well, said) = keys_at(&owning);
    assert!(well && said.contains(leaving), "{said}");
    // Past the half another key is proven, without a restart; the one before still counts.
    shift_clocks([&asking, &owning], 13 * HOUR_MS);
    prove_identity(&owning.node().context, &owning.node().peers).await.expect("a proven key");
    asks_until_met(&asking, &owning, proven(&owning)).await;
    let (well, said) = keys_at(&owning);
    assert!(well && said.contains(leaving), "{said}");
    owning.restart().await;
    assert!(keys_at(&owning).0);
    shift_clocks([&asking, &owning], 12 * HOUR_MS);
    asks_until_met(&asking, &owning, proven(&owning)).await;
    assert_eq!(keys_at(&owning), (true, "none is being exchanged".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_without_a_key_that_its_card_names_is_not_ready() {
    let mut owning = Agency::start("owning-ca-pd").await;
    assert!(owning.node().app.problems().await.is_empty() && keys_at(&owning).0);
    owning.stop().await;
    let home = Home::open(owning.home()).expect("a home");
    std::fs::remove_file(home.key("message")).expect("a key's file");
    drop(keys::create(&home, KeyUse::Message).expect("another key"));
    owning.run().await;
    let why = "the message key that the card names is not in the home";
    assert_eq!(owning.node().app.problems().await, [why]);
    let (well, said) = keys_at(&owning);
    assert!(!well && said.starts_with(why), "{said}");
}

/// The next version of a raw peer's card, which names another node key; the key before ends in an
/// hour.
async fn announces(raw: &RawPeer, owner: &Agency, next: &Identity) {
    let ends = owner.now().plus_millis(HOUR_MS);
    let card = Card {
        version: 2,
        node_key: next.node_key.public(),
        revocations: vec![Revocation { key: raw.identity.node_key.public(), at: ends }],
        ..raw.identity.card.clone()
    };
    let envelope = raw.identity.sign_card(&card, std::slice::from_ref(&next.node_key));
    let (taken, _) = raw.say(owner, FrameKind::Card, envelope.as_bytes()).await;
    assert_eq!(taken.map(|frame| frame.kind), Some(FrameKind::Card));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_before_opens_connections_until_its_announced_end_and_no_longer() {
    let (owner, raw, _) = owner_and_raw().await;
    let spare = Identity::new("spare-ca-pd", Vec::new(), owner.now());
    announces(&raw, &owner, &spare).await;
    let ask = || raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    let as_next = Identity { node_key: spare.node_key.clone(), ..raw.identity.clone() };
    let after = RawPeer::with(Identity {
        card: Card { addresses: Vec::new(), ..as_next.card.clone() },
        ..as_next
    });
    drop(raw.ask(&owner, &ask()).await.answered());
    drop(after.ask(&owner, &ask()).await.answered());
    owner.clock.shift(HOUR_MS + 1);

    // The connection of before still stands; it is closed at the first word on it.
    assert!(raw.is_connected(&owner));
    assert!(raw.ask(&owner, &ask()).await.proves_nothing());
    raw.wait_until_disconnected(&owner).await;
    assert!(raw.ask(&owner, &ask()).await.proves_nothing());
    drop(after.ask(&owner, &ask()).await.answered());
    assert!(owner.log().await.count(Kind::PeerRejected) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_takes_over_no_other_agencys_connections() {
    let (owner, raw, _) = owner_and_raw().await;
    let other = RawPeer::start("other-ca-pd", owner.now());
    add_card(&owner, &other.identity).await;
    // Although it has the private key, and proves it.
    for taken in [&other.identity.node_key, &owner.identity.node_key] {
        let card = Card { version: 2, node_key: taken.public(), ..raw.identity.card.clone() };
        let envelope = raw.identity.sign_card(&card, std::slice::from_ref(taken));
        let (reply, _) = raw.say(&owner, FrameKind::Card, envelope.as_bytes()).await;
        assert_eq!(reply.map(|frame| frame.kind), Some(FrameKind::Failed));
        let state = owner.context().agency.registry.state();
        assert_eq!(state.peers[raw.id()].card.value.version, 1);
    }
    let asked = query(other.id(), owner.id(), PLATE, owner.now());
    let reply = other.ask(&owner, &other.identity.sign(Signed::Query, &asked)).await;
    assert!(!reply.proves_nothing(), "the other one is still heard as who it is: {reply:?}");
}
