//! Who asks: a known public agency of California, and not cut off.

use schemas::agency::{AgencyKind, State};
use schemas::refusal::{Citation, Reason, RefusalCode};

use super::{reason, statute};
use crate::decide::Case;

/// Data goes only to another public agency (Civil Code 1798.90.55(b)), which is the state, a city, a
/// county, or an agency of theirs (1798.90.5(f)); out-of-state and federal agencies are none
/// (Attorney General bulletin 2023-DLE-06). An agreement does not change that.
pub(super) fn public_agency(case: &Case<'_>) -> Option<Reason> {
    let peer = case.peer;
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

/// No agreement and no request: says which paths the owner's policy has.
pub(crate) fn no_authority(case: &Case<'_>) -> Reason {
    let release = &case.policy.release;
    let (path, section) = match (&release.standing_agreement, &release.written_request) {
        (Some(section), Some(_)) => {
            ("a standing agreement or an approved written request", section)
        }
        (Some(section), None) => ("a standing agreement", section),
        (None, Some(section)) => ("an approved written request", section),
        (None, None) => ("a release that its policy does not provide", &release.governs),
    };
    let mut citations = vec![case.policy.cite(section)];
    if let (Some(_), Some(request)) = (&release.standing_agreement, &release.written_request)
        && request != section
    {
        citations.push(case.policy.cite(request));
    }
    citations.push(statute("1798.90.55(b)"));
    let cited =
        case.query.authority.as_ref().map_or(String::new(), |id| format!(" `{id}` is not one."));
    let message =
        format!("`{}` holds no authority at `{}`; it takes {path}.{cited}", case.peer.id, case.me);
    reason(RefusalCode::NoAuthority, message.trim_end_matches('.'), citations)
}
