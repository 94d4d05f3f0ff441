//! Kept answers past their end.

use std::sync::Arc;

use schemas::time::Timestamp;

use super::hold_filter::HoldFilter;
use super::{BATCH, Retention, Run};
use crate::permission::ActError;
use audit_log::entries::retention::answers_purged;
use audit_log::entry::Entry;
use registry::State;

/// A batch of kept answers that have ended.
struct Batch {
    /// The entry of the last one; none when there are no more.
    last: Option<u64>,
    purged: u64,
    held: u64,
    holds: Arc<HoldFilter>,
}

impl Retention {
    /// Destroys kept answers past their end: an owner's after the time of redelivery, a requester's
    /// after the agreement's retention of answers.
    pub(super) async fn purge_answers(&self, run: &mut Run<'_>) -> Result<(), ActError> {
        let (mut after, mut holds) = (None, None);
        loop {
            let judge = |state, now| self.judge_answers(state, now, run, after, holds.clone());
            let (_, batch) = self.agency.act_if(judge).await?;
            if batch.last.is_none() {
                return Ok(());
            }
            after = batch.last;
            holds = Some(batch.holds);
            run.report.answers_purged = run.report.answers_purged.saturating_add(batch.purged);
            run.report.count_held(batch.held);
            run.end_batch().await;
        }
    }

    async fn judge_answers(
        &self,
        state: Arc<State>,
        now: Timestamp,
        run: &Run<'_>,
        after: Option<u64>,
        holds: Option<Arc<HoldFilter>>,
    ) -> Result<(Option<Entry>, Batch), ActError> {
        let due = self.store.ended_pages(now, after, BATCH).await?;
        let last = due.last().map(|last| last.entry);
        let holds = HoldFilter::of(self.store.as_ref(), &state, holds).await?;
        let mut ended = Vec::new();
        for pages in &due {
            if !holds.keeps_pages(pages)? {
                ended.push(pages.entry);
            }
        }
        let held = due.len().saturating_sub(ended.len()) as u64;
        let batch = Batch { last, purged: ended.len() as u64, held, holds };
        let entry = (!ended.is_empty() && !run.dry())
            .then(|| answers_purged(&state, run.actor.clone(), ended, held));
        Ok((entry, batch))
    }
}
