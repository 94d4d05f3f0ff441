//! Agreements as `agreement list` and `agreement show` print them.

use schemas::agency::AgencyId;
use schemas::envelope::Envelope;
use schemas::query::AuthorityId;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::version;
use crate::permission::{ActError, OwnAgency};
use registry::VersionedAgreement;

/// A party as `agreement show` prints it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartyView {
    /// The party.
    pub agency: AgencyId,
    /// When it adhered.
    pub signed_at: Option<Timestamp>,
    /// With whom it shares.
    pub shares_with: Vec<AgencyId>,
}

/// An agreement as `agreement list` and `show` print it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgreementView {
    /// Its id.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// How it stands for this agency.
    pub state: String,
    /// The parties.
    pub parties: Vec<PartyView>,
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

/// Agreements, the highest version of each last.
#[must_use]
pub fn list(agency: &OwnAgency) -> Vec<AgreementView> {
    let state = agency.registry.state();
    let versions = state.agreements.values().flat_map(|versions| versions.values());
    versions.map(|version| AgreementView::of(agency, version, false)).collect()
}

/// One agreement with its text and envelopes: the version wanted, or the highest.
///
/// # Errors
/// When there is none.
pub fn show(
    agency: &OwnAgency,
    id: &AuthorityId,
    wanted: Option<u32>,
) -> Result<AgreementView, ActError> {
    let state = agency.registry.state();
    Ok(AgreementView::of(agency, version(&state, id, wanted)?, true))
}

impl AgreementView {
    fn of(agency: &OwnAgency, version: &VersionedAgreement, whole: bool) -> Self {
        let recorded = &version.recorded;
        let agreement = &recorded.agreement;
        let parties = agreement.parties.iter().map(|party| {
            let adherence = recorded.adherences.get(party);
            PartyView {
                agency: party.clone(),
                signed_at: adherence.map(|a| a.at),
                shares_with: adherence.map(|a| a.shares_with.clone()).unwrap_or_default(),
            }
        });
        let body = Envelope::parse(version.envelope.as_bytes())
            .ok()
            .and_then(|e| String::from_utf8(e.unverified_payload().to_vec()).ok());
        let envelopes =
            std::iter::once(&version.envelope).chain(&version.signed).cloned().collect();
        Self {
            agreement: agreement.id.clone(),
            version: agreement.version,
            title: agreement.title.to_string(),
            state: recorded.state(&agency.id, agency.clock.now()).to_owned(),
            parties: parties.collect(),
            effective: agreement.effective,
            expires: agreement.expires,
            proposer: version.proposer.clone(),
            text: body.filter(|_| whole),
            envelopes: if whole { envelopes } else { Vec::new() },
        }
    }
}
