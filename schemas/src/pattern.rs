//! Part of a plate: what a witness remembers, with `*` and `?` for the rest.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::plate::{LONGEST, Plate, UNREAD, separator};

/// A pattern that plates fit: `A`–`Z` and `0`–`9`, `?` for exactly one character, `*` for any run
/// of them or none.
///
/// Upper-cased and without separators, as a [`Plate`] is. Letters, digits and `?` are together no
/// more than a plate's characters. Between two letters or digits, `?` stand before one `*`: so there
/// is one way to write a pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct PlatePattern(String);

/// Why a text is no pattern of a plate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing is left once separators are dropped.
    #[error("plate pattern `{0}` is empty; expected letters, digits, `?` and `*`")]
    Empty(String),
    /// It stands for more characters than any plate has.
    #[error("plate pattern `{0}` is too long; expected at most 10 letters, digits and `?`")]
    TooLong(String),
    /// A character that no plate is compared by.
    #[error("plate pattern `{text}` holds `{found}`; expected letters A-Z, digits, `?` and `*`")]
    Character {
        /// The text given, cut to 40 characters.
        text: String,
        /// The first character refused.
        found: char,
    },
}

impl PlatePattern {
    /// The pattern's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many letters and digits it names.
    #[must_use]
    pub fn known(&self) -> usize {
        self.0.bytes().filter(u8::is_ascii_alphanumeric).count()
    }

    /// Whether it leaves anything open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.contains(open)
    }

    /// The letters and digits that it begins with.
    #[must_use]
    pub fn leading(&self) -> &str {
        self.0.split(open).next().unwrap_or_default()
    }

    /// The letters and digits that it ends with.
    #[must_use]
    pub fn trailing(&self) -> &str {
        self.0.rsplit(open).next().unwrap_or_default()
    }

    /// Whether a plate fits. A character that its reader could not make out may be any: it stands for letters
    /// and digits of the pattern too, for a third of them and for two at most.
    #[must_use]
    pub fn fits(&self, plate: &Plate) -> bool {
        let unread = (self.known() / 3).min(UNREAD_FOR);
        // A bit for each length of the pattern's beginning that fits what was seen of the plate; a set of them
        // for each number of letters and digits that an unread character stands for.
        let mut at = [0_u32; UNREAD_FOR + 1];
        at[0] = self.through_runs(1);
        for c in plate.as_str().chars() {
            let mut next = [0_u32; UNREAD_FOR + 1];
            let mut before = 0;
            for (next, at) in next.iter_mut().zip(at).take(unread.saturating_add(1)) {
                for (n, of) in self.0.chars().enumerate() {
                    let step = |at: u32| if at & (1 << n) == 0 { 0 } else { (1 << n) << 1 };
                    *next |= match of {
                        '*' => at & (1 << n),
                        '?' => step(at),
                        of if of == c => step(at),
                        _ if c == UNREAD => step(before),
                        _ => 0,
                    };
                }
                *next = self.through_runs(*next);
                before = at;
            }
            at = next;
        }
        at.iter().any(|at| at & (1 << self.0.len()) != 0)
    }

    /// Where a run of none leads too.
    fn through_runs(&self, at: u32) -> u32 {
        self.0.bytes().enumerate().fold(at, |at, (n, of)| {
            if of == b'*' && at & (1 << n) != 0 { at | (1 << n) << 1 } else { at }
        })
    }
}

/// Most letters and digits of a pattern that characters stand for which were not read.
const UNREAD_FOR: usize = 2;

const fn open(c: char) -> bool {
    matches!(c, '*' | '?')
}

impl FromStr for PlatePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let shown = || text.chars().take(40).collect::<String>();
        let mut pattern = String::new();
        let (mut any, mut characters) = (false, 0usize);
        for c in text.chars().filter(|c| !separator(*c)) {
            if c == '*' {
                any = true;
                continue;
            }
            if c != '?' {
                if !c.is_ascii_alphanumeric() {
                    return Err(PatternError::Character { text: shown(), found: c });
                }
                if std::mem::take(&mut any) {
                    pattern.push('*');
                }
            }
            characters = characters.saturating_add(1);
            if characters > LONGEST {
                return Err(PatternError::TooLong(shown()));
            }
            pattern.push(c.to_ascii_uppercase());
        }
        if any {
            pattern.push('*');
        }
        if pattern.is_empty() { Err(PatternError::Empty(shown())) } else { Ok(Self(pattern)) }
    }
}

