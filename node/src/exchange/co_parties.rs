//! No second face: parties of one agreement show each other the signed heads that they keep of each
//! other's logs. Two heads of one log that cannot both be true are an alarm on both sides; those that
//! can are joined by proofs that the log itself is asked for.
//!
//! Bounded: of others' logs alone whose agencies have signed an agreement that both sides have signed, one
//! head of each, in frames of a fixed size, with a few co-parties a round.

use std::collections::BTreeSet;

use schemas::agency::AgencyId;
use schemas::alarm::AlarmKind;
use schemas::checkpoint::{SignedCheckpoint, origin};
use schemas::frame::{Frame, FrameKind};
use schemas::witness::{HeadsShown, MOST_HEADS};

use super::alarms::raise;
use super::not_served::NotServed;
use super::witness::{WitnessError, Witnessing};
use audit::keys::signed_by;
use audit_log::append::AppendError;
use audit_log::cosigning::HeldHead;
use audit_log::release::Released;
use peer::link::{Channel, Dial, LinkError, Reach};
use registry::Peer;
use store::StoreError;

/// Why heads that were shown could not be looked at.
#[derive(Debug, thiserror::Error)]
enum Unlooked {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] AppendError),
}

impl From<Unlooked> for WitnessError {
    fn from(error: Unlooked) -> Self {
        match error {
            Unlooked::Store(error) => Self::Store(error),
            Unlooked::Log(error) => Self::Log(error),
        }
    }
}

impl From<Unlooked> for NotServed {
    fn from(error: Unlooked) -> Self {
        match error {
            Unlooked::Store(error) => error.into(),
            Unlooked::Log(error) => error.into(),
        }
    }
}

impl Witnessing {
    /// Shows `peer` what is kept here of the logs that concern both, and looks at what it keeps of them.
    ///
    /// # Errors
    /// When the peer cannot be heard, or the store or the log does not answer.
    pub async fn exchange_heads<D: Dial>(&self, dial: &D, peer: &Peer) -> Result<(), WitnessError> {
        let id = &peer.card.value.id;
        let state = self.agency.registry.state();
        let parties = state.co_parties(&self.agency.id, id).into_iter().cloned();
        let held = self.held_of(parties.collect()).await?;
        for some in held.chunks(MOST_HEADS) {
            let reach = Reach::of(peer, self.agency.clock.now());
            let mut channel = dial.open(&reach).await?;
            channel.send(&Released::heads_shown(some)).await?;
            let frame = channel.recv().await?;
            if frame.kind != FrameKind::Heads {
                return Err(LinkError::Protocol("expected heads".into()).into());
            }
            channel.finish();
            let shown = read(&frame).map_err(WitnessError::Reply)?;
            self.look_at(id, shown).await?;
        }
        Ok(())
    }

    /// Looks at what a co-party keeps of others' logs, and shows it what is kept here of the same.
    pub(super) async fn serve_heads(
        &self,
        peer: &Peer,
        frame: &Frame,
    ) -> Result<Released, NotServed> {
        let shown = read(frame).map_err(NotServed::unverifiable)?;
        let about = self.look_at(&peer.card.value.id, shown).await?;
        let held = self.held_of(about).await.map_err(NotServed::from)?;
        Ok(Released::heads_shown(&held))
    }

    /// The heads that are kept here of these agencies' logs.
    async fn held_of(&self, agencies: BTreeSet<AgencyId>) -> Result<Vec<HeldHead>, StoreError> {
        let mut held = Vec::new();
        for agency in agencies {
            held.extend(self.agency.log.held_head(&agency).await?);
        }
        Ok(held)
    }

    /// Holds what a co-party keeps of others' logs against what is kept here; the agencies whose logs
    /// they are.
    async fn look_at(
        &self,
        shown_by: &AgencyId,
        shown: HeadsShown,
    ) -> Result<BTreeSet<AgencyId>, Unlooked> {
        let state = self.agency.registry.state();
        let parties = state.co_parties(&self.agency.id, shown_by);
        let mut about = BTreeSet::new();
        for note in shown.heads {
            let Ok(head) = SignedCheckpoint::parse(note.as_bytes()) else { continue };
            let named = &head.unverified().origin;
            let party = parties.iter().copied().find(|party| origin(party) == *named);
            // One of each, of those alone that concern both.
            let Some(party) = party.filter(|party| about.insert((*party).clone())) else {
                continue;
            };
            if let Some(peer) = state.peers.get(party) {
                self.compare(peer, &note, &head).await?;
            }
        }
        Ok(about)
    }

    /// Holds one head of the log of `peer` against what is known of it here.
    async fn compare(
        &self,
        peer: &Peer,
        note: &str,
        head: &SignedCheckpoint,
    ) -> Result<(), Unlooked> {
        let id = &peer.card.value.id;
        let state = self.agency.registry.state();
        let held = self.agency.log.held_head(id).await?;
        let held = held.as_ref().map(HeldHead::witnessed);
        let held = held.filter(|held| !state.given_up(id, &held.checkpoint));
        let shown = head.unverified();
        let same = held.is_some_and(|held| held.size == shown.size && held.root == shown.root);
        // Nothing new, known to lead nowhere, or of somebody with whom nothing is exchanged.
        if same || state.given_up(id, note) || peer.blocked.is_some() {
            return Ok(());
        }
        if state.alarm_about(id).is_some() || signed_by(head, peer.log_keys_ever()).is_err() {
            return Ok(());
        }
        let forked = match held.filter(|held| held.size == shown.size) {
            Some(held) => Some(vec![held.checkpoint.clone(), note.to_owned()]),
            None => {
                let other = self.checkpoints.observe(id, head);
                other.map(|two| two.iter().map(ToString::to_string).collect())
            }
        };
        match forked {
            Some(evidence) => Ok(raise(&self.agency, id, AlarmKind::Fork, evidence).await?),
            None => Ok(()),
        }
    }
}

/// Heads that were shown, no more than one frame may hold.
fn read(frame: &Frame) -> Result<HeadsShown, String> {
    let shown: HeadsShown = serde_json::from_slice(&frame.body)
        .map_err(|e| format!("heads that cannot be read: {e}"))?;
    if shown.heads.len() > MOST_HEADS {
        return Err(format!("{} heads, more than {MOST_HEADS}", shown.heads.len()));
    }
    Ok(shown)
}
