//! Instants, to the millisecond, as RFC 3339 text in UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Milliseconds of a second.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds of a day of 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// How far a node's clock may stand behind the last entry of its log, in milliseconds: beyond that
/// the log takes no entry, so an entry stands at most so far from the time that its node told.
pub const CLOCK_BEHIND_MS: i64 = 5 * MINUTE_MS;
/// How far ahead of its own clock a node takes what a peer proves to have logged or cosigned, in
/// milliseconds, either way: the peer's clock may be off, and its log ahead of that clock. What is
/// further off is not kept.
pub const CLOCK_AHEAD_MS: i64 = 2 * CLOCK_BEHIND_MS;
/// How far two times of two agencies may contradict each other before one of them is disproved, in
/// milliseconds: whatever a peer shows, no log says more that keeps to [`CLOCK_AHEAD_MS`], since its own
/// entries stand at most [`CLOCK_BEHIND_MS`] from its clock.
pub const CLOCK_SKEW_MS: i64 = CLOCK_AHEAD_MS + CLOCK_BEHIND_MS;

/// An instant in UTC with millisecond resolution.
///
/// Its text form is always RFC 3339 with three fractional digits and `Z`
/// (`2026-03-01T17:04:05.250Z`): one instant has one spelling, so signed bytes and log entries
/// compare as text. CJIS AU-8 asks for hundredths of a second or finer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct Timestamp(i64);

/// Why a text is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time; expected RFC 3339 such as `2026-03-01T17:04:05Z`")]
pub struct TimeError(String);

impl Timestamp {
    /// First instant that has a four-digit RFC 3339 year (0001-01-01).
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// Last instant that has a four-digit RFC 3339 year (9999-12-30).
    pub const MAX: Self = Self(253_402_207_200_000);

    /// From milliseconds since 1970-01-01T00:00:00Z; `None` outside years 1 to 9999.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Option<Self> {
        if millis < Self::MIN.0 || millis > Self::MAX.0 { None } else { Some(Self(millis)) }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `millis`, held inside [`Self::MIN`] and [`Self::MAX`].
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// This instant moved by so many seconds.
    #[must_use]
    pub fn plus_seconds(self, seconds: u32) -> Self {
        self.plus_millis(i64::from(seconds).saturating_mul(SECOND_MS))
    }

    /// This instant moved back by so many seconds.
    #[must_use]
    pub fn minus_seconds(self, seconds: u32) -> Self {
        self.plus_millis(-i64::from(seconds).saturating_mul(SECOND_MS))
    }

    /// This instant moved by so many hours.
    #[must_use]
    pub fn plus_hours(self, hours: u32) -> Self {
        self.plus_millis(i64::from(hours).saturating_mul(HOUR_MS))
    }

