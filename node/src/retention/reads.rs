//! Reads past the cut-off of the policy, and kept answers past their end.

use ::agreements::decide::due_reads;
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::entry::EntryKind;

use super::keeping::Keeping;
use super::{BATCH, Doing, cited};
use crate::context::NodeContext;
use crate::permission::{ActError, policy_in_force};
use audit_log::entry::Entry;
use store::StateChanges;

impl NodeContext {
    /// Destroys reads past the cut-off, a batch an entry, in the entry's own transaction. They were
    /// not answered any more since the cut-off. Neither the entry nor anything else keeps a plate.
    pub(super) async fn purge_reads(
        &self,
        actor: &Actor,
        doing: &mut Doing<'_>,
    ) -> Result<(), ActError> {
        let (mut after, mut keeping) = (None, None);
        loop {
            let state = self.agency.registry.state();
            let policy = policy_in_force(&state)?;
            let retention = &policy.retention.reads;
            let scope = due_reads(policy, self.agency.clock.now());
            let cut_off = scope.cut_off();
            let due = self.store.due_reads(&scope, after, BATCH).await?;
            let Some(last) = due.last() else { return Ok(()) };
            let next = (last.at, last.id);
            let kept = Keeping::of(self, &state, keeping.take()).await?;
            let all = due.len();
            let gone: Vec<_> = due.into_iter().filter(|read| !kept.read(read)).collect();
            let (count, held) = (gone.len(), all.saturating_sub(gone.len()));
            if !gone.is_empty() && !doing.dry() {
                let purged: Vec<_> = gone.iter().map(|read| read.id).collect();
                let ids: Vec<u8> = purged.iter().flat_map(|id| *id.as_bytes()).collect();
                let entry = Entry::new(EntryKind::ReadsPurged, actor.clone())
                    .with_detail("purged", count)
                    .with_detail("held", held)
                    .with_detail("ids_digest", Digest::of(&ids).to_string())
                    .with_detail("cut_off", cut_off.to_string())
                    .with_detail("sections", cited(policy, retention))
                    .effecting(StateChanges { purged, ..StateChanges::default() });
                if self.append_upon(&state, entry).await?.is_none() {
                    continue;
                }
            }
            keeping = Some(kept);
            after = Some(next);
            doing.done.reads_due = doing.done.reads_due.saturating_add(all as u64);
            doing.done.reads_purged = doing.done.reads_purged.saturating_add(count as u64);
            doing.done.held = doing.done.held.saturating_add(held as u64);
            doing.step().await;
        }
    }

    /// Destroys kept answers past their end: an owner's after the time of redelivery, a requester's
    /// after the agreement's retention of answers.
    pub(super) async fn purge_answers(
        &self,
        actor: &Actor,
        doing: &mut Doing<'_>,
    ) -> Result<(), ActError> {
        let (mut after, mut keeping) = (None, None);
        loop {
            let state = self.agency.registry.state();
            let due = self.store.ended_pages(self.agency.clock.now(), after, BATCH).await?;
            let Some(last) = due.last() else { return Ok(()) };
            let next = last.entry;
            let kept = Keeping::of(self, &state, keeping.take()).await?;
            let mut ended = Vec::new();
            for pages in &due {
                if !kept.pages(pages)? {
                    ended.push(pages.entry);
                }
            }
            let (count, held) = (ended.len(), due.len().saturating_sub(ended.len()));
            if !ended.is_empty() && !doing.dry() {
                let places: Vec<u8> = ended.iter().flat_map(|entry| entry.to_be_bytes()).collect();
                let entry = Entry::new(EntryKind::AnswersPurged, actor.clone())
                    .with_detail("purged", count)
                    .with_detail("held", held)
                    .with_detail("entries_digest", Digest::of(&places).to_string())
                    .effecting(StateChanges { ended, ..StateChanges::default() });
                if self.append_upon(&state, entry).await?.is_none() {
                    continue;
                }
            }
            keeping = Some(kept);
            after = Some(next);
            doing.done.answers_purged = doing.done.answers_purged.saturating_add(count as u64);
            doing.done.held = doing.done.held.saturating_add(held as u64);
            doing.step().await;
        }
    }
}
