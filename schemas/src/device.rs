//! Devices of an agency from which people work, and where they stand: how long nothing may be done there
//! before a session ends depends on it (CJISSECPOL, AC-11).

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::purpose::codes;

codes! {
    /// Where a device stands.
    DeviceClass, "device class" {
        /// In an office, or anywhere that is none of the others.
        Office = "office",
        /// In a vehicle of the agency: part of a criminal justice conveyance (CJISSECPOL, AC-11).
        Vehicle = "vehicle",
        /// Where dispatch is done, in a physically secure location (CJISSECPOL, AC-11).
        Dispatch = "dispatch",
    }
}

impl DeviceClass {
    /// Whether its devices can be exempt from the device lock (CJISSECPOL, AC-11).
    #[must_use]
    pub const fn can_be_exempt(self) -> bool {
        match self {
            Self::Office => false,
            Self::Vehicle | Self::Dispatch => true,
        }
    }
}

/// A device, by the certificate that it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name: small letters, digits and hyphens.
    pub name: String,
    /// Where it stands.
    pub class: DeviceClass,
    /// H(the public key of its certificate), as SubjectPublicKeyInfo: renewed with the same key, it stays
    /// the same device.
    pub key: Digest,
}
