//! Single values out of a vendor's JSON, and the sentences for those that cannot be used.
//!
//! Decides how a text, a number, a time or a place is read and how a refusal is worded. Never
//! guesses: a value of another kind than the format says is an error that names it, not a default.

use std::fmt;

pub(crate) use crate::fault::{Fault, clean};
use crate::instant::{self, EARLIEST_MILLIS, Zone};
use crate::nothing::says_nothing;
use schemas::read::Confidence;
use schemas::text::{Text, hidden};
use schemas::time::Timestamp;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// 2001-09-09 in seconds: a smaller number is no time of a reader in any unit.
const SECONDS_FROM: i64 = 1_000_000_000;

/// Longest value shown inside a sentence, in characters.
const LONGEST_SHOWN: usize = 60;

/// One value of a body.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) enum Scalar {
    /// `null`, or not there.
    #[default]
    Missing,
    Bool(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    /// A list or an object, in words.
    Nested(&'static str),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("null"),
            Self::Bool(value) => write!(f, "`{value}`"),
            Self::Whole(value) => write!(f, "`{value}`"),
            // With an exponent where it is long; a plain `1e300` has 300 digits.
            Self::Number(value) => write!(f, "`{value:?}`"),
            Self::Text(value) => write!(f, "the text `{}`", clean(value, LONGEST_SHOWN)),
            Self::Nested(words) => f.write_str(words),
        }
    }
}

