//! Agreements: proposing, adhering, suspending, resuming, withdrawing; over the network and as files.
//!
//! Texts and adherences are signed with the agency key, which the command line's process holds;
//! this room takes the signed envelopes, checks them as it would a peer's, records them and puts
//! them into the outbox of every party.

use ::agreements::agreement::{Act, Adherence, Agreement, Notice, Signatory};
use ::agreements::approval::{shareable, unsignable};
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::key::SecretKey;
use schemas::query::AuthorityId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::officials::official;
use super::{ActError, By, Right, acting, policy, refused};
use crate::audit::entry::Entry;
use crate::office::Office;
use crate::query::documents::notice_kind;
use crate::registry::{Change, State, VersionedAgreement};
use crate::store::{Effects, Letter};

/// A party as `agreement show` prints it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartyRow {
    /// The party.
    pub agency: AgencyId,
    /// When it adhered.
    pub signed_at: Option<Timestamp>,
    /// With whom it shares.
    pub shares_with: Vec<AgencyId>,
}

/// An agreement as `agreement list` and `show` print it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgreementRow {
    /// Its id.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// How it stands for this agency.
    pub state: String,
    /// The parties.
    pub parties: Vec<PartyRow>,
    /// From when.
    pub effective: Timestamp,
    /// Until when.
    pub expires: Timestamp,
    /// Who proposed it.
    pub proposer: AgencyId,
    /// The text, for `show`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Every signed envelope: the proposal, adherences and notices; for `show`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub envelopes: Vec<String>,
}

impl Office {
    /// Records an agreement with one's own adherence and sends both to every party.
    ///
    /// # Errors
    /// When an envelope does not fit, it is recorded already, or the actor may not.
    pub async fn propose(
        &self,
        by: &By,
        proposal: &str,
        adherence: &str,
    ) -> Result<AgreementRow, ActError> {
        let (envelope, body) = self.own_document(Kind::Agreement, proposal)?;
        let agreement = Agreement::from_toml("agreement", &body)?;
        if !agreement.parties.contains(&self.me) {
            return Err(ActError::Usage(format!(
                "`{}` is no party of agreement `{}`",
                self.me, agreement.id
            )));
        }
        let adhering = self.own_adherence(adherence)?.1;
        let exact = envelope.to_text();
        self.act(|state, now| {
            let actor = acting(state, by, Right::Approve, now)?;
            self.may_adhere(state, &agreement, &adhering, now)?;
            if state.requests.contains_key(&agreement.id) {
                return Err(ActError::Usage(format!(
                    "`{}` is the id of a written request; change `id`",
                    agreement.id
                )));
            }
            if state
                .agreements
                .get(&agreement.id)
                .is_some_and(|v| v.contains_key(&agreement.version))
            {
                return Err(ActError::Usage(format!(
                    "agreement `{}` version {} is recorded already; change `id` or `version`",
                    agreement.id, agreement.version
                )));
            }
            let entry = Entry::new(EntryKind::AgreementProposed, self.actor(actor, by))
                .with_envelope(&envelope)
                .with("agreement", agreement.id.as_str())
                .with("version", agreement.version)
                .with("parties", strings(&agreement.parties))
                .changing(Change::Agreement { from: self.me.clone(), envelope: exact.clone() })
                .effecting(self.to_parties(&agreement, &exact));
            Ok((entry, ()))
        })
        .await?;
        self.adhere(by, adherence).await
    }

