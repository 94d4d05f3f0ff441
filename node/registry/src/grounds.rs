//! What a decision rests on: policy, the peer as it is known, and the authorities between the two, or
//! the person who acts. Whatever else changes in the registry meanwhile is none of its concern.

use std::sync::Arc;

use agreements::policy::Policy;
use agreements::request::RequestRecord;
use schemas::agency::AgencyId;
use schemas::query::UserName;
use schemas::user::User;

use super::peers::{Peer, Signed};
use super::state::{AgreementTexts, State};

/// What a decision was made upon, to be compared with what holds when it is recorded.
#[derive(Debug, Clone)]
pub struct Grounds {
    peer: Option<AgencyId>,
    person: Option<UserName>,
    held: Held,
}

/// What stood in a registry, by identity: a change of any of it is another one.
#[derive(Debug, Clone, Default)]
struct Held {
    generation: u64,
    policy: Option<Arc<Policy>>,
    peer: Option<Arc<Peer>>,
    alarm: Option<u64>,
    agreements: Vec<Arc<AgreementTexts>>,
    requests: Vec<Arc<Signed<RequestRecord>>>,
    person: Option<Arc<User>>,
}

impl Grounds {
    /// What a decision on a query of `peer` rests on.
    #[must_use]
    pub fn of_peer(state: &State, peer: &AgencyId) -> Self {
        let held = Held::of(state, Some(peer), None);
        Self { peer: Some(peer.clone()), person: None, held }
    }

    /// What an act of `person` rests on that concerns nobody else.
    #[must_use]
    pub fn of_person(state: &State, person: &UserName) -> Self {
        let held = Held::of(state, None, Some(person));
        Self { peer: None, person: Some(person.clone()), held }
    }

    /// Whether all of it still holds in `state`.
    #[must_use]
    pub fn hold_in(&self, state: &State) -> bool {
        self.held.generation == state.generation()
            || self.held.same(&Held::of(state, self.peer.as_ref(), self.person.as_ref()))
    }
}

impl Held {
    fn of(state: &State, peer: Option<&AgencyId>, person: Option<&UserName>) -> Self {
        let concerning = || peer.into_iter().flat_map(|peer| state.concerning.of(peer));
        Self {
            generation: state.generation(),
            policy: state.policy.clone(),
            peer: peer.and_then(|peer| state.peers.shared(peer)),
            alarm: peer.and_then(|peer| state.alarm_about(peer)).map(|raised| raised.alarm),
            agreements: concerning().filter_map(|id| state.agreements.shared(id)).collect(),
            requests: concerning().filter_map(|id| state.requests.shared(id)).collect(),
            person: person.and_then(|person| state.users.shared(person)),
        }
    }

    fn same(&self, other: &Self) -> bool {
        self.alarm == other.alarm
            && same(self.policy.as_ref(), other.policy.as_ref())
            && same(self.peer.as_ref(), other.peer.as_ref())
            && same(self.person.as_ref(), other.person.as_ref())
            && self.agreements.len() == other.agreements.len()
            && self.requests.len() == other.requests.len()
            && self.agreements.iter().zip(&other.agreements).all(|(one, two)| Arc::ptr_eq(one, two))
            && self.requests.iter().zip(&other.requests).all(|(one, two)| Arc::ptr_eq(one, two))
    }
}

fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}
