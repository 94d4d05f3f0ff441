//! Which agreements and requests could give a peer authority, for the decision to judge.

use agreements::authority_index::counting;
use agreements::decide::{Authority, Candidate};
use agreements::lifecycle::AgreementStatus;
use agreements::request::{RequestRecord, RequestState};
use schemas::agency::AgencyId;
use schemas::query::AuthorityId;
use schemas::time::Timestamp;

use registry::State;
use store::{LogState, ServedBefore};

/// Authorities between two agencies, in id order, with their use so far.
pub(crate) struct Candidates<'a>(Vec<Candidate<'a>>);

impl<'a> Candidates<'a> {
    /// What could give `requester` authority over the reads of `owner`.
    ///
    /// Of an agreement's versions the highest in force counts, else the highest. An answer that is
    /// redelivered does not count against itself.
    pub(crate) fn of(
        state: &'a State,
        counters: &LogState,
        owner: &AgencyId,
        requester: &AgencyId,
        now: Timestamp,
        redelivering: Option<&ServedBefore>,
    ) -> Self {
        let once = |id: &AuthorityId| {
            u32::from(redelivering.is_some_and(|before| before.authority.as_ref() == Some(id)))
        };
        let used =
            |id: &AuthorityId| counters.uses.get(id).copied().unwrap_or(0).saturating_sub(once(id));
        // Counters are as of the last append, which may have been yesterday's.
        let of_today = counters.day_start == Some(now.day_start());
        let used_today = |id: &AuthorityId| {
            if !of_today {
                return 0;
            }
            let of = (id.clone(), requester.clone());
            counters.today.get(&of).copied().unwrap_or(0).saturating_sub(once(id))
        };
        // One of the two is this agency, whom everything here concerns; the other finds the few.
        let me = state.own.as_ref().map(|own| &own.value.id);
        let other = if me == Some(owner) { requester } else { owner };
        let candidate = |authority| {
            let id = Authority::id(&authority);
            Candidate { authority, used: used(id), used_today: used_today(id) }
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

    pub(crate) fn as_slice(&self) -> &[Candidate<'a>] {
        &self.0
    }

    /// Whether any is in force at `now`, as far as it can be known here.
    pub(crate) fn any_in_force(
        &self,
        owner: &AgencyId,
        requester: &AgencyId,
        now: Timestamp,
    ) -> bool {
        self.0.iter().any(|candidate| match candidate.authority {
            Authority::Agreement(recorded) => {
                recorded.status(owner, requester, now) == AgreementStatus::InForce
            }
            Authority::Request(filed) => filed.state(candidate.used, now) == RequestState::Approved,
        })
    }
}
