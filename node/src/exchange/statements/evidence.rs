//! What one's own log holds as evidence of a finding.

use crate::permission::{ActError, OwnAgency};
use audit::evidence::Evidence;
use audit::reconcile::Finding;
use audit_log::proofs::inclusion;
use schemas::bundle::Item;
use store::{EntryFilter, ReadStore};

/// Most findings that carry evidence; an export of both logs has it for all.
const MOST: usize = 500;
/// Most entries of one exchange.
const EACH: u32 = 32;

/// Adds to each finding the entries of its exchange in this log, with the signed envelopes and
/// the proofs of their places under the log's signed head, which it returns.
pub(super) async fn add_evidence(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    findings: &mut [Finding],
) -> Result<String, ActError> {
    let head = agency.log.head()?;
    let size = head.unverified().size;
    for finding in findings.iter_mut().take(MOST) {
        let Some(query) = finding.query_id.map(|query| query.digest()) else { continue };
        let filter = EntryFilter { query: Some(query), ..EntryFilter::default() };
        for entry in store.entries(&filter, 0, EACH).await? {
            let item = Item::of(entry);
            let Some(mut evidence) = Evidence::of(&agency.id, &item) else { continue };
            evidence.inclusion = Some(inclusion(store, evidence.index, size).await?);
            finding.evidence.push(evidence);
        }
    }
    Ok(head.to_string())
}
