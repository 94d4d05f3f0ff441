//! What was served to peers, as headers and the digests of queries tell.

use std::collections::{HashMap, HashSet};

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};

/// What was asked under an id.
#[derive(Debug)]
struct AskedAs {
    first: Digest,
    /// Whether other bytes came under it too.
    several: bool,
}

/// What was served, as headers and the digests of queries tell.
#[derive(Debug, Default)]
pub(super) struct Served {
    ids: HashMap<Digest, AskedAs>,
    /// Ids of this log's own queries.
    own: HashSet<Digest>,
    /// Ids of which some reply is destroyed.
    bare: HashSet<Digest>,
    /// Ids whose answer is destroyed.
    bare_answers: HashSet<Digest>,
    /// Answers to each requester without a receipt.
    unreceipted: HashMap<AgencyId, u64>,
}

impl Served {
    /// Takes in a reply, after it was judged; `asked` is the digest of its query, where that is there.
    pub(super) fn note(&mut self, header: &Header, asked: Option<Digest>) {
        let answered = header.kind == EntryKind::QueryAnswered;
        if let Some(peer) = header.peer.as_ref().filter(|_| answered) {
            let count = self.unreceipted.entry(peer.clone()).or_default();
            *count = count.saturating_add(1);
        }
        let Some(id) = header.query else { return };
        match asked {
            Some(asked) => {
                let known = self.ids.entry(id).or_insert(AskedAs { first: asked, several: false });
                known.several |= known.first != asked;
            }
            None => {
                self.bare.insert(id);
                if answered {
                    self.bare_answers.insert(id);
                }
            }
        }
    }

    /// Takes in a query of this log's own.
    pub(super) fn sent(&mut self, header: &Header) {
        self.own.extend(header.query);
    }

    /// Takes in a receipt.
    pub(super) fn receipted(&mut self, header: &Header) {
        if let Some(count) = header.peer.as_ref().and_then(|peer| self.unreceipted.get_mut(peer)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Whether an answer to the query of this entry is destroyed.
    pub(super) fn answer_is_destroyed(&self, header: &Header) -> bool {
        header.query.is_some_and(|query| self.bare_answers.contains(&query))
    }

    /// Whether the id of an entry's query was served before.
    pub(super) fn knows(&self, header: &Header) -> bool {
        header.query.is_some_and(|id| self.ids.contains_key(&id) || self.bare.contains(&id))
    }

    /// Whether other bytes were served, or sent, under the id before; `None` where they are destroyed.
    pub(super) fn reused(&self, header: &Header, asked: Digest) -> Option<bool> {
        let id = header.query?;
        if self.own.contains(&id) {
            return Some(true);
        }
        match self.ids.get(&id) {
            Some(known) if known.several || known.first != asked => Some(true),
            _ if self.bare.contains(&id) => None,
            _ => Some(false),
        }
    }

    /// How many answers to an agency are without a receipt.
    pub(super) fn unreceipted(&self, agency: &AgencyId) -> u64 {
        self.unreceipted.get(agency).copied().unwrap_or(0)
    }
}
