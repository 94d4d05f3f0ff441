//! The policies that come with the node.

use super::Policy;

const BUILT_IN: [(&str, &str); 6] = [
    ("indio-ca-pd", include_str!("../../policies/indio-ca-pd.toml")),
    ("los-angeles-ca-port-police", include_str!("../../policies/los-angeles-ca-port-police.toml")),
    ("west-covina-ca-pd", include_str!("../../policies/west-covina-ca-pd.toml")),
    ("monrovia-ca-pd", include_str!("../../policies/monrovia-ca-pd.toml")),
    ("escondido-ca-pd", include_str!("../../policies/escondido-ca-pd.toml")),
    ("california-statute", include_str!("../../policies/california-statute.toml")),
];

impl Policy {
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

    /// A text to fill in.
    #[must_use]
    pub fn template() -> &'static str {
        include_str!("../../templates/policy.toml")
    }
}
