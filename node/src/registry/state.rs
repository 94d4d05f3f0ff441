//! The registry's changes, and the state they fold to. Pure.

use std::collections::{BTreeMap, HashMap};

use agreements::agreement::{Adherence, Agreement, Notice};
use agreements::book::Concerning;
use agreements::decide::PeerFacts;
use agreements::lifecycle::Recorded;
use agreements::policy::Policy;
use agreements::request::{Filed, Request, Ruling, Withdrawal};
use schemas::agency::{AgencyId, AgencyKind, State as UsState};
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::envelope::Envelope;
use schemas::key::PublicKey;
use schemas::purpose::Role;
use schemas::query::{AuthorityId, Requester, UserName};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::RegistryError;
use crate::acts::requests::OutsideRequest;

/// One change of who may do what. Stands beside its entry and is never deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A policy came into force.
    Policy {
        /// Its name, for messages.
        name: String,
        /// Its exact text.
        text: String,
    },
    /// A user is as given from now on.
    User {
        /// The user.
        user: User,
    },
    /// One's own card.
    OwnCard {
        /// Its envelope.
        envelope: String,
    },
    /// A peer's card, confirmed by a person.
    Card {
        /// Its envelope.
        envelope: String,
        /// What the administrator verified.
        verified: Verified,
    },
    /// A later version of a peer's card that changes nothing a person must confirm.
    CardUpdate {
        /// Its envelope.
        envelope: String,
    },
    /// A later version of a peer's card that a person must confirm.
    CardHeld {
        /// Its envelope.
        envelope: String,
        /// Why.
        why: String,
    },
    /// A peer is cut off, or let in again.
    Block {
        /// The peer.
        agency: AgencyId,
        /// Why it is cut off; absent when it is let in.
        reason: Option<Text>,
    },
    /// An agreement's text.
    Agreement {
        /// Who proposed it.
        from: AgencyId,
        /// Its envelope.
        envelope: String,
    },
    /// An adherence.
    Adherence {
        /// Its envelope.
        envelope: String,
    },
    /// A suspension, resumption or withdrawal.
    Notice {
        /// Its envelope.
        envelope: String,
    },
    /// A written request.
    Request {
        /// Its envelope.
        envelope: String,
    },
    /// The decision on a written request.
    Ruling {
        /// Its envelope.
        envelope: String,
    },
    /// The withdrawal of a written request.
    Withdrawal {
        /// Its envelope.
        envelope: String,
    },
    /// A request of an outside body, for records release.
    OutsideRequest {
        /// The request.
        request: OutsideRequest,
    },
}

/// A person at this agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// User name.
    pub name: UserName,
    /// Full name.
    pub full_name: Text,
    /// Title.
    #[serde(default)]
    pub title: Text,
    /// Roles.
    pub roles: Vec<Role>,
    /// Day of the last training.
    #[serde(default)]
    pub trained_on: Option<Timestamp>,
    /// End of the registration, for people registered for a time.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Why the user may act no longer.
    #[serde(default)]
    pub disabled: Option<Text>,
    /// Approving authority delegated to this person.
    #[serde(default)]
    pub delegations: Vec<Delegation>,
}

/// Authority of a title, delegated for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Whose authority.
    pub title: Text,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl User {
    /// How a query names this person.
    #[must_use]
    pub fn requester(&self) -> Requester {
        Requester {
            user: self.name.clone(),
            full_name: self.full_name.clone(),
            title: self.title.clone(),
            roles: self.roles.clone(),
            trained_on: self.trained_on,
        }
    }

    /// Whether the person may act at `now`.
    #[must_use]
    pub fn enabled(&self, now: Timestamp) -> bool {
        self.disabled.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Whether the person has this role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

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
pub struct Published<T> {
    /// What it says.
    pub value: T,
    /// The exact envelope.
    pub envelope: String,
}

/// A card that waits for a person's confirmation.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldCard {
    /// The card.
    pub card: Published<Card>,
    /// Why it waits.
    pub why: String,
}

/// A peer.
#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    /// Its card in force.
    pub card: Published<Card>,
    /// What the administrator verified.
    pub verified: Verified,
    /// Why it is cut off.
    pub blocked: Option<Text>,
    /// A later card that waits.
    pub held: Option<HeldCard>,
}

impl Peer {
    /// The key that signs its messages, unless it was revoked by `now`.
    #[must_use]
    pub fn message_key(&self, now: Timestamp) -> Option<&PublicKey> {
        let card = &self.card.value;
        Some(&card.message_key).filter(|key| card.in_force(key, now))
    }

