//! Checkpoints, their cosignatures, and what a witness lets through.

use proptest::prelude::*;
use schemas::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint, agency, origin};
use schemas::digest::Digest;
use schemas::key::SecretKey;
use schemas::merkle::{Frontier, LARGEST_SIZE, empty, leaf};
use schemas::note::{Cosigner, KeyType, Note, NoteError, SignatureLine, Signer, Vkey};
use schemas::time::Timestamp;
use schemas::witness::judge;

const LOG: &str = "accord/monrovia-ca-pd+86216b2f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
const WITNESS: &str = "accord/indio-ca-pd+9d6740e8+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
/// Signed and cosigned by stock openssl (`pkeyutl -sign -rawin`) with the keys of these tests.
const BY_OPENSSL: &str = "accord/monrovia-ca-pd\n\
    1\n\
    2cLWa1IsJSJyj1Of+fZ7hdQN7/8JX8ilKMmU9PNbs94=\n\
    \n\
    — accord/monrovia-ca-pd hiFrL+FJT19tQOZB83KwT8US+JUOUJasyW3PJKdW3ji63SuwdMrR1H0/nwZ5w4Dl0oWrA1glPRmZ51Q72M/lkrNDkgo=\n\
    — accord/indio-ca-pd nWdA6AAAAABppHGF5H421PmFAUCHLvF0WmEFKqFiHxLGEaD0J3hJtpXcbwF9gBU0LOGO7qKWaYxobpWi65kxO0UxuZ2v5+kceYgFBw==\n";
const COSIGNED_AT: &str = "2026-03-01T17:04:05.000Z";
/// In form a post-quantum cosignature, of type 06.
const POST_QUANTUM: &str = "— accord/indio-ca-pd AAAABgAAAABppHGFAAAAAAAAAAA=";

fn log() -> Signer {
    let agency = "monrovia-ca-pd".parse().unwrap();
    Signer::new(origin(&agency), SecretKey::from_seed(&[1; 32]))
}

fn cosigner(name: &str, seed: u8) -> Cosigner {
    Cosigner::new(name.parse().unwrap(), SecretKey::from_seed(&[seed; 32]))
}

fn witness() -> Cosigner {
    cosigner("accord/indio-ca-pd", 2)
}

fn checkpoint(size: u64, root: Digest) -> Checkpoint {
    Checkpoint { origin: log().vkey().name().clone(), size, root }
}

fn signed() -> SignedCheckpoint {
    SignedCheckpoint::sign(checkpoint(1, leaf(b"entry")), &log()).unwrap()
}

/// A cosignature, by the only way there is to one.
fn cosignature(signed: &SignedCheckpoint, by: &Cosigner, at: &str) -> SignatureLine {
    judge(Some(&log().vkey()), None, 0, &[], signed).unwrap().cosign(by, at.parse().unwrap())
}

fn cosigned() -> SignedCheckpoint {
    let mut signed = signed();
    let line = cosignature(&signed, &witness(), COSIGNED_AT);
    signed.add(line, &witness().vkey()).unwrap();
    signed
}

#[test]
fn what_openssl_signs_is_what_is_signed_here() {
    assert_eq!(log().vkey().to_string(), LOG);
    assert_eq!(witness().vkey().to_string(), WITNESS);
    assert_eq!(cosigned().to_string(), BY_OPENSSL);
}

#[test]
fn what_openssl_signed_verifies_here() {
    let (log, cosigners) = (LOG.parse().unwrap(), [WITNESS.parse().unwrap()]);
    let read = SignedCheckpoint::parse(BY_OPENSSL.as_bytes()).unwrap();
    assert_eq!(read.verified(&log), Ok(&checkpoint(1, leaf(b"entry"))));
    let found = read.cosigned(&log, &cosigners).unwrap();
    let found: Vec<_> = found.iter().map(|c| (c.key.to_string(), c.at.to_string())).collect();
    assert_eq!(found, [(WITNESS.to_owned(), COSIGNED_AT.to_owned())]);
}

#[test]
fn an_origin_names_its_agency() {
    let monrovia = "monrovia-ca-pd".parse().unwrap();
    assert_eq!(origin(&monrovia).as_str(), "accord/monrovia-ca-pd");
    assert_eq!(agency(&origin(&monrovia)), Some(monrovia));
    for other in ["monrovia-ca-pd", "accord/", "accord/Monrovia", "example.com/accord/indio-ca-pd"]
    {
        assert_eq!(agency(&other.parse().unwrap()), None, "{other}");
    }
}

