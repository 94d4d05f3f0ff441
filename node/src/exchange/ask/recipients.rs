//! Whom a question goes to, and whom not.

use schemas::agency::AgencyId;
use schemas::draft::{Draft, Recipients};
use schemas::text::Text;

use super::super::authorities::uses;
use super::{AskError, NotAsked, QueryClient};
use peer::link::Dial;
use registry::{Candidates, State};

impl<D: Dial> QueryClient<D> {
    pub(super) fn owners(&self, state: &State, draft: &Draft) -> Result<Vec<AgencyId>, AskError> {
        match &draft.whom {
            Recipients::These(owners) => {
                if let Some(unknown) = owners.iter().find(|owner| !state.peers.contains_key(owner))
                {
                    return Err(AskError::Unknown(unknown.clone()));
                }
                let mut owners = owners.clone();
                owners.sort();
                owners.dedup();
                Ok(owners)
            }
            Recipients::All => Ok(self.giving_authority(state)),
        }
    }

    /// Peers of which an agreement in force or an approved request gives this agency authority.
    /// Only the want of one keeps an owner out; every other refusal is the owner's to pronounce.
    #[must_use]
    pub fn giving_authority(&self, state: &State) -> Vec<AgencyId> {
        let now = self.agency.clock.now();
        let counters = self.agency.log.counters();
        let me = &self.agency.id;
        let gives = |owner: &&AgencyId| {
            Candidates::of(state, owner, me, now, uses(&counters, me, now, None))
                .any_in_force(owner, me, now)
        };
        state
            .peers
            .iter()
            .filter(|(_, peer)| peer.blocked.is_none())
            .map(|(id, _)| id)
            .filter(gives)
            .cloned()
            .collect()
    }

    /// Peers that a search over all did not ask, each with why.
    pub fn not_asked(&self) -> Vec<NotAsked> {
        let state = self.agency.registry.state();
        let asked = self.giving_authority(&state);
        let why = |blocked: Option<&Text>| match blocked {
            Some(reason) => format!("blocked here: {reason}"),
            None => "no agreement in force with it, and no approved request to it".to_owned(),
        };
        state
            .peers
            .iter()
            .filter(|(owner, _)| !asked.contains(owner))
            .map(|(owner, peer)| NotAsked { owner: owner.clone(), why: why(peer.blocked.as_ref()) })
            .collect()
    }
}
