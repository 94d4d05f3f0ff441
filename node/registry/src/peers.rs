//! Peers: the card in force, what was verified of it, and the one that waits.

use std::sync::Arc;

use agreements::decide::PeerFacts;
use schemas::agency::{AgencyKind, State as UsState};
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::envelope::Envelope;
use schemas::key::PublicKey;
use schemas::key_use::KeyUse;
use schemas::note::Vkey;
use schemas::posted::PostedPolicy;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::keys::{NamedKeys, named_by};
use crate::ChangeError;
use crate::payload::{payload, unfit};

/// What an administrator verified of a peer, outside this system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// What sort of body it is.
    pub kind: AgencyKind,
    /// Of which state.
    pub state: UsState,
    /// How that and the fingerprint were verified.
    pub how: Text,
    /// By whom.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
}

/// A signed text with its exact envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed<T> {
    /// What it says.
    pub value: T,
    /// The exact envelope.
    pub envelope: String,
}

/// A card that waits for a person's confirmation.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldCard {
    /// The card.
    pub card: Signed<Card>,
    /// Why it waits.
    pub why: String,
}

/// The policy that a peer has in force, as it posts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerPolicy {
    /// The how manieth of that agency.
    pub version: u32,
    /// Since when it is in force there.
    pub since: Timestamp,
    /// H(its exact text).
    pub digest: Digest,
    /// The exact envelope. The text stands in it alone, since few of many are read at once.
    pub envelope: String,
}

impl PeerPolicy {
    pub(super) fn of(posted: &PostedPolicy, envelope: &str) -> Self {
        Self {
            version: posted.version,
            since: posted.since,
            digest: posted.digest(),
            envelope: envelope.to_owned(),
        }
    }

    /// What the peer signed.
    ///
    /// # Errors
    /// Never of one that is recorded.
    pub fn posted(&self) -> Result<PostedPolicy, ChangeError> {
        let (_, text) = payload(&self.envelope)?;
        serde_json::from_str(&text).map_err(unfit)
    }

    /// Whether this is what `posted` says.
    #[must_use]
    pub fn is(&self, posted: &PostedPolicy) -> bool {
        (self.version, self.since, self.digest) == (posted.version, posted.since, posted.digest())
    }
}

/// A peer.
#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    /// Its card in force.
    pub card: Signed<Card>,
    /// What the administrator verified.
    pub verified: Verified,
    /// Why it is cut off.
    pub blocked: Option<Text>,
    /// A later card that waits.
    pub held: Option<HeldCard>,
    /// The keys of its earlier cards under the same agency key.
    pub earlier: NamedKeys,
    /// The agency keys of its cards before, each of which people confirmed here in its time.
    pub former: Vec<PublicKey>,
    /// Until when no receipt of it is too late, as a person said.
    pub receipts_until: Option<Timestamp>,
    /// When versions of its card were taken in, or left to wait, without a person: those of the day
    /// before the last one.
    pub taken: Vec<Timestamp>,
    /// The policy that it has in force, as it says.
    pub policy: Option<Arc<PeerPolicy>>,
}

impl Peer {
    /// The key that signs its messages, unless it was revoked by `now`.
    #[must_use]
    pub fn message_key(&self, now: Timestamp) -> Option<&PublicKey> {
        let card = &self.card.value;
        Some(&card.message_key).filter(|key| card.in_force(key, now))
    }

    /// The key that `envelope` must be signed with to count at `now`: the card's message key, or one
    /// before it whose end the card announces and that has not come. `None` when it was revoked.
    #[must_use]
    pub fn key_of(&self, envelope: &Envelope, now: Timestamp) -> Option<&PublicKey> {
        let card = &self.card.value;
        let named = named_by(envelope, &self.earlier.message).unwrap_or(&card.message_key);
        self.counting(KeyUse::Message, now).find(|key| *key == named)
    }

    /// The keys one of which must have signed a head of its log to count at `now`, as notes name
    /// them.
    #[must_use]
    pub fn log_keys(&self, now: Timestamp) -> Vec<Vkey> {
        let card = &self.card.value;
        self.counting(KeyUse::Log, now).map(|key| card.of_log(key)).collect()
    }

