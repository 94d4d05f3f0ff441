//! Groups of offences, as they may be told to the public.

use schemas::purpose::Purpose;
use schemas::query::Justification;

use super::reader::Named;
use super::typed::of;
use super::vocabulary::VOCABULARY;

/// A group of offences. What may name a victim, or shame somebody, is one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OffenseGroup {
    /// Against persons, vice and weapons, missing persons.
    PersonsAndVice,
    /// Against property.
    Property,
    /// On the road, crimes and events.
    Traffic,
    /// Public order, warrants, and what police are called to.
    PublicOrder,
    /// None is named, or one that the published list does not know.
    Other,
}

impl OffenseGroup {
    /// Every group.
    pub const ALL: [Self; 5] =
        [Self::PersonsAndVice, Self::Property, Self::Traffic, Self::PublicOrder, Self::Other];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PersonsAndVice => "offences against persons, missing persons, vice and weapons",
            Self::Property => "offences against property",
            Self::Traffic => "collisions and offences on the road",
            Self::PublicOrder => "public order, warrants and calls for service",
            Self::Other => "another offence, or none named",
        }
    }

    /// By the place of the list that names an offence.
    const fn of_list(list: usize) -> Self {
        match list {
            0 | 2 => Self::PersonsAndVice,
            1 => Self::Property,
            3 => Self::Traffic,
            4 => Self::PublicOrder,
            _ => Self::Other,
        }
    }
}

/// The group of what a query is about, by its typed offences: the first of them, or the one that protects
/// most where there are several.
#[must_use]
pub fn offense_group(why: &Justification) -> OffenseGroup {
    if why.purpose == Purpose::MissingPerson {
        return OffenseGroup::PersonsAndVice;
    }
    let Some(vocabulary) = VOCABULARY.as_ref() else { return OffenseGroup::Other };
    let group = |named: Named| match named {
        Named::Listed(at) => vocabulary
            .offence(at)
            .map_or(OffenseGroup::Other, |offence| OffenseGroup::of_list(offence.list)),
        Named::Section(..) | Named::Own(_) => OffenseGroup::Other,
    };
    let groups: Vec<OffenseGroup> = why
        .offenses
        .iter()
        .map(|offense| of(vocabulary, offense).map_or(OffenseGroup::Other, group))
        .collect();
    match groups.contains(&OffenseGroup::PersonsAndVice) {
        true => OffenseGroup::PersonsAndVice,
        false => groups.first().copied().unwrap_or(OffenseGroup::Other),
    }
}
