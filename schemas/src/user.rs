//! People of an agency as it registers them, and the authority delegated to them.

use serde::{Deserialize, Serialize};

use crate::attestation::SignedAttestation;
use crate::digest::Digest;
use crate::purpose::Role;
use crate::query::{Requester, UserName};
use crate::text::Text;
use crate::time::Timestamp;

/// A person at this agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct User {
    /// User name.
    pub name: UserName,
    /// Full name.
    pub full_name: Text,
    /// Title.
    #[serde(default)]
    pub title: Text,
    /// Roles.
    pub roles: Vec<Role>,
    /// Day of the last training.
    #[serde(default)]
    pub trained_on: Option<Timestamp>,
    /// Who held it, where that is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_by: Option<UserName>,
    /// The course that it was, where that is on record.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub course: Text,
    /// Day of the last clearance for criminal justice data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_on: Option<Timestamp>,
    /// End of the registration, for people registered for a time.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Why the user may act no longer.
    #[serde(default)]
    pub disabled: Option<Text>,
    /// When the user was let act again after having been disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_at: Option<Timestamp>,
    /// That her access was suspended for a reason that she gave; over once what was said to her is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspension: Option<Suspension>,
    /// When it was last looked whether the user needs the account and what it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<Timestamp>,
    /// That the agency vouches for this person, signed with the agency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<SignedAttestation>,
    /// Approving authority delegated to this person.
    #[serde(default)]
    pub delegations: Vec<Delegation>,
    /// Until when this person sits at the night desk, and there releases passwords and hands out cards for a
    /// shift, in person and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub night_desk: Option<Timestamp>,
}

/// Access that was suspended because a reason was unacceptable, until its person is trained anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub by: UserName,
    /// The entry of the query whose reason it was.
    pub entry: u64,
    /// Why.
    pub reason: Text,
    /// What was said to her when she was trained anew; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discussion: Option<Text>,
}

/// Authority of a title, delegated for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Whose authority.
    pub title: Text,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who bears the title and gave it herself, signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<UserName>,
    /// H(the paper that who bears the title signed), where an administrator recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Digest>,
}

impl User {
    /// A person with these roles, of whom nothing else is on record yet.
    #[must_use]
    pub fn new(name: UserName, full_name: Text, title: Text, roles: Vec<Role>) -> Self {
        Self {
            name,
            full_name,
            title,
            roles,
            trained_on: None,
            trained_by: None,
            course: Text::default(),
            cleared_on: None,
            until: None,
            disabled: None,
            enabled_at: None,
            reviewed_at: None,
            suspension: None,
            attestation: None,
            delegations: Vec::new(),
            night_desk: None,
        }
    }

    /// How a query names this person.
    #[must_use]
    pub fn requester(&self) -> Requester {
        Requester {
            user: self.name.clone(),
            full_name: self.full_name.clone(),
            title: self.title.clone(),
            roles: self.roles.clone(),
            trained_on: self.trained_on,
            cleared_on: self.cleared_on,
            session: None,
            asserted_by: None,
            attestation: None,
        }
    }

    /// Whether the person may act at `now`.
    #[must_use]
    pub fn enabled(&self, now: Timestamp) -> bool {
        self.disabled.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// The suspension that lasts.
    #[must_use]
    pub fn suspended(&self) -> Option<&Suspension> {
        self.suspension.as_ref().filter(|suspension| suspension.discussion.is_none())
    }

    /// Whether the person sits at the night desk at `now`.
    #[must_use]
    pub fn at_night_desk(&self, now: Timestamp) -> bool {
        self.enabled(now) && self.night_desk.is_some_and(|until| now < until)
    }

    /// Whether the person has this role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
