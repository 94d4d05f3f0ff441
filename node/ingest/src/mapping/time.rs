//! Dates and times as agencies write them, and the instants that they are.
//!
//! Decides in which format a time is written, and which instant a local time is. A format that makes a
//! time of a cell that no reader can mean (the year 26, of `11/28/26`) did not read it, and the next is
//! tried. A word for a zone in the cell counts before any zone that was said. Twice a year a local clock
//! is changed:
//!
//! - In the **gap** (in Los Angeles, 2 to 3 o'clock on a Sunday in March) no clock shows the time.
//!   It is rejected: the writer's clock, zone or format is not what the mapping says.
//! - In the **fold** (1 to 2 o'clock on a Sunday in November) the clock shows the time twice. The
//!   earlier instant is taken, unless the mapping says `later` or `reject`. So importing twice gives
//!   the same read, and its time is at most the hour too early.

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use schemas::time::Timestamp;
use serde::Deserialize;

use super::epoch::epoch;
use super::error::MappingError;
use super::otherwise::{excel_days, without_seconds, year_first};
use crate::field::{Fault, clean};
use crate::instant::{self, Fold, Zone, plausible, pointed, shortened};
use crate::zone_word::{zone_name, zone_word};

/// Most formats of one mapping.
const MOST_FORMATS: usize = 8;
/// Instants for which a format is tried when the mapping is read.
const TRIED: [i64; 2] = [1_772_384_645_250, 1_634_000_000_000];

/// How times are written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Times {
    pub(crate) formats: Vec<TimeFormat>,
    pub(crate) zone: Option<Zone>,
    pub(crate) fold: Fold,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    Rfc3339,
    UnixSeconds,
    UnixMillis,
    /// As of `strptime`, without a zone's word; whether it names an offset, and how many characters it
    /// has where nothing divides its numbers.
    Pattern {
        pattern: String,
        offset: bool,
        /// Whether the mapping says that cells end with a word for their zone.
        word: bool,
        run: Option<usize>,
    },
    /// Days since 1899-12-30, as spreadsheets keep times.
    ExcelDays,
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
        let zone = self.zone.as_deref().map(str::parse::<Zone>).transpose();
        let zone = zone.map_err(|error| MappingError::new(format_args!("time.{error}")))?;
        Ok(Times { formats, zone, fold: self.fold })
    }
}

impl TimeFormat {
    fn checked(format: &str) -> Result<Self, MappingError> {
        match format {
            "rfc3339" => return Ok(Self::Rfc3339),
            "unix_seconds" => return Ok(Self::UnixSeconds),
            "unix_millis" => return Ok(Self::UnixMillis),
            "excel_days" => return Ok(Self::ExcelDays),
            _ => {}
        }
        let shown = clean(format, 60);
        let refused =
            |why: &str| Err(MappingError::new(format_args!("time format `{shown}`: {why}")));
        if format.len() > 100 {
            return refused("it is longer than 100 bytes");
        }
        if !format.contains('%') {
            return refused(
                "it holds no directive; expected such as `%Y-%m-%d %H:%M:%S`, where `%Y` is the year, \
                 `%m` the month, `%d` the day, `%H` the hour, `%M` the minute and `%S` the second",
            );
        }
        // A word at the end, or a directive for one, says that cells have one: theirs counts.
        let bare = format.trim_end().strip_suffix("%Z").map(str::trim_end);
        let bare = bare.or_else(|| zone_word(format).map(|(bare, _)| bare));
        let word = bare.is_some();
        let format = &with_fraction(bare.unwrap_or(format));
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
                return refused(
                    "it does not say the whole date, hour and minute: `%Y` is the year, `%m` the month, \
                     `%d` the day, `%H` the hour of 24 or `%I` of 12 with `%p`, `%M` the minute",
                );
            }
        }
        Ok(Self::Pattern { pattern: format.to_owned(), offset, word, run: run(format) })
    }
}

/// A time as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReadTime {
    pub(crate) at: Timestamp,
    /// What it was read as, where no format of the mapping is written so.
    pub(crate) otherwise: Option<&'static str>,
}

impl Times {
    /// A format whose times have no zone, where nobody says one.
    pub(crate) fn without_zone(&self, said: Option<&Zone>) -> Option<String> {
        let local = |format: &&TimeFormat| match format {
            TimeFormat::Pattern { offset, word, .. } => !offset && !word,
            TimeFormat::ExcelDays => true,
            _ => false,
        };
        let zoned = self.zone.is_some() || said.is_some();
        self.formats.iter().find(local).filter(|_| !zoned).map(ToString::to_string)
    }

