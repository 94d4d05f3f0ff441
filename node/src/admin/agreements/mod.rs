//! Agreements: proposing, adhering, suspending, resuming, withdrawing; over the network and as files.
//!
//! Texts and adherences are signed with the agency key, which the command line's process holds;
//! this room takes the signed envelopes, checks them as it would a peer's, records them and puts
//! them into the outbox of every party.

mod adherence;
mod rows;

use ::agreements::agreement::{Act, Adherence, Agreement, Notice};
use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::query::AuthorityId;
use schemas::text::Text;

use crate::context::Office;
use crate::exchange::documents::notice_kind;
use crate::permission::{ActError, By, Right, acting};
use audit_log::entry::Entry;
use registry::{Change, State, VersionedAgreement};
use store::{Effects, Letter};

pub use adherence::{Prepared, Wanted, sign_adherence};
pub use rows::{AgreementRow, PartyRow};

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
            let envelope = Envelope::sign(Kind::Notice, body.into_bytes(), &self.message_key())?;
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
                    .into_iter()
                    .chain(&peer.earlier.message)
                    .any(|key| envelope.verified(envelope.kind(), key).is_ok())
            });
            let Some(peer) = signer else {
                // One's own envelopes in the same file are no news.
                let mut own = state.own_keys.agency.iter().chain(&state.own_keys.message);
                if own.any(|key| envelope.verified(envelope.kind(), key).is_ok()) {
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
