//! The word that what a peer sent is durable here: out of its entry, or, when it comes again, out of
//! what the store and the registry hold of it.
//!
//! ```
//! # use audit_log::{acknowledgement::AlreadyRecorded, append::AuditLog, release::Released};
//! # use schemas::envelope::Envelope;
//! # use store::StoreError;
//! async fn again(log: &AuditLog, envelope: &Envelope) -> Result<Option<Released>, StoreError> {
//!     let known = log.already_recorded(envelope).await?;
//!     Ok(known.map(Released::acknowledged_again))
//! }
//! ```
//! ```compile_fail,E0423
//! # use audit_log::{acknowledgement::{Acknowledgement, AlreadyRecorded}, append::AuditLog, release::Released};
//! # use schemas::envelope::Envelope;
//! # use store::StoreError;
//! async fn again(log: &AuditLog, envelope: &Envelope) -> Result<Option<Released>, StoreError> {
//!     let known = Some(AlreadyRecorded(Acknowledgement::Receipt));
//!     Ok(known.map(Released::acknowledged_again))
//! }
//! ```

use schemas::answer::Receipt;
use schemas::correction::Correction;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use serde::de::DeserializeOwned;
use store::StoreError;

use crate::append::{Appended, AuditLog};
use crate::corrections::corrections_of;
use crate::release::Released;

/// What is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgement {
    /// A receipt.
    Receipt,
    /// A document.
    Document,
}

impl Acknowledgement {
    fn released(self) -> Released {
        let kind = match self {
            Self::Receipt => FrameKind::ReceiptAck,
            Self::Document => FrameKind::DocumentAck,
        };
        Released::durable(Frame::new(kind, Vec::new()))
    }
}

/// Proof that what a peer sent again is durable here, or that what is durable leaves nothing of it to
/// record. Only the log makes one, out of what it holds.
#[derive(Debug)]
pub struct AlreadyRecorded(Acknowledgement);

impl Appended {
    /// The word that what a peer sent is durable here.
    #[must_use]
    pub fn acknowledge(&self, kind: Acknowledgement) -> Released {
        kind.released()
    }
}

impl Released {
    /// An acknowledgement given again.
    #[must_use]
    pub fn acknowledged_again(known: AlreadyRecorded) -> Self {
        known.0.released()
    }
}

impl AuditLog {
    /// Whether a receipt or a document, whose signature its receiver has verified, is recorded here
    /// already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn already_recorded(
        &self,
        envelope: &Envelope,
    ) -> Result<Option<AlreadyRecorded>, StoreError> {
        let (known, kind) = match envelope.kind() {
            Kind::Receipt => (self.has_receipt(envelope).await?, Acknowledgement::Receipt),
            Kind::Correction => (self.has_correction(envelope).await?, Acknowledgement::Document),
            _ => (self.registry.state().records(envelope), Acknowledgement::Document),
        };
        Ok(known.then_some(AlreadyRecorded(kind)))
    }

    async fn has_receipt(&self, envelope: &Envelope) -> Result<bool, StoreError> {
        let Some(receipt) = said::<Receipt>(envelope) else { return Ok(false) };
        let served = self.store.served(receipt.query_id).await?;
        Ok(served.is_some_and(|served| served.receipted && served.is_of(&receipt)))
    }

    async fn has_correction(&self, envelope: &Envelope) -> Result<bool, StoreError> {
        let Some(correction) = said::<Correction>(envelope) else { return Ok(false) };
        let before = corrections_of(self.store.as_ref(), correction.query_id).await?;
        Ok(before.iter().any(|(known, _)| known == envelope))
    }
}

/// What an envelope says, whose signature was verified before.
fn said<T: DeserializeOwned>(envelope: &Envelope) -> Option<T> {
    serde_json::from_slice(envelope.unverified_payload()).ok()
}
