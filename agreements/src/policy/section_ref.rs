//! Where a value stands: a section of the policy's own text, or of another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Between another text's name and its section.
const OTHER: &str = " § ";

/// A section: `461.7(a)` of the policy's own text, or `Government Code § 34090.6` of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SectionRef {
    /// The other text; absent for the policy's own.
    pub of: Option<String>,
    /// The section.
    pub section: String,
}

/// Why a text names no section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no section; expected one such as `461.7(a)`, or `Government Code § 34090.6` of another text"
)]
pub struct SectionRefError(String);

impl FromStr for SectionRef {
    type Err = SectionRefError;

    fn from_str(text: &str) -> Result<Self, SectionRefError> {
        let (of, section) = match text.split_once(OTHER) {
            Some((of, section)) => (Some(of.trim().to_owned()), section.trim()),
            None => (None, text.trim()),
        };
        let named = of.as_ref().is_none_or(|of| !of.is_empty());
        if section.is_empty() || !named || text.chars().any(char::is_control) {
            return Err(SectionRefError(text.chars().take(80).collect()));
        }
        Ok(Self { of, section: section.to_owned() })
    }
}

impl TryFrom<String> for SectionRef {
    type Error = SectionRefError;

    fn try_from(text: String) -> Result<Self, SectionRefError> {
        text.parse()
    }
}

impl From<SectionRef> for String {
    fn from(section: SectionRef) -> Self {
        section.to_string()
    }
}

impl fmt::Display for SectionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Some(of) => write!(f, "{of}{OTHER}{}", self.section),
            None => f.write_str(&self.section),
        }
    }
}

#[cfg(feature = "json-schema")]
impl schemars::JsonSchema for SectionRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SectionRef".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "minLength": 1,
            "description": "A section of the policy's text, such as `461.7(a)`, or of another text, such as `Government Code § 34090.6`."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_reads_and_writes_back() {
        for text in ["461.7(a)", "IV.C.5", "Government Code § 34090.6"] {
            assert_eq!(text.parse::<SectionRef>().unwrap().to_string(), text);
        }
        for wrong in ["", "  ", " § 1", "Penal Code § "] {
            assert!(wrong.parse::<SectionRef>().is_err(), "{wrong}");
        }
    }
}
