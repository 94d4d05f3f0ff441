//! Which agreements and requests could give a peer authority, for the decision to judge.

use agreements::decide::{Authority, Candidate};
use agreements::lifecycle::{Recorded, Standing};
use agreements::request::Filed;
use schemas::agency::AgencyId;
use schemas::query::AuthorityId;
use schemas::time::Timestamp;

use crate::registry::State;
use crate::store::{ServedBefore, Tail};

/// Authorities between two agencies, in id order, with their use so far.
pub(super) struct Candidates<'a>(Vec<Candidate<'a>>);

impl<'a> Candidates<'a> {
    /// What could give `requester` authority over the reads of `owner`.
    ///
    /// Of an agreement's versions the highest in force counts, else the highest. An answer that is
    /// redelivered does not count against itself.
    pub(super) fn of(
        state: &'a State,
        counters: &Tail,
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
        let agreements = state.agreements.iter().filter_map(|(id, versions)| {
            let concerns = |recorded: &&'a Recorded| {
                let parties = &recorded.agreement.parties;
                parties.contains(owner) && parties.contains(requester)
            };
            let mut recorded =
                versions.values().rev().map(|version| &version.recorded).filter(concerns);
            let highest = recorded.next()?;
            let in_force = std::iter::once(highest)
                .chain(recorded)
                .find(|recorded| recorded.standing(owner, requester, now) == Standing::InForce);
            let authority = Authority::Agreement(in_force.unwrap_or(highest));
            Some(Candidate { authority, used: used(id), used_today: used_today(id) })
        });
        let requests = state.requests.iter().filter_map(|(id, filed)| {
            let filed: &'a Filed = &filed.value;
            (filed.request.from == *requester && filed.request.to == *owner).then(|| Candidate {
                authority: Authority::Request(filed),
                used: used(id),
                used_today: used_today(id),
            })
        });
        let mut all: Vec<_> = agreements.chain(requests).collect();
        all.sort_by(|a, b| a.authority.id().cmp(b.authority.id()));
        Self(all)
    }

    pub(super) fn as_slice(&self) -> &[Candidate<'a>] {
        &self.0
    }
}
