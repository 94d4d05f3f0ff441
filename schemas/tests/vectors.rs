//! The test vectors in `schemas/vectors`: one exchange, its log entries and its frames, made with
//! fixed keys, so that another implementation can check itself against the very bytes.
//!
//! The files are compared with what this crate makes, and then read back as a stranger would: from
//! the files alone. `ACCORD_UPDATE=1 cargo test -p schemas` writes them anew; a change of bytes
//! that are already out there breaks every peer and every log.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use schemas::answer::{Answer, Basis, Page, Receipt, Released};
use schemas::body::{Access, Actor, Body, Outcome};
use schemas::card::Card;
use schemas::digest::{Digest, hex};
use schemas::entry::{EntryKind, Header, VERSION};
use schemas::envelope::{Envelope, Kind, pre_authentication};
use schemas::frame::{Frame, FrameKind, Head};
use schemas::key::{PublicKey, SecretKey};
use schemas::purpose::{Purpose, QueryKind, Role};
use schemas::query::{Elements, Justification, Query, QueryId, Requester};
use schemas::read::{Location, Read, ReadId, Vehicle};
use schemas::refusal::{Citation, Reason, Refusal, RefusalCode};
use serde_json::{Map, Value, json};

const UPDATE: &str = "ACCORD_UPDATE";

fn secret(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

/// The requester signs with the key of seed 0x11…, the owner with that of seed 0x21….
fn requester() -> SecretKey {
    secret(0x11)
}

fn owner() -> SecretKey {
    secret(0x21)
}

fn key(what: &str, byte: u8) -> Value {
    let secret = secret(byte);
    let public = secret.public();
    // libp2p's identity multihash of the protobuf `{type: Ed25519, data: key}`.
    let peer_id = [&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20], public.as_bytes().as_slice()].concat();
    json!({
        "use": what,
        "seed_hex": hex(secret.seed()),
        "public_key_hex": hex(public.as_bytes()),
        "public_key": public.to_string(),
        "pem": public.pem(),
        "fingerprint": public.fingerprint().to_string(),
        "peer_id_multihash_hex": hex(&peer_id),
    })
}

fn keys() -> Value {
    json!([
        key("requester's message key", 0x11),
        key("owner's message key", 0x21),
        key("owner's agency key", 0x22),
        key("owner's node key", 0x23),
        key("owner's log key", 0x24),
        key("owner's cosigner key", 0x25),
    ])
}

fn query() -> Query {
    Query {
        id: QueryId::from_bytes([0xA5; 16]),
        from: "indio-ca-pd".parse().unwrap(),
        to: "monrovia-ca-pd".parse().unwrap(),
        at: "2026-03-01T17:04:05.250Z".parse().unwrap(),
        authority: Some("lasd-0a1b2c3d".parse().unwrap()),
        requester: Requester {
            user: "mreyes".parse().unwrap(),
            full_name: "María Reyes".parse().unwrap(),
            title: "Detective".parse().unwrap(),
            roles: vec![Role::Sworn],
            trained_on: Some("2025-11-03T00:00:00Z".parse().unwrap()),
        },
        why: Justification {
            purpose: Purpose::StolenVehicle,
            offense: "Vehicle Code 10851".parse().unwrap(),
            case: "26-00417".parse().unwrap(),
            cad: "".parse().unwrap(),
            reason: "Stolen from a driveway on Oleander Avenue, seen westbound".parse().unwrap(),
            suspicion: "".parse().unwrap(),
            need_to_know: "".parse().unwrap(),
            on_behalf_of: None,
            for_officer: "".parse().unwrap(),
        },
        elements: Elements {
            kind: QueryKind::Exact,
            plate: Some("7ABC123".parse().unwrap()),
            pattern: None,
            plate_state: None,
            from: "2026-02-01T00:00:00Z".parse().unwrap(),
            until: "2026-03-01T17:04:05.250Z".parse().unwrap(),
            near: None,
            make: None,
            color: None,
            camera: None,
        },
        limit: 100,
    }
}

