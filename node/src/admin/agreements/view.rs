//! Agreements as `agreement list` and `agreement show` print them.

use std::collections::BTreeSet;

use ::agreements::difference::{Difference, differences};
use schemas::agency::AgencyId;
use schemas::authority::{AuthorityId, AuthorityName};
use schemas::digest::Digest;
use schemas::envelope::Envelope;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::choosing::{TextChoice, named, text, text_to_sign};
use super::standing::{StandingView, standings};
use super::{signed_text, texts};
use crate::exchange::deliver::RefusedLetter;
use crate::permission::{ActError, OwnAgency};
use registry::{State, VersionedAgreement};

/// A party as `agreement show` prints it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartyView {
    /// The party.
    pub agency: AgencyId,
    /// When it adhered.
    pub signed_at: Option<Timestamp>,
    /// With whom it shares.
    pub shares_with: Vec<AgencyId>,
    /// Who signed for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signatory: Option<Text>,
    /// With what title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
}

/// What a peer said of a letter about an agreement that it did not take in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefusalView {
    /// Who did not.
    pub by: AgencyId,
    /// Why, in its words.
    pub why: String,
    /// Whether it will not at any time.
    pub for_good: bool,
    /// When it last said so.
    pub at: Timestamp,
}

/// What a text says otherwise than the one that this agency has signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ComparedView {
    /// The version that is signed.
    pub with_version: u32,
    /// Digest of its text.
    pub with: Digest,
    /// The values that differ.
    pub differences: Vec<Difference>,
}

/// An agreement as `agreement list` and `show` print it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgreementView {
    /// Its id.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
    /// Digest of its text: what a signature is on.
    pub digest: Digest,
    /// Its title.
    pub title: String,
    /// How it stands for this agency.
    pub state: String,
    /// The parties.
    pub parties: Vec<PartyView>,
    /// How it stands with each other party, and by whom.
    #[serde(default)]
    pub standings: Vec<StandingView>,
    /// From when.
    pub effective: Timestamp,
    /// Until when.
    pub expires: Timestamp,
    /// Who proposed it.
    pub proposer: AgencyId,
    /// Peers that have not taken in what this agency signed of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<RefusalView>,
    /// The text, for `show`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How it differs from the text that this agency has signed, for `show`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<ComparedView>,
    /// Every signed envelope: the proposal, adherences and notices; for `show`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub envelopes: Vec<String>,
}

/// A peer's proposal that was refused here, as `agreement list` prints it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefusedView {
    /// Its id, where it could be read.
    pub agreement: Option<AuthorityId>,
    /// Its version, where it could be read.
    pub version: Option<u32>,
    /// Digest of its text.
    pub digest: Digest,
    /// Always `refused`.
    pub state: String,
    /// Whose it was.
    pub proposer: AgencyId,
    /// Why it was refused.
    pub why: Text,
    /// When.
    pub at: Timestamp,
}

/// Agreements with each of their texts, the highest version of each last.
#[must_use]
pub fn list(agency: &OwnAgency) -> Vec<AgreementView> {
    list_with(agency, &[])
}

/// As [`list`], with what peers said of `letters` that they have not taken in.
#[must_use]
pub fn list_with(agency: &OwnAgency, letters: &[RefusedLetter]) -> Vec<AgreementView> {
    let state = agency.registry.state();
    let all = state.agreements.values().flat_map(|texts| texts.values());
    all.map(|text| AgreementView::of(agency, text, letters)).collect()
}

/// Proposals of peers that were refused here, the last ones of each.
#[must_use]
pub fn refused(agency: &OwnAgency) -> Vec<RefusedView> {
    let state = agency.registry.state();
    let views = state.refused.iter().cloned().map(|refused| RefusedView {
        agreement: refused.agreement,
        version: refused.version,
        digest: refused.text,
        state: "refused".to_owned(),
        proposer: refused.from,
        why: refused.why,
        at: refused.at,
    });
    views.collect()
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
    let choice = TextChoice { version: wanted, digest: None };
    AgreementView::whole(agency, &state, text(&agency.id, &state, id, choice)?, &[])
}

/// The text that a person names, to read it.
///
/// # Errors
/// When there is none, or the name means several.
pub fn show_named(
    agency: &OwnAgency,
    name: &AuthorityName,
    choice: TextChoice,
    letters: &[RefusedLetter],
) -> Result<AgreementView, ActError> {
    let state = agency.registry.state();
    let id = named(&state, name, |text| choice.digest.is_none_or(|of| of == text.recorded.text))?;
    AgreementView::whole(agency, &state, text(&agency.id, &state, id, choice)?, letters)
}

