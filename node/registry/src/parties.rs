//! By which keys the parties of an agreement are known: what an adherence names is held against what
//! was verified here.

use std::collections::{BTreeMap, BTreeSet};

use agreements::agreement::{Adherence, KnownParty};
use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::key::PublicKey;

use super::peers::Signed;
use super::persistent::Map;
use super::state::State;

impl State {
    /// The card by which an agency is known here, one's own included.
    #[must_use]
    pub fn card_of(&self, agency: &AgencyId) -> Option<&Signed<Card>> {
        let own = self.own.as_deref().filter(|own| own.value.id == *agency);
        own.or_else(|| self.peers.get(agency).map(|peer| &peer.card))
    }

    /// The key by which an agency is known here: that of its card, or one's own.
    #[must_use]
    pub fn known_party(&self, agency: &AgencyId) -> Option<KnownParty> {
        let fingerprint = self.card_of(agency)?.value.agency_key.fingerprint();
        Some(KnownParty { agency: agency.clone(), fingerprint })
    }

    /// The agencies that have signed an agreement which this agency, `me`, and `peer` have signed too: what
    /// each of the two keeps of their logs concerns both.
    #[must_use]
    pub fn co_parties(&self, me: &AgencyId, peer: &AgencyId) -> BTreeSet<&AgencyId> {
        let texts = self.agreements.values().flat_map(Map::values);
        let signed = texts.map(|known| &known.recorded.adherences);
        let of_both = signed.filter(|by| by.contains_key(me) && by.contains_key(peer));
        of_both.flat_map(BTreeMap::keys).filter(|party| *party != me && *party != peer).collect()
    }

    /// The parties that `adherence` names by another key than they are known by here. The keys of before
    /// are known as well, one's own and those of peers that people confirmed here in their time: who
    /// signed before the last one was exchanged, or has not heard of that yet, names the one of then.
    #[must_use]
    pub fn known_otherwise<'a>(&self, adherence: &'a Adherence) -> Vec<&'a AgencyId> {
        let differs = |party: &&KnownParty| {
            let own = self.own.as_ref().is_some_and(|own| own.value.id == party.agency);
            if own {
                let mut ever = self.own_keys.agency.iter().map(|key| key.fingerprint());
                return !ever.any(|fingerprint| fingerprint == party.fingerprint);
            }
            self.peers.get(&party.agency).is_some_and(|known| {
                let ever = [&known.card.value.agency_key].into_iter().chain(&known.former);
                ever.map(PublicKey::fingerprint).all(|key| key != party.fingerprint)
            })
        };
        adherence.parties.iter().filter(differs).map(|party| &party.agency).collect()
    }
}
