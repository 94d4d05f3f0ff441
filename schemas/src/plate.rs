//! Licence plates as text that can be compared.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod as_read;

pub(crate) use as_read::separator;
pub use as_read::{LONGEST, NoPlate, UNREAD};

/// A plate as it is compared: `A`–`Z` and `0`–`9`, upper-cased, separators and symbols dropped, one to
/// ten characters (the width of NCIC's licence plate field). In the plate of a read, [`UNREAD`] stands for
/// each character that the reader could not make out; a plate that somebody types has none.
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
    /// A character that stands for others, or for one that was not read.
    #[error(
        "plate `{text}` holds `{found}`; expected letters A-Z and digits. A part of a plate is looked for with `--match partial`, `?` and `*`"
    )]
    Character {
        /// The text given, cut to 40 characters.
        text: String,
        /// The first character refused.
        found: char,
    },
}

/// A plate of which a reader wrote something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlateAsRead {
    /// What it is compared by.
    pub plate: Plate,
    /// Whether it is longer, and only its beginning is compared.
    pub cut: bool,
    /// Whether a letter of another script, or one with an accent, is compared as one of `A`-`Z`, or a letter
    /// or symbol is left out.
    pub folded: bool,
    /// Whether a spreadsheet had made a number or a formula of it.
    pub unwrapped: bool,
}

impl Plate {
    /// The plate that a reader wrote.
    ///
    /// # Errors
    /// When there is none to compare by.
    pub fn of_reader(text: &str) -> Result<PlateAsRead, NoPlate> {
        let as_read::Folded { text, cut, folded, unwrapped } = as_read::folded(text)?;
        Ok(PlateAsRead { plate: Self(text), cut, folded, unwrapped })
    }

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

/// Whether what a database or a message holds is a plate as it is compared.
fn is_compared(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|b| plain(b) || b == UNREAD as u8)
        && text.bytes().any(plain)
}

impl FromStr for Plate {
    type Err = PlateError;

    /// As somebody types it, with the separators and symbols that stand on the plate.
    fn from_str(text: &str) -> Result<Self, PlateError> {
        let shown = || text.chars().take(40).collect::<String>();
        if let Some(found) = text.chars().find(|c| matches!(*c, '*' | '_' | '#' | '%' | UNREAD)) {
            return Err(PlateError::Character { text: shown(), found });
        }
        match Self::of_reader(text) {
            Ok(one) if one.cut => Err(PlateError::TooLong(shown())),
            Ok(one) if one.plate.0.contains(UNREAD) => {
                Err(PlateError::Character { text: shown(), found: UNREAD })
            }
            Ok(one) => Ok(one.plate),
            Err(_) => Err(PlateError::Empty(shown())),
        }
    }
}

impl TryFrom<String> for Plate {
    type Error = PlateError;

    fn try_from(text: String) -> Result<Self, PlateError> {
        if is_compared(&text) { Ok(Self(text)) } else { text.parse() }
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
        assert!(matches!(
            "7AB_123".parse::<Plate>(),
            Err(PlateError::Character { found: '_', .. })
        ));
        assert_eq!("AB/C\u{2665}125".parse::<Plate>().unwrap().as_str(), "ABC125");
        assert_eq!(Plate::try_from("7AB?123".to_owned()).unwrap().as_str(), "7AB?123");
        assert!(Plate::try_from("???".to_owned()).is_err());
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