#[test]
fn a_checkpoint_has_one_text() {
    let text =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(Checkpoint::parse(text).unwrap().to_string(), text);
    assert!(Checkpoint::parse(&text.replace("20852163", "0")).is_ok());
    assert!(Checkpoint::parse(&text.replace("20852163", &LARGEST_SIZE.to_string())).is_ok());
    for (bad, why) in [
        (text.replace("20852163", "020852163"), "decimal"),
        (text.replace("20852163", "+20852163"), "decimal"),
        (text.replace("20852163", "-0"), "decimal"),
        (text.replace("20852163", "00"), "decimal"),
        (text.replace("20852163", " 1"), "decimal"),
        (text.replace("20852163", ""), "decimal"),
        (text.replace("20852163", "1e3"), "decimal"),
        (text.replace("20852163", "18446744073709551616"), "decimal"),
        (text.replace("20852163", &(LARGEST_SIZE + 1).to_string()), "beyond any log"),
        (text.replace("q2I=", "q2I"), "32 bytes"),
        (text.replace("q2I=", "q2J="), "32 bytes"),
        (text.replace("CsUY", ""), "32 bytes"),
        (text.replace("CsUY", "CsUYCsUY"), "32 bytes"),
        (text.replace("CsUY", "CsU_"), "32 bytes"),
        (text.replace("example.com/behind-the-sofa", ""), "origin"),
        (text.replace('-', " "), "origin"),
        (format!("{text}extension\n"), "extension"),
        (format!("{text}\n"), "extension"),
        (text.trim_end().to_owned(), "line feed"),
        ("a\n1\n".to_owned(), "fewer"),
        (String::new(), "line feed"),
    ] {
        let error = Checkpoint::parse(&bad).unwrap_err().to_string();
        assert!(error.contains(why), "{bad:?}: {error}");
    }
}

#[test]
fn only_the_logs_own_key_signs_and_verifies() {
    let other = Signer::new("accord/indio-ca-pd".parse().unwrap(), SecretKey::from_seed(&[1; 32]));
    let made = SignedCheckpoint::sign(checkpoint(1, empty()), &other);
    assert!(matches!(made, Err(CheckpointError::LogKey { .. })));
    let made = SignedCheckpoint::sign(checkpoint(LARGEST_SIZE + 1, empty()), &log());
    assert!(matches!(made, Err(CheckpointError::Text(_))));

    // A checkpoint of one log under the signature of another that is trusted as well.
    let text = checkpoint(1, leaf(b"entry")).to_string();
    let note = Note::sign(text, &other).unwrap().to_string();
    let foreign = SignedCheckpoint::parse(note.as_bytes()).unwrap();
    assert!(matches!(foreign.verified(&other.vkey()), Err(CheckpointError::LogKey { .. })));
    let untrusted = Err(CheckpointError::Note(NoteError::Untrusted));
    assert_eq!(foreign.verified(&log().vkey()), untrusted);

    let (name, key) = (log().vkey().name().clone(), *log().vkey().public());
    let cosigner = Vkey::new(name, KeyType::Cosignature, key);
    assert!(matches!(signed().verified(&cosigner), Err(CheckpointError::LogKey { .. })));
    let asked = signed().cosigned(&log().vkey(), &[log().vkey()]).map(|found| found.len());
    assert!(matches!(asked, Err(CheckpointError::CosignerKey(_))));
}

#[test]
fn a_cosignature_is_checked_before_it_is_added() {
    let (key, other) = (witness().vkey(), cosigner("accord/west-covina-ca-pd", 3).vkey());
    let mut checkpoint = signed();
    let untrusted = Err(CheckpointError::Note(NoteError::Untrusted));
    let line = cosignature(&checkpoint, &witness(), COSIGNED_AT);
    assert_eq!(checkpoint.add(line.clone(), &other), untrusted);
    let refused = checkpoint.add(line.clone(), &log().vkey());
    assert!(matches!(refused, Err(CheckpointError::CosignerKey(_))));
    // Of another size; of another time than the one that was signed.
    let elsewhere = self::checkpoint(2, leaf(b"entry"));
    let elsewhere = SignedCheckpoint::sign(elsewhere, &log()).unwrap();
    let bad = Err(CheckpointError::Note(NoteError::Signature(key.name().clone())));
    assert_eq!(checkpoint.add(cosignature(&elsewhere, &witness(), COSIGNED_AT), &key), bad);
    let redated = line.to_string().replace("AAAAABppHGF", "AAAAABppHGG").parse().unwrap();
    assert_ne!(redated, line);
    assert_eq!(checkpoint.add(redated, &key), bad);
    assert_eq!(checkpoint, signed());

    assert_eq!(checkpoint.add(line, &key), Ok(COSIGNED_AT.parse().unwrap()));
    assert_eq!(checkpoint, cosigned());
}

