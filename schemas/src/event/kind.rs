//! The kinds of entries: a table, one row a kind.

use serde::{Deserialize, Serialize};

use crate::purpose::codes;

/// Hands the rows to a macro: kind, code, what becomes of its body (`ends` with the retention of audit
/// records, `stays`, or `judges` the destroyed ones), whether it is an `access`, `maybe_access` or
/// another `act`, and the type of what it says.
macro_rules! table {
    ($make:ident) => {
        $make! {
            /// One's own policy refused a query before it left.
            QueryDeclined = "query.declined": ends, maybe_access, exchange::QueryDeclined;
            /// Another person did not release a query that one's own screening had refused.
            ReleaseDenied = "release.denied": ends, act, exchange::ReleaseDenied;
            /// A query was signed and may leave.
            QuerySent = "query.sent": ends, access, exchange::QuerySent;
            /// Reads were released to a peer.
            QueryAnswered = "query.answered": ends, access, exchange::QueryAnswered;
            /// A peer's query was refused.
            QueryRefused = "query.refused": ends, access, exchange::QueryRefused;
            /// Nothing came in time.
            QueryUnanswered = "query.unanswered": ends, access, exchange::QueryUnanswered;
            /// An answer was verified; people may see it.
            AnswerReceived = "answer.received": ends, access, exchange::AnswerReceived;
            /// A kept answer was shown again.
            AnswerViewed = "answer.viewed": ends, access, exchange::AnswerViewed;
            /// An answer or refusal did not verify; nobody sees it.
            AnswerRejected = "answer.rejected": ends, access, exchange::AnswerRejected;
            /// An answer was sent again.
            AnswerRedelivered = "answer.redelivered": ends, access, exchange::AnswerRedelivered;
            /// A refusal was verified.
            RefusalReceived = "refusal.received": ends, access, exchange::RefusalReceived;
            /// A peer's receipt was verified.
            ReceiptRecorded = "receipt.recorded": ends, act, exchange::ReceiptRecorded;
            /// A peer proved entries of its own log that exchanges had left unproven.
            PeerProved = "peer.proved": stays, act, exchange::PeerProved;
            /// A peer that may not talk to us, or bytes that prove nothing.
            PeerRejected = "peer.rejected": stays, act, exchange::PeerRejected;
            /// One's own reads were searched.
            ReadsSearched = "reads.searched": ends, access, reads::ReadsSearched;
            /// One's own card was signed.
            CardIssued = "card.issued": stays, act, cards::CardIssued;
            /// A peer's card was added.
            CardAdded = "card.added": stays, act, cards::CardConfirmed;
            /// A peer's card was replaced, agency key included.
            CardReplaced = "card.replaced": stays, act, cards::CardConfirmed;
            /// A later version of a peer's card arrived.
            CardUpdated = "card.updated": stays, act, cards::CardUpdated;
            /// A later version of a peer's card awaits confirmation.
            CardHeld = "card.held": stays, act, cards::CardHeld;
            /// A peer was cut off.
            CardBlocked = "card.blocked": stays, act, cards::CardBlocked;
            /// A peer was let in again.
            CardUnblocked = "card.unblocked": stays, act, cards::CardBlocked;
            /// A peer was given more time for receipts.
            ReceiptsExtended = "receipts.extended": stays, act, cards::ReceiptsExtended;
            /// One proposed an agreement.
            AgreementProposed = "agreement.proposed": stays, act, authority::AgreementProposed;
            /// A peer's proposal arrived.
            AgreementReceived = "agreement.received": stays, act, authority::AgreementReceived;
            /// A peer's proposal was refused.
            AgreementRefused = "agreement.refused": stays, act, authority::AgreementRefused;
            /// One adhered.
            AgreementSigned = "agreement.signed": stays, act, authority::AgreementSigned;
            /// A peer's adherence arrived.
            AgreementAdhered = "agreement.adhered": stays, act, authority::AgreementAdhered;
            /// A party suspended its side.
            AgreementSuspended = "agreement.suspended": stays, act, authority::AgreementNoticed;
            /// A party resumed its side.
            AgreementResumed = "agreement.resumed": stays, act, authority::AgreementNoticed;
            /// A party withdrew.
            AgreementWithdrawn = "agreement.withdrawn": stays, act, authority::AgreementNoticed;
            /// A party said that it will not sign.
            AgreementDeclined = "agreement.declined": stays, act, authority::AgreementNoticed;
            /// One submitted a written request.
            RequestSubmitted = "request.submitted": stays, act, authority::RequestSubmitted;
            /// A peer's written request arrived.
            RequestReceived = "request.received": stays, act, authority::RequestReceived;
            /// A written request was approved, here or by the owner.
            RequestApproved = "request.approved": stays, act, authority::RequestDecided;
            /// A written request was denied, here or by the owner.
            RequestDenied = "request.denied": stays, act, authority::RequestDecided;
            /// A written request was withdrawn.
            RequestWithdrawn = "request.withdrawn": stays, act, authority::RequestWithdrawn;
            /// An outside body's request was filed for records release.
            RequestRecorded = "request.recorded": stays, act, authority::RequestRecorded;
            /// An outside body's request was answered.
            RequestClosed = "request.closed": stays, act, authority::RequestClosed;
            /// A user was registered.
            UserAdded = "user.added": stays, act, people::UserChanged;
            /// A user's training was recorded.
            UserTrained = "user.trained": stays, act, people::UserChanged;
            /// A user's clearance for criminal justice data was recorded.
            UserCleared = "user.cleared": stays, act, people::UserChanged;
            /// A user was disabled.
            UserDisabled = "user.disabled": stays, act, people::UserChanged;
            /// A user who was disabled may act again.
            UserEnabled = "user.enabled": stays, act, people::UserChanged;
            /// It was looked whether a user needs the account and what it may do.
            UserReviewed = "user.reviewed": stays, act, people::UserChanged;
            /// A user's access was suspended until the user is trained anew.
            UserSuspended = "user.suspended": stays, act, people::UserChanged;
            /// The agency key vouched for a user.
            UserAttested = "user.attested": stays, act, people::UserChanged;
            /// Approving authority was delegated to a user.
            UserDelegated = "user.delegated": stays, act, people::UserChanged;
            /// Of a person, something was proposed that gives power.
            UserProposed = "user.proposed": stays, act, sign_in::UserProposed;
            /// A second person confirmed a proposal.
            UserConfirmed = "user.confirmed": stays, act, sign_in::UserConfirmed;
            /// A proposal was declined or taken back.
            UserDeclined = "user.declined": stays, act, sign_in::UserDeclined;
            /// An auditor countersigned what a lone administrator did.
            UserCountersigned = "user.countersigned": stays, act, sign_in::UserCountersigned;
            /// A person may bind authenticators with a one-time code.
            UserEnrolled = "user.enrolled": stays, act, sign_in::UserEnrolled;
            /// A way in was made anew at the machine, with the node stopped.
            UserRecovered = "user.recovered": stays, act, sign_in::UserRecovered;
            /// Passwords of a person are no longer taken.
            UserLocked = "user.locked": stays, act, sign_in::UserLocked;
            /// Passwords of a person are taken again.
            UserUnlocked = "user.unlocked": stays, act, sign_in::UserLocked;
            /// Authenticators were bound to a person.
            AuthenticatorBound = "authenticator.bound": stays, act, sign_in::AuthenticatorBound;
            /// An authenticator counts no longer.
            AuthenticatorRevoked = "authenticator.revoked": stays, act, sign_in::AuthenticatorRevoked;
            /// A person signed in.
            SignInSucceeded = "sign_in.succeeded": ends, act, sign_in::SignInSucceeded;
            /// Somebody did not sign in.
            SignInFailed = "sign_in.failed": ends, act, sign_in::SignInFailed;
            /// A session ended.
            SessionEnded = "session.ended": ends, act, sign_in::SessionEnded;
            /// A policy came into force.
            PolicyAdopted = "policy.adopted": judges, act, people::PolicyAdopted;
            /// A peer's policy arrived, as its agency posts it.
            PolicyReceived = "policy.received": stays, act, people::PolicyReceived;
            /// A duty of the policy was done.
            DutyRecorded = "duty.recorded": stays, act, people::DutyRecorded;
            /// A source may send reads by itself from here on.
            SourceAdded = "source.added": stays, act, reads::SourceChanged;
            /// A source was given a new token.
            SourceRenewed = "source.renewed": stays, act, reads::SourceChanged;
            /// A source may send reads no longer.
            SourceDisabled = "source.disabled": stays, act, reads::SourceChanged;
            /// A program may be used by persons who let it.
            ProgramAdded = "program.added": stays, act, people::ProgramChanged;
            /// A program was given a new token or certificate.
            ProgramRenewed = "program.renewed": stays, act, people::ProgramChanged;
            /// A program may be used no longer.
            ProgramRevoked = "program.revoked": stays, act, people::ProgramChanged;
            /// Sessions that are opened from a device are of its class from here on.
            DeviceAdded = "device.added": stays, act, people::DeviceChanged;
            /// A device counts no longer.
            DeviceRevoked = "device.revoked": stays, act, people::DeviceChanged;
            /// Reads were imported.
            ReadsImported = "reads.imported": stays, act, reads::ReadsImported;
            /// What a source brought was withdrawn.
            ReadsWithdrawn = "reads.withdrawn": stays, act, reads::ReadsWithdrawn;
            /// A read was corrected: one's own, or one that a peer had released.
            ReadsCorrected = "reads.corrected": ends, act, reads::ReadsCorrected;
            /// Reads past their retention were destroyed.
            ReadsPurged = "reads.purged": stays, act, retention::ReadsPurged;
            /// Kept pages of answers past their retention were destroyed.
            AnswersPurged = "answers.purged": stays, act, retention::AnswersPurged;
            /// A legal hold was placed.
            HoldPlaced = "hold.placed": judges, act, retention::HoldPlaced;
            /// A legal hold was released.
            HoldReleased = "hold.released": judges, act, retention::HoldReleased;
            /// Reads and received answers of a case were put into an evidence package.
            EvidenceExported = "evidence.exported": stays, act, audit::EvidenceExported;
            /// An evidence package was booked.
            EvidenceBooked = "evidence.booked": stays, act, audit::EvidenceBooked;
            /// Bodies and envelopes past their retention are destroyed from here on.
            EntriesRedacted = "entries.redacted": judges, act, retention::EntriesRedacted;
            /// The log was read.
            AuditViewed = "audit.viewed": ends, act, audit::AuditViewed;
            /// The log was exported.
            AuditExported = "audit.exported": stays, act, audit::AuditExported;
            /// A report was made of the log.
            AuditReported = "audit.reported": ends, act, audit::AuditReported;
            /// It was reported what an incident reached.
            IncidentReported = "incident.reported": ends, act, audit::IncidentReported;
            /// Somebody was told of an incident.
            IncidentTold = "incident.told": stays, act, audit::IncidentTold;
            /// An auditor opened an audit, with its occasion.
            AuditOpened = "audit.opened": stays, act, occasion::AuditOpened;
            /// An audit was closed.
            AuditClosed = "audit.closed": stays, act, occasion::AuditClosed;
            /// Accesses, or looks at the log, were drawn for an audit.
            AuditSampled = "audit.sampled": ends, act, audit::AuditSampled;
            /// An audit was recorded with its findings.
            AuditRecorded = "audit.recorded": ends, act, audit::AuditRecorded;
            /// Something was released to the public.
            PublicReleased = "public.released": stays, act, audit::PublicReleased;
            /// The public is shown what was released.
            PublicShown = "public.shown": stays, act, audit::PublicShown;
            /// What was released to the public is shown no longer.
            PublicWithdrawn = "public.withdrawn": stays, act, audit::PublicWithdrawn;
            /// A peer was given a statement of the exchanges with it, or asked for one.
            AuditStated = "audit.stated": stays, act, audit::AuditStated;
            /// Two logs were compared.
            AuditReconciled = "audit.reconciled": stays, act, audit::AuditReconciled;
            /// An auditor said how findings came about.
            FindingsExplained = "findings.explained": stays, act, audit::FindingsExplained;
            /// A backup was begun; those that are named are destroyed.
            BackupMade = "backup.made": stays, act, retention::BackupMade;
            /// A backup is whole.
            BackupFinished = "backup.finished": stays, act, retention::BackupFinished;
            /// The node was put back from a backup.
            BackupRestored = "backup.restored": stays, act, retention::BackupRestored;
            /// A clock was accepted under which nothing was logged.
            ClockAccepted = "clock.accepted": judges, act, clock::ClockAccepted;
            /// Something that must not happen was noticed.
            AlarmRaised = "alarm.raised": stays, act, audit::AlarmRaised;
            /// An auditor resolved an alarm.
            AlarmResolved = "alarm.resolved": stays, act, audit::AlarmResolved;
        }
    };
}
pub(super) use table;

