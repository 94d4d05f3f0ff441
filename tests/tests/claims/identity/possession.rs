//! A node key counts for the agency that holds it: naming another's in a card keeps nobody out, be it
//! before that agency is known, after whoever named it was blocked, or while a key is exchanged.

use node::admin::cards::{self, Confirmation};
use node::permission::ActError;
use schemas::card::{Card, Revocation};
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::possession::Possession;
use tests::agency::Agency;
use tests::federation::{add_card, owner_and_raw};
use tests::fixtures::{HOUR_MS, PLATE, query, words};
use tests::identity::{Identity, envelope_text};
use tests::raw_peer::RawPeer;

/// Shows a card over a connection that stands; what comes back.
async fn show(raw: &RawPeer, at: &Agency, card: &Envelope) -> Option<FrameKind> {
    raw.say(at, FrameKind::Card, card.as_bytes()).await.0.map(|frame| frame.kind)
}

/// The administrator's word on a card, as [`add_card`], and what becomes of it.
async fn added(at: &Agency, of: &Identity) -> Result<(), ActError> {
    let confirmation = Confirmation {
        envelope: envelope_text(&of.card_envelope()),
        fingerprint: of.agency_key.public().fingerprint(),
        verified_by: words("telephone"),
        kind: None,
        state: None,
        replace: false,
    };
    cards::add(at.own(), &at.admin(), &confirmation).await.map(drop)
}

/// Whether `owner` hears a query of `raw` as one of `raw`: it is refused for want of an authority.
async fn is_heard(raw: &RawPeer, owner: &Agency) -> bool {
    let asked = query(raw.id(), owner.id(), PLATE, owner.now());
    !raw.ask(owner, &raw.identity.sign(Signed::Query, &asked)).await.proves_nothing()
}

