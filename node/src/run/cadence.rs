//! Reconciling with each peer as often as the agreements in force with it demand.
//!
//! One peer at a look, the one that is due longest, so that a node that was down does not ask all
//! at once. What was found is an entry; a peer that cannot be heard is tried again an hour later,
//! and `accord doctor` says meanwhile that it is due.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::time::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Node;
use crate::auditing::periodic::last_of;
use crate::auditing::reconcile_schedule::schedules;
use crate::exchange::statements::Reconciler;
use crate::permission::ActError;

/// How long a peer has to state its log.
const LONGEST: Duration = Duration::from_secs(120);
/// How long after a try that failed the next one comes, in milliseconds of the node's clock.
const AGAIN_MS: i64 = schemas::time::HOUR_MS;
/// Days before the last comparison that are compared again: what was under way then is settled now.
const OVERLAP_DAYS: u32 = 2;

/// Looks at intervals until `stop`, never at the start.
pub(super) async fn keep(node: Arc<Node>, stop: CancellationToken) {
    let pause = Duration::from_secs(u64::from(node.config.exchange.reconciled_look_seconds));
    let mut tried = BTreeMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            done = reconcile_one(&node, &mut tried) => if let Err(error) = done {
                tracing::warn!(%error, "a peer that is to be reconciled with was not");
            }
        }
    }
}

/// Reconciles with the peer that is due longest, if one is.
async fn reconcile_one(
    node: &Node,
    tried: &mut BTreeMap<AgencyId, Timestamp>,
) -> Result<(), ActError> {
    let context = &node.context;
    let now = context.agency.clock.now();
    let state = context.agency.registry.state();
    let reconciled = last_of(context.store.as_ref(), EntryKind::AuditReconciled).await?;
    let due =
        schedules(&state, &context.agency.id, now).into_iter().filter_map(|(peer, schedule)| {
            let last = reconciled.get(&Some(peer.clone())).copied();
            let end = schedule.due_at(last);
            let waits = tried.get(&peer).is_some_and(|at| now < at.plus_millis(AGAIN_MS));
            let open = state.peers.get(&peer).is_some_and(|known| known.blocked.is_none())
                && state.alarm_about(&peer).is_none();
            (now >= end && open && !waits).then_some((end, peer, last))
        });
    let Some((_, peer, last)) = due.min() else { return Ok(()) };
    tried.insert(peer.clone(), now);
    let since = last.map_or(Timestamp::MIN, |last| last.minus_days(OVERLAP_DAYS));
    let (dial, actor) = (node.peers.as_ref(), context.agency.node_actor());
    let reconciler = Reconciler::of(context);
    let heard = reconciler.reconcile_as(dial, actor, &peer, since, Timestamp::MAX);
    let report = tokio::time::timeout(LONGEST, heard)
        .await
        .map_err(|_| ActError::failed(format!("`{peer}` did not state its log in time")))??;
    tried.remove(&peer);
    tracing::info!(peer.id = %peer, findings = report.findings.len(), "reconciled at cadence");
    Ok(())
}
