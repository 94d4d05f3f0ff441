//! Proof files: written, read, and checked without anybody's help.

use proptest::prelude::*;
use schemas::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, VERSION};
use schemas::key::SecretKey;
use schemas::merkle::{Frontier, ProofError, inclusion, leaf};
use schemas::note::{Cosigner, NoteError, Signer, Vkey};
use schemas::proof::{LARGEST, LARGEST_EXTRA, LogProof, ProofFileError};
use schemas::witness::judge;

const SIZE: u64 = 11;

fn log() -> Signer {
    Signer::new("accord/monrovia-ca-pd".parse().unwrap(), SecretKey::from_seed(&[1; 32]))
}

fn cosigner(seed: u8) -> Cosigner {
    let name = format!("accord/witness-{seed}").parse().unwrap();
    Cosigner::new(name, SecretKey::from_seed(&[seed; 32]))
}

fn keys(seeds: impl IntoIterator<Item = u8>) -> Vec<Vkey> {
    seeds.into_iter().map(|seed| cosigner(seed).vkey()).collect()
}

/// The bytes of an entry's header.
fn entry(index: u64) -> Vec<u8> {
    let header = Header {
        v: VERSION,
        index,
        at: "2026-03-01T17:04:05.250Z".parse().unwrap(),
        kind: EntryKind::AuditViewed,
        peer: None,
        peer_seq: None,
        query: None,
        body: Digest::of_two(b"salt", b"body"),
        envelope: None,
    };
    header.to_bytes().unwrap()
}

/// The proof of an entry in a log of eleven, cosigned by two.
fn proof(index: u64) -> LogProof {
    let mut tree = Frontier::new();
    let rows: std::collections::HashMap<_, _> =
        (0..SIZE).flat_map(|index| tree.push(leaf(&entry(index)))).collect();
    let origin = log().vkey().name().clone();
    let checkpoint = Checkpoint { origin, size: SIZE, root: tree.root() };
    let mut signed = SignedCheckpoint::sign(checkpoint, &log()).unwrap();
    for seed in [2, 3] {
        let advance = judge(Some(&log().vkey()), None, 0, &[], &signed).unwrap();
        let line = advance.cosign(&cosigner(seed), "2026-03-01T18:00:00Z".parse().unwrap());
        signed.add(line, &cosigner(seed).vkey()).unwrap();
    }
    let hashes = inclusion(index, SIZE, |subtree| rows.get(&subtree).copied()).unwrap();
    LogProof::new(index, hashes, signed).unwrap()
}

/// How many of these cosigners the proof convinces one of.
fn verified(
    proof: &LogProof,
    entry: &[u8],
    cosigners: &[Vkey],
    required: usize,
) -> Result<usize, ProofFileError> {
    proof.verify(entry, &log().vkey(), cosigners, required).map(|cosigned| cosigned.len())
}

/// The form is published: other programs read it.
#[test]
fn the_form_is_fixed() {
    let proof = proof(9).with_extra(b"case 26-0417".to_vec()).unwrap();
    let text = proof.to_string();
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(
        lines[..3],
        ["c2sp.org/tlog-proof@v1", "extra Y2FzZSAyNi0wNDE3", "index 9"],
        "{text}"
    );
    assert!(lines[3..6].iter().all(|hash| hash.len() == 44), "{text}");
    assert_eq!(lines[6..9], ["", "accord/monrovia-ca-pd", "11"], "{text}");
    assert!(text.ends_with(&format!("\n\n{}", proof.checkpoint())), "the checkpoint is verbatim");
    let read = LogProof::parse(text.as_bytes()).unwrap();
    assert_eq!((read.index(), read.unverified_extra()), (9, b"case 26-0417".as_slice()));
    assert_eq!(read, proof);
}

#[test]
fn every_entry_is_proved_and_no_other() {
    for index in 0..SIZE {
        let read = LogProof::parse(proof(index).to_string().as_bytes()).unwrap();
        assert_eq!(verified(&read, &entry(index), &[], 0), Ok(0));
        let other = verified(&read, &entry((index + 1) % SIZE), &[], 0);
        assert_eq!(other, Err(ProofFileError::Inclusion(ProofError::Root)));
    }
}

#[test]
fn cosigners_are_counted_and_must_suffice() {
    let few = |found, required| Err(ProofFileError::Cosigners { found, required });
    for (seeds, required, expected) in [
        (vec![], 0, Ok(0)),
        (vec![], 1, few(0, 1)),
        (vec![2], 1, Ok(1)),
        (vec![2, 3, 4], 2, Ok(2)),
        (vec![2, 3, 4], 3, few(2, 3)),
        (vec![2, 2], 2, few(1, 2)),
        (vec![4], 1, few(0, 1)),
    ] {
        let found = verified(&proof(4), &entry(4), &keys(seeds.clone()), required);
        assert_eq!(found, expected, "{seeds:?}, {required} required");
    }
}

