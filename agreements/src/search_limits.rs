//! How little a search may name, and how wide an area and how long a period.
//!
//! The node's own limits are those of every policy and agreement that says nothing; a text may be
//! stricter, never looser.

use schemas::query::Elements;

/// Least letters and digits that a pattern of a plate names.
pub(crate) const LEAST_KNOWN: u32 = 2;
/// Greatest radius of a search by area, in metres; a polygon is at most twice as wide across.
pub(crate) const WIDEST_M: u32 = 10_000;
/// Most days that a search without a plate reaches over.
pub(crate) const LONGEST_DAYS: u32 = 31;
/// Most characters of a plate.
const PLATE: u32 = schemas::plate::LONGEST as u32;

/// The limits that a text gives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    pub(crate) known_characters: Option<u32>,
    pub(crate) longest_days: Option<u32>,
    pub(crate) widest_m: Option<u32>,
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
    pub(crate) fn beyond(&self, elements: &Elements) -> Option<(&'static str, String)> {
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
pub(crate) fn across(radius_m: u32) -> f64 {
    2.0 * f64::from(radius_m)
}
