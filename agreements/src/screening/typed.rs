//! Offences and the vehicle's role as a signed query carries them: typed, found where they stand in an
//! officer's words.

use schemas::offense::{self, Offense, VehicleRole};
use schemas::query::Justification;
use schemas::statute::{Code, Statute};

use super::reader::{Known, Named, Reading};
use super::reading;
use super::statutes;
use super::vocabulary::{Role, VOCABULARY, Vocabulary};
use crate::policy::ReasonRules;

/// An offence of the published list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ListedOffense {
    /// As a query carries it.
    pub code: String,
    /// In words.
    pub name: String,
    /// The code of the National Incident-Based Reporting System.
    pub nibrs: Option<String>,
}

/// The published list, in its order.
#[must_use]
pub fn listed_offenses() -> Vec<ListedOffense> {
    let offences = VOCABULARY.as_ref().map(|vocabulary| vocabulary.offences.as_slice());
    let listed = |offence: &super::vocabulary::Offence| ListedOffense {
        code: offence.code.clone(),
        name: offence.name.clone(),
        nibrs: offence.nibrs.clone(),
    };
    offences.unwrap_or_default().iter().map(listed).collect()
}

/// What an officer said, with the offences and the vehicle's role typed: those given, and those found in
/// the words for the offence, else in the reason.
#[must_use]
pub fn typed(why: &Justification, rules: &ReasonRules) -> Justification {
    let mut typed = why.clone();
    let Some(vocabulary) = VOCABULARY.as_ref() else { return typed };
    let known = Known::within(rules);
    let read = |text: &schemas::text::Text| reading::read(vocabulary, text.as_str(), &known);
    let (offense, reason) = (read(&why.offense), read(&why.reason));
    let of = if offense.offences.is_empty() { &reason } else { &offense };
    for offense in offenses(vocabulary, of) {
        if typed.offenses.len() < offense::MOST && !typed.offenses.contains(&offense) {
            typed.offenses.push(offense);
        }
    }
    typed.vehicle_role = typed.vehicle_role.or_else(|| role(vocabulary, &reason, &typed.offenses));
    typed
}

/// The offences of a text: a section where one is cited, else the code of the list.
fn offenses(vocabulary: &Vocabulary, reading: &Reading) -> Vec<Offense> {
    let sections = reading.sections.iter().map(|(section, _)| section.clone());
    let cited = |at: u16| reading.sections.iter().any(|(_, listed)| *listed == Some(at));
    let named = reading.offences.iter().filter_map(|named| match named {
        Named::Listed(at) if !cited(*at) => Some(vocabulary.offence(*at)?.code.clone()),
        Named::Own(code) => Some(code.clone()),
        _ => None,
    });
    sections.chain(named).filter_map(|text| text.parse().ok()).collect()
}

fn role(vocabulary: &Vocabulary, reason: &Reading, offenses: &[Offense]) -> Option<VehicleRole> {
    if let Some(role) = reason.roles.first() {
        return Some(match role {
            Role::Suspect => VehicleRole::Suspect,
            Role::Victim => VehicleRole::Victim,
            Role::Witness => VehicleRole::Witness,
        });
    }
    let about = |code: &str| {
        let at = vocabulary.offence_named(code);
        at.is_some_and(|at| {
            reason.offences.contains(&Named::Listed(at))
                || offenses.iter().any(|offense| of(vocabulary, offense) == Some(Named::Listed(at)))
        })
    };
    if about("stolen_vehicle") {
        Some(VehicleRole::Stolen)
    } else if about("missing_person") {
        Some(VehicleRole::MissingPerson)
    } else {
        None
    }
}

/// What a typed offence is; `None` where nobody here knows it.
pub(super) fn of(vocabulary: &Vocabulary, offense: &Offense) -> Option<Named> {
    if let Some(Statute { code, section }) = offense.statute() {
        return match vocabulary.of_statute(code, &section) {
            Some(at) => Some(Named::Listed(at)),
            // What else the Vehicle Code says is traffic, and 664 an attempt at another.
            None if code == Code::Vehicle || section.number() == "664" => None,
            None => Some(Named::Section(code, statutes::key(&section, 0))),
        };
    }
    vocabulary.offence_named(offense.as_str()).map(Named::Listed)
}