/// Every card with which the hostile peer claims `key` without holding it: with the proofs of its
/// version before, with those of its own node key, with the very proof of the key's owner.
fn claims(hostile: &Identity, of: &Identity) -> Vec<Envelope> {
    let own = &hostile.card;
    let card = Card { version: 2, node_key: of.card.node_key, ..own.clone() };
    let own_node = own.claim().prove(schemas::key_use::KeyUse::Node, &hostile.node_key);
    let proofs = [own.possession.node, own_node, of.card.possession.node];
    let claimed = |node| Card { possession: Possession { node, ..own.possession }, ..card.clone() };
    // All others hold for the version that is claimed.
    let others = Card { version: 2, ..own.clone() };
    let others = Card::open(&hostile.sign_card(&others, &[])).expect("a card").possession;
    let with = |node| Card { possession: Possession { node, ..others }, ..card.clone() };
    let all = proofs.into_iter().flat_map(|node| [claimed(node), with(node)]);
    all.map(|card| hostile.claim_card(&card)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_another_card_claims_without_holding_it_is_free_for_its_holder() {
    let (owner, hostile, _) = owner_and_raw().await;
    // Read from the certificate that the node shows to whoever connects; its agency is not known yet.
    let newtown = RawPeer::start("newtown-ca-pd", owner.now());
    for card in claims(&hostile.identity, &newtown.identity) {
        assert_eq!(show(&hostile, &owner, &card).await, Some(FrameKind::Failed));
    }
    assert_eq!(owner.log().await.count(Kind::CardUpdated), 0);
    add_card(&owner, &newtown.identity).await;
    assert!(is_heard(&newtown, &owner).await);
    assert!(is_heard(&hostile, &owner).await, "as who it is");
    owner
        .wait_for_log("it is counted", |log| (log.count(Kind::PeerRejected) > 0).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_under_exchange_cannot_be_claimed_before_its_card_comes() {
    let (owner, hostile, _) = owner_and_raw().await;
    let newtown = RawPeer::start("newtown-ca-pd", owner.now());
    add_card(&owner, &newtown.identity).await;
    let spare = Identity::new("newtown-ca-pd", Vec::new(), owner.now());
    let next = Identity { node_key: spare.node_key.clone(), ..newtown.identity.clone() };
    let card = Card {
        version: 2,
        node_key: next.node_key.public(),
        revocations: vec![Revocation {
            key: newtown.identity.card.node_key,
            at: owner.now().plus_millis(HOUR_MS),
        }],
        ..newtown.identity.card.clone()
    };
    let announced = next.sign_card(&card, &[]);
    let next = Identity { card: Card::open(&announced).expect("a card"), ..next };
    // Another peer knows the card already; here the hostile one is first.
    for card in claims(&hostile.identity, &next) {
        assert_eq!(show(&hostile, &owner, &card).await, Some(FrameKind::Failed));
    }
    assert_eq!(show(&newtown, &owner, &announced).await, Some(FrameKind::Card));
    let state = owner.context().agency.registry.state();
    assert_eq!(state.peers[newtown.id()].card.value, next.card);
    let after = RawPeer::with(Identity {
        card: Card { addresses: Vec::new(), ..next.card.clone() },
        ..next
    });
    assert!(is_heard(&after, &owner).await && is_heard(&newtown, &owner).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_blocked_keeps_nobody_out_although_it_holds_the_key() {
    let (owner, hostile, _) = owner_and_raw().await;
    let newtown = RawPeer::start("newtown-ca-pd", owner.now());
    // The private key itself was taken along.
    let card = Card {
        version: 2,
        node_key: newtown.identity.card.node_key,
        ..hostile.identity.card.clone()
    };
    let stolen =
        hostile.identity.sign_card(&card, std::slice::from_ref(&newtown.identity.node_key));
    assert_eq!(show(&hostile, &owner, &stolen).await, Some(FrameKind::Card));
    let refused =
        added(&owner, &newtown.identity).await.expect_err("two nodes of one key").to_string();
    for word in ["hostile-ca-pd", "newtown-ca-pd", "card block"] {
        assert!(refused.contains(word), "{refused}");
    }
    let reason = words("its node has another agency's key");
    cards::block(owner.own(), &owner.admin(), hostile.id(), &reason).await.expect("blocked");
    add_card(&owner, &newtown.identity).await;
    assert!(is_heard(&newtown, &owner).await);
    let back = cards::unblock(owner.own(), &owner.admin(), hostile.id(), &reason).await;
    let back = back.expect_err("the key is another's now").to_string();
    assert!(back.contains("newtown-ca-pd"), "{back}");
    assert!(is_heard(&newtown, &owner).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_ended_is_free_for_whoever_holds_it_and_does_not_come_back() {
    let (owner, first, _) = owner_and_raw().await;
    let second = RawPeer::start("newtown-ca-pd", owner.now());
    let spare = Identity::new("spare-ca-pd", Vec::new(), owner.now());
    // One machine, first of the one agency, then of the other, with its key.
    let handed_over = first.identity.node_key.clone();
    let mut card =
        Card { version: 2, node_key: spare.node_key.public(), ..first.identity.card.clone() };
    let ends = owner.now().plus_millis(HOUR_MS);
    card.end(handed_over.public(), ends);
    let left = first.identity.sign_card(&card, std::slice::from_ref(&spare.node_key));
    assert_eq!(show(&first, &owner, &left).await, Some(FrameKind::Card));
    let taking = Card { node_key: handed_over.public(), ..second.identity.card.clone() };
    let with_it = Identity { node_key: handed_over, card: taking, ..second.identity.clone() };
    assert!(added(&owner, &with_it).await.is_err(), "it counts for the first one still");
    owner.clock.shift(HOUR_MS + 1);
    add_card(&owner, &with_it).await;
    // The first one would have it again, by a later end than it announced.
    let again = Card {
        version: 3,
        revocations: vec![Revocation { key: with_it.card.node_key, at: owner.now().plus_days(1) }],
        ..card
    };
    let again = first.identity.sign_card(&again, std::slice::from_ref(&spare.node_key));
    let as_next = RawPeer::with(Identity {
        node_key: spare.node_key,
        card: Card { addresses: Vec::new(), ..first.identity.card.clone() },
        ..first.identity.clone()
    });
    assert_eq!(show(&as_next, &owner, &again).await, Some(FrameKind::Failed));
}
