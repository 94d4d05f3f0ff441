//! How little of a plate, how wide an area and how long a period a search may name.
//!
//! The node's own limits are those of every policy and agreement that says nothing; a text may be
//! stricter, never looser.

use schemas::query::Elements;
use schemas::refusal::{Citation, Reason, RefusalCode};

use super::reason;
use crate::agreement::Agreement;
use crate::decide::{Authority, Candidate, Case};
use crate::policy::Searches;

/// Least letters and digits that a pattern of a plate names.
pub(super) const LEAST_KNOWN: u32 = 2;
/// Greatest radius of a search by area, in metres; a polygon is at most twice as wide across.
pub(super) const WIDEST_M: u32 = 10_000;
/// Most days that a search without a plate reaches over.
pub(super) const LONGEST_DAYS: u32 = 31;
/// Most characters of a plate.
const PLATE: u32 = schemas::plate::LONGEST as u32;

/// The limits that a text gives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    known_characters: Option<u32>,
    pub(super) longest_days: Option<u32>,
    widest_m: Option<u32>,
}

impl Limits {
    /// Whether they make sense. `table` is what stands before each key.
    pub(crate) fn check(&self, table: &str) -> Result<(), String> {
        for (key, value, least, most) in [
            ("known_characters", self.known_characters, LEAST_KNOWN, PLATE),
            ("longest_days", self.longest_days, 1, u32::MAX),
            ("widest_m", self.widest_m, 1, WIDEST_M),
        ] {
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                let expected = match most {
                    u32::MAX => format!("{least} or more"),
                    most => format!("{least} to {most}"),
                };
                return Err(format!("`{table}{key}` is {value}; expected {expected}"));
            }
        }
        Ok(())
    }

    /// What of these elements is beyond them: the key of the limit, and a sentence.
    fn beyond(&self, elements: &Elements) -> Option<(&'static str, String)> {
        if let (Some(least), Some(pattern)) = (self.known_characters, &elements.pattern)
            && pattern.known() < least as usize
        {
            let known = pattern.known();
            let message = format!(
                "a partial search names at least {least} letters or digits; `{pattern}` names {known}"
            );
            return Some(("known_characters", message));
        }
        // An area that narrows the search for a plate may be as wide as it likes.
        let widest = self.widest_m.filter(|_| !elements.names_plate())?;
        let wide = elements.near.is_some_and(|near| near.radius_m > widest)
            || elements.polygon.as_ref().is_some_and(|area| area.across_m() > across(widest));
        wide.then(|| {
            let message = format!("a search by area has a radius of at most {widest} metres, and a polygon is at most twice that across");
            ("widest_m", message)
        })
    }
}

/// How wide across a polygon may be where a circle may have this radius.
pub(super) fn across(radius_m: u32) -> f64 {
    2.0 * f64::from(radius_m)
}

impl Searches {
    pub(crate) fn limits(&self) -> Limits {
        let Self { known_characters, longest_days, widest_m, .. } = *self;
        Limits { known_characters, longest_days, widest_m }
    }
}

impl Agreement {
    pub(crate) fn limits(&self) -> Limits {
        let Self { known_characters, longest_days, widest_m, .. } = *self;
        Limits { known_characters, longest_days, widest_m }
    }
}

fn refused(whose: &str, message: &str, citations: Vec<Citation>) -> Reason {
    reason(RefusalCode::QueryKind, format!("`{whose}`: {message}"), citations)
}

/// The search keeps to the limits of the owner's policy.
pub(super) fn of_policy(case: &Case<'_>) -> Option<Reason> {
    let searches = &case.policy.searches;
    let (_, message) = searches.limits().beyond(&case.query.elements)?;
    Some(refused(case.me.as_str(), &message, case.policy.cites(searches)))
}

/// The search keeps to the limits of the agreement.
pub(super) fn of_authority(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Reason> {
    let Authority::Agreement(recorded) = candidate.authority else { return None };
    let agreement = &recorded.agreement;
    let (key, message) = agreement.limits().beyond(&case.query.elements)?;
    Some(refused(agreement.id.as_str(), &message, vec![agreement.cite(key)]))
}
