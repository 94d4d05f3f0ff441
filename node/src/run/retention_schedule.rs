//! When retention runs by itself: kept answers that have ended are destroyed all day long; once a day,
//! at a quiet pace, reads and the bodies of the log that are past their retention.
//!
//! A clock that stands far ahead would end everything at once. So the node destroys nothing by itself
//! under a clock that cannot be right, for two days after a clock was accepted, and when more than two
//! days have passed since its last entry; it does on the next day, or a person has it done with
//! `accord retention run`.

use async_trait::async_trait;
use schemas::time::Timestamp;

use super::schedule::{JobError, Work};
use crate::permission::OwnAgency;
use crate::retention::Retention;

/// How long the log may have been silent, in milliseconds.
const SILENT_MS: u64 = 2 * 86_400_000;

/// When retention ran, and how long the log had been silent before.
pub(super) struct RetentionSchedule {
    agency: OwnAgency,
    retention: Retention,
    /// The last day on which a run ended well.
    day: Option<Timestamp>,
    /// When the last entry was made, as of the last look.
    last_entry_at: Option<Timestamp>,
}

impl RetentionSchedule {
    pub(super) fn new(agency: OwnAgency, retention: Retention) -> Self {
        let last_entry_at = agency.log.counters().last_at;
        Self { agency, retention, day: None, last_entry_at }
    }
}

#[async_trait]
impl Work for RetentionSchedule {
    async fn run(&mut self) -> Result<(), JobError> {
        let now = self.agency.clock.now();
        let silent = self.last_entry_at.is_some_and(|last| last.distance(now) > SILENT_MS);
        self.last_entry_at = self.agency.log.counters().last_at;
        self.agency.log.clock_can_be_right()?;
        let state = self.agency.registry.state();
        let accepted = state.clock.last.as_ref();
        if accepted.is_some_and(|accepted| accepted.at.distance(now) <= SILENT_MS) {
            tracing::warn!(
                "a clock was accepted less than two days ago; nothing is destroyed by it yet, unless with `accord retention run`"
            );
            return Ok(());
        }
        if silent {
            // Of the time before a jump of the clock nothing is known: a day must pass.
            self.day = Some(now.day_start());
            tracing::warn!(
                "the clock is more than two days past the last entry; nothing is destroyed today, unless with `accord retention run`"
            );
            return Ok(());
        }
        let answers = self.retention.purge_ended_answers().await?;
        if answers > 0 {
            tracing::info!(answers, "kept answers have ended and were destroyed");
        }
        if self.day == Some(now.day_start()) {
            return Ok(());
        }
        let report = self.retention.run_daily().await?;
        self.day = Some(now.day_start());
        if report.any() {
            tracing::info!(
                reads = report.reads_purged,
                answers = report.answers_purged,
                entries = report.entries_redacted,
                "what was past its retention was destroyed"
            );
        }
        Ok(())
    }
}
