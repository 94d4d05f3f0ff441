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

use crate::context::NodeContext;
use crate::exchange::documents::{notice_kind, record_from_file};
use crate::permission::{ActError, Permission, Principal, authorize};
use audit_log::entry::Entry;
use registry::{Change, State, VersionedAgreement};
use store::{OutboxMessage, StateChanges};

pub use adherence::{Prepared, Wanted, sign_adherence};
pub use rows::{AgreementRow, PartyRow};

impl NodeContext {
    /// Records an agreement with one's own adherence and sends both to every party.
    ///
    /// # Errors
    /// When an envelope does not fit, it is recorded already, or the actor may not.
    pub async fn propose(
        &self,
        by: &Principal,
        proposal: &str,
        adherence: &str,
    ) -> Result<AgreementRow, ActError> {
        let (envelope, body) = self.own_document(Kind::Agreement, proposal)?;
        let agreement = Agreement::from_toml("agreement", &body)?;
        if !agreement.parties.contains(&self.agency.id) {
            return Err(ActError::usage(format!(
                "`{}` is no party of agreement `{}`",
                self.agency.id, agreement.id
            )));
        }
        let adhering = self.own_adherence(adherence)?.1;
        let exact = envelope.to_text();
        self.agency
            .act(|state, now| {
                let actor = authorize(state, by, Permission::Approve, now)?;
                self.may_adhere(state, &agreement, &adhering, now)?;
                if state.requests.contains_key(&agreement.id) {
                    return Err(ActError::usage(format!(
                        "`{}` is the id of a written request; change `id`",
                        agreement.id
                    )));
                }
                if state
                    .agreements
                    .get(&agreement.id)
                    .is_some_and(|v| v.contains_key(&agreement.version))
                {
                    return Err(ActError::usage(format!(
                        "agreement `{}` version {} is recorded already; change `id` or `version`",
                        agreement.id, agreement.version
                    )));
                }
                let entry = Entry::new(EntryKind::AgreementProposed, self.agency.actor(actor, by))
                    .with_envelope(&envelope)
                    .with_detail("agreement", agreement.id.as_str())
                    .with_detail("version", agreement.version)
                    .with_detail("parties", strings(&agreement.parties))
                    .untyped_changing(Change::Agreement {
                        from: self.agency.id.clone(),
                        envelope: exact.clone(),
                    })
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
    pub async fn adhere(&self, by: &Principal, adherence: &str) -> Result<AgreementRow, ActError> {
        let (envelope, adherence) = self.own_adherence(adherence)?;
        let exact = envelope.to_text();
        self.agency
            .act(|state, now| {
                let actor = authorize(state, by, Permission::Approve, now)?;
                let known = version(state, &adherence.agreement, Some(adherence.version))?;
                self.may_adhere(state, &known.recorded.agreement, &adherence, now)?;
                // What a peer would refuse is refused here first.
                known.recorded.clone().adhere(adherence.clone())?;
                let entry = Entry::new(EntryKind::AgreementSigned, self.agency.actor(actor, by))
                    .with_envelope(&envelope)
                    .with_detail("agreement", adherence.agreement.as_str())
                    .with_detail("version", adherence.version)
                    .with_detail("signatory", adherence.signatory.name.as_str())
                    .with_detail("title", adherence.signatory.title.as_str())
                    .with_detail("shares_with", strings(&adherence.shares_with))
                    .untyped_changing(Change::Adherence { envelope: exact.clone() })
                    .effecting(self.to_parties(&known.recorded.agreement, &exact));
                Ok((entry, ()))
            })
            .await?;
        self.agreement_row(&adherence.agreement, Some(adherence.version))
    }

    fn own_adherence(&self, adherence: &str) -> Result<(Envelope, Adherence), ActError> {
        let (envelope, body) = self.own_document(Kind::Adherence, adherence)?;
        let adherence = Adherence::from_toml("adherence", &body)?;
        if adherence.agency == self.agency.id {
            Ok((envelope, adherence))
        } else {
            Err(ActError::usage(format!(
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
        by: &Principal,
        id: &AuthorityId,
        act: Act,
        reason: &Text,
    ) -> Result<AgreementRow, ActError> {
        if reason.is_empty() {
            return Err(ActError::usage("say why with --reason".into()));
        }
        self.agency
            .act(|state, now| {
                let actor = authorize(state, by, Permission::Approve, now)?;
                // A version that was merely proposed changes nothing about the one that is signed.
                let signed = state.agreements.get(id).and_then(|versions| {
                    let signed = |v: &&VersionedAgreement| {
                        v.recorded.adherences.contains_key(&self.agency.id)
                    };
                    versions.values().rev().find(signed)
                });
                let known = match signed {
                    Some(known) => known,
                    None => version(state, id, None)?,
                };
                let notice = Notice {
                    agreement: id.clone(),
                    version: known.recorded.agreement.version,
                    agency: self.agency.id.clone(),
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
                let envelope =
                    Envelope::sign(Kind::Notice, body.into_bytes(), &self.message_key())?;
                let exact = envelope.to_text();
                let entry = Entry::new(notice_kind(act), self.agency.actor(actor, by))
                    .with_envelope(&envelope)
                    .with_detail("agreement", id.as_str())
                    .with_detail("version", notice.version)
                    .with_detail("reason", reason.as_str())
                    .untyped_changing(Change::Notice { envelope: exact.clone() })
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
    pub async fn import_documents(&self, by: &Principal, lines: &str) -> Result<u32, ActError> {
        authorize(&self.agency.registry.state(), by, Permission::Approve, self.agency.clock.now())?;
        let mut taken = 0u32;
        for (n, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let at = n.saturating_add(1);
            let envelope = Envelope::parse(line.trim().as_bytes())
                .map_err(|e| ActError::usage(format!("line {at}: {e}")))?;
            let state = self.agency.registry.state();
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
                return Err(ActError::refused(format!(
                    "line {at}: signed by no agency whose card is recorded"
                )));
            };
            record_from_file(&self.agency, self.store.as_ref(), peer, &envelope)
                .await
                .map_err(|why| ActError::refused(format!("line {at}: {why}")))?;
            taken = taken.saturating_add(1);
        }
        Ok(taken)
    }

    /// An envelope of this agency's own agency key, and its text.
    fn own_document(&self, kind: Kind, envelope: &str) -> Result<(Envelope, String), ActError> {
        let envelope = Envelope::parse(envelope.as_bytes())?;
        let state = self.agency.registry.state();
        let own =
            state.own.as_ref().ok_or_else(|| ActError::failed("this node has no card".into()))?;
        let body = envelope.verified(kind, &own.value.agency_key)?.to_vec();
        let body = String::from_utf8(body)
            .map_err(|_| ActError::usage("the document is not UTF-8".into()))?;
        Ok((envelope, body))
    }

    fn to_parties(&self, agreement: &Agreement, envelope: &str) -> StateChanges {
        let others = agreement.parties.iter().filter(|party| **party != self.agency.id);
        let outbox = others
            .map(|party| OutboxMessage {
                peer: party.clone(),
                kind: FrameKind::Document,
                body: envelope.to_owned(),
            })
            .collect();
        StateChanges { outbox, ..StateChanges::default() }
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
        ActError::usage(format!("no agreement `{id}` is recorded; see `accord agreement list`"))
    })
}
