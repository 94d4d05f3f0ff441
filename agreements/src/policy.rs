//! An agency's ALPR policy as data, each value with the section it comes from.
//!
//! First cut: the values that today's rules enforce or show. The full set (roles, suspicion, need
//! to know, reasons, audits …) joins here and in `rules`, with the same shape.

use schemas::agency::{AgencyId, AgencyKind, State};
use schemas::purpose::Purpose;
use schemas::refusal::Citation;
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use crate::document::{DocumentError, read, sense};

/// The version of the policy format.
pub const FORMAT: u32 = 1;

/// A section of the policy, or of another text that the policy points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The section.
    pub section: String,
    /// The text it stands in, where that is not the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// A purpose that the policy authorises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizedPurpose {
    /// Its code.
    pub code: Purpose,
    /// The policy's own words.
    pub words: Text,
    /// Where they stand.
    pub at: Section,
}

/// On what paths the agency releases reads to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// A standing agreement; absent when the policy has no such path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing_agreement: Option<Section>,
    /// A written request; absent when the policy has no such path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_request: Option<Section>,
    /// The section that governs release in general.
    pub governs: Section,
}

/// Who approves releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// The official's title.
    pub title: Text,
    /// Where it stands.
    pub at: Section,
}

/// How long reads are answered from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Age at which a read is answered no longer, in days.
    pub reads_days: u32,
    /// Where it stands.
    pub at: Section,
}

/// Whether a duty is a recommendation or a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// "should".
    Should,
    /// "shall" or "must".
    Shall,
}

/// What an officer is told with every read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// The notice.
    pub text: Text,
    /// Whether it recommends or commands.
    pub strength: Strength,
    /// Where it stands.
    pub at: Section,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Version of the format; [`FORMAT`].
    pub format: u32,
    /// The agency whose policy it is; absent for a policy that any agency may adopt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// The text that it encodes.
    pub source: String,
    /// What sort of body the agency is.
    pub kind: AgencyKind,
    /// The state it is of.
    pub state: State,
    /// Most reads of one answer: a setting, no policy names one.
    pub row_limit: u32,
    /// Training before access.
    pub training: Section,
    /// Paths of release.
    pub release: Release,
    /// Who approves releases, where the policy names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<Approver>,
    /// How long reads are answered from.
    pub retention: Retention,
    /// What an officer is told.
    pub verification: Verification,
    /// What reads may be used for.
    pub purposes: Vec<AuthorizedPurpose>,
}

const BUILT_IN: [(&str, &str); 6] = [
    ("indio-ca-pd", include_str!("../policies/indio-ca-pd.toml")),
    ("los-angeles-ca-port-police", include_str!("../policies/los-angeles-ca-port-police.toml")),
    ("west-covina-ca-pd", include_str!("../policies/west-covina-ca-pd.toml")),
    ("monrovia-ca-pd", include_str!("../policies/monrovia-ca-pd.toml")),
    ("escondido-ca-pd", include_str!("../policies/escondido-ca-pd.toml")),
    ("california-statute", include_str!("../policies/california-statute.toml")),
];

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// With file, line, key and what is expected.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, DocumentError> {
        let policy: Self = read(file, text)?;
        if policy.format != FORMAT {
            return Err(sense(format!(
                "{file}: `format` is {}; this version reads {FORMAT}",
                policy.format
            )));
        }
        if policy.purposes.is_empty() {
            return Err(sense(format!("{file}: `purposes` must name at least one purpose")));
        }
        for (key, value) in
            [("row_limit", policy.row_limit), ("retention.reads_days", policy.retention.reads_days)]
        {
            if value == 0 {
                return Err(sense(format!("{file}: `{key}` must not be 0")));
            }
        }
        Ok(policy)
    }

    /// The names of the policies that come with the node.
    #[must_use]
    pub fn builtin_names() -> Vec<&'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).collect()
    }

    /// The text of a policy that comes with the node.
    #[must_use]
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// A citation of a section.
    #[must_use]
    pub fn cite(&self, section: &Section) -> Citation {
        Citation::new(section.of.as_ref().unwrap_or(&self.source), section.section.clone())
    }

    /// The section under which written requests are decided, as text.
    #[must_use]
    pub fn request_section(&self) -> Option<String> {
        self.release.written_request.as_ref().map(|section| self.cite(section).to_string())
    }

    /// The authorised purpose of this code.
    #[must_use]
    pub fn purpose(&self, code: Purpose) -> Option<&AuthorizedPurpose> {
        self.purposes.iter().find(|purpose| purpose.code == code)
    }

    /// Where the list of purposes stands, for citing one that is not on it.
    #[must_use]
    pub fn purposes_citation(&self) -> Vec<Citation> {
        let mut citations: Vec<Citation> = Vec::new();
        for purpose in &self.purposes {
            let citation = self.cite(&purpose.at);
            if !citations.contains(&citation) {
                citations.push(citation);
            }
        }
        citations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_that_comes_with_the_node_reads() {
        for name in Policy::builtin_names() {
            let policy = Policy::from_toml(name, Policy::builtin_text(name).unwrap()).unwrap();
            assert!(policy.agency.is_none_or(|agency| agency.as_str() == name));
        }
    }

    #[test]
    fn unknown_keys_and_missing_ones_are_named() {
        let text = Policy::builtin_text("indio-ca-pd").unwrap();
        let unknown = text.replace("row_limit", "rowlimit");
        let error = Policy::from_toml("indio.toml", &unknown).unwrap_err().to_string();
        assert!(error.contains("indio.toml") && error.contains("rowlimit"), "{error}");
        let wrong = text.replace("kind = \"police\"", "kind = \"polize\"");
        let error = Policy::from_toml("indio.toml", &wrong).unwrap_err().to_string();
        assert!(error.contains("line ") && error.contains("polize"), "{error}");
    }

    #[test]
    fn only_indio_and_the_silent_texts_lack_a_standing_path() {
        let without: Vec<_> = Policy::builtin_names()
            .into_iter()
            .filter(|name| {
                let policy = Policy::from_toml(name, Policy::builtin_text(name).unwrap()).unwrap();
                policy.release.standing_agreement.is_none()
            })
            .collect();
        assert_eq!(without, ["indio-ca-pd"]);
    }
}
