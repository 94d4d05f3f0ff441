//! Checking proofs. The sizes alone decide the shape of a proof; only then do hashes matter.

use super::{ProofError, empty, node};
use crate::digest::Digest;

/// The root that an inclusion proof leads to for the leaf with this *hash*.
///
/// # Errors
/// [`ProofError::Outside`] unless `index` is below `size`; [`ProofError::Length`] when the proof is
/// too long or too short.
pub fn root_from_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
) -> Result<Digest, ProofError> {
    let path = Path::new(index, size).ok_or(ProofError::Outside { index, size })?;
    path.check_length(proof.len())?;
    Ok(path.climb(proof).fold(*leaf, |hash, step| step.over(&hash)))
}

/// Checks that the leaf with this *hash* is at `index` in the tree of `size` leaves with this root
/// (RFC 9162 §2.1.3.2).
///
/// # Errors
/// As [`root_from_inclusion`]; [`ProofError::Root`] when the proof leads to another root.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    same(&root_from_inclusion(leaf, index, size, proof)?, root)
}

/// Checks that the tree of `new` leaves starts with the tree of `old` leaves (RFC 9162 §2.1.4.2).
///
/// Every tree starts with the empty one, and with itself; the proof is then empty.
///
/// # Errors
/// [`ProofError::Shrunk`] if `old` is above `new`; [`ProofError::Length`] when the proof is too
/// long or too short; [`ProofError::Root`] when it does not lead to both roots, or the root of a
/// tree without leaves is not [`empty`].
pub fn verify_consistency(
    old: u64,
    old_root: &Digest,
    new: u64,
    new_root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        if !proof.is_empty() {
            return Err(ProofError::Length { found: proof.len(), expected: 0 });
        }
        let known = if old == 0 { empty() } else { *new_root };
        same(old_root, &known)?;
        return if new == 0 { same(new_root, &known) } else { Ok(()) };
    }
    // The proof climbs from the largest subtree that ends where the old tree did. When that is
    // the whole old tree, the proof leaves its hash out.
    let level = old.trailing_zeros();
    let path = Path::new((old - 1) >> level, ((new - 1) >> level) + 1)
        .ok_or(ProofError::Shrunk { old, new })?;
    let (start, proof) = if old.is_power_of_two() {
        path.check_length(proof.len())?;
        (old_root, proof)
    } else {
        let expected = path.length().saturating_add(1);
        match proof.split_first() {
            Some((start, rest)) if rest.len() == path.length() => (start, rest),
            _ => return Err(ProofError::Length { found: proof.len(), expected }),
        }
    };
    // The old tree had nothing to the right of its last leaf.
    let left = path.climb(proof).filter(|step| matches!(step, Step::Left(_)));
    same(&left.fold(*start, |hash, step| step.over(&hash)), old_root)?;
    same(&path.climb(proof).fold(*start, |hash, step| step.over(&hash)), new_root)
}

/// The way from a leaf to the root: which hashes of a proof stand left of it, and which right.
struct Path {
    index: u64,
    /// Steps below the point where the way reaches the right edge; there the index decides.
    inner: u32,
    /// Steps along the right edge; whatever is added there stands left.
    edge: u32,
}

/// A hash of a proof and the side on which it is added.
enum Step<'a> {
    Left(&'a Digest),
    Right(&'a Digest),
}

impl Path {
    /// `None` unless `index` is below `size`.
    fn new(index: u64, size: u64) -> Option<Self> {
        let last = size.checked_sub(1).filter(|last| index <= *last)?;
        let inner = u64::BITS - (index ^ last).leading_zeros();
        let edge = index.checked_shr(inner).unwrap_or(0).count_ones();
        Some(Self { index, inner, edge })
    }

    fn length(&self) -> usize {
        usize::try_from(self.inner.saturating_add(self.edge)).unwrap_or(usize::MAX)
    }

    fn check_length(&self, found: usize) -> Result<(), ProofError> {
        let expected = self.length();
        if found == expected { Ok(()) } else { Err(ProofError::Length { found, expected }) }
    }

    fn climb<'a>(&self, proof: &'a [Digest]) -> impl Iterator<Item = Step<'a>> + use<'a> {
        let Self { index, inner, .. } = *self;
        (0..).zip(proof).map(move |(level, hash)| {
            let right_edge = level >= inner;
            let is_right = index.checked_shr(level).unwrap_or(0) & 1 == 1;
            if right_edge || is_right { Step::Left(hash) } else { Step::Right(hash) }
        })
    }
}

impl Step<'_> {
    fn over(&self, hash: &Digest) -> Digest {
        match self {
            Self::Left(left) => node(left, hash),
            Self::Right(right) => node(hash, right),
        }
    }
}

fn same(found: &Digest, expected: &Digest) -> Result<(), ProofError> {
    if found == expected { Ok(()) } else { Err(ProofError::Root) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf;

    #[test]
    fn a_proof_of_another_length_is_refused_before_it_is_hashed() {
        let hash = leaf(b"a");
        let length = |found, expected| Err(ProofError::Length { found, expected });
        assert_eq!(verify_inclusion(&hash, 0, 2, &[], &hash), length(0, 1));
        assert_eq!(verify_inclusion(&hash, 0, 1, &[hash], &hash), length(1, 0));
        assert_eq!(verify_consistency(3, &hash, 7, &hash, &[hash; 3]), length(3, 4));
        assert_eq!(verify_consistency(4, &hash, 7, &hash, &[hash; 2]), length(2, 1));
        assert_eq!(verify_consistency(0, &empty(), 7, &hash, &[hash]), length(1, 0));
        let outside = Err(ProofError::Outside { index: 2, size: 2 });
        assert_eq!(verify_inclusion(&hash, 2, 2, &[hash], &hash), outside);
    }

    #[test]
    fn the_empty_tree_and_the_tree_itself_need_no_proof() {
        let (a, b) = (leaf(b"a"), leaf(b"b"));
        assert_eq!(verify_consistency(0, &empty(), 7, &a, &[]), Ok(()));
        assert_eq!(verify_consistency(7, &a, 7, &a, &[]), Ok(()));
        assert_eq!(verify_consistency(0, &empty(), 0, &empty(), &[]), Ok(()));
        for (old, old_root, new, new_root) in
            [(0, a, 7, b), (7, a, 7, b), (0, a, 0, a), (0, empty(), 0, a)]
        {
            let verified = verify_consistency(old, &old_root, new, &new_root, &[]);
            assert_eq!(verified, Err(ProofError::Root), "{old} to {new}");
        }
        let shrunk = Err(ProofError::Shrunk { old: 7, new: 6 });
        assert_eq!(verify_consistency(7, &a, 6, &a, &[]), shrunk);
    }
}
