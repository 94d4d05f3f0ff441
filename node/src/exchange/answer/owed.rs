//! What a requester owes before it is answered more: proofs of its log, and receipts.

use schemas::agency::AgencyId;
use schemas::refusal::{Reason, RefusalCode};
use store::StoreError;

use super::{Answering, reason};

impl Answering {
    /// Why a requester is refused for what it owes. Not kept under the query's id: it may be answered
    /// once that has come.
    pub(super) async fn owed(&self, requester: &AgencyId) -> Result<Option<Reason>, StoreError> {
        let unproven = self.proofs.unproven(requester).await?;
        if unproven.beyond {
            let message = format!(
                "your agency's log has not proven {unproven}; your node shows it by itself when it is asked: see that it runs and is connected, then ask again"
            );
            return Ok(Some(reason(RefusalCode::LogUnproven, message, "proofs")));
        }
        let late = self.late_receipts.oldest(requester).await?;
        Ok(late.map(|at| {
            let message = format!(
                "an answer of {at} to your agency is without receipt for more than {} hours; your node must send it, or this agency give it more time, before you ask more",
                self.bounds.receipt_hours
            );
            reason(RefusalCode::ReceiptsOutstanding, message, "receipts")
        }))
    }

    /// That it has more answers without receipt than it may at any time.
    pub(super) fn receipts_outstanding(&self) -> Reason {
        reason(
            RefusalCode::ReceiptsOutstanding,
            format!(
                "{} answers to your agency are without receipt; your node must send them before it asks more",
                self.bounds.receipts_outstanding
            ),
            "receipts",
        )
    }
}
