//! Who an agency is: its id, kind, state and ORI.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An agency's id: a slug such as `monrovia-ca-pd`.
///
/// Three to 64 characters of `a`–`z`, `0`–`9` and single inner hyphens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct AgencyId(String);

/// Why a text names no agency, kind, state or ORI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgencyError {
    /// Not a slug.
    #[error(
        "`{0}` is not an agency id; expected 3 to 64 of a-z, 0-9 and inner hyphens, such as `monrovia-ca-pd`"
    )]
    Id(String),
    /// Not one of the kinds.
    #[error("`{0}` is not an agency kind; expected one of {expected}", expected = AgencyKind::list())]
    Kind(String),
    /// Not a two-letter code.
    #[error("`{0}` is not a state; expected two letters such as `CA`")]
    State(String),
    /// Not nine characters.
    #[error("`{0}` is not an ORI; expected nine letters and digits such as `CA0190000`")]
    Ori(String),
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

impl AgencyId {
    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AgencyId {
    type Err = AgencyError;

    fn from_str(text: &str) -> Result<Self, AgencyError> {
        let slug = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let inner = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
        if slug && inner && (3..=64).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AgencyError::Id(shown(text)))
        }
    }
}

/// A two-letter state or territory code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct State([u8; 2]);

impl State {
    /// California, whose law decides who may hold authority.
    pub const CALIFORNIA: Self = Self(*b"CA");

    fn letters(self) -> [char; 2] {
        self.0.map(char::from)
    }
}

impl FromStr for State {
    type Err = AgencyError;

    fn from_str(text: &str) -> Result<Self, AgencyError> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(AgencyError::State(shown(text))),
        }
    }
}

/// An ORI: the nine-character identifier that NCIC gives an agency.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct Ori(String);

impl FromStr for Ori {
    type Err = AgencyError;

    fn from_str(text: &str) -> Result<Self, AgencyError> {
        if text.len() == 9 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(AgencyError::Ori(shown(text)))
        }
    }
}

macro_rules! text_form {
    ($($name:ident => |$value:ident| $text:expr),* $(,)?) => {$(
        impl TryFrom<String> for $name {
            type Error = AgencyError;
            fn try_from(text: String) -> Result<Self, AgencyError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $value = self;
                f.write_str(&$text)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

text_form! {
    AgencyId => |id| id.0,
    State => |state| state.letters().iter().collect::<String>(),
    Ori => |ori| ori.0,
}

/// What sort of body an agency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AgencyKind {
    /// A city's police department.
    Police,
    /// A county's sheriff.
    Sheriff,
    /// A port's or harbour district's police.
    PortPolice,
    /// Police of a public campus.
    CampusPolice,
    /// A district or city attorney.
    Prosecutor,
    /// An agency of the state.
    State,
    /// A joint-powers agency.
    Regional,
    /// An agency of the United States.
    Federal,
    /// A tribal agency.
    Tribal,
    /// Police of a private campus.
    CampusPrivate,
    /// A private body.
    Private,
    /// A commercial body.
    Commercial,
}

impl AgencyKind {
    /// Every kind, in the order of the published list.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Police, "police"),
        (Self::Sheriff, "sheriff"),
        (Self::PortPolice, "port_police"),
        (Self::CampusPolice, "campus_police"),
        (Self::Prosecutor, "prosecutor"),
        (Self::State, "state"),
        (Self::Regional, "regional"),
        (Self::Federal, "federal"),
        (Self::Tribal, "tribal"),
        (Self::CampusPrivate, "campus_private"),
        (Self::Private, "private"),
        (Self::Commercial, "commercial"),
    ];

    fn list() -> String {
        Self::ALL.map(|(_, code)| code).join(", ")
    }

    /// The published code.
    #[must_use]
    pub fn code(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, code)| code)
    }

    /// Whether an agency of this kind in `state` is a *public agency*: "the state, a city, county,
    /// or city and county, or any agency or political subdivision" of them (Civil Code 1798.90.5(f)).
    ///
    /// Out-of-state and federal agencies are not (Attorney General bulletin 2023-DLE-06).
    #[must_use]
    pub fn is_public_agency(self, state: State) -> bool {
        state == State::CALIFORNIA
            && matches!(
                self,
                Self::Police
                    | Self::Sheriff
                    | Self::PortPolice
                    | Self::CampusPolice
                    | Self::Prosecutor
                    | Self::State
                    | Self::Regional
            )
    }
}

impl FromStr for AgencyKind {
    type Err = AgencyError;

    fn from_str(text: &str) -> Result<Self, AgencyError> {
        Self::ALL
            .iter()
            .find(|(_, code)| *code == text)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| AgencyError::Kind(shown(text)))
    }
}

impl fmt::Display for AgencyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_strict() {
        for good in ["abc", "monrovia-ca-pd", "a1-b2"] {
            assert_eq!(good.parse::<AgencyId>().unwrap().as_str(), good);
        }
        for bad in ["", "ab", "-abc", "abc-", "a--b", "Abc", "a_b", "a/b", "é-ca-pd"] {
            assert!(bad.parse::<AgencyId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_public_bodies_of_california_are_public_agencies() {
        let nevada: State = "nv".parse().unwrap();
        let public: Vec<&str> = AgencyKind::ALL
            .iter()
            .filter(|(kind, _)| kind.is_public_agency(State::CALIFORNIA))
            .map(|(_, code)| *code)
            .collect();
        assert_eq!(
            public,
            [
                "police",
                "sheriff",
                "port_police",
                "campus_police",
                "prosecutor",
                "state",
                "regional"
            ]
        );
        assert!(AgencyKind::ALL.iter().all(|(kind, _)| !kind.is_public_agency(nevada)));
    }

    #[test]
    fn codes_round_trip() {
        for (kind, code) in AgencyKind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{code}\""));
            assert_eq!(code.parse::<AgencyKind>().unwrap(), kind);
        }
    }
}
