//! The file of a certificate by which a device or a program is to be known. What is not one, or holds a private
//! key, is not sent.

use std::path::Path;

use crate::certificate::ShownCertificate;
use crate::permission::ActError;
use audit_log::clock::Clock;

/// The text of a file with a certificate in PEM.
pub(super) fn certificate_of(file: &Path) -> Result<String, ActError> {
    let not = |why: &dyn std::fmt::Display| ActError::usage(format!("`{}`: {why}", file.display()));
    let pem = std::fs::read_to_string(file).map_err(|e| not(&e))?;
    ShownCertificate::of_pem(&pem, Clock::system().now()).map_err(|e| not(&e))?;
    Ok(pem)
}
