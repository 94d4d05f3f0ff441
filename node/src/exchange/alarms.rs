//! Raising alarms: what an honest peer never shows is put on record once, with what proves it.

use audit_log::append::{AppendError, Conflict};
use audit_log::entries::audit::alarm_raised;
use registry::{Alarm, State};
use schemas::agency::AgencyId;
use schemas::alarm::AlarmKind;
use schemas::time::Timestamp;

use crate::permission::{NotActed, OwnAgency};

/// The same alarm is open already.
struct Open;

/// Raises an alarm about a peer, unless the same one is open already.
///
/// # Errors
/// When the log cannot be written.
pub(crate) async fn raise(
    agency: &OwnAgency,
    peer: &AgencyId,
    kind: AlarmKind,
    evidence: Vec<String>,
) -> Result<(), AppendError> {
    // Two conversations may show the same: the second finds the alarm of the first.
    let judge = |state: &State, at: Timestamp| {
        if state.is_alarmed(peer, kind) {
            return Err(Open);
        }
        let alarm = Alarm { peer: peer.clone(), kind, evidence: evidence.clone(), at };
        Ok((alarm_raised(state, agency.node_actor(), alarm), ()))
    };
    let raised = match agency.act_or(judge).await {
        Err(NotActed::Judged(Open)) => return Ok(()),
        Ok(_) => Ok(()),
        Err(NotActed::Log(error)) => Err(error),
        Err(NotActed::Contended) => Err(AppendError::Conflict(Conflict::Registry)),
    };
    tracing::error!(peer.id = %peer, alarm.kind = kind.words(), "alarm");
    raised
}
