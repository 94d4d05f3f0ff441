//! What a time may be that is written in no format of its mapping.
//!
//! Decides what can be read in one way only, whoever wrote it.

use jiff::civil::DateTime;

use crate::serial;

/// A pattern without its seconds.
pub(super) fn without_seconds(pattern: &str) -> Option<String> {
    pattern.contains(":%S%.f").then(|| pattern.replacen(":%S%.f", "", 1))
}

/// A spreadsheet's days; a date and a time that stand apart are its whole days and their part.
pub(super) fn excel_days(text: &str) -> Option<DateTime> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b' '));
    let number = |text: &str| text.trim().replacen(',', ".", 1).parse::<f64>().ok();
    let (days, part) = match text.split_once(' ') {
        Some((days, part)) => (number(days)?, number(part)?),
        None => (number(text)?, 0.0),
    };
    if plain && part < 1.0 { serial::civil(days + part) } else { None }
}

/// Whether a date with its year first stands before a time: there is one way to read it.
pub(super) fn year_first(text: &str) -> bool {
    let divided = matches!(text.as_bytes(), [a, b, c, d, b'-' | b'/', ..]
        if [a, b, c, d].iter().all(|b| b.is_ascii_digit()));
    divided && text.contains(':')
}
