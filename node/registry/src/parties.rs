//! By which keys the parties of an agreement are known: what an adherence names is held against what
//! was verified here.

use agreements::agreement::{Adherence, KnownParty};
use schemas::agency::AgencyId;
use schemas::key::Fingerprint;

use super::state::State;

impl State {
    /// The key by which an agency is known here: that of its card, or one's own.
    #[must_use]
    pub fn known_party(&self, agency: &AgencyId) -> Option<KnownParty> {
        let own = self.own.as_ref().map(|own| &own.value).filter(|own| own.id == *agency);
        let card = own.or_else(|| self.peers.get(agency).map(|peer| &peer.card.value))?;
        Some(KnownParty { agency: agency.clone(), fingerprint: card.agency_key.fingerprint() })
    }

    /// The parties that `adherence` names by another key than they are known by here. One's own keys of
    /// before are known as well: who signed before the last one was exchanged names the one of then.
    #[must_use]
    pub fn known_otherwise<'a>(&self, adherence: &'a Adherence) -> Vec<&'a AgencyId> {
        let differs = |party: &&KnownParty| {
            let own = self.own.as_ref().is_some_and(|own| own.value.id == party.agency);
            if own {
                let mut ever = self.own_keys.agency.iter().map(|key| key.fingerprint());
                return !ever.any(|fingerprint| fingerprint == party.fingerprint);
            }
            let known = |known: Fingerprint| known != party.fingerprint;
            self.known_party(&party.agency).is_some_and(|party| known(party.fingerprint))
        };
        adherence.parties.iter().filter(differs).map(|party| &party.agency).collect()
    }
}
