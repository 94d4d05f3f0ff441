//! Which agreements and requests could give a peer authority, for the decision to judge.

use agreements::authority_index::counting;
use agreements::decide::{Authority, Candidate, Decision, decide};
use agreements::lifecycle::AgreementStatus;
use agreements::request::{RequestRecord, RequestState};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::query::Query;
use schemas::time::Timestamp;

use crate::State;

/// Authorities between two agencies, in id order, with their use so far.
#[derive(Debug)]
pub struct Candidates<'a>(Vec<Candidate<'a>>);

/// How often an authority was used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uses {
    /// Answers given on it.
    pub all: u32,
    /// Answers given on it to the requester on the day of the decision.
    pub today: u32,
}

impl<'a> Candidates<'a> {
    /// What could give `requester` authority over the reads of `owner`, each used as often as `uses`
    /// says.
    ///
    /// Of an agreement's versions the highest in force counts, else the highest.
    #[must_use]
    pub fn of(
        state: &'a State,
        owner: &AgencyId,
        requester: &AgencyId,
        now: Timestamp,
        uses: impl Fn(&AuthorityId) -> Uses,
    ) -> Self {
        // One of the two is this agency, whom everything here concerns; the other finds the few.
        let me = state.own.as_ref().map(|own| &own.value.id);
        let other = if me == Some(owner) { requester } else { owner };
        let candidate = |authority| {
            let Uses { all: used, today: used_today } = uses(Authority::id(&authority));
            Candidate { authority, used, used_today }
        };
        let agreement = |id: &AuthorityId| {
            let versions = state.agreements.get(id)?;
            let versions = versions.values().map(|version| &version.recorded);
            counting(versions, owner, requester, now).map(Authority::Agreement)
        };
        let request = |id: &AuthorityId| {
            let filed: &'a RequestRecord = &state.requests.get(id)?.value;
            let between = filed.request.from == *requester && filed.request.to == *owner;
            between.then_some(Authority::Request(filed))
        };
        let all = state
            .concerning
            .of(other)
            .filter_map(|id| agreement(id).or_else(|| request(id)).map(candidate))
            .collect();
        Self(all)
    }

    /// In id order.
    #[must_use]
    pub fn as_slice(&self) -> &[Candidate<'a>] {
        &self.0
    }

    /// Whether any is in force at `now`, as far as it can be known here.
    #[must_use]
    pub fn any_in_force(&self, owner: &AgencyId, requester: &AgencyId, now: Timestamp) -> bool {
        self.0.iter().any(|candidate| match candidate.authority {
            Authority::Agreement(recorded) => {
                recorded.status(owner, requester, now) == AgreementStatus::InForce
            }
            Authority::Request(filed) => filed.state(candidate.used, now) == RequestState::Approved,
        })
    }
}

/// Decides on a peer's query upon this registry: while the exchange is under way and again when its log
/// is read. `None` where no policy is in force or no card of the requester is known, and then the
/// answer is no.
#[must_use]
pub fn decide_upon(
    state: &State,
    me: &AgencyId,
    query: &Query,
    now: Timestamp,
    uses: impl Fn(&AuthorityId) -> Uses,
) -> Option<Decision> {
    let facts = state.facts(std::slice::from_ref(&query.from));
    let (policy, peer) = (state.policy.as_ref()?, facts.first()?);
    let candidates = Candidates::of(state, me, &query.from, now, uses);
    Some(decide(policy, me, peer, candidates.as_slice(), query, now))
}
