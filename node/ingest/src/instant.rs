//! Instants: times as readers write them, in a zone that they say or that somebody says for them.
//!
//! Decides which instant a text is. A zone in the text always counts: an offset, `Z`, or a word such as
//! `PDT`, also in the hour that a clock shows twice. A time without one is read in the zone that was said
//! for its source, and in none otherwise: nobody may guess it. Zones are looked up in the program's own
//! copy of their rules, so the same file gives the same reads on every machine.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use schemas::text::hidden;
use schemas::time::Timestamp;

use crate::fault::{Fault, clean};
use crate::zone_word::{zone_name, zone_word};

/// 1973-03-03T09:46:40Z in milliseconds, and the year 5138 in seconds. So a smaller number of
/// milliseconds is either a number of seconds or a reader whose clock was never set.
pub(crate) const EARLIEST_MILLIS: i64 = 100_000_000_000;
/// 2200-01-01T00:00:00Z. What is later was read in another format than it was written in.
const LATEST_MILLIS: i64 = 7_258_118_400_000;

/// Whether a reader whose clock is set can have written this.
pub(crate) fn plausible(at: Timestamp) -> bool {
    (EARLIEST_MILLIS..LATEST_MILLIS).contains(&at.millis())
}

/// The zone of times that have none.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

/// Why a text names no zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("zone `{0}` is not known; expected such as `America/Los_Angeles` or `UTC`")]
pub struct ZoneError(String);

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(name: &str) -> Result<Self, ZoneError> {
        let found = TimeZoneDatabase::bundled().get(name.trim());
        found.map(Self).map_err(|_| ZoneError(clean(name, 60)))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

/// Which of two instants a local time in the fold is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fold {
    #[default]
    Earlier,
    Later,
    Reject,
}

impl Zone {
    pub(crate) const fn of(zone: TimeZone) -> Self {
        Self(zone)
    }

    #[cfg(test)]
    pub(crate) fn time_zone(&self) -> TimeZone {
        self.0.clone()
    }

    /// The instant of a local time.
    pub(crate) fn instant(
        &self,
        local: DateTime,
        fold: Fold,
        shown: &dyn fmt::Display,
    ) -> Result<jiff::Timestamp, Fault> {
        let ambiguous = self.0.to_ambiguous_timestamp(local);
        let instant = match (ambiguous.offset(), fold) {
            (AmbiguousOffset::Gap { .. }, _) => return Err(self.in_gap(shown)),
            (AmbiguousOffset::Fold { .. }, Fold::Reject) => {
                return Err(Fault::new(format_args!(
                    "{shown}, which the clocks of {self} showed twice; the mapping rejects it"
                )));
            }
            (_, Fold::Later) => ambiguous.later(),
            (_, Fold::Earlier | Fold::Reject) => ambiguous.earlier(),
        };
        instant.map_err(|_| Fault::new(format_args!("{shown}, which is no time of this era")))
    }

    fn in_gap(&self, shown: &dyn fmt::Display) -> Fault {
        Fault::new(format_args!(
            "{shown}, which no clock of {self} showed: it was set forward over that hour"
        ))
    }

    /// The instant of a local time beside which a word says the offset. In the hour that a clock of this
    /// zone skips, a word of this zone is as wrong as none.
    pub(crate) fn instant_at(
        zone: Option<&Self>,
        local: DateTime,
        offset: Offset,
        shown: &dyn fmt::Display,
    ) -> Result<jiff::Timestamp, Fault> {
        if let Some(zone) = zone
            && let AmbiguousOffset::Gap { before, after } =
                zone.0.to_ambiguous_timestamp(local).offset()
            && [before, after].contains(&offset)
        {
            return Err(zone.in_gap(shown));
        }
        offset
            .to_timestamp(local)
            .map_err(|_| Fault::new(format_args!("{shown}, which is no time of this era")))
    }
}

