//! What a witness lets through, and what it says when it does not.

use std::collections::HashMap;

use schemas::checkpoint::{Checkpoint, SignedCheckpoint};
use schemas::digest::Digest;
use schemas::key::SecretKey;
use schemas::merkle::{Frontier, Subtree, consistency, leaf};
use schemas::note::{Cosigner, Signer, Vkey};
use schemas::witness::{WitnessCode, WitnessRefusal, judge};

fn log(seed: u8) -> Signer {
    Signer::new("accord/monrovia-ca-pd".parse().unwrap(), SecretKey::from_seed(&[seed; 32]))
}

fn signed(size: u64, root: Digest) -> SignedCheckpoint {
    let origin = log(1).vkey().name().clone();
    SignedCheckpoint::sign(Checkpoint { origin, size, root }, &log(1)).unwrap()
}

/// A log of ten entries, and the same with another first entry.
struct Log {
    rows: HashMap<Subtree, Digest>,
    roots: Vec<Digest>,
}

impl Log {
    fn beginning_with(first: &[u8]) -> Self {
        let mut tree = Frontier::new();
        let mut log = Self { rows: HashMap::new(), roots: vec![tree.root()] };
        for entry in std::iter::once(first).chain([b"entry".as_slice(); 9]) {
            log.rows.extend(tree.push(leaf(entry)));
            log.roots.push(tree.root());
        }
        log
    }

    fn root(&self, size: u64) -> Digest {
        *self.roots.get(usize::try_from(size).unwrap()).unwrap()
    }

    fn proof(&self, old: u64, new: u64) -> Vec<Digest> {
        consistency(old, new, |subtree| self.rows.get(&subtree).copied()).unwrap()
    }
}

struct Case {
    what: &'static str,
    log: Option<Vkey>,
    stored: Option<(u64, Digest)>,
    old_size: u64,
    proof: Vec<Digest>,
    signed: SignedCheckpoint,
    refused: Result<(), WitnessCode>,
}

#[test]
fn a_witness_judges_by_the_specification() {
    let (ours, forked) = (Log::beginning_with(b"ours"), Log::beginning_with(b"forked"));
    let known = Some(log(1).vkey());
    let at = |size| Some((size, ours.root(size)));
    let case = |what, stored, old_size, proof, size, refused| Case {
        what,
        log: known.clone(),
        stored,
        old_size,
        proof,
        signed: signed(size, ours.root(size)),
        refused,
    };
    let cases = [
        case("the first checkpoint of a log", None, 0, vec![], 7, Ok(())),
        case("the first one, of no entries", None, 0, vec![], 0, Ok(())),
        case("the next one", at(3), 3, ours.proof(3, 7), 7, Ok(())),
        case("the next one, from a power of two", at(4), 4, ours.proof(4, 7), 7, Ok(())),
        case("the next one, after one of no entries", at(0), 0, vec![], 7, Ok(())),
        case("the same one again", at(7), 7, vec![], 7, Ok(())),
        Case {
            log: None,
            ..case("another log", None, 0, vec![], 7, Err(WitnessCode::UnknownOrigin))
        },
        Case {
            log: Some(log(2).vkey()),
            ..case("another key", None, 0, vec![], 7, Err(WitnessCode::Signature))
        },
        case("backwards", at(7), 7, vec![], 3, Err(WitnessCode::OldSizeAbove)),
        case("behind", at(7), 3, ours.proof(3, 9), 9, Err(WitnessCode::OldSizeNotStored)),
        case("ahead", at(3), 7, ours.proof(7, 9), 9, Err(WitnessCode::OldSizeNotStored)),
        case("ahead of nothing", None, 3, ours.proof(3, 7), 7, Err(WitnessCode::OldSizeNotStored)),
        case("a checkpoint behind", at(7), 3, vec![], 3, Err(WitnessCode::OldSizeNotStored)),
        case("a proof from nothing", None, 0, ours.proof(3, 7), 7, Err(WitnessCode::ProofNotEmpty)),
        case("no proof", at(3), 3, vec![], 7, Err(WitnessCode::Proof)),
        case("a proof from elsewhere", at(3), 3, ours.proof(2, 7), 7, Err(WitnessCode::Proof)),
        case("a fork's proof", at(3), 3, forked.proof(3, 7), 7, Err(WitnessCode::Proof)),
        case("a proof of the same", at(7), 7, ours.proof(3, 7), 7, Err(WitnessCode::Proof)),
        case("a flood", at(3), 3, vec![ours.root(1); 64], 7, Err(WitnessCode::ProofTooLong)),
        Case {
            signed: signed(9, forked.root(9)),
            ..case("a fork", at(3), 3, forked.proof(3, 9), 9, Err(WitnessCode::Proof))
        },
        Case {
            signed: signed(7, forked.root(7)),
            ..case("a fork at once", at(7), 7, vec![], 7, Err(WitnessCode::RootDiffers))
        },
        Case {
            signed: signed(7, forked.root(7)),
            ..case(
                "a fork with a proof",
                at(7),
                7,
                ours.proof(3, 7),
                7,
                Err(WitnessCode::RootDiffers),
            )
        },
        Case {
            signed: signed(0, ours.root(1)),
            ..case("nothing with a root", None, 0, vec![], 0, Err(WitnessCode::EmptyRoot))
        },
    ];
    for Case { what, log, stored, old_size, proof, signed, refused } in cases {
        let judged = judge(log.as_ref(), stored, old_size, &proof, &signed);
        match (judged, refused) {
            (Ok(advance), Ok(())) => {
                assert_eq!(advance.replaces(), stored, "{what}");
                assert_eq!(advance.checkpoint(), signed.unverified(), "{what}");
            }
            (judged, refused) => {
                let refused = refused.map_err(|code| WitnessRefusal {
                    code,
                    stored_size: (code == WitnessCode::OldSizeNotStored)
                        .then(|| stored.map_or(0, |(size, _)| size)),
                });
                assert_eq!(judged.map(|_| ()), refused, "{what}");
            }
        }
    }
}

#[test]
fn what_was_let_through_is_what_is_cosigned() {
    let ours = Log::beginning_with(b"ours");
    let mut signed = signed(7, ours.root(7));
    let cosigner =
        Cosigner::new("accord/indio-ca-pd".parse().unwrap(), SecretKey::from_seed(&[2; 32]));
    let stored = Some((3, ours.root(3)));
    let advance = judge(Some(&log(1).vkey()), stored, 3, &ours.proof(3, 7), &signed).unwrap();
    let line = advance.cosign(&cosigner, "2026-03-01T17:04:05Z".parse().unwrap());
    assert!(signed.add(line, &cosigner.vkey()).is_ok());
}

#[test]
fn a_refusal_reads_back_from_its_json() {
    let refusal = WitnessRefusal { code: WitnessCode::OldSizeNotStored, stored_size: Some(7) };
    let text = serde_json::to_string(&refusal).unwrap();
    assert_eq!(text, r#"{"code":"old_size_not_stored","stored_size":7}"#);
    assert_eq!(serde_json::from_str::<WitnessRefusal>(&text).unwrap(), refusal);
    assert_eq!(WitnessRefusal::from(WitnessCode::Proof).to_string(), "the witness refused: proof");
}
