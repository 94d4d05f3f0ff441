//! What an incident is about: a person, a session, an authenticator or a program that was misused, or may
//! have been.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::query::UserName;
use crate::session::{AuthenticatorId, SessionId};

/// What an incident is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IncidentSubject {
    /// Whatever this person of the agency did.
    User(UserName),
    /// Whatever was done in this session, of the agency or, as a peer says, of the peer.
    Session(SessionId),
    /// Whatever was done in sessions that this authenticator opened.
    Authenticator(AuthenticatorId),
    /// Whatever was asked through this program.
    Program(String),
}

impl fmt::Display for IncidentSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user {user}"),
            Self::Session(session) => write!(f, "session {session}"),
            Self::Authenticator(id) => write!(f, "authenticator {id}"),
            Self::Program(name) => write!(f, "program {name}"),
        }
    }
}
