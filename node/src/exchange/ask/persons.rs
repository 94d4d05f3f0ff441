//! Of the persons whom a query names: for whom it is asked, and what her agency vouches for of who asks.

use agreements::lifecycle::AgreementStatus;
use schemas::agency::AgencyId;
use schemas::attestation::SignedAttestation;
use schemas::attested::Attestation;
use schemas::draft::Draft;
use schemas::time::Timestamp;
use schemas::user::User;

use crate::permission::{ActError, Principal, policy_in_force, sections};
use registry::{AgreementTexts, State};

/// The person for whom somebody else asks: registered here, and nobody is kept from access. Her role, her
/// training and her clearance are the policy's to judge.
pub(super) fn seen_by<'a>(
    state: &'a State,
    draft: &Draft,
    by: &Principal,
    now: Timestamp,
) -> Result<Option<&'a User>, ActError> {
    let Some(name) = &draft.for_user else { return Ok(None) };
    if *name == by.user {
        return Err(ActError::usage("you ask for yourself: leave --for out".into()));
    }
    let user = state.users.get(name).filter(|user| user.enabled(now) && user.suspended().is_none());
    if user.is_some() {
        return Ok(user);
    }
    let policy = policy_in_force(state)?;
    let citations = policy.cites(policy.people.seeing());
    let why = format!(
        "`{name}` is no person of this agency who has access; ask for one who is registered, see `accord user list` [{}]",
        sections(&citations)
    );
    Err(ActError::refused_as("user_unknown", citations, why))
}

/// The attestation of a person, as long as it bears her out, where an agreement in force with the owner
/// demands it: others are not told.
pub(super) fn attested(
    state: &State,
    me: &AgencyId,
    owner: &AgencyId,
    user: &User,
    now: Timestamp,
) -> Option<SignedAttestation> {
    let signed = user.attestation.as_ref()?;
    let demanded = state.agreements.values().flat_map(AgreementTexts::values).any(|known| {
        let recorded = &known.recorded;
        recorded.agreement.people_attested
            && recorded.status(owner, me, now) == AgreementStatus::InForce
    });
    let key = &state.own.as_ref()?.value.agency_key;
    let holds = demanded && Attestation::bears_out(signed, me, &user.requester(), key, now).is_ok();
    holds.then(|| signed.clone())
}
