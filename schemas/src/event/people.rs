//! Events of people, and of the policy that says what they may do.

use serde::{Deserialize, Serialize};

use crate::authenticator::Enrolment;
use crate::device::Device;
use crate::digest::Digest;
use crate::duty::DutyCode;
use crate::posted::PostedPolicy;
use crate::program::{AddressRange, ProgramScope};
use crate::purpose::Purpose;
use crate::text::Text;
use crate::time::Timestamp;
use crate::user::User;

/// A user was registered, trained, disabled, or given a delegation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserChanged {
    /// The user as from now on.
    pub user: User,
    /// Whether what the user gains rests on this administrator alone: there was no second one to
    /// confirm it. An auditor countersigns it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// The one-time enrolment of the first administrator, where that is who was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<Enrolment>,
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

/// A peer's policy arrived, as its agency posts it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyReceived {
    /// The how manieth of that agency.
    pub version: u32,
    /// Since when it is in force there.
    pub since: Timestamp,
    /// H(its exact text).
    pub digest: Digest,
}

impl PolicyReceived {
    /// That this one arrived.
    #[must_use]
    pub fn of(posted: &PostedPolicy) -> Self {
        Self { version: posted.version, since: posted.since, digest: posted.digest() }
    }
}

/// Somebody put on record that a duty of the policy was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DutyRecorded {
    /// Which.
    pub duty: DutyCode,
    /// When it was done.
    pub on: Timestamp,
    /// Where, or how.
    pub how: Text,
    /// To whom, of what is given to somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Text>,
    /// The policy that was in force.
    pub policy: Digest,
}

/// A program may be used, was given a new token or certificate, or may be used no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProgramChanged {
    /// Its name.
    pub program: String,
    /// What it may be used for.
    pub scope: Vec<ProgramScope>,
    /// The purposes for which it may ask; absent where any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Purpose>,
    /// From where it may be used; absent where from anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<AddressRange>,
    /// H(the public key of the certificate that it shows); absent where it shows a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Digest>,
    /// Until when.
    pub until: Timestamp,
    /// Why it may be used no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}

/// Sessions may be opened from a device of this class, or no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeviceChanged {
    /// The device.
    pub device: Device,
    /// Why it counts no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}
