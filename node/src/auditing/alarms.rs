//! Alarms: listing them, recording a loss, and resolving one with a reason.

use schemas::alarm::AlarmKind;
use schemas::text::Text;

use crate::context::ObservedCheckpoints;
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::audit::{alarm_resolved, loss_recorded};
use registry::{Alarm, Raised, Resolution};

/// Every alarm, open and resolved.
#[must_use]
pub fn list(agency: &OwnAgency) -> Vec<Raised> {
    agency.registry.state().alarms.values().cloned().collect()
}

/// Records that the database was put back and what it lacks is lost. `head` is the signed head that it
/// should lead to.
///
/// # Errors
/// When the log cannot be written.
pub async fn record_loss(agency: &OwnAgency, reason: &Text, head: &str) -> Result<(), ActError> {
    let recorded = agency.act(|state, now| {
        let alarm = Alarm {
            peer: agency.id.clone(),
            kind: AlarmKind::RolledBack,
            evidence: vec![head.to_owned()],
            at: now,
        };
        Ok((loss_recorded(state, agency.node_actor(), alarm, reason), ()))
    });
    recorded.await.map(drop)
}

/// Resolves an alarm: exchanges with the peer go on, from the next head that it shows. The heads that
/// the alarm rests on are forgotten among those `observed` and raise no further one.
///
/// # Errors
/// When there is no such open alarm, no reason is given, or the actor may not.
pub async fn resolve(
    agency: &OwnAgency,
    observed: &ObservedCheckpoints,
    by: &Principal,
    number: u64,
    reason: &Text,
) -> Result<Raised, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    let (_, resolved) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Audit, now)?;
            let raised = state.alarms.get(&number).ok_or_else(|| {
                ActError::usage(format!("there is no alarm {number}; see `accord audit alarms`"))
            })?;
            if raised.resolved.is_some() {
                return Err(ActError::usage(format!("alarm {number} is resolved already")));
            }
            let resolution = Resolution { reason: reason.clone(), by: user.name.clone(), at: now };
            let (auditor, peer) = (agency.auditing(state, &user, by, now)?, &raised.what.peer);
            let entry = alarm_resolved(state, auditor, peer, number, resolution.clone());
            Ok((entry, Raised { resolved: Some(resolution), ..raised.clone() }))
        })
        .await?;
    observed.forget(&resolved.what.peer);
    Ok(resolved)
}
