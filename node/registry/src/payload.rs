//! What a change's envelope holds, whose signature was checked before the change was appended.

use schemas::envelope::Envelope;

use super::ChangeError;

/// A change that does not fit, and why.
pub(crate) fn unfit(what: impl std::fmt::Display) -> ChangeError {
    ChangeError(what.to_string())
}

/// An envelope and its body as text.
pub(crate) fn payload(envelope: &str) -> Result<(Envelope, String), ChangeError> {
    let envelope = Envelope::parse(envelope.as_bytes()).map_err(unfit)?;
    let text = String::from_utf8(envelope.unverified_payload().to_vec()).map_err(unfit)?;
    Ok((envelope, text))
}