    /// This instant moved by `days` of 24 hours.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        self.plus_millis(i64::from(days).saturating_mul(DAY_MS))
    }

    /// This instant moved back by `days` of 24 hours.
    #[must_use]
    pub fn minus_days(self, days: u32) -> Self {
        self.plus_millis(-i64::from(days).saturating_mul(DAY_MS))
    }

    /// This instant moved back by so many calendar years, UTC. From 29 February it comes to the 28th where
    /// there is none.
    #[must_use]
    pub fn minus_years(self, years: u32) -> Self {
        let back = jiff::Timestamp::from_millisecond(self.0).ok().and_then(|at| {
            let years = jiff::Span::new().try_years(years).ok()?;
            let zoned = at.to_zoned(jiff::tz::TimeZone::UTC).checked_sub(years).ok()?;
            Some(zoned.timestamp().as_millisecond())
        });
        Self(back.unwrap_or(Self::MIN.0).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// This instant moved on by so many calendar years, UTC. From 29 February it comes to the 28th where
    /// there is none.
    #[must_use]
    pub fn plus_years(self, years: u32) -> Self {
        let on = jiff::Timestamp::from_millisecond(self.0).ok().and_then(|at| {
            let years = jiff::Span::new().try_years(years).ok()?;
            let zoned = at.to_zoned(jiff::tz::TimeZone::UTC).checked_add(years).ok()?;
            Some(zoned.timestamp().as_millisecond())
        });
        Self(on.unwrap_or(Self::MAX.0).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// The instant before which what is kept for `days` has ended at this one: the start of the UTC
    /// day, so many days back. Everything is kept for whole days at least; neither the hour of a
    /// run nor daylight saving moves it, and a leap day is a day like any other.
    #[must_use]
    pub fn cut_off(self, days: u32) -> Self {
        self.day_start().minus_days(days)
    }

    /// The start of this instant's UTC day.
    #[must_use]
    pub fn day_start(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY_MS)).max(Self::MIN)
    }

    /// How far apart two instants are, in milliseconds.
    #[must_use]
    pub const fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// Whether a clock that tells this instant is too far behind a log whose last entry is of
    /// `last` for the log to take another one.
    #[must_use]
    pub fn is_too_far_behind(self, last: Self) -> bool {
        self < last.plus_millis(-CLOCK_BEHIND_MS)
    }

    /// The UTC calendar day, `YYYY-MM-DD`.
    #[must_use]
    pub fn day(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Reads RFC 3339 with any offset and any number of fractional digits; digits beyond the
    /// millisecond are dropped.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let refused = || TimeError(text.chars().take(64).collect());
        let instant: jiff::Timestamp = text.parse().map_err(|_| refused())?;
        // Truncate toward the past, also before 1970, so that order is preserved.
        let millis = instant.as_nanosecond().div_euclid(1_000_000);
        i64::try_from(millis).ok().and_then(Self::from_millis).ok_or_else(refused)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> Self {
        at.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_instant_has_one_spelling() {
        let at: Timestamp = "2026-03-01T09:04:05.25-08:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-03-01T17:04:05.250Z");
        assert_eq!(at.day(), "2026-03-01");
    }

    #[test]
    fn a_bad_time_is_named() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err();
        assert!(error.to_string().contains("`yesterday`"));
    }

    #[test]
    fn a_cut_off_is_whole_days_before_the_day() {
        let table = [
            ("any hour of a day", "2026-03-01T00:00:00Z", 1, "2026-02-28T00:00:00Z"),
            ("its last instant", "2026-03-01T23:59:59.999Z", 1, "2026-02-28T00:00:00Z"),
            ("over a leap day", "2028-03-01T12:00:00Z", 1, "2028-02-29T00:00:00Z"),
            ("from a leap day", "2028-02-29T12:00:00Z", 365, "2027-03-01T00:00:00Z"),
            ("a year with a leap day in it", "2028-12-31T12:00:00Z", 365, "2028-01-01T00:00:00Z"),
            ("two years without one", "2027-07-01T12:00:00Z", 730, "2025-07-01T00:00:00Z"),
            ("two years with one", "2029-01-01T12:00:00Z", 730, "2027-01-02T00:00:00Z"),
            ("no leap day in 2100", "2100-03-01T12:00:00Z", 1, "2100-02-28T00:00:00Z"),
            ("clocks go forward", "2026-03-09T01:30:00-07:00", 1, "2026-03-08T00:00:00Z"),
            ("clocks go back", "2026-11-02T01:30:00-08:00", 1, "2026-11-01T00:00:00Z"),
            (
                "a local evening is the next day",
                "2026-03-01T18:00:00-08:00",
                0,
                "2026-03-02T00:00:00Z",
            ),
            ("no day at all", "2026-03-01T12:00:00Z", 0, "2026-03-01T00:00:00Z"),
            ("held at the first year", "0001-01-05T00:00:00Z", u32::MAX, "0001-01-01T00:00:00Z"),
        ];
        for (what, now, days, expected) in table {
            let now: Timestamp = now.parse().unwrap();
            assert_eq!(now.cut_off(days), expected.parse().unwrap(), "{what}");
        }
    }

    proptest! {
        #[test]
        fn a_cut_off_leaves_so_many_whole_days(millis in Timestamp::MIN.0 / 2..=Timestamp::MAX.0, days in 0u32..40_000) {
            let now = Timestamp::from_millis(millis).unwrap();
            let kept = now.cut_off(days).distance(now);
            prop_assert!(kept >= u64::from(days) * DAY_MS as u64);
            prop_assert!(kept < (u64::from(days) + 1) * DAY_MS as u64);
        }

        #[test]
        fn text_round_trips(millis in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let at = Timestamp::from_millis(millis).unwrap();
            prop_assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        }
    }
}
