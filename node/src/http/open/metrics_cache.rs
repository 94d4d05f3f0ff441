//! Numbers for the metrics that take the store a while to count: counted now and then, and kept.

use std::sync::Arc;

use arc_swap::ArcSwap;
use schemas::time::Timestamp;

use crate::retention::{Retention, RetentionReport};
use store::ReadStore;

/// What was counted last.
#[derive(Debug, Default)]
pub struct CachedCounts {
    /// Reads stored.
    pub reads: Option<u64>,
    /// What is past its retention.
    pub past_retention: Option<RetentionReport>,
}

/// Keeps what was counted last.
#[derive(Debug, Default)]
pub struct MetricsCache {
    counts: ArcSwap<CachedCounts>,
}

impl MetricsCache {
    /// What was counted last.
    #[must_use]
    pub fn counts(&self) -> Arc<CachedCounts> {
        self.counts.load_full()
    }

    /// Counts. What cannot be counted is not told, rather than an old number.
    pub async fn count(&self, store: &dyn ReadStore, retention: &Retention) {
        let reads = store.reads_before(Timestamp::MAX).await.ok();
        let past_retention = retention.status().await.ok();
        self.counts.store(Arc::new(CachedCounts { reads, past_retention }));
    }
}
