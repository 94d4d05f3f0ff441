//! Adhering: what the policy lets an agency sign, by whose authority, and the signature.

use ::agreements::agreement::{Adherence, Agreement, KnownParty, Signatory};
use ::agreements::approval::{shareable, unsignable};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityName;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::key::SecretKey;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::cards::unknown as unknown_card;
use super::super::signing_authority::signatory;
use super::{TextChoice, no_party, show_to_sign};
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, policy_in_force, refused,
};
use registry::State;

/// How a person wants to adhere.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdherenceInput {
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
pub struct PreparedAdherence {
    /// With whom it shares.
    pub shares_with: Vec<AgencyId>,
    /// Who signs, and by what authority.
    pub signatory: Signatory,
    /// The parties that this agency knows, itself among them, by their keys.
    pub parties: Vec<KnownParty>,
}

/// What an adherence to a recorded text would say, as [`prepare_adherence`] has it; and the text, as
/// it is to be signed.
///
/// # Errors
/// As there; or when a later version has come since the text that `choice` names was read.
pub fn prepare_recorded(
    agency: &OwnAgency,
    by: &Principal,
    name: &AuthorityName,
    choice: TextChoice,
    wanted: &AdherenceInput,
) -> Result<PreparedAdherence, ActError> {
    let shown = show_to_sign(agency, name, choice)?;
    let state = agency.registry.state();
    let known = state.agreement_text(&shown.agreement, &shown.digest).ok_or_else(|| {
        ActError::failed(format!(
            "agreement `{}` changes at this moment; try again",
            shown.agreement
        ))
    })?;
    prepare_adherence(agency, by, &known.recorded.agreement, wanted)
}

/// What an adherence to `agreement` would say: who signs by what authority, by which keys the parties
/// are known here, and with whom is shared: unless named, everybody whose card is recorded and whom the
/// policy lets in.
///
/// # Errors
/// When the policy does not let this agency adhere so, or the signatory is not the official whom it
/// names.
pub fn prepare_adherence(
    agency: &OwnAgency,
    by: &Principal,
    agreement: &Agreement,
    wanted: &AdherenceInput,
) -> Result<PreparedAdherence, ActError> {
    let state = agency.registry.state();
    let now = agency.clock.now();
    let user = authorize(&state, by, Permission::Approve, now)?;
    let policy = policy_in_force(&state)?;
    if !agreement.parties.contains(&agency.id) {
        return Err(no_party(&agency.id, agreement));
    }
    let known = state.facts(&agreement.parties);
    let others: Vec<_> =
        agreement.parties.iter().filter(|party| **party != agency.id).cloned().collect();
    let shares_with = match &wanted.share_with {
        Some(named) => named.clone(),
        None => {
            let open = shareable(policy, &others, &known);
            // With nobody left, the refusal names those who were meant.
            let open = if open.is_empty() { others } else { open };
            let (known, unknown): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|party| state.peers.contains_key(party));
            if known.is_empty() { unknown } else { known }
        }
    };
    shares(&agency.id, agreement, &shares_with)?;
    if let Some(unknown) = shares_with.iter().find(|party| !state.peers.contains_key(party))
        && agreement.parties.contains(unknown)
        && *unknown != agency.id
    {
        return Err(unknown_card(unknown));
    }
    if let Some(reasons) = unsignable(policy, &agency.id, &shares_with, &known) {
        return Err(refused(&reasons));
    }
    let named = match &wanted.signatory {
        Some(name) => Signatory {
            name: name.clone(),
            title: wanted.title.clone().unwrap_or_default(),
            delegation: None,
        },
        None => Signatory {
            name: user.full_name.clone(),
            title: wanted.title.clone().unwrap_or_else(|| user.title.clone()),
            delegation: None,
        },
    };
    let signatory = signatory(&state, policy, &policy.approval.agreements, named, now)?;
    let parties = agreement.parties.iter().filter_map(|party| state.known_party(party)).collect();
    Ok(PreparedAdherence { shares_with, signatory, parties })
}

/// Checks an adherence of `agency`: the policy must have the path, open to those with whom is shared;
/// no party may be a body that the law shuts out; and the signatory must be the official whom the
/// policy names, or hold a delegation of theirs.
pub(super) fn may_adhere(
    agency: &AgencyId,
    state: &State,
    agreement: &Agreement,
    adherence: &Adherence,
    now: Timestamp,
) -> Result<(), ActError> {
    shares(agency, agreement, &adherence.shares_with)?;
    let policy = policy_in_force(state)?;
    let known = state.facts(&agreement.parties);
    if let Some(reasons) = unsignable(policy, agency, &adherence.shares_with, &known) {
        return Err(refused(&reasons));
    }
    let differs = adherence
        .parties
        .iter()
        .find(|party| state.known_party(&party.agency).is_none_or(|known| known != **party));
    if let Some(KnownParty { agency: party, fingerprint }) = differs {
        return Err(ActError::usage(format!(
            "the adherence names the key {fingerprint} of `{party}`, and the card recorded here names another or there is none; sign it again"
        )));
    }
    let named = adherence.signatory.clone();
    signatory(state, policy, &policy.approval.agreements, named, now).map(drop)
}

/// Whether `me` shares with somebody, or the text is for one way.
fn shares(me: &AgencyId, agreement: &Agreement, with: &[AgencyId]) -> Result<(), ActError> {
    if with.is_empty() && !agreement.one_way {
        return Err(ActError::usage(format!(
            "agreement `{}` is not for one way: under it `{me}` receives from those alone with whom it shares; name them with --share-with, or draft a text with --set one_way=true",
            agreement.id
        )));
    }
    Ok(())
}

/// An adherence to an agreement, by its exact text, signed with the agency key: its envelope.
///
/// # Errors
/// When it cannot be written.
pub fn sign_adherence(
    agreement: &Agreement,
    text: &str,
    me: &AgencyId,
    prepared: PreparedAdherence,
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
        parties: prepared.parties,
    };
    Ok(Envelope::sign(Kind::Adherence, adherence.to_toml()?.into_bytes(), key)?.to_text())
}
