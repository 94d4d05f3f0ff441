//! Proving that what a peer shows of its log beside frames leads on from what was known of it: a log
//! that tells two peers, or one peer twice, different histories cannot.

use std::sync::Arc;
use std::time::Duration;

use schemas::checkpoint::SignedCheckpoint;
use schemas::digest::Digest;
use schemas::frame::{Frame, FrameKind};
use schemas::merkle::verify_consistency;
use schemas::witness::{ConsistencyReply, ConsistencyRequest, MOST_SIZES};
use tokio_util::sync::CancellationToken;

use super::alarms::raise;
use super::not_served::NotServed;
use super::witness::{WitnessError, Witnessing, is_given_up};
use crate::context::Asked;
use audit_log::append::AuditLog;
use audit_log::cosigning::HeldHead;
use audit_log::release::Released;
use peer::link::{Channel, Dial, LinkError, Reach};
use registry::Peer;
use schemas::alarm::AlarmKind;

/// How long checkpoints are gathered before a proof is asked for.
const GATHER: Duration = Duration::from_millis(200);
/// How long a peer has to prove what it showed.
const PROOF: Duration = Duration::from_secs(20);
/// How long after a peer was asked it is asked again for the same.
const AGAIN: Duration = Duration::from_secs(15);

/// A signed head as it is compared: size, root, and the note that says so.
type Head = (u64, Digest, String);

impl Witnessing {
    /// Has `peer` prove that every head it has shown and the one kept of it are of one log, and keeps
    /// the largest. A proof that does not hold raises an alarm; the time counts during which it is there
    /// and gives none.
    ///
    /// # Errors
    /// When the peer cannot be heard, or the store or the log does not answer.
    pub async fn prove_observed<D: Dial>(&self, dial: &D, peer: &Peer) -> Result<(), WitnessError> {
        let id = &peer.card.value.id;
        let shown = self.checkpoints.waiting(id);
        if shown.is_empty() {
            return Ok(());
        }
        let held = self.agency.log.held_head(id).await?;
        let kept = held.as_ref().map(HeldHead::witnessed);
        let kept = kept.filter(|kept| !is_given_up(&self.agency, id, kept));
        let mut chain: Vec<Head> = shown
            .iter()
            .map(|signed| (signed.unverified().size, signed.unverified().root, signed.to_string()))
            .chain(kept.map(|kept| (kept.size, kept.root, kept.checkpoint.clone())))
            .collect();
        chain.sort_by_key(|(size, ..)| *size);
        let reach = Reach::of(peer, self.agency.clock.now());
        let late = || WitnessError::Reply("nothing was proven in time".into());
        let judged = tokio::time::timeout(PROOF, disproved(dial, &reach, &chain)).await;
        let judged = judged.unwrap_or_else(|_| Err(late()));
        if let Err(error) = &judged {
            let reached = match error {
                WitnessError::Link(error) => error.was_reached(),
                WitnessError::Reply(_) => true,
                _ => false,
            };
            let asked = if reached { Asked::Lacked } else { Asked::Unasked };
            self.checkpoints.left_unproven(id, asked);
        }
        if let Some((kind, evidence)) = judged? {
            return Ok(raise(&self.agency, id, kind, evidence).await?);
        }
        self.checkpoints.proven(id, &shown);
        let largest = shown.iter().max_by_key(|head| head.unverified().size);
        let larger =
            |head: &&SignedCheckpoint| kept.is_none_or(|kept| kept.size < head.unverified().size);
        if let Some(head) = largest.filter(larger) {
            // If a request to cosign came between, that one keeps its head.
            self.agency.log.keep_head(id, held.as_ref(), head).await?;
        }
        Ok(())
    }
}

/// What shows that heads of one log, smallest first, are not of one log.
async fn disproved<D: Dial>(
    dial: &D,
    to: &Reach,
    chain: &[Head],
) -> Result<Option<(AlarmKind, Vec<String>)>, WitnessError> {
    let evidence = |old: &Head, new: &Head| vec![old.2.clone(), new.2.clone()];
    let mut heads: Vec<&Head> = Vec::with_capacity(chain.len());
    for head in chain {
        match heads.last() {
            Some(last) if last.0 == head.0 && last.1 == head.1 => {}
            Some(last) if last.0 == head.0 => {
                return Ok(Some((AlarmKind::Fork, evidence(last, head))));
            }
            _ => heads.push(head),
        }
    }
    // Each part begins with the head that the one before it ended with.
    let mut rest = heads.as_slice();
    while rest.len() > 1 {
        let (part, _) = rest.split_at(rest.len().min(MOST_SIZES));
        let sizes = part.iter().map(|(size, ..)| *size).collect();
        let proofs = prove(dial, to, sizes).await?;
        for (n, pair) in part.windows(2).enumerate() {
            let [old, new] = pair else { continue };
            let proof = proofs.get(n).map(Vec::as_slice).unwrap_or_default();
            if verify_consistency(old.0, &old.1, new.0, &new.1, proof).is_err() {
                return Ok(Some((AlarmKind::Proof, evidence(old, new))));
            }
        }
        rest = rest.get(part.len() - 1..).unwrap_or_default();
    }
    Ok(None)
}

async fn prove<D: Dial>(
    dial: &D,
    to: &Reach,
    sizes: Vec<u64>,
) -> Result<Vec<Vec<Digest>>, WitnessError> {
    let unread = |e: serde_json::Error| WitnessError::Reply(e.to_string());
    let mut channel = dial.open(to).await?;
    channel.send(&Released::consistency_asked(&ConsistencyRequest { sizes })).await?;
    let frame = channel.recv().await?;
    channel.finish();
    if frame.kind != FrameKind::Consistency {
        return Err(LinkError::Protocol("expected a proof".into()).into());
    }
    let reply: ConsistencyReply = serde_json::from_slice(&frame.body).map_err(unread)?;
    Ok(reply.proofs)
}

/// Has each peer prove what it showed as soon as it did, until `stop`: a log that tells two
/// histories is found out by the next proof. One peer that is slow or silent keeps back no other;
/// what it does not prove is asked for again, and beyond a bound its queries are refused.
pub async fn prove_as_observed<D: Dial>(
    witnessing: Witnessing,
    dial: Arc<D>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = witnessing.checkpoints.some_unproven() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
        // Under load one proof then covers many heads.
        tokio::time::sleep(GATHER).await;
        let state = witnessing.agency.registry.state();
        for id in witnessing.checkpoints.begin_asking() {
            // Of one that contradicted itself nothing more is asked until an auditor has resolved it.
            let asked = state.alarm_about(&id).is_none();
            let peer = state.peers.get(&id).filter(|peer| asked && peer.blocked.is_none());
            let (witnessing, dial, peer) = (witnessing.clone(), dial.clone(), peer.cloned());
            tokio::spawn(async move {
                let proven = match &peer {
                    Some(peer) => witnessing.prove_observed(dial.as_ref(), peer).await.is_ok(),
                    None => false,
                };
                witnessing.checkpoints.asked(&id, proven);
            });
        }
    }
}

/// Proves to a peer that some sizes of this log lead one to the next.
pub(super) async fn serve(log: &AuditLog, frame: &Frame) -> Result<Released, NotServed> {
    let request: ConsistencyRequest = serde_json::from_slice(&frame.body)
        .map_err(|_| NotServed::unverifiable("a request for a proof that cannot be read"))?;
    Ok(log.consistency(&request).await?)
}
