//! Dates and times as spreadsheets keep them: days since 1899-12-30, and their parts.

use jiff::civil::{Date, DateTime, Time};

/// The days that are taken for a date: of this century, or of the last of the one before.
const DAYS: std::ops::Range<f64> = 30_000.0..80_000.0;
/// Tenths of a second of a day: a day's fraction has no more digits that mean anything.
const TENTHS: f64 = 864_000.0;

/// The local time of so many days.
pub(crate) fn civil(days: f64) -> Option<DateTime> {
    if !DAYS.contains(&days) {
        return None;
    }
    let begin = Date::constant(1899, 12, 30).to_datetime(Time::midnight());
    let tenths = (days * TENTHS).round() as i64;
    begin.checked_add(jiff::SignedDuration::from_millis(tenths.checked_mul(100)?)).ok()
}

/// The time of a part of a day, as people write it.
pub(crate) fn time(part: f64) -> Option<String> {
    let tenths = (part * TENTHS).round() as i64;
    let length = jiff::SignedDuration::from_millis(tenths.checked_mul(100)?);
    let at = Time::midnight().checked_add(length).ok()?;
    Some(at.to_string())
}
