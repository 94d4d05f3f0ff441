//! The notice that people acknowledge before anything else (CJISSECPOL, AC-8).

use host::home::{Home, HomeError, read_text};
use schemas::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::permission::ActError;

/// An agency's own, in the home.
const OWN: &str = "notice.txt";
/// What stands there unless the agency has its own.
const USUAL: &str = "This is a restricted system of a law enforcement agency, for authorized use only. \
    What is done here is monitored, recorded and audited. Unauthorized use is prohibited and may be \
    punished under criminal and civil law. Whoever goes on consents to monitoring and recording.";

/// The notice.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Notice {
    /// Its text.
    pub text: String,
    /// H(its text), by which it is acknowledged.
    pub digest: Digest,
}

impl Notice {
    /// That of `home`.
    ///
    /// # Errors
    /// When the agency's own cannot be read.
    pub fn of(home: &Home) -> Result<Self, HomeError> {
        let path = home.dir().join(OWN);
        let text = if path.exists() { read_text(&path)? } else { USUAL.to_owned() };
        let digest = Digest::of(text.as_bytes());
        Ok(Self { text, digest })
    }

    /// Whether this one was acknowledged.
    ///
    /// # Errors
    /// When it was not.
    pub(super) fn acknowledged(&self, digest: &Digest) -> Result<(), ActError> {
        if *digest == self.digest {
            return Ok(());
        }
        let why = "the notice has to be acknowledged first; it has changed, or was not shown";
        Err(ActError::refused_as("notice_not_acknowledged", Vec::new(), why.into()))
    }
}
