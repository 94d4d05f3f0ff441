//! Who asks: a known public agency of California to which the policy releases, and not cut off.

use schemas::agency::{AgencyKind, State};
use schemas::refusal::{Citation, Reason, RefusalCode};

use super::case::Case;
use super::cite::{reason, statute};
use crate::facts::PeerFacts;
use crate::policy::{Cited, Path};

/// The query is this peer's, and to this owner. A node sees to that before it decides; nothing is
/// decided on trust.
pub(super) fn addressed(case: &Case<'_>) -> Option<Reason> {
    let query = case.query;
    if query.from == case.peer.id && query.to == *case.me {
        return None;
    }
    let message = format!(
        "the query is of `{}` to `{}`, not of `{}` to `{}`",
        query.from, query.to, case.peer.id, case.me
    );
    Some(reason(RefusalCode::PartyNotListed, message, vec![statute("1798.90.51(a)")]))
}

/// Data goes only to another public agency (Civil Code 1798.90.55(b)), which is the state, a city, a
/// county, or an agency of theirs (1798.90.5(f)); out-of-state and federal agencies are none
/// (Attorney General bulletin 2023-DLE-06). An agreement does not change that.
pub(super) fn public_agency(case: &Case<'_>) -> Option<Reason> {
    no_public_agency(case.peer)
}

pub(super) fn no_public_agency(peer: &PeerFacts) -> Option<Reason> {
    if peer.kind.is_public_agency(peer.state) {
        return None;
    }
    let mut citations = vec![statute("1798.90.5(f)"), statute("1798.90.55(b)")];
    let bulletin =
        Citation::new("Attorney General Information Bulletin 2023-DLE-06", "public agency");
    let (code, what) = if peer.kind == AgencyKind::Federal {
        citations.push(bulletin);
        (RefusalCode::Federal, "a federal agency")
    } else if peer.state != State::CALIFORNIA {
        citations.push(bulletin);
        (RefusalCode::OutOfState, "an agency of another state")
    } else {
        (RefusalCode::NotPublicAgency, "not a public agency")
    };
    let message = format!(
        "`{}` is {what}; licence plate data is shared only with public agencies of California, whatever agreement there is",
        peer.id
    );
    Some(reason(code, message, citations))
}

/// The owner's administrator has cut the peer off (safeguards, 1798.90.51(a)).
pub(super) fn blocked(case: &Case<'_>) -> Option<Reason> {
    case.peer.blocked.as_ref()?;
    let message =
        format!("`{}` has blocked `{}`; speak to its administrator", case.me, case.peer.id);
    Some(reason(RefusalCode::Blocked, message, vec![statute("1798.90.51(a)")]))
}

/// The policy releases to agencies of this kind. Those that are no public agency have a reason of
/// their own.
pub(super) fn recipient(case: &Case<'_>) -> Option<Reason> {
    let peer = case.peer;
    let recipients = &case.policy.release.recipients;
    if !peer.kind.is_public_agency(peer.state) || recipients.kinds.contains(&peer.kind) {
        return None;
    }
    let kinds: Vec<_> = recipients.kinds.iter().map(|kind| kind.code()).collect();
    let message = format!(
        "`{}` is of the kind `{}`; `{}` releases data only to {}",
        peer.id,
        peer.kind,
        case.me,
        kinds.join(", ")
    );
    Some(reason(RefusalCode::ReleasePath, message, case.policy.cites(recipients)))
}

/// No agreement and no request: says which paths the owner's policy has for this peer.
pub(crate) fn no_authority(case: &Case<'_>) -> Reason {
    let release = &case.policy.release;
    let open = |path: &'_ Option<Path>| path.clone().filter(|path| path.open_to(&case.peer.id));
    let (standing, written) = (open(&release.standing_agreement), open(&release.written_request));
    let path = match (&standing, &written) {
        (Some(_), Some(_)) => "a standing agreement or an approved written request",
        (Some(_), None) => "a standing agreement",
        (None, Some(_)) => "an approved written request",
        (None, None) => "a release that its policy does not provide",
    };
    let mut citations = Vec::new();
    let values = [standing.as_ref(), written.as_ref()].into_iter().flatten();
    let mut places: Vec<&dyn Cited> = values.map(|path| path as &dyn Cited).collect();
    if places.is_empty() {
        places.push(&release.recipients);
    }
    for citation in places.into_iter().flat_map(|value| case.policy.cites(value)) {
        if !citations.contains(&citation) {
            citations.push(citation);
        }
    }
    let law = statute("1798.90.55(b)");
    if !citations.contains(&law) {
        citations.push(law);
    }
    let cited =
        case.query.authority.as_ref().map_or(String::new(), |id| format!("; `{id}` is not one"));
    let message =
        format!("`{}` holds no authority at `{}`; it takes {path}{cited}", case.peer.id, case.me);
    reason(RefusalCode::NoAuthority, message, citations)
}
