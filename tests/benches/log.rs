//! The audit log alone: durable appends in groups, and checking a log.
//!
//! `cargo bench -p tests --bench log`. Every append is durable when it is counted; each has a body of
//! the size of an access. The tree and its checker run over the log that was just written; the
//! signatures are those of exchanges between two nodes. What the tree adds to a durable append is
//! measured on the store itself, with the tree's hashes, rows and signed head and without, in turns.

use std::time::{Duration, Instant};

use audit::keys::Keys;
use audit::verify::Verifier;
use audit_log::database_head;
use schemas::bundle::Item;
use schemas::checkpoint::{Checkpoint, SignedCheckpoint, origin};
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, SALT, VERSION};
use schemas::key::SecretKey;
use schemas::merkle;
use schemas::note::Signer;
use schemas::outcome::OutcomeCode;
use schemas::time::Timestamp;
use store::sqlite::Sqlite;
use store::{EntryFilter, LogRecords as _, LogState, LogWriter as _, Row, StateChanges};
use tests::agency::Agency;
use tests::federation::sharing_pair;
use tests::fixtures::PLATE;
use tests::logs::{WAITING, append_many};

const APPENDS: usize = 40_000;
const STEP: u32 = 5_000;
const EXCHANGES: usize = 1_000;

fn rate(what: &str, count: usize, took: Duration) {
    let rate = count as f64 / took.as_secs_f64();
    println!("{what:<52} {rate:>12.0} /s   ({count} in {took:.2?})");
}

async fn append(agency: &Agency, count: usize) -> Duration {
    let started = Instant::now();
    append_many(agency, count).await;
    started.elapsed()
}

async fn entries(agency: &Agency) -> Vec<Item> {
    let mut all: Vec<Item> = Vec::new();
    loop {
        let start = all.len() as u64;
        let step = agency.store().entries(&EntryFilter::default(), start, STEP).await;
        let step = step.expect("entries");
        let whole = step.len() < STEP as usize;
        let item = |entry| Item::of(entry);
        all.extend(step.into_iter().map(item));
        if whole {
            return all;
        }
    }
}

/// Checks every signature of the owner's log of some exchanges, as `audit verify` does.
async fn signatures() {
    let (asking, owning, _) = sharing_pair().await;
    for _ in 0..EXCHANGES {
        assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    }
    let (log, mut keys) = (entries(&owning).await, Keys::default());
    for agency in [&asking, &owning] {
        keys.add(&agency.identity.card);
    }
    let (mut checked, mut took) = (0, Duration::ZERO);
    for _ in 0..3 {
        let started = Instant::now();
        let mut verifier = Verifier::new(owning.id().clone(), keys.clone(), true, true);
        for step in log.chunks(STEP as usize) {
            verifier.check(step);
        }
        checked += usize::try_from(verifier.finish().signatures).expect("a count");
        took += started.elapsed();
    }
    rate("signatures checked with their entries, all cores", checked, took);
}

/// A log that is written straight into a store.
struct Plain {
    _dir: tempfile::TempDir,
    store: Sqlite,
    tree: merkle::Frontier,
    signer: Signer,
}

impl Plain {
    async fn new() -> Self {
        let dir = tempfile::TempDir::new().expect("a directory");
        let store = Sqlite::open(&dir.path().join("log.db")).await.expect("a store");
        let name = origin(&"logging-ca-pd".parse().expect("an id"));
        let signer = Signer::new(name, SecretKey::from_seed(&[7; 32]));
        Self { _dir: dir, store, tree: merkle::Frontier::new(), signer }
    }

