//! What a bundle says of the exchanges with the other agency, gathered while it is checked: small
//! enough to be held in memory, with where each entry's line begins, so that evidence is read again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemas::agency::AgencyId;
use schemas::bundle::{Head, Item};
use schemas::digest::Digest;
use schemas::merkle::{self, Frontier};
use schemas::time::Timestamp;

use super::check::Report;
use super::cosigned_heads::CosignedHeads;
use super::evidence::Evidence;
use super::exchange_lines::ExchangeLines;
use super::explained::Explanations;
use super::reconcile::Finding;
use super::signed_by::SignedBy;
use super::unproven::Unproven;
use super::verify::Judged;

/// Reads an entry again: of the first bundle (0) or the second (1), by where its line begins.
pub(super) type Lookup<'a> = &'a mut dyn FnMut(usize, u64) -> Option<Item>;

/// What a bundle tells of the exchanges with one agency, gathered while it is checked.
#[derive(Debug)]
pub(super) struct BundleIndex {
    pub(super) head: Head,
    pub(super) with: AgencyId,
    pub(super) told: ExchangeLines,
    /// Every entry: its leaf, and where its line begins.
    pub(super) entries: BTreeMap<u64, (Digest, u64)>,
    /// The entries of each exchange.
    pub(super) exchanges: HashMap<Digest, Vec<u64>>,
    /// The entries of exchanges whose body is destroyed.
    pub(super) bare: BTreeSet<u64>,
    /// Leaves in order, of a whole log.
    pub(super) leaves: Vec<Digest>,
    pub(super) foreign: Vec<ForeignProof>,
    /// Entries that say of a reply that it did not verify, although its header does: with the exchange
    /// and who signed that.
    pub(super) rejected: Vec<(u64, Digest, SignedBy)>,
    /// Exchanges of which it keeps no proof of the other side's entry.
    pub(super) unproven: Unproven,
    /// What its auditors said of findings.
    pub(super) explained: Explanations,
}

/// A place in the other side's log that an entry keeps the proof of.
#[derive(Debug)]
pub(super) struct ForeignProof {
    /// The entry that keeps it.
    pub(super) by: u64,
    /// Which of those that it keeps.
    pub(super) nth: usize,
    /// When that was made.
    pub(super) kept: Timestamp,
    pub(super) query: Option<Digest>,
    pub(super) index: u64,
    pub(super) at: Timestamp,
    pub(super) leaf: Digest,
    pub(super) size: u64,
    pub(super) root: Digest,
}

impl BundleIndex {
    /// Begins with a bundle's head.
    pub(super) fn new(head: Head, with: AgencyId, since: Timestamp) -> Self {
        Self {
            told: ExchangeLines::new(since),
            head,
            with,
            entries: BTreeMap::new(),
            exchanges: HashMap::new(),
            bare: BTreeSet::new(),
            leaves: Vec::new(),
            foreign: Vec::new(),
            rejected: Vec::new(),
            unproven: Unproven::default(),
            explained: Explanations::default(),
        }
    }

    /// Takes in an entry that is being checked.
    pub(super) fn note(&mut self, judged: &Judged, item: &Item, offset: u64) {
        let header = &judged.header;
        let leaf = merkle::leaf(item.entry.header.as_bytes());
        self.entries.insert(header.index, (leaf, offset));
        if self.head.scope.is_whole() {
            self.leaves.push(leaf);
        }
        if header.peer.as_ref() != Some(&self.with) {
            return;
        }
        if let Some(query) = header.query {
            self.exchanges.entry(query).or_default().push(header.index);
            if item.entry.body.is_none() && !item.border {
                self.bare.insert(header.index);
            }
            self.told.add(judged);
            if let Some(by) = &judged.rejected_although_valid {
                self.rejected.push((header.index, query, by.clone()));
            }
        }
        self.unproven.see(judged);
        if let Some(body) = judged.body.as_ref().filter(|_| judged.holds) {
            self.explained.see(&self.head.agency, header, body);
        }
        let foreign = judged.theirs.iter().map(|kept| ForeignProof {
            by: header.index,
            nth: kept.nth,
            kept: header.at,
            query: kept.header.query,
            index: kept.header.index,
            at: kept.header.at,
            leaf: kept.leaf,
            size: kept.head.size,
            root: kept.head.root,
        });
        self.foreign.extend(foreign);
    }

    /// The heads of the other's log that this agency kept, with when it first did.
    pub(super) fn shown_heads(&self) -> CosignedHeads {
        CosignedHeads::of(self.foreign.iter().map(|kept| (kept.size, kept.kept)).collect())
    }

    /// Whether this bundle would hold an entry of its log about the other agency, of that time.
    pub(super) fn covers(&self, index: u64, at: Timestamp) -> bool {
        let scope = &self.head.scope;
        let about = scope.peer.as_ref().is_none_or(|peer| *peer == self.with);
        let begun = scope.from.is_none_or(|from| at >= from);
        let ended = scope.until.is_some_and(|until| at >= until);
        // Of the instant of the export itself, the numbers decide.
        about && begun && !ended && (at < self.head.at || index <= self.head.entry)
    }
}

/// What a log has destroyed of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Destroyed {
    /// Nothing.
    Nothing,
    /// At the end of its retention, as its entries say.
    InTime,
    /// Before that, under hold, or without an entry that says so.
    Early,
}

impl BundleIndex {
    /// What this log has destroyed of an exchange, as the check of its bundle judged it.
    pub(super) fn destroyed(&self, exchange: &Digest, report: &Report) -> Destroyed {
        let entries = self.exchanges.get(exchange).into_iter().flatten();
        let mut destroyed = Destroyed::Nothing;
        for index in entries.filter(|index| self.bare.contains(index)) {
            let early = report.problems.iter().any(|problem| {
                problem.index == Some(*index) && problem.code.starts_with("redacted")
            });
            destroyed = destroyed.max(if early { Destroyed::Early } else { Destroyed::InTime });
        }
        destroyed
    }

    /// The evidence that the entry at `index` of this log is; `n` is the number of its bundle.
    pub(super) fn evidence(&self, n: usize, index: u64, lookup: Lookup<'_>) -> Option<Evidence> {
        let (_, offset) = self.entries.get(&index)?;
        Evidence::of(&self.head.agency, &lookup(n, *offset)?)
    }

    /// Adds the proof of its place to every piece of evidence out of this log, if it is a whole one.
    pub(super) fn prove(&self, findings: &mut [Finding]) {
        if !self.head.scope.is_whole() || findings.is_empty() {
            return;
        }
        let mut tree = Frontier::new();
        let mut nodes = HashMap::new();
        for leaf in &self.leaves {
            nodes.extend(tree.push(*leaf));
        }
        let mine = findings.iter_mut().flat_map(|finding| &mut finding.evidence);
        for evidence in mine.filter(|evidence| evidence.agency == self.head.agency) {
            let lookup = |subtree| nodes.get(&subtree).copied();
            evidence.inclusion = merkle::inclusion(evidence.index, tree.size(), lookup).ok();
        }
    }
}
