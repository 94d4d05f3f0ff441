//! Where the entries of one group stand: proofs of inclusion from what the writer holds in memory,
//! and one signed checkpoint for all of them.

use std::collections::HashMap;

use schemas::answer::LogPosition;
use schemas::checkpoint::{Checkpoint, SignedCheckpoint};
use schemas::digest::Digest;
use schemas::entry_proof::EntryProof;
use schemas::merkle::{self, Frontier, Subtree};
use schemas::note::Signer;

use store::{ReadStore, Row, StoreError};

/// The tree right after a group. A proof for an entry of the group needs only the edge before it
/// and the subtrees that the group completed.
pub(super) struct Group {
    nodes: HashMap<Subtree, Digest>,
    size: u64,
    checkpoint: String,
}

impl Group {
    /// What `rows` made of the tree. `None` if a checkpoint cannot be signed, which no tree of a
    /// real size meets.
    pub(super) fn of(
        before: &Frontier,
        rows: &[Row],
        after: &Frontier,
        log: &[Signer],
    ) -> Option<Self> {
        let edge = merkle::root_nodes(before.size());
        let mut nodes: HashMap<Subtree, Digest> =
            edge.into_iter().zip(before.hashes().iter().copied()).collect();
        for row in rows {
            let mut subtree = Subtree::leaf(row.header.index);
            nodes.insert(subtree, merkle::leaf(row.header_bytes.as_bytes()));
            for hash in &row.nodes {
                subtree = subtree.parent();
                nodes.insert(subtree, *hash);
            }
        }
        let checkpoint = head(after, log)?.to_string();
        Some(Self { nodes, size: after.size(), checkpoint })
    }

    /// Where an entry of the group stands.
    pub(super) fn entry_proof(&self, index: u64, header: &str) -> Option<EntryProof> {
        let lookup = |subtree| self.nodes.get(&subtree).copied();
        Some(EntryProof {
            log: LogPosition { index, size: self.size },
            header: header.to_owned(),
            inclusion: merkle::inclusion(index, self.size, lookup).ok()?,
            checkpoint: self.checkpoint.clone(),
        })
    }
}

/// The head of a tree, signed with each of the log's keys.
pub(super) fn head(tree: &Frontier, log: &[Signer]) -> Option<SignedCheckpoint> {
    let (first, further) = log.split_first()?;
    let origin = first.vkey().name().clone();
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
    let mut head = SignedCheckpoint::sign(checkpoint, first).ok()?;
    further.iter().try_for_each(|key| head.sign_also(key)).ok()?;
    Some(head)
}

/// The proof that the log's tree of `new` entries starts with that of `old`.
///
/// # Errors
/// When the store does not hold that many.
pub async fn consistency(
    store: &dyn ReadStore,
    old: u64,
    new: u64,
) -> Result<Vec<Digest>, StoreError> {
    let wrong = |e: merkle::ProofError| StoreError::Corrupt(e.to_string());
    let wanted = merkle::consistency_nodes(old, new).map_err(wrong)?;
    let found = store.subtrees(&wanted).await?;
    let lookup =
        |subtree| wanted.iter().position(|w| *w == subtree).and_then(|at| found.get(at)).copied();
    merkle::consistency(old, new, lookup).map_err(wrong)
}

/// The root of the log's tree when it had `size` entries.
///
/// # Errors
/// When the store does not hold that many.
pub async fn root_at(store: &dyn ReadStore, size: u64) -> Result<Digest, StoreError> {
    let wanted = merkle::root_nodes(size);
    let found = store.subtrees(&wanted).await?;
    let lookup =
        |subtree| wanted.iter().position(|w| *w == subtree).and_then(|at| found.get(at)).copied();
    merkle::root(size, lookup).map_err(|e| StoreError::Corrupt(e.to_string()))
}