#[test]
fn a_later_cosignature_takes_the_place_of_an_earlier_one() {
    let (mut checkpoint, later) = (cosigned(), "2026-03-02T00:00:00.999Z");
    let line = cosignature(&checkpoint, &witness(), later);
    checkpoint.add(line, &witness().vkey()).unwrap();
    let cosigners = [witness().vkey()];
    let found = checkpoint.cosigned(&log().vkey(), &cosigners).unwrap();
    let times: Vec<_> = found.iter().map(|cosigned| cosigned.at.to_string()).collect();
    assert_eq!(times, ["2026-03-02T00:00:00.000Z"], "one, to the second");
}

#[test]
fn lines_of_other_types_and_by_others_are_kept_and_ignored() {
    let bytes = BY_OPENSSL.replace("— accord/indio", &format!("{POST_QUANTUM}\n— accord/indio"));
    let mut read = SignedCheckpoint::parse(bytes.as_bytes()).unwrap();
    assert_eq!(read.to_string(), bytes);
    let cosigners = [witness().vkey()];
    assert_eq!(read.cosigned(&log().vkey(), &cosigners).unwrap().len(), 1);
    let third = cosigner("accord/west-covina-ca-pd", 3);
    let line = cosignature(&read, &third, COSIGNED_AT);
    read.add(line.clone(), &third.vkey()).unwrap();
    assert_eq!(read.to_string(), format!("{bytes}{line}\n"), "the rest stays byte for byte");
}

#[test]
fn a_cosigner_that_is_trusted_must_not_be_wrong() {
    let bytes = BY_OPENSSL.replace("AAAAABppHGF", "AAAAABppHGG");
    let read = SignedCheckpoint::parse(bytes.as_bytes()).unwrap();
    let cosigners = [witness().vkey()];
    let bad = NoteError::Signature(witness().vkey().name().clone());
    let found = read.cosigned(&log().vkey(), &cosigners).map(|found| found.len());
    assert_eq!(found, Err(CheckpointError::Note(bad)));
    // Its line says nothing to who does not trust it.
    assert!(read.verified(&log().vkey()).is_ok());
    assert_eq!(read.cosigned(&log().vkey(), &[]), Ok(vec![]));
}

/// The signature does not cover the name, so one key could answer to many.
#[test]
fn one_key_under_two_names_is_one_cosigner() {
    let mut checkpoint = cosigned();
    let alias = cosigner("accord/alias-ca-pd", 2);
    let line = cosignature(&checkpoint, &alias, COSIGNED_AT);
    checkpoint.add(line, &alias.vkey()).unwrap();
    let cosigners = [witness().vkey(), alias.vkey()];
    let found = checkpoint.cosigned(&log().vkey(), &cosigners).unwrap();
    assert_eq!(found.iter().map(|cosigned| cosigned.key).collect::<Vec<_>>(), [&cosigners[0]]);
}

#[test]
fn times_before_1970_are_1970_and_the_last_one_can_be_read() {
    let key = witness().vkey();
    for (at, read) in [
        (Timestamp::MIN, Timestamp::from_millis(0).unwrap()),
        (Timestamp::MAX, Timestamp::from_millis(Timestamp::MAX.millis()).unwrap()),
    ] {
        let mut checkpoint = signed();
        let line = cosignature(&checkpoint, &witness(), &at.to_string());
        assert_eq!(checkpoint.add(line, &key), Ok(read));
    }
}

proptest! {
    #[test]
    fn a_checkpoint_reads_back(size in 0..=LARGEST_SIZE, root in any::<[u8; 32]>()) {
        let signed = SignedCheckpoint::sign(checkpoint(size, Digest::from_bytes(root)), &log()).unwrap();
        let read = SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap();
        prop_assert_eq!(read.verified(&log().vkey()), Ok(signed.unverified()));
        prop_assert_eq!(&read, &signed);
    }

    #[test]
    fn any_flipped_bit_is_detected(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = BY_OPENSSL.as_bytes().to_vec();
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        let cosigners = [witness().vkey()];
        let held = SignedCheckpoint::parse(&bytes)
            .is_ok_and(|read| read.cosigned(&log().vkey(), &cosigners).is_ok_and(|found| found.len() == 1));
        prop_assert!(!held);
    }

    #[test]
    fn no_two_trees_have_one_checkpoint(first in 0u64..50, second in 0u64..50) {
        let of = |size: u64| {
            let mut tree = Frontier::new();
            (0..size).for_each(|index| { tree.push(leaf(&index.to_be_bytes())); });
            checkpoint(size, tree.root()).to_string()
        };
        prop_assert_eq!(of(first) == of(second), first == second);
    }
}
