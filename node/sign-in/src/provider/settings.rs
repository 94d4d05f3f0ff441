//! What an agency says of a provider that it trusts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use host::https::callable;
use schemas::names::ProgramName;
use schemas::purpose::Role;
use serde::{Deserialize, Serialize};

/// Longest time since somebody proved who she is there that can be set, in hours: CJISSECPOL, IA-5 j(10).
pub const LONGEST_HOURS: u32 = 12;

/// A provider of single sign-on, as `accord.toml` names it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// By what addresses and entries name it: small letters, digits and hyphens.
    pub name: String,
    /// By what people know it: what stands on the button.
    pub label: String,
    /// Its issuer, `https://…`, exactly as it says itself.
    pub issuer: String,
    /// By what it knows this node.
    pub client: String,
    /// The authority of its certificate, as a PEM file; those that the machine trusts unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
    /// What of its word is two factors.
    pub two_factors: TwoFactors,
    /// How long ago a person may have proved herself there, in hours.
    #[serde(default = "longest")]
    pub hours: u32,
    /// Which of its groups roles take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
    /// Programs of the agency that people sign in to there, each by its own client id at the provider: the ID
    /// token that such a program gets for somebody opens her session for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub programs: BTreeMap<ProgramName, String>,
}

const fn longest() -> u32 {
    LONGEST_HOURS
}

/// What a provider has to say for two factors: either is enough.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwoFactors {
    /// Ways of proving (`amr`, RFC 8176), such as `["mfa"]` or `["pwd", "otp"]`: all of one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Vec<String>>,
    /// Classes (`acr`), one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr: Vec<String>,
}

impl TwoFactors {
    /// Whether these words say two factors.
    #[must_use]
    pub fn are_in(&self, amr: &[String], acr: Option<&str>) -> bool {
        let said = |way: &String| amr.contains(way);
        self.amr.iter().any(|ways| !ways.is_empty() && ways.iter().all(said))
            || acr.is_some_and(|said| self.acr.iter().any(|class| class == said))
    }
}

/// Roles that take a group of the provider. They narrow what a person may do by her roles in the registry;
/// nobody gets one by them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// The claim of the ID token that lists a person's groups.
    pub claim: String,
    /// What the provider has to be asked for so that it lists them, such as `groups`; some list them unasked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// For a role, the groups of which one is needed.
    pub roles: BTreeMap<Role, Vec<String>>,
}

impl Groups {
    /// Whether somebody in these groups has a role that she is registered with.
    #[must_use]
    pub fn leave(&self, role: Role, groups: &[String]) -> bool {
        self.roles.get(&role).is_none_or(|wanted| wanted.iter().any(|one| groups.contains(one)))
    }
}

impl Settings {
    /// What is wrong with them.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.name.is_empty() || self.name.len() > 32 || !self.name.bytes().all(letter) {
            problems.push(format!(
                "name = \"{}\"; expected at most 32 small letters, digits and hyphens",
                self.name
            ));
        }
        if self.label.trim().is_empty() || self.label.chars().count() > 60 {
            problems.push(format!(
                "label = \"{}\"; expected what stands on the button, at most 60 characters",
                self.label
            ));
        }
        let bare = callable(&self.issuer).is_some_and(|uri| uri.query().is_none());
        if !bare || self.issuer.contains('#') {
            problems.push(format!("issuer = \"{}\"; expected https:// and a name, as the provider says it itself, without `?` and `#`", self.issuer));
        }
        if self.client.is_empty() || !self.client.bytes().all(|b| b.is_ascii_graphic()) {
            problems.push(format!(
                "client = \"{}\"; expected the id that the provider gave this node",
                self.client
            ));
        }
        let named = |ways: &Vec<String>| !ways.is_empty();
        let rules = &self.two_factors;
        if (rules.amr.is_empty() && rules.acr.is_empty()) || !rules.amr.iter().all(named) {
            problems.push("two_factors says nothing; expected amr, such as [[\"mfa\"], [\"pwd\", \"otp\"]], or acr, as the provider writes them when somebody proved two factors".into());
        }
        if self.hours == 0 || self.hours > LONGEST_HOURS {
            problems.push(format!(
                "hours = {}; expected 1 to {LONGEST_HOURS} (CJISSECPOL, IA-5 j)",
                self.hours
            ));
        }
        // A token of this node's own pages, or of another program, is none of a program's.
        let mut clients = BTreeSet::from([self.client.as_str()]);
        for (program, client) in &self.programs {
            if client.is_empty() || !clients.insert(client) {
                problems.push(format!(
                    "programs.{program} = \"{client}\"; expected the id that the provider gave this program, another one than the node's and every other program's"
                ));
            }
        }
        if let Some(groups) = &self.groups
            && (groups.claim.is_empty()
                || groups.roles.is_empty()
                || groups.scope.as_ref().is_some_and(|scope| scope.contains(char::is_whitespace)))
        {
            problems.push("groups names no claim, no roles or no scope; expected claim = \"groups\", roles, and one scope if need be".into());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_program_has_a_client_id_of_its_own_at_the_provider() {
        let told = |programs: Value| {
            serde_json::from_value::<Settings>(json!({
                "name": "county", "label": "County", "issuer": "https://login.example.org",
                "client": "accord", "two_factors": { "amr": [["mfa"]] }, "programs": programs,
            }))
            .map(|settings| settings.problems())
        };
        let good = told(json!({ "cad-1": "county-cad", "rms": "county-rms" })).expect("settings");
        assert!(good.is_empty(), "{good:?}");
        for (programs, of) in [
            (json!({ "cad-1": "accord" }), "cad-1"),
            (json!({ "cad-1": "" }), "cad-1"),
            (json!({ "cad-1": "county-cad", "rms": "county-cad" }), "rms"),
        ] {
            let problems = told(programs).expect("settings");
            assert!(problems.len() == 1 && problems[0].contains(of), "{of}: {problems:?}");
        }
        assert!(told(json!({ "CAD 1": "county-cad" })).is_err(), "no program is called so");
    }
}