    /// Records one's own adherence and sends it to every party.
    ///
    /// # Errors
    /// When the envelope does not fit, there is no such agreement, or the actor may not.
    pub async fn adhere(&self, by: &By, adherence: &str) -> Result<AgreementRow, ActError> {
        let (envelope, adherence) = self.own_adherence(adherence)?;
        let exact = envelope.to_text();
        self.act(|state, now| {
            let actor = acting(state, by, Right::Approve, now)?;
            let known = version(state, &adherence.agreement, Some(adherence.version))?;
            self.may_adhere(state, &known.recorded.agreement, &adherence, now)?;
            // What a peer would refuse is refused here first.
            known.recorded.clone().adhere(adherence.clone())?;
            let entry = Entry::new(EntryKind::AgreementSigned, self.actor(actor, by))
                .with_envelope(&envelope)
                .with("agreement", adherence.agreement.as_str())
                .with("version", adherence.version)
                .with("signatory", adherence.signatory.name.as_str())
                .with("title", adherence.signatory.title.as_str())
                .with("shares_with", strings(&adherence.shares_with))
                .changing(Change::Adherence { envelope: exact.clone() })
                .effecting(self.to_parties(&known.recorded.agreement, &exact));
            Ok((entry, ()))
        })
        .await?;
        self.agreement_row(&adherence.agreement, Some(adherence.version))
    }

    fn own_adherence(&self, adherence: &str) -> Result<(Envelope, Adherence), ActError> {
        let (envelope, body) = self.own_document(Kind::Adherence, adherence)?;
        let adherence = Adherence::from_toml("adherence", &body)?;
        if adherence.agency == self.me {
            Ok((envelope, adherence))
        } else {
            Err(ActError::Usage(format!(
                "an adherence of `{}`, not of this agency",
                adherence.agency
            )))
        }
    }

    /// What an adherence to `agreement` would say: who signs by what authority, and with whom is
    /// shared, everybody whom the policy lets in unless named.
    ///
    /// # Errors
    /// When the policy does not let this agency adhere so, or the signatory is not the official
    /// whom it names.
    pub fn prepare_adherence(
        &self,
        by: &By,
        agreement: &Agreement,
        wanted: &Wanted,
    ) -> Result<Prepared, ActError> {
        let state = self.registry.state();
        let now = self.clock.now();
        let actor = acting(&state, by, Right::Approve, now)?;
        let policy = policy(&state)?;
        if !agreement.parties.contains(&self.me) {
            return Err(ActError::Usage(format!(
                "`{}` is no party of agreement `{}`",
                self.me, agreement.id
            )));
        }
        let known = state.facts(&agreement.parties);
        let others: Vec<_> =
            agreement.parties.iter().filter(|party| **party != self.me).cloned().collect();
        let shares_with = match &wanted.share_with {
            Some(named) => named.clone(),
            None => {
                let open = shareable(policy, &others, &known);
                // With nobody left, the refusal names those who were meant.
                if open.is_empty() { others } else { open }
            }
        };
        if let Some(reasons) = unsignable(policy, &self.me, &shares_with, &known) {
            return Err(refused(&reasons));
        }
        let signatory = match &wanted.signatory {
            Some(name) => Signatory {
                name: name.clone(),
                title: wanted.title.clone().unwrap_or_default(),
                delegation: None,
            },
            None => Signatory {
                name: actor.full_name.clone(),
                title: wanted.title.clone().unwrap_or_else(|| actor.title.clone()),
                delegation: None,
            },
        };
        let signatory = official(&state, policy, &policy.approval.agreements, signatory, now)?;
        Ok(Prepared { shares_with, signatory })
    }

    /// The policy must have the path, open to those with whom is shared; no party may be a body
    /// that the law shuts out; and the signatory must be the official whom the policy names, or
    /// hold a delegation of theirs.
    fn may_adhere(
        &self,
        state: &State,
        agreement: &Agreement,
        adherence: &Adherence,
        now: Timestamp,
    ) -> Result<(), ActError> {
        let policy = policy(state)?;
        let known = state.facts(&agreement.parties);
        if let Some(reasons) = unsignable(policy, &self.me, &adherence.shares_with, &known) {
            return Err(refused(&reasons));
        }
        let named = adherence.signatory.clone();
        official(state, policy, &policy.approval.agreements, named, now).map(drop)
    }

