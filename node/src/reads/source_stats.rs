//! What sources have sent since the node started, for `accord source list` and the metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::intake::{ImportStopped, ImportSummary};
use registry::SourceName;

/// What a source has sent since the node started.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SourceStats {
    /// When it last sent something.
    pub last_at: Option<Timestamp>,
    /// Reads that were new and are stored.
    pub stored: u64,
    /// Records that could not be used.
    pub rejected: u64,
    /// Records that told a sighting better, or otherwise, that an earlier one told.
    #[serde(default)]
    pub merged: u64,
    /// Reads by a reader's clock that was ahead.
    #[serde(default)]
    pub ahead: u64,
    /// Reads past the retention of reads, which were not taken.
    #[serde(default)]
    pub past_retention: u64,
    /// What was wrong with something that it sent, the last time anything was.
    pub error: Option<String>,
    /// When that was.
    pub error_at: Option<Timestamp>,
}

/// What every source has sent since the node started.
#[derive(Debug, Default)]
pub struct StatsBySource {
    by_name: Mutex<BTreeMap<SourceName, SourceStats>>,
}

impl StatsBySource {
    /// Counts what became of what a source sent.
    pub fn count(
        &self,
        name: &SourceName,
        at: Timestamp,
        outcome: &Result<ImportSummary, (ImportStopped, ImportSummary)>,
    ) {
        let (summary, stopped) = match outcome {
            Ok(summary) => (summary, None),
            Err((stopped, summary)) => (summary, Some(stopped.to_string())),
        };
        let first = || summary.errors.first().map(|error| format!("{}: {}", error.at, error.error));
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let stats = by_name.entry(name.clone()).or_default();
        stats.last_at = Some(at);
        stats.stored = stats.stored.saturating_add(summary.stored);
        stats.rejected = stats.rejected.saturating_add(summary.rejected);
        stats.merged = stats.merged.saturating_add(summary.merged);
        stats.ahead = stats.ahead.saturating_add(summary.ahead);
        stats.past_retention = stats.past_retention.saturating_add(summary.past_retention);
        if let Some(error) = stopped.or_else(first).or_else(|| summary.clock_trouble()) {
            stats.error = Some(error);
            stats.error_at = Some(at);
        }
    }

    /// Notes what is wrong with what a source sends, beside its records.
    pub fn note(&self, name: &SourceName, at: Timestamp, error: String) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let stats = by_name.entry(name.clone()).or_default();
        stats.error = Some(error);
        stats.error_at = Some(at);
    }

    /// What one has sent.
    #[must_use]
    pub fn of(&self, name: &SourceName) -> SourceStats {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.get(name).cloned().unwrap_or_default()
    }
}
