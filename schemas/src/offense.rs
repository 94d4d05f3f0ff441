//! The offence that a query is about, and what the vehicle has to do with it: typed, so that they can be
//! counted and held against a policy.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::statute::Statute;
use crate::text::Text;

/// Most offences of one query.
pub const MOST: usize = 8;

/// Longest code of an offence.
const LONGEST: usize = 60;

/// An offence: a section such as `PC 245(a)(2)`, or a code of the published list such as
/// `hit_and_run`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct Offense(String);

/// What the vehicle has to do with the offence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub enum VehicleRole {
    /// A suspect's.
    Suspect,
    /// A victim's.
    Victim,
    /// A witness's.
    Witness,
    /// It is stolen.
    Stolen,
    /// A missing person's.
    MissingPerson,
    /// In words; never empty.
    Other(Text),
}

/// Why a text is no offence or role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OffenseError {
    /// Not an offence.
    #[error(
        "`{0}` is no offence; expected a section such as `PC 245(a)(2)` or a code such as `hit_and_run`"
    )]
    Offense(String),
    /// Not a role.
    #[error(
        "`{0}` is no role of a vehicle; expected suspect, victim, witness, stolen, missing_person, or `other: ` and words"
    )]
    Role(String),
}

impl Offense {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The section that it is; `None` where it is a code of a list.
    #[must_use]
    pub fn statute(&self) -> Option<Statute> {
        self.0.parse().ok()
    }
}

/// The offences of one query as they are read: at most [`MOST`], each once.
///
/// # Errors
/// Of the deserializer; when there are more, or one stands twice.
pub(crate) fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Offense>, D::Error> {
    struct Few;

    impl<'de> Visitor<'de> for Few {
        type Value = Vec<Offense>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MOST} different offences")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Offense>, A::Error> {
            let mut all: Vec<Offense> = Vec::new();
            while let Some(offense) = seq.next_element()? {
                if all.len() == MOST {
                    let more = "more than 8 offences; name those that matter most";
                    return Err(A::Error::custom(more));
                }
                if all.contains(&offense) {
                    let twice = format!("the offence `{offense}` twice; name it once");
                    return Err(A::Error::custom(twice));
                }
                all.push(offense);
            }
            Ok(all)
        }
    }

    deserializer.deserialize_seq(Few)
}

fn is_code(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

impl FromStr for Offense {
    type Err = OffenseError;

    fn from_str(text: &str) -> Result<Self, OffenseError> {
        if text.len() <= LONGEST && (text.parse::<Statute>().is_ok() || is_code(text)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(OffenseError::Offense(text.chars().take(LONGEST).collect()))
        }
    }
}

const ROLES: [(VehicleRole, &str); 5] = [
    (VehicleRole::Suspect, "suspect"),
    (VehicleRole::Victim, "victim"),
    (VehicleRole::Witness, "witness"),
    (VehicleRole::Stolen, "stolen"),
    (VehicleRole::MissingPerson, "missing_person"),
];

/// What stands before a role in words.
const OTHER: &str = "other: ";

impl FromStr for VehicleRole {
    type Err = OffenseError;

    fn from_str(text: &str) -> Result<Self, OffenseError> {
        if let Some((role, _)) = ROLES.iter().find(|(_, code)| *code == text) {
            return Ok(role.clone());
        }
        let refused = || OffenseError::Role(text.chars().take(80).collect());
        let words = text.strip_prefix(OTHER).ok_or_else(refused)?;
        match words.parse::<Text>() {
            Ok(words) if !words.is_empty() && format!("{OTHER}{words}") == text => {
                Ok(Self::Other(words))
            }
            _ => Err(refused()),
        }
    }
}

impl VehicleRole {
    /// What somebody types: a code, or else words.
    ///
    /// # Errors
    /// When it is empty.
    pub fn typed(text: &Text) -> Result<Self, OffenseError> {
        let code = text.as_str().to_lowercase().replace([' ', '-'], "_");
        match code.parse() {
            Ok(role) => Ok(role),
            Err(_) if !text.is_empty() => Ok(Self::Other(text.clone())),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Display for VehicleRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(words) => write!(f, "{OTHER}{words}"),
            known => {
                let code =
                    ROLES.iter().find(|(role, _)| role == known).map_or("", |(_, code)| code);
                f.write_str(code)
            }
        }
    }
}

impl TryFrom<String> for VehicleRole {
    type Error = OffenseError;

    fn try_from(text: String) -> Result<Self, OffenseError> {
        text.parse()
    }
}

impl From<VehicleRole> for String {
    fn from(role: VehicleRole) -> Self {
        role.to_string()
    }
}

impl TryFrom<String> for Offense {
    type Error = OffenseError;

    fn try_from(text: String) -> Result<Self, OffenseError> {
        text.parse()
    }
}

impl From<Offense> for String {
    fn from(offense: Offense) -> Self {
        offense.0
    }
}

impl fmt::Display for Offense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Offense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offence_has_one_form() {
        for text in ["PC 459", "PC 245(a)(2)", "VC 2800.2(a)", "PC 496d", "HS 11377", "hit_and_run"]
        {
            assert_eq!(text.parse::<Offense>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "459 PC",
            "pc 459",
            "PC 459 ",
            "PC",
            "PC 4590000",
            "PC 459(",
            "PC 459()",
            "PC 459(a)x",
            "PC 459(A)",
            "Hit and run",
            "1st",
            "XX 459",
            "PC 1.2.3",
            "PC 1.",
        ] {
            assert!(text.parse::<Offense>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_query_names_few_offences_and_each_once() {
        let read = |offenses: &[String]| {
            let why = serde_json::json!({
                "purpose": "stolen_vehicle", "reason": "taken", "offenses": offenses
            });
            serde_json::from_value::<crate::query::Justification>(why)
        };
        let mut offenses: Vec<String> = (1..=8).map(|n| format!("PC 45{n}")).collect();
        assert_eq!(read(&offenses).unwrap().offenses.len(), MOST);
        offenses.push("PC 459".into());
        let more = read(&offenses).unwrap_err().to_string();
        assert!(more.contains("more than 8 offences"), "{more}");
        let twice = read(&["PC 459".into(), "PC 459".into()]).unwrap_err().to_string();
        assert!(twice.contains("`PC 459` twice"), "{twice}");
    }

    #[test]
    fn a_role_is_a_code_or_words() {
        for text in ["suspect", "missing_person", "other: lent to a cousin"] {
            assert_eq!(text.parse::<VehicleRole>().unwrap().to_string(), text);
        }
        for text in ["", "other", "other: ", "other:  x", "Suspect", "getaway"] {
            assert!(text.parse::<VehicleRole>().is_err(), "{text}");
        }
        let typed = |text: &str| VehicleRole::typed(&text.parse().unwrap());
        assert_eq!(typed("Missing person").unwrap(), VehicleRole::MissingPerson);
        assert_eq!(typed("lent to a cousin").unwrap().to_string(), "other: lent to a cousin");
        assert!(typed(" ").is_err());
    }
}
