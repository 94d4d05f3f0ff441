//! A part of a text, by a regular expression.
//!
//! Matching takes time in proportion to the text, whatever the expression; what it compiles to is bounded.

use std::str::FromStr;

use regex::{Regex, RegexBuilder};

use super::error::MappingError;
use crate::field::clean;

/// Longest expression, in bytes.
const LONGEST: usize = 500;
/// What one may compile to, in bytes.
const COMPILED: usize = 256 << 10;
/// Longest text that is looked through, in bytes; a value is no document.
const LONGEST_TEXT: usize = 64 << 10;

/// A regular expression whose first group, or whose whole match, is the value.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// The part of a text; `None` where it does not match.
    pub(crate) fn part<'a>(&self, text: &'a str) -> Option<&'a str> {
        let text = Some(text).filter(|text| text.len() <= LONGEST_TEXT)?;
        let found = self.0.captures(text)?;
        found.get(1).or_else(|| found.get(0)).map(|part| part.as_str())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl FromStr for Pattern {
    type Err = MappingError;

    fn from_str(text: &str) -> Result<Self, MappingError> {
        let shown = clean(text, 60);
        if text.len() > LONGEST {
            return Err(MappingError::new(format_args!(
                "pattern `{shown}` is longer than {LONGEST} bytes"
            )));
        }
        let built = RegexBuilder::new(text).size_limit(COMPILED).dfa_size_limit(COMPILED).build();
        let regex = built.map_err(|error| {
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default().trim();
            MappingError::new(format_args!("pattern `{shown}` cannot be used: {last}"))
        })?;
        if regex.captures_len() > 2 {
            return Err(MappingError::new(format_args!(
                "pattern `{shown}` has more than one group; write `(?:…)` for those that are no value"
            )));
        }
        Ok(Self(regex))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_or_the_whole_is_the_part() {
        let part = |pattern: &str, text: &str| {
            pattern.parse::<Pattern>().unwrap().part(text).map(str::to_owned)
        };
        assert_eq!(part("^([A-Z0-9]+):", "8ABC123:91%,car:88%").as_deref(), Some("8ABC123"));
        assert_eq!(part("[0-9]+", "Lane 12 N").as_deref(), Some("12"));
        assert_eq!(part("^x", "abc"), None);
        for bad in ["(", "(a)(b)", &"a".repeat(501), r"\w{1000}{1000}"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }
}
