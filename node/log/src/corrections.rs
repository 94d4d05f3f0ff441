//! The corrections that peers sent of their answers, out of the log.

use schemas::correction::Correction;
use schemas::entry::EntryKind;
use schemas::envelope::Envelope;
use schemas::query::QueryId;
use store::{EntryFilter, ReadStore, StoreError};

/// Most corrections of one answer that are looked at.
const MOST: u32 = 1_000;

/// The corrections that came for the answer to a query of ours, in the order they came.
///
/// # Errors
/// When the store does not answer, or holds what the log never wrote.
pub async fn corrections_of(
    store: &dyn ReadStore,
    query: QueryId,
) -> Result<Vec<(Envelope, Correction)>, StoreError> {
    let filter = EntryFilter {
        query: Some(query.digest()),
        kind: Some(EntryKind::ReadsCorrected),
        ..EntryFilter::default()
    };
    let entries = store.entries(&filter, 0, MOST).await?;
    // One whose retention is over says nothing any more.
    let envelopes = entries.iter().filter_map(|entry| entry.envelope.as_ref());
    let corrupt = |e: String| StoreError::Corrupt(e);
    envelopes
        .map(|text| {
            let envelope = Envelope::parse(text.as_bytes()).map_err(|e| corrupt(e.to_string()))?;
            // Verified when it came, with the key in force then.
            let correction = serde_json::from_slice(envelope.unverified_payload())
                .map_err(|e| corrupt(e.to_string()))?;
            Ok((envelope, correction))
        })
        .collect()
}
