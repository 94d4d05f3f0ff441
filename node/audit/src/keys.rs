//! The keys that count for whoever checks a log: those that cards name which a pinned agency key
//! signed. Of an agency that is not pinned, nothing counts.

use std::collections::{BTreeMap, HashMap};

use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use schemas::entry::Header;
use schemas::entry_proof::EntryProof;
use schemas::envelope::{Envelope, Kind};
use schemas::key::{Fingerprint, PublicKey};
use schemas::note::Vkey;
use schemas::time::Timestamp;

use crate::pins::Pins;
use crate::problem::{Problem, problem};

/// The keys of pinned agencies, of all versions of their cards.
#[derive(Debug, Clone, Default)]
pub struct Keys(BTreeMap<AgencyId, AgencyKeys>);

/// What the cards of one agency name.
#[derive(Debug, Clone, Default)]
struct AgencyKeys {
    /// Those that sign cards, agreements and adherences.
    agency: Vec<Signing>,
    /// Those that sign messages.
    message: Vec<Signing>,
    log: Vec<Vkey>,
    cosigner: Vec<Vkey>,
    /// When the agency says that keys ended.
    ends: HashMap<Fingerprint, Timestamp>,
}

/// A key with its fingerprint as envelopes name it.
#[derive(Debug, Clone)]
struct Signing {
    id: String,
    key: PublicKey,
}

fn note(keys: &mut Vec<Signing>, key: PublicKey) {
    let id = key.fingerprint().to_string();
    if keys.iter().all(|known| known.id != id) {
        keys.push(Signing { id, key });
    }
}

impl Keys {
    /// None yet, of the agencies that are pinned.
    #[must_use]
    pub fn of_pinned(pins: &Pins) -> Self {
        Self(pins.keys().map(|agency| (agency.clone(), AgencyKeys::default())).collect())
    }

    /// Takes in what one more card names, if a pinned agency key signed it. What is wrong with it is added
    /// to `problems`.
    pub fn take(&mut self, card: &str, pins: &Pins, problems: &mut Vec<Problem>) {
        let card = Envelope::parse(card.as_bytes())
            .map_err(|e| e.to_string())
            .and_then(|envelope| Card::open(&envelope).map_err(|e| e.to_string()));
        match card {
            Err(error) => problems.push(problem(None, "card", format!("a card: {error}"))),
            Ok(card) => {
                let Some(known) = pins.get(&card.id) else { return };
                let found = card.agency_key.fingerprint();
                if known.contains(&found) {
                    self.add(&card);
                } else {
                    let what = format!(
                        "a card of `{}` is signed by the key {found}, which is not the one pinned; it counts for nothing",
                        card.id
                    );
                    problems.push(problem(None, "key", what));
                }
            }
        }
    }

    /// Adds the keys of others.
    pub fn extend(&mut self, others: &Self) {
        for (agency, other) in &others.0 {
            let keys = self.0.entry(agency.clone()).or_default();
            other.agency.iter().for_each(|one| note(&mut keys.agency, one.key));
            other.message.iter().for_each(|one| note(&mut keys.message, one.key));
            keys.ends.extend(other.ends.iter().map(|(key, at)| (*key, *at)));
            for (known, others) in
                [(&mut keys.log, &other.log), (&mut keys.cosigner, &other.cosigner)]
            {
                for key in others {
                    if !known.contains(key) {
                        known.push(key.clone());
                    }
                }
            }
        }
    }

    /// Adds what a card names, whose agency key the caller trusts.
    pub fn add(&mut self, card: &Card) {
        let keys = self.0.entry(card.id.clone()).or_default();
        note(&mut keys.agency, card.agency_key);
        note(&mut keys.message, card.message_key);
        keys.ends.extend(card.revocations.iter().map(|one| (one.key.fingerprint(), one.at)));
        for (known, key) in [
            (&mut keys.log, card.of_log(&card.log_key)),
            (&mut keys.cosigner, card.of_cosigner(&card.cosigner_key)),
        ] {
            if !known.contains(&key) {
                known.push(key);
            }
        }
    }

    /// When an agency says, in any of its cards, that this key of its own ended.
    #[must_use]
    pub fn said_ended(&self, agency: &AgencyId, key: &Fingerprint) -> Option<Timestamp> {
        self.0.get(agency)?.ends.get(key).copied()
    }

    /// Whether this agency is pinned.
    #[must_use]
    pub fn pinned(&self, agency: &AgencyId) -> bool {
        self.0.contains_key(agency)
    }

    /// Whether a card of this agency counts.
    #[must_use]
    pub fn has_card(&self, agency: &AgencyId) -> bool {
        self.0.get(agency).is_some_and(|keys| !keys.message.is_empty())
    }

    /// With which of its keys an agency signed an envelope, of those that sign its kind; `None` when
    /// with none. A card is signed by the agency key.
    #[must_use]
    pub fn signed_by(&self, agency: &AgencyId, envelope: &Envelope) -> Option<Fingerprint> {
        let keys = self.0.get(agency)?;
        let kind = envelope.kind();
        let signing = match kind {
            Kind::Agreement | Kind::Adherence | Kind::Card => &keys.agency,
            _ => &keys.message,
        };
        let named = signing.iter().find(|signing| signing.id == envelope.key_id())?;
        envelope.verified(kind, &named.key).ok()?;
        Some(named.key.fingerprint())
    }

    /// Checks a head of an agency's log with the log keys that its cards name, the latest first.
    ///
    /// # Errors
    /// When none of them signed it.
    pub fn head(
        &self,
        agency: &AgencyId,
        head: &SignedCheckpoint,
    ) -> Result<Vkey, CheckpointError> {
        let keys = self.0.get(agency).map(|keys| keys.log.as_slice()).unwrap_or_default();
        signed_by(head, keys.iter().rev().cloned())
    }

    /// Checks a place in an agency's log; the header of the entry that stands there, the head above it,
    /// and the key that signed that.
    ///
    /// # Errors
    /// Why it is not proven.
    pub fn entry_proof(
        &self,
        agency: &AgencyId,
        entry_proof: &EntryProof,
    ) -> Result<(Header, Checkpoint, Fingerprint), String> {
        let mut last = format!("no card of `{agency}` is at hand");
        for key in self.0.get(agency).iter().flat_map(|keys| keys.log.iter().rev()) {
            match entry_proof.verified(key) {
                Ok((header, head)) => {
                    return Ok((header, head.unverified().clone(), key.public().fingerprint()));
                }
                Err(error) => last = error.to_string(),
            }
        }
        Err(last)
    }

    /// The keys with which pinned agencies cosign.
    #[must_use]
    pub fn cosigners(&self) -> Vec<Vkey> {
        let mut keys: Vec<Vkey> = Vec::new();
        for key in self.0.values().flat_map(|keys| &keys.cosigner) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }
}

/// Which of a log's keys has signed a head of it: the first whose signature is there and holds.
///
/// # Errors
/// When none of them did.
pub fn signed_by(
    head: &SignedCheckpoint,
    keys: impl IntoIterator<Item = Vkey>,
) -> Result<Vkey, CheckpointError> {
    let mut last = CheckpointError::Text("no card names the key of this log");
    for key in keys {
        match head.verified(&key) {
            Ok(_) => return Ok(key),
            Err(error) => last = error,
        }
    }
    Err(last)
}
