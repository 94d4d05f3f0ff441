//! How long something is kept, reached back or due: days as they are counted, or calendar years as a text
//! that says "years" means them. 365 days undercut a year by a leap day.

use std::fmt;

use schemas::time::Timestamp;

use super::{Clearance, Days, ReadRetention, Training};

/// A length of time that a policy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Days of 24 hours.
    Days(u32),
    /// Calendar years, UTC.
    Years(u32),
}

impl Period {
    /// The one of two keys that is given; `None` for none or both.
    pub(super) fn of(days: Option<u32>, years: Option<u32>) -> Option<Self> {
        match (days, years) {
            (Some(days), None) => Some(Self::Days(days)),
            (None, Some(years)) => Some(Self::Years(years)),
            _ => None,
        }
    }

    /// The instant so long before this one.
    #[must_use]
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Days(days) => now.minus_days(days),
            Self::Years(years) => now.minus_years(years),
        }
    }

    /// So long after an instant.
    #[must_use]
    pub fn after(self, since: Timestamp) -> Timestamp {
        match self {
            Self::Days(days) => since.plus_days(days),
            Self::Years(years) => since.plus_years(years),
        }
    }

    /// The instant before which what is kept so long has ended: the start of a UTC day.
    #[must_use]
    pub fn cut_off(self, now: Timestamp) -> Timestamp {
        self.before(now.day_start())
    }

    /// How many days it is at the least.
    #[must_use]
    pub fn shortest_days(self) -> u32 {
        match self {
            Self::Days(days) => days,
            Self::Years(years) => years.saturating_mul(365),
        }
    }

    /// How many days it is at the most.
    #[must_use]
    pub fn longest_days(self) -> u32 {
        match self {
            Self::Days(days) => days,
            Self::Years(years) => years.saturating_mul(365).saturating_add(years.div_ceil(4)),
        }
    }

    /// Whether it is never shorter than `other`.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Years(one), Self::Years(other)) => one >= other,
            (one, other) => one.shortest_days() >= other.longest_days(),
        }
    }
}

impl Period {
    /// After "every" or "the last": `365 days`, `year`, `5 years`.
    #[must_use]
    pub fn counted(self) -> String {
        match self {
            Self::Days(1) => "day".to_owned(),
            Self::Years(1) => "year".to_owned(),
            several => several.to_string(),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(1) => f.write_str("1 day"),
            Self::Days(days) => write!(f, "{days} days"),
            Self::Years(1) => f.write_str("1 year"),
            Self::Years(years) => write!(f, "{years} years"),
        }
    }
}

/// A policy that was read names each period; what is not read keeps and answers nothing beyond a day.
const NONE: Period = Period::Days(1);

impl Days {
    /// How long.
    #[must_use]
    pub fn period(&self) -> Period {
        Period::of(self.days, self.years).unwrap_or(NONE)
    }
}

impl ReadRetention {
    /// The age at which answering stops and purging begins.
    #[must_use]
    pub fn cut_off(&self) -> Period {
        Period::of(self.cut_off_days, self.cut_off_years).unwrap_or(NONE)
    }

    /// How long reads are kept at least.
    #[must_use]
    pub fn minimum(&self) -> Option<Period> {
        Period::of(self.minimum_days, self.minimum_years)
    }
}

impl Training {
    /// For how long it holds; for good when absent.
    #[must_use]
    pub fn every(&self) -> Option<Period> {
        Period::of(self.every_days, self.every_years)
    }
}

impl Clearance {
    /// For how long it holds; for good when absent.
    #[must_use]
    pub fn every(&self) -> Option<Period> {
        Period::of(self.every_days, self.every_years)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn years_are_calendar_years() {
        for (years, now, before) in [
            (1, "2025-03-01T12:00:00Z", "2024-03-01T12:00:00Z"),
            (1, "2024-03-01T12:00:00Z", "2023-03-01T12:00:00Z"),
            (1, "2024-02-29T12:00:00Z", "2023-02-28T12:00:00Z"),
            (5, "2026-11-30T00:00:00Z", "2021-11-30T00:00:00Z"),
        ] {
            assert_eq!(Period::Years(years).before(at(now)), at(before), "{now}");
        }
        assert_eq!(
            Period::Years(2).cut_off(at("2026-03-01T23:59:59Z")),
            at("2024-03-01T00:00:00Z")
        );
    }

    #[test]
    fn days_undercut_years_by_leap_days() {
        assert!(!Period::Days(365).covers(Period::Years(1)));
        assert!(Period::Days(366).covers(Period::Years(1)));
        assert!(!Period::Days(1_825).covers(Period::Years(5)));
        assert!(Period::Years(5).covers(Period::Years(5)));
        assert!(Period::Years(1).covers(Period::Days(365)));
        assert!(!Period::Years(1).covers(Period::Days(366)));
    }
}
