//! Alarms: listing them, and resolving one with a reason.

use schemas::entry::EntryKind;
use schemas::text::Text;

use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize};
use audit_log::entry::Entry;
use registry::{Alarm, Change, Raised, Resolution};
use schemas::alarm::AlarmKind;

impl NodeContext {
    /// Every alarm, open and resolved.
    #[must_use]
    pub fn alarms(&self) -> Vec<Raised> {
        self.agency.registry.state().alarms.values().cloned().collect()
    }

    /// Records that the database was put back and what it lacks is lost.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn record_loss(&self, reason: &Text, head: &str) -> Result<(), ActError> {
        let alarm = Alarm {
            peer: self.agency.id.clone(),
            kind: AlarmKind::RolledBack,
            evidence: vec![head.to_owned()],
            at: self.agency.clock.now(),
        };
        let entry = Entry::new(EntryKind::AlarmRaised, self.agency.node_actor())
            .with_detail("alarm", AlarmKind::RolledBack.words())
            .with_detail("reason", reason.as_str())
            .untyped_changing(Change::Alarm { alarm });
        Ok(self.agency.log.append(entry).await.map(drop)?)
    }

    /// Resolves an alarm: exchanges with the peer go on, from the next head that it shows. The heads
    /// that the alarm rests on are given up and ring no further one.
    ///
    /// # Errors
    /// When there is no such open alarm, no reason is given, or the actor may not.
    pub async fn resolve_alarm(
        &self,
        by: &Principal,
        number: u64,
        reason: &Text,
    ) -> Result<Raised, ActError> {
        if reason.is_empty() {
            return Err(ActError::usage("say why with --reason".into()));
        }
        let (_, resolved) = self
            .agency
            .act(|state, now| {
                let actor = authorize(state, by, Permission::Audit, now)?;
                let raised = state.alarms.get(&number).ok_or_else(|| {
                    ActError::usage(format!(
                        "there is no alarm {number}; see `accord audit alarms`"
                    ))
                })?;
                if raised.resolved.is_some() {
                    return Err(ActError::usage(format!("alarm {number} is resolved already")));
                }
                let resolution =
                    Resolution { reason: reason.clone(), by: actor.name.clone(), at: now };
                let entry = Entry::new(EntryKind::AlarmResolved, self.agency.actor(actor, by))
                    .with_peer(&raised.what.peer)
                    .with_detail("alarm", number)
                    .with_detail("reason", reason.as_str())
                    .untyped_changing(Change::AlarmResolved {
                        alarm: number,
                        resolution: resolution.clone(),
                    });
                Ok((entry, Raised { resolved: Some(resolution), ..raised.clone() }))
            })
            .await?;
        self.observed.forget(&resolved.what.peer);
        Ok(resolved)
    }
}
