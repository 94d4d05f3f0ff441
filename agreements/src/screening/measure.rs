//! What a policy demands of a reason, held against what the reason says; and what is missing, in words.

use schemas::offense::VehicleRole;
use schemas::purpose::Purpose;
use schemas::query::Justification;

use super::forbidden::{Beside, Betrayed, Certainty};
use super::number::numbered;
use super::reader::{Named, Part, Reading, Says};
use super::said::{Said, Which};
use super::typed;
use super::vocabulary::{Class, Kind, Offence, Role, VOCABULARY, Vocabulary};
use crate::policy::{Prohibition, ReasonDemand, ReasonRules};

/// How a reason was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Whether it says what is demanded.
    pub(crate) enough: bool,
    /// Whether it says one thing more than that.
    pub(crate) spare: bool,
    /// Whether it says one thing that tells.
    pub(crate) something: bool,
    /// Which words count as what; empty where it says enough.
    pub(crate) told: String,
    /// What is missing, with an example; empty where nothing is.
    pub(crate) missing: String,
}

/// What the texts and typed values of a reason say together.
#[derive(Default)]
struct Total {
    offences: usize,
    /// One thing beside an offence: a role, how, or where.
    details: usize,
    others: usize,
    number: bool,
    /// The reason itself says nothing.
    silent: bool,
}

impl Total {
    fn words(&self) -> usize {
        match self.offences + self.details {
            0 => 0,
            known => known + self.others,
        }
    }

    fn meets(&self, demand: ReasonDemand, words: usize) -> bool {
        let more = self.details > 0 || self.offences > 1;
        match demand {
            ReasonDemand::Words => self.words() >= words,
            ReasonDemand::Offence => self.offences > 0,
            ReasonDemand::OffenceAndMore => self.offences > 0 && more,
            ReasonDemand::WordsAndOffence => {
                self.offences > 0 && self.words().saturating_sub(1) >= words
            }
        }
    }
}

/// Measures the reason of a query, with the offence and the role that stand beside it.
pub(crate) fn measured(said: &Said<'_>, rules: &ReasonRules) -> Measured {
    let why = said.why;
    let readings = (VOCABULARY.as_ref(), said.reading(Which::Reason), said.reading(Which::Offense));
    let (Some(vocabulary), Some(reason), Some(offense)) = readings else {
        let missing = "this node cannot read its lists of words".to_owned();
        let told = String::new();
        return Measured { enough: false, spare: false, something: false, told, missing };
    };
    let total = total(vocabulary, said, reason, offense);
    let demand = demanded(rules, why.purpose, total.number);
    let words = rules.telling_words as usize;
    let lifesaving = rules.lifesaving.contains(&why.purpose);
    // Whatever is picked apart from it, the text says something of its own: `inv` never does.
    let something = reason.offences.len() + reason.details() > 0;
    let enough = something && (lifesaving || total.meets(demand, words));
    let spare = enough
        && match demand {
            ReasonDemand::Words | ReasonDemand::WordsAndOffence => total.words() > words,
            ReasonDemand::Offence | ReasonDemand::OffenceAndMore => {
                reason.offences.len() + reason.details() > 2
            }
        };
    let missing = if enough { String::new() } else { missing(&total, demand, words, why.purpose) };
    let told = if enough { String::new() } else { told(reason) };
    Measured { enough, spare, something, told, missing }
}

/// What is demanded for a purpose, with or without a number beside the reason.
fn demanded(rules: &ReasonRules, purpose: Purpose, number: bool) -> ReasonDemand {
    match rules.beside_number {
        Some(demand) if number && !rules.lifesaving.contains(&purpose) => demand,
        _ => rules.demand,
    }
}

