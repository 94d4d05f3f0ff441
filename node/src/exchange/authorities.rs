//! Which agreements and requests could give a peer authority, for the decision to judge.

use agreements::authority_index::counting;
use agreements::decide::{Authority, Candidate};
use agreements::lifecycle::AgreementStatus;
use agreements::request::{RequestRecord, RequestState};
use schemas::agency::AgencyId;
use schemas::authority::{AuthorityId, AuthorityName};
use schemas::time::Timestamp;

use registry::{State, VersionedAgreement};
use store::{LogState, ServedBefore};

/// The authority that a query of `me` to these owners cites, by what its person typed. A slug alone
/// means what this agency has signed or asked for: what others merely propose under the same one does
/// not stand in the way.
///
/// # Errors
/// One sentence, when nothing is called so, or several are.
pub(crate) fn cited(
    state: &State,
    me: &AgencyId,
    owners: &[AgencyId],
    name: &AuthorityName,
) -> Result<AuthorityId, String> {
    if let AuthorityName::Id(id) = name {
        return Ok(id.clone());
    }
    let signed = |text: &VersionedAgreement| {
        let recorded = &text.recorded;
        let with_one = owners.iter().any(|owner| recorded.agreement.parties.contains(owner));
        with_one && recorded.adherences.contains_key(me)
    };
    let agreements = state.agreements.iter().filter(|(_, texts)| texts.values().any(signed));
    let requests = state.requests.iter().filter(|(_, filed)| {
        let request = &filed.value.request;
        request.from == *me && owners.contains(&request.to)
    });
    let all = agreements.map(|(id, _)| id).chain(requests.map(|(id, _)| id));
    let mut called: Vec<&AuthorityId> = all.filter(|id| name.means(id)).collect();
    called.sort();
    match called.as_slice() {
        [id] => Ok((*id).clone()),
        [] => Err(format!(
            "no agreement that this agency has signed with those asked, and no request of its own to them, is called `{name}`; see `accord agreement list` and `accord request list`"
        )),
        several => {
            let ids: Vec<_> = several.iter().map(|id| format!("`{id}`")).collect();
            Err(format!(
                "several are called `{name}`: {}; name the one that is meant",
                ids.join(", ")
            ))
        }
    }
}

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