fn read() -> Read {
    let at = "2026-02-14T06:31:07.120Z".parse().unwrap();
    Read {
        id: ReadId::of_sighting("Foothill and Myrtle, lane 2", at, "7ABC-123"),
        plate: "7ABC-123".parse().unwrap(),
        plate_raw: "7ABC-123".parse().unwrap(),
        plate_state: Some("CA".parse().unwrap()),
        at,
        camera: "Foothill and Myrtle, lane 2".parse().unwrap(),
        location: Location::new(34.1443, -117.9995).unwrap(),
        direction: Some("270".parse().unwrap()),
        confidence: Some(0.93.try_into().unwrap()),
        vehicle: Vehicle {
            make: Some("Honda".parse().unwrap()),
            color: Some("silver".parse().unwrap()),
            ..Vehicle::default()
        },
        source: "native".parse().unwrap(),
        vendor_id: None,
        record: Digest::of(b"the whole source record"),
    }
}

fn page() -> Vec<u8> {
    let mut page = serde_json::to_vec(&read()).unwrap();
    page.push(b'\n');
    page
}

fn answer(asked: &Envelope) -> Answer {
    Answer {
        query_id: query().id,
        query_digest: asked.digest(),
        from: "monrovia-ca-pd".parse().unwrap(),
        to: "indio-ca-pd".parse().unwrap(),
        at: "2026-03-01T17:04:05.310Z".parse().unwrap(),
        basis: Basis { authority: "lasd-0a1b2c3d".parse().unwrap(), version: 1 },
        released: Released {
            from: "2026-02-01T00:00:00Z".parse().unwrap(),
            until: "2026-03-01T17:04:05.250Z".parse().unwrap(),
            limit: 100,
            images: false,
        },
        count: 1,
        truncated: false,
        notice: "View the image and verify through CLETS before acting.".parse().unwrap(),
        pages: vec![Page {
            digest: Digest::of(&page()),
            bytes: page().len().try_into().unwrap(),
            reads: 1,
        }],
    }
}

fn refusal(asked: &Envelope) -> Refusal {
    Refusal {
        query_id: query().id,
        query_digest: asked.digest(),
        from: "monrovia-ca-pd".parse().unwrap(),
        to: "indio-ca-pd".parse().unwrap(),
        at: "2026-03-01T17:04:05.310Z".parse().unwrap(),
        reasons: vec![Reason {
            code: RefusalCode::AuthorityNotInForce,
            message: "agreement `lasd-0a1b2c3d` is suspended by `monrovia-ca-pd`".into(),
            citations: vec![Citation::new("lasd-0a1b2c3d v1", "8")],
        }],
        advice: "".parse().unwrap(),
    }
}

fn receipt(answered: &Envelope) -> Receipt {
    Receipt {
        query_id: query().id,
        answer_digest: answered.digest(),
        from: "indio-ca-pd".parse().unwrap(),
        to: "monrovia-ca-pd".parse().unwrap(),
        at: "2026-03-01T17:04:05.330Z".parse().unwrap(),
    }
}

fn card() -> Card {
    Card {
        id: "monrovia-ca-pd".parse().unwrap(),
        name: "Monrovia Police Department".parse().unwrap(),
        ori: Some("CA0193300".parse().unwrap()),
        kind: "police".parse().unwrap(),
        state: "CA".parse().unwrap(),
        version: 1,
        at: "2026-01-02T08:00:00Z".parse().unwrap(),
        addresses: vec!["/ip4/192.0.2.7/tcp/7420".parse().unwrap()],
        contact: "Watch commander, +1 626 555 0100".parse().unwrap(),
        agency_key: secret(0x22).public(),
        node_key: secret(0x23).public(),
        message_key: secret(0x21).public(),
        log_key: secret(0x24).public(),
        cosigner_key: secret(0x25).public(),
        revocations: Vec::new(),
    }
}

struct Exchange {
    card: Envelope,
    query: Envelope,
    answer: Envelope,
    refusal: Envelope,
    receipt: Envelope,
}

