//! Signed heads on the wire: asking peers to cosign the head of this log, cosigning theirs, and proving
//! that the trees of a log lead one to the next.
//!
//! What leaves is derived here from the log's own tree, from a head that was judged and then kept
//! durably, or is a typed refusal: nobody sends other bytes as a frame of these kinds.
//!
//! ```
//! # use audit_log::{cosigning::Cosigned, release::Released};
//! fn reply(cosigned: &Cosigned) -> Released {
//!     Released::cosigned(cosigned)
//! }
//! ```
//! ```compile_fail,E0308
//! # use audit_log::{cosigning::Cosigned, release::Released};
//! fn reply(any: &[u8]) -> Released {
//!     Released::cosigned(any)
//! }
//! ```
//!
//! A cosignature that was not made on a head which is kept is none that leaves:
//!
//! ```compile_fail,E0451
//! # use audit_log::{cosigning::Cosigned, release::Released};
//! # use schemas::note::SignatureLine;
//! fn reply(line: SignatureLine) -> Released {
//!     Released::cosigned(&Cosigned { line })
//! }
//! ```

use schemas::agency::AgencyId;
use schemas::checkpoint::{SignedCheckpoint, origin};
use schemas::frame::FrameKind;
use schemas::note::{Cosigner, SignatureLine};
use schemas::time::Timestamp;
use schemas::witness::{
    Advance, ConsistencyReply, ConsistencyRequest, HeadsShown, WitnessRefusal, WitnessReply,
    WitnessRequest,
};
use store::{StoreError, Witnessed};

use crate::append::{AppendError, AuditLog};
use crate::proofs::{consistencies, consistency};
use crate::release::Released;

/// Why the head of this log cannot be shown to a witness.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// It cannot be signed.
    #[error(transparent)]
    Log(#[from] AppendError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The head of this log as a witness is asked to cosign it. Only the log makes one.
#[derive(Debug)]
pub struct CosigningRequest {
    head: SignedCheckpoint,
    frame: Released,
}

impl CosigningRequest {
    /// The size of the head, in entries.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.head.unverified().size
    }

    /// The frame that asks.
    #[must_use]
    pub fn frame(&self) -> &Released {
        &self.frame
    }

    /// The head, for the cosignature that came.
    #[must_use]
    pub fn into_head(self) -> SignedCheckpoint {
        self.head
    }
}

/// The head of a peer's log that is kept here: what is cosigned next must lead on from it. Only the
/// log makes one, out of its store.
#[derive(Debug, Clone)]
pub struct HeldHead(Witnessed);

impl HeldHead {
    /// The head.
    #[must_use]
    pub fn witnessed(&self) -> &Witnessed {
        &self.0
    }

    fn place(&self) -> (u64, schemas::digest::Digest) {
        (self.0.size, self.0.root)
    }
}

/// A cosignature on a head that was judged and is kept durably. Only the log makes one.
#[derive(Debug)]
pub struct Cosigned {
    line: SignatureLine,
}

impl AuditLog {
    /// Asks a witness, which is known to have cosigned `old_size` entries, to cosign the present head.
    ///
    /// # Errors
    /// When the head cannot be signed, or the database does not answer.
    pub async fn cosigning_request(&self, old_size: u64) -> Result<CosigningRequest, HeadError> {
        let head = self.head()?;
        let size = head.unverified().size;
        let proof = consistency(self.store.as_ref(), old_size, size).await?;
        let request = WitnessRequest { old_size, proof, checkpoint: head.to_string() };
        let frame = Released::json(FrameKind::Witness, &request);
        Ok(CosigningRequest { head, frame })
    }

    /// The head of a peer's log that is kept here.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn held_head(&self, peer: &AgencyId) -> Result<Option<HeldHead>, StoreError> {
        Ok(self.store.witnessed(peer).await?.map(HeldHead))
    }

    /// Keeps the head that `advance` judged in the place of `replaces`, durably, and then cosigns it.
    /// `None` when another head came to stand there meanwhile: it is to be judged again.
    ///
    /// # Errors
    /// When the database does not answer, or the head is of another agency's log.
    pub async fn cosign(
        &self,
        peer: &AgencyId,
        replaces: Option<&HeldHead>,
        advance: &Advance,
        cosigner: &Cosigner,
        at: Timestamp,
    ) -> Result<Option<Cosigned>, StoreError> {
        if advance.checkpoint().origin != origin(peer) {
            return Err(StoreError::Corrupt(format!("a head that is not of the log of `{peer}`")));
        }
        let kept = self.keep_head(peer, replaces, advance.signed()).await?;
        Ok(kept.then(|| Cosigned { line: advance.cosign(cosigner, at) }))
    }

    /// Keeps a head of a peer's log, which was proven to lead on from `replaces`, in its place; whether
    /// that was still what stood there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_head(
        &self,
        peer: &AgencyId,
        replaces: Option<&HeldHead>,
        head: &SignedCheckpoint,
    ) -> Result<bool, StoreError> {
        let shown = head.unverified();
        let head = Witnessed { size: shown.size, root: shown.root, checkpoint: head.to_string() };
        self.store.witness(peer, replaces.map(HeldHead::place), &head).await
    }

    /// Keeps a head of this log with its cosignatures, in the place of one of its size.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_cosigned(&self, head: &SignedCheckpoint) -> Result<(), StoreError> {
        self.store.keep_cosigned(head.unverified().size, &head.to_string()).await
    }

    /// Proves that the trees of this log of the sizes asked for lead one to the next. What this log
    /// does not reach it cannot prove: no proof at all says so.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn consistency(&self, asked: &ConsistencyRequest) -> Result<Released, StoreError> {
        let proofs = if asked.within(self.counters().size) {
            consistencies(self.store.as_ref(), &asked.sizes).await?
        } else {
            Vec::new()
        };
        Ok(Released::json(FrameKind::Consistency, &ConsistencyReply { proofs }))
    }
}

impl Released {
    /// A peer's head was cosigned.
    #[must_use]
    pub fn cosigned(cosigned: &Cosigned) -> Self {
        Self::json(FrameKind::Witnessed, &WitnessReply::Cosigned(cosigned.line.to_string()))
    }

    /// A peer's head was not cosigned, and which head of its log is kept.
    #[must_use]
    pub fn not_cosigned(refusal: WitnessRefusal, held: Option<&HeldHead>) -> Self {
        let held = held.map(|held| held.0.checkpoint.clone());
        Self::json(FrameKind::Witnessed, &WitnessReply::Refused { refusal, held })
    }

    /// A co-party is shown heads of others' logs that are kept here.
    #[must_use]
    pub fn heads_shown(held: &[HeldHead]) -> Self {
        let heads = held.iter().map(|held| held.0.checkpoint.clone()).collect();
        Self::json(FrameKind::Heads, &HeadsShown { heads })
    }

    /// A peer is asked to prove that its trees of some sizes lead one to the next.
    #[must_use]
    pub fn consistency_asked(request: &ConsistencyRequest) -> Self {
        Self::json(FrameKind::Consistency, request)
    }
}
