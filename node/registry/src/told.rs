//! Whether an entry tells the change that it makes: an auditor reads entries, and a node acts by
//! changes, so one must not say less than the other.

use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::event::Event;

use crate::Change;

impl Change {
    /// The card that this change brings into force, one's own or a peer's.
    #[must_use]
    pub fn card(&self) -> Option<&str> {
        match self {
            Self::OwnCard { envelope }
            | Self::Card { envelope, .. }
            | Self::CardUpdate { envelope, .. } => Some(envelope),
            _ => None,
        }
    }

    /// Whether every entry of this kind makes a change.
    #[must_use]
    pub const fn is_made_by(kind: EntryKind) -> bool {
        use EntryKind as Kind;
        matches!(
            kind,
            Kind::PolicyAdopted
                | Kind::PolicyReceived
                | Kind::UserAdded
                | Kind::UserTrained
                | Kind::UserCleared
                | Kind::UserDisabled
                | Kind::UserEnabled
                | Kind::UserReviewed
                | Kind::UserSuspended
                | Kind::UserAttested
                | Kind::UserDelegated
                | Kind::UserProposed
                | Kind::UserConfirmed
                | Kind::UserDeclined
                | Kind::UserCountersigned
                | Kind::UserEnrolled
                | Kind::UserRecovered
                | Kind::UserLocked
                | Kind::UserUnlocked
                | Kind::AuthenticatorBound
                | Kind::AuthenticatorRevoked
                | Kind::CardIssued
                | Kind::CardAdded
                | Kind::CardReplaced
                | Kind::CardUpdated
                | Kind::CardHeld
                | Kind::CardBlocked
                | Kind::CardUnblocked
                | Kind::ReceiptsExtended
                | Kind::AgreementProposed
                | Kind::AgreementReceived
                | Kind::AgreementRefused
                | Kind::AgreementSigned
                | Kind::AgreementAdhered
                | Kind::AgreementSuspended
                | Kind::AgreementResumed
                | Kind::AgreementWithdrawn
                | Kind::AgreementDeclined
                | Kind::RequestSubmitted
                | Kind::RequestReceived
                | Kind::RequestApproved
                | Kind::RequestDenied
                | Kind::RequestWithdrawn
                | Kind::RequestRecorded
                | Kind::RequestClosed
                | Kind::SourceAdded
                | Kind::SourceRenewed
                | Kind::SourceDisabled
                | Kind::ProgramAdded
                | Kind::ProgramRenewed
                | Kind::ProgramRevoked
                | Kind::DeviceAdded
                | Kind::DeviceRevoked
                | Kind::AuditOpened
                | Kind::AuditClosed
                | Kind::HoldPlaced
                | Kind::HoldReleased
                | Kind::EntriesRedacted
                | Kind::PublicReleased
                | Kind::PublicWithdrawn
                | Kind::BackupMade
                | Kind::BackupFinished
                | Kind::ClockAccepted
                | Kind::AlarmRaised
                | Kind::AlarmResolved
        )
    }

