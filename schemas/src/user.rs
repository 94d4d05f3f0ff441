//! People of an agency as it registers them, and the authority delegated to them.

use serde::{Deserialize, Serialize};

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
    /// End of the registration, for people registered for a time.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Why the user may act no longer.
    #[serde(default)]
    pub disabled: Option<Text>,
    /// When the user was let act again after having been disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_at: Option<Timestamp>,
    /// When it was last looked whether the user needs the account and what it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<Timestamp>,
    /// Approving authority delegated to this person.
    #[serde(default)]
    pub delegations: Vec<Delegation>,
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
}

impl User {
    /// How a query names this person.
    #[must_use]
    pub fn requester(&self) -> Requester {
        Requester {
            user: self.name.clone(),
            full_name: self.full_name.clone(),
            title: self.title.clone(),
            roles: self.roles.clone(),
            trained_on: self.trained_on,
            session: None,
        }
    }

    /// Whether the person may act at `now`.
    #[must_use]
    pub fn enabled(&self, now: Timestamp) -> bool {
        self.disabled.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Whether the person has this role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
