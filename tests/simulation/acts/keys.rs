//! An agency exchanges one of its keys: the next version of its card names the new one, and when the one
//! before ends.

use audit_log::keys::{self, Keyring};
use node::admin::cards::{Reissued, reissue};
use schemas::card::Card;
use schemas::key_use::KeyUse;

use crate::agency::{Running, or_crash};
use crate::dice::Dice;
use crate::world::World;

/// How long the key before counts beside the new one, in minutes: more than peers are away for, but for
/// nights.
const OVERLAPS: [i64; 3] = [30, 600, 20_000];

/// Exchanges a key of an agency's messages, log or cosignatures.
pub(super) async fn exchange(world: &World, at: usize, dice: &Dice) {
    // Who is dishonest writes with the keys that it had.
    let Some(node) = world.node(at).filter(|_| !world.liar.is(at)) else { return };
    // A peer that missed the version before does not know its key, which signs for some time still.
    if !all_know_the_card(&node) {
        return;
    }
    let use_ = *dice.one(&[KeyUse::Message, KeyUse::Log, KeyUse::Cosigner]);
    let Some(card) = next_card(world, at, &node, use_, *dice.one(&OVERLAPS)) else { return };
    let (home, agency) = (world.agencies[at].home(), &world.agencies[at]);
    let proving = keys::proving(&home).expect("keys");
    let signed = card.sign(&agency.identity.agency_key, &proving).expect("a card");
    let reissued = Reissued { envelope: signed.to_text(), vouched: None, at_once: false };
    let done = async {
        let done = reissue(node.own(), &node.context.keys, &agency.admin(), &reissued).await;
        world.truth.tell(|| format!("agency {at} exchanges its {use_} key: {done:?}"));
        if done.is_ok() {
            node.announce();
        }
    };
    or_crash(&node, done).await;
}

/// Whether every peer has taken in the version of the card that is in force.
fn all_know_the_card(node: &Running) -> bool {
    let state = node.own().registry.state();
    node.not_shown().is_empty() && state.peers.values().all(|peer| peer.blocked.is_none())
}

/// The card that names the next key, unless one is being exchanged already.
fn next_card(world: &World, at: usize, node: &Running, use_: KeyUse, minutes: i64) -> Option<Card> {
    let (home, now) = (world.agencies[at].home(), world.agencies[at].now());
    let known = node.own().registry.state().own.as_ref()?.value.clone();
    let keyring = Keyring::load(&home, use_).expect("keys");
    keyring.settle(&known, now).expect("keys");
    let leaving = *use_.named(&known);
    let next = keys::next_key(&home, use_).expect("a key").public();
    if next == leaving {
        return None;
    }
    let mut card = Card { version: known.version + 1, at: now, ..known };
    card.end(leaving, now.plus_millis(minutes * 60_000));
    match use_ {
        KeyUse::Message => card.message_key = next,
        KeyUse::Log => card.log_key = next,
        _ => card.cosigner_key = next,
    }
    Some(card)
}
