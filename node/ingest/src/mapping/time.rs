//! Dates and times as agencies write them, and the instants that they are.
//!
//! Decides which instant a local time is. Zones are looked up in the program's own copy of their
//! rules, so the same file gives the same reads on every machine. Twice a year a local clock is
//! changed:
//!
//! - In the **gap** (in Los Angeles, 2 to 3 o'clock on a Sunday in March) no clock shows the time.
//!   It is rejected: the writer's clock, zone or format is not what the mapping says.
//! - In the **fold** (1 to 2 o'clock on a Sunday in November) the clock shows the time twice. The
//!   earlier instant is taken, unless the mapping says `later` or `reject`. So importing twice gives
//!   the same read, and its time is at most the hour too early.

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use schemas::time::Timestamp;
use serde::Deserialize;

use super::error::MappingError;
use crate::field::{Fault, Scalar, clean};

/// Most formats of one mapping.
const MOST_FORMATS: usize = 8;
/// Instants for which a format is tried when the mapping is read.
const TRIED: [i64; 2] = [1_772_384_645_250, 1_634_000_000_000];

/// How times are written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Times {
    pub(crate) formats: Vec<TimeFormat>,
    pub(crate) zone: Option<TimeZone>,
    pub(crate) fold: Fold,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    Rfc3339,
    UnixSeconds,
    UnixMillis,
    /// As of `strptime`; whether it names an offset, and how many characters it has where nothing
    /// divides its numbers.
    Pattern {
        pattern: String,
        offset: bool,
        run: Option<usize>,
    },
}

/// Which of two instants a local time in the fold is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fold {
    #[default]
    Earlier,
    Later,
    Reject,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    formats: Vec<String>,
    zone: Option<String>,
    #[serde(default)]
    fold: Fold,
}

impl Written {
    pub(super) fn checked(self) -> Result<Times, MappingError> {
        if self.formats.is_empty() || self.formats.len() > MOST_FORMATS {
            return Err(MappingError::new(format_args!(
                "time.formats has {} formats; expected 1 to {MOST_FORMATS}",
                self.formats.len()
            )));
        }
        let formats: Vec<TimeFormat> = self
            .formats
            .iter()
            .map(|format| TimeFormat::checked(format))
            .collect::<Result<_, _>>()?;
        let zone = match &self.zone {
            None => None,
            Some(name) => Some(TimeZoneDatabase::bundled().get(name).map_err(|_| {
                let name = clean(name, 60);
                MappingError::new(format_args!(
                    "time.zone = `{name}`; expected such as `America/Los_Angeles` or `UTC`"
                ))
            })?),
        };
        let local =
            |format: &&TimeFormat| matches!(format, TimeFormat::Pattern { offset: false, .. });
        match (formats.iter().find(local), &zone) {
            (Some(TimeFormat::Pattern { pattern, .. }), None) => Err(MappingError::new(
                format_args!("time.zone is missing, and the format `{pattern}` has no offset"),
            )),
            _ => Ok(Times { formats, zone, fold: self.fold }),
        }
    }
}

impl TimeFormat {
    fn checked(format: &str) -> Result<Self, MappingError> {
        match format {
            "rfc3339" => return Ok(Self::Rfc3339),
            "unix_seconds" => return Ok(Self::UnixSeconds),
            "unix_millis" => return Ok(Self::UnixMillis),
            _ => {}
        }
        let shown = clean(format, 60);
        let refused =
            |why: &str| Err(MappingError::new(format_args!("time format `{shown}`: {why}")));
        if format.len() > 100 {
            return refused("it is longer than 100 bytes");
        }
        let offset = ["%z", "%:z", "%Q", "%:Q"].iter().any(|directive| format.contains(directive));
        // What a format cannot read back of what it wrote itself, it cannot read of anyone.
        for millis in TRIED {
            let zone = TimeZone::fixed(jiff::tz::Offset::UTC);
            let instant = jiff::Timestamp::from_millisecond(millis).map_err(MappingError::new)?;
            let zoned = instant.to_zoned(zone);
            let mut written = Vec::new();
            let printed = BrokenDownTime::from(&zoned).format(format, &mut written);
            if let Err(error) = printed {
                return refused(&error.to_string());
            }
            let text = String::from_utf8_lossy(&written);
            let again = match BrokenDownTime::parse(format, text.as_bytes()) {
                Err(error) => return refused(&error.to_string()),
                Ok(again) => again.to_datetime().ok(),
            };
            // To the minute: a format need not write seconds.
            let minute = |at: DateTime| (at.date(), at.hour(), at.minute());
            if again.map(minute) != Some(minute(zoned.datetime())) {
                return refused("it does not say the whole date, hour and minute");
            }
        }
        Ok(Self::Pattern { pattern: format.to_owned(), offset, run: run(format) })
    }
}

