//! The names of keys.

use std::fmt;
use std::str::FromStr;

/// The name of a key: what stands on its signature lines.
///
/// Not empty; holds no white space of Unicode, no `+` and no ASCII control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// From a text that is a name by construction.
    pub(crate) const fn from_slug(slug: String) -> Self {
        Self(slug)
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let refused = |c: char| c.is_whitespace() || c < ' ' || c == '+';
        if text.is_empty() || text.contains(refused) {
            Err(KeyNameError(text.chars().take(80).collect()))
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no name of a key; holds its beginning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a key name; expected a text without spaces and `+`")]
pub struct KeyNameError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_no_space_plus_or_control_character() {
        for good in ["a", "example.com/foo", "accord/monrovia-ca-pd", "Müller/Ω"] {
            assert!(good.parse::<KeyName>().is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "a+b", "a\u{a0}b", "a\u{2003}", "a\n", "a\tb", "a\u{1}"] {
            assert!(bad.parse::<KeyName>().is_err(), "{bad:?}");
        }
    }
}
