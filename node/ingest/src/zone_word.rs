//! What stands behind a time for its zone: a word such as `PDT`, an offset such as `UTC-8`, or a name such as
//! `America/Los_Angeles`.
//!
//! Decides which offset or zone it is. The words are those of the United States; a word elsewhere that means
//! several zones is none.

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// Words for zones, with their hours from UTC.
const WORDS: [(&str, i8); 17] = [
    ("PST", -8),
    ("PDT", -7),
    ("MST", -7),
    ("MDT", -6),
    ("CST", -6),
    ("CDT", -5),
    ("EST", -5),
    ("EDT", -4),
    ("AKST", -9),
    ("AKDT", -8),
    ("HST", -10),
    ("HDT", -9),
    ("CHST", 10),
    ("AST", -4),
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
];

/// Words for zones that do not say whether daylight is saved.
const NAMES: [(&str, &str); 15] = [
    ("PT", "America/Los_Angeles"),
    ("MT", "America/Denver"),
    ("CT", "America/Chicago"),
    ("ET", "America/New_York"),
    ("AKT", "America/Anchorage"),
    ("PST8PDT", "America/Los_Angeles"),
    ("MST7MDT", "America/Denver"),
    ("CST6CDT", "America/Chicago"),
    ("EST5EDT", "America/New_York"),
    ("PACIFIC", "America/Los_Angeles"),
    ("MOUNTAIN", "America/Denver"),
    ("CENTRAL", "America/Chicago"),
    ("EASTERN", "America/New_York"),
    ("ALASKA", "America/Anchorage"),
    ("HAWAII", "Pacific/Honolulu"),
];

/// First words of `Pacific Standard Time` and the like, with the hours of standard time.
const LONG: [(&str, i8); 9] = [
    ("pacific", -8),
    ("mountain", -7),
    ("central", -6),
    ("eastern", -5),
    ("atlantic", -4),
    ("alaska", -9),
    ("alaskan", -9),
    ("hawaii", -10),
    ("hawaiian", -10),
];

/// A text without the word or the offset of a zone at its end, and what that is.
pub(crate) fn zone_word(text: &str) -> Option<(&str, Offset)> {
    let bare = without_comment(text);
    word(text).or_else(|| offset(bare)).or_else(|| long_word(text)).or_else(|| word(bare))
}

/// A text without this at its end, in whatever capitals, and without the blanks before that.
fn without<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(end.len())?;
    let (rest, found) = text.split_at_checked(at)?;
    found.eq_ignore_ascii_case(end).then(|| rest.trim_end())
}

/// `Pacific Standard Time`, `Eastern Daylight Time`, `P.S.T.`, behind a time of day.
fn long_word(text: &str) -> Option<(&str, Offset)> {
    let text = text.trim_end();
    let bare = text.strip_suffix(')').unwrap_or(text);
    let ends = [("standard time", 0), ("daylight time", 1), ("daylight saving time", 1)];
    let found = ends.iter().find_map(|(end, more)| Some((without(bare, end)?, *more)));
    let (rest, hours) = match found {
        Some((rest, more)) => LONG
            .iter()
            .find_map(|(name, hours)| Some((without(rest, name)?, hours.saturating_add(more))))?,
        None => {
            let (rest, dotted) = bare.rsplit_once(' ')?;
            let plain = dotted.replace('.', "");
            let letters = dotted.contains('.') && plain.bytes().all(|b| b.is_ascii_alphabetic());
            let known = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(&plain));
            (rest, known.filter(|_| letters)?.1)
        }
    };
    let rest = rest.trim_end_matches(['(', ' ']);
    rest.contains(':').then_some((rest, Offset::from_hours(hours).ok()?))
}

fn word(text: &str) -> Option<(&str, Offset)> {
    let text = text.trim_end();
    let bare = text.strip_suffix(')').map_or(text, |text| text.trim_end());
    let begins = bare.rfind(|c: char| !c.is_ascii_alphabetic())?;
    let before = bare.get(begins..)?.chars().next()?;
    if !before.is_whitespace() && !before.is_ascii_digit() && before != '(' {
        return None;
    }
    let (rest, word) = bare.split_at_checked(begins.saturating_add(before.len_utf8()))?;
    let (_, hours) = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word))?;
    let rest = rest.trim_end().trim_end_matches('(').trim_end();
    // `-0800 (PST)`: the word says the offset once more.
    let rest = offset(rest).map_or(rest, |(bare, _)| bare);
    Some((rest, Offset::from_hours(*hours).ok()?))
}

