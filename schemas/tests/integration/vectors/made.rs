//! What the files must hold, one function a file.

use schemas::body::{Access, Actor, Body, Outcome};
use schemas::card::{Card, Revocation};
use schemas::digest::{Digest, hex};
use schemas::entry::{Header, VERSION};
use schemas::envelope::{Envelope, Kind, pre_authentication};
use schemas::event::Event;
use schemas::event::exchange::{QueryAnswered, ReceiptRecorded};
use schemas::frame::{Frame, FrameKind};
use schemas::key::SecretKey;
use schemas::key_use::KeyUse;
use schemas::possession;
use schemas::read::ReadId;
use serde_json::{Value, json};

use super::exchange::{
    answer, exchange, owner, page, proving, query, read, requester, secret, vouching,
};

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

pub(crate) fn keys() -> Value {
    json!([
        key("requester's message key", 0x11),
        key("requester's agency key", 0x12),
        key("owner's message key", 0x21),
        key("owner's agency key", 0x22),
        key("owner's node key", 0x23),
        key("owner's log key", 0x24),
        key("owner's cosigner key", 0x25),
    ])
}

pub(crate) fn text(bytes: &[u8]) -> &str {
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

pub(crate) fn envelopes() -> Value {
    let all = exchange();
    json!({
        "card": signed(&all.card, &secret(0x22)),
        "attestation": signed(&all.attestation, &vouching()),
        "query": signed(&all.query, &requester()),
        "answer": signed(&all.answer, &owner()),
        "page": { "bytes": text(&page()), "sha256": Digest::of(&page()).to_string() },
        "refusal": signed(&all.refusal, &owner()),
        "receipt": signed(&all.receipt, &requester()),
        "policy": signed(&all.policy, &owner()),
        "refused": refused(&all.query),
    })
}

/// The owner's card, what each of its keys has signed to prove itself, and cards that no reader takes.
pub(crate) fn cards() -> Value {
    let agency = secret(0x22);
    let signed = exchange().card;
    let card = Card::open(&signed).unwrap();
    let claim = card.claim();
    let uses = [KeyUse::Node, KeyUse::Message, KeyUse::Log, KeyUse::Cosigner];
    let statements = uses.map(|use_| {
        let key = use_.named(&card);
        json!({
            "use": use_.word(),
            "key": key.to_string(),
            "covered": text(&claim.covered(use_, key)),
            "proof": card.possession.of(use_),
        })
    });
    let refused = |why: &str, change: &dyn Fn(&mut Card)| {
        let mut changed = card.clone();
        change(&mut changed);
        let envelope = Envelope::sign_json(Kind::Card, &changed, &agency).unwrap();
        json!({ "why": why, "envelope": text(envelope.as_bytes()) })
    };
    let proven = |why: &str, change: &dyn Fn(&mut Card)| {
        refused(why, &|card| {
            change(card);
            card.possession = card.prove(&proving()).unwrap();
        })
    };
    let ends = |days: u32| Revocation {
        key: requester().public(),
        at: card.at.plus_days(days).plus_millis(1),
    };
    json!({
        "card": text(signed.as_bytes()),
        "type": possession::TYPE,
        "statements": statements,
        "refused": [
            refused("the keys signed for another version", &|card| card.version = 2),
            refused("the keys signed for another agency", &|card| {
                card.id = "monrovia-ca-sheriff".parse().unwrap();
            }),
            refused("a key that has not signed", &|card| card.log_key = requester().public()),
            refused("a proof of another use", &|card| {
                card.possession.log = card.possession.cosigner;
            }),
            proven("one key of two uses", &|card| card.log_key = card.message_key),
            proven("version 0", &|card| card.version = 0),
            proven("a name of more than 200 bytes", &|card| {
                card.name = "x".repeat(201).parse().unwrap();
            }),
            proven("a contact of more than 400 bytes", &|card| {
                card.contact = "x".repeat(401).parse().unwrap();
            }),
            proven("an address that nobody can dial", &|card| {
                card.addresses = vec!["/ip4/0.0.0.0/tcp/7420".parse().unwrap()];
            }),
            proven("more than 16 addresses", &|card| {
                card.addresses = vec!["/ip4/192.0.2.7/tcp/7420".parse().unwrap(); 17];
            }),
            proven("a key that ends more than 30 days after", &|card| {
                card.revocations = vec![ends(30)];
            }),
            proven("one key ends twice", &|card| card.revocations = vec![ends(1), ends(2)]),
        ],
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
pub(crate) fn entries() -> Value {
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
        actor: Actor {
            user: Some(asked.requester.user.clone()),
            full_name: asked.requester.full_name.clone(),
            agency: asked.from.clone(),
            auth: "signed envelope".into(),
        },
        registry: Some(5),
        change: None,
        audit: None,
        event: Event::QueryAnswered(QueryAnswered { access, theirs: None }),
    };
    let receipted = Body {
        at: "2026-03-01T17:04:05.340Z".parse().unwrap(),
        actor: Actor {
            user: None,
            full_name: "".parse().unwrap(),
            agency: asked.from.clone(),
            auth: "signed envelope".into(),
        },
        registry: Some(5),
        change: None,
        audit: None,
        event: Event::ReceiptRecorded(ReceiptRecorded {
            answer_digest: all.answer.digest(),
            logged_at: "2026-03-01T17:04:05.330Z".parse().unwrap(),
            theirs: None,
        }),
    };
    let make = |index: u64, body: &Body, salt: [u8; 32], envelopes: &[&Envelope]| {
        let written = serde_json::to_string(body).unwrap();
        let lines: Vec<&str> = envelopes.iter().map(|e| text(e.as_bytes())).collect();
        let header = Header {
            v: VERSION,
            index,
            at: body.at,
            kind: body.event.kind(),
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

pub(crate) fn frames() -> Value {
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
            frame(FrameKind::Image, "", b"a piece of a photograph"),
        ],
        "refused_heads": [
            { "why": "no kind has this number", "hex": "000000050000000000" },
            { "why": "no kind has this number", "hex": "00000005fa00000000" },
            { "why": "shorter than its own head", "hex": "000000040100000000" },
            { "why": "beside is longer than the frame", "hex": "000000060100000002" },
            { "why": "a query of 32769 bytes", "hex": "000080060100000000" },
            { "why": "a page of 262145 bytes", "hex": "000400060400000000" },
            { "why": "an acknowledgement with a body", "hex": "000000060600000000" },
            { "why": "beside of 16385 bytes", "hex": "000040060100004001" },
        ],
    })
}

pub(crate) fn reads() -> Value {
    let sighting = read();
    json!({
        "of_sighting": {
            "camera": sighting.camera.as_str(),
            "at": sighting.at.to_string(),
            "plate": sighting.plate.as_str(),
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
        "of_earlier": {
            "earlier_of": sighting.id.to_string(),
            "plate": "7ABC128",
            "id": ReadId::of_earlier(
                sighting.id,
                &"7ABC128".parse().expect("a plate"),
            ).to_string(),
        },
        "plates": [
            { "raw": "7abc-123", "plate": "7ABC123" },
            { "raw": " 8 xyz·999 ", "plate": "8XYZ999" },
            { "raw": "Ä1/23", "plate": "A123" },
            { "raw": "\u{410}\u{412}\u{421}\u{FF11}", "plate": "ABC1" },
        ],
        "no_plates": ["", "- -", "7ABC12*", "7ABC_2", "ABCDEFGHIJK", "\u{65E0}"],
    })
}