    /// Every key that ever signed heads of its log.
    #[must_use]
    pub fn log_keys_ever(&self) -> Vec<Vkey> {
        let card = &self.card.value;
        self.ever(KeyUse::Log).map(|key| card.of_log(key)).collect()
    }

    /// The keys one of which must have cosigned a head of a log to count at `now`, as notes name
    /// them.
    #[must_use]
    pub fn cosigner_keys(&self, now: Timestamp) -> Vec<Vkey> {
        let card = &self.card.value;
        self.counting(KeyUse::Cosigner, now).map(|key| card.of_cosigner(key)).collect()
    }

    /// Every key with which it ever cosigned, for cosignatures that were checked when they came.
    #[must_use]
    pub fn cosigner_keys_ever(&self) -> Vec<Vkey> {
        let card = &self.card.value;
        self.ever(KeyUse::Cosigner).map(|key| card.of_cosigner(key)).collect()
    }

    /// The keys that its node may prove at `now`, the one to expect first.
    #[must_use]
    pub fn node_keys(&self, now: Timestamp) -> Vec<PublicKey> {
        let card = &self.card.value;
        let mut keys: Vec<PublicKey> = self.counting(KeyUse::Node, now).copied().collect();
        // The one before is used until half of its last time is over.
        let still = |key: &PublicKey| {
            card.revocations.iter().any(|one| one.key == *key && now < card.used_until(one))
        };
        keys.sort_by_key(|key| !still(key));
        keys
    }

    /// How many versions of its card were taken in, or left to wait, within a day before `now`
    /// without a person, and when the first of those was.
    #[must_use]
    pub fn taken_within_a_day(&self, now: Timestamp) -> (usize, Option<Timestamp>) {
        let since = now.minus_days(1);
        let mut within = self.taken.iter().copied().filter(|at| *at > since);
        let first = within.next();
        (within.count().saturating_add(usize::from(first.is_some())), first)
    }

    /// Takes note of one more version that came at `at` without a person.
    pub(super) fn note_taken(&mut self, at: Timestamp) {
        let since = at.minus_days(1);
        self.taken.retain(|before| *before > since);
        self.taken.push(at);
    }

    /// The keys that its node may prove at `now` once `next` is its card.
    pub(super) fn node_keys_with(&self, next: &Card, now: Timestamp) -> Vec<PublicKey> {
        let ends = next.revocations.iter().filter(|one| now < one.at).map(|one| one.key);
        let ever: Vec<PublicKey> = self.node_keys_ever().copied().collect();
        let still = ends.filter(|key| ever.contains(key));
        [next.node_key].into_iter().chain(still).collect()
    }

    /// Whether its node may prove this key at `now`.
    pub(super) fn may_prove(&self, node: &PublicKey, now: Timestamp) -> bool {
        self.counting(KeyUse::Node, now).any(|key| key == node)
    }

    /// Every key that its node ever proved.
    pub(super) fn node_keys_ever(&self) -> impl Iterator<Item = &PublicKey> {
        self.ever(KeyUse::Node)
    }

    /// The keys of one use that count at `now`: the one that the card names and, of those before it,
    /// each whose end the card announces and that has not come. One that was left behind without a
    /// word is none.
    fn counting(&self, use_: KeyUse, now: Timestamp) -> impl Iterator<Item = &PublicKey> {
        let card = &self.card.value;
        let named = use_.named(card);
        let named_still = move |key: &PublicKey| key == named && card.in_force(key, now);
        self.ever(use_).filter(move |key| named_still(key) || card.still_counts(key, now))
    }

    /// Every key of one use, the one that the card names first.
    fn ever(&self, use_: KeyUse) -> impl Iterator<Item = &PublicKey> {
        let named = use_.named(&self.card.value);
        let before = self.earlier.of(use_).iter().filter(move |key| *key != named);
        [named].into_iter().chain(before)
    }

    /// What the decision needs to know.
    #[must_use]
    pub fn facts(&self) -> PeerFacts {
        PeerFacts {
            id: self.card.value.id.clone(),
            kind: self.verified.kind,
            state: self.verified.state,
            blocked: self.blocked.clone(),
            agency_key: Some(self.card.value.agency_key),
        }
    }
}
