//! Adhering: what the policy lets an agency sign, by whose authority, and the signature.

use ::agreements::agreement::{Adherence, Agreement, Signatory};
use ::agreements::approval::{shareable, unsignable};
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::key::SecretKey;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::signing_authority::signatory;
use super::no_party;
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
}

/// What an adherence to `agreement` would say: who signs by what authority, and with whom is shared,
/// everybody whom the policy lets in unless named.
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
            if open.is_empty() { others } else { open }
        }
    };
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
    Ok(PreparedAdherence { shares_with, signatory })
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
    let policy = policy_in_force(state)?;
    let known = state.facts(&agreement.parties);
    if let Some(reasons) = unsignable(policy, agency, &adherence.shares_with, &known) {
        return Err(refused(&reasons));
    }
    let named = adherence.signatory.clone();
    signatory(state, policy, &policy.approval.agreements, named, now).map(drop)
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
    };
    Ok(Envelope::sign(Kind::Adherence, adherence.to_toml()?.into_bytes(), key)?.to_text())
}
