//! What an authority must be and allow.

use schemas::refusal::{Citation, Reason, RefusalCode};

use super::case::Case;
use super::cite::{listed, reason, statute};
use crate::agreement::Agreement;
use crate::facts::{Authority, Candidate};
use crate::lifecycle::{AgreementRecord, AgreementStatus};
use crate::policy::Policy;
use crate::request::{RequestRecord, RequestState};
use crate::screening::numbered;

fn agreement<'a>(candidate: &Candidate<'a>) -> Option<&'a Agreement> {
    match candidate.authority {
        Authority::Agreement(recorded) => Some(&recorded.agreement),
        Authority::Request(_) => None,
    }
}

/// The owner's policy must have that path of release, and open to this peer.
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
    let (message, citations) = match path {
        Some(path) if path.open_to(&case.peer.id) => return None,
        Some(path) => (
            format!(
                "the policy of `{}` releases data on {what} only to {}",
                case.me,
                listed(&path.with)
            ),
            case.policy.cites(path),
        ),
        None => (
            format!("the policy of `{}` does not release data on {what}", case.me),
            other.as_ref().map_or_else(
                || case.policy.cites(&release.recipients),
                |other| case.policy.cites(other),
            ),
        ),
    };
    Some(reason(RefusalCode::ReleasePath, message, citations))
}

/// In force at this instant, between these two.
pub(super) fn in_force(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let (what, citations) = match candidate.authority {
        Authority::Agreement(recorded) => agreement_lapse(case, recorded)?,
        Authority::Request(filed) => request_lapse(case, candidate, filed)?,
    };
    let message = format!("`{}` gives no authority now: {what}", candidate.authority.id());
    Some(reason(RefusalCode::AuthorityNotInForce, message, citations))
}

fn agreement_lapse(case: &Case<'_>, recorded: &AgreementRecord) -> Option<(String, Vec<Citation>)> {
    let cite = |key: &str| vec![recorded.agreement.cite(key)];
    Some(match recorded.status(case.me, &case.peer.id, case.now) {
        // Parties and share lists are the next rule's.
        AgreementStatus::InForce
        | AgreementStatus::NotAParty(_)
        | AgreementStatus::NotShared { .. } => return None,
        AgreementStatus::NotYetEffective(at) => {
            (format!("it takes effect at {at}"), cite("effective"))
        }
        AgreementStatus::Expired(at) => (format!("it expired at {at}"), cite("expires")),
        AgreementStatus::NotAdhered(agency) => {
            (format!("`{agency}` has not signed it"), cite("parties"))
        }
        AgreementStatus::Declined { by } => {
            (format!("`{by}` has declined to sign it"), cite("parties"))
        }
        AgreementStatus::FingerprintsDiffer { by, of } => (
            format!(
                "`{by}` knows `{of}` by another key than `{of}` has; compare fingerprints, then sign it again"
            ),
            cite("parties"),
        ),
        AgreementStatus::Suspended { by } => (format!("`{by}` has suspended it"), cite("suspend")),
        AgreementStatus::Withdrawn { by } => {
            (format!("`{by}` has withdrawn from it"), cite("withdraw"))
        }
    })
}

fn request_lapse(
    case: &Case<'_>,
    candidate: &Candidate<'_>,
    filed: &RequestRecord,
) -> Option<(String, Vec<Citation>)> {
    let approval = || case.policy.cites(&case.policy.approval.requests);
    let what = match filed.state(candidate.used, case.now) {
        // Uses are a rule of their own.
        RequestState::Approved | RequestState::UsedUp => return None,
        RequestState::Submitted => return Some(("it waits for a decision".into(), approval())),
        RequestState::Denied => return Some(("it was denied".into(), approval())),
        RequestState::Withdrawn => "it was withdrawn".to_owned(),
        RequestState::Expired => {
            format!("it expired at {}", filed.scope().valid_until.unwrap_or(case.now))
        }
    };
    Some((what, request_sections(case.policy)))
}

/// The sections that govern written requests.
pub(super) fn request_sections(policy: &Policy) -> Vec<Citation> {
    let release = &policy.release;
    match &release.written_request {
        Some(path) => policy.cites(path),
        None => policy.cites(&release.recipients),
    }
}

/// Both are parties, and each shares with the other; under one-way sharing, the owner with who asks.
pub(super) fn party_listed(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let message = match candidate.authority {
        Authority::Agreement(recorded) => match recorded.status(case.me, &case.peer.id, case.now) {
            AgreementStatus::NotAParty(agency) => {
                format!("`{agency}` is no party of `{}`", recorded.agreement.id)
            }
            AgreementStatus::NotShared { by, with } => {
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
    let citations = agreement(candidate)
        .map_or_else(|| request_sections(case.policy), |a| vec![a.cite("shares_with")]);
    Some(reason(RefusalCode::PartyNotListed, message, citations))
}

/// The purpose is one that the authority names.
pub(super) fn purpose(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let code = case.query.why.purpose;
    let (named, mut citations) = match candidate.authority {
        Authority::Agreement(recorded) => {
            (recorded.agreement.purposes.contains(&code), vec![recorded.agreement.cite("purposes")])
        }
        Authority::Request(filed) => (filed.request.purpose == code, request_sections(case.policy)),
    };
    (!named).then(|| {
        let message = format!("`{}` does not name the purpose `{code}`", candidate.authority.id());
        citations.push(statute("1798.90.52(b)"));
        reason(RefusalCode::PurposeNotAuthorized, message, citations)
    })
}

/// A case number where the agreement demands one; a CAD number counts.
pub(super) fn case_required(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let agreement = agreement(candidate)?;
    let why = &case.query.why;
    (agreement.case_required && !numbered(&why.case) && !numbered(&why.cad)).then(|| {
        let message = format!("`{}` demands a case or CAD number", agreement.id);
        reason(RefusalCode::CaseRequired, message, vec![agreement.cite("case_required")])
    })
}

/// The agency that asks vouches for the person, where the agreement demands it. Whether what it says holds
/// is judged before.
pub(super) fn people_attested(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let agreement = agreement(candidate)?;
    let requester = &case.query.requester;
    (agreement.people_attested && requester.attestation.is_none()).then(|| {
        let message = format!(
            "`{}` demands that your agency vouches for the person with its agency key, and the query carries no attestation of user `{}` in force; your administrator signs one with `accord user attest {}`",
            agreement.id, requester.user, requester.user
        );
        let cited = vec![agreement.cite("people_attested")];
        reason(RefusalCode::PersonNotAttested, message, cited)
    })
}

/// The person is one whom the agreement names, where it names any.
pub(super) fn people(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let agreement = agreement(candidate)?;
    let (peer, user) = (&case.peer.id, &case.query.requester.user);
    (!agreement.admits(peer, user)).then(|| {
        let message = format!(
            "`{}` is for people whom it names, and `{user}` of `{peer}` is none of them; both sides sign a new version that names her, or somebody named asks",
            agreement.id
        );
        reason(RefusalCode::PersonNotListed, message, vec![agreement.cite("people")])
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
