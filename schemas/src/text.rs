//! Words that people type: bounded, and free of control characters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest free text that a message carries, in bytes of UTF-8.
pub const LONGEST: usize = 2_000;

/// A text of at most [`LONGEST`] bytes, trimmed, without control characters.
///
/// May be empty: whether a text is needed is a rule's decision, not a parser's. Bidirectional
/// overrides are refused with the control characters, so that a reason reads on every screen as it
/// was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct Text(String);

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It is longer than [`LONGEST`] bytes.
    #[error("text of {0} bytes is too long; at most {LONGEST} are carried")]
    TooLong(usize),
    /// It holds a character that does not print.
    #[error("text holds the unprintable character U+{0:04X}; remove it")]
    Control(u32),
}

impl Text {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A description as it is compared: small letters, and one space for whatever stands between words.
#[must_use]
pub fn plain(text: &str) -> String {
    let small = text.to_lowercase();
    let words = small.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

impl FromStr for Text {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(TextError::TooLong(text.len()));
        }
        match text.chars().find(|c| hidden(*c)) {
            Some(c) => Err(TextError::Control(u32::from(c))),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Text {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        text.parse()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_compared_by_their_words() {
        for (text, compared) in [
            (" Mercedes-Benz", "mercedes benz"),
            ("ŠKODA", "škoda"),
            ("suv_crossover", "suv crossover"),
            (" - ", ""),
        ] {
            assert_eq!(plain(text), compared, "{text}");
        }
    }

    #[test]
    fn hidden_characters_and_floods_are_refused() {
        assert_eq!(" ok ".parse::<Text>().unwrap().as_str(), "ok");
        assert_eq!("a\u{202E}b".parse::<Text>(), Err(TextError::Control(0x202E)));
        assert_eq!("a\nb".parse::<Text>(), Err(TextError::Control(0x0A)));
        assert_eq!("x".repeat(2_001).parse::<Text>(), Err(TextError::TooLong(2_001)));
    }
}