/// The instant that a text is, as ISO 8601 and readers write it: with a `T` or a blank, an offset with
/// or without its colon, or a word; without any of them, in `zone`.
pub(crate) fn written(text: &str, field: &str, zone: Option<&Zone>) -> Result<Timestamp, Fault> {
    let cut = shortened(text);
    let cut = pointed(&cut).unwrap_or(cut);
    let text = cut.trim();
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(error) => instant_of(text, field, zone)?.ok_or_else(|| Fault::from(error))?,
    };
    if plausible(at) {
        return Ok(at);
    }
    let shown = clean(text, 60);
    Err(Fault::new(format_args!(
        "`{field}` is the text `{shown}`; expected a time from 1973 to 2200; the reader's clock was \
         not set"
    )))
}

fn instant_of(text: &str, field: &str, zone: Option<&Zone>) -> Result<Option<Timestamp>, Fault> {
    let shown = clean(text, 60);
    let said = format!("`{field}` is `{shown}`");
    let (bare, named) = match zone_name(text) {
        Some((bare, named)) => (bare, Some(Zone::of(named))),
        None => (text, None),
    };
    let zone = named.as_ref().or(zone);
    let instant = if let Some((rest, offset)) = zone_word(bare) {
        let Some(local) = local(rest) else { return Ok(None) };
        Zone::instant_at(zone, local, offset, &said)?
    } else if bare.rsplit(['T', 't', ' ']).next().is_some_and(|time| time.contains(['+', '-'])) {
        // An offset that is none.
        return Ok(None);
    } else {
        let Some(local) = local(bare) else { return Ok(None) };
        match zone {
            Some(zone) => zone.instant(local, Fold::Earlier, &said)?,
            None => {
                return Err(Fault::new(format_args!(
                    "{said}, which has no zone; say the reader's with --zone"
                )));
            }
        }
    };
    Ok(Timestamp::from_millis(instant.as_millisecond()))
}

/// A local time with its year first. Midnight at the end of a day is the beginning of the next.
fn local(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let date: Date = date.replace(['/', '.'], "-").parse().ok()?;
    let time = time.trim_start();
    if let Some(rest) = time.strip_prefix("24:00") {
        let zeros = rest.bytes().all(|b| matches!(b, b'0' | b':' | b'.'));
        let next = date.checked_add(jiff::Span::new().days(1)).ok()?;
        return zeros.then(|| next.to_datetime(Time::midnight()));
    }
    Some(date.to_datetime(time.parse().ok()?))
}

/// A text without the digits of a fraction of a second that are beyond a billionth of it, with digits, blanks
/// and dashes of other writing systems as those of ASCII, and without what does not print.
pub(crate) fn shortened(text: &str) -> String {
    let mut cut = String::with_capacity(text.len());
    let mut digits: Option<usize> = None;
    for c in text.chars() {
        let c = match c {
            ' '..='~' => c,
            '\u{A0}' | '\u{202F}' | '\u{2009}' | '\u{3000}' | '\t' | '\r' | '\n' => ' ',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{FF1A}' => ':',
            '\u{FF0F}' => '/',
            '\u{FF10}'..='\u{FF19}' => {
                let digit = u32::from(c).saturating_sub(0xFF10);
                char::from_digit(digit, 10).unwrap_or(c)
            }
            c if hidden(c) => continue,
            c => c,
        };
        digits = match (digits, c) {
            (_, '.') => Some(0),
            (Some(seen), c) if c.is_ascii_digit() => Some(seen.saturating_add(1)),
            _ => None,
        };
        if digits.is_none_or(|seen| seen <= 9) {
            cut.push(c);
        }
    }
    cut
}