    /// Suspends, resumes or ends one's own side of an agreement, at once, and tells the others.
    ///
    /// # Errors
    /// When there is no such agreement, it does not fit, no reason is given, or the actor may not.
    pub async fn give_notice(
        &self,
        by: &By,
        id: &AuthorityId,
        act: Act,
        reason: &Text,
    ) -> Result<AgreementRow, ActError> {
        if reason.is_empty() {
            return Err(ActError::Usage("say why with --reason".into()));
        }
        self.act(|state, now| {
            let actor = acting(state, by, Right::Approve, now)?;
            // A version that was merely proposed changes nothing about the one that is signed.
            let signed = state.agreements.get(id).and_then(|versions| {
                let signed = |v: &&VersionedAgreement| v.recorded.adherences.contains_key(&self.me);
                versions.values().rev().find(signed)
            });
            let known = match signed {
                Some(known) => known,
                None => version(state, id, None)?,
            };
            let notice = Notice {
                agreement: id.clone(),
                version: known.recorded.agreement.version,
                agency: self.me.clone(),
                act,
                reason: reason.clone(),
                by: ::agreements::agreement::Person {
                    user: actor.name.clone(),
                    full_name: actor.full_name.clone(),
                },
                at: now,
            };
            // What a peer would refuse is refused here first.
            known.recorded.clone().notice(notice.clone())?;
            let body = notice.to_toml()?;
            let envelope = Envelope::sign(Kind::Notice, body.into_bytes(), &self.message_key)?;
            let exact = envelope.to_text();
            let entry = Entry::new(notice_kind(act), self.actor(actor, by))
                .with_envelope(&envelope)
                .with("agreement", id.as_str())
                .with("version", notice.version)
                .with("reason", reason.as_str())
                .changing(Change::Notice { envelope: exact.clone() })
                .effecting(self.to_parties(&known.recorded.agreement, &exact));
            Ok((entry, ()))
        })
        .await?;
        self.agreement_row(id, None)
    }

    /// Takes in signed envelopes that came as a file: agreements, adherences and notices of peers.
    ///
    /// # Errors
    /// When one proves nothing or does not fit; those before it are recorded.
    pub async fn import_documents(&self, by: &By, lines: &str) -> Result<u32, ActError> {
        acting(&self.registry.state(), by, Right::Approve, self.clock.now())?;
        let mut taken = 0u32;
        for (n, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let at = n.saturating_add(1);
            let envelope = Envelope::parse(line.trim().as_bytes())
                .map_err(|e| ActError::Usage(format!("line {at}: {e}")))?;
            let state = self.registry.state();
            let signer = state.peers.values().find(|peer| {
                let card = &peer.card.value;
                [&card.agency_key, &card.message_key]
                    .iter()
                    .any(|key| envelope.verified(envelope.kind(), key).is_ok())
            });
            let Some(peer) = signer else {
                // One's own envelopes in the same file are no news.
                let own = state.own.as_ref().is_some_and(|own| {
                    [own.value.agency_key, own.value.message_key]
                        .iter()
                        .any(|key| envelope.verified(envelope.kind(), key).is_ok())
                });
                if own {
                    continue;
                }
                return Err(ActError::Refused(format!(
                    "line {at}: signed by no agency whose card is recorded"
                )));
            };
            self.take_in_file(peer, &envelope)
                .await
                .map_err(|why| ActError::Refused(format!("line {at}: {why}")))?;
            taken = taken.saturating_add(1);
        }
        Ok(taken)
    }

    /// Agreements, the highest version of each last.
    #[must_use]
    pub fn agreement_rows(&self) -> Vec<AgreementRow> {
        let state = self.registry.state();
        state
            .agreements
            .values()
            .flat_map(|v| v.values())
            .map(|version| self.row(version, false))
            .collect()
    }

    /// One agreement with its text and envelopes.
    ///
    /// # Errors
    /// When there is none.
    pub fn agreement_row(
        &self,
        id: &AuthorityId,
        wanted: Option<u32>,
    ) -> Result<AgreementRow, ActError> {
        let state = self.registry.state();
        Ok(self.row(version(&state, id, wanted)?, true))
    }

