//! What the log's writer counts and tells for who watches the node: entries by kind, refusals by code,
//! how long a commit takes, and which exchange each entry belongs to. Nothing here names a plate, a
//! person or a reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::query::QueryId;

use super::entry::Entry;

/// The label of an entry's kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfKind {
    kind: String,
}

/// The labels of a refusal: who pronounced it, `own_policy`, `owner` (this node, to a peer) or
/// `peer` (to this node), and its code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Refused {
    by: &'static str,
    code: String,
}

/// What the writer counted since the node started. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogMetrics {
    /// Entries that are durable.
    pub entries: Family<OfKind, Counter>,
    /// Reasons for which an access was refused.
    pub refusals: Family<Refused, Counter>,
    /// Seconds that a durable commit took, one sync for all entries of its group.
    pub commits: Histogram,
    /// Commits that failed.
    pub failed: Counter,
    failing: Arc<AtomicBool>,
}

/// What is counted and told of an entry once it is durable.
pub(super) struct EntryMetrics {
    /// Its index, once it has one.
    pub(super) index: u64,
    kind: EntryKind,
    query: Option<QueryId>,
    peer: Option<AgencyId>,
    codes: Vec<String>,
    reads: Option<u32>,
}

impl EntryMetrics {
    pub(super) fn of(entry: &Entry) -> Self {
        let reasons = entry.event.access().into_iter().flat_map(|access| &access.reasons);
        Self {
            index: 0,
            kind: entry.event.kind(),
            query: entry.query,
            peer: entry.peer.clone(),
            codes: reasons.map(|reason| reason.code.to_string()).collect(),
            reads: entry.event.access().and_then(|access| access.count),
        }
    }

    /// Tells of an exchange by its id, which is the same in the operational log of the other side.
    pub(super) fn log(&self) {
        let Some(query) = self.query else { return };
        tracing::info!(
            query.id = %query,
            peer.id = self.peer.as_ref().map(tracing::field::display),
            entry.kind = %self.kind,
            entry.index = self.index,
            answer.reads = self.reads,
            refusal.codes = (!self.codes.is_empty()).then(|| self.codes.join(" ")),
            "logged"
        );
    }
}

impl Default for LogMetrics {
    fn default() -> Self {
        Self {
            entries: Family::default(),
            refusals: Family::default(),
            // From 0.1 ms to 6.5 s.
            commits: Histogram::new(exponential_buckets(0.000_1, 2.0, 17)),
            failed: Counter::default(),
            failing: Arc::default(),
        }
    }
}

impl LogMetrics {
    /// Whether the last commit failed.
    #[must_use]
    pub fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(super) fn durable(&self, entries: &[EntryMetrics], took: Duration) {
        if entries.is_empty() {
            return;
        }
        self.failing.store(false, Ordering::Relaxed);
        self.commits.observe(took.as_secs_f64());
        for one in entries {
            let EntryMetrics { kind, codes, .. } = one;
            self.entries.get_or_create(&OfKind { kind: kind.to_string() }).inc();
            let by = match kind {
                EntryKind::QueryDeclined => "own_policy",
                EntryKind::QueryRefused => "owner",
                EntryKind::RefusalReceived => "peer",
                _ => continue,
            };
            for code in codes {
                self.refusals.get_or_create(&Refused { by, code: code.clone() }).inc();
            }
        }
    }

    pub(super) fn failed(&self) {
        self.failing.store(true, Ordering::Relaxed);
        self.failed.inc();
    }
}
