//! Looking things up in the registry: whose key, which text, what is known of an agency.

use agreements::agreement::Agreement;
use agreements::decide::PeerFacts;
use agreements::succession::{Misplaced, may_follow};
use schemas::agency::AgencyId;
use schemas::answer::Basis;
use schemas::authority::AuthorityId;
use schemas::card::Card;
use schemas::device::Device;
use schemas::digest::Digest;
use schemas::envelope::Envelope;
use schemas::key::PublicKey;
use schemas::note::Vkey;
use schemas::time::Timestamp;

use super::alarms::Raised;
use super::devices::{EnrolledDevice, KeyOf};
use super::keys::named_by;
use super::peers::Peer;
use super::programs::Program;
use super::state::{AgreementTexts, State, VersionedAgreement};

impl State {
    /// One's own message key, present or past, that an envelope of one's own is signed with.
    #[must_use]
    pub fn own_key_of(&self, envelope: &Envelope) -> Option<&PublicKey> {
        named_by(envelope, &self.own_keys.message).or(self.own_keys.message.last())
    }

    /// Every key that has signed heads of this log, as notes name them.
    #[must_use]
    pub fn own_log_keys(&self) -> Vec<Vkey> {
        let own = self.own.iter();
        own.flat_map(|own| self.own_keys.log.iter().map(|key| own.value.of_log(key))).collect()
    }

    /// The device that counts and whose certificate has this key.
    #[must_use]
    pub fn device_with(&self, key: &Digest) -> Option<&EnrolledDevice> {
        self.devices.values().find(|one| one.revoked.is_none() && one.key == *key)
    }

    /// Whether a session may rest on this device.
    #[must_use]
    pub fn device_counts(&self, device: &Device) -> bool {
        self.device_with(&device.key).is_some_and(|one| one.named() == *device)
    }

    /// Whose a key is that nothing else may have: one certificate, one thing that it proves.
    #[must_use]
    pub fn key_is_of(&self, key: &Digest) -> Option<KeyOf> {
        let device = self.device_with(key).map(|one| KeyOf::Device(one.name.clone()));
        device.or_else(|| {
            let known = self.programs.values().filter(|one| one.revoked.is_none());
            let has = |one: &&Program| one.credential.certificate() == Some(*key);
            known.into_iter().find(has).map(|one| KeyOf::Program(one.name.clone()))
        })
    }

    /// Whether anything is known by a certificate, so that it is worth asking for one.
    #[must_use]
    pub fn knows_certificates(&self) -> bool {
        self.devices.values().any(|one| one.revoked.is_none())
            || self
                .programs
                .values()
                .any(|one| one.revoked.is_none() && one.credential.certificate().is_some())
    }

    /// Counted up by every change: a decision names the one it was made upon.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// A text of an agreement by its digest, if it is recorded.
    #[must_use]
    pub fn agreement_text(&self, id: &AuthorityId, text: &Digest) -> Option<&VersionedAgreement> {
        self.agreements.get(id)?.values().find(|known| known.recorded.text == *text)
    }

    /// Whether `agreement` may take its place among the texts under its id, as `by` proposes it.
    ///
    /// # Errors
    /// Why it may not.
    pub fn may_follow(&self, by: &AgencyId, agreement: &Agreement) -> Result<(), Misplaced> {
        let known = self.agreements.get(&agreement.id).into_iter().flat_map(AgreementTexts::values);
        let known: Vec<_> = known.map(|known| (&known.proposer, &known.recorded)).collect();
        may_follow(known.iter().copied(), by, agreement)
    }

