//! Exchanges of which a log keeps no proof of the other side's own entry, gathered while the log is
//! checked: what the other side's log says of them may have been written later.
//!
//! Nobody is accused by it: whether the other side showed nothing or the log kept nothing, the log does
//! not tell.

use std::collections::{BTreeMap, HashSet};

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::standing::Part;
use schemas::time::Timestamp;

use super::verify::{Judged, Proven};

/// What entries leave owed, less what later ones prove.
#[derive(Debug, Default)]
pub(super) struct Unproven {
    owed: BTreeMap<(Digest, Part), Owed>,
    /// What is proven, each by half a digest: of every exchange, so they are short.
    proven: HashSet<([u8; 16], Part)>,
}

/// An entry of a peer's log that is not proven.
#[derive(Debug, Clone)]
pub(super) struct Owed {
    /// Whose log.
    pub(super) peer: AgencyId,
    /// Which entry.
    pub(super) part: Part,
    /// H(the id of the query).
    pub(super) query: Digest,
    /// The first entry that leaves it owed.
    pub(super) entry: u64,
    /// When that was appended.
    pub(super) at: Timestamp,
}

fn short(query: &Digest) -> [u8; 16] {
    let mut short = [0; 16];
    short.iter_mut().zip(query.as_bytes()).for_each(|(to, from)| *to = *from);
    short
}

impl Unproven {
    /// Takes in the next entry.
    pub(super) fn see(&mut self, judged: &Judged) {
        for theirs in judged.theirs.iter().map(|kept| &kept.header) {
            if let Some((query, part)) = theirs.query.zip(Part::of(theirs)) {
                self.proven.insert((short(&query), part));
                self.owed.remove(&(query, part));
            }
        }
        let header = &judged.header;
        // Of an agency that is not pinned nothing is proven, and that is told by itself.
        let counts = !matches!(judged.proven, Proven::Unpinned(_));
        if let Some(part) = judged.owes.filter(|_| counts)
            && let Some((query, peer)) = header.query.zip(header.peer.clone())
            && !self.proven.contains(&(short(&query), part))
        {
            let owed = Owed { peer, part, query, entry: header.index, at: header.at };
            self.owed.entry((query, part)).or_insert(owed);
        }
    }

    /// What is owed by now, by exchange.
    pub(super) fn owed(&self) -> impl Iterator<Item = &Owed> {
        self.owed.values()
    }

    /// How much is owed by now, by whose log.
    pub(super) fn counts(&self) -> BTreeMap<AgencyId, u64> {
        let mut counts: BTreeMap<AgencyId, u64> = BTreeMap::new();
        for owed in self.owed.values() {
            let count = counts.entry(owed.peer.clone()).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }

    /// What is owed of one exchange.
    pub(super) fn of(&self, query: &Digest) -> impl Iterator<Item = &Owed> {
        let parts = Part::ALL.iter();
        parts.filter_map(|part| self.owed.get(&(*query, *part)))
    }
}

impl Owed {
    /// What is not proven, in words.
    pub(super) fn in_words(&self) -> String {
        in_words(&self.peer, self.part)
    }
}

/// That an entry of the log of `peer` is not proven, in words.
#[must_use]
pub fn in_words(peer: &AgencyId, part: Part) -> String {
    let what = match part {
        Part::Sent => "of having sent the query",
        Part::Replied => "of its reply",
        Part::Received => "of having received the answer",
    };
    format!("the log of `{peer}` has not proven its entry {what}")
}
