//! The agency card: an agency's signed description of itself, small and with every key proven.

use serde::{Deserialize, Serialize};

use crate::address::{self, is_dialable};
use crate::agency::{AgencyId, AgencyKind, Ori, State};
use crate::checkpoint::origin;
use crate::envelope::{Envelope, EnvelopeError, Kind};
use crate::key::{Fingerprint, PublicKey, SecretKey};
use crate::key_use::KeyUse;
use crate::note::{KeyType, Vkey};
use crate::possession::{Claim, Possession, Proof};
use crate::text::Text;
use crate::time::{DAY_MS, Timestamp};

/// Largest envelope of a card, in bytes. A card within the bounds below fits.
pub const LARGEST: usize = 8_192;
/// Most addresses of one card.
pub const MOST_ADDRESSES: usize = 16;
/// Longest name of an agency in its card, in bytes.
pub const LONGEST_NAME: usize = 200;
/// Longest contact of a card, in bytes.
pub const LONGEST_CONTACT: usize = 400;
/// Most ended or ending keys that a card lists: those that end last.
pub const MOST_REVOCATIONS: usize = 8;
/// Longest that a key counts beside the one that takes its place, in milliseconds from when the card
/// was signed.
pub const LONGEST_OVERLAP_MS: i64 = 30 * DAY_MS;
/// Most that a card may be signed ahead of the clock of whoever takes it in, in milliseconds: else it
/// could announce ends as far away as it likes.
pub const MOST_AHEAD_MS: i64 = DAY_MS;

/// What a key that is no longer in force was used for, and when it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The key.
    pub key: PublicKey,
    /// Signatures made at or after this instant are worthless.
    pub at: Timestamp,
}

/// An agency card, signed by the agency key it names.
///
/// Kind and state are **claims**: what counts is what an administrator recorded as verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The agency.
    pub id: AgencyId,
    /// Its name.
    pub name: Text,
    /// Its ORI, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ori: Option<Ori>,
    /// What sort of body it claims to be.
    pub kind: AgencyKind,
    /// The state it claims to be of.
    pub state: State,
    /// Version, counted up from 1.
    pub version: u32,
    /// When this version was signed.
    pub at: Timestamp,
    /// Where its node listens (multiaddresses).
    pub addresses: Vec<Text>,
    /// Whom to call at any hour.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub contact: Text,
    /// Signs cards, agreements and adherences.
    pub agency_key: PublicKey,
    /// The libp2p identity of its node.
    pub node_key: PublicKey,
    /// Signs queries, answers, refusals, receipts, requests and decisions.
    pub message_key: PublicKey,
    /// Signs log checkpoints.
    pub log_key: PublicKey,
    /// Cosigns peers' checkpoints.
    pub cosigner_key: PublicKey,
    /// Keys no longer in force, or not for long; at most [`MOST_REVOCATIONS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocations: Vec<Revocation>,
    /// The word of every key but the agency key that it is this agency's.
    pub possession: Possession,
}

/// Why an envelope holds no card, or a card cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Not an envelope, or not signed by the key the card names.
    #[error("agency card: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Longer than anybody reads.
    #[error("an agency card of {0} bytes is too large; at most {LARGEST} are read")]
    TooLarge(usize),
    /// A version that does not count.
    #[error("agency card of `{0}` is of version 0; versions count from 1")]
    Version(AgencyId),
    /// A key serves two uses.
    #[error("agency card of `{0}` uses one key twice; each key has one use")]
    SharedKey(AgencyId),
    /// A key that did not say that it is this agency's.
    #[error(
        "agency card of `{agency}`, version {version}: its {use_} key has not signed that it is that agency's; only who holds a key may name it"
    )]
    Unproven {
        /// The agency.
        agency: AgencyId,
        /// The version.
        version: u32,
        /// The key.
        use_: KeyUse,
    },
    /// A private key is not at hand.
    #[error("the private key of the card's {0} key is not at hand, so the card cannot prove it")]
    NoKey(KeyUse),
    /// A text is too long.
    #[error("agency card of `{agency}`: its {what} has {found} bytes; at most {most} are read")]
    Long {
        /// The agency.
        agency: AgencyId,
        /// Which text.
        what: &'static str,
        /// Its bytes.
        found: usize,
        /// Most bytes.
        most: usize,
    },
    /// Too many addresses.
    #[error("agency card of `{0}` names {1} addresses; at most {MOST_ADDRESSES} are read")]
    Addresses(AgencyId, usize),
    /// No address, or not one that peers can dial.
    #[error(
        "agency card of `{0}` names the address `{1}`, which nobody can dial; expected one such as `/ip4/203.0.113.5/tcp/7420`"
    )]
    Address(AgencyId, String),
    /// Too many ended keys, or one twice.
    #[error(
        "agency card of `{0}` lists {1} ended keys or one of them twice; at most {MOST_REVOCATIONS}, those that end last, are read"
    )]
    Revocations(AgencyId, usize),
    /// A key that would count too long.
    #[error(
        "agency card of `{agency}` of {at} says that the key {key} ends at {ends}; a key counts at most 30 days beside the one that takes its place"
    )]
    Ends {
        /// The agency.
        agency: AgencyId,
        /// When the card was signed.
        at: Timestamp,
        /// The key.
        key: Fingerprint,
        /// When it ends.
        ends: Timestamp,
    },
}