/// `GMT-0800 (Pacific Standard Time)` without what stands in brackets.
fn without_comment(text: &str) -> &str {
    let text = text.trim_end();
    let comment = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    comment.map_or(text, |(before, _)| before.trim_end())
}

/// `-08`, `-0800`, `+08:00`, `UTC-8`, behind a time of day.
fn offset(text: &str) -> Option<(&str, Offset)> {
    let (rest, digits) = text.split_at_checked(text.rfind(['+', '-'])?)?;
    let (sign, digits) = (digits.starts_with('-'), digits.get(1..)?);
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if digits.len() > 2 => digits.split_at_checked(digits.len().saturating_sub(2))?,
        None => (digits, "0"),
    };
    let number = |text: &str| {
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i32>().ok().filter(|_| plain)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let rest = rest.trim_end();
    let named = ["UTC", "GMT"].iter().find_map(|word| {
        let at = rest.len().checked_sub(word.len())?;
        rest.get(at..).filter(|end| end.eq_ignore_ascii_case(word)).and(rest.get(..at))
    });
    let rest = named.unwrap_or(rest).trim_end();
    // A day of a month that is written behind a minus is none.
    let timed = rest.contains(':')
        && rest.ends_with(|c: char| c.is_ascii_digit() || matches!(c, 'M' | 'm'));
    let seconds = (hours * 60 + minutes) * 60;
    let offset = Offset::from_seconds(if sign { -seconds } else { seconds }).ok()?;
    timed.then_some((rest, offset))
}

/// A text without the name of a zone at its end, and that zone: `[America/Los_Angeles]`, `US/Pacific`, `PT`,
/// `(UTC-08:00) Pacific Time (US & Canada)`, whose offset is that of the winter.
pub(crate) fn zone_name(text: &str) -> Option<(&str, TimeZone)> {
    let text = without_comment(text);
    let text = without(text, " time").unwrap_or(text);
    let bracketed = text.strip_suffix(']').and_then(|text| text.rsplit_once('['));
    let (rest, name) = bracketed.or_else(|| text.rsplit_once(' '))?;
    let known = NAMES.iter().find(|(word, _)| word.eq_ignore_ascii_case(name));
    let name = known.map_or(name, |(_, zone)| zone);
    let rest = if known.is_some() { without_comment(rest) } else { rest.trim_end() };
    if !name.contains('/') || !rest.contains(':') {
        return None;
    }
    Some((rest, TimeZoneDatabase::bundled().get(name).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_told_from_a_day() {
        for (text, rest, hours) in [
            ("2026-11-28 10:30:00 -08", "2026-11-28 10:30:00", -8),
            ("2026-11-28 10:30:00 UTC-8", "2026-11-28 10:30:00", -8),
            ("2026-11-28 10:30:00GMT+0100", "2026-11-28 10:30:00", 1),
            ("11/28/2026 10:30 PM -08:00", "11/28/2026 10:30 PM", -8),
            ("10:30:00 GMT-0800 (Pacific Standard Time)", "10:30:00", -8),
            ("10:30:00 -0700 (PDT)", "10:30:00", -7),
            ("2026-11-28 10:30:00 PST", "2026-11-28 10:30:00", -8),
            ("10:30:00 Pacific Standard Time", "10:30:00", -8),
            ("10:30:00 (eastern daylight time)", "10:30:00", -4),
            ("10:30:00 P.D.T.", "10:30:00", -7),
            ("10:30:00 PST (UTC-8)", "10:30:00", -8),
            ("10:30:00 HST", "10:30:00", -10),
        ] {
            let expected = Some((rest, Offset::from_hours(hours).unwrap()));
            assert_eq!(zone_word(text), expected, "{text}");
        }
        for text in [
            "2026-11-08",
            "2026-11-28",
            "10:30 11-28-2026",
            "10:30 Lunar Standard Time",
            "10:30 p.m.",
            "10:30:00-99",
            "10:30:00 IST",
            "",
        ] {
            assert_eq!(zone_word(text), None, "{text}");
        }
    }

    #[test]
    fn a_zone_is_named_behind_a_time() {
        for text in [
            "10:30:00 PT",
            "10:30:00 America/Los_Angeles",
            "10:30:00[US/Pacific]",
            "10:30:00 PST8PDT",
            "10:30:00 Pacific",
            "10:30:00 Pacific Time",
            "10:30:00 (UTC-08:00) Pacific Time (US & Canada)",
        ] {
            assert_eq!(zone_name(text).map(|(rest, _)| rest), Some("10:30:00"), "{text}");
        }
        for text in ["10:30:00 Somewhere/Else", "Main St PT", "10:30:00 at", "PT"] {
            assert!(zone_name(text).is_none(), "{text}");
        }
    }
}
