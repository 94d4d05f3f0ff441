//! Words that people type: bounded, and free of control characters.

use std::borrow::Cow;
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

/// Whether a character does not print as itself: control characters, and those of Unicode's category
/// Cf, which reorder, join or hide what stands around them.
#[must_use]
pub fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}'
            | '\u{890}'..='\u{891}' | '\u{8E2}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E007F}')
}

/// The first character of a text of several lines that does not print as itself, and its line, from 1.
/// Line feeds and tabs are what lines are made of.
#[must_use]
pub fn hidden_in_lines(text: &str) -> Option<(usize, char)> {
    (1..).zip(text.split('\n')).find_map(|(line, words)| {
        words.chars().find(|c| hidden(*c) && *c != '\t').map(|c| (line, c))
    })
}

/// A text that somebody else wrote, as it may be shown: what does not print as itself is written as
/// its number, `\u{202E}`. Line feeds and tabs stay.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let shows = |c: char| !hidden(c) || matches!(c, '\n' | '\t');
    if text.chars().all(shows) {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| {
        if shows(c) { String::from(c) } else { format!("\\u{{{:X}}}", u32::from(c)) }
    };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// A text that somebody else wrote, as it may be shown or kept on one line: [`visible`], with a space for
/// each line feed and tab.
#[must_use]
pub fn one_line(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

/// A line of JSON as it may be shown. What does not print stands in its strings alone, and is written as
/// JSON's escapes, which say the same.
#[must_use]
pub fn visible_json(line: &str) -> String {
    let mut written = String::with_capacity(line.len());
    for c in line.chars() {
        if hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                written.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            written.push(c);
        }
    }
    written
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
        assert_eq!("a\u{61C}b".parse::<Text>(), Err(TextError::Control(0x61C)));
        assert_eq!("x".repeat(2_001).parse::<Text>(), Err(TextError::TooLong(2_001)));
    }

    #[test]
    fn lines_hold_what_prints_and_a_sink_shows_what_does_not() {
        for (text, found, shown) in [
            ("# plain\n\tkey = 1\n", None, "# plain\n\tkey = 1\n"),
            ("a\n# \u{202E}b", Some((2, '\u{202E}')), "a\n# \\u{202E}b"),
            ("\u{1B}[2K", Some((1, '\u{1B}')), "\\u{1B}[2K"),
            ("a\n\n\u{9B}1A", Some((3, '\u{9B}')), "a\n\n\\u{9B}1A"),
            ("a\r\nb", Some((1, '\r')), "a\\u{D}\nb"),
            ("ok\u{E0041}", Some((1, '\u{E0041}')), "ok\\u{E0041}"),
            ("Škoda, 車, \u{1F693}", None, "Škoda, 車, \u{1F693}"),
        ] {
            assert_eq!(hidden_in_lines(text), found, "{text:?}");
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn json_says_the_same_and_prints() {
        let words = "a\u{202E}b\u{9B}1A\u{1B}[2K\u{E0041}\tŠ \u{1F693}\n";
        let line = serde_json::to_string(words).unwrap();
        let shown = visible_json(&line);
        assert!(!shown.chars().any(hidden), "{shown:?}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), words);
    }
}
