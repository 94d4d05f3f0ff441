//! Showing one's own card to peers, and looking at theirs in return; and one's policy to those that hold
//! another one.

use schemas::agency::AgencyId;
use schemas::frame::FrameKind;
use schemas::witness::Greeting;

use super::super::cards::{NotTaken, record_shown};
use super::{Delivery, in_time};
use peer::link::{Channel, Dial, LinkError, Reach};
use registry::Peer;

/// What became of a card that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CardShown {
    TakenIn,
    Refused,
}

impl<D: Dial> Delivery<D> {
    /// Shows one's card to a peer, and looks at its card; over a connection that stands or, with
    /// `dialling`, a new one. To a peer who does not know the present node key, as the node before.
    pub(super) async fn show_card(
        &self,
        agency: &AgencyId,
        dialling: bool,
    ) -> Result<CardShown, LinkError> {
        let state = self.agency.registry.state();
        let (Some(peer), true) = (state.peers.get(agency), state.own.is_some()) else {
            return Ok(CardShown::TakenIn);
        };
        let mut reach = Reach::of(peer, self.agency.clock.now());
        if !dialling {
            reach.addresses.clear();
        }
        let shown = match self.dial.open(&reach).await {
            Ok(channel) => self.show_over(channel, peer).await,
            Err(error) => Err(error),
        };
        // A peer that ends the conversation may know this node as the one before.
        let away = matches!(
            shown,
            Err(LinkError::Unreachable { .. } | LinkError::AnotherNode { .. } | LinkError::Silent)
        );
        if shown.is_ok() || away || !dialling {
            return shown;
        }
        match self.dial.open_as_before(&reach).await {
            Some(channel) => self.show_over(channel?, peer).await,
            None => shown,
        }
    }

    async fn show_over(
        &self,
        mut channel: D::Channel,
        peer: &Peer,
    ) -> Result<CardShown, LinkError> {
        let agency = &peer.card.value.id;
        let own = self.agency.log.own_card(agency).await;
        let Some(own) = own.map_err(|e| LinkError::Lost(e.to_string()))? else {
            return Ok(CardShown::TakenIn);
        };
        let exchange = async {
            channel.send(own.frame()).await?;
            channel.recv().await
        };
        let shown = in_time(exchange).await?;
        if shown.kind != FrameKind::Card {
            tracing::warn!(peer.id = %agency, "this agency's card was not taken in; it is shown again later");
            return Ok(CardShown::Refused);
        }
        // A version that came meanwhile is announced for itself.
        let state = self.agency.registry.state();
        if state.own.as_deref() == Some(own.signed()) {
            self.unshown().remove(agency);
        }
        let greeting = serde_json::from_slice::<Greeting>(&shown.beside).unwrap_or_default();
        let taken = record_shown(&self.witnessing, peer, &shown).await;
        if state.policy_digest.is_some() && greeting.policy != state.policy_digest {
            self.post_policy(channel, peer).await;
        } else {
            channel.finish();
        }
        match taken {
            Ok(()) => Ok(CardShown::TakenIn),
            // Its word of this agency's card stands all the same.
            Err(NotTaken::TooMany(why, _) | NotTaken::NotNow(why)) => {
                tracing::warn!(peer.id = %agency, error = %why, "a peer's card is not taken in now");
                Ok(CardShown::TakenIn)
            }
            Err(NotTaken::Unverifiable(why)) => Err(LinkError::Protocol(why)),
        }
    }

    /// Sends the policy in force to a peer that holds another one, or none. It tries once: the card is
    /// shown again whenever the two connect.
    async fn post_policy(&self, mut channel: D::Channel, peer: &Peer) {
        let to = &peer.card.value.id;
        let own = &self.agency.id;
        let posted = self.agency.log.posted_policy(own, &self.keys.message_key(&self.agency));
        let posted = match posted {
            Ok(Some(posted)) => posted.into_frame(),
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "this agency's policy cannot be signed for peers");
                return;
            }
        };
        let exchange = async {
            channel.send(&posted).await?;
            channel.recv().await
        };
        match in_time(exchange).await {
            Ok(reply) if reply.kind == FrameKind::DocumentAck => channel.finish(),
            Ok(reply) => {
                tracing::warn!(peer.id = %to, frame.kind = ?reply.kind, "this agency's policy was not taken in; it is sent again when the two connect");
            }
            Err(error) => {
                tracing::warn!(peer.id = %to, %error, "this agency's policy did not reach a peer; it is sent again when the two connect");
            }
        }
    }
}
