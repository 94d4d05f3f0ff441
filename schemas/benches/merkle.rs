//! What the tree costs a log of ten million entries: appending, proving, checking.
//!
//! `cargo bench -p schemas`

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run says so")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use schemas::digest::Digest;
use schemas::merkle::{
    self, Frontier, Subtree, consistency, inclusion, verify_consistency, verify_inclusion,
};

const SIZE: u64 = 10_000_000;

/// The rows of a tree, held by level and then index.
struct Rows(Vec<Vec<Digest>>);

impl Rows {
    fn add(&mut self, subtree: Subtree, hash: Digest) {
        let level = usize::from(subtree.level);
        if self.0.len() <= level {
            self.0.resize(level + 1, Vec::new());
        }
        self.0.get_mut(level).unwrap().push(hash);
    }

    fn lookup(&self, subtree: Subtree) -> Option<Digest> {
        self.0.get(usize::from(subtree.level))?.get(usize::try_from(subtree.index).ok()?).copied()
    }
}

fn leaf(index: u64) -> Digest {
    merkle::leaf(&index.to_be_bytes())
}

fn grown() -> (Frontier, Rows) {
    let (mut tree, mut rows) = (Frontier::new(), Rows(Vec::new()));
    for index in 0..SIZE {
        for (subtree, hash) in tree.push(leaf(index)) {
            rows.add(subtree, hash);
        }
    }
    (tree, rows)
}

/// Indices all over the tree, in an order that no cache foresees.
fn scattered(turn: &mut u64) -> u64 {
    *turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*turn >> 16) % SIZE
}

fn tree(c: &mut Criterion) {
    let (tree, rows) = grown();
    let root = tree.root();
    let mut group = c.benchmark_group("merkle");
    group.throughput(Throughput::Elements(1));

    let mut growing = tree.clone();
    let hash = leaf(SIZE);
    group.bench_function("push", |b| b.iter(|| growing.push(black_box(hash))));
    // What is hashed: a header's bytes.
    let header = [b'x'; 330];
    group.bench_function("hash a leaf and push", |b| {
        b.iter(|| growing.push(merkle::leaf(black_box(&header))))
    });
    group.bench_function("root", |b| b.iter(|| black_box(&tree).root()));
    group.bench_function("copy the edge", |b| b.iter(|| black_box(&tree).clone()));

    let mut turn = 1;
    group.bench_function("prove inclusion", |b| {
        b.iter(|| inclusion(scattered(&mut turn), SIZE, |subtree| rows.lookup(subtree)).unwrap())
    });
    group.bench_function("prove consistency", |b| {
        b.iter(|| consistency(scattered(&mut turn), SIZE, |subtree| rows.lookup(subtree)).unwrap())
    });

    let index = SIZE / 3;
    let proof = inclusion(index, SIZE, |subtree| rows.lookup(subtree)).unwrap();
    group.bench_function(format!("verify inclusion, {} hashes", proof.len()), |b| {
        b.iter(|| verify_inclusion(&leaf(index), index, SIZE, black_box(&proof), &root).unwrap())
    });
    let old_root = merkle::root(index, |subtree| rows.lookup(subtree)).unwrap();
    let proof = consistency(index, SIZE, |subtree| rows.lookup(subtree)).unwrap();
    group.bench_function(format!("verify consistency, {} hashes", proof.len()), |b| {
        b.iter(|| verify_consistency(index, &old_root, SIZE, &root, black_box(&proof)).unwrap())
    });
    group.finish();
}

criterion_group!(benches, tree);
criterion_main!(benches);
