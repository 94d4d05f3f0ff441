//! What must hold before an agency signs or records an agreement, or approves a request.

use schemas::agency::AgencyId;
use schemas::refusal::{Reason, RefusalCode};

use super::agency::no_public_agency;
use super::cite::{listed, reason};
use crate::facts::PeerFacts;
use crate::policy::{Cited, Policy};

/// No agreement with a body that is no public agency is ever recorded: it could only mislead.
pub(crate) fn may_record(parties: &[PeerFacts]) -> Vec<Reason> {
    parties.iter().filter_map(no_public_agency).collect()
}

/// The policy must have the path, and have it open to everyone with whom is shared.
pub(crate) fn may_adhere(
    policy: &Policy,
    me: &AgencyId,
    shares_with: &[AgencyId],
    known: &[PeerFacts],
) -> Vec<Reason> {
    let release = &policy.release;
    let mut reasons = Vec::new();
    // Whoever only receives releases nothing.
    if shares_with.is_empty() {
        return reasons;
    }
    let mut refuse = |message: String, value: &dyn Cited| {
        reasons.push(reason(RefusalCode::ReleasePath, message, policy.cites(value)));
    };
    match (&release.standing_agreement, &release.written_request) {
        (None, Some(request)) => refuse(
            format!(
                "the policy of `{me}` does not release data on a standing agreement; it takes a written request each time"
            ),
            request,
        ),
        (None, None) => refuse(
            format!("the policy of `{me}` does not release data on a standing agreement"),
            &release.recipients,
        ),
        (Some(path), _) => {
            let closed: Vec<_> = shares_with.iter().filter(|with| !path.open_to(with)).collect();
            if !closed.is_empty() {
                refuse(
                    format!(
                        "the policy of `{me}` shares under a standing agreement only with {}, not with {}; name with --share-with those with whom it does",
                        listed(&path.with),
                        listed(closed)
                    ),
                    path,
                );
            }
        }
    }
    let unfit: Vec<_> = known
        .iter()
        .filter(|peer| shares_with.contains(&peer.id))
        .filter(|peer| peer.kind.is_public_agency(peer.state))
        .filter(|peer| !release.recipients.kinds.contains(&peer.kind))
        .map(|peer| &peer.id)
        .collect();
    if !unfit.is_empty() {
        refuse(
            format!(
                "the policy of `{me}` does not release data to bodies such as {}",
                listed(unfit)
            ),
            &release.recipients,
        );
    }
    reasons
}

/// The policy must have the path of written requests, open to this peer, and release to bodies such
/// as it.
pub(crate) fn may_approve(policy: &Policy, me: &AgencyId, peer: &PeerFacts) -> Vec<Reason> {
    let release = &policy.release;
    let mut reasons: Vec<Reason> = no_public_agency(peer).into_iter().collect();
    let mut refuse = |message: String, value: &dyn Cited| {
        reasons.push(reason(RefusalCode::ReleasePath, message, policy.cites(value)));
    };
    match &release.written_request {
        Some(path) if path.open_to(&peer.id) => {}
        Some(path) => refuse(
            format!(
                "the policy of `{me}` releases data on a written request only to {}",
                listed(&path.with)
            ),
            path,
        ),
        None => refuse(
            format!("the policy of `{me}` does not release data on a written request"),
            &release.recipients,
        ),
    }
    if peer.kind.is_public_agency(peer.state) && !release.recipients.kinds.contains(&peer.kind) {
        refuse(
            format!("the policy of `{me}` does not release data to bodies such as `{}`", peer.id),
            &release.recipients,
        );
    }
    reasons
}