    /// What the decision needs to know.
    #[must_use]
    pub fn facts(&self) -> PeerFacts {
        PeerFacts {
            id: self.card.value.id.clone(),
            kind: self.verified.kind,
            state: self.verified.state,
            blocked: self.blocked.clone(),
        }
    }
}

/// One version of an agreement with all that was signed on it.
#[derive(Debug, Clone)]
pub struct VersionedAgreement {
    /// Who proposed it.
    pub proposer: AgencyId,
    /// The text with adherences and notices.
    pub recorded: Recorded,
    /// The proposal's envelope.
    pub envelope: String,
    /// Envelopes of the adherences and notices, in the order they came.
    pub signed: Vec<String>,
}

/// Who may do what.
#[derive(Debug, Clone, Default)]
pub struct State {
    generation: u64,
    /// The policy in force.
    pub policy: Option<std::sync::Arc<Policy>>,
    /// One's own card.
    pub own: Option<Published<Card>>,
    /// People.
    pub users: BTreeMap<UserName, User>,
    /// Peers.
    pub peers: BTreeMap<AgencyId, Peer>,
    /// Agreements by id and version.
    pub agreements: BTreeMap<AuthorityId, BTreeMap<u32, VersionedAgreement>>,
    /// Written requests, sent and received.
    pub requests: BTreeMap<AuthorityId, Published<Filed>>,
    /// Requests of outside bodies.
    pub outside: BTreeMap<AuthorityId, OutsideRequest>,
    /// Which agreements and requests concern an agency.
    pub concerning: Concerning,
    nodes: HashMap<[u8; 32], AgencyId>,
}

fn unfit(what: impl std::fmt::Display) -> RegistryError {
    RegistryError::Change(what.to_string())
}

/// The payload of an envelope whose signature was checked before its change was appended.
fn payload(envelope: &str) -> Result<(Envelope, String), RegistryError> {
    let envelope = Envelope::parse(envelope.as_bytes()).map_err(unfit)?;
    let text = String::from_utf8(envelope.unverified_payload().to_vec()).map_err(unfit)?;
    Ok((envelope, text))
}

fn card(envelope: &str) -> Result<Published<Card>, RegistryError> {
    let (parsed, _) = payload(envelope)?;
    Ok(Published { value: Card::open(&parsed).map_err(unfit)?, envelope: envelope.to_owned() })
}

impl State {
    /// Counted up by every change: a decision names the one it was made upon.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What was verified of those of `agencies` whose cards are recorded, and of this agency itself.
    #[must_use]
    pub fn facts(&self, agencies: &[AgencyId]) -> Vec<PeerFacts> {
        let own = self.own.as_ref().map(|own| PeerFacts {
            id: own.value.id.clone(),
            kind: own.value.kind,
            state: own.value.state,
            blocked: None,
        });
        let peers = agencies.iter().filter_map(|id| self.peers.get(id)).map(Peer::facts);
        own.into_iter().filter(|own| agencies.contains(&own.id)).chain(peers).collect()
    }

    /// The peer whose node has this key.
    #[must_use]
    pub fn peer_of_node(&self, node: &PublicKey) -> Option<&Peer> {
        self.peers.get(self.nodes.get(node.as_bytes())?)
    }

    /// This state with one more change.
    ///
    /// # Errors
    /// When the change does not fit.
    pub fn with(&self, change: &Change) -> Result<Self, RegistryError> {
        let mut next = self.clone();
        next.apply(change)?;
        Ok(next)
    }