/// The text that a person means to sign, as it is recorded at this moment.
///
/// # Errors
/// When there is none, the name means several, or a later version has come since.
pub fn show_to_sign(
    agency: &OwnAgency,
    name: &AuthorityName,
    choice: TextChoice,
) -> Result<AgreementView, ActError> {
    let state = agency.registry.state();
    let id = named(&state, name, |text| choice.digest.is_none_or(|of| of == text.recorded.text))?;
    AgreementView::whole(agency, &state, text_to_sign(&state, id, choice)?, &[])
}

impl AgreementView {
    fn of(agency: &OwnAgency, version: &VersionedAgreement, letters: &[RefusedLetter]) -> Self {
        let recorded = &version.recorded;
        let agreement = &recorded.agreement;
        let parties = agreement.parties.iter().map(|party| {
            let adherence = recorded.adherences.get(party);
            PartyView {
                agency: party.clone(),
                signed_at: adherence.map(|a| a.at),
                shares_with: adherence.map(|a| a.shares_with.clone()).unwrap_or_default(),
                signatory: adherence.map(|a| a.signatory.name.clone()),
                title: adherence.map(|a| a.signatory.title.clone()),
            }
        });
        Self {
            agreement: agreement.id.clone(),
            version: agreement.version,
            digest: recorded.text,
            title: agreement.title.to_string(),
            state: recorded.state(&agency.id, agency.clock.now()).to_owned(),
            parties: parties.collect(),
            standings: standings(recorded, &agency.id, agency.clock.now()),
            effective: agreement.effective,
            expires: agreement.expires,
            proposer: version.proposer.clone(),
            refusals: refusals(version, letters),
            text: None,
            compared: None,
            envelopes: Vec::new(),
        }
    }

    /// With the text, what it changes, and all that was signed on it.
    fn whole(
        agency: &OwnAgency,
        state: &State,
        version: &VersionedAgreement,
        letters: &[RefusedLetter],
    ) -> Result<Self, ActError> {
        let recorded = &version.recorded;
        let body = Envelope::parse(version.envelope.as_bytes())
            .ok()
            .and_then(|e| String::from_utf8(e.unverified_payload().to_vec()).ok());
        let signed = texts(state, &recorded.agreement.id)
            .rev()
            .find(|text| signed_text(text, &agency.id) && text.recorded.text != recorded.text);
        let compared = signed.map(|signed| -> Result<_, ActError> {
            let signed = &signed.recorded;
            Ok(ComparedView {
                with_version: signed.agreement.version,
                with: signed.text,
                differences: differences(&signed.agreement, &recorded.agreement)?,
            })
        });
        Ok(Self {
            text: body,
            compared: compared.transpose()?,
            envelopes: envelopes(version).cloned().collect(),
            ..Self::of(agency, version, letters)
        })
    }
}

/// Of letters that peers have not taken in, those that still matter: withdrawing from an agreement ends
/// what was refused of it.
#[must_use]
pub fn unsettled(agency: &OwnAgency, mut letters: Vec<RefusedLetter>) -> Vec<RefusedLetter> {
    if letters.is_empty() {
        return letters;
    }
    let state = agency.registry.state();
    let withdrawn = state
        .agreements
        .values()
        .flat_map(|texts| texts.values())
        .filter(|text| signed_text(text, &agency.id) && !text.recorded.binds(&agency.id));
    let over: BTreeSet<Digest> =
        withdrawn.flat_map(envelopes).map(|envelope| Digest::of(envelope.as_bytes())).collect();
    letters.retain(|letter| !over.contains(&letter.letter));
    letters
}

fn envelopes(version: &VersionedAgreement) -> impl Iterator<Item = &String> {
    std::iter::once(&version.envelope).chain(&version.signed)
}

/// What peers said of this text and of what was signed on it.
fn refusals(version: &VersionedAgreement, letters: &[RefusedLetter]) -> Vec<RefusalView> {
    if letters.is_empty() {
        return Vec::new();
    }
    let signed: Vec<Digest> =
        envelopes(version).map(|envelope| Digest::of(envelope.as_bytes())).collect();
    let of_it = letters.iter().filter(|letter| signed.contains(&letter.letter));
    let said = of_it.map(|letter| RefusalView {
        by: letter.by.clone(),
        why: letter.why.clone(),
        for_good: letter.for_good,
        at: letter.at,
    });
    said.collect()
}
