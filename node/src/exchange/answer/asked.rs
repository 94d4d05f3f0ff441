//! A peer's query as it comes: what must hold before it is one.

use schemas::entry_proof::EntryProof;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::Frame;
use schemas::query::Query;

use super::super::not_served::NotServed;
use crate::permission::OwnAgency;
use audit_log::entries::exchange::SignedQuery;
use registry::Peer;

/// A query whose signature, sender and addressee were checked.
pub(in crate::exchange) struct Asked {
    pub(in crate::exchange) query: Query,
    pub(in crate::exchange) envelope: Envelope,
    /// Where the requester's own entry of it stands, if it has shown that.
    pub(in crate::exchange) theirs: Option<EntryProof>,
}

/// Why a message of a revoked key is rejected.
pub(in crate::exchange) const REVOKED: &str = "the message key was revoked";

impl Asked {
    /// Everything that must hold before a query is a query.
    pub(in crate::exchange) fn open(
        agency: &OwnAgency,
        peer: &Peer,
        frame: &Frame,
    ) -> Result<Self, NotServed> {
        let card = &peer.card.value;
        let envelope = Envelope::parse(&frame.body)?;
        let key = peer.key_of(&envelope, agency.clock.now());
        let key = key.ok_or_else(|| NotServed::unverifiable(REVOKED))?;
        let query: Query = envelope.verified_json(Kind::Query, key)?;
        if query.from != card.id {
            return Err(NotServed::misdirected(format!(
                "a query from `{}` presented by `{}`",
                query.from, card.id
            )));
        }
        if query.to != agency.id {
            return Err(NotServed::misdirected(format!("a query to `{}`", query.to)));
        }
        Ok(Self { query, envelope, theirs: None })
    }

    /// As entries speak of it.
    pub(super) fn signed(&self) -> SignedQuery<'_> {
        SignedQuery { query: &self.query, envelope: &self.envelope }
    }
}