    /// One group of entries, each with a body and envelopes of the size of an answer's.
    async fn append(&mut self, group: usize, with_tree: bool) {
        let at = Timestamp::from_millis(1_790_000_000_000).expect("a time");
        let first = self.tree.size();
        let mut rows = Vec::with_capacity(group);
        let mut leaves = Vec::new();
        for n in 0..group as u64 {
            let body = format!("{{\"n\":{n},\"text\":\"{}\"}}", "a reason ".repeat(90));
            let header = Header {
                v: VERSION,
                index: first + n,
                at,
                kind: EntryKind::AuditViewed,
                peer: None,
                peer_seq: None,
                query: None,
                body: Digest::of(body.as_bytes()),
                envelope: None,
            };
            let header_bytes =
                String::from_utf8(header.to_bytes().expect("a header")).expect("UTF-8");
            let hash = with_tree.then(|| merkle::leaf(header_bytes.as_bytes()));
            let nodes = match hash {
                Some(leaf) => {
                    // The leaf itself stands in the entry.
                    let completed = self.tree.push(leaf).into_iter().skip(1);
                    completed.map(|(_, hash)| hash).collect()
                }
                None => {
                    leaves.push(n);
                    Vec::new()
                }
            };
            let envelopes = Some("e".repeat(2_400));
            rows.push(Row {
                header,
                header_bytes,
                salt: [7; SALT],
                body,
                envelopes,
                nodes,
                mentions: Vec::new(),
                changes: StateChanges::default(),
            });
        }
        let head = if with_tree {
            let state =
                LogState { size: self.tree.size(), tree: self.tree.clone(), ..LogState::default() };
            database_head::sign(&state, std::slice::from_ref(&self.signer)).expect("a head")
        } else {
            String::new()
        };
        self.store.commit(&rows, &head).await.expect("a commit");
        if with_tree {
            let (origin, size) = (self.signer.vkey().name().clone(), self.tree.size());
            let head = Checkpoint { origin, size, root: self.tree.root() };
            let signed = SignedCheckpoint::sign(head, &self.signer).expect("a head");
            std::hint::black_box(signed.to_string());
        } else {
            // The indices go on; what stands in the tree's place costs nothing that is measured.
            for n in leaves {
                self.tree.push(Digest::from_bytes([(n % 251) as u8; 32]));
            }
        }
    }
}

/// What hashing, the tree's rows and the signed head add to a durable append, alone and in groups.
async fn tree_share() {
    for (group, count) in [(1, 1_500), (64, 200)] {
        let mut logs = [Plain::new().await, Plain::new().await];
        let mut took = [Duration::ZERO; 2];
        for n in 0..count {
            // In turns, and each first as often as the other: what else the machine does hits both.
            for side in if n % 2 == 0 { [0, 1] } else { [1, 0] } {
                let started = Instant::now();
                logs[side].append(group, side == 1).await;
                took[side] += started.elapsed();
            }
        }
        let each = |took: Duration| took.as_secs_f64() * 1e6 / (count * group) as f64;
        let [without, with] = took.map(each);
        println!(
            "{:<52} {with:>9.1} µs   (without {without:.1} µs, {:+.1} %)",
            format!("durable append with the tree, groups of {group}"),
            (with / without - 1.0) * 100.0
        );
    }
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let agency = Agency::start("logging-ca-pd").await;
    append(&agency, WAITING).await;
    rate("durable appends, 1,000 waiting", APPENDS, append(&agency, APPENDS).await);

    let log = entries(&agency).await;
    let started = Instant::now();
    let mut verifier = Verifier::new(agency.id().clone(), Keys::default(), true, true);
    for step in log.chunks(STEP as usize) {
        verifier.check(step);
    }
    let verified = verifier.finish();
    rate("entries checked: tree, numbers, bodies", log.len(), started.elapsed());
    let head = agency.context().agency.log.head().expect("a head");
    assert_eq!(verified.tree.root(), head.unverified().root);

    let started = Instant::now();
    let mut tree = merkle::Frontier::new();
    for item in &log {
        tree.push(merkle::leaf(item.entry.header.as_bytes()));
    }
    rate("headers hashed into the tree", log.len(), started.elapsed());

    let (checks, vkey) = (20_000, agency.log_key());
    let note = head.to_string();
    let started = Instant::now();
    for _ in 0..checks {
        let head = SignedCheckpoint::parse(note.as_bytes()).expect("a checkpoint");
        let _: &Checkpoint = head.verified(&vkey).expect("a signature");
    }
    rate("signatures of heads checked, one core", checks, started.elapsed());

    signatures().await;
    tree_share().await;

    let wanted = merkle::inclusion_nodes(7, tree.size()).expect("a place");
    let proofs = 2_000;
    let started = Instant::now();
    for _ in 0..proofs {
        agency.store().subtrees(&wanted).await.expect("hashes");
    }
    rate("proofs of inclusion read from the store", proofs, started.elapsed());
}