#[test]
fn a_signature_of_a_trusted_key_that_does_not_hold_spoils_the_proof() {
    let text = proof(4).to_string();
    let origin = log().vkey().name().clone();
    // The size of the tree is signed by all.
    let resized = LogProof::parse(text.replace("\n11\n", "\n12\n").as_bytes()).unwrap();
    let refused = |name| Err(CheckpointError::Note(NoteError::Signature(name)).into());
    assert_eq!(verified(&resized, &entry(4), &[], 0), refused(origin));
    // A cosignature in the name of another.
    let line = proof(4).checkpoint().to_string().lines().last().unwrap().to_owned();
    let mut bytes = line.clone().into_bytes();
    let near_end = bytes.len() - 10;
    bytes[near_end] = if bytes[near_end] == b'A' { b'B' } else { b'A' };
    let changed = text.replace(&line, std::str::from_utf8(&bytes).unwrap());
    let changed = LogProof::parse(changed.as_bytes()).unwrap();
    let name = cosigner(3).vkey().name().clone();
    assert_eq!(verified(&changed, &entry(4), &keys([2, 3]), 1), refused(name));
    assert_eq!(verified(&changed, &entry(4), &keys([2]), 1), Ok(1));
    // Another log's key.
    let other = Signer::new(log().vkey().name().clone(), SecretKey::from_seed(&[9; 32])).vkey();
    let found = proof(4).verify(&entry(4), &other, &[], 0).map(|cosigned| cosigned.len());
    assert_eq!(found, Err(CheckpointError::Note(NoteError::Untrusted).into()));
}

#[test]
fn what_is_not_a_proof_file_is_refused_with_the_reason() {
    let text = proof(4).to_string();
    let extra = proof(4).with_extra(vec![1; 4]).unwrap().to_string();
    let hash = text.lines().nth(2).unwrap();
    for (bad, why) in [
        (text.replace("@v1", "@v2"), "first line"),
        (format!("\n{text}"), "first line"),
        (text.replace("index 4\n", ""), "no line `index number`"),
        (text.replace("index 4", "index 04"), "no line `index number`"),
        (text.replace("index 4", "index  4"), "no line `index number`"),
        (text.replace("index 4", "index +4"), "no line `index number`"),
        (text.replace("index 4", "Index 4"), "no line `index number`"),
        (text.replace("index 4", "index 4 "), "no line `index number`"),
        (text.replace("index 4", "index 18446744073709551616"), "no line `index number`"),
        (text.replace("index 4\n", "index 4\r\n"), "no line `index number`"),
        (text.replace("index 4", "index 4\nextra AQEBAQ=="), "32 bytes"),
        (extra.replace("extra AQEBAQ==", "extra AQEBAQ"), "extra line"),
        (extra.replace("extra AQEBAQ==", "extra AQEBAR=="), "extra line"),
        (extra.replace("extra AQEBAQ==", "extra "), "extra line"),
        (extra.replace("extra AQEBAQ==", "extra AQEBAQ==\nextra AQEBAQ=="), "no line `index"),
        (text.replace(hash, hash.get(4..).unwrap()), "32 bytes"),
        (text.replace(hash, &hash.replace('=', "")), "32 bytes"),
        (text.replace(hash, &format!("{hash} ")), "32 bytes"),
        (text.replace(hash, &vec![hash; 64].join("\n")), "more than 63"),
        (text.replace("\n\naccord", "\naccord"), "32 bytes"),
        (text.replace("\n\naccord", "\n\n\naccord"), "not a checkpoint"),
        (text.replace("\n\n", "\n"), "no empty line"),
        (text.replace("\n11\n", "\n011\n"), "not a checkpoint"),
        (format!("{text}\n"), "not a signed note"),
        (text.trim_end().to_owned(), "not a signed note"),
        ("a".repeat(LARGEST + 1), "too large"),
        (String::new(), "no empty line"),
    ] {
        assert_ne!(bad, text, "{why}");
        let error = LogProof::parse(bad.as_bytes()).unwrap_err().to_string();
        assert!(
            error.contains(why),
            "{why}: {error}\n{}",
            bad.chars().take(400).collect::<String>()
        );
    }
}

#[test]
fn a_file_that_nobody_would_read_is_not_made() {
    let extra = LARGEST_EXTRA + 1;
    assert_eq!(proof(4).with_extra(vec![0; extra]), Err(ProofFileError::TooLarge(extra)));
    let signed = proof(4).checkpoint().clone();
    let hashes = vec![leaf(b"a"); 64];
    assert!(matches!(LogProof::new(4, hashes, signed), Err(ProofFileError::Form(_))));
    let largest = proof(4).with_extra(vec![7; LARGEST_EXTRA]).unwrap();
    assert_eq!(LogProof::parse(largest.to_string().as_bytes()), Ok(largest));
}

proptest! {
    #[test]
    fn a_proof_file_has_one_form(index in 0..SIZE, extra in prop::collection::vec(any::<u8>(), 0..40)) {
        let proof = proof(index).with_extra(extra).unwrap();
        prop_assert_eq!(LogProof::parse(proof.to_string().as_bytes()), Ok(proof));
    }

    /// Whatever bit is changed, the file no longer proves that both cosigned.
    #[test]
    fn any_flipped_bit_is_detected(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = proof(5).to_string().into_bytes();
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        let held = LogProof::parse(&bytes)
            .is_ok_and(|read| verified(&read, &entry(5), &keys([2, 3]), 2).is_ok());
        prop_assert!(!held);
    }
}
