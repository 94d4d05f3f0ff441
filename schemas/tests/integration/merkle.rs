//! The tree against another implementation, against published vectors, and at its limits.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use schemas::digest::Digest;
use schemas::merkle::{
    self, Frontier, LARGEST_SIZE, LONGEST_PROOF, ProofError, Subtree, consistency,
    consistency_nodes, inclusion, inclusion_nodes, root, root_nodes, verify_consistency,
    verify_inclusion,
};
use serde_json::Value;
use sha2::Sha256;

/// A stored tree: its perfect subtrees, and the root at every size.
struct Stored {
    rows: HashMap<Subtree, Digest>,
    roots: Vec<Digest>,
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn stored(size: u64) -> Stored {
    let mut tree = Frontier::new();
    let mut stored = Stored { rows: HashMap::new(), roots: vec![tree.root()] };
    for index in 0..size {
        for (subtree, hash) in tree.push(merkle::leaf(&entry(index))) {
            assert_eq!(stored.rows.insert(subtree, hash), None, "rows are only ever added");
        }
        stored.roots.push(tree.root());
    }
    stored
}

impl Stored {
    fn lookup(&self) -> impl FnMut(Subtree) -> Option<Digest> + '_ {
        |subtree| self.rows.get(&subtree).copied()
    }

    fn root(&self, size: u64) -> Digest {
        *self.roots.get(usize::try_from(size).unwrap()).unwrap()
    }
}

fn oracle(size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|index| tree.push(entry(index)));
    tree
}

fn concatenated(proof: &[Digest]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn flipped(hash: &Digest, bit: usize) -> Digest {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Digest::from_bytes(bytes)
}

/// Two sizes, the smaller first.
fn sizes() -> impl Strategy<Value = (u64, u64)> {
    (1u64..300).prop_flat_map(|size| (0..=size, Just(size)))
}

/// Any size, and more often those about a limit.
fn large() -> impl Strategy<Value = u64> {
    let about = |limit: u64| limit - 2..=limit.saturating_add(2);
    prop_oneof![1..=u64::MAX, about(LARGEST_SIZE), about(1 << 63), about(u64::MAX)]
}

proptest! {
    #[test]
    fn roots_and_proofs_are_those_of_another_implementation((old, size) in sizes()) {
        let (tree, other) = (stored(size), oracle(size));
        let root: [u8; 32] = (*other.root().as_bytes()).into();
        prop_assert_eq!(tree.root(size), Digest::from_bytes(root));
        if old < size {
            let proof = inclusion(old, size, tree.lookup()).unwrap();
            let index = usize::try_from(old).unwrap();
            prop_assert_eq!(concatenated(&proof), other.prove_inclusion(index).as_bytes().to_vec());
        }
        if 0 < old && old < size {
            let proof = consistency(old, size, tree.lookup()).unwrap();
            let added = usize::try_from(size - old).unwrap();
            prop_assert_eq!(concatenated(&proof), other.prove_consistency(added).as_bytes().to_vec());
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused((old, size) in sizes(), at in any::<prop::sample::Index>()) {
        let tree = stored(size);
        let (old_root, root) = (tree.root(old), tree.root(size));
        let bit = at.index(256);
        if old < size {
            let leaf = merkle::leaf(&entry(old));
            let proof = inclusion(old, size, tree.lookup()).unwrap();
            prop_assert_eq!(verify_inclusion(&leaf, old, size, &proof, &root), Ok(()));
            for which in 0..proof.len() {
                let mut bad = proof.clone();
                bad[which] = flipped(&bad[which], bit);
                prop_assert_eq!(verify_inclusion(&leaf, old, size, &bad, &root), Err(ProofError::Root));
            }
            let (bad_leaf, bad_root) = (flipped(&leaf, bit), flipped(&root, bit));
            prop_assert!(verify_inclusion(&bad_leaf, old, size, &proof, &root).is_err());
            prop_assert!(verify_inclusion(&leaf, old, size, &proof, &bad_root).is_err());
        }
        let proof = consistency(old, size, tree.lookup()).unwrap();
        prop_assert_eq!(verify_consistency(old, &old_root, size, &root, &proof), Ok(()));
        for which in 0..proof.len() {
            let mut bad = proof.clone();
            bad[which] = flipped(&bad[which], bit);
            let verified = verify_consistency(old, &old_root, size, &root, &bad);
            prop_assert_eq!(verified, Err(ProofError::Root));
        }
        let bad = flipped(&old_root, bit);
        prop_assert!(verify_consistency(old, &bad, size, &root, &proof).is_err());
        if old > 0 {
            let bad = flipped(&root, bit);
            prop_assert!(verify_consistency(old, &old_root, size, &bad, &proof).is_err());
        }
    }

    #[test]
    fn a_proof_holds_for_no_other_index_or_size((index, size) in sizes(), other in 0u64..400) {
        prop_assume!(index < size && other != index);
        let tree = stored(size);
        let leaf = merkle::leaf(&entry(index));
        let proof = inclusion(index, size, tree.lookup()).unwrap();
        prop_assert!(verify_inclusion(&leaf, other, size, &proof, &tree.root(size)).is_err());
        // A later root does not make room for an earlier proof.
        let later = size + 1 + other;
        let verified = verify_inclusion(&leaf, index, later, &proof, &stored(later).root(later));
        prop_assert!(verified.is_err());
    }

    #[test]
    fn an_edge_goes_on_from_what_was_stored((old, size) in sizes()) {
        let tree = stored(size);
        let mut edge = Frontier::restore(old, tree.lookup()).unwrap();
        prop_assert_eq!(Frontier::from_hashes(old, edge.hashes().to_vec()), Ok(edge.clone()));
        prop_assert_eq!(root(old, tree.lookup()), Ok(edge.root()));
        for index in old..size {
            for (subtree, hash) in edge.push(merkle::leaf(&entry(index))) {
                prop_assert_eq!(tree.rows.get(&subtree), Some(&hash));
            }
        }
        prop_assert_eq!((edge.size(), edge.root()), (size, tree.root(size)));
    }

    /// What is fetched beforehand is exactly what is then read, in this order.
    #[test]
    fn a_proof_reads_the_subtrees_that_were_announced((old, size) in sizes()) {
        let tree = stored(size);
        let mut read = Vec::new();
        let mut lookup = |subtree| { read.push(subtree); tree.rows.get(&subtree).copied() };
        consistency(old, size, &mut lookup).unwrap();
        prop_assert_eq!(std::mem::take(&mut read), consistency_nodes(old, size).unwrap());
        if old < size {
            let mut lookup = |subtree| { read.push(subtree); tree.rows.get(&subtree).copied() };
            inclusion(old, size, &mut lookup).unwrap();
            prop_assert_eq!(read, inclusion_nodes(old, size).unwrap());
        }
    }

    /// A tree of equal leaves: the hash of a subtree follows from its level, whatever its size.
    #[test]
    fn nothing_overflows_in_the_largest_tree(
        old in large(),
        size in large(),
    ) {
        let (old, size) = (old.min(size), old.max(size));
        let leaf = merkle::leaf(b"same");
        let levels: Vec<Digest> =
            std::iter::successors(Some(leaf), |hash| Some(merkle::node(hash, hash))).take(64).collect();
        let lookup = |subtree: Subtree| {
            // INVARIANT: every subtree asked for lies inside the tree.
            assert!((u128::from(subtree.index) + 1) << subtree.level <= u128::from(size));
            levels.get(usize::from(subtree.level)).copied()
        };
        let (old_root, new_root) = (root(old, lookup).unwrap(), root(size, lookup).unwrap());
        let proof = inclusion(old - 1, size, lookup).unwrap();
        prop_assert_eq!(verify_inclusion(&leaf, old - 1, size, &proof, &new_root), Ok(()));
        prop_assert!(size > LARGEST_SIZE || proof.len() <= LONGEST_PROOF);
        let proof = consistency(old, size, lookup).unwrap();
        prop_assert_eq!(verify_consistency(old, &old_root, size, &new_root, &proof), Ok(()));
        prop_assert!(size > LARGEST_SIZE || proof.len() <= LONGEST_PROOF);
        prop_assert_eq!(root_nodes(size).len(), usize::try_from(size.count_ones()).unwrap());
    }

    #[test]
    fn verifying_never_panics(
        sizes in any::<(u64, u64)>(),
        hashes in prop::collection::vec(any::<[u8; 32]>(), 2..70),
    ) {
        let hashes: Vec<Digest> = hashes.into_iter().map(Digest::from_bytes).collect();
        let (first, proof) = hashes.split_first().unwrap();
        prop_assert!(verify_inclusion(first, sizes.0, sizes.1, proof, first).is_err());
        prop_assert!(verify_consistency(sizes.0, first, sizes.1, first, proof).is_err());
    }
}

/// The vectors of the name; `None` where they are not at hand.
#[expect(clippy::print_stderr, reason = "a test that does nothing says so")]
fn vectors(name: &str) -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()),
        Err(error) => {
            eprintln!("skipped: `{}`: {error}", path.display());
            None
        }
    }
}

