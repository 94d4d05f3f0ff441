//! The Merkle tree of RFC 6962 and RFC 9162 over SHA-256: hashes, the right edge, proofs.
//!
//! Whoever stores a tree stores its *perfect* subtrees: those of 2^level leaves, all present. Such
//! a hash never changes once its last leaf is there, so rows are only ever added, and every root
//! and every proof of every size, past or present, is made from them. Nothing here reads a store:
//! `…_nodes` says which subtrees are needed, in order, so that they can be fetched in one statement,
//! and its companion makes the proof from what was fetched.

use crate::digest::Digest;
use crate::work::Work;
use sha2::{Digest as _, Sha256};

mod build;
mod frontier;
mod verify;

pub use build::{consistency, consistency_nodes, inclusion, inclusion_nodes, root, root_nodes};
pub use frontier::Frontier;
pub use verify::{root_from_inclusion, verify_consistency, verify_inclusion};

/// Largest tree that a checkpoint may speak of, in leaves: 2^62. No proof in it is longer than
/// [`LONGEST_PROOF`], and a signed 64-bit column holds its size.
pub const LARGEST_SIZE: u64 = 1 << 62;

/// Most hashes in a proof (C2SP tlog-witness).
pub const LONGEST_PROOF: usize = 63;

/// The hash of a leaf: SHA-256(0x00 ‖ bytes) (RFC 9162 §2.1.1).
#[must_use]
pub fn leaf(bytes: &[u8]) -> Digest {
    Digest::of_two(&[0], bytes)
}

/// The hash over two subtrees: SHA-256(0x01 ‖ left ‖ right) (RFC 9162 §2.1.1).
#[must_use]
pub fn node(left: &Digest, right: &Digest) -> Digest {
    Work::hashes(1 + 2 * left.as_bytes().len());
    let hash = Sha256::new()
        .chain_update([1])
        .chain_update(left.as_bytes())
        .chain_update(right.as_bytes());
    Digest::from_bytes(hash.finalize().into())
}

/// The root of the tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty() -> Digest {
    Digest::of(&[])
}

/// The place of a perfect subtree: the `index`-th one of 2^`level` leaves, from the left.
///
/// It covers the leaves from `index`·2^`level` up to but not with (`index`+1)·2^`level`. Level 0
/// are the leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    /// Height above the leaves, 0 to 63.
    pub level: u8,
    /// Position among the subtrees of its level, from 0.
    pub index: u64,
}

impl Subtree {
    /// The leaf at `index`.
    #[must_use]
    pub const fn leaf(index: u64) -> Self {
        Self { level: 0, index }
    }

    /// The subtree of which this is one half.
    #[must_use]
    pub const fn parent(self) -> Self {
        Self { level: self.level.saturating_add(1), index: self.index >> 1 }
    }

    /// Whether this is the right half of its parent.
    #[must_use]
    pub const fn is_right(self) -> bool {
        self.index & 1 == 1
    }
}

/// Why a proof is not made, or not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No leaf has this index.
    #[error("a tree of {size} entries has no entry {index}")]
    Outside {
        /// Index asked for, from 0.
        index: u64,
        /// Size of the tree, in leaves.
        size: u64,
    },
    /// A tree never shrinks.
    #[error("a tree of {new} entries cannot follow one of {old}")]
    Shrunk {
        /// Earlier size, in leaves.
        old: u64,
        /// Later size, in leaves.
        new: u64,
    },
    /// Beyond [`LARGEST_SIZE`].
    #[error("a tree of {0} entries is beyond any log")]
    TooLarge(u64),
    /// The store lacks a perfect subtree that a tree of this size has.
    #[error("the hash at level {} and index {} is missing", .0.level, .0.index)]
    Missing(Subtree),
    /// The sizes alone decide how many hashes belong in a proof.
    #[error("the proof has {found} hashes where {expected} belong")]
    Length {
        /// Hashes found.
        found: usize,
        /// Hashes that the sizes demand.
        expected: usize,
    },
    /// The proof does not lead from what it starts with to the root.
    #[error("the proof does not lead to the root")]
    Root,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaf_and_node_never_share_a_hash() {
        let (left, right) = (leaf(b"l"), leaf(b"r"));
        let forged = [left.as_bytes().as_slice(), right.as_bytes()].concat();
        assert_ne!(leaf(&forged), node(&left, &right));
        assert_eq!(node(&left, &right), Digest::of(&[b"\x01", forged.as_slice()].concat()));
        assert_eq!(leaf(b"l"), Digest::of(b"\0l"));
    }

    #[test]
    fn the_parent_of_two_halves_is_one() {
        let (left, right) = (Subtree { level: 3, index: 6 }, Subtree { level: 3, index: 7 });
        assert_eq!(left.parent(), right.parent());
        assert_eq!(left.parent(), Subtree { level: 4, index: 3 });
        assert!(right.is_right() && !left.is_right());
    }
}