    /// Makes one more change.
    ///
    /// # Errors
    /// When the change does not fit; the state may then be half changed and must be dropped.
    pub fn apply(&mut self, change: &Change) -> Result<(), RegistryError> {
        self.generation = self.generation.saturating_add(1);
        match change {
            Change::Policy { name, text } => {
                self.policy =
                    Some(std::sync::Arc::new(Policy::from_toml(name, text).map_err(unfit)?));
            }
            Change::User { user } => drop(self.users.insert(user.name.clone(), user.clone())),
            Change::OwnCard { envelope } => self.own = Some(card(envelope)?),
            Change::Card { envelope, verified } => {
                let card = card(envelope)?;
                let blocked = self.peers.get(&card.value.id).and_then(|peer| peer.blocked.clone());
                let peer = Peer { card, verified: verified.clone(), blocked, held: None };
                self.put(peer);
            }
            Change::CardUpdate { envelope } => {
                let card = card(envelope)?;
                let mut peer = self.peer(&card.value.id)?.clone();
                peer.card = card;
                self.put(peer);
            }
            Change::CardHeld { envelope, why } => {
                let card = card(envelope)?;
                let mut peer = self.peer(&card.value.id)?.clone();
                peer.held = Some(HeldCard { card, why: why.clone() });
                self.put(peer);
            }
            Change::Block { agency, reason } => {
                let mut peer = self.peer(agency)?.clone();
                peer.blocked = reason.clone();
                self.put(peer);
            }
            Change::Agreement { from, envelope } => self.agreement(from, envelope)?,
            Change::Adherence { envelope } => {
                let (_, text) = payload(envelope)?;
                let adherence = Adherence::from_toml("adherence", &text).map_err(unfit)?;
                let at = self.version(&adherence.agreement, adherence.version)?;
                at.recorded.adhere(adherence).map_err(unfit)?;
                at.signed.push(envelope.clone());
            }
            Change::Notice { envelope } => {
                let (_, text) = payload(envelope)?;
                let notice = Notice::from_toml("notice", &text).map_err(unfit)?;
                let at = self.version(&notice.agreement, notice.version)?;
                at.recorded.notice(notice).map_err(unfit)?;
                at.signed.push(envelope.clone());
            }
            Change::Request { envelope } => {
                let (parsed, text) = payload(envelope)?;
                let request = Request::from_toml("request", &text).map_err(unfit)?;
                let id = request.id.clone();
                self.concerning.note(&id, [&request.from, &request.to]);
                let filed = Filed::new(request, Digest::of(parsed.unverified_payload()));
                let published = Published { value: filed, envelope: envelope.clone() };
                if self.requests.insert(id.clone(), published).is_some() {
                    return Err(unfit(format!("request `{id}` is already filed")));
                }
            }
            Change::Ruling { envelope } => {
                let (_, text) = payload(envelope)?;
                let ruling = Ruling::from_toml("decision", &text).map_err(unfit)?;
                self.request(&ruling.request)?.value.rule(ruling).map_err(unfit)?;
            }
            Change::OutsideRequest { request } => {
                drop(self.outside.insert(request.id.clone(), request.clone()));
            }
            Change::Withdrawal { envelope } => {
                let (_, text) = payload(envelope)?;
                let withdrawal = Withdrawal::from_toml("withdrawal", &text).map_err(unfit)?;
                self.request(&withdrawal.request)?.value.withdraw(withdrawal).map_err(unfit)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, peer: Peer) {
        let id = peer.card.value.id.clone();
        self.nodes.retain(|_, agency| *agency != id);
        self.nodes.insert(*peer.card.value.node_key.as_bytes(), id.clone());
        self.peers.insert(id, peer);
    }

    fn peer(&self, id: &AgencyId) -> Result<&Peer, RegistryError> {
        self.peers.get(id).ok_or_else(|| unfit(format!("no card of `{id}` is recorded")))
    }

    fn agreement(&mut self, from: &AgencyId, envelope: &str) -> Result<(), RegistryError> {
        let (_, text) = payload(envelope)?;
        let agreement = Agreement::from_toml("agreement", &text).map_err(unfit)?;
        let (id, version) = (agreement.id.clone(), agreement.version);
        let versions = self.agreements.entry(id.clone()).or_default();
        if versions.contains_key(&version) {
            return Err(unfit(format!("agreement `{id}` version {version} is already recorded")));
        }
        self.concerning.note(&id, &agreement.parties);
        let recorded = Recorded::new(agreement, Digest::of(text.as_bytes()));
        versions.insert(
            version,
            VersionedAgreement {
                proposer: from.clone(),
                recorded,
                envelope: envelope.to_owned(),
                signed: Vec::new(),
            },
        );
        Ok(())
    }

    fn version(
        &mut self,
        id: &AuthorityId,
        version: u32,
    ) -> Result<&mut VersionedAgreement, RegistryError> {
        self.agreements
            .get_mut(id)
            .and_then(|versions| versions.get_mut(&version))
            .ok_or_else(|| unfit(format!("agreement `{id}` version {version} is not recorded")))
    }

    fn request(&mut self, id: &AuthorityId) -> Result<&mut Published<Filed>, RegistryError> {
        self.requests.get_mut(id).ok_or_else(|| unfit(format!("request `{id}` is not filed")))
    }
}
