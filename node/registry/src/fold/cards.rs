//! Cards as changes bring them: one's own, those of peers, those that wait.

use std::sync::Arc;

use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::key::PublicKey;
use schemas::posted::PostedPolicy;
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::ChangeError;
use crate::keys::NamedKeys;
use crate::payload::{payload, unfit};
use crate::peers::{HeldCard, Peer, PeerPolicy, Signed, Verified};
use crate::state::State;

fn read(envelope: &str) -> Result<Signed<Card>, ChangeError> {
    let (parsed, _) = payload(envelope)?;
    Ok(Signed { value: Card::open(&parsed).map_err(unfit)?, envelope: envelope.to_owned() })
}

/// The keys that `peer` has left behind once `next` is its card; another agency key vouches for none
/// of them.
fn left_behind(peer: &Peer, next: &Card) -> NamedKeys {
    let known = &peer.card.value;
    if known.agency_key != next.agency_key {
        return NamedKeys::default();
    }
    let mut earlier = peer.earlier.clone();
    earlier.note(known);
    earlier
}

/// The agency keys by which a peer was known here before `next`.
fn former(peer: &Peer, next: &Card) -> Vec<PublicKey> {
    let before = peer.former.iter().copied().chain([peer.card.value.agency_key]);
    let mut former: Vec<PublicKey> = Vec::new();
    for key in before.filter(|key| *key != next.agency_key) {
        if !former.contains(&key) {
            former.push(key);
        }
    }
    former
}

impl State {
    pub(super) fn own_card(&mut self, envelope: &str) -> Result<(), ChangeError> {
        let card = read(envelope)?;
        Arc::make_mut(&mut self.own_keys).note(&card.value);
        self.own = Some(Arc::new(card));
        Ok(())
    }

    pub(super) fn card(&mut self, envelope: &str, verified: &Verified) -> Result<(), ChangeError> {
        let card = read(envelope)?;
        let known = self.peers.get(&card.value.id);
        let earlier = known.map_or_else(NamedKeys::default, |peer| left_behind(peer, &card.value));
        let former = known.map_or_else(Vec::new, |peer| former(peer, &card.value));
        let taken = known.map_or_else(Vec::new, |peer| peer.taken.clone());
        let verified = verified.clone();
        let receipts_until = known.and_then(|peer| peer.receipts_until);
        let (held, blocked) = (None, known.and_then(|peer| peer.blocked.clone()));
        // What another agency key signed is not this one's word.
        let same_key = |peer: &&Peer| peer.card.value.agency_key == card.value.agency_key;
        let policy = known.filter(same_key).and_then(|peer| peer.policy.clone());
        self.put(Peer {
            card,
            verified,
            blocked,
            held,
            earlier,
            former,
            receipts_until,
            taken,
            policy,
        });
        Ok(())
    }

    pub(super) fn card_update(&mut self, envelope: &str, at: Timestamp) -> Result<(), ChangeError> {
        let card = read(envelope)?;
        let mut peer = self.peer(&card.value.id)?.clone();
        peer.note_taken(at);
        peer.earlier = left_behind(&peer, &card.value);
        peer.card = card;
        self.put(peer);
        Ok(())
    }

    pub(super) fn card_held(
        &mut self,
        envelope: &str,
        why: &str,
        at: Timestamp,
    ) -> Result<(), ChangeError> {
        let card = read(envelope)?;
        let mut peer = self.peer(&card.value.id)?.clone();
        peer.note_taken(at);
        peer.held = Some(HeldCard { card, why: why.to_owned() });
        self.put(peer);
        Ok(())
    }

    pub(super) fn receipts_extended(
        &mut self,
        agency: &AgencyId,
        until: Timestamp,
    ) -> Result<(), ChangeError> {
        let mut peer = self.peer(agency)?.clone();
        peer.receipts_until = Some(until);
        self.put(peer);
        Ok(())
    }

    pub(super) fn peer_policy(&mut self, envelope: &str) -> Result<(), ChangeError> {
        let (_, text) = payload(envelope)?;
        let posted: PostedPolicy = serde_json::from_str(&text).map_err(unfit)?;
        let mut peer = self.peer(&posted.agency)?.clone();
        peer.policy = Some(Arc::new(PeerPolicy::of(&posted, envelope)));
        self.put(peer);
        Ok(())
    }

    pub(super) fn block(
        &mut self,
        agency: &AgencyId,
        reason: Option<&Text>,
    ) -> Result<(), ChangeError> {
        let mut peer = self.peer(agency)?.clone();
        peer.blocked = reason.cloned();
        self.put(peer);
        Ok(())
    }

    fn put(&mut self, peer: Peer) {
        let id = peer.card.value.id.clone();
        self.nodes.set(&id, peer.node_keys_ever());
        self.peers.insert(id, peer);
    }

    fn peer(&self, id: &AgencyId) -> Result<&Peer, ChangeError> {
        self.peers.get(id).ok_or_else(|| unfit(format!("no card of `{id}` is recorded")))
    }
}
