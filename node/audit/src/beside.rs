//! Which signed messages stand beside an entry, in which order, and who may have signed each: for every
//! kind of entry exactly one answer, relative to the agency that keeps the log and the one that the
//! entry concerns.

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::entry::Header;
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

/// The table of what belongs beside entries of the log of `me`.
fn belongs(header: &Header, body: &Body, me: &AgencyId) -> Belongs {
    use Expects as E;
    use Side::{Own, Peer};
    Belongs::Exactly(match &body.event {
        Event::QuerySent(_) => &[(E::Query, Own)],
        Event::QueryAnswered(_) => &[(E::Query, Peer), (E::Answer, Own)],
        Event::QueryRefused(refused) if !refused.redelivered => {
            &[(E::Query, Peer), (E::Refusal, Own)]
        }
        Event::AnswerReceived(_) => &[(E::Answer, Peer)],
        Event::RefusalReceived(_) => &[(E::Refusal, Peer)],
        Event::ReceiptRecorded(_) => &[(E::Receipt, Peer)],
        // Nor is a proposal held against anybody that was refused.
        Event::AnswerRejected(_) | Event::AgreementRefused(_) => return Belongs::Anything,
        // What these repeat stands beside an earlier entry; a head above a proof is signed by itself.
        Event::QueryRefused(_)
        | Event::QueryUnanswered(_)
        | Event::AnswerViewed(_)
        | Event::AnswerRedelivered(_)
        | Event::PeerProved(_) => return Belongs::NothingOfPeer,
        Event::CardIssued(_) => &[(E::Card, Own)],
        Event::CardAdded(_)
        | Event::CardReplaced(_)
        | Event::CardUpdated(_)
        | Event::CardHeld(_) => &[(E::Card, Peer)],
        Event::AlarmRaised(alarm) if alarm.version.is_some() => &[(E::Card, Peer)],
        Event::AgreementProposed(_) => &[(E::Agreement, Own)],
        Event::AgreementReceived(_) => &[(E::Agreement, Peer)],
        Event::AgreementSigned(_) => &[(E::Adherence, Own)],
        Event::AgreementAdhered(_) => &[(E::Adherence, Peer)],
        // One's own concerns every party and names none.
        Event::AgreementSuspended(_)
        | Event::AgreementResumed(_)
        | Event::AgreementWithdrawn(_) => match header.peer {
            None => &[(E::Notice, Own)],
            Some(_) => &[(E::Notice, Peer)],
        },
        Event::RequestSubmitted(_) => &[(E::Request, Own)],
        Event::RequestReceived(_) => &[(E::Request, Peer)],
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
        Event::AuditReconciled(_) => &[(E::Statement, Peer)],
        Event::QueryDeclined(_)
        | Event::PeerRejected(_)
        | Event::ReadsSearched(_)
        | Event::CardBlocked(_)
        | Event::CardUnblocked(_)
        | Event::ReceiptsExtended(_)
        | Event::RequestRecorded(_)
        | Event::UserAdded(_)
        | Event::UserTrained(_)
        | Event::UserDisabled(_)
        | Event::UserEnabled(_)
        | Event::UserReviewed(_)
        | Event::UserDelegated(_)
        | Event::UserProposed(_)
        | Event::UserConfirmed(_)
        | Event::UserDeclined(_)
        | Event::UserCountersigned(_)
        | Event::UserEnrolled(_)
        | Event::UserRecovered(_)
        | Event::UserLocked(_)
        | Event::UserUnlocked(_)
        | Event::AuthenticatorBound(_)
        | Event::AuthenticatorRevoked(_)
        | Event::SignInSucceeded(_)
        | Event::SignInFailed(_)
        | Event::SessionEnded(_)
        | Event::PolicyAdopted(_)
        | Event::SourceAdded(_)
        | Event::ProgramAdded(_)
        | Event::ProgramRenewed(_)
        | Event::ProgramRevoked(_)
        | Event::SourceRenewed(_)
        | Event::SourceDisabled(_)
        | Event::ReadsImported(_)
        | Event::ReadsWithdrawn(_)
        | Event::ReadsPurged(_)
        | Event::AnswersPurged(_)
        | Event::HoldPlaced(_)
        | Event::HoldReleased(_)
        | Event::EvidenceExported(_)
        | Event::EntriesRedacted(_)
        | Event::AuditViewed(_)
        | Event::AuditExported(_)
        | Event::AuditReported(_)
        | Event::AuditSampled(_)
        | Event::AuditRecorded(_)
        | Event::BackupMade(_)
        | Event::BackupFinished(_)
        | Event::BackupRestored(_)
        | Event::ClockAccepted(_)
        | Event::AlarmRaised(_)
        | Event::AlarmResolved(_) => &[],
    })
}

/// What must stand beside an entry of the log of `me`.
///
/// # Errors
/// When the entry concerns nobody whom it could be about, in a sentence.
pub(super) fn beside(header: &Header, body: &Body, me: &AgencyId) -> Result<Beside, String> {
    use Expects as E;
    let expected = match belongs(header, body, me) {
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