impl Times {
    /// The instant that `text` is, in the first format that reads it.
    pub(crate) fn instant(&self, text: &str, field: &str) -> Result<Timestamp, Fault> {
        for format in &self.formats {
            if let Some(found) = self.read(format, text, field) {
                return found;
            }
        }
        let expected: Vec<String> = self.formats.iter().map(ToString::to_string).collect();
        Err(Fault::new(format_args!(
            "column `{field}` is `{}`; expected a time as `{}`",
            clean(text, 60),
            expected.join("` or `")
        )))
    }

    /// `None` when the text is not in this format.
    fn read(
        &self,
        format: &TimeFormat,
        text: &str,
        field: &str,
    ) -> Option<Result<Timestamp, Fault>> {
        let value = match format {
            TimeFormat::Rfc3339 => Scalar::Text(text.parse::<Timestamp>().ok()?.to_string()),
            TimeFormat::UnixMillis => {
                let millis = Scalar::Text(text.to_owned()).loosened().millis(field);
                return millis.transpose();
            }
            TimeFormat::UnixSeconds => Scalar::Text(seconds(text)?.to_string()),
            TimeFormat::Pattern { run: Some(run), .. } if text.trim().len() != *run => return None,
            TimeFormat::Pattern { pattern, offset, .. } => {
                let read = BrokenDownTime::parse(pattern, text.as_bytes()).ok()?;
                let instant = if *offset {
                    read.to_timestamp().ok()?
                } else {
                    match self.local(read.to_datetime().ok()?, text, field) {
                        Ok(instant) => instant,
                        Err(fault) => return Some(Err(fault)),
                    }
                };
                Scalar::Text(instant.to_string())
            }
        };
        // By the same bounds as every other time.
        value.instant(field).transpose()
    }

    fn local(&self, at: DateTime, text: &str, field: &str) -> Result<jiff::Timestamp, Fault> {
        let shown = clean(text, 60);
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let name = zone.iana_name().unwrap_or("UTC").to_owned();
        let local = zone.to_ambiguous_timestamp(at);
        let instant = match (local.offset(), self.fold) {
            (AmbiguousOffset::Gap { .. }, _) => {
                return Err(Fault::new(format_args!(
                    "column `{field}` is `{shown}`, which no clock of {name} showed: it was set \
                     forward over that hour"
                )));
            }
            (AmbiguousOffset::Fold { .. }, Fold::Reject) => {
                return Err(Fault::new(format_args!(
                    "column `{field}` is `{shown}`, which the clocks of {name} showed twice; the \
                     mapping rejects it"
                )));
            }
            (_, Fold::Later) => local.later(),
            (_, Fold::Earlier | Fold::Reject) => local.earlier(),
        };
        instant.map_err(|_| {
            Fault::new(format_args!("column `{field}` is `{shown}`, which is no time of this era"))
        })
    }
}

/// How long a time in this format is, if it is nothing but numbers of a width of their own that
/// nothing divides: of a shorter one nobody can tell what is missing.
fn run(format: &str) -> Option<usize> {
    let directives = format.strip_prefix('%')?.split('%');
    let width = |directive: &str| match directive {
        "Y" => Some(4),
        "m" | "d" | "H" | "I" | "M" | "S" | "y" => Some(2),
        "j" => Some(3),
        _ => None,
    };
    directives.map(width).sum()
}

/// Seconds since 1970, with a fraction or without, exactly.
fn seconds(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if text.starts_with('-') || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let millis = whole.parse::<i64>().ok()?.checked_mul(1_000)?;
    Timestamp::from_millis(millis.checked_add(digits.parse().ok()?)?)
}

impl std::fmt::Display for TimeFormat {
    /// As the mapping file names it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rfc3339 => f.write_str("rfc3339"),
            Self::UnixSeconds => f.write_str("unix_seconds"),
            Self::UnixMillis => f.write_str("unix_millis"),
            Self::Pattern { pattern, .. } => f.write_str(pattern),
        }
    }
}
