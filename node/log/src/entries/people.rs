//! Entries of people and of the policy.

use registry::{Change, Program, State};
use schemas::authenticator::Enrolment;
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::event::Event;
use schemas::event::people::{PolicyAdopted, ProgramChanged, UserChanged};
use schemas::query::UserName;
use schemas::user::User;

use crate::entry::Entry;

/// What of a person changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserChange {
    /// The person is registered.
    Added,
    /// A training is recorded.
    Trained,
    /// The person may act no longer.
    Disabled,
    /// The person may act again.
    Enabled,
    /// Somebody looked whether the person needs the account and what it may do.
    Reviewed,
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
        UserChange::Disabled => Event::UserDisabled(event),
        UserChange::Enabled => Event::UserEnabled(event),
        UserChange::Reviewed => Event::UserReviewed(event),
        UserChange::Delegated => Event::UserDelegated(event),
    };
    Entry::new(actor, event).changing(state, Change::User { user, alone, enrolment })
}

/// A policy comes into force.
#[must_use]
pub fn policy_adopted(state: &State, actor: Actor, name: &str, text: &str) -> Entry {
    let event = PolicyAdopted { name: name.to_owned(), digest: Digest::of(text.as_bytes()) };
    let change = Change::Policy { name: name.to_owned(), text: text.to_owned() };
    Entry::new(actor, Event::PolicyAdopted(event)).changing(state, change)
}

/// What of a program changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramChange {
    /// It may be used from here on.
    Added,
    /// It has a new token.
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
