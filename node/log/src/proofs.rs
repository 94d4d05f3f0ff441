//! Where entries stand. For those of the group that is being written, proofs of inclusion come from
//! what the writer holds in memory, with one signed checkpoint for all of them; every other proof comes
//! from the subtrees that the store keeps.

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

/// What the inclusion proofs of some entries in the log's tree of `size` are made of.
///
/// # Errors
/// When the store does not answer, or an entry lies outside that tree.
pub async fn inclusion_nodes(
    store: &dyn ReadStore,
    entries: &[u64],
    size: u64,
) -> Result<HashMap<Subtree, Digest>, StoreError> {
    let mut wanted = Vec::new();
    for index in entries {
        wanted.extend(merkle::inclusion_nodes(*index, size).map_err(corrupt)?);
    }
    wanted.sort_unstable();
    wanted.dedup();
    subtrees(store, wanted).await
}

/// The proof that the entry at `index` stands in the log's tree of `size` entries.
///
/// # Errors
/// When the store does not hold that many.
pub async fn inclusion(
    store: &dyn ReadStore,
    index: u64,
    size: u64,
) -> Result<Vec<Digest>, StoreError> {
    let nodes = inclusion_nodes(store, &[index], size).await?;
    merkle::inclusion(index, size, |subtree| nodes.get(&subtree).copied()).map_err(corrupt)
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
    let wanted = merkle::consistency_nodes(old, new).map_err(corrupt)?;
    let nodes = subtrees(store, wanted).await?;
    merkle::consistency(old, new, |subtree| nodes.get(&subtree).copied()).map_err(corrupt)
}

/// The proofs that trees of some sizes lead one to the next, out of one look into the store.
///
/// # Errors
/// When the store does not hold that many, or a size is below the one before.
pub async fn consistencies(
    store: &dyn ReadStore,
    sizes: &[u64],
) -> Result<Vec<Vec<Digest>>, StoreError> {
    let pairs = || sizes.iter().zip(sizes.iter().skip(1));
    let mut wanted = Vec::new();
    for (old, new) in pairs() {
        wanted.extend(merkle::consistency_nodes(*old, *new).map_err(corrupt)?);
    }
    wanted.sort_unstable();
    wanted.dedup();
    let nodes = subtrees(store, wanted).await?;
    let proof = |(old, new): (&u64, &u64)| {
        merkle::consistency(*old, *new, |subtree| nodes.get(&subtree).copied()).map_err(corrupt)
    };
    pairs().map(proof).collect()
}

/// The root of the log's tree when it had `size` entries.
///
/// # Errors
/// When the store does not hold that many.
pub async fn root_at(store: &dyn ReadStore, size: u64) -> Result<Digest, StoreError> {
    let nodes = subtrees(store, merkle::root_nodes(size)).await?;
    merkle::root(size, |subtree| nodes.get(&subtree).copied()).map_err(corrupt)
}

async fn subtrees(
    store: &dyn ReadStore,
    wanted: Vec<Subtree>,
) -> Result<HashMap<Subtree, Digest>, StoreError> {
    let hashes = store.subtrees(&wanted).await?;
    Ok(wanted.into_iter().zip(hashes).collect())
}

fn corrupt(error: merkle::ProofError) -> StoreError {
    StoreError::Corrupt(error.to_string())
}
