//! By which keys the parties of an agreement are known: what an adherence names is held against what
//! was verified here.

use agreements::agreement::{Adherence, KnownParty};
use schemas::agency::AgencyId;
use schemas::card::Card;

use super::peers::Signed;
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
            self.known_party(&party.agency).is_some_and(|known| known != **party)
        };
        adherence.parties.iter().filter(differs).map(|party| &party.agency).collect()
    }
}
