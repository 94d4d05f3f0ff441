//! Places of the tree over exchanges: all, a month, a day, and inside a day those whose query id's
//! digest begins with some hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::time::Timestamp;

/// `` (all), `2026-03`, `2026-03-01`, `2026-03-01/a3`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct TreePath(String);

/// Why a text is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place; expected nothing, `2026-03`, `2026-03-01` or `2026-03-01/a3`")]
pub struct TreePathError(String);

/// Bytes of `2026-03`.
const MONTH: usize = 7;
/// Bytes of `2026-03-01`.
const DAY: usize = 10;
/// Hexadecimal digits of a digest.
const DIGITS: usize = 64;

impl TreePath {
    /// Where all exchanges stand.
    #[must_use]
    pub const fn all() -> Self {
        Self(String::new())
    }

    /// The UTC day of an instant.
    #[must_use]
    pub fn day(at: Timestamp) -> Self {
        Self(at.day())
    }

    /// Whether it is a day or a part of one.
    #[must_use]
    pub const fn is_in_day(&self) -> bool {
        self.0.len() >= DAY
    }

    /// The month of a day.
    #[must_use]
    pub fn month(&self) -> Self {
        Self(self.0.chars().take(MONTH).collect())
    }

    /// The part of a day, or of such a part, whose next hexadecimal digit is this one.
    #[must_use]
    pub fn part(&self, digit: u8) -> Self {
        let slash = if self.0.len() == DAY { "/" } else { "" };
        Self(format!("{}{slash}{:x}", self.0, digit & 15))
    }

    /// The hexadecimal digits that it names.
    pub fn nibbles(&self) -> impl Iterator<Item = u8> {
        let digits = self.0.bytes().skip(DAY + 1);
        digits.map(|digit| if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 })
    }

    /// Whether it is `other` or a part of it.
    #[must_use]
    pub fn is_in(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// How many hexadecimal digits it names.
    #[must_use]
    pub const fn digits(&self) -> usize {
        self.0.len().saturating_sub(DAY + 1)
    }

    /// Whether an exchange with this time of signing and digest of its query id stands here.
    ///
    /// # Errors
    /// Never for a time that can be written.
    pub fn holds(&self, at: Timestamp, key: &Digest) -> Result<bool, TreePathError> {
        let whole = format!("{}/{key}", at.day());
        if whole.len() == DAY + 1 + DIGITS {
            Ok(whole.starts_with(&self.0))
        } else {
            Err(TreePathError(whole.chars().take(80).collect()))
        }
    }

    /// Whether it stands on the next level below `parent`.
    #[must_use]
    pub fn is_child_of(&self, parent: &Self) -> bool {
        let level = match parent.0.len() {
            0 => MONTH,
            MONTH => DAY,
            DAY => DAY + 2,
            length => length.saturating_add(1),
        };
        self.0.len() == level && self.0.starts_with(&parent.0)
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TreePath {
    type Err = TreePathError;

    fn from_str(text: &str) -> Result<Self, TreePathError> {
        let refused = || TreePathError(text.chars().take(80).collect());
        let (date, digits) = match text.split_once('/') {
            Some((date, digits)) if date.len() == DAY && !digits.is_empty() => (date, digits),
            Some(_) => return Err(refused()),
            None => (text, ""),
        };
        let whole = match date.len() {
            0 => "2000-01-01".to_owned(),
            MONTH => format!("{date}-01"),
            DAY => date.to_owned(),
            _ => return Err(refused()),
        };
        // A day is written as itself and not otherwise.
        let day: Timestamp = format!("{whole}T00:00:00Z").parse().map_err(|_| refused())?;
        let hex = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if day.day() == whole && hex && digits.len() <= DIGITS {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused())
        }
    }
}

impl TryFrom<String> for TreePath {
    type Error = TreePathError;

    fn try_from(text: String) -> Result<Self, TreePathError> {
        text.parse()
    }
}

impl From<TreePath> for String {
    fn from(path: TreePath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_has_one_spelling() {
        for text in ["", "2026-03", "2026-03-01", "2026-03-01/a", "2026-03-01/a3"] {
            assert_eq!(text.parse::<TreePath>().unwrap().to_string(), text);
        }
        let long = format!("2026-03-01/{}", "a".repeat(65));
        for text in [
            "2026",
            "2026-3",
            "2026-13",
            "2026-02-30",
            "2026-03-01/",
            "2026-03-01/A",
            "2026-03/a",
            "2026-03-01/a/b",
            "+026-03",
            " ",
            &long,
        ] {
            assert!(text.parse::<TreePath>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_exchange_stands_at_one_place_of_each_level(millis in 0i64..4_000_000_000_000, key in any::<[u8; 32]>(), other in any::<[u8; 32]>()) {
            let (at, key) = (Timestamp::from_millis(millis).unwrap(), Digest::from_bytes(key));
            let other = Digest::from_bytes(other);
            let day = TreePath::day(at);
            let mut levels = vec![day.month(), day.clone()];
            let mut digits = day;
            for byte in key.as_bytes() {
                for digit in [byte >> 4, byte & 15] {
                    digits = digits.part(digit);
                    levels.push(digits.clone());
                }
            }
            prop_assert_eq!(levels.last().unwrap().nibbles().count(), 64);
            let mut place = TreePath::all();
            for below in levels {
                prop_assert!(below.is_in(&place) && !place.is_in(&below));
                prop_assert!(below.is_child_of(&place) && !place.is_child_of(&below));
                prop_assert!(below.holds(at, &key).unwrap());
                prop_assert_eq!(below.to_string().parse::<TreePath>().unwrap(), below.clone());
                place = below;
            }
            prop_assert_eq!(place.holds(at, &other).unwrap(), key == other);
        }

        #[test]
        fn parsing_never_panics(text in ".{0,90}") {
            let _ = text.parse::<TreePath>();
        }
    }
}
