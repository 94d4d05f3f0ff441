//! What auditors of this agency said of findings about a peer, out of this log.

use audit::explained::Explanations;
use audit::reconcile::Finding;
use audit::view::LogEntry;
use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use store::{EntryFilter, ReadStore, StoreError};

/// Entries read at a time.
const STEP: u32 = 100;

/// Puts beside each finding what was said of it.
pub(super) async fn put_explanations(
    store: &dyn ReadStore,
    me: &AgencyId,
    peer: &AgencyId,
    findings: &mut [Finding],
) -> Result<(), StoreError> {
    if findings.is_empty() {
        return Ok(());
    }
    let filter = EntryFilter {
        peer: Some(peer.clone()),
        kind: Some(EntryKind::FindingsExplained),
        ..EntryFilter::default()
    };
    let (mut said, mut start) = (Explanations::default(), 0);
    loop {
        let step = store.entries(&filter, start, STEP).await?;
        for stored in &step {
            let entry = LogEntry::of(stored).map_err(|e| StoreError::Corrupt(e.to_string()))?;
            start = entry.header.index.saturating_add(1);
            if let Some(body) = &entry.body {
                said.see(me, &entry.header, body);
            }
        }
        if step.len() < STEP as usize {
            break;
        }
    }
    findings.iter_mut().for_each(|finding| finding.explain(&said));
    Ok(())
}
