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
use super::witness::{WitnessError, Witnessing, is_given_up};
use audit_log::cosigning::{HeadError, HeldHead};
use audit_log::release::Released;
use peer::link::{Channel, Dial, LinkError, Reach};
use registry::Peer;
use store::StoreError;

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
    ) -> Result<BTreeSet<AgencyId>, HeadError> {
        let state = self.agency.registry.state();
        let parties = state.co_parties(&self.agency.id, shown_by);
        let mut about = BTreeSet::new();
        for note in shown.heads {
            let Ok(head) = SignedCheckpoint::parse_head(&note) else { continue };
            let named = &head.unverified().origin;
            let party = parties.iter().copied().find(|party| origin(party) == *named);
            // One of each, of those alone that concern both.
            let Some(party) = party.filter(|party| about.insert((*party).clone())) else {
                continue;
            };
            if let Some(peer) = state.peers.get(party) {
                self.compare(peer, &head).await?;
            }
        }
        Ok(about)
    }

    /// Holds one head of the log of `peer` against the one that is kept of it here; with none, there is
    /// nothing to hold it against.
    async fn compare(&self, peer: &Peer, head: &SignedCheckpoint) -> Result<(), HeadError> {
        let id = &peer.card.value.id;
        let state = self.agency.registry.state();
        let shown = head.unverified();
        // Of somebody with whom nothing is exchanged, or up to where it is known to lead nowhere.
        if peer.blocked.is_some() || state.alarm_about(id).is_some() || state.is_told(id, shown) {
            return Ok(());
        }
        let held = self.agency.log.held_head(id).await?;
        let held = held.as_ref().map(HeldHead::witnessed);
        let Some(held) = held.filter(|held| !is_given_up(&self.agency, id, held)) else {
            return Ok(());
        };
        if (held.size, held.root) == (shown.size, shown.root) {
            return Ok(());
        }
        let Ok(head) = head.signed_by_only(&peer.log_keys(self.agency.clock.now())) else {
            return Ok(());
        };
        let forked = if held.size == shown.size {
            Some(vec![held.checkpoint.clone(), head.to_string()])
        } else {
            let other = self.checkpoints.observe(id, &head);
            other.map(|two| two.iter().map(ToString::to_string).collect())
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