impl Scalar {
    pub(crate) fn refused(&self, field: &str, expected: &str) -> Fault {
        Fault::new(format_args!("`{field}` is {self}; expected {expected}"))
    }

    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Whole(value) => *value != 0,
            Self::Text(value) => value == "true",
            _ => false,
        }
    }

    /// A text that is a number as that number, for formats that write every value as a text.
    pub(crate) fn loosened(&self) -> Self {
        let Self::Text(text) = self else { return self.clone() };
        let text = text.trim();
        // `nan` and `inf` are no numbers of a reader.
        let numeric =
            text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
        let whole = || text.parse().ok().map(Self::Whole);
        let number = || text.parse().ok().filter(|n: &f64| n.is_finite()).map(Self::Number);
        let value = if numeric { whole().or_else(number) } else { None };
        // `97,5`, as Europe writes it; in `1,234` the comma divides thousands or tenths, and nobody knows.
        let comma = || {
            let (units, tenths) = text.split_once(',')?;
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let units = units.strip_prefix('-').unwrap_or(units);
            let plain = digits(units) && digits(tenths) && (tenths.len() != 3 || units == "0");
            text.replace(',', ".").parse().ok().filter(|_| plain).map(Self::Number)
        };
        value.or_else(comma).unwrap_or_else(|| self.clone())
    }

    /// A text, or a whole number's digits; `None` when missing or blank.
    pub(crate) fn text(&self, field: &str) -> Result<Option<Text>, Fault> {
        let text: Text = match self {
            Self::Missing => return Ok(None),
            Self::Text(value) => value
                .parse()
                .map_err(|error| Fault::new(format_args!("`{field}` cannot be used: {error}")))?,
            Self::Whole(value) => value.to_string().parse()?,
            _ => return Err(self.refused(field, "a text")),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// As [`Self::text`], of a value that a read may be without: a word for nothing says nothing.
    pub(crate) fn said(&self, field: &str) -> Result<Option<Text>, Fault> {
        match self {
            Self::Text(value) if says_nothing(value) => Ok(None),
            // A line's end in the middle of a name, and what does not print, says nothing either.
            Self::Text(value) if value.chars().any(hidden) => {
                let plain = |c: char| if hidden(c) { ' ' } else { c };
                let plain: String = value.chars().map(plain).collect();
                let words: Vec<&str> = plain.split_whitespace().collect();
                Self::Text(words.join(" ")).text(field)
            }
            Self::Number(value) => Ok(value.to_string().parse().ok()),
            _ => self.text(field),
        }
    }

    /// Whether it is missing or a word for nothing.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Text(value) => says_nothing(value),
            _ => false,
        }
    }

    /// A number, also one that is written as a text. A word for nothing is none.
    pub(crate) fn number(&self, field: &str) -> Result<Option<f64>, Fault> {
        let loosened = self.loosened();
        match &loosened {
            Self::Missing => Ok(None),
            Self::Text(text) if says_nothing(text) => Ok(None),
            // Exact up to 2^53; no coordinate, score or heading comes near it.
            Self::Whole(value) => Ok(Some(*value as f64)),
            Self::Number(value) => Ok(Some(*value)),
            _ => Err(self.refused(field, "a number")),
        }
    }

    /// Milliseconds since 1970; seconds, millionths and billionths of them are told by their size.
    pub(crate) fn millis(&self, field: &str) -> Result<Option<Timestamp>, Fault> {
        let millis = match self.loosened() {
            Self::Missing => return Ok(None),
            Self::Whole(value) => value,
            Self::Number(value) if value.fract() == 0.0 && value.abs() < 1e15 => value as i64,
            // Some firmware writes the same field as people do.
            Self::Text(text) if text.contains(':') => {
                return instant::written(&text, field, None).map(Some);
            }
            _ => return Err(self.refused(field, "milliseconds since 1970")),
        };
        // Of other units there is no doubt: as milliseconds they are in no year that a reader can mean.
        let millis = match millis {
            // Seconds: as milliseconds they would be weeks after 1970, when there were no readers.
            SECONDS_FROM..EARLIEST_MILLIS => millis.saturating_mul(1_000),
            1_000_000_000_000_000..1_000_000_000_000_000_000 => millis / 1_000,
            1_000_000_000_000_000_000.. => millis / 1_000_000,
            _ => millis,
        };
        if millis < 0 {
            return Err(self.refused(field, "milliseconds since 1970, not a negative number"));
        }
        if millis < EARLIEST_MILLIS {
            return Err(self.refused(
                field,
                "milliseconds since 1970; it looks like a clock that was not set",
            ));
        }
        match Timestamp::from_millis(millis) {
            Some(at) => Ok(Some(at)),
            None => Err(self.refused(field, "milliseconds since 1970 of a year before 9999")),
        }
    }

    /// A time with its offset, or in the zone that was said for its source.
    pub(crate) fn instant(
        &self,
        field: &str,
        zone: Option<&Zone>,
    ) -> Result<Option<Timestamp>, Fault> {
        match self {
            Self::Missing => Ok(None),
            Self::Text(text) if text.trim().is_empty() => Ok(None),
            Self::Text(text) => instant::written(text, field, zone).map(Some),
            Self::Whole(_) | Self::Number(_) => self.millis(field),
            _ => Err(self.refused(field, "a time such as `2026-03-01T17:04:05Z`")),
        }
    }
}

/// A confidence out of `value` on a scale from 0 to `whole`.
pub(crate) fn confidence(
    value: &Scalar,
    field: &str,
    whole: f64,
) -> Result<Option<Confidence>, Fault> {
    let percent = match value {
        Scalar::Text(text) => in_percent(text).map(|text| Scalar::Text(text.into())),
        _ => None,
    };
    let (number, whole) = match &percent {
        Some(bare) => (share(bare, 100.0).map_err(|_| value.refused(field, "a share"))?, 100.0),
        None => (share(value, whole).map_err(|_| value.refused(field, "a number"))?, whole),
    };
    let Some(number) = number else { return Ok(None) };
    // Readers compute in single precision: a full score may come out a hair above it.
    let share = if number > whole && number <= whole * 1.000_01 { 1.0 } else { number / whole };
    match Confidence::try_from(share) {
        Ok(confidence) => Ok(Some(confidence)),
        Err(_) => Err(value.refused(field, &format!("0 to {whole}"))),
    }
}

/// A number of which a comma can only divide the fraction: by thousands it would be no share.
fn share(value: &Scalar, whole: f64) -> Result<Option<f64>, Fault> {
    let number = value.number("");
    match value {
        Scalar::Text(text) if number.is_err() && text.matches(',').count() == 1 => {
            let point = Scalar::Text(text.replace(',', ".")).number("");
            point.map(|point| point.filter(|number| *number <= whole)).or(number)
        }
        _ => number,
    }
}

