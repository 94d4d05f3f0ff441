//! Reads past the cut-off of the policy.

use std::sync::Arc;

use ::agreements::decide::due_reads;
use schemas::read::ReadId;
use schemas::time::Timestamp;

use super::hold_filter::HoldFilter;
use super::{BATCH, Retention, Run, cited};
use crate::permission::{ActError, policy_in_force};
use audit_log::entries::retention::reads_purged;
use audit_log::entry::Entry;
use registry::State;

/// Where a batch of due reads ends: time and id of the last one.
type Place = (Timestamp, ReadId);

/// A batch of reads past the cut-off.
struct Batch {
    /// Where the next one begins; none when there are no more.
    next: Option<Place>,
    due: u64,
    purged: u64,
    holds: Arc<HoldFilter>,
}

impl Retention {
    /// Destroys reads past the cut-off, a batch an entry, in the entry's own transaction. They were
    /// not answered any more since the cut-off. Neither the entry nor anything else keeps a plate.
    pub(super) async fn purge_reads(&self, run: &mut Run<'_>) -> Result<(), ActError> {
        let (mut after, mut holds) = (None, None);
        loop {
            let judge = |state, now| self.judge_reads(state, now, run, after, holds.clone());
            let (_, batch) = self.agency.act_if(judge).await?;
            if batch.next.is_none() {
                return Ok(());
            }
            after = batch.next;
            holds = Some(batch.holds);
            run.report.reads_due = run.report.reads_due.saturating_add(batch.due);
            run.report.reads_purged = run.report.reads_purged.saturating_add(batch.purged);
            run.report.count_held(batch.due.saturating_sub(batch.purged));
            run.end_batch().await;
        }
    }

    async fn judge_reads(
        &self,
        state: Arc<State>,
        now: Timestamp,
        run: &Run<'_>,
        after: Option<Place>,
        holds: Option<Arc<HoldFilter>>,
    ) -> Result<(Option<Entry>, Batch), ActError> {
        let policy = policy_in_force(&state)?;
        let retention = &policy.retention.reads;
        let scope = due_reads(policy, now);
        let cut_off = scope.cut_off();
        let due = self.store.due_reads(&scope, after, BATCH).await?;
        let next = due.last().map(|last| (last.at, last.id));
        let holds = HoldFilter::of(self.store.as_ref(), &state, holds).await?;
        let all = due.len();
        let mut gone = Vec::with_capacity(all);
        for read in due {
            if !holds.keeps_any_version(self.store.as_ref(), &read).await? {
                gone.push(read.id);
            }
        }
        let batch = Batch { next, due: all as u64, purged: gone.len() as u64, holds };
        let held = batch.due.saturating_sub(batch.purged);
        let entry = (!gone.is_empty() && !run.dry()).then(|| {
            let sections = cited(policy, retention);
            reads_purged(&state, run.actor.clone(), gone, held, cut_off, sections)
        });
        Ok((entry, batch))
    }
}
