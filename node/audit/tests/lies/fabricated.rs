//! Agencies with keys, and logs that they write as they like: whatever is put in gets numbers, a tree
//! and a signed head that fit.

use audit::Pins;
use schemas::agency::{AgencyId, AgencyKind};
use schemas::body::Actor;
use schemas::card::{Card, Revocation};
use schemas::checkpoint::{Checkpoint, SignedCheckpoint, origin};
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::event::Event;
use schemas::event::cards::CardConfirmed;
use schemas::key::SecretKey;
use schemas::note::{Cosigner, Signer, Vkey};
use schemas::possession::Possession;

use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::witness::judge;
use serde::Serialize;

mod extract;
mod log;
mod pair;

pub(crate) use extract::*;
pub(crate) use log::*;
pub(crate) use pair::*;

pub(crate) fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    start.plus_millis(minute * 60_000)
}

pub(crate) fn words(text: &str) -> Text {
    text.parse().unwrap()
}

/// An agency with keys of its own.
#[derive(Clone)]
pub(crate) struct Agency {
    pub(crate) id: AgencyId,
    keys: [SecretKey; 5],
    card: Card,
}

impl Agency {
    /// `seed` makes its keys.
    pub(crate) fn new(id: &str, seed: u8) -> Self {
        let keys: [SecretKey; 5] = std::array::from_fn(|n| {
            SecretKey::from_seed(&[seed.wrapping_mul(8).wrapping_add(u8::try_from(n).unwrap()); 32])
        });
        let id: AgencyId = id.parse().unwrap();
        let [agency, node, message, log, cosigner] = &keys;
        let card = Card {
            name: words(id.as_str()),
            id: id.clone(),
            ori: None,
            kind: AgencyKind::Police,
            state: "CA".parse().unwrap(),
            version: 1,
            at: at(0),
            addresses: Vec::new(),
            contact: Text::default(),
            agency_key: agency.public(),
            node_key: node.public(),
            message_key: message.public(),
            log_key: log.public(),
            cosigner_key: cosigner.public(),
            revocations: Vec::new(),
            possession: Possession::default(),
        };
        Self { id, keys, card }
    }

    pub(crate) fn card(&self) -> Envelope {
        self.card.sign(&self.keys[0], &self.keys).unwrap()
    }

    /// The agency with another card, which says nothing of the end of a key.
    pub(crate) fn with_card(&self, version: u32, change: impl FnOnce(&mut Card)) -> Self {
        let mut next = self.clone();
        (next.card.version, next.card.revocations) = (version, Vec::new());
        change(&mut next.card);
        next
    }

    /// The agency with another key in the place of one of its five.
    pub(crate) fn with_key(&self, place: usize, seed: u8) -> Self {
        let mut next = self.clone();
        next.keys[place] = SecretKey::from_seed(&[seed; 32]);
        let public = next.keys[place].public();
        match place {
            0 => next.card.agency_key = public,
            2 => next.card.message_key = public,
            3 => next.card.log_key = public,
            _ => panic!("the key {place} is not exchanged here"),
        }
        next.card.version += 1;
        next
    }

    /// The agency with another message key; the one before ends at `minute`.
    pub(crate) fn with_ended_message_key(&self, minute: i64) -> Self {
        let mut next = self.clone();
        let before = next.keys[2].public();
        next.keys[2] = SecretKey::from_seed(&[201; 32]);
        next.card.message_key = next.keys[2].public();
        next.card.version = 2;
        next.card.revocations = vec![Revocation { key: before, at: at(minute) }];
        next
    }

    /// The agency with another log key; the one before ends at `minute`.
    pub(crate) fn with_ended_log_key(&self, minute: i64) -> Self {
        let mut next = self.clone();
        let before = next.keys[3].public();
        next.keys[3] = SecretKey::from_seed(&[202; 32]);
        next.card.log_key = next.keys[3].public();
        next.card.version = 2;
        next.card.revocations = vec![Revocation { key: before, at: at(minute) }];
        next
    }

    /// The agency with a card that says of another one's message key that it ended at `minute`.
    pub(crate) fn with_foreign_end(&self, other: &Self, minute: i64) -> Self {
        let mut next = self.clone();
        next.card.version = 2;
        next.card.revocations = vec![Revocation { key: other.keys[2].public(), at: at(minute) }];
        next
    }

    /// That a person at another agency confirmed its card.
    pub(crate) fn confirmed(&self) -> Event {
        Event::CardAdded(CardConfirmed {
            fingerprint: self.card.agency_key.fingerprint(),
            agency_kind: self.card.kind,
            state: self.card.state,
            verified_by: words("telephone"),
            version: self.card.version,
        })
    }

    pub(crate) fn card_said(&self) -> &Card {
        &self.card
    }

    pub(crate) fn sign_as_agency(&self, kind: Kind, text: String) -> Envelope {
        Envelope::sign(kind, text.into_bytes(), &self.keys[0]).unwrap()
    }

    /// With the key that signs this kind.
    pub(crate) fn sign_bytes(&self, kind: Kind, body: Vec<u8>) -> Envelope {
        let agency = matches!(kind, Kind::Agreement | Kind::Adherence);
        Envelope::sign(kind, body, &self.keys[if agency { 0 } else { 2 }]).unwrap()
    }

    pub(crate) fn message_key(&self) -> schemas::key::Fingerprint {
        self.keys[2].public().fingerprint()
    }

    pub(crate) fn sign<T: Serialize>(&self, kind: Kind, message: &T) -> Envelope {
        Envelope::sign_json(kind, message, &self.keys[2]).unwrap()
    }

    pub(crate) fn sign_text(&self, kind: Kind, text: String) -> Envelope {
        Envelope::sign(kind, text.into_bytes(), &self.keys[2]).unwrap()
    }

    fn head(&self, size: u64, root: Digest) -> String {
        let checkpoint = Checkpoint { origin: origin(&self.id), size, root };
        let signer = Signer::new(origin(&self.id), self.keys[3].clone());
        SignedCheckpoint::sign(checkpoint, &signer).unwrap().to_string()
    }

    /// A head of a log of this agency with cosignatures made at `minute`, each with the name that it is
    /// said to be by.
    fn cosigned_head(
        &self,
        size: u64,
        root: Digest,
        by: &[(&AgencyId, &Self)],
        minute: i64,
    ) -> String {
        let mut head = SignedCheckpoint::parse(self.head(size, root).as_bytes()).unwrap();
        let own = self.log_vkey();
        for (name, one) in by {
            let cosigner = Cosigner::new(origin(name), one.keys[4].clone());
            let advance = judge(Some(&own), None, 0, &[], &head).unwrap();
            head.add(advance.cosign(&cosigner, at(minute)), &cosigner.vkey()).unwrap();
        }
        head.to_string()
    }

    /// The key that signs the heads of its log.
    pub(crate) fn log_vkey(&self) -> Vkey {
        self.card.of_log(&self.card.log_key)
    }

    pub(crate) fn officer(&self) -> Actor {
        Actor {
            user: Some("mreyes".parse().unwrap()),
            full_name: words("M. Reyes"),
            agency: self.id.clone(),
            auth: "socket, uid 1000".into(),
        }
    }
}

pub(crate) fn pins(of: &[&Agency]) -> Pins {
    of.iter().map(|one| (one.id.clone(), vec![one.card.agency_key.fingerprint()])).collect()
}
