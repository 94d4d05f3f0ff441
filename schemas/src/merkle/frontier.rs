//! The right edge of a growing tree.

use super::build::{join, root_nodes};
use super::{LARGEST_SIZE, ProofError, Subtree};
use crate::digest::Digest;

/// What a log must hold of its tree to append to it: the hashes of the perfect subtrees that a
/// tree of its size divides into, largest first. At most 63 of them, so a copy costs 2 kB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    // INVARIANT: `hashes` has one hash for each bit of `size`, the highest bit's first.
    size: u64,
    hashes: Vec<Digest>,
}

impl Frontier {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, hashes: Vec::new() }
    }

    /// The edge of a tree of `size` leaves from the hashes that [`Self::hashes`] gave.
    ///
    /// # Errors
    /// [`ProofError::TooLarge`] beyond [`LARGEST_SIZE`]; [`ProofError::Length`] unless there is one
    /// hash for each bit of `size`.
    pub fn from_hashes(size: u64, hashes: Vec<Digest>) -> Result<Self, ProofError> {
        let expected = root_nodes(size).len();
        if size > LARGEST_SIZE {
            Err(ProofError::TooLarge(size))
        } else if hashes.len() != expected {
            Err(ProofError::Length { found: hashes.len(), expected })
        } else {
            Ok(Self { size, hashes })
        }
    }

    /// The edge of a tree of `size` leaves from its store, which is asked for [`root_nodes`].
    ///
    /// # Errors
    /// [`ProofError::TooLarge`] beyond [`LARGEST_SIZE`]; [`ProofError::Missing`] when `lookup`
    /// lacks one of the subtrees.
    pub fn restore(
        size: u64,
        mut lookup: impl FnMut(Subtree) -> Option<Digest>,
    ) -> Result<Self, ProofError> {
        let find = |subtree| lookup(subtree).ok_or(ProofError::Missing(subtree));
        Self::from_hashes(size, root_nodes(size).into_iter().map(find).collect::<Result<_, _>>()?)
    }

    /// Appends a leaf's hash. Returns the perfect subtrees that this completed, the leaf itself
    /// first, each the parent of the one before: what a store adds, and never changes.
    pub fn push(&mut self, leaf: Digest) -> Vec<(Subtree, Digest)> {
        let mut subtree = Subtree::leaf(self.size);
        let mut hash = leaf;
        let mut completed = vec![(subtree, hash)];
        while subtree.is_right()
            && let Some(left) = self.hashes.pop()
        {
            subtree = subtree.parent();
            hash = super::node(&left, &hash);
            completed.push((subtree, hash));
        }
        self.hashes.push(hash);
        // Pushing past the largest size takes longer than any machine lasts.
        self.size = self.size.saturating_add(1);
        completed
    }

    /// Leaves in the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the edge, largest subtree first.
    #[must_use]
    pub fn hashes(&self) -> &[Digest] {
        &self.hashes
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        join(&self.hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{empty, leaf, node};

    #[test]
    fn a_leaf_completes_the_subtrees_that_end_with_it() {
        let mut tree = Frontier::new();
        assert_eq!(tree.root(), empty());
        let [a, b, c, d] = [b"a", b"b", b"c", b"d"].map(|text| leaf(text));
        let (ab, cd) = (node(&a, &b), node(&c, &d));
        let at = |level, index| Subtree { level, index };
        assert_eq!(tree.push(a), [(at(0, 0), a)]);
        assert_eq!(tree.push(b), [(at(0, 1), b), (at(1, 0), ab)]);
        assert_eq!(tree.push(c), [(at(0, 2), c)]);
        assert_eq!(tree.root(), node(&ab, &c));
        assert_eq!(tree.push(d), [(at(0, 3), d), (at(1, 1), cd), (at(2, 0), node(&ab, &cd))]);
        assert_eq!((tree.size(), tree.root()), (4, node(&ab, &cd)));
    }

    #[test]
    fn an_edge_with_another_number_of_hashes_is_refused() {
        let hash = leaf(b"a");
        assert!(Frontier::from_hashes(5, vec![hash, hash]).is_ok());
        let refused = Err(ProofError::Length { found: 1, expected: 2 });
        assert_eq!(Frontier::from_hashes(5, vec![hash]), refused);
        let size = LARGEST_SIZE + 1;
        assert_eq!(Frontier::restore(size, |_| Some(hash)), Err(ProofError::TooLarge(size)));
        let missing = ProofError::Missing(Subtree { level: 0, index: 4 });
        let lookup = |subtree: Subtree| (subtree.level == 2).then_some(hash);
        assert_eq!(Frontier::restore(5, lookup), Err(missing));
    }
}
