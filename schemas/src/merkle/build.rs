//! Making roots and proofs from stored perfect subtrees.
//!
//! Each hash of a proof stands for a run of leaves that starts at a multiple of its own length
//! rounded up to a power of two. Such a run splits into perfect subtrees, largest first, and at
//! most one run of a proof, the one that touches the right edge, splits into more than one.

use std::ops::Range;

use super::{ProofError, Subtree, empty, node};
use crate::digest::Digest;

/// The perfect subtrees that [`root`] reads for a tree of `size` leaves, left to right: one for
/// each bit of `size`.
#[must_use]
pub fn root_nodes(size: u64) -> Vec<Subtree> {
    subtrees(&(0..size)).collect()
}

/// The root of a tree of `size` leaves.
///
/// # Errors
/// [`ProofError::Missing`] when `lookup` lacks one of [`root_nodes`].
pub fn root(
    size: u64,
    mut lookup: impl FnMut(Subtree) -> Option<Digest>,
) -> Result<Digest, ProofError> {
    hash(&(0..size), &mut lookup)
}

/// The perfect subtrees that [`inclusion`] reads, in the order it reads them.
///
/// # Errors
/// [`ProofError::Outside`] unless `index` is below `size`.
pub fn inclusion_nodes(index: u64, size: u64) -> Result<Vec<Subtree>, ProofError> {
    Ok(inclusion_runs(index, size)?.iter().flat_map(subtrees).collect())
}

/// The proof that the leaf at `index` is in the tree of `size` leaves, from the leaf's sibling up
/// to a child of the root (RFC 9162 §2.1.3.1).
///
/// # Errors
/// [`ProofError::Outside`] unless `index` is below `size`; [`ProofError::Missing`] when `lookup`
/// lacks one of [`inclusion_nodes`].
pub fn inclusion(
    index: u64,
    size: u64,
    mut lookup: impl FnMut(Subtree) -> Option<Digest>,
) -> Result<Vec<Digest>, ProofError> {
    inclusion_runs(index, size)?.iter().map(|run| hash(run, &mut lookup)).collect()
}

/// The perfect subtrees that [`consistency`] reads, in the order it reads them.
///
/// # Errors
/// [`ProofError::Shrunk`] if `old` is above `new`.
pub fn consistency_nodes(old: u64, new: u64) -> Result<Vec<Subtree>, ProofError> {
    Ok(consistency_runs(old, new)?.iter().flat_map(subtrees).collect())
}

/// The proof that the tree of `new` leaves starts with the tree of `old` leaves (RFC 9162
/// §2.1.4.1). Empty when `old` is 0 or equals `new`: there is nothing to show.
///
/// # Errors
/// [`ProofError::Shrunk`] if `old` is above `new`; [`ProofError::Missing`] when `lookup` lacks one
/// of [`consistency_nodes`].
pub fn consistency(
    old: u64,
    new: u64,
    mut lookup: impl FnMut(Subtree) -> Option<Digest>,
) -> Result<Vec<Digest>, ProofError> {
    consistency_runs(old, new)?.iter().map(|run| hash(run, &mut lookup)).collect()
}

/// The runs of leaves whose hashes are an inclusion proof, lowest first.
fn inclusion_runs(index: u64, size: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if index >= size {
        return Err(ProofError::Outside { index, size });
    }
    let mut runs = Vec::new();
    let mut tree = 0..size;
    while let Some(middle) = split(&tree) {
        if index < middle {
            runs.push(middle..tree.end);
            tree.end = middle;
        } else {
            runs.push(tree.start..middle);
            tree.start = middle;
        }
    }
    runs.reverse();
    Ok(runs)
}

