//! A log that its agency writes as it likes, and when it likes: headers alone, with proofs that hold.

use schemas::agency::AgencyId;
use schemas::answer::LogPosition;
use schemas::checkpoint::{Checkpoint, SignedCheckpoint, origin};
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, VERSION};
use schemas::entry_proof::EntryProof;
use schemas::envelope::Envelope;
use schemas::merkle::{self, Frontier};
use schemas::note::Signer;
use schemas::query::QueryId;
use schemas::standing::StandingRequest;
use schemas::time::Timestamp;
use std::collections::HashMap;

use crate::identity::Identity;

/// A log of somebody's own making.
#[derive(Debug, Clone)]
pub struct HostileLog {
    identity: Identity,
    headers: Vec<Header>,
}

impl HostileLog {
    /// An empty log of `identity`.
    #[must_use]
    pub fn of(identity: &Identity) -> Self {
        Self { identity: identity.clone(), headers: Vec::new() }
    }

    /// Writes an entry about `peer`, said to be of `at`, beside which these envelopes are said to stand.
    pub fn write(
        &mut self,
        kind: EntryKind,
        peer: &AgencyId,
        query: QueryId,
        at: Timestamp,
        beside: &[&Envelope],
    ) {
        let lines: Vec<String> = beside.iter().map(|envelope| envelope.to_text()).collect();
        let index = self.headers.len() as u64;
        self.headers.push(Header {
            v: VERSION,
            index,
            at,
            kind,
            peer: Some(peer.clone()),
            peer_seq: Some(index + 1),
            query: Some(query.digest()),
            body: Digest::of(b"whatever it will say"),
            envelope: Some(Digest::of(lines.join("\n").as_bytes())),
        });
    }

    fn texts(&self) -> Vec<String> {
        let text = |header: &Header| {
            String::from_utf8(header.to_bytes().expect("a header")).expect("a header is text")
        };
        self.headers.iter().map(text).collect()
    }

    fn tree(&self) -> (Frontier, HashMap<merkle::Subtree, Digest>) {
        let (mut tree, mut nodes) = (Frontier::new(), HashMap::new());
        for text in self.texts() {
            nodes.extend(tree.push(merkle::leaf(text.as_bytes())));
        }
        (tree, nodes)
    }

    /// The signed head over all that is written.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn head(&self) -> SignedCheckpoint {
        let (tree, _) = self.tree();
        let origin = origin(&self.identity.id);
        let head = Checkpoint { origin: origin.clone(), size: tree.size(), root: tree.root() };
        let signer = Signer::new(origin, self.identity.log_key.clone());
        SignedCheckpoint::sign(head, &signer).expect("a signed head")
    }

    /// Where the entry at `index` stands.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn proof(&self, index: usize) -> EntryProof {
        let (tree, nodes) = self.tree();
        let lookup = |subtree| nodes.get(&subtree).copied();
        let place = index as u64;
        EntryProof {
            log: LogPosition { index: place, size: tree.size() },
            header: self.texts()[index].clone(),
            inclusion: merkle::inclusion(place, tree.size(), lookup).expect("an entry"),
            checkpoint: self.head().to_string(),
        }
    }

    /// What is shown to somebody who asks where entries stand.
    ///
    /// # Panics
    /// When that is no request.
    #[must_use]
    pub fn shown(&self, asked: &[u8]) -> Vec<EntryProof> {
        let asked: StandingRequest = serde_json::from_slice(asked).expect("a request");
        let place = |one: &schemas::standing::EntryAsked| {
            let meant = |header: &Header| {
                header.query == Some(one.query) && header.envelope == Some(one.envelope)
            };
            self.headers.iter().position(meant)
        };
        asked.entries.iter().filter_map(place).map(|index| self.proof(index)).collect()
    }

    /// The proof that its tree of `old` entries leads to that of `new`.
    ///
    /// # Panics
    /// When it has fewer.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Vec<Digest> {
        let (_, nodes) = self.tree();
        merkle::consistency(old, new, |subtree| nodes.get(&subtree).copied()).expect("a proof")
    }
}