impl KeyUse {
    /// The key that a card names for this use.
    #[must_use]
    pub const fn named(self, card: &Card) -> &PublicKey {
        match self {
            Self::Agency => &card.agency_key,
            Self::Node => &card.node_key,
            Self::Message => &card.message_key,
            Self::Log => &card.log_key,
            Self::Cosigner => &card.cosigner_key,
        }
    }
}

impl Card {
    /// Signs this version: the agency key the card, and each other key that it names its possession,
    /// whatever stood there before. `keys` holds their private keys, among others or not.
    ///
    /// # Errors
    /// When a private key is not at hand, or nobody would read the card.
    pub fn sign(&self, agency: &SecretKey, keys: &[SecretKey]) -> Result<Envelope, CardError> {
        let proven = Self { possession: self.prove(keys)?, ..self.clone() };
        let envelope = Envelope::sign_json(Kind::Card, &proven, agency)?;
        Self::open(&envelope)?;
        Ok(envelope)
    }

    /// The proofs of the keys of this version.
    ///
    /// # Errors
    /// When a private key is not among `keys`.
    pub fn prove(&self, keys: &[SecretKey]) -> Result<Possession, CardError> {
        let claim = self.claim();
        let proof = |use_: KeyUse| -> Result<Proof, CardError> {
            let held = keys.iter().find(|key| key.public() == *use_.named(self));
            held.map(|key| claim.prove(use_, key)).ok_or(CardError::NoKey(use_))
        };
        Ok(Possession {
            node: proof(KeyUse::Node)?,
            message: proof(KeyUse::Message)?,
            log: proof(KeyUse::Log)?,
            cosigner: proof(KeyUse::Cosigner)?,
        })
    }

    /// Reads a card that its own agency key has signed, and every other key that it names has signed
    /// for.
    ///
    /// That proves that the card is whole and names no key of another's: whose agency key it is, a
    /// person confirms by fingerprint.
    ///
    /// # Errors
    /// When the envelope, a signature or the card is not as it must be.
    pub fn open(envelope: &Envelope) -> Result<Self, CardError> {
        if envelope.as_bytes().len() > LARGEST {
            return Err(CardError::TooLarge(envelope.as_bytes().len()));
        }
        // The key that must verify stands in the payload, so this one document is parsed first;
        // nothing of it is used until the signature under that very key has been checked.
        let claimed: Self = serde_json::from_slice(envelope.unverified_payload())
            .map_err(|e| EnvelopeError::Body(e.to_string()))?;
        envelope.verified(Kind::Card, &claimed.agency_key)?;
        claimed.bounded()?;
        claimed.keys_proven()?;
        Ok(claimed)
    }

    /// Each key has one use and is proven.
    fn keys_proven(&self) -> Result<(), CardError> {
        let keys = KeyUse::ALL.map(|use_| use_.named(self));
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        if distinct.len() != keys.len() {
            return Err(CardError::SharedKey(self.id.clone()));
        }
        let claim = self.claim();
        let unproven = KeyUse::ALL.into_iter().find(|use_| {
            let proof = self.possession.of(*use_);
            proof.is_some_and(|proof| !claim.holds(*use_, use_.named(self), proof))
        });
        match unproven {
            None => Ok(()),
            Some(use_) => {
                let (agency, version) = (self.id.clone(), self.version);
                Err(CardError::Unproven { agency, version, use_ })
            }
        }
    }

