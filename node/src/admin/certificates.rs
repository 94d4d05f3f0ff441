//! Certificates by which devices and programs are known: one is one thing's alone.

use registry::{KeyOf, State};
use schemas::digest::Digest;
use schemas::time::Timestamp;

use crate::certificate::ShownCertificate;
use crate::permission::ActError;

/// The key of a certificate in PEM, which is good at `now`.
///
/// # Errors
/// When it holds none that can be known here.
pub(super) fn key_of(pem: &str, now: Timestamp) -> Result<Digest, ActError> {
    let shown = ShownCertificate::of_pem(pem, now);
    shown.map(|shown| shown.key).map_err(|why| {
        ActError::usage_as(
            "certificate_unfit",
            format!("this cannot be taken as a certificate: {why}"),
        )
    })
}

/// Whether nothing has this key but what `same` says may keep it.
///
/// # Errors
/// When something else has it.
pub(super) fn free_key(
    state: &State,
    key: &Digest,
    same: impl Fn(&KeyOf) -> bool,
) -> Result<(), ActError> {
    let whose = match state.key_is_of(key).filter(|of| !same(of)) {
        None => return Ok(()),
        Some(KeyOf::Device(name)) => format!("device `{name}`"),
        Some(KeyOf::Program(name)) => format!("program `{name}`"),
    };
    let why = format!(
        "the key {key} of this certificate is that of {whose}: whoever shows it could be either; have a certificate issued for a key of its own, or revoke {whose} first"
    );
    Err(ActError::usage_as("certificate_taken", why))
}