    fn row(&self, version: &VersionedAgreement, whole: bool) -> AgreementRow {
        let recorded = &version.recorded;
        let agreement = &recorded.agreement;
        let parties = agreement.parties.iter().map(|agency| {
            let adherence = recorded.adherences.get(agency);
            PartyRow {
                agency: agency.clone(),
                signed_at: adherence.map(|a| a.at),
                shares_with: adherence.map(|a| a.shares_with.clone()).unwrap_or_default(),
            }
        });
        let body = Envelope::parse(version.envelope.as_bytes())
            .ok()
            .and_then(|e| String::from_utf8(e.unverified_payload().to_vec()).ok());
        let envelopes =
            std::iter::once(&version.envelope).chain(&version.signed).cloned().collect();
        AgreementRow {
            agreement: agreement.id.clone(),
            version: agreement.version,
            title: agreement.title.to_string(),
            state: recorded.state(&self.me, self.clock.now()).to_owned(),
            parties: parties.collect(),
            effective: agreement.effective,
            expires: agreement.expires,
            proposer: version.proposer.clone(),
            text: body.filter(|_| whole),
            envelopes: if whole { envelopes } else { Vec::new() },
        }
    }

    /// An envelope of this agency's own agency key, and its text.
    fn own_document(&self, kind: Kind, envelope: &str) -> Result<(Envelope, String), ActError> {
        let envelope = Envelope::parse(envelope.as_bytes())?;
        let state = self.registry.state();
        let own =
            state.own.as_ref().ok_or_else(|| ActError::Failed("this node has no card".into()))?;
        let body = envelope.verified(kind, &own.value.agency_key)?.to_vec();
        let body = String::from_utf8(body)
            .map_err(|_| ActError::Usage("the document is not UTF-8".into()))?;
        Ok((envelope, body))
    }

    fn to_parties(&self, agreement: &Agreement, envelope: &str) -> Effects {
        let others = agreement.parties.iter().filter(|party| **party != self.me);
        let outbox = others
            .map(|party| Letter {
                peer: party.clone(),
                kind: FrameKind::Document,
                body: envelope.to_owned(),
            })
            .collect();
        Effects { outbox, ..Effects::default() }
    }
}

fn strings(ids: &[AgencyId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// A version of an agreement, the highest when none is named.
fn version<'a>(
    state: &'a State,
    id: &AuthorityId,
    wanted: Option<u32>,
) -> Result<&'a VersionedAgreement, ActError> {
    let versions = state.agreements.get(id);
    let found = versions.and_then(|versions| match wanted {
        Some(wanted) => versions.get(&wanted),
        None => versions.values().next_back(),
    });
    found.ok_or_else(|| {
        ActError::Usage(format!("no agreement `{id}` is recorded; see `accord agreement list`"))
    })
}

/// How a person wants to adhere.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// With whom to share; with everybody whom the policy lets in when absent.
    pub share_with: Option<Vec<AgencyId>>,
    /// Who signs; the acting user when absent.
    pub signatory: Option<Text>,
    /// Their title; as registered when absent.
    pub title: Option<Text>,
}

/// What an adherence says of the agency that signs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    /// With whom it shares.
    pub shares_with: Vec<AgencyId>,
    /// Who signs, and by what authority.
    pub signatory: Signatory,
}

/// An adherence to an agreement, by its exact text, signed with the agency key: its envelope.
///
/// # Errors
/// When it cannot be written.
pub fn sign_adherence(
    agreement: &Agreement,
    text: &str,
    me: &AgencyId,
    prepared: Prepared,
    original: Option<Digest>,
    at: Timestamp,
    key: &SecretKey,
) -> Result<String, ActError> {
    let adherence = Adherence {
        agreement: agreement.id.clone(),
        version: agreement.version,
        text: Digest::of(text.as_bytes()),
        shares_with: prepared.shares_with,
        agency: me.clone(),
        original,
        at,
        signatory: prepared.signatory,
    };
    Ok(Envelope::sign(Kind::Adherence, adherence.to_toml()?.into_bytes(), key)?.to_text())
}
