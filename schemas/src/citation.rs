//! Where a rule stands.

use serde::{Deserialize, Serialize};

/// Where a rule comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Citation {
    /// The text: a statute, a policy, an agreement.
    pub source: String,
    /// The section, clause or paragraph.
    pub section: String,
}

impl Citation {
    /// A citation of `section` of `source`.
    #[must_use]
    pub fn new(source: impl Into<String>, section: impl Into<String>) -> Self {
        Self { source: source.into(), section: section.into() }
    }
}

impl std::fmt::Display for Citation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.source, self.section)
    }
}
