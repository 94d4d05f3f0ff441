//! Entries of exchanges. What a body repeats of a query or an answer is taken from the message that
//! was signed, here and nowhere else.

pub mod answering;
pub mod asking;

use schemas::agency::AgencyId;
use schemas::body::{Access, Actor, Outcome};
use schemas::digest::Digest;
use schemas::entry_proof::EntryProof;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::exchange::PeerProved;
use schemas::event::exchange::{PeerRejected, RejectionCause};
use schemas::frame::{Frame, FrameKind};
use schemas::key::PublicKey;
use schemas::outcome::OutcomeCode;
use schemas::query::{Query, QueryId};
use schemas::standing::Part;
use store::{Debt, NewDebt, Proved, Settled, StateChanges};

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

    /// H(what stands beside the owner's entry of a reply): this query and the reply.
    #[must_use]
    pub fn digest_with(self, reply: &Envelope) -> Digest {
        let both = [self.envelope, reply];
        let both = both.map(|envelope| String::from_utf8_lossy(envelope.as_bytes()));
        Digest::of(both.join("\n").as_bytes())
    }

    /// What the owner owes for an entry that says `event` of its reply.
    fn reply_owed(self, event: &Event, decided: bool, reply: &Envelope) -> Option<NewDebt> {
        owed(event, decided, &self.query.to, self.query.id, self.digest_with(reply))
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

/// What `peer` owes for an entry that says `event` of an exchange: the place of its own entry, beside
/// which `envelope` stands. `decided` tells whether the refusal that it may be was decided.
fn owed(
    event: &Event,
    decided: bool,
    peer: &AgencyId,
    query_id: QueryId,
    envelope: Digest,
) -> Option<NewDebt> {
    let owes = event.theirs().is_empty() && Part::owed_for(event, decided).is_some();
    owes.then(|| NewDebt { peer: peer.clone(), query_id, envelope })
}

/// A peer has proven where entries of its log stand that it owed: each proof with the debts that it
/// pays.
#[must_use]
pub fn peer_proved(actor: Actor, peer: &AgencyId, paid: Vec<(EntryProof, Vec<Debt>)>) -> Entry {
    let debts = paid.iter().flat_map(|(_, debts)| debts);
    let counted = debts.clone().filter(|debt| !debt.waived).count();
    let proved = Proved {
        peer: peer.clone(),
        debts: debts.map(|debt| debt.entry).collect(),
        counted: u32::try_from(counted).unwrap_or(u32::MAX),
    };
    let proofs = paid.into_iter().map(|(proof, _)| proof).collect();
    Entry::new(actor, Event::PeerProved(PeerProved { proofs }))
        .about(peer)
        .with(StateChanges { proved: Some(proved), ..StateChanges::default() })
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
