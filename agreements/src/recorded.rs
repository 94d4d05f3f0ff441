//! What an entry of the log says of a signed document: derived here and nowhere else, by who logs it and
//! by who checks the log.

use schemas::event::Event;
use schemas::event::authority::{
    AgreementAdhered, AgreementNoticed, AgreementProposed, AgreementReceived, AgreementSigned,
    RequestDecided, RequestReceived, RequestSubmitted, RequestWithdrawn,
};

use crate::agreement::{Act, Adherence, Agreement, Notice};
use crate::request::{Request, Ruling, Verdict, Withdrawal};

/// Whether an entry records an act of one's own or what a peer sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// An act of one's own.
    Own,
    /// A peer's act, as it arrived.
    Peer,
}

/// The text of an agreement was proposed.
#[must_use]
pub fn of_agreement(agreement: &Agreement, whose: Whose) -> Event {
    let (id, version) = (agreement.id.clone(), agreement.version);
    match whose {
        Whose::Own => Event::AgreementProposed(AgreementProposed {
            agreement: id,
            version,
            parties: agreement.parties.clone(),
        }),
        Whose::Peer => Event::AgreementReceived(AgreementReceived { agreement: id, version }),
    }
}

/// A party adhered.
#[must_use]
pub fn of_adherence(adherence: &Adherence, whose: Whose) -> Event {
    let (agreement, version) = (adherence.agreement.clone(), adherence.version);
    let signatory = adherence.signatory.name.clone();
    match whose {
        Whose::Own => Event::AgreementSigned(AgreementSigned {
            agreement,
            version,
            signatory,
            title: adherence.signatory.title.clone(),
            shares_with: adherence.shares_with.clone(),
        }),
        Whose::Peer => Event::AgreementAdhered(AgreementAdhered { agreement, version, signatory }),
    }
}

/// A party suspended or resumed its side, or withdrew.
#[must_use]
pub fn of_notice(notice: &Notice) -> Event {
    let event = AgreementNoticed {
        agreement: notice.agreement.clone(),
        version: notice.version,
        reason: notice.reason.clone(),
    };
    match notice.act {
        Act::Suspend => Event::AgreementSuspended(event),
        Act::Resume => Event::AgreementResumed(event),
        Act::Withdraw => Event::AgreementWithdrawn(event),
        Act::Decline => Event::AgreementDeclined(event),
    }
}

/// A written request was filed.
#[must_use]
pub fn of_request(request: &Request, whose: Whose) -> Event {
    let (id, requested_by) = (request.id.clone(), request.requested_by.clone());
    match whose {
        Whose::Own => Event::RequestSubmitted(RequestSubmitted {
            request: id,
            requested_by,
            purpose: request.purpose,
            case: request.case.clone(),
        }),
        Whose::Peer => Event::RequestReceived(RequestReceived { request: id, requested_by }),
    }
}

/// A written request was decided.
#[must_use]
pub fn of_ruling(ruling: &Ruling) -> Event {
    let event = RequestDecided {
        request: ruling.request.clone(),
        decided_by: ruling.decided_by.name.clone(),
        title: ruling.decided_by.title.clone(),
        reason: ruling.reason.clone(),
    };
    match ruling.verdict {
        Verdict::Approved => Event::RequestApproved(event),
        Verdict::Denied => Event::RequestDenied(event),
    }
}

/// A written request was withdrawn.
#[must_use]
pub fn of_withdrawal(withdrawal: &Withdrawal) -> Event {
    Event::RequestWithdrawn(RequestWithdrawn { request: withdrawal.request.clone() })
}