/// The codes of the rows, and what becomes of their bodies.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal: $retention:ident, $access:ident, $of:ident::$type:ident;)*) => {
        codes! {
            /// What an entry records.
            EntryKind, "entry kind" { $($(#[$doc])* $kind = $code,)* }
        }

        impl EntryKind {
            /// What becomes of the bodies of this kind.
            const fn retention(self) -> BodyRetention {
                match self { $(Self::$kind => BodyRetention::$retention,)* }
            }
        }
    };
}

table!(kinds);

/// What becomes of the bodies of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "these are the words of the table")]
enum BodyRetention {
    /// Destroyed at the end of the retention of audit records.
    ends,
    /// Kept for good.
    stays,
    /// Kept for good: a destroyed body is judged by it.
    judges,
}

impl EntryKind {
    /// Whether body and envelopes of such an entry are destroyed at the end of the retention of
    /// audit records: those of accesses, which name plates and the people who asked, and of what
    /// auditors looked up and wrote.
    ///
    /// Everything else stays: what says who was permitted what on which date, alarms, exports and
    /// comparisons with peers, and the entries of retention itself, by which a destroyed body is
    /// judged.
    #[must_use]
    pub const fn ends(self) -> bool {
        matches!(self.retention(), BodyRetention::ends)
    }

    /// Whether such an entry says what may be destroyed or was. They concern the agency itself,
    /// so that its number among those shows that none was left out.
    #[must_use]
    pub const fn judges(self) -> bool {
        matches!(self.retention(), BodyRetention::judges)
    }

    /// Whether such an entry takes in a document that a peer signed, a request for a statement among them,
    /// where the peer itself is its actor.
    #[must_use]
    pub const fn takes_in(self) -> bool {
        matches!(
            self,
            Self::AgreementReceived
                | Self::AgreementRefused
                | Self::AgreementAdhered
                | Self::AgreementSuspended
                | Self::AgreementResumed
                | Self::AgreementWithdrawn
                | Self::AgreementDeclined
                | Self::RequestReceived
                | Self::RequestApproved
                | Self::RequestDenied
                | Self::RequestWithdrawn
                | Self::ReadsCorrected
                | Self::PolicyReceived
                | Self::AuditStated
        )
    }
}
