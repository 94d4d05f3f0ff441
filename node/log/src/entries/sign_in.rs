//! Entries of signing in: enrolments, authenticators, sessions, locks, and what a second person
//! confirms.

use registry::{Change, State};
use schemas::authenticator::{
    Authenticator, AuthenticatorId, Enrolment, Lock, Proposal, Revoked, SessionEnd, SessionId,
};
use schemas::body::Actor;
use schemas::event::Event;
use schemas::event::sign_in::{
    AuthenticatorBound, AuthenticatorRevoked, SessionEnded, SignInFailed, SignInSucceeded,
    UserConfirmed, UserCountersigned, UserDeclined, UserEnrolled, UserLocked, UserProposed,
    UserRecovered,
};
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;

use crate::entry::{Auditor, Entry, Precondition};

/// A person may bind authenticators with a one-time code.
#[must_use]
pub fn user_enrolled(state: &State, actor: Actor, enrolment: Enrolment) -> Entry {
    let event = UserEnrolled { enrolment: enrolment.clone() };
    Entry::new(actor, Event::UserEnrolled(event)).changing(state, Change::Enrolment { enrolment })
}

/// A way in was made anew at the machine.
#[must_use]
pub fn user_recovered(state: &State, actor: Actor, recovered: UserRecovered) -> Entry {
    let enrolment = recovered.enrolment.clone();
    Entry::new(actor, Event::UserRecovered(recovered))
        .changing(state, Change::Enrolment { enrolment })
}

/// Authenticators are bound to `user` at `at`.
#[must_use]
pub fn authenticator_bound(
    state: &State,
    actor: Actor,
    user: &UserName,
    at: Timestamp,
    event: AuthenticatorBound,
) -> Entry {
    let change = Change::Authenticators {
        user: user.clone(),
        bound: event.bound.clone(),
        replaced: event.replaced.clone(),
        enrolled: event.enrolled,
        at,
    };
    Entry::new(actor, Event::AuthenticatorBound(event)).changing(state, change)
}

/// An authenticator counts no longer.
#[must_use]
pub fn authenticator_revoked(
    state: &State,
    actor: Actor,
    revoked: &Authenticator,
    how: Revoked,
) -> Entry {
    let authenticator: AuthenticatorId = revoked.id;
    let (user, reason) = (revoked.user.clone(), how.reason.clone());
    let event = AuthenticatorRevoked { authenticator, user, reason };
    Entry::new(actor, Event::AuthenticatorRevoked(event))
        .changing(state, Change::AuthenticatorRevoked { authenticator, revoked: how })
}

/// Somebody signed in by what counts in `state`.
#[must_use]
pub fn sign_in_succeeded(state: &State, actor: Actor, event: SignInSucceeded) -> Entry {
    Entry::new(actor, Event::SignInSucceeded(event)).provided(Precondition::registry(state))
}

/// Somebody did not sign in.
#[must_use]
pub fn sign_in_failed(actor: Actor, event: SignInFailed) -> Entry {
    Entry::new(actor, Event::SignInFailed(event))
}

/// Passwords of `user` are no longer taken, or are taken again.
#[must_use]
pub fn user_locked(state: &State, actor: Actor, user: UserName, lock: Option<Lock>) -> Entry {
    let event = UserLocked { user: user.clone(), scope: lock.as_ref().map(|lock| lock.scope) };
    let event = if lock.is_some() { Event::UserLocked(event) } else { Event::UserUnlocked(event) };
    Entry::new(actor, event).changing(state, Change::Lock { user, lock })
}

/// A session ended.
#[must_use]
pub fn session_ended(actor: Actor, session: SessionId, user: UserName, why: SessionEnd) -> Entry {
    Entry::new(actor, Event::SessionEnded(SessionEnded { session, user, why }))
}

/// Something waits for a second person.
#[must_use]
pub fn user_proposed(state: &State, actor: Actor, proposal: Proposal, gains: Vec<Text>) -> Entry {
    let event = UserProposed { proposal: proposal.clone(), gains };
    Entry::new(actor, Event::UserProposed(event)).changing(state, Change::Proposed { proposal })
}

/// A second person confirmed `proposal`.
#[must_use]
pub fn user_confirmed(state: &State, actor: Actor, proposal: &Proposal) -> Entry {
    let user: User = proposal.user.clone();
    let event = UserConfirmed {
        proposal: proposal.number,
        proposed_by: proposal.by.clone(),
        user: user.clone(),
    };
    Entry::new(actor, Event::UserConfirmed(event))
        .changing(state, Change::Confirmed { proposal: proposal.number, user })
}

/// A proposal counts no more.
#[must_use]
pub fn user_declined(state: &State, actor: Actor, proposal: u64, reason: Text) -> Entry {
    let event = UserDeclined { proposal, reason };
    Entry::new(actor, Event::UserDeclined(event)).changing(state, Change::Declined { proposal })
}

/// An auditor, `by`, countersigned what a lone administrator did for `user`.
#[must_use]
pub fn user_countersigned(
    state: &State,
    auditor: Auditor,
    user: UserName,
    by: UserName,
    reason: Text,
) -> Entry {
    let event = UserCountersigned { user: user.clone(), reason };
    Entry::audited(auditor, Event::UserCountersigned(event))
        .changing(state, Change::Countersigned { user, by })
}
