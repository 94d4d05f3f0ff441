//! The keys and the card of an agency, real or hostile.

use agreements::agreement::{Agreement, KnownParty};
use audit_log::keys;
use host::home::Home;
use schemas::agency::{AgencyId, AgencyKind};
use schemas::card::Card;
use schemas::envelope::{Envelope, Kind};
use schemas::key::SecretKey;
use schemas::key_use::KeyUse;
use schemas::possession::Possession;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;

use crate::fixtures::{adherence, words};

/// Who an agency is, and what it signs with.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its id.
    pub id: AgencyId,
    /// Signs cards, agreements and adherences.
    pub agency_key: SecretKey,
    /// Its node.
    pub node_key: SecretKey,
    /// Signs messages.
    pub message_key: SecretKey,
    /// Signs heads of its log.
    pub log_key: SecretKey,
    /// Cosigns heads of others' logs.
    pub cosigner_key: SecretKey,
    /// Its card.
    pub card: Card,
}

fn fresh_key() -> SecretKey {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("randomness");
    SecretKey::from_seed(&seed)
}

impl Identity {
    /// A police department of California with new keys, reached at `addresses`.
    #[must_use]
    pub fn new(id: &str, addresses: Vec<Text>, at: Timestamp) -> Self {
        let [agency_key, node_key, message_key, log_key, cosigner_key] =
            [(); 5].map(|()| fresh_key());
        let id: AgencyId = id.parse().expect("an agency id");
        let card = Card {
            name: words(id.as_str()),
            id: id.clone(),
            ori: None,
            kind: AgencyKind::Police,
            state: "CA".parse().expect("a state"),
            version: 1,
            at,
            addresses,
            contact: Text::default(),
            agency_key: agency_key.public(),
            node_key: node_key.public(),
            message_key: message_key.public(),
            log_key: log_key.public(),
            cosigner_key: cosigner_key.public(),
            revocations: Vec::new(),
            possession: Possession::default(),
        };
        let mut made = Self { id, agency_key, node_key, message_key, log_key, cosigner_key, card };
        made.card = Card::open(&made.card_envelope()).expect("a card");
        made
    }

    /// Who lives in `home`.
    #[must_use]
    pub fn of(home: &Home, card: Card) -> Self {
        let key = |use_| keys::load(home, use_).expect("a key in the home");
        Self {
            id: card.id.clone(),
            agency_key: key(KeyUse::Agency),
            node_key: key(KeyUse::Node),
            message_key: key(KeyUse::Message),
            log_key: key(KeyUse::Log),
            cosigner_key: key(KeyUse::Cosigner),
            card,
        }
    }

    /// The signed card.
    #[must_use]
    pub fn card_envelope(&self) -> Envelope {
        self.sign_card(&self.card, &[])
    }

    /// A version of the card, signed and proven with the keys of this identity and `more`.
    ///
    /// # Panics
    /// When it names another key, or nobody would read it.
    #[must_use]
    pub fn sign_card(&self, card: &Card, more: &[SecretKey]) -> Envelope {
        let own = [&self.node_key, &self.message_key, &self.log_key, &self.cosigner_key];
        let keys: Vec<SecretKey> = own.into_iter().chain(more).cloned().collect();
        card.sign(&self.agency_key, &keys).expect("a card")
    }

    /// Whatever a card says, signed with the agency key alone: its proofs stay as they stand.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn claim_card(&self, card: &Card) -> Envelope {
        Envelope::sign_json(Kind::Card, card, &self.agency_key).expect("an envelope")
    }

    /// A message, signed with the message key.
    #[must_use]
    pub fn sign<T: Serialize>(&self, kind: Kind, message: &T) -> Envelope {
        Envelope::sign_json(kind, message, &self.message_key).expect("a message")
    }

    /// The text of `agreement`, signed as its proposer.
    #[must_use]
    pub fn propose(&self, agreement: &Agreement) -> Envelope {
        let text = agreement.to_toml().expect("an agreement");
        Envelope::sign(Kind::Agreement, text.into_bytes(), &self.agency_key).expect("a proposal")
    }

    /// This agency's adherence to `agreement`, sharing with `with`, and knowing the parties by these
    /// keys.
    #[must_use]
    pub fn adhere(
        &self,
        agreement: &Agreement,
        with: &[AgencyId],
        known: &[KnownParty],
        at: Timestamp,
    ) -> Envelope {
        let text = agreement.to_toml().expect("an agreement");
        let adherence = adherence(agreement, &text, &self.id, with, known, at);
        let body = adherence.to_toml().expect("an adherence").into_bytes();
        Envelope::sign(Kind::Adherence, body, &self.agency_key).expect("an adherence")
    }

    /// This agency's adherence to `agreement`, sharing with every other party.
    #[must_use]
    pub fn adhere_to_all(
        &self,
        agreement: &Agreement,
        known: &[KnownParty],
        at: Timestamp,
    ) -> Envelope {
        let others: Vec<_> =
            agreement.parties.iter().filter(|party| **party != self.id).cloned().collect();
        self.adhere(agreement, &others, known, at)
    }

    /// It by its agency key.
    #[must_use]
    pub fn known(&self) -> KnownParty {
        let fingerprint = self.agency_key.public().fingerprint();
        KnownParty { agency: self.id.clone(), fingerprint }
    }
}

/// An envelope as text.
#[must_use]
pub fn envelope_text(envelope: &Envelope) -> String {
    String::from_utf8(envelope.as_bytes().to_vec()).expect("envelopes are ASCII")
}

/// The envelope of `like` with another body, signed anew, whether or not a node would make it.
///
/// # Panics
/// Never for an envelope.
#[must_use]
pub fn envelope_by_hand(like: &Envelope, body: &[u8], key: &SecretKey) -> Vec<u8> {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let media_type = like.kind().media_type();
    let signature = key.sign(&schemas::envelope::pre_authentication(media_type, body));
    let (payload, keyid) = (encode(body), key.public().fingerprint());
    let sig = encode(&signature);
    format!(
        r#"{{"payloadType":"{media_type}","payload":"{payload}","signatures":[{{"keyid":"{keyid}","sig":"{sig}"}}]}}"#
    )
    .into_bytes()
}
