//! Agreements: proposing, adhering, suspending, resuming, withdrawing; over the network and as files.
//!
//! Texts and adherences are signed with the agency key, which the command line's process holds;
//! this room takes the signed envelopes, checks them as it would a peer's, records them and puts
//! them into the outbox of every party.

mod adherence;
pub(super) mod choosing;
mod renewal;
mod standing;
mod view;

use ::agreements::agreement::{Act, Adherence, Agreement, Notice, Person};
use ::agreements::succession::Misplaced;
use schemas::agency::AgencyId;
use schemas::authority::{AuthorityId, AuthorityName};
use schemas::envelope::{Envelope, Kind};
use schemas::text::Text;

use crate::context::OwnKeys;
use crate::exchange::agreement_parties::alarm_about_text;
use crate::exchange::documents::record_from_file;
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::authority::{agreement_proposed, agreement_signed, notice_given};
use registry::{State, VersionedAgreement};
use store::ReadStore;

pub use adherence::{
    AdherenceInput, PreparedAdherence, prepare_adherence, prepare_recorded, sign_adherence,
};
pub use choosing::TextChoice;
pub use renewal::renewed;
pub use standing::{NoticeView, StandingView};
pub use view::{
    AgreementView, ComparedView, PartyView, RefusalView, RefusedView, list, list_with, refused,
    show, show_named, show_to_sign, unsettled,
};

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
            if state.records(&envelope) {
                return Err(ActError::usage(format!(
                    "this text of agreement `{}` is recorded already; change `id` or `version`",
                    agreement.id
                )));
            }
            state.may_follow(&agency.id, &agreement).map_err(|misplaced| match misplaced {
                Misplaced::Refused(why) | Misplaced::NotYet(why) => ActError::usage(why),
            })?;
            Ok((agreement_proposed(state, agency.actor(&user, by), &agreement, &envelope), ()))
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
    let (id, digest) = (&adherence.agreement, &adherence.text);
    // An alarm is nothing that just anybody may cause.
    authorize(&agency.registry.state(), by, Permission::Approve, agency.clock.now())?;
    alarm_about_text(agency, id, digest).await?;
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Approve, now)?;
            let known = state.agreement_text(id, digest).ok_or_else(|| {
                ActError::usage(format!(
                    "no text with the digest {digest} of agreement `{id}` is recorded; see `accord agreement list`"
                ))
            })?;
            let agreement = &known.recorded.agreement;
            adherence::may_adhere(&agency.id, state, agreement, &adherence, now)?;
            // What a peer would refuse is refused here first.
            known.recorded.may_adhere(&adherence)?;
            let actor = agency.actor(&user, by);
            Ok((agreement_signed(state, actor, agreement, &adherence, &envelope), ()))
        })
        .await?;
    let name = AuthorityName::Id(id.clone());
    show_named(agency, &name, TextChoice { digest: Some(*digest), version: None }, &[])
}

/// Suspends, resumes or ends one's own side of an agreement, at once, or declines a proposal, and tells the
/// others.
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
    let (_, text) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Approve, now)?;
            let known = match act {
                Act::Decline => to_decline(&agency.id, state, id)?,
                _ => to_give_notice(&agency.id, state, id)?,
            };
            let agreement = &known.recorded.agreement;
            let notice = Notice {
                agreement: id.clone(),
                version: agreement.version,
                text: known.recorded.text,
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
            let actor = agency.actor(&user, by);
            let text = known.recorded.text;
            Ok((notice_given(state, actor, agreement, &notice, &envelope), text))
        })
        .await?;
    let name = AuthorityName::Id(id.clone());
    show_named(agency, &name, TextChoice { digest: Some(text), version: None }, &[])
}

/// The agreement that a name means where one's own side of it is meant: of several, the one that is
/// signed.
///
/// # Errors
/// When it means none, or several.
pub fn own_side(agency: &OwnAgency, name: &AuthorityName) -> Result<AuthorityId, ActError> {
    let state = agency.registry.state();
    choosing::named(&state, name, |text| signed_text(text, &agency.id)).cloned()
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

/// The texts of an agreement, the highest version last.
fn texts<'a>(
    state: &'a State,
    id: &AuthorityId,
) -> impl DoubleEndedIterator<Item = &'a VersionedAgreement> {
    state.agreements.get(id).into_iter().flat_map(|texts| texts.values())
}

/// Whether this agency has signed a text.
fn signed_text(text: &VersionedAgreement, agency: &AgencyId) -> bool {
    text.recorded.adherences.contains_key(agency)
}

/// The highest version of an agreement that this agency has not signed.
fn to_decline<'a>(
    agency: &AgencyId,
    state: &'a State,
    id: &AuthorityId,
) -> Result<&'a VersionedAgreement, ActError> {
    texts(state, id).rev().find(|text| !signed_text(text, agency)).ok_or_else(|| {
        ActError::usage(format!(
            "this agency has signed every text of agreement `{id}` that is here; `accord agreement suspend` or `withdraw` end its side"
        ))
    })
}

/// The highest version of an agreement that this agency has signed, else the highest: a version that
/// was merely proposed changes nothing about the one that is signed.
fn to_give_notice<'a>(
    agency: &AgencyId,
    state: &'a State,
    id: &AuthorityId,
) -> Result<&'a VersionedAgreement, ActError> {
    match texts(state, id).rev().find(|text| signed_text(text, agency)) {
        Some(known) => Ok(known),
        None => choosing::text(agency, state, id, TextChoice::default()),
    }
}
