//! Witnessing: peers cosign each other's signed heads, so that none can rewrite its log without all
//! who cosigned it having kept the proof.
//!
//! As a witness this node stores a head before it cosigns it, in one step that no other request
//! comes between. What an honest log never asks raises an alarm that keeps both heads.

use std::sync::Arc;

use schemas::agency::AgencyId;
use schemas::alarm::AlarmKind;
use schemas::checkpoint::{Checkpoint, SignedCheckpoint, origin};
use schemas::frame::{Frame, FrameKind};
use schemas::note::{Cosigner, SignatureLine};
use schemas::time::CLOCK_AHEAD_MS;
use schemas::witness::{WitnessCode, WitnessRefusal, WitnessReply, WitnessRequest, judge};

use super::alarms::raise;
use super::answer::Unserved;
use super::not_served::NotServed;
use crate::context::{CosignedSizes, KnownBy, NodeContext, ObservedCheckpoints, OwnKeys};
use crate::permission::OwnAgency;
use audit_log::append::AppendError;
use audit_log::cosigning::{HeadError, HeldHead};
use audit_log::proofs::root_at;
use audit_log::release::Released;
use peer::link::{Channel, Dial, LinkError, Reach};
use registry::Peer;
use store::{ReadStore, StoreError, Witnessed};

/// Why a head was not cosigned.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The witness could not be heard.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log could not be written.
    #[error(transparent)]
    Log(#[from] AppendError),
    /// The witness refused.
    #[error(transparent)]
    Refused(#[from] WitnessRefusal),
    /// The witness holds a signed head of this log that the log does not reach.
    #[error(
        "the witness holds a signed head of this log with {held} entries that this log, of {size}, does not lead to"
    )]
    RolledBack {
        /// Size of the head that the witness holds.
        held: u64,
        /// Entries in this log.
        size: u64,
    },
    /// The reply proves nothing.
    #[error("the witness's reply proves nothing: {0}")]
    Reply(String),
}

/// How often the witness's stored size is learned anew before it is given up: one that is catching up
/// with heads it was shown by exchanges moves on meanwhile.
const TRIES: u32 = 8;

/// Has peers witness this log, and witnesses theirs. Cheap to clone.
#[derive(Clone)]
pub struct Witnessing {
    pub(super) agency: OwnAgency,
    keys: OwnKeys,
    store: Arc<dyn ReadStore>,
    pub(super) checkpoints: Arc<ObservedCheckpoints>,
    pub(super) known_by: Arc<KnownBy>,
    cosigned_sizes: Arc<CosignedSizes>,
    /// Most versions of one peer's card that are taken in within a day.
    pub(super) card_versions_per_day: u32,
}

impl Witnessing {
    /// The witnessing of a node.
    #[must_use]
    pub fn of(context: &NodeContext) -> Self {
        Self {
            agency: context.agency.clone(),
            keys: context.keys.clone(),
            store: context.store.clone(),
            checkpoints: context.observed.clone(),
            known_by: context.known_by.clone(),
            cosigned_sizes: context.cosigned_sizes.clone(),
            card_versions_per_day: context.bounds.card_versions_per_day,
        }
    }

    /// Has `peer` cosign the head of this log; the size that it cosigned.
    ///
    /// # Errors
    /// When it does not, or holds what shows that this log was put back.
    pub async fn have_cosigned<D: Dial>(&self, dial: &D, peer: &Peer) -> Result<u64, WitnessError> {
        let card = &peer.card.value;
        for _ in 0..TRIES {
            let old_size = self.cosigned_sizes.of(&card.id);
            let request = self.agency.log.cosigning_request(old_size).await?;
            let size = request.size();
            let mut channel = dial.open(&Reach::of(peer, self.agency.clock.now())).await?;
            channel.send(request.frame()).await?;
            let frame = channel.recv().await?;
            channel.finish();
            if frame.kind != FrameKind::Witnessed {
                return Err(LinkError::Protocol("expected a witness's word".into()).into());
            }
            match serde_json::from_slice(&frame.body).map_err(reply)? {
                WitnessReply::Cosigned(line) => {
                    let line = line.parse().map_err(reply)?;
                    let mut head = request.into_head();
                    self.add_cosignature(&mut head, line, peer)?;
                    self.keep_cosigned(head).await?;
                    self.cosigned_sizes.note(&card.id, size);
                    return Ok(size);
                }
                WitnessReply::Refused { refusal, held } => {
                    if let Some(held) = held {
                        self.look_at_held(&card.id, &held).await?;
                    }
                    match refusal {
                        WitnessRefusal { stored_size: Some(stored), .. } if stored <= size => {
                            self.cosigned_sizes.note(&card.id, stored);
                        }
                        refusal => return Err(refusal.into()),
                    }
                }
            }
        }
        Err(WitnessRefusal::from(WitnessCode::OldSizeNotStored).into())
    }

