//! Bodies and envelopes of the log past the retention of audit records.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::ranges::Ranges;
use schemas::redaction::Redaction;
use schemas::time::{DAY_MS, Timestamp};

use super::hold_filter::HoldFilter;
use super::{BATCH, Mode, Retention, Run, cited};
use crate::permission::{ActError, policy_in_force};
use crate::retention::holds::MOST_PARTS;
use audit::view::LogEntry;
use audit_log::entries::retention::entries_redacted;
use audit_log::entry::Entry;
use registry::{MOST_SUMS, State, UsesSum};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind;
use store::{EntryFilter, ReadStore};

/// Most entries that one `entries.redacted` destroys.
const MOST_ENTRIES: u64 = 100_000;

/// Which entries are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Those that a hold kept which is released by now.
    Released,
    /// Those that fell due since the last run, from this index on.
    Due(u64),
}

/// What is looked through for one redaction.
#[derive(Debug, Default)]
struct Examined {
    gone: Ranges,
    count: u64,
    held: BTreeMap<u64, Ranges>,
    kept: Ranges,
    /// The answers among those that are destroyed.
    sums: Sums,
    /// The index after the last one looked at.
    next: u64,
}

/// Answers given and received, by day, authority and peer.
#[derive(Debug, Default)]
struct Sums(BTreeMap<(Timestamp, AuthorityId, AgencyId), (u32, u32)>);

impl Sums {
    /// Counts an entry that is destroyed, if it is an answer.
    fn count(&mut self, entry: &LogEntry) {
        let (header, body) = (&entry.header, &entry.body);
        let basis = body.as_ref().and_then(|body| body.event.access()?.basis.as_ref());
        let Some((basis, peer)) = basis.zip(header.peer.as_ref()) else { return };
        let received = match header.kind {
            EntryKind::QueryAnswered => false,
            EntryKind::AnswerReceived => true,
            _ => return,
        };
        let of = (header.at.day_start(), basis.authority.clone(), peer.clone());
        let (given, taken) = self.0.entry(of).or_default();
        let count = if received { taken } else { given };
        *count = count.saturating_add(1);
    }

    fn told(&self) -> Vec<UsesSum> {
        let told = self.0.iter().map(|((day, authority, peer), (given, received))| UsesSum {
            day: *day,
            authority: authority.clone(),
            peer: peer.clone(),
            given: *given,
            received: *received,
        });
        told.collect()
    }
}

impl Examined {
    fn nothing(&self) -> bool {
        self.count == 0 && self.held.is_empty()
    }

    /// Whether one more part would no longer fit the entry.
    fn full(&self) -> bool {
        let held: usize = self.held.values().map(|held| held.parts().len()).sum();
        self.count >= MOST_ENTRIES
            || held.saturating_add(self.kept.parts().len()) >= MOST_PARTS
            || self.sums.0.len() >= MOST_SUMS
    }

