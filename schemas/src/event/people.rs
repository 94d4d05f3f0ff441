//! Events of people, and of the policy that says what they may do.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::user::User;

/// A user was registered, trained, disabled, or given a delegation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserChanged {
    /// The user as from now on.
    pub user: User,
}

/// A policy came into force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyAdopted {
    /// Its name, for messages.
    pub name: String,
    /// H(its exact text).
    pub digest: Digest,
}
