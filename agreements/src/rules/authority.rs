//! What an authority must be and allow.

use schemas::refusal::{Citation, Reason, RefusalCode};

use super::{reason, statute};
use crate::agreement::Agreement;
use crate::decide::{Authority, Candidate, Case};
use crate::lifecycle::{Recorded, Standing};
use crate::policy::Policy;
use crate::request::{Filed, RequestState};

fn agreement<'a>(candidate: &Candidate<'a>) -> Option<&'a Agreement> {
    match candidate.authority {
        Authority::Agreement(recorded) => Some(&recorded.agreement),
        Authority::Request(_) => None,
    }
}

/// The owner's policy must have that path of release.
pub(super) fn release_path(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let release = &case.policy.release;
    let (path, what, other) = match candidate.authority {
        Authority::Agreement(_) => {
            (&release.standing_agreement, "a standing agreement", &release.written_request)
        }
        Authority::Request(_) => {
            (&release.written_request, "a written request", &release.standing_agreement)
        }
    };
    if path.is_some() {
        return None;
    }
    let section = other.as_ref().unwrap_or(&release.governs);
    let message = format!("the policy of `{}` does not release data on {what}", case.me);
    Some(reason(RefusalCode::ReleasePath, message, vec![case.policy.cite(section)]))
}

/// In force at this instant, between these two.
pub(super) fn in_force(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let (what, citation) = match candidate.authority {
        Authority::Agreement(recorded) => agreement_lapse(case, recorded)?,
        Authority::Request(filed) => request_lapse(case, candidate, filed)?,
    };
    let message = format!("`{}` gives no authority now: {what}", candidate.authority.id());
    Some(reason(RefusalCode::AuthorityNotInForce, message, vec![citation]))
}

fn agreement_lapse(case: &Case<'_>, recorded: &Recorded) -> Option<(String, Citation)> {
    let cite = |key: &str| recorded.agreement.cite(key);
    Some(match recorded.standing(case.me, &case.peer.id, case.now) {
        // Parties and share lists are the next rule's.
        Standing::InForce | Standing::NotAParty(_) | Standing::NotShared { .. } => return None,
        Standing::NotYetEffective(at) => (format!("it takes effect at {at}"), cite("effective")),
        Standing::Expired(at) => (format!("it expired at {at}"), cite("expires")),
        Standing::NotAdhered(agency) => (format!("`{agency}` has not signed it"), cite("parties")),
        Standing::Suspended { by } => (format!("`{by}` has suspended it"), cite("suspend")),
        Standing::Withdrawn { by } => (format!("`{by}` has withdrawn from it"), cite("withdraw")),
    })
}

fn request_lapse(
    case: &Case<'_>,
    candidate: &Candidate<'_>,
    filed: &Filed,
) -> Option<(String, Citation)> {
    let what = match filed.state(candidate.used, case.now) {
        // Uses are a rule of their own.
        RequestState::Approved | RequestState::UsedUp => return None,
        RequestState::Submitted => "it waits for a decision".to_owned(),
        RequestState::Denied => "it was denied".to_owned(),
        RequestState::Withdrawn => "it was withdrawn".to_owned(),
        RequestState::Expired => {
            format!("it expired at {}", filed.scope().valid_until.unwrap_or(case.now))
        }
    };
    Some((what, request_section(case.policy)))
}

/// The section that governs written requests.
pub(super) fn request_section(policy: &Policy) -> Citation {
    policy.cite(policy.release.written_request.as_ref().unwrap_or(&policy.release.governs))
}

/// Both are parties, and each shares with the other.
pub(super) fn party_listed(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let message = match candidate.authority {
        Authority::Agreement(recorded) => match recorded.standing(case.me, &case.peer.id, case.now)
        {
            Standing::NotAParty(agency) => {
                format!("`{agency}` is no party of `{}`", recorded.agreement.id)
            }
            Standing::NotShared { by, with } => {
                format!(
                    "`{by}` has not chosen to share with `{with}` under `{}`",
                    recorded.agreement.id
                )
            }
            _ => return None,
        },
        Authority::Request(filed) => {
            if filed.request.from == case.peer.id && filed.request.to == *case.me {
                return None;
            }
            format!("request `{}` is between others", filed.request.id)
        }
    };
    let citation = agreement(candidate)
        .map_or_else(|| request_section(case.policy), |a| a.cite("shares_with"));
    Some(reason(RefusalCode::PartyNotListed, message, vec![citation]))
}

/// The purpose is one that the authority names.
pub(super) fn purpose(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let code = case.query.why.purpose;
    let (named, citation) = match candidate.authority {
        Authority::Agreement(recorded) => {
            (recorded.agreement.purposes.contains(&code), recorded.agreement.cite("purposes"))
        }
        Authority::Request(filed) => (filed.request.purpose == code, request_section(case.policy)),
    };
    (!named).then(|| {
        let message = format!("`{}` does not name the purpose `{code}`", candidate.authority.id());
        reason(RefusalCode::PurposeNotAuthorized, message, vec![citation, statute("1798.90.52(b)")])
    })
}

/// A case number where the agreement demands one; a CAD number counts.
pub(super) fn case_required(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let agreement = agreement(candidate)?;
    let why = &case.query.why;
    (agreement.case_required && why.case.is_empty() && why.cad.is_empty()).then(|| {
        let message = format!("`{}` demands a case or CAD number", agreement.id);
        reason(RefusalCode::CaseRequired, message, vec![agreement.cite("case_required")])
    })
}

/// The sort of search is one that the agreement names.
pub(super) fn kind(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let agreement = agreement(candidate)?;
    let kind = case.query.elements.kind;
    (!agreement.query_kinds.contains(&kind)).then(|| {
        let message = format!("`{}` does not allow `{kind}` searches", agreement.id);
        reason(RefusalCode::QueryKind, message, vec![agreement.cite("query_kinds")])
    })
}

/// The period reaches into the agreement's lookback; what lies before is cut off, not refused.
pub(super) fn window(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let agreement = agreement(candidate)?;
    let earliest = case.now.minus_days(agreement.lookback_days);
    (case.query.elements.until <= earliest).then(|| {
        let message = format!(
            "`{}` reaches {} days back; the period ends before",
            agreement.id, agreement.lookback_days
        );
        reason(RefusalCode::Window, message, vec![agreement.cite("lookback_days")])
    })
}

/// The agreement's answers of today are not all given.
pub(super) fn quota(_: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let agreement = agreement(candidate)?;
    let most = agreement.daily_limit?;
    (candidate.used_today >= most).then(|| {
        let message =
            format!("the {most} answers a day of `{}` are given; ask again tomorrow", agreement.id);
        reason(RefusalCode::Quota, message, vec![agreement.cite("daily_limit")])
    })
}