    /// What was verified of those of `agencies` whose cards are recorded, and of this agency itself.
    #[must_use]
    pub fn facts(&self, agencies: &[AgencyId]) -> Vec<PeerFacts> {
        let own = self.own.as_ref().map(|own| PeerFacts {
            id: own.value.id.clone(),
            kind: own.value.kind,
            state: own.value.state,
            blocked: None,
            agency_key: Some(own.value.agency_key),
        });
        let facts = |peer: &Peer| {
            let mut facts = peer.facts();
            if let Some(alarm) = self.alarm_about(&facts.id) {
                let why = format!("alarm {} is open", alarm.alarm);
                facts.blocked = facts.blocked.or_else(|| why.parse().ok());
            }
            facts
        };
        let peers = agencies.iter().filter_map(|id| self.peers.get(id)).map(facts);
        own.into_iter().filter(|own| agencies.contains(&own.id)).chain(peers).collect()
    }

    /// The open alarm about `agency`, the oldest of several.
    #[must_use]
    pub fn alarm_about(&self, agency: &AgencyId) -> Option<&Raised> {
        self.alarms.values().find(|raised| raised.what.peer == *agency && raised.resolved.is_none())
    }

    /// The peer whose node may prove this key at `now`; a blocked one only where no other may.
    #[must_use]
    pub fn peer_of_node(&self, node: &PublicKey, now: Timestamp) -> Option<&Peer> {
        self.with_node(*node, now).min_by_key(|peer| peer.blocked.is_some())
    }

    /// The peers whose cards let their node prove this key at `now`.
    fn with_node(&self, node: PublicKey, now: Timestamp) -> impl Iterator<Item = &Peer> {
        let named = self.nodes.of(node).filter_map(|agency| self.peers.get(agency));
        named.filter(move |peer| peer.may_prove(&node, now))
    }

    /// The agency other than that of `card`, this one included, whose node may prove at `now` what
    /// that of `card` could: a card cannot take over another agency's connections. Who is blocked, or
    /// has ended the key, keeps nobody out.
    #[must_use]
    pub fn other_with_node(&self, card: &Card, now: Timestamp) -> Option<&AgencyId> {
        let known = self.peers.get(&card.id);
        let keys =
            known.map_or_else(|| vec![card.node_key], |known| known.node_keys_with(card, now));
        let own = self.own.as_ref().map(|own| &own.value).filter(|own| {
            own.id != card.id
                && keys.iter().any(|key| *key == own.node_key || own.still_counts(key, now))
        });
        let others = keys.iter().flat_map(|key| self.with_node(*key, now));
        let mut others = others.filter(|other| other.blocked.is_none());
        let other = others.find(|other| other.card.value.id != card.id);
        own.map(|own| &own.id).or_else(|| other.map(|other| &other.card.value.id))
    }

    /// Whether an answer of `owner` to `requester` rests on an authority as it is recorded here: on this
    /// text, by this decision, between the two, and of a request in this direction. A decision that has
    /// not come yet may be named.
    ///
    /// # Errors
    /// In a sentence, when it is not recorded here, or otherwise.
    pub fn rests_on(
        &self,
        basis: &Basis,
        requester: &AgencyId,
        owner: &AgencyId,
    ) -> Result<(), String> {
        let Basis { authority, version, text, decision } = basis;
        let agreement = self.agreements.get(authority);
        let request = self.requests.get(authority).map(|filed| &filed.value);
        if agreement.is_none() && request.is_none() {
            return Err(format!(
                "it rests on `{authority}` version {version}, which is not recorded here"
            ));
        }
        // A request is answered once it is decided; an agreement needs no decision.
        let as_recorded = if decision.is_some() {
            request.is_some_and(|filed| {
                *version == 1
                    && filed.request.from == *requester
                    && filed.request.to == *owner
                    && filed.request_digest == *text
                    && filed.decision_digest.is_none_or(|known| Some(known) == *decision)
            })
        } else {
            let known = self.agreement_text(authority, text);
            known.map(|known| &known.recorded.agreement).is_some_and(|known| {
                let among = |agency| known.parties.contains(agency);
                known.version == *version && among(requester) && among(owner)
            })
        };
        if as_recorded {
            return Ok(());
        }
        Err(format!(
            "it rests on another text of `{authority}` version {version} than the one recorded here between the two"
        ))
    }
}