    /// Whether an entry, by its header, its body and the envelopes beside it, tells this change.
    ///
    /// # Errors
    /// What it tells otherwise, in words.
    pub fn told_by(
        &self,
        header: &Header,
        body: &Body,
        envelopes: &[&str],
    ) -> Result<(), &'static str> {
        if self.document().is_some_and(|envelope| !envelopes.contains(&envelope)) {
            return Err("another document than the one that stands beside the entry");
        }
        match self.tells(header, body) {
            Some(true) => Ok(()),
            Some(false) => Err("something else than what the entry says"),
            None => Err("a change that no such entry makes"),
        }
    }

    /// The change that an entry makes which records a document and nothing else, from the envelope
    /// beside it; `None` of any other entry.
    #[must_use]
    pub fn of_document(body: &Body, envelope: &str) -> Option<Self> {
        let envelope = envelope.to_owned();
        Some(match &body.event {
            Event::CardIssued(_) => Self::OwnCard { envelope },
            Event::AgreementProposed(_) | Event::AgreementReceived(_) => {
                Self::Agreement { from: body.actor.agency.clone(), envelope }
            }
            Event::AgreementSigned(_) | Event::AgreementAdhered(_) => Self::Adherence { envelope },
            Event::AgreementSuspended(_)
            | Event::AgreementResumed(_)
            | Event::AgreementWithdrawn(_)
            | Event::AgreementDeclined(_) => Self::Notice { envelope },
            Event::RequestSubmitted(_) | Event::RequestReceived(_) => Self::Request { envelope },
            Event::RequestApproved(_) | Event::RequestDenied(_) => Self::Ruling { envelope },
            Event::RequestWithdrawn(_) => Self::Withdrawal { envelope },
            Event::PolicyReceived(_) => Self::PeerPolicy { envelope },
            _ => return None,
        })
    }

    /// The signed document that a change is made of.
    fn document(&self) -> Option<&str> {
        match self {
            Self::OwnCard { envelope }
            | Self::Card { envelope, .. }
            | Self::CardUpdate { envelope, .. }
            | Self::CardHeld { envelope, .. }
            | Self::Agreement { envelope, .. }
            | Self::Adherence { envelope }
            | Self::Notice { envelope }
            | Self::Request { envelope }
            | Self::Ruling { envelope }
            | Self::Withdrawal { envelope }
            | Self::PeerPolicy { envelope } => Some(envelope),
            _ => None,
        }
    }

    /// Whether the event says what this change does; `None` where such an event changes nothing of the
    /// kind. What stands in a signed document is compared with the event where documents are checked.
    fn tells(&self, header: &Header, body: &Body) -> Option<bool> {
        // One list of the kinds that make changes, for who reads entries and for who reads changes.
        Self::is_made_by(header.kind).then_some(())?;
        self.tells_of_people(body)
            .or_else(|| self.tells_of_documents(header, body))
            .or_else(|| self.tells_of_the_agency(header, body))
    }

    /// As [`Self::tells`], of people and what they sign in with.
    fn tells_of_people(&self, body: &Body) -> Option<bool> {
        let by = |user| body.actor.user.as_ref() == Some(user);
        Some(match (&body.event, self) {
            (
                Event::UserAdded(said)
                | Event::UserTrained(said)
                | Event::UserCleared(said)
                | Event::UserDisabled(said)
                | Event::UserEnabled(said)
                | Event::UserReviewed(said)
                | Event::UserSuspended(said)
                | Event::UserAttested(said)
                | Event::UserDelegated(said),
                Self::User { user, alone, enrolment },
            ) => {
                said.user == *user
                    && said.alone == alone.is_some()
                    && alone.iter().all(by)
                    && said.enrolment == *enrolment
            }
            (Event::UserProposed(said), Self::Proposed { proposal }) => {
                said.proposal == *proposal && by(&proposal.by)
            }
            (Event::UserConfirmed(said), Self::Confirmed { proposal, user }) => {
                said.proposal == *proposal && said.user == *user && !by(&said.proposed_by)
            }
            (Event::UserDeclined(said), Self::Declined { proposal }) => said.proposal == *proposal,
            (Event::UserCountersigned(said), Self::Countersigned { user, by: auditor }) => {
                said.user == *user && by(auditor)
            }
            (Event::UserEnrolled(said), Self::Enrolment { enrolment }) => {
                said.enrolment == *enrolment && enrolment.by.iter().all(by)
            }
            (Event::UserRecovered(said), Self::Enrolment { enrolment }) => {
                said.enrolment == *enrolment && enrolment.by.is_none()
            }
            (Event::UserLocked(said) | Event::UserUnlocked(said), Self::Lock { user, lock }) => {
                said.user == *user && said.scope == lock.as_ref().map(|lock| lock.scope)
            }
            (
                Event::AuthenticatorBound(said),
                Self::Authenticators { user, bound, replaced, enrolled, at },
            ) => {
                said.bound == *bound
                    && said.replaced == *replaced
                    && said.enrolled == *enrolled
                    && bound.iter().all(|one| one.user == *user && one.bound_at == *at)
            }
            (
                Event::AuthenticatorRevoked(said),
                Self::AuthenticatorRevoked { authenticator, revoked },
            ) => {
                said.authenticator == *authenticator
                    && said.reason == revoked.reason
                    && revoked.by.iter().all(by)
            }
            _ => return None,
        })
    }

    /// As [`Self::tells`], of cards, agreements, requests and what else is signed between agencies.
    fn tells_of_documents(&self, header: &Header, body: &Body) -> Option<bool> {
        let by = |user| body.actor.user.as_ref() == Some(user);
        Some(match (&body.event, self) {
            (Event::CardAdded(said) | Event::CardReplaced(said), Self::Card { verified, .. }) => {
                said.agency_kind == verified.kind
                    && said.state == verified.state
                    && said.verified_by == verified.how
                    && by(&verified.by)
            }
            (Event::CardHeld(said), Self::CardHeld { why, .. }) => said.why == *why,
            (Event::CardBlocked(said), Self::Block { agency, reason }) => {
                header.peer.as_ref() == Some(agency) && reason.as_ref() == Some(&said.reason)
            }
            (Event::ReceiptsExtended(said), Self::ReceiptsExtended { agency, until }) => {
                header.peer.as_ref() == Some(agency) && said.until == *until
            }
            (Event::CardUnblocked(_), Self::Block { agency, reason }) => {
                header.peer.as_ref() == Some(agency) && reason.is_none()
            }
            (
                Event::AgreementProposed(_) | Event::AgreementReceived(_),
                Self::Agreement { from, .. },
            ) => body.actor.agency == *from,
            (Event::AgreementRefused(said), Self::ProposalRefused { refused }) => {
                header.peer.as_ref() == Some(&refused.from)
                    && said.agreement == refused.agreement
                    && said.version == refused.version
                    && said.text == refused.text
                    && said.why == refused.why
            }
            (Event::CardIssued(_), Self::OwnCard { .. })
            | (Event::CardUpdated(_), Self::CardUpdate { .. })
            | (Event::AgreementSigned(_) | Event::AgreementAdhered(_), Self::Adherence { .. })
            | (
                Event::AgreementSuspended(_)
                | Event::AgreementResumed(_)
                | Event::AgreementWithdrawn(_)
                | Event::AgreementDeclined(_),
                Self::Notice { .. },
            )
            | (Event::RequestSubmitted(_) | Event::RequestReceived(_), Self::Request { .. })
            | (Event::RequestApproved(_) | Event::RequestDenied(_), Self::Ruling { .. })
            | (Event::RequestWithdrawn(_), Self::Withdrawal { .. })
            | (Event::PolicyReceived(_), Self::PeerPolicy { .. }) => true,
            _ => return None,
        })
    }

    /// As [`Self::tells`], of what the agency rules for itself.
    fn tells_of_the_agency(&self, header: &Header, body: &Body) -> Option<bool> {
        let by = |user| body.actor.user.as_ref() == Some(user);
        Some(match (&body.event, self) {
            (Event::PolicyAdopted(said), Self::Policy { name, text, .. }) => {
                said.name == *name && said.digest == Digest::of(text.as_bytes())
            }
            (Event::RequestRecorded(said), Self::RecordsRequest { request }) => {
                said.request == request.id
                    && said.from_body == request.from_body
                    && said.case == request.case
                    && said.records_release == request.to
                    && said.due == request.due
            }
            (Event::RequestClosed(said), Self::RecordsRequestClosed { request, closed }) => {
                said.request == *request
                    && said.outcome == closed.outcome
                    && said.reason == closed.reason
                    && by(&closed.by)
            }
            (Event::AlarmRaised(said), Self::Alarm { alarm }) => {
                // One of the agency's own log concerns no peer.
                said.alarm == alarm.kind
                    && header.peer.as_ref().is_none_or(|peer| *peer == alarm.peer)
            }
            (Event::AlarmResolved(said), Self::AlarmResolved { alarm, resolution }) => {
                said.alarm == *alarm && said.reason == resolution.reason && by(&resolution.by)
            }
            (Event::AuditOpened(said), Self::AuditOpened { audit }) => {
                (&said.occasion, said.occasion_kind, &said.case)
                    == (&audit.occasion, audit.occasion_kind, &audit.case)
                    && audit.closed.is_none()
                    && by(&audit.by)
            }
            (Event::AuditClosed(said), Self::AuditClosed { opened, closing }) => {
                said.opened == *opened && said.outcome == closing.outcome && by(&closing.by)
            }
            (Event::HoldPlaced(said), Self::HoldPlaced { hold }) => {
                said.hold.hold == hold.hold
                    && hold.terms().is_ok_and(|terms| terms == said.hold.terms)
                    && by(&hold.by)
            }
            (Event::HoldReleased(said), Self::HoldReleased { hold, release }) => {
                said.released == *hold && by(&release.by)
            }
            (Event::EntriesRedacted(said), Self::Redacted { redaction, .. }) => {
                said.redaction == *redaction
            }
            (
                Event::SourceAdded(said) | Event::SourceRenewed(said) | Event::SourceDisabled(said),
                Self::Source { source },
            ) => {
                said.source == source.name.to_string()
                    && said.format == source.format
                    && said.camera == source.camera
                    && said.folder == source.folder
                    && said.reason == source.disabled
                    && by(&source.by)
            }
            (
                Event::ProgramAdded(said)
                | Event::ProgramRenewed(said)
                | Event::ProgramRevoked(said),
                Self::Program { program },
            ) => {
                said.program == program.name.to_string()
                    && said.scope == program.scope
                    && said.purposes == program.purposes
                    && said.addresses == program.addresses
                    && said.certificate == program.credential.certificate()
                    && said.until == program.until
                    && said.reason == program.revoked
                    && by(&program.by)
            }
            (Event::DeviceAdded(said) | Event::DeviceRevoked(said), Self::Device { device }) => {
                said.device == device.named() && said.reason == device.revoked && by(&device.by)
            }
            (Event::PublicReleased(said), Self::PublicReleased { release }) => {
                (said.shown, said.digest, said.in_parts, &said.title)
                    == (release.shown, release.digest, release.in_parts, &release.title)
                    && said.report == release.report.map(|(entry, _)| entry)
                    && by(&release.by)
            }
            (Event::PublicWithdrawn(said), Self::PublicWithdrawn { shown }) => said.shown == *shown,
            (Event::ClockAccepted(said), Self::Clock { accepted }) => {
                said.last == accepted.last
                    && said.reason == accepted.reason
                    && accepted.at == header.at
                    && accepted.by == body.actor.user
            }
            (Event::BackupMade(said), Self::Backup { backup, .. }) => {
                said.folder == backup.folder && said.destroy_by == backup.destroy_by
            }
            (Event::BackupFinished(said), Self::BackupFinished { begun, manifest }) => {
                (said.begun, said.manifest) == (*begun, *manifest)
            }
            _ => return None,
        })
    }
}