/// The runs of leaves whose hashes are a consistency proof, lowest first.
fn consistency_runs(old: u64, new: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut runs = Vec::new();
    let mut tree = 0..new;
    // Down to the subtree of the new tree that ends where the old one did.
    while tree.end != old {
        let Some(middle) = split(&tree) else { break };
        if old <= middle {
            runs.push(middle..tree.end);
            tree.end = middle;
        } else {
            runs.push(tree.start..middle);
            tree.start = middle;
        }
    }
    // Who checks the proof has the hash of that subtree only if it is the whole old tree.
    if tree.start > 0 {
        runs.push(tree);
    }
    runs.reverse();
    Ok(runs)
}

/// Where a run divides: at the largest power of two below its length. `None` for one leaf.
fn split(run: &Range<u64>) -> Option<u64> {
    let last = run.end.checked_sub(run.start)?.checked_sub(1)?;
    Some(run.start + (1 << last.checked_ilog2()?))
}

/// The perfect subtrees of an aligned run, left to right.
fn subtrees(run: &Range<u64>) -> impl Iterator<Item = Subtree> + use<> {
    let Range { mut start, end } = *run;
    std::iter::from_fn(move || {
        let level = end.checked_sub(start)?.checked_ilog2()?;
        let subtree = Subtree { level: u8::try_from(level).ok()?, index: start >> level };
        start += 1 << level;
        Some(subtree)
    })
}

/// The hash of an aligned run: its perfect subtrees joined from the right.
fn hash(
    run: &Range<u64>,
    lookup: &mut impl FnMut(Subtree) -> Option<Digest>,
) -> Result<Digest, ProofError> {
    let hashes = subtrees(run)
        .map(|subtree| lookup(subtree).ok_or(ProofError::Missing(subtree)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(join(&hashes))
}

/// The root over perfect subtrees given left to right; of none, the empty root.
pub(super) fn join(hashes: &[Digest]) -> Digest {
    let Some((last, rest)) = hashes.split_last() else { return empty() };
    rest.iter().rev().fold(*last, |right, left| node(left, &right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(level: u8, index: u64) -> Subtree {
        Subtree { level, index }
    }

    /// The examples of RFC 9162 §2.1.5: a tree of seven leaves.
    #[test]
    fn the_standards_examples_need_these_subtrees() {
        // Leaf 0: [b, h, l], where l joins the subtree of leaves 4 and 5 with leaf 6.
        assert_eq!(inclusion_nodes(0, 7), Ok(vec![at(0, 1), at(1, 1), at(1, 2), at(0, 6)]));
        assert_eq!(inclusion_nodes(3, 7), Ok(vec![at(0, 2), at(1, 0), at(1, 2), at(0, 6)]));
        assert_eq!(inclusion_nodes(4, 7), Ok(vec![at(0, 5), at(0, 6), at(2, 0)]));
        assert_eq!(inclusion_nodes(6, 7), Ok(vec![at(1, 2), at(2, 0)]));
        // Sizes 3, 4 and 6 to 7: [c, d, g, l], [l], [i, j, k].
        assert_eq!(
            consistency_nodes(3, 7),
            Ok(vec![at(0, 2), at(0, 3), at(1, 0), at(1, 2), at(0, 6)])
        );
        assert_eq!(consistency_nodes(4, 7), Ok(vec![at(1, 2), at(0, 6)]));
        assert_eq!(consistency_nodes(6, 7), Ok(vec![at(1, 2), at(0, 6), at(2, 0)]));
        assert_eq!(root_nodes(7), vec![at(2, 0), at(1, 2), at(0, 6)]);
    }

    #[test]
    fn nothing_is_proved_of_what_is_not_there() {
        assert_eq!(inclusion_nodes(7, 7), Err(ProofError::Outside { index: 7, size: 7 }));
        assert_eq!(inclusion_nodes(0, 0), Err(ProofError::Outside { index: 0, size: 0 }));
        assert_eq!(consistency_nodes(8, 7), Err(ProofError::Shrunk { old: 8, new: 7 }));
        assert_eq!(consistency_nodes(7, 7), Ok(vec![]));
        assert_eq!(consistency_nodes(0, 7), Ok(vec![]));
        assert_eq!(inclusion(0, 2, |_| None), Err(ProofError::Missing(at(0, 1))));
    }
}
