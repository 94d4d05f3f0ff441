//! The state that the registry's changes fold to. Pure.

use std::collections::BTreeMap;

use agreements::agreement::{Adherence, Agreement, Notice};
use agreements::authority_index::AuthorityIndex;
use agreements::lifecycle::AgreementRecord;
use agreements::policy::Policy;
use agreements::request::{Request, RequestRecord, Ruling, Withdrawal};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::envelope::Envelope;
use schemas::query::UserName;
use schemas::time::Timestamp;
use schemas::user::User;

use super::ChangeError;
use super::alarms::Raised;
use super::backups::Backup;
use super::change::Change;
use super::holds::{Hold, Redacted};
use super::keys::NamedKeys;
use super::node_keys::NodeKeys;
use super::peers::{HeldCard, Peer, Signed};
use super::sign_in::{Alone, SignIn};
use super::sources::{Source, SourceName};
use crate::{RecordsRequest, RefusedProposals};

/// One version of an agreement with all that was signed on it.
#[derive(Debug, Clone)]
pub struct VersionedAgreement {
    /// Who proposed it.
    pub proposer: AgencyId,
    /// The text with adherences and notices.
    pub recorded: AgreementRecord,
    /// The proposal's envelope.
    pub envelope: String,
    /// Envelopes of the adherences and notices, in the order they came.
    pub signed: Vec<String>,
}

/// The texts of an agreement, by version and who proposed them: of a later version there may be one of
/// each agency that stood in the one before.
pub type AgreementTexts = BTreeMap<(u32, AgencyId), VersionedAgreement>;

/// Who may do what.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(crate) generation: u64,
    /// The policy in force.
    pub policy: Option<std::sync::Arc<Policy>>,
    /// Digest of its exact text.
    pub policy_digest: Option<Digest>,
    /// One's own card.
    pub own: Option<Signed<Card>>,
    /// The keys of all one's own cards.
    pub own_keys: NamedKeys,
    /// People.
    pub users: BTreeMap<UserName, User>,
    /// What they sign in by.
    pub sign_in: SignIn,
    /// Peers.
    pub peers: BTreeMap<AgencyId, Peer>,
    /// Agreements by id, with all their texts.
    pub agreements: BTreeMap<AuthorityId, AgreementTexts>,
    /// Proposals of peers that were refused, the last ones.
    pub refused: RefusedProposals,
    /// Written requests, sent and received.
    pub requests: BTreeMap<AuthorityId, Signed<RequestRecord>>,
    /// Requests of outside bodies.
    pub records_requests: BTreeMap<AuthorityId, RecordsRequest>,
    /// Alarms by number, from 1.
    pub alarms: BTreeMap<u64, Raised>,
    /// Legal holds by number, from 1, lasting and released.
    pub holds: BTreeMap<u64, Hold>,
    /// What sends reads by itself.
    pub sources: BTreeMap<SourceName, Source>,
    /// Backups by when they were begun.
    pub backups: BTreeMap<Timestamp, Backup>,
    /// How far the log's bodies are destroyed.
    pub redacted: Redacted,
    /// Which agreements and requests concern an agency.
    pub concerning: AuthorityIndex,
    pub(crate) nodes: NodeKeys,
}

fn unfit(what: impl std::fmt::Display) -> ChangeError {
    ChangeError(what.to_string())
}

/// The payload of an envelope whose signature was checked before its change was appended.
fn payload(envelope: &str) -> Result<(Envelope, String), ChangeError> {
    let envelope = Envelope::parse(envelope.as_bytes()).map_err(unfit)?;
    let text = String::from_utf8(envelope.unverified_payload().to_vec()).map_err(unfit)?;
    Ok((envelope, text))
}

fn card(envelope: &str) -> Result<Signed<Card>, ChangeError> {
    let (parsed, _) = payload(envelope)?;
    Ok(Signed { value: Card::open(&parsed).map_err(unfit)?, envelope: envelope.to_owned() })
}

/// The keys that `peer` has left behind once `next` is its card; another agency key vouches for none
/// of them.
fn left_behind(peer: &Peer, next: &Card) -> NamedKeys {
    let known = &peer.card.value;
    if known.agency_key != next.agency_key {
        return NamedKeys::default();
    }
    let mut earlier = peer.earlier.clone();
    earlier.note(known);
    earlier
}