    async fn examine(
        &mut self,
        store: &dyn ReadStore,
        holds: &HoldFilter,
        entry: &LogEntry,
    ) -> Result<(), ActError> {
        let index = entry.header.index;
        let by = holds.holds_on_entry(store, entry).await?;
        if by.is_empty() {
            self.count = self.count.saturating_add(1);
            self.gone.add(index);
            self.sums.count(entry);
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

/// What was decided about one redaction.
struct Decided {
    examined: Examined,
    holds: Arc<HoldFilter>,
}

impl Retention {
    /// Destroys the bodies and envelopes of entries that end and are past their retention: first
    /// what holds kept that are released by now, then what fell due since the last run.
    pub(super) async fn redact_entries(&self, run: &mut Run<'_>) -> Result<(), ActError> {
        let mut holds = None;
        // A dry run finds the same ones again, however often it looks.
        while self.redact(run, Pass::Released, &mut holds).await?.is_some() && !run.dry() {}
        let mut start = self.agency.registry.state().redacted.until;
        while let Some(next) = self.redact(run, Pass::Due(start), &mut holds).await? {
            start = next;
        }
        run.report.count_held(self.still_held());
        Ok(())
    }

    /// One redaction: the index after the last entry that it looked at, or none when it found none.
    async fn redact(
        &self,
        run: &mut Run<'_>,
        pass: Pass,
        holds: &mut Option<Arc<HoldFilter>>,
    ) -> Result<Option<u64>, ActError> {
        let judge = |state, now| self.judge_entries(state, now, run, pass, holds.clone());
        let (appended, decided) = self.agency.act_if(judge).await?;
        let Decided { examined, holds: filter } = decided;
        if appended.is_some() {
            self.finish_redaction(run.mode).await?;
        } else if pass != Pass::Released {
            // A redaction makes what it passed by part of the registry, where it is counted.
            run.report.count_held(examined.kept.count());
        }
        *holds = Some(filter);
        run.report.entries_redacted = run.report.entries_redacted.saturating_add(examined.count);
        (run.progress)(&run.report);
        Ok((!examined.nothing()).then_some(examined.next))
    }

    async fn judge_entries(
        &self,
        state: Arc<State>,
        now: Timestamp,
        run: &Run<'_>,
        pass: Pass,
        holds: Option<Arc<HoldFilter>>,
    ) -> Result<(Option<Entry>, Decided), ActError> {
        let policy = policy_in_force(&state)?;
        let retention = &policy.retention.audit_reports;
        let cut_off = retention.period().cut_off(now);
        let holds = HoldFilter::of(self.store.as_ref(), &state, holds).await?;
        let (examined, entries) = match pass {
            Pass::Released => {
                let examined = self.released_entries(&state, &holds, cut_off).await?;
                let entries = examined.gone.clone();
                let next = state.redacted.until;
                (Examined { next, held: BTreeMap::new(), ..examined }, entries)
            }
            Pass::Due(start) => {
                let examined = self.due_entries(&holds, start, cut_off).await?;
                // What ends in between is destroyed already, or is of a kind that stays.
                let looked_at = match examined.next.checked_sub(1).filter(|last| *last >= start) {
                    Some(last) => Ranges::span(start, last),
                    None => Ranges::default(),
                };
                let entries = looked_at.without(&examined.kept);
                (examined, entries)
            }
        };
        let entry = (!examined.nothing() && !run.dry()).then(|| {
            let redaction = Redaction {
                cut_off,
                days: days_between(cut_off, now),
                sections: cited(policy, retention),
                entries,
                count: examined.count,
                held: examined.held.clone(),
                until: examined.next,
            };
            entries_redacted(&state, run.actor.clone(), redaction, examined.sums.told())
        });
        Ok((entry, Decided { examined, holds }))
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
        holds: &HoldFilter,
        start: u64,
        cut_off: Timestamp,
    ) -> Result<Examined, ActError> {
        let filter = EntryFilter { until: Some(cut_off), ending: true, ..EntryFilter::default() };
        let mut examined = Examined { next: start, ..Examined::default() };
        loop {
            let step = self.store.entries(&filter, examined.next, BATCH).await?;
            for entry in &step {
                if examined.full() {
                    return Ok(examined);
                }
                examined.examine(self.store.as_ref(), holds, &LogEntry::of(entry)?).await?;
            }
            if step.len() < BATCH as usize {
                return Ok(examined);
            }
        }
    }

    /// Entries that a hold kept which is released by now, and no other hold keeps.
    async fn released_entries(
        &self,
        state: &State,
        holds: &HoldFilter,
        cut_off: Timestamp,
    ) -> Result<Examined, ActError> {
        let held = |lasts: bool| {
            let of = state.redacted.held.iter().filter(move |(hold, _)| {
                state.holds.get(hold).is_some_and(|hold| hold.lasts() == lasts)
            });
            of.fold(Ranges::default(), |all, (_, held)| all.with(held))
        };
        let released = held(false).without(&held(true));
        let filter = EntryFilter { until: Some(cut_off), ending: true, ..EntryFilter::default() };
        let mut examined = Examined::default();
        for (first, last) in released.parts() {
            let mut start = *first;
            while start <= *last && !examined.full() && examined.gone.parts().len() < MOST_PARTS {
                let step = self.store.entries(&filter, start, BATCH).await?;
                let full = step.len() == BATCH as usize;
                for entry in &step {
                    let viewed = LogEntry::of(entry)?;
                    start = viewed.header.index.saturating_add(1);
                    if viewed.header.index > *last {
                        break;
                    }
                    examined.examine(self.store.as_ref(), holds, &viewed).await?;
                }
                if !full {
                    break;
                }
            }
        }
        Ok(examined)
    }

    /// Destroys what the last durable entry of redaction says is destroyed, as far as it is not yet; of
    /// how many entries.
    pub(crate) async fn finish_redaction(&self, mode: Mode) -> Result<u64, ActError> {
        let mut redaction = self.agency.log.redaction();
        let mut destroyed = 0u64;
        while let Some(gone) = redaction.step(BATCH).await? {
            destroyed = destroyed.saturating_add(gone);
            if gone > 0 {
                mode.pause().await;
            }
        }
        Ok(destroyed)
    }
}

/// How many whole days lie between a cut-off and the day of `now`.
fn days_between(cut_off: Timestamp, now: Timestamp) -> u32 {
    let apart = now.day_start().millis().saturating_sub(cut_off.millis());
    u32::try_from(apart.div_euclid(DAY_MS)).unwrap_or(u32::MAX)
}
