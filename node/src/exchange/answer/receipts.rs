//! Recording the receipt of an answer: the requester's signed word that it has it.

use std::sync::Arc;

use schemas::answer::Receipt;
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::Frame;

use super::super::documents::acknowledge_again;
use super::super::not_served::NotServed;
use super::super::observed::Observer;
use super::{NodeContext, REVOKED};
use crate::permission::OwnAgency;
use audit_log::acknowledgement::Acknowledgement;
use audit_log::append::AppendError;
use audit_log::entries::exchange::answering::receipt_recorded;
use audit_log::release::Released;
use registry::Peer;
use store::ReadStore;

/// How often it is looked again whether a receipt is recorded.
const TRIES: u32 = 8;

/// Records receipts of this agency's answers.
pub(in crate::exchange) struct Receipts {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    observer: Observer,
}

impl Receipts {
    /// What records with these pieces of a node.
    pub(in crate::exchange) fn of(context: &NodeContext) -> Self {
        Self {
            agency: context.agency.clone(),
            store: context.store.clone(),
            observer: Observer::of(context),
        }
    }

    /// Records a peer's receipt, of the answer `expected` where it is known which one it is of. The word
    /// that it is recorded leaves once its entry is durable.
    pub(in crate::exchange) async fn serve(
        &self,
        peer: &Peer,
        frame: &Frame,
        expected: Option<Digest>,
    ) -> Result<Released, NotServed> {
        let card = &peer.card.value;
        let envelope = Envelope::parse(&frame.body)?;
        let key = peer.key_of(&envelope, self.agency.clock.now());
        let key = key.ok_or_else(|| NotServed::unverifiable(REVOKED))?;
        let receipt: Receipt = envelope.verified_json(Kind::Receipt, key)?;
        if receipt.from != card.id || receipt.to != self.agency.id {
            return Err(NotServed::misdirected("a receipt of others"));
        }
        // The requester's own entry of the answer: with its place proven, it cannot be denied later.
        let mut theirs = None;
        for _ in 0..TRIES {
            let seen = self.agency.log.counters().size;
            let before = self.store.served(receipt.query_id).await?;
            let fits = before.as_ref().is_some_and(|before| before.is_of(&receipt))
                && expected.is_none_or(|digest| digest == receipt.answer_digest);
            if !fits {
                return Err(NotServed::unverifiable("a receipt for what was not answered"));
            }
            if before.is_some_and(|before| before.receipted) {
                return acknowledge_again(&self.agency.log, &envelope).await;
            }
            if theirs.is_none() {
                theirs = self.observer.beside_receipt(peer, &frame.beside, &receipt).await?;
            }
            let actor = Actor::peer(&card.id);
            let entry = receipt_recorded(seen, actor, &receipt, &envelope, theirs.clone());
            match self.agency.log.append(entry).await {
                // The same receipt came by another conversation: it is looked for again.
                Err(AppendError::Conflict(_)) => {}
                appended => return Ok(appended?.acknowledge(Acknowledgement::Receipt)),
            }
        }
        Err(NotServed::not_now("a receipt of this answer is being recorded; send this again"))
    }
}