    /// The instant that `text` is, in the first format that reads it and makes a time of it that a reader
    /// can mean. `zone` counts before the mapping's.
    pub(crate) fn instant(
        &self,
        text: &str,
        field: &str,
        zone: Option<&Zone>,
    ) -> Result<ReadTime, Fault> {
        let zone = zone.or(self.zone.as_ref());
        let short = shortened(text);
        let short = short.trim();
        let (mut first, mut absurd) = (None, None);
        for format in &self.formats {
            match self.read(format, short, field, zone) {
                None => {}
                Some(Err(fault)) => first = first.or(Some(fault)),
                Some(Ok(at)) if plausible(at) => return Ok(ReadTime { at, otherwise: None }),
                Some(Ok(at)) => absurd = absurd.or(Some(at)),
            }
        }
        if let Some(fault) = first {
            return Err(fault);
        }
        if let Some(read) = self.otherwise(short, field, zone)? {
            return Ok(read);
        }
        let shown = clean(text, 60);
        if let Some(at) = absurd {
            return Err(Fault::new(format_args!(
                "column `{field}` is `{shown}`, which would be {at}: the reader's clock was not set, or \
                 it is written in another format"
            )));
        }
        let expected: Vec<String> = self.formats.iter().map(ToString::to_string).collect();
        Err(Fault::new(format_args!(
            "column `{field}` is `{shown}`; expected a time as `{}`",
            expected.join("` or `")
        )))
    }

    /// A time that is in no format of the mapping, and yet can be read in one way only: a spreadsheet's days,
    /// since no date is written as one number of five digits; the year first; or a format of the mapping
    /// from which a spreadsheet took the seconds when it was saved.
    fn otherwise(
        &self,
        text: &str,
        field: &str,
        zone: Option<&Zone>,
    ) -> Result<Option<ReadTime>, Fault> {
        let checked = |at: Timestamp, otherwise| {
            Some(ReadTime { at, otherwise }).filter(|read| plausible(read.at))
        };
        if let (Some(zone), Some(local)) = (zone, excel_days(text)) {
            let instant = zone.instant(local, self.fold, &said(field, text))?;
            let at = Timestamp::from_millis(instant.as_millisecond());
            if let Some(read) = at.and_then(|at| checked(at, Some("a spreadsheet's days"))) {
                return Ok(Some(read));
            }
        }
        if year_first(text)
            && let Ok(at) = instant::written(text, field, zone)
        {
            return Ok(checked(at, None));
        }
        // `10:30:00,5`, and `11/28/2026, 10:30:00 AM` as browsers write it.
        for text in [pointed(text), Some(text.replacen(", ", " ", 1))].into_iter().flatten() {
            let read = self.formats.iter().find_map(|format| self.read(format, &text, field, zone));
            if let Some(read) = read.transpose()?.and_then(|at| checked(at, None)) {
                return Ok(Some(read));
            }
        }
        // Ten digits by themselves are no date: they are seconds since 1970, and 13 are thousandths; unless
        // they may be what is left of a date without anything between its numbers.
        let whole =
            |format: &TimeFormat| !matches!(format, TimeFormat::Pattern { run: Some(_), .. });
        if matches!(text.len(), 10 | 13)
            && self.formats.iter().all(whole)
            && let Some(read) = epoch(text).and_then(|at| checked(at, Some("a number of seconds")))
        {
            return Ok(Some(read));
        }
        for format in &self.formats {
            let TimeFormat::Pattern { pattern, offset, word, run: None } = format else { continue };
            let Some(pattern) = without_seconds(pattern) else { continue };
            let format = TimeFormat::Pattern { pattern, offset: *offset, word: *word, run: None };
            if let Some(read) = self.read(&format, text, field, zone) {
                return Ok(checked(read?, Some("a time without its seconds")));
            }
        }
        Ok(None)
    }