    /// Adds a peer's cosignature that came now.
    fn add_cosignature(
        &self,
        head: &mut SignedCheckpoint,
        line: SignatureLine,
        peer: &Peer,
    ) -> Result<(), WitnessError> {
        let now = self.agency.clock.now();
        let keys = peer.cosigner_keys(now);
        let mut last = reply("none of its keys to cosign with counts any more");
        for key in keys {
            match head.add(line.clone(), &key) {
                // What it says of when it cosigned bounds when the entries under the head were made.
                Ok(at) if at.plus_millis(CLOCK_AHEAD_MS) < now => {
                    return Err(reply(format!(
                        "it says that it cosigned at {at}, and it is {now} here; one of the two clocks is wrong"
                    )));
                }
                Ok(_) => return Ok(()),
                Err(error) => last = reply(error),
            }
        }
        Err(last)
    }

    /// Adds to a head of one size every cosignature that was kept for it.
    async fn keep_cosigned(&self, head: SignedCheckpoint) -> Result<(), WitnessError> {
        let size = head.unverified().size;
        let mut whole = head;
        let kept = self.store.cosigned(size).await?;
        let kept = kept.and_then(|note| SignedCheckpoint::parse(note.as_bytes()).ok());
        if let Some(kept) = kept.filter(|kept| kept.unverified() == whole.unverified()) {
            let state = self.agency.registry.state();
            for key in state.peers.values().flat_map(Peer::cosigner_keys_ever) {
                for line in kept.lines_by(&key) {
                    // A line that does not hold is not carried on.
                    drop(whole.add(line, &key));
                }
            }
        }
        Ok(self.agency.log.keep_cosigned(&whole).await?)
    }

    /// A head of this log that a peer holds: if this log signed it and does not lead to it, this
    /// database was put back.
    pub(super) async fn look_at_held(
        &self,
        witness: &AgencyId,
        held: &str,
    ) -> Result<(), WitnessError> {
        let size = self.agency.log.counters().size;
        let head = SignedCheckpoint::parse_head(held).map_err(reply)?;
        let head = head.signed_by_only(&self.agency.own_log_keys()).map_err(|_| {
            WitnessError::Reply("the head it holds is not signed by this log".into())
        })?;
        let shown = head.unverified();
        let reached =
            shown.size <= size && root_at(self.store.as_ref(), shown.size).await? == shown.root;
        if reached {
            return Ok(());
        }
        if self.agency.registry.state().given_up(witness, shown) {
            return Ok(());
        }
        let evidence = vec![head.to_string(), self.agency.log.head()?.to_string()];
        raise(&self.agency, witness, AlarmKind::RolledBack, evidence).await?;
        Err(WitnessError::RolledBack { held: shown.size, size })
    }

    /// Cosigns a peer's head, if it leads on from the one cosigned before; whether it cosigned more
    /// than before.
    pub(super) async fn serve(
        &self,
        peer: &Peer,
        frame: &Frame,
    ) -> Result<(Released, bool), NotServed> {
        let request: WitnessRequest = serde_json::from_slice(&frame.body)
            .map_err(|_| NotServed::unverifiable("a request to cosign that cannot be read"))?;
        Ok(self.cosign(peer, &request).await?)
    }

