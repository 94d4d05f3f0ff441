//! Devices of the agency from which people work: enrolled by the public key of a certificate, so that what a
//! policy admits for a class of devices is admitted for nothing else.

use schemas::device::{Device, DeviceClass};
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use schemas::names::{DeviceName, ProgramName};

/// A device that was enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolledDevice {
    /// Its name.
    pub name: DeviceName,
    /// Where it stands.
    pub class: DeviceClass,
    /// SHA-256 of the public key (SubjectPublicKeyInfo) of its certificate.
    pub key: Digest,
    /// Who enrolled it, or changed it last.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
    /// Why it counts no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Text>,
}

impl EnrolledDevice {
    /// As entries and sessions name it.
    #[must_use]
    pub fn named(&self) -> Device {
        Device { name: self.name.to_string(), class: self.class, key: self.key }
    }
}

/// Whose the key of a certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOf {
    /// A device's.
    Device(DeviceName),
    /// A program's.
    Program(ProgramName),
}