fn exchange() -> Exchange {
    let asked = Envelope::sign_json(Kind::Query, &query(), &requester()).unwrap();
    let answered = Envelope::sign_json(Kind::Answer, &answer(&asked), &owner()).unwrap();
    Exchange {
        card: Envelope::sign_json(Kind::Card, &card(), &secret(0x22)).unwrap(),
        refusal: Envelope::sign_json(Kind::Refusal, &refusal(&asked), &owner()).unwrap(),
        receipt: Envelope::sign_json(Kind::Receipt, &receipt(&answered), &requester()).unwrap(),
        query: asked,
        answer: answered,
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn signed(envelope: &Envelope, key: &SecretKey) -> Value {
    let payload = envelope.unverified_payload();
    let pae = pre_authentication(envelope.kind().media_type(), payload);
    json!({
        "type": envelope.kind().media_type(),
        "signed_by": key.public().to_string(),
        "payload": text(payload),
        "pae_bytes": pae.len(),
        "pae_sha256": Digest::of(&pae).to_string(),
        "signature_hex": hex(&key.sign(&pae)),
        "envelope": text(envelope.as_bytes()),
        "envelope_sha256": envelope.digest().to_string(),
    })
}

/// The query's envelope, spoilt in ways that a reader must refuse.
fn refused(envelope: &Envelope) -> Value {
    let good = text(envelope.as_bytes());
    let after = good.find("\"sig\":\"").unwrap() + 7;
    let mut other = good.to_owned();
    let first = if good.as_bytes()[after] == b'A' { "B" } else { "A" };
    other.replace_range(after..=after, first);
    json!([
        { "why": "white space", "envelope": good.replacen(',', ", ", 1) },
        { "why": "a line end", "envelope": format!("{good}\n") },
        { "why": "an unknown key", "envelope": good.replacen('{', "{\"v\":1,", 1) },
        { "why": "the type was changed", "envelope": good.replace("accord.query", "accord.answer") },
        { "why": "one bit or more of the signature was changed", "envelope": other },
    ])
}

fn envelopes() -> Value {
    let all = exchange();
    json!({
        "card": signed(&all.card, &secret(0x22)),
        "query": signed(&all.query, &requester()),
        "answer": signed(&all.answer, &owner()),
        "page": { "bytes": text(&page()), "sha256": Digest::of(&page()).to_string() },
        "refusal": signed(&all.refusal, &owner()),
        "receipt": signed(&all.receipt, &requester()),
        "refused": refused(&all.query),
    })
}

fn entry(header: &Header, salt: [u8; 32], body: &str, envelopes: &[&Envelope]) -> Value {
    let bytes = header.to_bytes().unwrap();
    let lines: Vec<&str> = envelopes.iter().map(|envelope| text(envelope.as_bytes())).collect();
    json!({
        "header": text(&bytes),
        "leaf_sha256": Digest::of_two(&[0], &bytes).to_string(),
        "salt_hex": hex(&salt),
        "body": body,
        "envelopes": lines.join("\n"),
    })
}

/// The owner's log of the exchange: its answer, then the requester's receipt.
fn entries() -> Value {
    let all = exchange();
    let asked = query();
    let id = asked.id;
    let peer = Some(asked.from.clone());
    let mut access = Access::of(&asked, Outcome::Answered);
    access.basis = Some(answer(&all.query).basis);
    access.count = Some(1);
    access.query_digest = Some(all.query.digest());
    access.answer_digest = Some(all.answer.digest());
    let answered = Body {
        at: "2026-03-01T17:04:05.311Z".parse().unwrap(),
        kind: EntryKind::QueryAnswered,
        actor: Actor {
            user: Some(asked.requester.user.clone()),
            full_name: asked.requester.full_name.clone(),
            agency: asked.from.clone(),
            auth: "signed envelope".into(),
        },
        access: Some(access),
        detail: Map::new(),
    };
    let receipted = Body {
        at: "2026-03-01T17:04:05.340Z".parse().unwrap(),
        kind: EntryKind::ReceiptRecorded,
        actor: Actor {
            user: None,
            full_name: "".parse().unwrap(),
            agency: asked.from.clone(),
            auth: "signed envelope".into(),
        },
        access: None,
        detail: Map::from_iter([("answer_digest".into(), json!(all.answer.digest()))]),
    };
    let make = |index: u64, body: &Body, salt: [u8; 32], envelopes: &[&Envelope]| {
        let written = serde_json::to_string(body).unwrap();
        let lines: Vec<&str> = envelopes.iter().map(|e| text(e.as_bytes())).collect();
        let header = Header {
            v: VERSION,
            index,
            at: body.at,
            kind: body.kind,
            peer: peer.clone(),
            peer_seq: Some(index + 1),
            query: Some(id.digest()),
            body: Digest::of_two(&salt, written.as_bytes()),
            envelope: Some(Digest::of(lines.join("\n").as_bytes())),
        };
        entry(&header, salt, &written, envelopes)
    };
    json!({
        "query_id": id.to_string(),
        "query_id_sha256": id.digest().to_string(),
        "entries": [
            make(0, &answered, [0x5A; 32], &[&all.query, &all.answer]),
            make(1, &receipted, [0x5B; 32], &[&all.receipt]),
        ],
    })
}

fn frames() -> Value {
    let all = exchange();
    let frame = |kind: FrameKind, beside: &str, body: &[u8]| {
        let frame = Frame { kind, beside: beside.as_bytes().to_vec(), body: body.to_vec() };
        json!({
            "kind": kind as u8,
            "beside": beside,
            "body": text(body),
            "hex": hex(&frame.to_bytes().unwrap()),
        })
    };
    let at = "{\"log\":{\"index\":0,\"size\":1}}";
    json!({
        "frames": [
            frame(FrameKind::Query, "", all.query.as_bytes()),
            frame(FrameKind::Answer, at, all.answer.as_bytes()),
            frame(FrameKind::Page, "", &page()),
            frame(FrameKind::Receipt, "", all.receipt.as_bytes()),
            frame(FrameKind::ReceiptAck, "", b""),
            frame(FrameKind::Failed, "", b"{\"code\":\"busy\",\"message\":\"this query is being served\"}"),
        ],
        "refused_heads": [
            { "why": "no kind has this number", "hex": "000000050000000000" },
            { "why": "no kind has this number", "hex": "000000050c00000000" },
            { "why": "shorter than its own head", "hex": "000000040100000000" },
            { "why": "beside is longer than the frame", "hex": "000000060100000002" },
            { "why": "a query of 32769 bytes", "hex": "000080060100000000" },
            { "why": "a page of 262145 bytes", "hex": "000400060400000000" },
            { "why": "an acknowledgement with a body", "hex": "000000060600000000" },
            { "why": "beside of 16385 bytes", "hex": "000040060100004001" },
        ],
    })
}

fn reads() -> Value {
    let sighting = read();
    json!({
        "of_sighting": {
            "camera": sighting.camera.as_str(),
            "at": sighting.at.to_string(),
            "plate_raw": sighting.plate_raw.as_str(),
            "id": sighting.id.to_string(),
        },
        "of_vendor_id": {
            "source": "rekor",
            "vendor_id": "AA341TAJLDMKLGHSM5NKFRHS6ZMEP6H9NOVOHTGM-0-1396034521",
            "id": ReadId::of_vendor_id(
                "rekor",
                "AA341TAJLDMKLGHSM5NKFRHS6ZMEP6H9NOVOHTGM-0-1396034521",
            ).to_string(),
        },
        "plates": [
            { "raw": "7abc-123", "plate": "7ABC123" },
            { "raw": " 8 xyz·999 ", "plate": "8XYZ999" },
        ],
        "no_plates": ["", "- -", "7ABC12*", "ABCDEFGHIJK", "Ä123"],
    })
}

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
        ("query", Kind::Query),
        ("answer", Kind::Answer),
        ("refusal", Kind::Refusal),
        ("receipt", Kind::Receipt),
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
        assert_eq!((body.at, body.kind), (header.at, header.kind));
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
