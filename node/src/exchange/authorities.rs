//! Authorities as people name them, and how often each was used, for the decision to judge.

use registry::{State, Uses, VersionedAgreement};
use schemas::agency::AgencyId;
use schemas::authority::{AuthorityId, AuthorityName};
use schemas::time::Timestamp;

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

/// How often `requester` and everybody else used an authority by `now`. An answer that is redelivered
/// does not count against itself.
pub(crate) fn uses<'a>(
    counters: &'a LogState,
    requester: &'a AgencyId,
    now: Timestamp,
    redelivering: Option<&'a ServedBefore>,
) -> impl Fn(&AuthorityId) -> Uses + 'a {
    // Counters are as of the last append, which may have been yesterday's.
    let of_today = counters.day_start == Some(now.day_start());
    move |id| {
        let itself = redelivering.is_some_and(|before| before.authority.as_ref() == Some(id));
        let without =
            |count: Option<&u32>| count.copied().unwrap_or(0).saturating_sub(u32::from(itself));
        let today = counters.today.get(&(id.clone(), requester.clone())).filter(|_| of_today);
        Uses { all: without(counters.uses.get(id)), today: without(today) }
    }
}
