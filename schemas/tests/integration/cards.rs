//! Cards: every key that one names is proven, for this agency, this version and this use alone; and
//! the largest card that may be signed is one that everybody reads.

use proptest::prelude::*;
use schemas::card::{
    Card, CardError, LARGEST, LONGEST_CONTACT, LONGEST_NAME, MOST_ADDRESSES, MOST_REVOCATIONS,
};
use schemas::envelope::{Envelope, Kind};
use schemas::key::{PublicKey, SecretKey};
use schemas::key_use::KeyUse;
use schemas::possession::{Claim, Possession, Proof, TYPE};
use schemas::time::Timestamp;

const PROVEN: [KeyUse; 4] = [KeyUse::Node, KeyUse::Message, KeyUse::Log, KeyUse::Cosigner];

fn secret(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

/// The keys of an agency: of its agency, node, message, log and cosigner.
struct Keys([SecretKey; 5]);

impl Keys {
    fn of(first: u8) -> Self {
        Self([0, 1, 2, 3, 4].map(|n| secret(first.wrapping_add(n))))
    }

    fn card(&self, version: u32) -> Card {
        let [agency, node, message, log, cosigner] = &self.0;
        Card {
            id: "monrovia-ca-pd".parse().unwrap(),
            name: "Monrovia Police Department".parse().unwrap(),
            ori: Some("CA0193300".parse().unwrap()),
            kind: "police".parse().unwrap(),
            state: "CA".parse().unwrap(),
            version,
            at: "2026-03-01T00:00:00Z".parse().unwrap(),
            addresses: vec!["/ip4/192.0.2.7/tcp/7420".parse().unwrap()],
            contact: "Watch commander".parse().unwrap(),
            agency_key: agency.public(),
            node_key: node.public(),
            message_key: message.public(),
            log_key: log.public(),
            cosigner_key: cosigner.public(),
            revocations: Vec::new(),
            possession: Possession::default(),
        }
    }

    fn signed(&self, card: &Card) -> Result<Card, CardError> {
        card.sign(&self.0[0], &self.0[1..]).and_then(|envelope| Card::open(&envelope))
    }

    /// Whatever a card says, with the proofs that stand in it.
    fn claimed(&self, card: &Card) -> Result<Card, CardError> {
        Card::open(&Envelope::sign_json(Kind::Card, card, &self.0[0]).unwrap())
    }
}

fn proof_of(possession: &mut Possession, use_: KeyUse) -> &mut Proof {
    match use_ {
        KeyUse::Node => &mut possession.node,
        KeyUse::Message => &mut possession.message,
        KeyUse::Log => &mut possession.log,
        KeyUse::Cosigner => &mut possession.cosigner,
        KeyUse::Agency => panic!("the agency key signs the card"),
    }
}

fn unproven(opened: Result<Card, CardError>, of: KeyUse) -> bool {
    matches!(opened, Err(CardError::Unproven { use_, .. }) if use_ == of)
}

proptest! {
    #[test]
    fn a_proof_of_anything_else_proves_nothing(
        seed in 1u8..200,
        version in 1u32..u32::MAX,
        use_ in proptest::sample::select(PROVEN.to_vec()),
        bit in 0usize..512,
    ) {
        let keys = Keys::of(seed);
        let card = keys.signed(&keys.card(version)).unwrap();
        let key = PROVEN.iter().position(|one| *one == use_).map(|at| &keys.0[at + 1]).unwrap();
        let with = |proof: Proof| {
            let mut card = card.clone();
            *proof_of(&mut card.possession, use_) = proof;
            keys.claimed(&card)
        };
        // As it is, it holds; with any bit of it flipped, not.
        let good = *card.possession.of(use_).unwrap();
        prop_assert_eq!(with(good).unwrap(), card.clone());
        let mut spoilt = *good.as_bytes();
        spoilt[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(unproven(with(Proof::from_bytes(spoilt)), use_));
        // The same key's word for another agency, another agency key, another version, another use.
        let another = "sierra-madre-ca-pd".parse().unwrap();
        let stranger = secret(seed.wrapping_add(50)).public();
        let claim = card.claim();
        for (what, other) in [
            ("agency", Claim { agency: &another, ..claim }),
            ("agency key", Claim { agency_key: &stranger, ..claim }),
            ("version", Claim { version: version.wrapping_add(1), ..claim }),
        ] {
            prop_assert!(unproven(with(other.prove(use_, key)), use_), "another {}", what);
        }
        for other in KeyUse::ALL.into_iter().filter(|other| *other != use_) {
            prop_assert!(unproven(with(claim.prove(other, key)), use_), "of {}", other);
        }
        // And another key's word for this one.
        prop_assert!(unproven(with(claim.prove(use_, &secret(seed.wrapping_add(60)))), use_));
    }

    #[test]
    fn no_card_names_a_key_that_its_signer_does_not_hold(
        seed in 1u8..100,
        use_ in proptest::sample::select(PROVEN.to_vec()),
    ) {
        let (keys, theirs) = (Keys::of(seed), Keys::of(seed.wrapping_add(100)));
        let victim = theirs.signed(&theirs.card(1)).unwrap();
        let mut card = keys.signed(&keys.card(1)).unwrap();
        let taken: PublicKey = *use_.named(&victim);
        match use_ {
            KeyUse::Node => card.node_key = taken,
            KeyUse::Message => card.message_key = taken,
            KeyUse::Log => card.log_key = taken,
            _ => card.cosigner_key = taken,
        }
        prop_assert!(unproven(keys.claimed(&card), use_));
        // Nor with the proof that stands in its owner's card.
        *proof_of(&mut card.possession, use_) = *victim.possession.of(use_).unwrap();
        prop_assert!(unproven(keys.claimed(&card), use_));
        prop_assert_eq!(card.sign(&keys.0[0], &keys.0[1..]).unwrap_err(), CardError::NoKey(use_));
    }
}

#[test]
fn what_proves_a_key_is_nothing_else_that_a_key_signs() {
    let keys = Keys::of(1);
    let card = keys.card(1);
    let covered = card.claim().covered(KeyUse::Log, &card.log_key);
    for other in ["accord/", "accord-", "cosignature/v1", "libp2p-tls-handshake:"] {
        assert!(!covered.starts_with(other.as_bytes()));
    }
    // No envelope has its type.
    let envelope = Envelope::sign(Kind::Statement, b"{}".to_vec(), &keys.0[2]).unwrap();
    let text = envelope.to_text().replace(Kind::Statement.media_type(), TYPE);
    assert!(Envelope::parse(text.as_bytes()).is_err());
    // The statement itself, signed as a message, a document or a note by the very key, proves nothing:
    // whoever gets a node to sign bytes of theirs has no proof of its keys.
    let mut claimed = keys.signed(&card).unwrap();
    let claim = card.claim();
    for (at, use_) in PROVEN.into_iter().enumerate() {
        let key = &keys.0[at + 1];
        let Claim { agency, version, agency_key } = claim;
        let statement = format!("{agency}\n{version}\n{use_}\n{agency_key}\n{}\n", key.public());
        let good = claimed.possession;
        let mut others = vec![Proof::from_bytes(key.sign(statement.as_bytes()))];
        for kind in [Kind::Query, Kind::Answer, Kind::Receipt, Kind::Card, Kind::Request] {
            let envelope = Envelope::sign(kind, statement.clone().into_bytes(), key).unwrap();
            let envelope: serde_json::Value = serde_json::from_str(&envelope.to_text()).unwrap();
            let signature = envelope["signatures"][0]["sig"].as_str().unwrap().to_owned();
            others.push(Proof::try_from(signature).unwrap());
        }
        for other in others {
            *proof_of(&mut claimed.possession, use_) = other;
            assert!(unproven(keys.claimed(&claimed), use_), "{use_}");
        }
        claimed.possession = good;
    }
    keys.claimed(&claimed).unwrap();
}

/// A card that is as large as it may be.
fn largest(keys: &Keys) -> Card {
    let longest = "/ip6/2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/tcp/65535";
    let mut card = keys.card(u32::MAX);
    card.id = "x".repeat(64).parse().unwrap();
    // Each byte of these takes two in JSON.
    card.name = "\"".repeat(LONGEST_NAME).parse().unwrap();
    card.contact = "\\".repeat(LONGEST_CONTACT).parse().unwrap();
    card.addresses = vec![longest.parse().unwrap(); MOST_ADDRESSES];
    for n in 0..MOST_REVOCATIONS {
        card.end(secret(200 + u8::try_from(n).unwrap()).public(), card.at.plus_days(30));
    }
    card
}

type Changes = fn(&mut Card);

#[test]
fn the_largest_card_is_read_and_one_with_more_is_not() {
    let keys = Keys::of(1);
    let card = largest(&keys);
    let envelope = card.sign(&keys.0[0], &keys.0[1..]).unwrap();
    assert!(envelope.as_bytes().len() <= LARGEST, "{} bytes", envelope.as_bytes().len());
    let more: [(&str, Changes); 6] = [
        ("name", |card| card.name = "x".repeat(LONGEST_NAME + 1).parse().unwrap()),
        ("contact", |card| card.contact = "x".repeat(LONGEST_CONTACT + 1).parse().unwrap()),
        ("17 addresses", |card| card.addresses.push("/ip4/192.0.2.7/tcp/1".parse().unwrap())),
        ("nobody can dial", |card| card.addresses[3] = "/ip4/192.0.2.7/udp/1".parse().unwrap()),
        ("9 ended keys", |card| {
            card.revocations
                .push(schemas::card::Revocation { key: secret(99).public(), at: card.at });
        }),
        ("at most 30 days", |card| card.revocations[0].at = card.at.plus_days(30).plus_millis(1)),
    ];
    for (why, change) in more {
        let mut card = card.clone();
        change(&mut card);
        let said = keys.signed(&card).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
        // Nor is it read from somebody who signs it all the same.
        card.possession = card.prove(&keys.0[1..]).unwrap();
        assert_eq!(keys.claimed(&card).unwrap_err().to_string(), said);
    }
    let long = Envelope::sign(Kind::Card, vec![b' '; LARGEST], &keys.0[0]).unwrap();
    assert!(matches!(Card::open(&long), Err(CardError::TooLarge(_))));
}

#[test]
fn of_more_ended_keys_than_a_card_lists_those_that_ended_first_are_left_out() {
    let keys = Keys::of(1);
    let mut card = keys.card(9);
    let ends: Vec<Timestamp> = (0..12).map(|n| card.at.plus_days(n % 4)).collect();
    for (n, at) in ends.iter().enumerate() {
        card.end(secret(u8::try_from(100 + n).unwrap()).public(), *at);
    }
    let listed: Vec<Timestamp> = card.revocations.iter().map(|one| one.at).collect();
    assert_eq!(listed.len(), MOST_REVOCATIONS);
    // Twelve ends on four days: of the first day none is left, of the second two.
    let of_day = |n| listed.iter().filter(|at| **at == card.at.plus_days(n)).count();
    assert_eq!([0, 1, 2, 3].map(of_day), [0, 2, 3, 3]);
    // One that is announced again counts once.
    let (again, later) = (card.revocations[0].key, card.at.plus_days(9));
    card.end(again, later);
    assert_eq!(card.revocations.iter().filter(|one| one.key == again).count(), 1);
    assert!(keys.signed(&card).is_ok());
}
