//! Walking through the entries of the log that fit, in order and some at a time.

use audit::view::LogEntry;
use store::{EntryFilter, ReadStore};

use crate::permission::ActError;

/// Entries read at a time.
const STEP: u32 = 500;

/// Hands over every entry that fits `filter`, in order.
///
/// # Errors
/// When the store does not answer, or an entry cannot be read.
pub(super) async fn each(
    store: &dyn ReadStore,
    filter: &EntryFilter,
    mut take: impl FnMut(LogEntry),
) -> Result<(), ActError> {
    let mut start = 0;
    loop {
        let step = store.entries(filter, start, STEP).await?;
        for stored in &step {
            let entry = LogEntry::of(stored)?;
            start = entry.header.index.saturating_add(1);
            take(entry);
        }
        if step.len() < STEP as usize {
            return Ok(());
        }
    }
}
