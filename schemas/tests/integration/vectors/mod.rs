//! The test vectors in `schemas/vectors`: one exchange, its log entries and its frames, made with
//! fixed keys, so that another implementation can check itself against the very bytes.
//!
//! The files are compared with what this crate makes, and then read back as a stranger would: from
//! the files alone. `ACCORD_UPDATE=1 cargo test -p schemas` writes them anew; a change of bytes
//! that are already out there breaks every peer and every log.

#![expect(clippy::string_slice, reason = "a test fails by panicking")]

mod exchange;
mod made;
mod searches;

use std::path::Path;

use schemas::body::Body;
use schemas::card::Card;
use schemas::digest::{Digest, hex};
use schemas::entry::Header;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::Head;
use schemas::key::PublicKey;
use schemas::key_use::KeyUse;
use schemas::possession::Proof;
use serde_json::Value;

use made::{cards, entries, envelopes, frames, keys, reads, text};

const UPDATE: &str = "ACCORD_UPDATE";

/// The file's content, after comparing it with `made`.
fn compared(name: &str, made: &Value) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{name}.json"));
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(made).unwrap() + "\n").unwrap();
    }
    let file = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("`{}`: {error}; write it with {UPDATE}=1", path.display()));
    let file: Value = serde_json::from_str(&file).unwrap();
    assert!(file == *made, "`{}` differs from what this crate makes:\n{made:#}", path.display());
    file
}

fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("`{key}` is no text"))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn keys_have_the_texts_and_fingerprints_written_down() {
    for key in compared("keys", &keys()).as_array().unwrap() {
        let read: PublicKey = string(key, "public_key").parse().unwrap();
        assert_eq!(hex(read.as_bytes()), string(key, "public_key_hex"));
        assert_eq!(read.fingerprint().to_string(), string(key, "fingerprint"));
    }
}

#[test]
fn envelopes_verify_from_the_file_alone_and_spoilt_ones_do_not() {
    let file = compared("envelopes", &envelopes());
    for (name, kind) in [
        ("card", Kind::Card),
        ("attestation", Kind::Attestation),
        ("query", Kind::Query),
        ("answer", Kind::Answer),
        ("refusal", Kind::Refusal),
        ("receipt", Kind::Receipt),
        ("policy", Kind::Policy),
    ] {
        let vector = &file[name];
        let key: PublicKey = string(vector, "signed_by").parse().unwrap();
        let envelope = Envelope::parse(string(vector, "envelope").as_bytes()).unwrap();
        assert_eq!(envelope.verified(kind, &key).unwrap(), string(vector, "payload").as_bytes());
        assert_eq!(envelope.digest().to_string(), string(vector, "envelope_sha256"));
        assert_eq!(kind.media_type(), string(vector, "type"));
    }
    Card::open(&Envelope::parse(string(&file["card"], "envelope").as_bytes()).unwrap()).unwrap();
    let key: PublicKey = string(&file["query"], "signed_by").parse().unwrap();
    for spoilt in file["refused"].as_array().unwrap() {
        let opened = Envelope::parse(string(spoilt, "envelope").as_bytes())
            .and_then(|envelope| envelope.verified(Kind::Query, &key).map(drop));
        assert!(opened.is_err(), "{}", string(spoilt, "why"));
    }
}

#[test]
fn the_keys_of_a_card_are_proven_from_the_file_alone_and_no_other_card_is_taken() {
    let file = compared("cards", &cards());
    let opened = |text: &str| Card::open(&Envelope::parse(text.as_bytes()).unwrap());
    let card = opened(string(&file, "card")).unwrap();
    for vector in file["statements"].as_array().unwrap() {
        let key: PublicKey = string(vector, "key").parse().unwrap();
        let proof: Proof = serde_json::from_value(vector["proof"].clone()).unwrap();
        assert!(key.verifies(string(vector, "covered").as_bytes(), proof.as_bytes()));
        assert!(KeyUse::ALL.iter().any(|use_| {
            use_.word() == string(vector, "use") && card.possession.of(*use_) == Some(&proof)
        }));
    }
    for refused in file["refused"].as_array().unwrap() {
        assert!(opened(string(refused, "envelope")).is_err(), "{}", string(refused, "why"));
    }
}

#[test]
fn entries_commit_to_what_stands_beside_them() {
    let file = compared("entries", &entries());
    for (index, vector) in file["entries"].as_array().unwrap().iter().enumerate() {
        let bytes = string(vector, "header").as_bytes();
        let header = Header::from_bytes(bytes).unwrap();
        assert_eq!(header.index, index as u64);
        assert_eq!(Digest::of_two(&[0], bytes).to_string(), string(vector, "leaf_sha256"));
        assert!(
            header
                .commits_to(&unhex(string(vector, "salt_hex")), string(vector, "body").as_bytes())
        );
        let envelopes = Digest::of(string(vector, "envelopes").as_bytes());
        assert_eq!(header.envelope, Some(envelopes));
        assert_eq!(header.query.unwrap().to_string(), string(&file, "query_id_sha256"));
        let body: Body = serde_json::from_str(string(vector, "body")).unwrap();
        assert_eq!((body.at, body.event.kind()), (header.at, header.kind));
    }
}

#[test]
fn frames_have_the_bytes_written_down_and_bad_heads_are_refused() {
    let file = compared("frames", &frames());
    for vector in file["frames"].as_array().unwrap() {
        let bytes = unhex(string(vector, "hex"));
        let head = Head::parse(bytes[..Head::WIRE].try_into().unwrap()).unwrap();
        let (beside, body) = bytes[Head::WIRE..].split_at(head.beside);
        assert_eq!(u64::from(head.kind as u8), vector["kind"].as_u64().unwrap());
        assert_eq!(text(beside), string(vector, "beside"));
        assert_eq!(text(body), string(vector, "body"));
    }
    for vector in file["refused_heads"].as_array().unwrap() {
        let head: [u8; Head::WIRE] = unhex(string(vector, "hex")).try_into().unwrap();
        assert!(Head::parse(&head).is_err(), "{}", string(vector, "why"));
    }
}

#[test]
fn reads_have_the_identities_written_down() {
    let file = compared("reads", &reads());
    let plate = |text: &str| text.parse::<schemas::plate::Plate>();
    for vector in file["plates"].as_array().unwrap() {
        assert_eq!(plate(string(vector, "raw")).unwrap().as_str(), string(vector, "plate"));
    }
    for raw in file["no_plates"].as_array().unwrap() {
        assert!(plate(raw.as_str().unwrap()).is_err(), "{raw}");
    }
}

#[test]
fn searches_find_what_is_written_down() {
    searches::read_back(&compared("searches", &searches::searches()));
}