    async fn cosign(
        &self,
        peer: &Peer,
        request: &WitnessRequest,
    ) -> Result<(Released, bool), Unserved> {
        let refused = |refusal: WitnessRefusal, held: Option<&HeldHead>| {
            Ok((Released::not_cosigned(refusal, held), false))
        };
        let id = &peer.card.value.id;
        let signed = match SignedCheckpoint::parse_head(&request.checkpoint) {
            Ok(signed) if signed.unverified().origin == origin(id) => signed,
            Ok(_) => return refused(WitnessCode::UnknownOrigin.into(), None),
            Err(_) => return refused(WitnessCode::Signature.into(), None),
        };
        let keys = peer.log_keys(self.agency.clock.now());
        let Ok(signed) = signed.signed_by_only(&keys) else {
            return refused(WitnessCode::Signature.into(), None);
        };
        let log = keys.iter().find(|key| signed.verified(key).is_ok());
        for _ in 0..TRIES {
            let held = self.agency.log.held_head(id).await?;
            let kept = held.as_ref().map(HeldHead::witnessed);
            let kept = kept.filter(|kept| !is_given_up(&self.agency, id, kept));
            let before = kept.map(|kept| (kept.size, kept.root));
            let advance = match judge(log, before, request.old_size, &request.proof, &signed) {
                Ok(advance) => advance,
                Err(refusal) => {
                    if let Some((kind, evidence)) =
                        self.contradicts(id, refusal.code, kept, &signed)
                    {
                        raise(&self.agency, id, kind, evidence).await.map_err(Unserved::Log)?;
                    }
                    return refused(refusal, held.as_ref());
                }
            };
            let cosigner =
                Cosigner::new(origin(&self.agency.id), self.keys.cosigner_key(&self.agency));
            let now = self.agency.clock.now();
            // If another request came first, it is judged again.
            let cosigned =
                self.agency.log.cosign(id, held.as_ref(), &advance, &cosigner, now).await?;
            if let Some(cosigned) = cosigned {
                let more = before.is_none_or(|(size, _)| size < signed.unverified().size);
                return Ok((Released::cosigned(&cosigned), more));
            }
        }
        refused(WitnessCode::OldSizeNotStored.into(), None)
    }

    /// What a head whose signature holds, and that is not cosigned for `code`, shows beside the one
    /// that is kept and that no honest log signs.
    ///
    /// A head that is smaller than the one kept may have been overtaken on its way by a later one: it
    /// is noted, and the log is asked for the proof that joins the two.
    fn contradicts(
        &self,
        log: &AgencyId,
        code: WitnessCode,
        kept: Option<&Witnessed>,
        signed: &SignedCheckpoint,
    ) -> Option<(AlarmKind, Vec<String>)> {
        let (kept, shown) = (kept?, signed.unverified());
        let both = || vec![kept.checkpoint.clone(), signed.to_string()];
        match code {
            WitnessCode::RootDiffers => Some((AlarmKind::Fork, both())),
            WitnessCode::Proof => Some((AlarmKind::Proof, both())),
            // The signature holds: these are checked after it.
            WitnessCode::OldSizeAbove | WitnessCode::OldSizeNotStored => {
                if shown.size > kept.size || (shown.size, shown.root) == (kept.size, kept.root) {
                    return None;
                }
                if shown.size == kept.size {
                    return Some((AlarmKind::Fork, both()));
                }
                let two = self.checkpoints.observe(log, signed)?;
                Some((AlarmKind::Fork, two.iter().map(ToString::to_string).collect()))
            }
            _ => None,
        }
    }
}

impl From<HeadError> for WitnessError {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Log(error) => Self::Log(error),
            HeadError::Store(error) => Self::Store(error),
        }
    }
}

fn reply(why: impl std::fmt::Display) -> WitnessError {
    WitnessError::Reply(why.to_string())
}

/// Whether an alarm that an auditor resolved rests on the head of a log that is kept here: the next one
/// is taken as the first.
pub(super) fn is_given_up(agency: &OwnAgency, log: &AgencyId, kept: &Witnessed) -> bool {
    let checkpoint = Checkpoint { origin: origin(log), size: kept.size, root: kept.root };
    agency.registry.state().given_up(log, &checkpoint)
}
