//! Going on under a clock that the log refuses: the recorded word that it is right, of an administrator
//! or of whoever owns the machine.

use registry::ClockAcceptance;
use schemas::body::Actor;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::clock::clock_accepted;

/// A clock that was accepted, and the entry that says so.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The entry.
    pub entry: u64,
    /// What was accepted.
    pub accepted: ClockAcceptance,
}

/// Records that the clock is right, which the log would not take an entry by.
///
/// # Errors
/// When the log takes entries by it, no reason is given, or the actor may not.
pub async fn accept(
    agency: &OwnAgency,
    by: &Principal,
    reason: &Text,
) -> Result<Accepted, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say with --reason why the clock is right now".into()));
    }
    record(agency, reason, |state, now| {
        let user = authorize(state, by, Permission::Administer, now)?;
        Ok((agency.actor(&user, by), Some(user.name.clone())))
    })
    .await
}

/// The same at the machine, by whoever owns the home: under a clock that the log refuses, nobody may
/// be able to prove who she is.
///
/// # Errors
/// When the log takes entries by it, or no reason is given.
pub async fn accept_at_machine(agency: &OwnAgency, reason: &Text) -> Result<Accepted, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why the clock is right: --clock-right REASON".into()));
    }
    let auth = format!("at the machine, uid {}", rustix::process::getuid().as_raw());
    let actor = Actor { auth, ..agency.node_actor() };
    record(agency, reason, |_, _| Ok((actor.clone(), None))).await
}

async fn record(
    agency: &OwnAgency,
    reason: &Text,
    who: impl Fn(&registry::State, Timestamp) -> Result<(Actor, Option<UserName>), ActError>,
) -> Result<Accepted, ActError> {
    let (appended, accepted) = agency
        .act(|state, now| {
            let (actor, by) = who(state, now)?;
            if agency.log.clock_can_be_right().is_ok() {
                let why = format!("the clock says {now}, and the log takes entries by it; there is nothing to accept");
                return Err(ActError::usage_as("clock_not_refused", why));
            }
            let last = agency.log.counters().last_at.unwrap_or(now);
            let accepted = ClockAcceptance { at: now, last, by, reason: reason.clone() };
            Ok((clock_accepted(state, actor, accepted.clone()), accepted))
        })
        .await?;
    Ok(Accepted { entry: appended.position().index, accepted })
}
