//! May this agency sign or record an agreement, or approve a written request?

use schemas::agency::AgencyId;

use crate::facts::PeerFacts;
use crate::policy::Policy;
use crate::reasons::Reasons;
use crate::rules;

/// Why an agreement among these agencies cannot be recorded; `None` when it can. `parties` are the
/// facts on those whose cards are known.
#[must_use]
pub fn unrecordable(parties: &[PeerFacts]) -> Option<Reasons> {
    Reasons::ordered(rules::may_record(parties))
}

/// Why `me` cannot adhere to a standing agreement with this share list; `None` when it can.
/// `known` are the facts on those whose cards are known.
#[must_use]
pub fn unsignable(
    policy: &Policy,
    me: &AgencyId,
    shares_with: &[AgencyId],
    known: &[PeerFacts],
) -> Option<Reasons> {
    let mut reasons = rules::may_record(known);
    reasons.extend(rules::may_adhere(policy, me, shares_with, known));
    Reasons::ordered(reasons)
}

/// With whom of `others` the policy lets `me` share under a standing agreement: what an adherence
/// lists when its signatory names nobody.
#[must_use]
pub fn shareable(policy: &Policy, others: &[AgencyId], known: &[PeerFacts]) -> Vec<AgencyId> {
    let fits = |id: &&AgencyId| {
        known.iter().find(|peer| peer.id == **id).is_none_or(|peer| {
            policy.release.recipients.kinds.contains(&peer.kind)
                && peer.kind.is_public_agency(peer.state)
        })
    };
    let Some(path) = &policy.release.standing_agreement else { return Vec::new() };
    others.iter().filter(|id| path.open_to(id)).filter(fits).cloned().collect()
}

/// Why `me` cannot approve a written request of `peer`; `None` when it can.
#[must_use]
pub fn unapprovable(policy: &Policy, me: &AgencyId, peer: &PeerFacts) -> Option<Reasons> {
    Reasons::ordered(rules::may_approve(policy, me, peer))
}
