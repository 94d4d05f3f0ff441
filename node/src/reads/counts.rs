//! How many reads are stored, in all and of late.

use schemas::time::{HOUR_MS, Timestamp};
use serde::Serialize;

use crate::permission::ActError;
use store::{ReadStats, ReadStore};

/// How many reads are stored, in all and of late. Its JSON is what `accord reads stats` prints.
#[derive(Debug, Clone, Serialize)]
pub struct ReadCounts {
    /// What is stored.
    #[serde(flatten)]
    pub stored: ReadStats,
    /// Reads of the last hour.
    pub last_hour: u64,
    /// Reads of the last 24 hours.
    pub last_day: u64,
}

/// What is stored at `now`, counted read by read.
///
/// # Errors
/// When the store does not answer.
pub async fn count(store: &dyn ReadStore, now: Timestamp) -> Result<ReadCounts, ActError> {
    let stored = store.stats().await?;
    let mut since = [0; 2];
    for (count, hours) in since.iter_mut().zip([1, 24]) {
        let before = store.reads_before(now.plus_millis(hours * -HOUR_MS)).await?;
        *count = stored.reads.saturating_sub(before);
    }
    let [last_hour, last_day] = since;
    Ok(ReadCounts { stored, last_hour, last_day })
}