    /// Nothing in it is more than a card has room for.
    fn bounded(&self) -> Result<(), CardError> {
        let agency = || self.id.clone();
        if self.version == 0 {
            return Err(CardError::Version(agency()));
        }
        for (what, text, most) in
            [("name", &self.name, LONGEST_NAME), ("contact", &self.contact, LONGEST_CONTACT)]
        {
            let found = text.as_str().len();
            if found > most {
                return Err(CardError::Long { agency: agency(), what, found, most });
            }
        }
        if self.addresses.len() > MOST_ADDRESSES {
            return Err(CardError::Addresses(agency(), self.addresses.len()));
        }
        if let Some(address) = self.addresses.iter().find(|one| !is_dialable(one.as_str())) {
            let shown = address.as_str().chars().take(address::LONGEST).collect();
            return Err(CardError::Address(agency(), shown));
        }
        let ended: std::collections::HashSet<_> =
            self.revocations.iter().map(|one| one.key).collect();
        if self.revocations.len() > MOST_REVOCATIONS || ended.len() != self.revocations.len() {
            return Err(CardError::Revocations(agency(), self.revocations.len()));
        }
        let latest = self.at.plus_millis(LONGEST_OVERLAP_MS);
        if let Some(one) = self.revocations.iter().find(|one| one.at > latest) {
            let (key, ends) = (one.key.fingerprint(), one.at);
            return Err(CardError::Ends { agency: agency(), at: self.at, key, ends });
        }
        Ok(())
    }

    /// What the other keys of this version sign for.
    #[must_use]
    pub fn claim(&self) -> Claim<'_> {
        Claim { agency: &self.id, version: self.version, agency_key: &self.agency_key }
    }

    /// Whether it says that it was signed later than any clock that is near the right time can say.
    #[must_use]
    pub fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.at > now.plus_millis(MOST_AHEAD_MS)
    }

    /// Whether another version names the same keys and ends: what was signed is checked alike by both.
    #[must_use]
    pub fn has_keys_of(&self, other: &Self) -> bool {
        self.revocations == other.revocations
            && KeyUse::ALL.iter().all(|use_| use_.named(self) == use_.named(other))
    }

    /// Announces the end of a key. Of more than a card lists, those that ended first are left out.
    pub fn end(&mut self, key: PublicKey, at: Timestamp) {
        self.revocations.retain(|one| one.key != key);
        self.revocations.push(Revocation { key, at });
        while self.revocations.len() > MOST_REVOCATIONS {
            let ends = self.revocations.iter().enumerate();
            let Some((first, _)) = ends.min_by_key(|(_, one)| one.at) else { return };
            self.revocations.remove(first);
        }
    }

    /// `key` as one of this agency's log, as notes name it.
    #[must_use]
    pub fn of_log(&self, key: &PublicKey) -> Vkey {
        Vkey::new(origin(&self.id), KeyType::Note, *key)
    }

    /// `key` as one with which this agency cosigns, as notes name it.
    #[must_use]
    pub fn of_cosigner(&self, key: &PublicKey) -> Vkey {
        Vkey::new(origin(&self.id), KeyType::Cosignature, *key)
    }

    /// Until when the agency goes on using a key whose end this card announces, while peers learn the
    /// card: half of the time.
    #[must_use]
    pub fn used_until(&self, leaving: &Revocation) -> Timestamp {
        let left = leaving.at.millis().saturating_sub(self.at.millis());
        self.at.plus_millis(left.div_euclid(2))
    }

    /// Whether this card announces the end of `key`, and that has not come at `at`.
    #[must_use]
    pub fn still_counts(&self, key: &PublicKey, at: Timestamp) -> bool {
        self.revocations.iter().any(|leaving| leaving.key == *key) && self.in_force(key, at)
    }

    /// Whether a signature that `key` made at `at` still counts.
    #[must_use]
    pub fn in_force(&self, key: &PublicKey, at: Timestamp) -> bool {
        self.revocations.iter().all(|revoked| revoked.key != *key || at < revoked.at)
    }
}
