//! One's own card as a peer is shown it: the card in force of the registry, and no other envelope.
//!
//! ```
//! # use audit_log::{append::AuditLog, release::Released};
//! # use schemas::{agency::AgencyId, envelope::Envelope};
//! # use store::StoreError;
//! async fn shown(log: &AuditLog, to: &AgencyId) -> Result<Option<Released>, StoreError> {
//!     Ok(log.own_card(to).await?.map(|card| card.into_frame()))
//! }
//! ```
//! ```compile_fail,E0599
//! # use audit_log::{append::AuditLog, release::Released};
//! # use schemas::{agency::AgencyId, envelope::Envelope};
//! # use store::StoreError;
//! async fn shown(any: &Envelope) -> Result<Option<Released>, StoreError> {
//!     Ok(Some(Released::own_card(any)))
//! }
//! ```

use std::sync::Arc;

use registry::Signed;
use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::frame::{Frame, FrameKind, LARGEST_BESIDE};
use schemas::witness::Greeting;
use store::StoreError;

use crate::append::AuditLog;
use crate::release::Released;

/// This agency's card in force, and beside it the largest head that is held of the log of the peer to
/// whom it is shown, and the agency key by which that is known. Only the log makes one.
#[derive(Debug)]
pub struct OwnCard {
    card: Arc<Signed<Card>>,
    frame: Released,
}

impl OwnCard {
    /// The card that is shown.
    #[must_use]
    pub fn signed(&self) -> &Signed<Card> {
        &self.card
    }

    /// The frame that shows it.
    #[must_use]
    pub fn frame(&self) -> &Released {
        &self.frame
    }

    /// The frame that shows it.
    #[must_use]
    pub fn into_frame(self) -> Released {
        self.frame
    }
}

impl AuditLog {
    /// The card in force as `peer` is shown it; `None` as long as there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn own_card(&self, peer: &AgencyId) -> Result<Option<OwnCard>, StoreError> {
        let state = self.registry.state();
        let Some(card) = state.own.clone() else { return Ok(None) };
        let known = state.peers.get(peer);
        let known_by = known.map(|peer| peer.card.value.agency_key);
        let policy = known.and_then(|peer| peer.policy.as_ref()).map(|policy| policy.digest);
        let held = self.held_head(peer).await?.map(|held| held.witnessed().checkpoint.clone());
        let greeting =
            |held| serde_json::to_vec(&Greeting { held, known_by, policy }).unwrap_or_default();
        let mut beside = greeting(held);
        if beside.len() > LARGEST_BESIDE {
            // A note under which its log put more signatures than a frame has room for.
            beside = greeting(None);
        }
        let body = card.envelope.as_bytes().to_vec();
        let frame = Released::durable(Frame { kind: FrameKind::Card, beside, body });
        Ok(Some(OwnCard { card, frame }))
    }
}
