//! Entries of people and of the policy.

use registry::{Change, EnrolledDevice, Program, State};
use schemas::authenticator::Enrolment;
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::event::Event;
use schemas::event::people::{
    DeviceChanged, DutyRecorded, PolicyAdopted, PolicyReceived, ProgramChanged, UserChanged,
};
use schemas::posted::PostedPolicy;
use schemas::query::UserName;
use schemas::time::Timestamp;
use schemas::user::User;

use crate::arrived::Arrived;
use crate::entry::{Entry, Precondition};

/// What of a person changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserChange {
    /// The person is registered.
    Added,
    /// A training is recorded.
    Trained,
    /// A clearance for criminal justice data is recorded.
    Cleared,
    /// The person may act no longer.
    Disabled,
    /// The person may act again.
    Enabled,
    /// Somebody looked whether the person needs the account and what it may do.
    Reviewed,
    /// The access is suspended until the user is trained anew.
    Suspended,
    /// The agency vouches for the person with its agency key.
    Attested,
    /// Approving authority is delegated to the person.
    Delegated,
}

/// A person is as given from now on; `alone` names the administrator on whom alone that
/// rests, and the first administrator comes with an `enrolment`.
#[must_use]
pub fn user_changed(
    state: &State,
    actor: Actor,
    what: UserChange,
    user: User,
    alone: Option<UserName>,
    enrolment: Option<Enrolment>,
) -> Entry {
    let event =
        UserChanged { user: user.clone(), alone: alone.is_some(), enrolment: enrolment.clone() };
    let event = match what {
        UserChange::Added => Event::UserAdded(event),
        UserChange::Trained => Event::UserTrained(event),
        UserChange::Cleared => Event::UserCleared(event),
        UserChange::Disabled => Event::UserDisabled(event),
        UserChange::Enabled => Event::UserEnabled(event),
        UserChange::Reviewed => Event::UserReviewed(event),
        UserChange::Suspended => Event::UserSuspended(event),
        UserChange::Attested => Event::UserAttested(event),
        UserChange::Delegated => Event::UserDelegated(event),
    };
    Entry::new(actor, event).changing(state, Change::User { user, alone, enrolment })
}

/// A policy comes into force.
#[must_use]
pub fn policy_adopted(state: &State, actor: Actor, name: &str, text: &str, at: Timestamp) -> Entry {
    let event = PolicyAdopted { name: name.to_owned(), digest: Digest::of(text.as_bytes()) };
    let change = Change::Policy { name: name.to_owned(), text: text.to_owned(), at };
    Entry::new(actor, Event::PolicyAdopted(event)).changing(state, change)
}

/// A peer's policy arrived, as its agency posts it.
#[must_use]
pub fn policy_received(arrived: Arrived<'_>, posted: &PostedPolicy) -> Entry {
    let change = Change::PeerPolicy { envelope: arrived.envelope.to_text() };
    arrived.entry(Event::PolicyReceived(PolicyReceived::of(posted))).changing(arrived.state, change)
}

/// A duty of the policy was done.
#[must_use]
pub fn duty_recorded(state: &State, actor: Actor, recorded: DutyRecorded) -> Entry {
    Entry::new(actor, Event::DutyRecorded(recorded)).provided(Precondition::registry(state))
}

/// What of a program changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramChange {
    /// It may be used from here on.
    Added,
    /// It has a new token or certificate.
    Renewed,
    /// It may be used no longer.
    Revoked,
}

/// A program is as given from now on.
#[must_use]
pub fn program_changed(
    state: &State,
    actor: Actor,
    what: ProgramChange,
    program: Program,
) -> Entry {
    let event = ProgramChanged {
        program: program.name.to_string(),
        scope: program.scope.clone(),
        purposes: program.purposes.clone(),
        addresses: program.addresses.clone(),
        certificate: program.credential.certificate(),
        until: program.until,
        reason: program.revoked.clone(),
    };
    let event = match what {
        ProgramChange::Added => Event::ProgramAdded(event),
        ProgramChange::Renewed => Event::ProgramRenewed(event),
        ProgramChange::Revoked => Event::ProgramRevoked(event),
    };
    Entry::new(actor, event).changing(state, Change::Program { program })
}

/// A device is as given from now on: enrolled, or revoked.
#[must_use]
pub fn device_changed(state: &State, actor: Actor, device: EnrolledDevice) -> Entry {
    let event = DeviceChanged { device: device.named(), reason: device.revoked.clone() };
    let event = match &device.revoked {
        None => Event::DeviceAdded(event),
        Some(_) => Event::DeviceRevoked(event),
    };
    Entry::new(actor, event).changing(state, Change::Device { device })
}
