//! Why an act was not done.

use audit_log::append::AppendError;

/// Why an act was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ActError {
    /// What was given makes no sense here.
    #[error("{0}")]
    Usage(String),
    /// A rule forbids it.
    #[error("{0}")]
    Refused(String),
    /// It could not be done.
    #[error("{0}")]
    Failed(String),
}

impl ActError {
    /// What was given makes no sense here: `message` says what, with the value, and what to do.
    #[must_use]
    pub fn usage(message: String) -> Self {
        Self::Usage(message)
    }

    /// A rule forbids it: `message` says which.
    #[must_use]
    pub fn refused(message: String) -> Self {
        Self::Refused(message)
    }

    /// It could not be done: `message` says why, and what to do.
    #[must_use]
    pub fn failed(message: String) -> Self {
        Self::Failed(message)
    }

    /// The exit code of the command line.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Failed(_) => 3,
        }
    }
}

impl From<AppendError> for ActError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Unwritable(_) => Self::Usage(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<audit::view::Altered> for ActError {
    fn from(error: audit::view::Altered) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<store::StoreError> for ActError {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<store::photographs::ImageStoreError> for ActError {
    fn from(error: store::photographs::ImageStoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<::agreements::DocumentError> for ActError {
    fn from(error: ::agreements::DocumentError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<schemas::envelope::EnvelopeError> for ActError {
    fn from(error: schemas::envelope::EnvelopeError) -> Self {
        Self::Usage(error.to_string())
    }
}