/// `98.5 %`, `98.5 percent` and `98/100` without what says that it is in percent.
fn in_percent(text: &str) -> Option<&str> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let ending = ["%", "percent", "pct.", "pct", "/100"].into_iter().find(|of| lower.ends_with(of));
    let bare = ending.and_then(|of| text.get(..text.len().saturating_sub(of.len())));
    bare.or_else(|| text.strip_prefix('%')).map(str::trim)
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Missing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Whole(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(i64::try_from(value).map_or(Scalar::Number(value as f64), Scalar::Whole))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Scalar, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested("an object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(json: &str) -> Scalar {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn times_are_milliseconds_or_are_refused_by_name() {
        let at = scalar("1772384645250").millis("epoch_start").unwrap().unwrap();
        assert_eq!(at.to_string(), "2026-03-01T17:04:05.250Z");
        assert_eq!(scalar("1772384645250.0").millis("epoch_start"), Ok(Some(at)));
        for other in ["\"1772384645250\"", "1772384645250000", "1772384645250000000"] {
            assert_eq!(scalar(other).millis("epoch_start"), Ok(Some(at)), "{other}");
        }
        let second = scalar("1772384645").millis("epoch_start").unwrap().unwrap();
        assert_eq!(second.to_string(), "2026-03-01T17:04:05.000Z");
        assert_eq!(scalar("null").millis("epoch_start"), Ok(None));
        for (json, said) in [
            (
                "177238464",
                "`epoch_start` is `177238464`; expected milliseconds since 1970; it looks like a clock that was not set",
            ),
            (
                "-5",
                "`epoch_start` is `-5`; expected milliseconds since 1970, not a negative number",
            ),
            ("0", "it looks like a clock"),
            ("400000000000000", "of a year before 9999"),
            ("18446744073709551615", "expected milliseconds since 1970"),
            ("1e300", "expected milliseconds since 1970"),
            ("1772384645250.5", "expected milliseconds since 1970"),
            ("\"noon\"", "the text `noon`; expected milliseconds"),
            ("[1]", "is a list; expected milliseconds"),
        ] {
            let fault = scalar(json).millis("epoch_start").unwrap_err().into_sentence();
            assert!(fault.contains(said), "{fault}");
        }
    }

    #[test]
    fn a_confidence_has_a_scale() {
        let full = |json: &str| confidence(&scalar(json), "best_confidence", 100.0);
        assert_eq!(full("87.5").unwrap(), Some(Confidence::try_from(0.875).unwrap()));
        assert_eq!(full("100.0000076").unwrap(), Some(Confidence::try_from(1.0).unwrap()));
        assert_eq!(
            full("101").unwrap_err().into_sentence(),
            "`best_confidence` is `101`; expected 0 to 100"
        );
        assert!(full("-1").is_err());
        let half = Some(Confidence::try_from(0.5).unwrap());
        for text in [
            "\"50\"",
            "\"50 %\"",
            "\"50,0\"",
            "\" 50.0%\"",
            "\"% 50\"",
            "\"50 Percent\"",
            "\"50/100\"",
            "\"5.0E1\"",
            "\"50,000\"",
        ] {
            assert_eq!(full(text).unwrap(), half, "{text}");
        }
        for text in ["\"NULL\"", "\"-\"", "\"n/a\"", "\"\"", "null"] {
            assert_eq!(full(text).unwrap(), None, "{text}");
        }
        assert!(full("\"good\"").is_err());
    }

    #[test]
    fn sentences_are_bounded_and_print() {
        let flood = Scalar::Text("\u{1b}[2J".to_owned() + &"x".repeat(100_000));
        let said = flood.number("score").unwrap_err().into_sentence();
        assert!(said.len() < 200 && !said.contains('\u{1b}'), "{said}");
        assert!(Fault::new("y".repeat(5_000)).into_sentence().chars().count() <= 301);
    }
}
