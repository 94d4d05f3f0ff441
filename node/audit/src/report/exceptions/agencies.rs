//! What is unusual of an agency as a whole. A peer says of its people what it likes, so what is counted
//! person by person is no bound of it: under enough names nobody asks often.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use schemas::agency::AgencyId;
use schemas::query::UserName;

use super::asked::{Asked, Finding, groups, local};
use crate::report::Accesses;

/// Fewer answers of a day than this say nothing of how many find something.
const ANSWERS: usize = 100;

/// Up to where what an agency asks of one owner is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// Different plates on a local day.
    pub plates_a_day: u32,
    /// People on a local day who had not asked before in the period.
    pub new_people_a_day: u32,
    /// Different plates for one case.
    pub plates_a_case: u32,
    /// Of a hundred answers of a local day, those that hold a read: fewer are unusual.
    pub hits_percent: u32,
}

impl Default for Usual {
    /// A large department asks one owner for a few hundred plates a day, most of them seen by somebody
    /// in its region; who walks through plates finds next to none of them.
    fn default() -> Self {
        Self { plates_a_day: 300, new_people_a_day: 15, plates_a_case: 25, hits_percent: 2 }
    }
}

type Pair<'a> = (&'a AgencyId, &'a AgencyId);

fn pair<'a>(one: &'a Asked<'a>) -> Pair<'a> {
    (&one.actor.agency, &one.access.owner)
}

fn more_than(are: usize, most: u32) -> bool {
    usize::try_from(most).is_ok_and(|most| are > most)
}

pub(super) fn found<'a>(
    accesses: &Accesses,
    asked: &'a [Asked<'a>],
    zone: &TimeZone,
    usual: &Usual,
) -> Vec<Finding<'a>> {
    let by_day = groups(asked, |one| Some((pair(one), local(one.seen.at, zone)?.date())));
    let mut found = Vec::new();
    let mut known: BTreeMap<Pair<'_>, BTreeSet<&UserName>> = BTreeMap::new();
    for ((pair, day), group) in by_day {
        let (agency, owner) = pair;
        let mut tell = |finding, asked: Vec<&'a Asked<'a>>, detail| {
            found.push(Finding { finding, asked, detail });
        };
        let plates: BTreeSet<_> = group.iter().filter_map(|one| one.plate()).collect();
        if more_than(plates.len(), usual.plates_a_day) {
            let detail = format!(
                "{agency} asked {owner} for {} different plates on {day}, more than {}",
                plates.len(),
                usual.plates_a_day
            );
            tell("agency_plates", group.clone(), detail);
        }
        let before = known.entry(pair).or_default();
        let of_new =
            |one: &&&Asked<'a>| one.actor.user.as_ref().is_some_and(|user| !before.contains(user));
        let first: Vec<_> = group.iter().filter(of_new).copied().collect();
        let people: BTreeSet<_> = first.iter().filter_map(|one| one.actor.user.as_ref()).collect();
        if more_than(people.len(), usual.new_people_a_day) {
            let detail = format!(
                "{} people of {agency} who had not asked before in this period asked {owner} on {day}, more than {}",
                people.len(),
                usual.new_people_a_day
            );
            tell("agency_people", first, detail);
        }
        before.extend(people);
        let answered: Vec<_> = group.iter().filter_map(|one| accesses.found(one.seen)).collect();
        let hits = answered.iter().filter(|count| **count > 0).count();
        let least = usize::try_from(usual.hits_percent).unwrap_or(usize::MAX);
        let few = hits.saturating_mul(100) < answered.len().saturating_mul(least);
        if answered.len() >= ANSWERS && few {
            let detail = format!(
                "{hits} of {} answers of {owner} to {agency} on {day} held a read, fewer than {least} of a hundred",
                answered.len()
            );
            tell("agency_hits", group, detail);
        }
    }
    let by_case = groups(asked, |one| {
        let why = &one.access.why;
        let case = if why.case.is_empty() { &why.cad } else { &why.case };
        (!case.is_empty()).then(|| (pair(one), case.as_str()))
    });
    for (((agency, owner), case), group) in by_case {
        let plates: BTreeSet<_> = group.iter().filter_map(|one| one.plate()).collect();
        if more_than(plates.len(), usual.plates_a_case) {
            let detail = format!(
                "{agency} asked {owner} for {} different plates for case {case}, more than {}",
                plates.len(),
                usual.plates_a_case
            );
            found.push(Finding { finding: "agency_case", asked: group, detail });
        }
    }
    found
}
