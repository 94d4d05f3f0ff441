//! Licence plates as text that can be compared.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A plate as it is compared: `A`–`Z` and `0`–`9`, upper-cased, separators dropped, one to ten
/// characters (the width of NCIC's licence plate field).
///
/// The text as the reader gave it is kept beside it (`plate_raw` of a read).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct Plate(String);

/// Why a text is not a plate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlateError {
    /// Nothing is left once separators are dropped.
    #[error("plate `{0}` is empty; expected 1 to 10 letters and digits")]
    Empty(String),
    /// More characters than any plate has.
    #[error("plate `{0}` is too long; expected 1 to 10 letters and digits")]
    TooLong(String),
    /// A character that no plate is compared by.
    #[error("plate `{text}` holds `{found}`; expected letters A-Z and digits")]
    Character {
        /// The text given, cut to 40 characters.
        text: String,
        /// The first character refused.
        found: char,
    },
}

/// Longest plate, in characters.
pub const LONGEST: usize = 10;

impl Plate {
    /// The plate's characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Of characters that are known to be a plate's.
    pub(crate) fn known(text: String) -> Self {
        Self(text)
    }
}

pub(crate) fn separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '_' | '\u{B7}' | '\u{2010}'..='\u{2015}')
}

impl FromStr for Plate {
    type Err = PlateError;

    fn from_str(text: &str) -> Result<Self, PlateError> {
        let shown = || text.chars().take(40).collect::<String>();
        let mut plate = String::with_capacity(LONGEST);
        for c in text.chars().filter(|c| !separator(*c)) {
            if !c.is_ascii_alphanumeric() {
                return Err(PlateError::Character { text: shown(), found: c });
            }
            if plate.len() == LONGEST {
                return Err(PlateError::TooLong(shown()));
            }
            plate.push(c.to_ascii_uppercase());
        }
        if plate.is_empty() { Err(PlateError::Empty(shown())) } else { Ok(Self(plate)) }
    }
}

impl TryFrom<String> for Plate {
    type Error = PlateError;

    fn try_from(text: String) -> Result<Self, PlateError> {
        text.parse()
    }
}

impl From<Plate> for String {
    fn from(plate: Plate) -> Self {
        plate.0
    }
}

impl fmt::Display for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn separators_are_dropped_and_letters_raised() {
        assert_eq!("7abc-123".parse::<Plate>().unwrap().as_str(), "7ABC123");
        assert_eq!(" 8 xyz·999 ".parse::<Plate>().unwrap().as_str(), "8XYZ999");
    }

    #[test]
    fn what_is_not_a_plate_is_named() {
        assert_eq!("- -".parse::<Plate>(), Err(PlateError::Empty("- -".into())));
        assert!(matches!(
            "7ABC12*".parse::<Plate>(),
            Err(PlateError::Character { found: '*', .. })
        ));
        assert!(matches!("ABCDEFGHIJK".parse::<Plate>(), Err(PlateError::TooLong(_))));
    }

    proptest! {
        #[test]
        fn parsing_is_total_and_idempotent(text in ".{0,40}") {
            if let Ok(plate) = text.parse::<Plate>() {
                prop_assert!((1..=LONGEST).contains(&plate.as_str().len()));
                prop_assert_eq!(plate.as_str().parse::<Plate>().unwrap(), plate);
            }
        }
    }
}
