//! The names of what sends or asks by itself: small letters, digits and hyphens, so that they stand in an
//! address as they are, and read as nothing else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
const LONGEST: usize = 64;

/// Why a word names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{word}` cannot name a {what}; expected 1 to {LONGEST} small letters, digits and hyphens, such as `{example}`"
)]
pub struct NameError {
    word: String,
    what: &'static str,
    example: &'static str,
}

fn fits(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(fits)
}

macro_rules! names {
    ($($(#[$doc:meta])* $type:ident: $what:literal, $example:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "json-schema", schemars(with = "String"))]
        pub struct $type(String);

        impl $type {
            /// The name's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(name: &str) -> Result<Self, NameError> {
                if fits(name) {
                    return Ok(Self(name.to_owned()));
                }
                let word = name.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
                Err(NameError { word, what: $what, example: $example })
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, NameError> {
                name.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// The name of a source.
    SourceName: "source", "gate-1";
    /// The name of a program.
    ProgramName: "program", "cad-1";
    /// The name of a device.
    DeviceName: "device", "mdt-12";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_an_address_as_it_is() {
        for good in ["gate-1", "a", "0", &"x".repeat(LONGEST)] {
            assert_eq!(good.parse::<SourceName>().map(String::from).as_deref(), Ok(good));
        }
        for bad in ["", "Gate", "a b", "../x", "a/b", "a%2e", "\u{e9}", &"x".repeat(LONGEST + 1)] {
            assert!(bad.parse::<SourceName>().is_err(), "{bad}");
        }
        // Nor does a peer's word for a program of its own read as anything else in somebody's log.
        let spoof = "\"cad-1, security key\"";
        assert!(serde_json::from_str::<ProgramName>(spoof).is_err());
    }
}