/// A field's hash; `None` if it is not 32 bytes, which our types do not let through.
fn hash(value: &Value) -> Option<Digest> {
    let bytes = BASE64.decode(value.as_str().unwrap()).unwrap();
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}

fn proof(vector: &Value) -> Option<Vec<Digest>> {
    vector["proof"].as_array().map_or(Some(Vec::new()), |hashes| hashes.iter().map(hash).collect())
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// The longest proof there is: of the last odd size in the largest tree.
#[test]
fn the_largest_tree_needs_the_longest_proof() {
    let hash = |_| Some(merkle::empty());
    assert_eq!(consistency(LARGEST_SIZE - 1, LARGEST_SIZE, hash).unwrap().len(), LONGEST_PROOF);
    let beyond = consistency(LARGEST_SIZE - 1, LARGEST_SIZE + 1, hash).unwrap();
    assert_eq!(beyond.len(), LONGEST_PROOF + 1);
}

#[test]
fn inclusion_vectors() {
    for vector in vectors("rfc6962-inclusion.jsonl").unwrap_or_default() {
        let (index, size) = (number(&vector["leafIdx"]), number(&vector["treeSize"]));
        let verified =
            hash(&vector["leafHash"]).zip(hash(&vector["root"])).zip(proof(&vector)).map(
                |((leaf, root), proof)| verify_inclusion(&leaf, index, size, &proof, &root).is_ok(),
            );
        let expected = vector["wantErr"] == false;
        assert_eq!(verified.unwrap_or(false), expected, "{}", vector["file"]);
    }
}

#[test]
fn consistency_vectors() {
    for vector in vectors("rfc6962-consistency.jsonl").unwrap_or_default() {
        // Equal roots of twelve bytes: nothing that is a root here.
        if vector["desc"] == "sizes are equal (one) and proof is empty" {
            assert_eq!(hash(&vector["root1"]), None);
            continue;
        }
        let (old, new) = (number(&vector["size1"]), number(&vector["size2"]));
        let verified = hash(&vector["root1"]).zip(hash(&vector["root2"])).zip(proof(&vector)).map(
            |((old_root, root), proof)| {
                verify_consistency(old, &old_root, new, &root, &proof).is_ok()
            },
        );
        let expected = vector["wantErr"] == false;
        assert_eq!(verified.unwrap_or(false), expected, "{}", vector["file"]);
    }
}