impl TryFrom<String> for PlatePattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<PlatePattern> for String {
    fn from(pattern: PlatePattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for PlatePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PlatePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> PlatePattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_plate_fits_the_patterns_of_its_parts() {
        let table = [
            ("8ABC123", "8ABC123", true),
            ("8ABC123", "8abc-123", true),
            ("8ABC123", "8AB*", true),
            ("8ABC123", "*123", true),
            ("8ABC123", "*", true),
            ("8ABC123", "8?BC?2*", true),
            ("8ABC123", "8ABC123*", true),
            ("8ABC123", "8ABC12", false),
            ("8ABC123", "8ABC123?", false),
            ("8ABC123", "???????", true),
            ("8ABC123", "??????", false),
            ("8ABC123", "9*", false),
            ("8ABC123", "*4", false),
            ("8ABC123", "*B*B*", false),
            ("8ABB123", "*B*B*", true),
            ("AAAAAAAAAB", "*A*A*A*A*A*A*", true),
            ("AAAAAAAAAB", "*A*A*A*A*A*A", false),
        ];
        for (plate, text, expected) in table {
            assert_eq!(pattern(text).fits(&plate.parse().unwrap()), expected, "{plate} {text}");
        }
    }

    #[test]
    fn a_character_that_was_not_read_may_be_any_but_not_for_most_of_a_pattern() {
        for (plate, text, expected) in [
            ("8AB?123", "8ABC*", true),
            ("8AB?123", "8AB?123", true),
            ("8AB?123", "*C12*", true),
            ("?ABC123", "8ABC123", true),
            ("8?BC12?", "8ABC123", true),
            ("8ABC12?", "*9", false),
            ("8ABC12?", "*29", false),
            ("8ABC12?", "*129", true),
            ("8AB?12?", "8ABC129", true),
            ("8AB?12?", "*C129", false),
            ("8A??12?", "8ABC129", false),
            ("8A?1234", "8ABC1234", false),
            ("8AB?123", "9ABC*", false),
        ] {
            let plate = Plate::try_from(plate.to_owned()).unwrap();
            assert_eq!(pattern(text).fits(&plate), expected, "{plate} {text}");
        }
    }

    #[test]
    fn there_is_one_way_to_write_a_pattern() {
        for (text, written) in
            [("7a**b", "7A*B"), ("7*?*b", "7?*B"), ("7?*?b", "7??*B"), (" *-* ", "*")]
        {
            assert_eq!(pattern(text).as_str(), written, "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        assert!(matches!("- ".parse::<PlatePattern>(), Err(PatternError::Empty(_))));
        assert!(matches!("ABCDE?????1".parse::<PlatePattern>(), Err(PatternError::TooLong(_))));
        for found in ['%', '[', '\'', '\\', 'É'] {
            let text = format!("7A{found}*");
            let refused = text.parse::<PlatePattern>();
            assert_eq!(refused, Err(PatternError::Character { text, found }));
        }
    }

    #[test]
    fn what_a_pattern_begins_and_ends_with_is_known() {
        for (text, leading, trailing, known) in [
            ("7AB*12", "7AB", "12", 5),
            ("?AB*", "", "", 2),
            ("*12", "", "12", 2),
            ("7A?", "7A", "", 2),
            ("7AB", "7AB", "7AB", 3),
        ] {
            let pattern = pattern(text);
            assert_eq!((pattern.leading(), pattern.trailing()), (leading, trailing), "{text}");
            assert_eq!(pattern.known(), known, "{text}");
        }
    }

    /// By trying every length for each run.
    fn by_trying(pattern: &[u8], plate: &[u8]) -> bool {
        match pattern.split_first() {
            None => plate.is_empty(),
            Some((b'*', rest)) => (0..=plate.len()).any(|n| by_trying(rest, &plate[n..])),
            Some((of, rest)) => plate
                .split_first()
                .is_some_and(|(c, plate)| (*of == b'?' || of == c) && by_trying(rest, plate)),
        }
    }

    proptest! {
        #[test]
        fn parsing_is_total_and_idempotent(text in ".{0,40}") {
            if let Ok(pattern) = text.parse::<PlatePattern>() {
                prop_assert!(pattern.as_str().len() <= 2 * LONGEST + 1);
                prop_assert_eq!(pattern.as_str().parse::<PlatePattern>().unwrap(), pattern);
            }
        }

        #[test]
        fn writing_it_otherwise_changes_nothing(
            text in "[AB?*]{1,8}", plates in prop::collection::vec("[AB]{1,8}", 1..9),
        ) {
            let pattern = pattern(&text);
            for plate in plates {
                let fits = by_trying(text.as_bytes(), plate.as_bytes());
                prop_assert_eq!(pattern.fits(&plate.parse().unwrap()), fits, "{} {}", plate, text);
            }
        }
    }
}
