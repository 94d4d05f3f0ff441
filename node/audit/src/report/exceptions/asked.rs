//! The queries that exceptions are found among, and what is found.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use schemas::agency::AgencyId;
use schemas::body::{Access, Actor};
use schemas::time::Timestamp;

use crate::report::Seen;

/// One query, its body at hand.
pub(super) struct Asked<'a> {
    pub(super) seen: &'a Seen,
    pub(super) actor: &'a Actor,
    pub(super) access: &'a Access,
}

/// What is found, and where.
pub(super) struct Finding<'a> {
    pub(super) finding: &'static str,
    pub(super) asked: Vec<&'a Asked<'a>>,
    pub(super) detail: String,
}

/// The person who asked: a user name and their agency.
pub(super) type Who<'a> = (Option<&'a str>, &'a AgencyId);

impl Asked<'_> {
    pub(super) fn who(&self) -> Who<'_> {
        (self.actor.user.as_ref().map(schemas::query::UserName::as_str), &self.actor.agency)
    }

    /// What is looked for: the plate, else the pattern.
    pub(super) fn plate(&self) -> Option<String> {
        let elements = &self.access.elements;
        let pattern = elements.pattern.as_ref().map(ToString::to_string);
        elements.plate.as_ref().map(ToString::to_string).or(pattern)
    }
}

/// Queries by a key; those that have none are left out.
pub(super) fn groups<'a, K: Ord>(
    asked: &'a [Asked<'a>],
    key: impl Fn(&'a Asked<'a>) -> Option<K>,
) -> BTreeMap<K, Vec<&'a Asked<'a>>> {
    let mut groups: BTreeMap<K, Vec<&Asked<'_>>> = BTreeMap::new();
    for one in asked {
        if let Some(key) = key(one) {
            groups.entry(key).or_default().push(one);
        }
    }
    groups
}

/// An instant by the clock of `zone`.
pub(super) fn local(at: Timestamp, zone: &TimeZone) -> Option<jiff::civil::DateTime> {
    let instant = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    Some(instant.to_zoned(zone.clone()).datetime())
}
