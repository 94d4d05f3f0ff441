//! The registry's changes, as they stand in the audit log's transaction. Their JSON is stored for
//! ever: what is written here is read back by every later version.

use schemas::agency::AgencyId;
use schemas::authenticator::{Authenticator, AuthenticatorId, Enrolment, Lock, Proposal, Revoked};
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::event::audit::Shown;
use schemas::query::UserName;
use schemas::redaction::Redaction;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;
use serde::{Deserialize, Serialize};

use super::alarms::{Alarm, Resolution};
use super::audits::{AuditClosing, OpenedAudit};
use super::backups::Backup;
use super::clock::ClockAcceptance;
use super::devices::EnrolledDevice;
use super::holds::{Hold, Release};
use super::peers::Verified;
use super::programs::Program;
use super::public::PublicRelease;
use super::sources::Source;
use crate::{RecordsClosed, RecordsRequest, RefusedProposal, UsesSum};

/// One change of who may do what. Stands beside its entry and is never deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A policy came into force.
    Policy {
        /// Its name, for messages.
        name: String,
        /// Its exact text.
        text: String,
        /// Since when.
        at: Timestamp,
    },
    /// The policy that a peer has in force, as it posts it.
    PeerPolicy {
        /// Its envelope.
        envelope: String,
    },
    /// A user is as given from now on.
    User {
        /// The user.
        user: User,
        /// The administrator on whom alone rests what the user gains.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alone: Option<UserName>,
        /// The one-time enrolment that comes with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrolment: Option<Enrolment>,
    },
    /// A person may bind authenticators with a one-time code.
    Enrolment {
        /// The enrolment.
        enrolment: Enrolment,
    },
    /// Authenticators were bound to a person.
    Authenticators {
        /// The person.
        user: UserName,
        /// Which.
        bound: Vec<Authenticator>,
        /// Those that count no longer.
        replaced: Vec<AuthenticatorId>,
        /// Whether the person's enrolment is used up.
        enrolled: bool,
        /// When.
        at: Timestamp,
    },
    /// An authenticator counts no longer.
    AuthenticatorRevoked {
        /// Which.
        authenticator: AuthenticatorId,
        /// Since when and why.
        revoked: Revoked,
    },
    /// Passwords of a person are no longer taken, or are again.
    Lock {
        /// The person.
        user: UserName,
        /// From where they are not; absent where they are taken.
        lock: Option<Lock>,
    },
    /// Something waits for a second person.
    Proposed {
        /// What.
        proposal: Proposal,
    },
    /// A second person confirmed: a user is as given from now on.
    Confirmed {
        /// The proposal's number.
        proposal: u64,
        /// The user.
        user: User,
    },
    /// A proposal counts no more.
    Declined {
        /// Its number.
        proposal: u64,
    },
    /// An auditor countersigned what a lone administrator did.
    Countersigned {
        /// Of whom.
        user: UserName,
        /// The auditor.
        by: UserName,
    },
    /// One's own card.
    OwnCard {
        /// Its envelope.
        envelope: String,
    },
    /// A peer's card, confirmed by a person.
    Card {
        /// Its envelope.
        envelope: String,
        /// What the administrator verified.
        verified: Verified,
    },
    /// A later version of a peer's card that changes nothing a person must confirm.
    CardUpdate {
        /// Its envelope.
        envelope: String,
        /// When it came.
        at: Timestamp,
    },
    /// A later version of a peer's card that a person must confirm.
    CardHeld {
        /// Its envelope.
        envelope: String,
        /// Why.
        why: String,
        /// When it came.
        at: Timestamp,
    },
    /// A peer is cut off, or let in again.
    Block {
        /// The peer.
        agency: AgencyId,
        /// Why it is cut off; absent when it is let in.
        reason: Option<Text>,
    },
    /// A peer has more time for receipts.
    ReceiptsExtended {
        /// The peer.
        agency: AgencyId,
        /// Until when none is too late.
        until: Timestamp,
    },
    /// An agreement's text.
    Agreement {
        /// Who proposed it.
        from: AgencyId,
        /// Its envelope.
        envelope: String,
    },
    /// A peer's proposal was refused.
    ProposalRefused {
        /// Which, and why.
        refused: RefusedProposal,
    },
    /// An adherence.
    Adherence {
        /// Its envelope.
        envelope: String,
    },
    /// A suspension, resumption or withdrawal.
    Notice {
        /// Its envelope.
        envelope: String,
    },
    /// A written request.
    Request {
        /// Its envelope.
        envelope: String,
    },
    /// The decision on a written request.
    Ruling {
        /// Its envelope.
        envelope: String,
    },
    /// The withdrawal of a written request.
    Withdrawal {
        /// Its envelope.
        envelope: String,
    },
    /// Something that an honest log or peer does not show was noticed.
    Alarm {
        /// The alarm.
        alarm: Alarm,
    },
    /// An auditor resolved an alarm.
    AlarmResolved {
        /// The alarm's number.
        alarm: u64,
        /// How.
        resolution: Resolution,
    },
    /// An auditor opened an audit; its number is the index of the entry.
    AuditOpened {
        /// The audit.
        audit: OpenedAudit,
    },
    /// An audit was closed.
    AuditClosed {
        /// The entry by which it was opened.
        opened: u64,
        /// How.
        closing: AuditClosing,
    },
    /// A legal hold was placed.
    HoldPlaced {
        /// The hold.
        hold: Hold,
    },
    /// A legal hold was released.
    HoldReleased {
        /// Its number.
        hold: u64,
        /// How.
        release: Release,
    },
    /// Bodies and envelopes of the log past their retention are destroyed.
    Redacted {
        /// Which.
        redaction: Redaction,
        /// The answers among them, at most [`MOST_SUMS`](super::MOST_SUMS).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sums: Vec<UsesSum>,
    },
    /// A source is as given from now on.
    Source {
        /// The source.
        source: Source,
    },
    /// A program is as given from now on.
    Program {
        /// The program.
        program: Program,
    },
    /// A device is as given from now on.
    Device {
        /// The device.
        device: EnrolledDevice,
    },
    /// Something was released to the public.
    PublicReleased {
        /// What.
        release: PublicRelease,
    },
    /// What was released to the public is shown no longer.
    PublicWithdrawn {
        /// What.
        shown: Shown,
    },
    /// A backup was begun, and those made at these instants are no longer where they were.
    Backup {
        /// The backup.
        backup: Backup,
        /// When those were made.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        forgotten: Vec<Timestamp>,
    },
    /// A backup is whole.
    BackupFinished {
        /// When it was begun.
        begun: Timestamp,
        /// SHA-256 of its manifest.
        manifest: Digest,
    },
    /// A clock was accepted under which nothing was logged.
    Clock {
        /// Which, and why.
        accepted: ClockAcceptance,
    },
    /// A request of an outside body, for records release.
    RecordsRequest {
        /// The request.
        request: RecordsRequest,
    },
    /// A request of an outside body was answered.
    RecordsRequestClosed {
        /// Which.
        request: AuthorityId,
        /// How.
        closed: RecordsClosed,
    },
}
