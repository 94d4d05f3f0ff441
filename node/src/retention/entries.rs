//! Bodies and envelopes of the log past the retention of audit records.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::body::Actor;
use schemas::entry::EntryKind;
use schemas::ranges::Ranges;
use schemas::redaction::{REDACTION, Redaction};
use schemas::time::Timestamp;

use super::keeping::Keeping;
use super::{BATCH, Doing, PAUSE, Pace, cited};
use crate::context::NodeContext;
use crate::permission::{ActError, policy_in_force};
use crate::retention::holds::MOST_PARTS;
use audit::view::Viewed;
use audit_log::entry::Entry;
use registry::{Change, State};
use store::EntryFilter;

/// Most entries that one `entries.redacted` destroys.
const MOST_ENTRIES: u64 = 100_000;

/// What is looked through for one redaction.
#[derive(Debug, Default)]
struct Found {
    gone: Ranges,
    count: u64,
    held: BTreeMap<u64, Ranges>,
    kept: Ranges,
    /// The index after the last one looked at.
    next: u64,
}

impl Found {
    /// Whether one more part would no longer fit the entry.
    fn full(&self) -> bool {
        let held: usize = self.held.values().map(|held| held.parts().len()).sum();
        self.count >= MOST_ENTRIES || held.saturating_add(self.kept.parts().len()) >= MOST_PARTS
    }

    async fn note(
        &mut self,
        context: &NodeContext,
        keeping: &Keeping,
        entry: &Viewed,
    ) -> Result<(), ActError> {
        let index = entry.header.index;
        let by = keeping.entry(context, entry).await?;
        if by.is_empty() {
            self.count = self.count.saturating_add(1);
            self.gone.add(index);
        } else {
            self.kept.add(index);
        }
        for hold in by {
            self.held.entry(hold).or_default().add(index);
        }
        self.next = index.saturating_add(1);
        Ok(())
    }
}

impl NodeContext {
    /// Destroys the bodies and envelopes of entries that end and are past their retention: first
    /// what holds kept that are released by now, then what fell due since the last run.
    pub(super) async fn redact_entries(
        &self,
        actor: &Actor,
        doing: &mut Doing<'_>,
    ) -> Result<(), ActError> {
        let (mut keeping, mut released) = (None, true);
        let mut start = self.agency.registry.state().redacted.until;
        loop {
            let state = self.agency.registry.state();
            let policy = policy_in_force(&state)?;
            let retention = &policy.retention.audit_reports;
            let cut_off = self.agency.clock.now().cut_off(retention.days);
            let kept = Keeping::of(self, &state, keeping.take()).await?;
            let (entries, found) = if released {
                let found = self.released_entries(&state, &kept, cut_off).await?;
                (found.gone.clone(), Found { next: start, held: BTreeMap::new(), ..found })
            } else {
                let found = self.due_entries(&kept, start, cut_off).await?;
                // What ends in between is destroyed already, or is of a kind that stays.
                let looked_at = match found.next.checked_sub(1).filter(|last| *last >= start) {
                    Some(last) => Ranges::span(start, last),
                    None => Ranges::default(),
                };
                (looked_at.without(&found.kept), found)
            };
            let nothing = found.count == 0 && found.held.is_empty();
            if !nothing && !doing.dry() {
                let redaction = Redaction {
                    cut_off,
                    days: retention.days,
                    sections: cited(policy, retention),
                    entries,
                    count: found.count,
                    held: found.held,
                    until: found.next,
                };
                let detail = serde_json::to_value(&redaction)
                    .map_err(|e| ActError::failed(e.to_string()))?;
                let entry = Entry::new(EntryKind::EntriesRedacted, actor.clone())
                    .with_detail(REDACTION, detail)
                    .untyped_changing(Change::Redacted { redaction: redaction.clone() });
                if self.append_upon(&state, entry).await?.is_none() {
                    continue;
                }
                self.destroy_announced(doing.pace).await?;
            } else if !released {
                // A redaction makes what it passed by part of the registry, where it is counted.
                doing.done.held = doing.done.held.saturating_add(found.kept.count());
            }
            keeping = Some(kept);
            doing.done.entries_redacted = doing.done.entries_redacted.saturating_add(found.count);
            (doing.told)(&doing.done);
            start = found.next;
            match (released, nothing) {
                (true, _) if nothing || doing.dry() => released = false,
                (false, true) => break,
                _ => {}
            }
        }
        doing.done.held = doing.done.held.saturating_add(self.still_held());
        Ok(())
    }

    /// How many entries redactions passed by for holds.
    fn still_held(&self) -> u64 {
        let state = self.agency.registry.state();
        let held = state.redacted.held.values().fold(Ranges::default(), |all, held| all.with(held));
        held.count()
    }

    /// Entries from `start` on that are past the cut-off, as many as fit one redaction.
    async fn due_entries(
        &self,
        keeping: &Keeping,
        start: u64,
        cut_off: Timestamp,
    ) -> Result<Found, ActError> {
        let filter = EntryFilter { until: Some(cut_off), ending: true, ..EntryFilter::default() };
        let mut found = Found { next: start, ..Found::default() };
        loop {
            let step = self.store.entries(&filter, found.next, BATCH).await?;
            for entry in &step {
                if found.full() {
                    return Ok(found);
                }
                found.note(self, keeping, &Viewed::of(entry)?).await?;
            }
            if step.len() < BATCH as usize {
                return Ok(found);
            }
        }
    }

    /// Entries that a hold kept which is released by now, and no other hold keeps.
    async fn released_entries(
        &self,
        state: &Arc<State>,
        keeping: &Keeping,
        cut_off: Timestamp,
    ) -> Result<Found, ActError> {
        let held = |lasts: bool| {
            let of = state.redacted.held.iter().filter(move |(hold, _)| {
                state.holds.get(hold).is_some_and(|hold| hold.lasts() == lasts)
            });
            of.fold(Ranges::default(), |all, (_, held)| all.with(held))
        };
        let released = held(false).without(&held(true));
        let filter = EntryFilter { until: Some(cut_off), ending: true, ..EntryFilter::default() };
        let mut found = Found::default();
        for (first, last) in released.parts() {
            let mut start = *first;
            while start <= *last && !found.full() && found.gone.parts().len() < MOST_PARTS {
                let step = self.store.entries(&filter, start, BATCH).await?;
                let full = step.len() == BATCH as usize;
                for entry in &step {
                    let viewed = Viewed::of(entry)?;
                    start = viewed.header.index.saturating_add(1);
                    if viewed.header.index > *last {
                        break;
                    }
                    found.note(self, keeping, &viewed).await?;
                }
                if !full {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Destroys what the last redaction says is destroyed, if a crash came between; of how many
    /// entries.
    pub(crate) async fn finish_redaction(&self, pace: Option<Pace>) -> Result<u64, ActError> {
        self.destroy_announced(pace.unwrap_or(PAUSE)).await
    }

    /// Destroys what the last durable entry of redaction says is destroyed; of how many entries.
    async fn destroy_announced(&self, pace: Pace) -> Result<u64, ActError> {
        let mut redaction = self.agency.log.redaction();
        let mut destroyed = 0u64;
        while let Some(gone) = redaction.step(BATCH).await? {
            destroyed = destroyed.saturating_add(gone);
            if gone > 0 {
                pace.pause().await;
            }
        }
        Ok(destroyed)
    }
}