fn total(vocabulary: &Vocabulary, said: &Said<'_>, reason: &Reading, offense: &Reading) -> Total {
    let why = said.why;
    let mut offences: Vec<Named> = reason.offences.clone();
    for named in apart(vocabulary, why, offense) {
        if !offences.contains(&named) {
            offences.push(named);
        }
    }
    offences.retain(|named| kind(vocabulary, named) != Kind::Infraction);
    let role = match &why.vehicle_role {
        Some(VehicleRole::Other(_)) => {
            let tells = |read: &Reading| read.details() > 0 || read.others > 1;
            usize::from(said.common(Which::Role).is_some_and(tells))
        }
        // That it is stolen, or a missing person's, is what its offence says already.
        Some(VehicleRole::Stolen | VehicleRole::MissingPerson) | None => 0,
        Some(VehicleRole::Suspect | VehicleRole::Victim | VehicleRole::Witness) => {
            usize::from(reason.roles.is_empty())
        }
    };
    Total {
        offences: offences.len(),
        details: reason.details() + offense.details() + role,
        others: reason.others,
        silent: reason.offences.is_empty() && reason.details() == 0,
        number: numbered(&why.case) || numbered(&why.cad) || reason.case_number,
    }
}

impl Reading {
    fn details(&self) -> usize {
        self.roles.len() + self.circumstances + self.places
    }
}

/// Words by which somebody has to do with a case.
const ASSIGNED: [&str; 8] =
    ["assigned", "detective", "det", "investigator", "analyst", "handling", "primary", "lead"];

/// Whether a text that is measured by itself, such as a suspicion, says something in so many words.
pub(crate) fn says_something(said: &Said<'_>, which: Which, least: usize) -> bool {
    let Some(read) = said.reading(which) else { return false };
    let known = read.offences.len() + read.details();
    // "Assigned detective of the case" is as good a need to know as any.
    let assigned = |part: &&Part| part.words.split(' ').any(|word| ASSIGNED.contains(&word));
    let named = if least < 2 { read.parts.iter().filter(assigned).count() } else { 0 };
    known + named > 0 && known + named + read.others >= least
}

/// What stands beside the words of one text that may betray a forbidden use: what the text itself says,
/// and the offence that is named apart from it. The latter excuses little, for it is quickly picked,
/// unless it is one that is done to those whom the words name. Nothing is excused by what the published
/// list does not know: a section that nobody wrote into law is as quickly written.
pub(super) fn beside(vocabulary: &Vocabulary, text: &Reading, apart: &[Named]) -> Beside {
    let mut beside = Beside::default();
    for named in &text.offences {
        match listed(vocabulary, named).map(|offence| offence.kind) {
            Some(Kind::Crime) => beside.crime = true,
            Some(Kind::Order) => beside.order = true,
            Some(Kind::Event) => beside.event = true,
            Some(Kind::Infraction) => {}
            None => beside.unlisted = true,
        }
    }
    for named in apart {
        beside.victim |= listed(vocabulary, named).is_some_and(|offence| offence.victims);
        beside.apart = true;
    }
    beside.victim |= [Role::Victim, Role::Witness].iter().any(|role| text.roles.contains(role));
    beside.suspect = text.roles.contains(&Role::Suspect);
    beside
}

fn listed<'v>(vocabulary: &'v Vocabulary, named: &Named) -> Option<&'v Offence> {
    match named {
        Named::Listed(at) => vocabulary.offence(*at),
        Named::Section(..) | Named::Own(_) => None,
    }
}

fn kind(vocabulary: &Vocabulary, named: &Named) -> Kind {
    match named {
        Named::Listed(at) => {
            vocabulary.offence(*at).map_or(Kind::Infraction, |offence| offence.kind)
        }
        Named::Section(..) | Named::Own(_) => Kind::Crime,
    }
}

/// The offences that a query names apart from its reason.
pub(super) fn apart(vocabulary: &Vocabulary, why: &Justification, offense: &Reading) -> Vec<Named> {
    let typed = why.offenses.iter().filter_map(|offense| typed::of(vocabulary, offense));
    offense.offences.iter().cloned().chain(typed).collect()
}

/// Traffic enforcement: an infraction, and nothing else that happened. A section that the published list
/// does not know leaves it doubtful. `None` where this node cannot read its lists.
pub(super) fn traffic(vocabulary: &Vocabulary, said: &Said<'_>) -> Option<Option<Betrayed>> {
    let (reason, offense) = (said.common(Which::Reason)?, said.common(Which::Offense)?);
    let infraction = [reason, offense].into_iter().find_map(|read| read.infraction.clone());
    let Some(words) = infraction else { return Some(None) };
    let apart = apart(vocabulary, said.why, offense);
    let named = || reason.offences.iter().chain(&apart);
    if named().any(|named| listed(vocabulary, named).is_some()) {
        return Some(None);
    }
    let certainty = match named().next() {
        Some(_) => Certainty::Doubtful,
        None => Certainty::Clear,
    };
    Some(Some(Betrayed { prohibition: Prohibition::TrafficEnforcement, certainty, words }))
}

