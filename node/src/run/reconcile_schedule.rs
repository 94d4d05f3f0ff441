//! Reconciling with each peer as often as the agreements in force with it demand.
//!
//! One peer at a look, the one that is due longest, so that a node that was down does not ask all
//! at once. What was found is an entry; a peer that cannot be heard is tried again an hour later,
//! and `accord doctor` says meanwhile that it is due.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::time::Timestamp;

use super::Node;
use super::schedule::{JobError, Work};
use crate::auditing::periodic::last_of;
use crate::auditing::reconcile_schedule::schedules;
use crate::exchange::statements::Reconciler;
use crate::permission::ActError;
use audit_log::entry::Auditor;

/// How long a peer has to state its log.
const LONGEST: Duration = Duration::from_secs(120);
/// How long after a try that failed the next one comes, in milliseconds of the node's clock.
const AGAIN_MS: i64 = schemas::time::HOUR_MS;
/// Days before the last comparison that are compared again: what was under way then is settled now.
const OVERLAP_DAYS: u32 = 2;

/// Who is to be reconciled with next.
pub(super) struct ReconcileSchedule {
    node: Arc<Node>,
    /// Peers with which the last try failed, and when that was.
    tried: BTreeMap<AgencyId, Timestamp>,
}

impl ReconcileSchedule {
    pub(super) fn new(node: Arc<Node>) -> Self {
        Self { node, tried: BTreeMap::new() }
    }

    /// The peer that is due longest, if one is, and when it was last reconciled with.
    async fn due(&self) -> Result<Option<(AgencyId, Option<Timestamp>)>, ActError> {
        let context = &self.node.context;
        let now = context.agency.clock.now();
        let state = context.agency.registry.state();
        let reconciled = last_of(context.store.as_ref(), EntryKind::AuditReconciled).await?;
        let due = schedules(&state, &context.agency.id, now).into_iter().filter_map(
            |(peer, schedule)| {
                let last = reconciled.get(&Some(peer.clone())).copied();
                let end = schedule.due_at(last);
                let waits = self.tried.get(&peer).is_some_and(|at| now < at.plus_millis(AGAIN_MS));
                let open = state.peers.get(&peer).is_some_and(|known| known.blocked.is_none())
                    && state.alarm_about(&peer).is_none();
                (now >= end && open && !waits).then_some((end, peer, last))
            },
        );
        Ok(due.min().map(|(_, peer, last)| (peer, last)))
    }
}

#[async_trait]
impl Work for ReconcileSchedule {
    async fn run(&mut self) -> Result<(), JobError> {
        let Some((peer, last)) = self.due().await? else { return Ok(()) };
        let (node, context) = (&self.node, &self.node.context);
        self.tried.insert(peer.clone(), context.agency.clock.now());
        let since = last.map_or(Timestamp::MIN, |last| last.minus_days(OVERLAP_DAYS));
        let auditor = Auditor::nobody(context.agency.node_actor());
        let dial = node.peers.as_ref();
        let reconciler = Reconciler::of(context);
        let heard = reconciler.reconcile_as(dial, auditor, &peer, since, Timestamp::MAX);
        let report = tokio::time::timeout(LONGEST, heard)
            .await
            .map_err(|_| ActError::failed(format!("`{peer}` did not state its log in time")))?
            .map_err(|e| format!("`{peer}` could not be reconciled with: {e}"))?;
        self.tried.remove(&peer);
        tracing::info!(peer.id = %peer, findings = report.findings.len(), "reconciled when due");
        Ok(())
    }
}
