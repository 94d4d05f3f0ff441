//! Entries of exchanges. What a body repeats of a query or an answer is taken from the message that
//! was signed, here and nowhere else.

pub mod answering;
pub mod asking;

use schemas::agency::AgencyId;
use schemas::body::{Access, Actor, Outcome};
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::exchange::{PeerRejected, RejectionCause};
use schemas::frame::{Frame, FrameKind};
use schemas::key::PublicKey;
use schemas::outcome::OutcomeCode;
use schemas::query::Query;
use store::Settled;

use crate::entry::Entry;

/// A query as its signed envelope holds it, and who asks with it.
#[derive(Debug, Clone, Copy)]
pub struct SignedQuery<'a> {
    /// The query.
    pub query: &'a Query,
    /// Its exact envelope.
    pub envelope: &'a Envelope,
}

impl SignedQuery<'_> {
    fn access(self, outcome: Outcome) -> Access {
        Access::of_signed(self.query, self.envelope.digest(), outcome)
    }

    /// The person who asks, as the query names them.
    fn requester(self) -> Actor {
        Actor::requesting(self.query)
    }

    fn settled(self, outcome: OutcomeCode, reply: Option<&Envelope>) -> Settled {
        Settled {
            query_id: self.query.id,
            outcome,
            authority: None,
            reply: reply.map(Envelope::digest),
            receipt: None,
        }
    }
}

fn frame(kind: FrameKind, envelope: &Envelope) -> Frame {
    Frame::new(kind, envelope.as_bytes().to_vec())
}

/// Longest sentence of a rejection, in characters.
const LONGEST_WHY: usize = 300;

/// As much of a sentence as an entry keeps: it may quote what a peer sent, at any length.
fn cut(why: &str) -> String {
    why.chars().take(LONGEST_WHY).collect()
}

/// A peer that may not talk to this node, or bytes that prove nothing, `count` times.
#[must_use]
pub fn peer_rejected(
    actor: Actor,
    cause: RejectionCause,
    node: Option<&PublicKey>,
    peer: Option<&AgencyId>,
    count: u64,
    why: &str,
) -> Entry {
    let why = cut(why);
    let node_key = node.map(PublicKey::fingerprint);
    let entry =
        Entry::new(actor, Event::PeerRejected(PeerRejected { cause, count, why, node_key }));
    match peer {
        Some(peer) => entry.about(peer),
        None => entry,
    }
}
