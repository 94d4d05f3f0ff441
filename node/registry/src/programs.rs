//! Programs of the agency, such as its dispatch and records systems, that ask on behalf of persons who let
//! them. A program by itself may do nothing: it shows its token or certificate, and the session of a person.

use std::net::IpAddr;

use schemas::digest::Digest;
use schemas::program::{AddressRange, ProgramScope};
use schemas::purpose::Purpose;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use schemas::names::ProgramName;

/// By what a program is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// SHA-256 of its token, which itself is kept nowhere here.
    Token(Digest),
    /// SHA-256 of the public key (SubjectPublicKeyInfo) of the certificate that it shows.
    Certificate(Digest),
}

impl Credential {
    /// The key of its certificate, where it has one.
    #[must_use]
    pub fn certificate(&self) -> Option<Digest> {
        match self {
            Self::Token(_) => None,
            Self::Certificate(key) => Some(*key),
        }
    }
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name.
    pub name: ProgramName,
    /// By what it is known.
    pub credential: Credential,
    /// What it may be used for.
    pub scope: Vec<ProgramScope>,
    /// The purposes for which it may ask; empty where any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Purpose>,
    /// From where it may be used; empty where from anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<AddressRange>,
    /// Until when.
    pub until: Timestamp,
    /// Who added it, or changed it last.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
    /// Why it may be used no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Text>,
}

impl Program {
    /// Whether it may be used at `now`.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.until
    }

    /// Whether it may be used from this address.
    #[must_use]
    pub fn admits(&self, from: IpAddr) -> bool {
        self.addresses.is_empty() || self.addresses.iter().any(|range| range.holds(from))
    }
}