    /// `None` when the text is not in this format.
    fn read(
        &self,
        format: &TimeFormat,
        text: &str,
        field: &str,
        zone: Option<&Zone>,
    ) -> Option<Result<Timestamp, Fault>> {
        let instant = match format {
            TimeFormat::Rfc3339 => return text.parse::<Timestamp>().ok().map(Ok),
            TimeFormat::UnixSeconds | TimeFormat::UnixMillis => return epoch(text).map(Ok),
            TimeFormat::ExcelDays => {
                let local = excel_days(text)?;
                zone?.instant(local, self.fold, &said(field, text))
            }
            TimeFormat::Pattern { pattern, offset: true, run, .. } => {
                let (read, _) = parsed(pattern, *run, text)?;
                let at = read.to_timestamp().ok()?;
                return Timestamp::from_millis(at.as_millisecond()).map(Ok);
            }
            TimeFormat::Pattern { pattern, word, run, .. } => {
                let local = |text: &str| {
                    let (read, tomorrow) = parsed(pattern, *run, text)?;
                    let at = read.to_datetime().ok()?;
                    at.checked_add(jiff::Span::new().days(i64::from(tomorrow))).ok()
                };
                if let Some(local) = local(text) {
                    match zone {
                        Some(zone) => zone.instant(local, self.fold, &said(field, text)),
                        // The mapping says that there is a word, and there is none, nor a zone for this.
                        None => {
                            let wanted = if *word { " and has no word for its zone" } else { "" };
                            let said = said(field, text);
                            return Some(Err(Fault::new(format_args!(
                                "{said}{wanted}; say the zone with --zone"
                            ))));
                        }
                    }
                } else {
                    let (bare, named) = match zone_name(text) {
                        Some((bare, named)) => (bare, Some(Zone::of(named))),
                        None => (text, None),
                    };
                    match (zone_word(bare), &named) {
                        (Some((bare, offset)), _) => {
                            Zone::instant_at(zone, local(bare)?, offset, &said(field, text))
                        }
                        (None, Some(named)) => {
                            named.instant(local(bare)?, self.fold, &said(field, text))
                        }
                        (None, None) => return None,
                    }
                }
            }
        };
        match instant {
            Ok(instant) => Timestamp::from_millis(instant.as_millisecond()).map(Ok),
            Err(fault) => Some(Err(fault)),
        }
    }
}

/// A text by a pattern, and whether it is midnight at the end of its day, which is written `24:00`.
fn parsed(pattern: &str, run: Option<usize>, text: &str) -> Option<(BrokenDownTime, bool)> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    if run.is_some_and(|run| whole.len() != run) {
        return None;
    }
    let parse = |text: &str| BrokenDownTime::parse(pattern, text.as_bytes()).ok();
    if let Some(read) = parse(text).or_else(|| parse(&plain_noon(text).ok()?)) {
        return Some((read, false));
    }
    let (before, after) = text.split_once("24:00")?;
    let apart = before.is_empty() || before.ends_with([' ', 'T']);
    let zeros = after.split(' ').next().unwrap_or_default();
    let zeros = zeros.bytes().all(|b| matches!(b, b'0' | b':' | b'.'));
    let read = parse(&format!("{before}00:00{after}")).filter(|_| apart && zeros)?;
    Some((read, true))
}

fn said(field: &str, text: &str) -> String {
    format!("column `{field}` is `{}`", clean(text, 60))
}

/// `2:27 p.m.` as `2:27 PM`, which formats know.
fn plain_noon(text: &str) -> Result<String, jiff::Error> {
    let lower = text.to_ascii_lowercase();
    let noon = [("a.m.", "AM"), ("p.m.", "PM"), ("a. m.", "AM"), ("p. m.", "PM")];
    let found = noon.iter().find_map(|(from, to)| {
        let at = lower.rfind(from)?;
        let (before, after) = text.split_at_checked(at)?;
        Some(format!("{before}{to}{}", after.get(from.len()..)?))
    });
    found.ok_or_else(|| jiff::Error::from_args(format_args!("no such word")))
}

/// Seconds take a fraction, whether the mapping says so or not.
fn with_fraction(format: &str) -> String {
    let fraction = format.contains("%f") || format.contains("%.") || format.contains("%N");
    if fraction {
        return format.to_owned();
    }
    format.replacen("%T", "%H:%M:%S", 1).replacen("%S", "%S%.f", 1)
}

/// How long a time in this format is, if it is nothing but numbers of a width of their own that
/// nothing divides: of a shorter one nobody can tell what is missing.
fn run(format: &str) -> Option<usize> {
    let format = format.strip_suffix("%.f").unwrap_or(format);
    let directives = format.strip_prefix('%')?.split('%');
    let width = |directive: &str| match directive {
        "Y" => Some(4),
        "m" | "d" | "H" | "I" | "M" | "S" | "y" => Some(2),
        "j" => Some(3),
        _ => None,
    };
    directives.map(width).sum()
}

impl std::fmt::Display for TimeFormat {
    /// As the mapping file names it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rfc3339 => f.write_str("rfc3339"),
            Self::UnixSeconds => f.write_str("unix_seconds"),
            Self::UnixMillis => f.write_str("unix_millis"),
            Self::Pattern { pattern, .. } => f.write_str(&pattern.replace("%S%.f", "%S")),
            Self::ExcelDays => f.write_str("excel_days"),
        }
    }
}
