//! Agreements: proposing, adhering, suspending, resuming, withdrawing; over the network and as files.
//!
//! Texts and adherences are signed with the agency key, which the command line's process holds;
//! this room takes the signed envelopes, checks them as it would a peer's, records them and puts
//! them into the outbox of every party.

mod adherence;
mod view;

use ::agreements::agreement::{Act, Adherence, Agreement, Notice, Person};
use schemas::agency::AgencyId;
use schemas::envelope::{Envelope, Kind};
use schemas::query::AuthorityId;
use schemas::text::Text;

use crate::context::OwnKeys;
use crate::exchange::documents::record_from_file;
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::authority::{agreement_proposed, agreement_signed, notice_given};
use registry::{State, VersionedAgreement};
use store::ReadStore;

pub use adherence::{AdherenceInput, PreparedAdherence, prepare_adherence, sign_adherence};
pub use view::{AgreementView, PartyView, list, show};

/// Records an agreement with one's own adherence and sends both to every party.
///
/// # Errors
/// When an envelope does not fit, it is recorded already, or the actor may not.
pub async fn propose(
    agency: &OwnAgency,
    by: &Principal,
    proposal: &str,
    adherence: &str,
) -> Result<AgreementView, ActError> {
    let (envelope, body) = own_document(agency, Kind::Agreement, proposal)?;
    let agreement = Agreement::from_toml("agreement", &body)?;
    if !agreement.parties.contains(&agency.id) {
        return Err(no_party(&agency.id, &agreement));
    }
    let adhering = own_adherence(agency, adherence)?.1;
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Approve, now)?;
            adherence::may_adhere(&agency.id, state, &agreement, &adhering, now)?;
            if state.requests.contains_key(&agreement.id) {
                return Err(ActError::usage(format!(
                    "`{}` is the id of a written request; change `id`",
                    agreement.id
                )));
            }
            let versions = state.agreements.get(&agreement.id);
            if versions.is_some_and(|versions| versions.contains_key(&agreement.version)) {
                return Err(ActError::usage(format!(
                    "agreement `{}` version {} is recorded already; change `id` or `version`",
                    agreement.id, agreement.version
                )));
            }
            Ok((agreement_proposed(state, agency.actor(user, by), &agreement, &envelope), ()))
        })
        .await?;
    adhere(agency, by, adherence).await
}

/// Records one's own adherence and sends it to every party.
///
/// # Errors
/// When the envelope does not fit, there is no such agreement, or the actor may not.
pub async fn adhere(
    agency: &OwnAgency,
    by: &Principal,
    adherence: &str,
) -> Result<AgreementView, ActError> {
    let (envelope, adherence) = own_adherence(agency, adherence)?;
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Approve, now)?;
            let known = version(state, &adherence.agreement, Some(adherence.version))?;
            let agreement = &known.recorded.agreement;
            adherence::may_adhere(&agency.id, state, agreement, &adherence, now)?;
            // What a peer would refuse is refused here first.
            known.recorded.clone().adhere(adherence.clone())?;
            let actor = agency.actor(user, by);
            Ok((agreement_signed(state, actor, agreement, &adherence, &envelope), ()))
        })
        .await?;
    show(agency, &adherence.agreement, Some(adherence.version))
}

/// Suspends, resumes or ends one's own side of an agreement, at once, and tells the others.
///
/// # Errors
/// When there is no such agreement, it does not fit, no reason is given, or the actor may not.
pub async fn give_notice(
    agency: &OwnAgency,
    keys: &OwnKeys,
    by: &Principal,
    id: &AuthorityId,
    act: Act,
    reason: &Text,
) -> Result<AgreementView, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Approve, now)?;
            let known = signed_version(&agency.id, state, id)?;
            let agreement = &known.recorded.agreement;
            let notice = Notice {
                agreement: id.clone(),
                version: agreement.version,
                agency: agency.id.clone(),
                act,
                reason: reason.clone(),
                by: Person { user: user.name.clone(), full_name: user.full_name.clone() },
                at: now,
            };
            // What a peer would refuse is refused here first.
            known.recorded.clone().notice(notice.clone())?;
            let body = notice.to_toml()?.into_bytes();
            let envelope = Envelope::sign(Kind::Notice, body, &keys.message_key(agency))?;
            let actor = agency.actor(user, by);
            Ok((notice_given(state, actor, agreement, &notice, &envelope), ()))
        })
        .await?;
    show(agency, id, None)
}

/// Takes in signed envelopes that came as a file: agreements, adherences and notices of peers; how
/// many.
///
/// # Errors
/// When one proves nothing or does not fit; those before it are recorded.
pub async fn import(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    lines: &str,
) -> Result<u32, ActError> {
    authorize(&agency.registry.state(), by, Permission::Approve, agency.clock.now())?;
    let mut taken = 0u32;
    for (n, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = n.saturating_add(1);
        let envelope = Envelope::parse(line.trim().as_bytes())
            .map_err(|e| ActError::usage(format!("line {at}: {e}")))?;
        let state = agency.registry.state();
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
        record_from_file(agency, store, peer, &envelope)
            .await
            .map_err(|why| ActError::refused(format!("line {at}: {why}")))?;
        taken = taken.saturating_add(1);
    }
    Ok(taken)
}

/// An envelope of this agency's own agency key, and its text.
fn own_document(
    agency: &OwnAgency,
    kind: Kind,
    envelope: &str,
) -> Result<(Envelope, String), ActError> {
    let envelope = Envelope::parse(envelope.as_bytes())?;
    let state = agency.registry.state();
    let own = state.own.as_ref().ok_or_else(|| ActError::failed("this node has no card".into()))?;
    let body = envelope.verified(kind, &own.value.agency_key)?.to_vec();
    let body =
        String::from_utf8(body).map_err(|_| ActError::usage("the document is not UTF-8".into()))?;
    Ok((envelope, body))
}

/// This agency's own adherence, and its envelope.
fn own_adherence(agency: &OwnAgency, adherence: &str) -> Result<(Envelope, Adherence), ActError> {
    let (envelope, body) = own_document(agency, Kind::Adherence, adherence)?;
    let adherence = Adherence::from_toml("adherence", &body)?;
    if adherence.agency == agency.id {
        Ok((envelope, adherence))
    } else {
        Err(ActError::usage(format!("an adherence of `{}`, not of this agency", adherence.agency)))
    }
}

fn no_party(agency: &AgencyId, agreement: &Agreement) -> ActError {
    ActError::usage(format!("`{agency}` is no party of agreement `{}`", agreement.id))
}

/// The highest version of an agreement that this agency has signed, else the highest: a version that
/// was merely proposed changes nothing about the one that is signed.
fn signed_version<'a>(
    agency: &AgencyId,
    state: &'a State,
    id: &AuthorityId,
) -> Result<&'a VersionedAgreement, ActError> {
    let signed = |version: &&VersionedAgreement| version.recorded.adherences.contains_key(agency);
    let versions = state.agreements.get(id);
    match versions.and_then(|versions| versions.values().rev().find(signed)) {
        Some(known) => Ok(known),
        None => version(state, id, None),
    }
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
