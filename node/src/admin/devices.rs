//! Devices of the agency from which people work: enrolling one by its certificate, revoking it, listing them.

use audit_log::entries::people::device_changed;
use registry::{DeviceName, EnrolledDevice, State};
use schemas::device::DeviceClass;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::certificates::{free_key, key_of};
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, authorize_overseer,
};

/// A device as it is to be enrolled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// Its name.
    pub name: DeviceName,
    /// Where it stands.
    pub class: DeviceClass,
    /// The certificate that it shows, in PEM.
    pub certificate: String,
}

/// The JSON of a device, as `accord device list` prints it.
#[must_use]
pub fn to_json(device: &EnrolledDevice) -> Value {
    json!({
        "device": device.name, "class": device.class, "key": device.key, "by": device.by,
        "at": device.at, "revoked": device.revoked,
    })
}

/// Every device, whether it counts or not.
///
/// # Errors
/// When the actor neither administers nor audits.
pub fn list(agency: &OwnAgency, by: &Principal) -> Result<Vec<EnrolledDevice>, ActError> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    authorize_overseer(&state, by, now)?;
    Ok(state.devices.values().cloned().collect())
}

/// Enrols a device; one that was revoked may be enrolled anew.
///
/// # Errors
/// When its name or its key is taken, its certificate cannot be known, or the actor may not.
pub async fn add(
    agency: &OwnAgency,
    by: &Principal,
    new: &NewDevice,
) -> Result<EnrolledDevice, ActError> {
    let key = key_of(&new.certificate, agency.clock.now())?;
    change(agency, by, |state, user, now| {
        if state.devices.get(&new.name).is_some_and(|one| one.revoked.is_none()) {
            let why = format!(
                "device `{}` is enrolled already; for another certificate revoke it first with `accord device revoke {} --reason WORDS`",
                new.name, new.name
            );
            return Err(ActError::usage(why));
        }
        free_key(state, &key, |_| false)?;
        let (name, class, by) = (new.name.clone(), new.class, user.clone());
        Ok(EnrolledDevice { name, class, key, by, at: now, revoked: None })
    })
    .await
}

/// Revokes a device: it counts no longer, from this instant.
///
/// # Errors
/// When there is no such device that counts, no reason is given, or the actor may not.
pub async fn revoke(
    agency: &OwnAgency,
    by: &Principal,
    name: &DeviceName,
    reason: &Text,
) -> Result<EnrolledDevice, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    change(agency, by, |state, user, now| {
        let device = state.devices.get(name).filter(|one| one.revoked.is_none());
        let device = device.cloned().ok_or_else(|| {
            let why = format!("no device `{name}` is enrolled; see `accord device list`");
            ActError::usage(why)
        })?;
        Ok(EnrolledDevice { revoked: Some(reason.clone()), by: user.clone(), at: now, ..device })
    })
    .await
}

async fn change(
    agency: &OwnAgency,
    by: &Principal,
    judge: impl Fn(&State, &UserName, Timestamp) -> Result<EnrolledDevice, ActError>,
) -> Result<EnrolledDevice, ActError> {
    let (_, device) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            let device = judge(state, &user.name, now)?;
            Ok((device_changed(state, agency.actor(&user, by), device.clone()), device))
        })
        .await?;
    Ok(device)
}