/// Most words of a reason that a sentence tells of.
const MOST_TOLD: usize = 6;

/// Most characters of a part that a sentence tells.
const LONGEST_TOLD: usize = 40;

/// Which words count as what.
fn told(reading: &Reading) -> String {
    let telling = |part: &&Part| part.says != Says::Class(Class::Filler);
    let mut parts: Vec<&Part> = reading.parts.iter().filter(telling).collect();
    if parts.is_empty() {
        parts = reading.parts.iter().collect();
    }
    let told: Vec<String> = parts.iter().take(MOST_TOLD).map(|part| part.told()).collect();
    match told.is_empty() {
        true => "no word stands there".to_owned(),
        false => told.join(", "),
    }
}

impl Part {
    fn told(&self) -> String {
        let what = match self.says {
            Says::Statute | Says::OwnOffence => "an offence",
            Says::Class(Class::Offence(_) | Class::Detailed(_)) => "an offence or event",
            Says::Class(Class::Role(_)) => "the vehicle's role",
            Says::Class(Class::Circumstance) => "a circumstance",
            Says::Class(Class::Place) | Says::SomePlace => "a place",
            Says::Class(Class::Activity) => "an activity",
            Says::Class(Class::Organisation) => "an agency or unit",
            Says::Class(Class::VehicleWord) => "a word for the vehicle",
            Says::Class(Class::Filler) => "a word that says nothing",
            Says::Number => "a number",
            Says::Repeated => "the case or plate again",
            Says::Other => "a word that this node does not know",
        };
        let words: String = self.words.chars().take(LONGEST_TOLD).collect();
        format!("`{words}` is {what}")
    }
}

/// The one thing that is missing, with an example for the purpose.
fn missing(said: &Total, demand: ReasonDemand, words: usize, purpose: Purpose) -> String {
    let what = match demand {
        _ if said.silent && said.offences > 0 => {
            "say what this vehicle has to do with it, or what happened".to_owned()
        }
        ReasonDemand::Words if said.words() == 0 || said.offences > 0 => {
            format!("say in at least {words} words what happened and what this vehicle has to do with it")
        }
        ReasonDemand::Words | ReasonDemand::Offence => "name the offence or event".to_owned(),
        _ if said.offences == 0 => "name the offence or event".to_owned(),
        _ if said.number => {
            "add what this vehicle has to do with it, or how or where it happened".to_owned()
        }
        _ => "add one thing: what this vehicle has to do with it, how or where it happened, or the case number (--case)".to_owned(),
    };
    format!("{what}, as in `{}`", example(purpose))
}

const fn example(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::StolenVehicle => "10851 VC, taken from a driveway overnight",
        Purpose::StolenProperty => "496 PC, stolen tools in this truck",
        Purpose::MissingPerson => "missing at-risk juvenile, left in this car",
        Purpose::WantedPerson | Purpose::ActiveWarrant => {
            "felony warrant for robbery, suspect vehicle"
        }
        Purpose::CourtOrderEnforcement => "restraining order violation, suspect vehicle",
        Purpose::CrimePrevention | Purpose::CrimeAnalysis => "burglary series, same vehicle",
        Purpose::HomelandSecurity => "bomb threat at a school, suspect vehicle",
        Purpose::PublicSafety => "reckless driver, wrong way on the freeway",
        Purpose::AdministrativeInvestigation => "use of force complaint, patrol car downtown",
        Purpose::CivilAction => "claim against the city, patrol car collision",
        Purpose::CriminalInvestigation
        | Purpose::InvestigativeLead
        | Purpose::SuspectInterdiction
        | Purpose::ElectronicSurveillance => "459 PC, suspect vehicle",
    }
}
