//! Times as people type and read them: local, with the zone shown.

use jiff::tz::TimeZone;
use schemas::time::Timestamp;

/// Reads RFC 3339, or a local `YYYY-MM-DD`, or a local `YYYY-MM-DD HH:MM[:SS]`.
///
/// # Errors
/// One sentence with what was typed.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    audit::time::instant(text, TimeZone::system())
}

/// A day, `YYYY-MM-DD`: the start of that UTC day, so that it reads back as the same day anywhere.
///
/// # Errors
/// One sentence with what was typed.
pub(super) fn day(text: &str) -> Result<Timestamp, String> {
    text.parse::<jiff::civil::Date>()
        .ok()
        .and_then(|date| format!("{date}T00:00:00Z").parse().ok())
        .ok_or_else(|| format!("`{text}` is not a day; expected one such as `2026-03-01`"))
}

/// An instant for people.
pub(super) fn local(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(instant) => {
            instant.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
        }
        Err(_) => at.to_string(),
    }
}

/// The instant of an RFC 3339 text for people; the text itself if it is none.
pub(super) fn shown(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), local)
}