/// `10:30:00,250` with the point that others write before a fraction of a second.
pub(crate) fn pointed(text: &str) -> Option<String> {
    let (before, after) = text.split_once(',')?;
    let seconds = matches!(before.as_bytes(), [.., b':', a, b, b':', c, d]
        if [a, b, c, d].iter().all(|b| b.is_ascii_digit()));
    let fraction = after.starts_with(|c: char| c.is_ascii_digit());
    (seconds && fraction).then(|| format!("{before}.{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: Option<&str>) -> String {
        let zone = zone.map(|name| name.parse::<Zone>().unwrap());
        match written(text, "at", zone.as_ref()) {
            Ok(at) => at.to_string(),
            Err(fault) => fault.into_sentence(),
        }
    }

    #[test]
    fn a_time_is_read_with_the_zone_that_it_says_or_that_is_said_for_it() {
        const LA: Option<&str> = Some("America/Los_Angeles");
        for (text, zone, expected) in [
            ("2026-03-01T17:04:05Z", None, "2026-03-01T17:04:05.000Z"),
            ("2026-03-01T09:04:05.1234567-08:00", None, "2026-03-01T17:04:05.123Z"),
            ("2026-03-01T09:04:05-0800", None, "2026-03-01T17:04:05.000Z"),
            ("2026-03-01 09:04:05.25-08:00", LA, "2026-03-01T17:04:05.250Z"),
            ("2026-03-01 09:04:05 -08:00", None, "2026-03-01T17:04:05.000Z"),
            ("2026-03-01 09:04:05 PST", None, "2026-03-01T17:04:05.000Z"),
            ("2026-03-01 09:04:05.123456789012", LA, "2026-03-01T17:04:05.123Z"),
            ("2026-11-01 01:30:00 PDT", LA, "2026-11-01T08:30:00.000Z"),
            ("2026-11-01 01:30:00 PST", LA, "2026-11-01T09:30:00.000Z"),
            ("2026-11-01 01:30:00", LA, "2026-11-01T08:30:00.000Z"),
            ("2026-11-28 10:30:00 -0800", None, "2026-11-28T18:30:00.000Z"),
            ("2026-11-28T10:30:00.000+0000", LA, "2026-11-28T10:30:00.000Z"),
            ("2026-11-28T10:41:00-8:00", LA, "2026-11-28T18:41:00.000Z"),
            ("2026-11-28 10:30:00 UTC-8", None, "2026-11-28T18:30:00.000Z"),
            ("2026-11-28 10:30:00 PT", None, "2026-11-28T18:30:00.000Z"),
            ("2026-11-28T10:30:00-08:00[America/Los_Angeles]", None, "2026-11-28T18:30:00.000Z"),
            ("2026/11/28 10:30", LA, "2026-11-28T18:30:00.000Z"),
            ("2026-11-28 10:30:00,250", LA, "2026-11-28T18:30:00.250Z"),
            ("2026-11-28 10:30:00 Pacific Daylight Time", None, "2026-11-28T17:30:00.000Z"),
            ("2026-07-28 10:30:00 PST8PDT", None, "2026-07-28T17:30:00.000Z"),
            ("2026-11-28 24:00:00", LA, "2026-11-29T08:00:00.000Z"),
            ("2026-11-28 23:59:60", LA, "2026-11-29T07:59:59.000Z"),
            ("\u{FEFF}2026\u{2011}11\u{2011}28 １０:30:00", LA, "2026-11-28T18:30:00.000Z"),
        ] {
            assert_eq!(read(text, zone), expected, "{text}");
        }
        for (text, zone, said) in [
            ("2026-03-01 09:04:05", None, "which has no zone; say the reader's with --zone"),
            ("2026-03-08 02:30:00", LA, "no clock of America/Los_Angeles showed"),
            ("2026-03-08 02:30:00 PST", LA, "no clock of America/Los_Angeles showed"),
            ("1970-01-01T00:00:05Z", None, "the reader's clock was not set"),
            ("0026-11-28T00:00:05Z", None, "the reader's clock was not set"),
            ("9999-01-01T00:00:05Z", None, "the reader's clock was not set"),
            ("yesterday", LA, "is not a time"),
            ("2026-11-28 24:30:00", LA, "is not a time"),
            ("2026-11-28 10:30:00 IST", LA, "is not a time"),
            ("2026-11-28 10:30:00+99:00", LA, "is not a time"),
        ] {
            let found = read(text, zone);
            assert!(found.contains(said), "{text}: {found}");
        }
    }
}
