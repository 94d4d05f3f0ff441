//! Which signed messages stand beside an entry, in which order, and who may have signed each: for every
//! kind of entry exactly one answer, relative to the agency that keeps the log and the one that the
//! entry concerns.

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::entry::{EntryKind, Header};
use schemas::event::Event;

use super::messages::{Expected, Expects};

/// What stands beside an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// These, in this order, and nothing else.
    Exactly(Vec<Expected>),
    /// What came and did not verify, if it could be read as an envelope.
    Anything,
}

/// Who acts in an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Own,
    Peer,
}

/// What belongs beside an entry, by its event, its peer and who acts in it.
enum Belongs {
    /// These, in this order.
    Exactly(&'static [(Expects, Side)]),
    /// Nothing, and it concerns a peer.
    NothingOfPeer,
    /// Whatever came.
    Anything,
}

/// Kinds beside which one message stands, whatever else they say.
const ONE_MESSAGE: &[(EntryKind, (Expects, Side))] = &[
    (EntryKind::QuerySent, (Expects::Query, Side::Own)),
    (EntryKind::AnswerReceived, (Expects::Answer, Side::Peer)),
    (EntryKind::RefusalReceived, (Expects::Refusal, Side::Peer)),
    (EntryKind::ReceiptRecorded, (Expects::Receipt, Side::Peer)),
    (EntryKind::CardIssued, (Expects::Card, Side::Own)),
    (EntryKind::CardAdded, (Expects::Card, Side::Peer)),
    (EntryKind::CardReplaced, (Expects::Card, Side::Peer)),
    (EntryKind::CardUpdated, (Expects::Card, Side::Peer)),
    (EntryKind::CardHeld, (Expects::Card, Side::Peer)),
    (EntryKind::AgreementProposed, (Expects::Agreement, Side::Own)),
    (EntryKind::AgreementReceived, (Expects::Agreement, Side::Peer)),
    (EntryKind::AgreementSigned, (Expects::Adherence, Side::Own)),
    (EntryKind::AgreementAdhered, (Expects::Adherence, Side::Peer)),
    (EntryKind::RequestSubmitted, (Expects::Request, Side::Own)),
    (EntryKind::RequestReceived, (Expects::Request, Side::Peer)),
    (EntryKind::PolicyReceived, (Expects::Policy, Side::Peer)),
    (EntryKind::AuditReconciled, (Expects::Statement, Side::Peer)),
];

/// Kinds beside which nothing signed stands.
const NOTHING: &[EntryKind] = &[
    EntryKind::QueryDeclined,
    EntryKind::PeerRejected,
    EntryKind::ReadsSearched,
    EntryKind::CardBlocked,
    EntryKind::CardUnblocked,
    EntryKind::ReceiptsExtended,
    EntryKind::RequestRecorded,
    EntryKind::RequestClosed,
    EntryKind::ReleaseDenied,
    EntryKind::UserAdded,
    EntryKind::UserTrained,
    EntryKind::UserCleared,
    EntryKind::UserDisabled,
    EntryKind::UserEnabled,
    EntryKind::UserReviewed,
    EntryKind::UserSuspended,
    EntryKind::UserAttested,
    EntryKind::UserDelegated,
    EntryKind::UserProposed,
    EntryKind::UserConfirmed,
    EntryKind::UserDeclined,
    EntryKind::UserCountersigned,
    EntryKind::UserEnrolled,
    EntryKind::UserRecovered,
    EntryKind::UserLocked,
    EntryKind::UserUnlocked,
    EntryKind::AuthenticatorBound,
    EntryKind::AuthenticatorRevoked,
    EntryKind::SignInSucceeded,
    EntryKind::SignInFailed,
    EntryKind::SessionEnded,
    EntryKind::PolicyAdopted,
    EntryKind::DutyRecorded,
    EntryKind::SourceAdded,
    EntryKind::ProgramAdded,
    EntryKind::ProgramRenewed,
    EntryKind::ProgramRevoked,
    EntryKind::DeviceAdded,
    EntryKind::DeviceRevoked,
    EntryKind::SourceRenewed,
    EntryKind::SourceDisabled,
    EntryKind::ReadsImported,
    EntryKind::ReadsWithdrawn,
    EntryKind::ReadsPurged,
    EntryKind::AnswersPurged,
    EntryKind::HoldPlaced,
    EntryKind::HoldReleased,
    EntryKind::EvidenceExported,
    EntryKind::EvidenceBooked,
    EntryKind::EntriesRedacted,
    EntryKind::AuditViewed,
    EntryKind::AuditExported,
    EntryKind::AuditReported,
    EntryKind::IncidentReported,
    EntryKind::IncidentTold,
    EntryKind::AuditOpened,
    EntryKind::AuditClosed,
    EntryKind::AuditSampled,
    EntryKind::AuditRecorded,
    EntryKind::PublicReleased,
    EntryKind::PublicShown,
    EntryKind::PublicWithdrawn,
    EntryKind::BackupMade,
    EntryKind::BackupFinished,
    EntryKind::BackupRestored,
    EntryKind::ClockAccepted,
    EntryKind::AlarmResolved,
    EntryKind::FindingsExplained,
];

/// The table of what belongs beside entries of the log of `me`; `None` of a kind that is in no part of
/// it, which a test of this file keeps from being.
fn belongs(header: &Header, body: &Body, me: &AgencyId) -> Option<Belongs> {
    use Expects as E;
    use Side::{Own, Peer};
    if let Some((_, one)) = ONE_MESSAGE.iter().find(|(kind, _)| *kind == header.kind) {
        return Some(Belongs::Exactly(std::slice::from_ref(one)));
    }
    if NOTHING.contains(&header.kind) {
        return Some(Belongs::Exactly(&[]));
    }
    Some(Belongs::Exactly(match &body.event {
        Event::QueryAnswered(_) => &[(E::Query, Peer), (E::Answer, Own)],
        Event::QueryRefused(refused) if !refused.redelivered => {
            &[(E::Query, Peer), (E::Refusal, Own)]
        }
        // Nor is a proposal held against anybody that was refused.
        Event::AnswerRejected(_) | Event::AgreementRefused(_) => return Some(Belongs::Anything),
        // What these repeat stands beside an earlier entry; a head above a proof is signed by itself.
        Event::QueryRefused(_)
        | Event::QueryUnanswered(_)
        | Event::AnswerViewed(_)
        | Event::AnswerRedelivered(_)
        | Event::PeerProved(_) => return Some(Belongs::NothingOfPeer),
        Event::AlarmRaised(alarm) if alarm.version.is_some() => &[(E::Card, Peer)],
        Event::AlarmRaised(_) => &[],
        // One's own concerns every party and names none.
        Event::AgreementSuspended(_)
        | Event::AgreementResumed(_)
        | Event::AgreementWithdrawn(_)
        | Event::AgreementDeclined(_) => match header.peer {
            None => &[(E::Notice, Own)],
            Some(_) => &[(E::Notice, Peer)],
        },
        // Decided or withdrawn here or there: by whoever acts.
        Event::RequestApproved(_) | Event::RequestDenied(_) => match acts(body, me) {
            Own => &[(E::Decision, Own)],
            Peer => &[(E::Decision, Peer)],
        },
        Event::RequestWithdrawn(_) => match acts(body, me) {
            Own => &[(E::Withdrawal, Own)],
            Peer => &[(E::Withdrawal, Peer)],
        },
        Event::ReadsCorrected(_) => match header.peer {
            None => &[],
            Some(_) => &[(E::Correction, Peer)],
        },
        Event::AuditStated(stated) if stated.asked => &[(E::StatementRequest, Own)],
        Event::AuditStated(_) => &[(E::StatementRequest, Peer), (E::Statement, Own)],
        _ => return None,
    }))
}

/// What must stand beside an entry of the log of `me`.
///
/// # Errors
/// When the entry concerns nobody whom it could be about, in a sentence.
pub(super) fn beside(header: &Header, body: &Body, me: &AgencyId) -> Result<Beside, String> {
    use Expects as E;
    let belongs = belongs(header, body, me)
        .ok_or_else(|| format!("nobody knows what stands beside `{}`", header.kind))?;
    let expected = match belongs {
        Belongs::Exactly(expected) => expected,
        Belongs::NothingOfPeer => {
            peer(header, me)?;
            &[]
        }
        Belongs::Anything => {
            peer(header, me)?;
            return Ok(Beside::Anything);
        }
    };
    // An own document without an addressee names none.
    let unaddressed = |kind| {
        matches!(kind, E::Card | E::Agreement | E::Adherence | E::Notice) && header.peer.is_none()
    };
    let of = |(kind, side): &(E, Side)| {
        if unaddressed(*kind) && *side == Side::Own {
            return Ok(Expected { kind: *kind, by: me.clone(), to: me.clone() });
        }
        let peer = peer(header, me)?;
        let (by, to) = if *side == Side::Own { (me, peer) } else { (peer, me) };
        Ok(Expected { kind: *kind, by: by.clone(), to: to.clone() })
    };
    expected.iter().map(of).collect::<Result<_, _>>().map(Beside::Exactly)
}

fn acts(body: &Body, me: &AgencyId) -> Side {
    if body.actor.agency == *me { Side::Own } else { Side::Peer }
}

/// The agency that an entry between two concerns.
fn peer<'a>(header: &'a Header, me: &AgencyId) -> Result<&'a AgencyId, String> {
    let peer = header.peer.as_ref().filter(|peer| *peer != me);
    peer.ok_or_else(|| {
        format!("`{}` is between two agencies, and it names no other one", header.kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_one_part_of_the_table() {
        use EntryKind as Kind;
        // What depends on more than the kind.
        let by_case = [
            Kind::QueryAnswered,
            Kind::QueryRefused,
            Kind::AnswerRejected,
            Kind::AgreementRefused,
            Kind::QueryUnanswered,
            Kind::AnswerViewed,
            Kind::AnswerRedelivered,
            Kind::PeerProved,
            Kind::AlarmRaised,
            Kind::AgreementSuspended,
            Kind::AgreementResumed,
            Kind::AgreementWithdrawn,
            Kind::AgreementDeclined,
            Kind::RequestApproved,
            Kind::RequestDenied,
            Kind::RequestWithdrawn,
            Kind::ReadsCorrected,
            Kind::AuditStated,
        ];
        for kind in EntryKind::ALL {
            let one = ONE_MESSAGE.iter().filter(|(of, _)| of == kind).count();
            let nothing = NOTHING.iter().filter(|of| *of == kind).count();
            let by_case = by_case.iter().filter(|of| *of == kind).count();
            assert_eq!(one + nothing + by_case, 1, "{kind}");
        }
    }
}