impl State {
    /// The state that changes fold to, given as their JSON and in the order of the log.
    ///
    /// # Errors
    /// When one cannot be read, or does not fit those before it.
    pub fn fold(changes: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, ChangeError> {
        let mut state = Self::default();
        for text in changes {
            let change: Change = serde_json::from_str(text.as_ref())
                .map_err(|e| unfit(format!("a change cannot be read: {e}")))?;
            state.apply(&change)?;
        }
        Ok(state)
    }

    /// This state with one more change.
    ///
    /// # Errors
    /// When the change does not fit.
    pub fn with(&self, change: &Change) -> Result<Self, ChangeError> {
        let mut next = self.clone();
        next.apply(change)?;
        Ok(next)
    }

    /// Makes one more change.
    ///
    /// # Errors
    /// When the change does not fit; the state may then be half changed and must be dropped.
    pub fn apply(&mut self, change: &Change) -> Result<(), ChangeError> {
        self.generation = self.generation.saturating_add(1);
        match change {
            Change::Policy { name, text } => {
                self.policy =
                    Some(std::sync::Arc::new(Policy::from_toml(name, text).map_err(unfit)?));
                self.policy_digest = Some(Digest::of(text.as_bytes()));
            }
            Change::User { user, alone, enrolment } => {
                if let Some(by) = alone {
                    let alone = Alone { by: by.clone(), countersigned: None };
                    drop(self.sign_in.alone.insert(user.name.clone(), alone));
                }
                if let Some(enrolment) = enrolment {
                    let user = enrolment.user.clone();
                    drop(self.sign_in.enrolments.insert(user, enrolment.clone()));
                }
                drop(self.users.insert(user.name.clone(), user.clone()));
            }
            Change::Confirmed { user, .. } => {
                self.sign_in.apply(change)?;
                drop(self.users.insert(user.name.clone(), user.clone()));
            }
            Change::Enrolment { .. }
            | Change::Authenticators { .. }
            | Change::AuthenticatorRevoked { .. }
            | Change::Lock { .. }
            | Change::Proposed { .. }
            | Change::Declined { .. }
            | Change::Countersigned { .. } => self.sign_in.apply(change)?,
            Change::OwnCard { envelope } => {
                let card = card(envelope)?;
                self.own_keys.note(&card.value);
                self.own = Some(card);
            }
            Change::Card { envelope, verified } => {
                let card = card(envelope)?;
                let known = self.peers.get(&card.value.id);
                let blocked = known.and_then(|peer| peer.blocked.clone());
                let earlier =
                    known.map_or_else(NamedKeys::default, |peer| left_behind(peer, &card.value));
                let taken = known.map_or_else(Vec::new, |peer| peer.taken.clone());
                let verified = verified.clone();
                let peer = Peer { card, verified, blocked, held: None, earlier, taken };
                self.put(peer);
            }
            Change::CardUpdate { envelope, at } => {
                let card = card(envelope)?;
                let mut peer = self.peer(&card.value.id)?.clone();
                peer.note_taken(*at);
                peer.earlier = left_behind(&peer, &card.value);
                peer.card = card;
                self.put(peer);
            }
            Change::CardHeld { envelope, why, at } => {
                let card = card(envelope)?;
                let mut peer = self.peer(&card.value.id)?.clone();
                peer.note_taken(*at);
                peer.held = Some(HeldCard { card, why: why.clone() });
                self.put(peer);
            }
            Change::Block { agency, reason } => {
                let mut peer = self.peer(agency)?.clone();
                peer.blocked = reason.clone();
                self.put(peer);
            }
            Change::Agreement { from, envelope } => self.agreement(from, envelope)?,
            Change::ProposalRefused { refused } => self.refused.note(refused.clone()),
            Change::Adherence { envelope } => {
                let (_, text) = payload(envelope)?;
                let adherence = Adherence::from_toml("adherence", &text).map_err(unfit)?;
                let at = self.text(&adherence.agreement, &adherence.text)?;
                at.recorded.adhere(adherence).map_err(unfit)?;
                at.signed.push(envelope.clone());
            }
            Change::Notice { envelope } => {
                let (_, text) = payload(envelope)?;
                let notice = Notice::from_toml("notice", &text).map_err(unfit)?;
                let at = self.text(&notice.agreement, &notice.text)?;
                at.recorded.notice(notice).map_err(unfit)?;
                at.signed.push(envelope.clone());
            }
            Change::Request { envelope } => {
                let (parsed, text) = payload(envelope)?;
                let request = Request::from_toml("request", &text).map_err(unfit)?;
                let id = request.id.clone();
                self.concerning.note(&id, [&request.from, &request.to]);
                let filed = RequestRecord::new(request, Digest::of(parsed.unverified_payload()));
                let published = Signed { value: filed, envelope: envelope.clone() };
                if self.requests.insert(id.clone(), published).is_some() {
                    return Err(unfit(format!("request `{id}` is already filed")));
                }
            }
            Change::Ruling { envelope } => {
                let (_, text) = payload(envelope)?;
                let ruling = Ruling::from_toml("decision", &text).map_err(unfit)?;
                let filed = self.request(&ruling.request)?;
                filed.value.rule(ruling).map_err(unfit)?;
                filed.value.decision_digest = Some(Digest::of(text.as_bytes()));
            }
            Change::Alarm { alarm } => {
                let number = self.alarms.len() as u64 + 1;
                let raised = Raised { alarm: number, what: alarm.clone(), resolved: None };
                drop(self.alarms.insert(number, raised));
            }
            Change::AlarmResolved { alarm, resolution } => {
                let raised = self
                    .alarms
                    .get_mut(alarm)
                    .ok_or_else(|| unfit(format!("there is no alarm {alarm}")))?;
                raised.resolved = Some(resolution.clone());
            }
            Change::HoldPlaced { hold } => {
                if self.holds.insert(hold.hold, hold.clone()).is_some() {
                    return Err(unfit(format!("there is a hold {} already", hold.hold)));
                }
            }
            Change::HoldReleased { hold, release } => {
                let hold = self
                    .holds
                    .get_mut(hold)
                    .ok_or_else(|| unfit(format!("there is no hold {hold}")))?;
                hold.released = Some(release.clone());
            }
            Change::Source { source } => {
                drop(self.sources.insert(source.name.clone(), source.clone()));
            }
            Change::Backup { backup, forgotten } => {
                self.backups.retain(|at, _| !forgotten.contains(at));
                drop(self.backups.insert(backup.at, backup.clone()));
            }
            Change::Redacted { redaction, .. } => self.redacted.note(redaction),
            Change::RecordsRequest { request } => {
                drop(self.records_requests.insert(request.id.clone(), request.clone()));
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
        self.nodes.set(&id, peer.node_keys_ever());
        self.peers.insert(id, peer);
    }

    fn peer(&self, id: &AgencyId) -> Result<&Peer, ChangeError> {
        self.peers.get(id).ok_or_else(|| unfit(format!("no card of `{id}` is recorded")))
    }

    fn agreement(&mut self, from: &AgencyId, envelope: &str) -> Result<(), ChangeError> {
        let (_, text) = payload(envelope)?;
        let agreement = Agreement::from_toml("agreement", &text).map_err(unfit)?;
        let place = (agreement.version, from.clone());
        let digest = Digest::of(text.as_bytes());
        let texts = self.agreements.entry(agreement.id.clone()).or_default();
        if texts.contains_key(&place) || texts.values().any(|known| known.recorded.text == digest) {
            return Err(unfit(format!(
                "this or another text of `{from}` is recorded as version {} of agreement `{}`",
                agreement.version, agreement.id
            )));
        }
        self.concerning.note(&agreement.id, &agreement.parties);
        let recorded = AgreementRecord::new(agreement, digest);
        texts.insert(
            place,
            VersionedAgreement {
                proposer: from.clone(),
                recorded,
                envelope: envelope.to_owned(),
                signed: Vec::new(),
            },
        );
        Ok(())
    }

    fn text(
        &mut self,
        id: &AuthorityId,
        text: &Digest,
    ) -> Result<&mut VersionedAgreement, ChangeError> {
        let texts = self.agreements.get_mut(id).into_iter().flat_map(BTreeMap::values_mut);
        texts
            .into_iter()
            .find(|known| known.recorded.text == *text)
            .ok_or_else(|| unfit(format!("no text {text} of agreement `{id}` is recorded")))
    }

    fn request(&mut self, id: &AuthorityId) -> Result<&mut Signed<RequestRecord>, ChangeError> {
        self.requests.get_mut(id).ok_or_else(|| unfit(format!("request `{id}` is not filed")))
    }
}
