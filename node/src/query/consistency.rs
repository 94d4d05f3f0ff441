//! Proving that what a peer shows of its log beside frames leads on from what was known of it: a log
//! that tells two peers, or one peer twice, different histories cannot.

use schemas::digest::Digest;
use schemas::frame::{Frame, FrameKind};
use schemas::merkle::{self, verify_consistency};
use schemas::witness::{ConsistencyReply, ConsistencyRequest};

use super::answer::Unserved;
use super::host::{Desk, failed};
use super::ports::{Channel, Dial, LinkError};
use super::rejects::Cause;
use super::witness::WitnessError;
use crate::audit::release::{Released, WitnessFrame};
use crate::office::Office;
use crate::registry::{AlarmKind, Peer};
use crate::store::{StoreError, Witnessed};

impl Office {
    /// Has `peer` prove that the largest head it has shown and the one kept of it are of one log,
    /// and keeps the larger. A proof that does not hold raises an alarm.
    ///
    /// # Errors
    /// When the peer cannot be heard, or the store or the log does not answer.
    pub async fn check_shown<D: Dial>(&self, dial: &D, peer: &Peer) -> Result<(), WitnessError> {
        let id = &peer.card.value.id;
        let Some(signed) = self.heads.largest(id) else { return Ok(()) };
        let shown = signed.unverified();
        let kept = self.store.witnessed(id).await?;
        let checkpoint = signed.to_string();
        if let Some(kept) = &kept {
            let (old, new) = if kept.size <= shown.size {
                ((kept.size, kept.root), (shown.size, shown.root))
            } else {
                ((shown.size, shown.root), (kept.size, kept.root))
            };
            let proof =
                if old.0 == new.0 { Vec::new() } else { prove(dial, peer, old.0, new.0).await? };
            if verify_consistency(old.0, &old.1, new.0, &new.1, &proof).is_err() {
                let kind = if old.0 == new.0 { AlarmKind::Fork } else { AlarmKind::Proof };
                let evidence = vec![kept.checkpoint.clone(), checkpoint];
                return Ok(self.raise(id, kind, evidence).await?);
            }
            if kept.size >= shown.size {
                return Ok(());
            }
        }
        let replaces = kept.map(|kept| (kept.size, kept.root));
        let head = Witnessed { size: shown.size, root: shown.root, checkpoint };
        // If a request to cosign came between, the next round looks again.
        self.store.witness(id, replaces, &head).await?;
        Ok(())
    }
}

async fn prove<D: Dial>(
    dial: &D,
    peer: &Peer,
    old_size: u64,
    new_size: u64,
) -> Result<Vec<Digest>, WitnessError> {
    let unread = |e: serde_json::Error| WitnessError::Reply(e.to_string());
    let card = &peer.card.value;
    let body = serde_json::to_vec(&ConsistencyRequest { old_size, new_size }).map_err(unread)?;
    let mut channel = dial.open(&card.node_key, &card.addresses).await?;
    channel.send(&Released::witness(WitnessFrame::Consistency, body)).await?;
    let frame = channel.recv().await?;
    channel.finish();
    if frame.kind != FrameKind::Consistency {
        return Err(LinkError::Protocol("expected a proof".into()).into());
    }
    let reply: ConsistencyReply = serde_json::from_slice(&frame.body).map_err(unread)?;
    Ok(reply.proof)
}

impl Desk {
    /// Proves to a peer that one size of this log leads to another. What this log does not reach,
    /// it cannot prove: an empty proof says so.
    pub(super) async fn consistency<C: Channel>(
        &self,
        peer: &Peer,
        frame: &Frame,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        let Ok(request) = serde_json::from_slice::<ConsistencyRequest>(&frame.body) else {
            let why = "a request for a proof that cannot be read".to_owned();
            return self.reject(peer, Cause::Unverifiable, why, channel).await;
        };
        let size = self.office.log.counters().size;
        let proof = if request.old_size <= request.new_size && request.new_size <= size {
            match self.office.consistency(request.old_size, request.new_size).await {
                Ok(proof) => proof,
                Err(error) => return failed(channel, &Unserved::Store(error)).await,
            }
        } else {
            Vec::new()
        };
        let body = serde_json::to_vec(&ConsistencyReply { proof })
            .map_err(|e| LinkError::Protocol(e.to_string()))?;
        channel.send(&Released::witness(WitnessFrame::Consistency, body)).await
    }
}

impl Office {
    /// The proof that this log's tree of `new` entries starts with that of `old`.
    pub(super) async fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, StoreError> {
        let wrong = |e: merkle::ProofError| StoreError::Corrupt(e.to_string());
        let wanted = merkle::consistency_nodes(old, new).map_err(wrong)?;
        let found = self.store.subtrees(&wanted).await?;
        let lookup = |subtree| {
            wanted.iter().position(|w| *w == subtree).and_then(|at| found.get(at)).copied()
        };
        merkle::consistency(old, new, lookup).map_err(wrong)
    }

    /// The root of this log's tree when it had `size` entries.
    pub(crate) async fn root_at(&self, size: u64) -> Result<Digest, StoreError> {
        let wrong = |e: merkle::ProofError| StoreError::Corrupt(e.to_string());
        let wanted = merkle::root_nodes(size);
        let found = self.store.subtrees(&wanted).await?;
        let lookup = |subtree| {
            wanted.iter().position(|w| *w == subtree).and_then(|at| found.get(at)).copied()
        };
        merkle::root(size, lookup).map_err(wrong)
    }
}
