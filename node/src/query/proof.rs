//! What one's own log holds as evidence of a finding.

use crate::audit::bundle::Item;
use crate::audit::evidence::Evidence;
use crate::audit::reconcile::Finding;
use crate::office::Office;
use crate::store::{EntryFilter, StoreError};

/// Most findings that carry evidence; an export of both logs has it for all.
const MOST: usize = 500;
/// Most entries of one exchange.
const EACH: u32 = 32;

impl Office {
    /// Adds to each finding the entries of its exchange in this log, with the signed envelopes.
    pub(super) async fn add_evidence(&self, findings: &mut [Finding]) -> Result<(), StoreError> {
        for finding in findings.iter_mut().take(MOST) {
            let query = Some(finding.query_id.digest());
            let filter = EntryFilter { query, ..EntryFilter::default() };
            for entry in self.store.entries(&filter, 0, EACH).await? {
                let item = Item { entry, border: false, judges: false, inclusion: None };
                finding.evidence.extend(Evidence::of(&self.me, &item));
            }
        }
        Ok(())
    }
}
