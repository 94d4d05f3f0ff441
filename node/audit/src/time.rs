//! Instants as people type them: in the time zone of their machine, unless they name one.

use jiff::tz::TimeZone;
use schemas::time::Timestamp;

/// Reads RFC 3339, or `YYYY-MM-DD`, or `YYYY-MM-DD HH:MM[:SS]` in `zone`.
///
/// # Errors
/// One sentence with what was typed.
pub fn instant(text: &str, zone: TimeZone) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let refused = || {
        format!(
            "`{text}` is not a time; expected `2026-03-01`, `2026-03-01 17:04` or RFC 3339 such as `2026-03-01T17:04:05Z`"
        )
    };
    let local = text.replacen(' ', "T", 1);
    let civil = local
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| local.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0)))
        .map_err(|_| refused())?;
    let at = civil.to_zoned(zone).map_err(|_| refused())?.timestamp();
    Timestamp::from_millis(at.as_millisecond()).ok_or_else(refused)
}

/// Why a period has no instant in it, in a sentence; `None` when it has one, or is open at an end.
#[must_use]
pub fn empty_period(from: Option<Timestamp>, until: Option<Timestamp>) -> Option<String> {
    match (from, until) {
        (Some(from), Some(until)) if from >= until => Some(format!(
            "a period from {from} until {until} holds nothing; give an earlier --from"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_a_minute_are_local_and_rfc_3339_is_what_it_says() {
        let zone = TimeZone::fixed(jiff::tz::offset(-8));
        for (typed, read) in [
            ("2026-03-01", "2026-03-01T08:00:00.000Z"),
            ("2026-03-01 17:04", "2026-03-02T01:04:00.000Z"),
            ("2026-03-01T17:04:05Z", "2026-03-01T17:04:05.000Z"),
        ] {
            assert_eq!(instant(typed, zone.clone()).unwrap().to_string(), read);
        }
        let refused = instant("yesterday", zone).unwrap_err();
        assert!(refused.starts_with("`yesterday` is not a time"), "{refused}");
    }

    #[test]
    fn a_period_that_ends_before_it_begins_is_told() {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        let (early, late) = (at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z"));
        assert!(empty_period(early, late).is_none() && empty_period(late, None).is_none());
        assert!(empty_period(late, early).is_some() && empty_period(early, early).is_some());
    }
}
