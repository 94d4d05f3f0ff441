//! Why an act was not done: its class, a code for programs, a sentence for people, and the cause.
//!
//! Three classes say whose turn it is: who asked mistook something, a rule forbids it, or this node
//! could not. What a way in makes of a class (a status, an exit code) is that way's own.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use audit_log::append::AppendError;
use host::home::HomeError;
use schemas::refusal::Citation;
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::photographs::ImageStoreError;

/// Why an act was not done. `Display` is the sentence that a person reads.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ActError {
    /// What was given makes no sense here.
    #[error(transparent)]
    Usage(Fault),
    /// A rule forbids it.
    #[error("{0}")]
    Refused(Refused),
    /// It could not be done.
    #[error(transparent)]
    Failed(Fault),
    /// The audit log did not take its entry.
    #[error("{0}")]
    Log(#[from] AppendError),
    /// The store could not do it.
    #[error("{0}")]
    Store(#[source] Arc<StoreError>),
    /// Photographs could not be kept or fetched.
    #[error("{0}")]
    Photographs(#[from] ImageStoreError),
    /// The database holds what the log never wrote.
    #[error("{0}")]
    Altered(#[from] audit::view::Altered),
    /// A document cannot be taken for what it should be.
    #[error("{0}")]
    Document(#[from] ::agreements::DocumentError),
    /// An envelope proves nothing.
    #[error("{0}")]
    Envelope(#[from] schemas::envelope::EnvelopeError),
}

/// Whose turn it is after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// That of whoever asked: what was given makes no sense here.
    Usage,
    /// Nobody's: a rule forbids it, which is an answer.
    Refused,
    /// That of whoever operates the node: it could not be done.
    Failed,
}

/// A mistake or a failure: a code, a sentence and, where another error led to it, that error.
#[derive(Debug, Clone)]
pub struct Fault {
    /// A stable code in `snake_case`.
    pub code: Cow<'static, str>,
    /// What a person reads.
    pub sentence: String,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let cause: &(dyn Error + 'static) = self.cause.as_deref()?;
        Some(cause)
    }
}

/// A refusal: every reason that applies, whole, and how they read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What a person reads.
    pub sentence: String,
    /// The reasons; never empty.
    pub reasons: Vec<Reason>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// One reason of a refusal: a rule of a policy, with the codes of [`schemas::refusal`], or a rule of
/// this node, with a code of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ProblemReason"))]
pub struct Reason {
    /// A stable code in `snake_case`.
    pub code: Cow<'static, str>,
    /// One sentence for a person.
    pub message: String,
    /// The sections that demand it.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

impl From<&schemas::refusal::Reason> for Reason {
    fn from(reason: &schemas::refusal::Reason) -> Self {
        Self {
            code: reason.code.code().into(),
            message: reason.message.clone(),
            citations: reason.citations.clone(),
        }
    }
}

impl From<HomeError> for ActError {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Taken(_) => Self::usage_by("home_taken", error),
            HomeError::Missing(_) => Self::usage_by("home_missing", error),
            HomeError::Forbidden { .. } => Self::failed_by("home_forbidden", error),
            _ => Self::failed_by("home_unusable", error),
        }
    }
}

impl ActError {
    /// What was given makes no sense here: `message` says what, with the value, and what to do.
    #[must_use]
    pub fn usage(message: String) -> Self {
        Self::usage_as("usage", message)
    }

    /// As [`Self::usage`], with a code that says which mistake it is.
    #[must_use]
    pub fn usage_as(code: impl Into<Cow<'static, str>>, message: String) -> Self {
        Self::Usage(Fault { code: code.into(), sentence: message, cause: None })
    }

    /// What was given makes no sense here, as `cause` says.
    #[must_use]
    pub fn usage_by(code: &'static str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Usage(Fault::of(code, cause))
    }

    /// A rule forbids it: `message` says which.
    #[must_use]
    pub fn refused(message: String) -> Self {
        Self::refused_as("refused", Vec::new(), message)
    }

    /// As [`Self::refused`], with the code of the rule and the sections that demand it.
    #[must_use]
    pub fn refused_as(
        code: impl Into<Cow<'static, str>>,
        citations: Vec<Citation>,
        message: String,
    ) -> Self {
        let reason = Reason { code: code.into(), message: message.clone(), citations };
        Self::Refused(Refused { sentence: message, reasons: vec![reason] })
    }

    /// It could not be done: `message` says why, and what to do.
    #[must_use]
    pub fn failed(message: String) -> Self {
        Self::failed_as("failed", message)
    }

    /// As [`Self::failed`], with a code that says which failure it is.
    #[must_use]
    pub fn failed_as(code: impl Into<Cow<'static, str>>, message: String) -> Self {
        Self::Failed(Fault { code: code.into(), sentence: message, cause: None })
    }

    /// It could not be done, as `cause` says.
    #[must_use]
    pub fn failed_by(code: &'static str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed(Fault::of(code, cause))
    }

    /// Whose turn it is.
    #[must_use]
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Usage(_)
            | Self::Log(AppendError::Unwritable(_))
            | Self::Document(_)
            | Self::Envelope(_) => ErrorClass::Usage,
            Self::Refused(_) => ErrorClass::Refused,
            Self::Failed(_)
            | Self::Log(_)
            | Self::Store(_)
            | Self::Photographs(_)
            | Self::Altered(_) => ErrorClass::Failed,
        }
    }

    /// What it is, for programs: a stable code in `snake_case`; of a refusal, that of its first
    /// reason.
    #[must_use]
    pub fn code(&self) -> &str {
        use ::agreements::DocumentError;
        match self {
            Self::Usage(fault) | Self::Failed(fault) => &fault.code,
            Self::Refused(refused) => {
                refused.reasons.first().map_or("refused", |reason| &reason.code)
            }
            Self::Log(AppendError::Unavailable(_)) => "log_unavailable",
            Self::Log(AppendError::Clock { .. }) => "clock_behind_log",
            Self::Log(AppendError::ClockAhead { .. }) => "clock_ahead",
            Self::Log(AppendError::Unwritable(_)) => "entry_unwritable",
            // What was decided no longer held when it was to be logged.
            Self::Log(_) => "conflict",
            Self::Store(error) => match error.as_ref() {
                StoreError::Database(_) => "database_failed",
                StoreError::Unreachable(_) => "database_unreachable",
                StoreError::Corrupt(_) => "database_altered",
            },
            Self::Photographs(_) => "photographs_unavailable",
            Self::Altered(_) => "database_altered",
            Self::Document(DocumentError::Form { .. }) => "document_unreadable",
            Self::Document(DocumentError::Sense(_)) => "document_inconsistent",
            Self::Envelope(_) => "envelope_invalid",
        }
    }

    /// The reasons of a refusal; none of anything else.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Refused(refused) => &refused.reasons,
            _ => &[],
        }
    }

    /// The sections that every reason of a refusal cites, in order.
    #[must_use]
    pub fn citations(&self) -> Vec<Citation> {
        self.reasons().iter().flat_map(|reason| reason.citations.iter().cloned()).collect()
    }
}

impl Fault {
    fn of(code: &'static str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { code: code.into(), sentence: cause.to_string(), cause: Some(Arc::new(cause)) }
    }
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_cause_beside_the_sentence_and_the_code() {
        let log = || AppendError::Unavailable("disk full".into());
        let database = || StoreError::Unreachable("gone".into());
        let table: [(ActError, ErrorClass, &str, String); 4] = [
            (log().into(), ErrorClass::Failed, "log_unavailable", log().to_string()),
            (
                AppendError::Unwritable("too long".into()).into(),
                ErrorClass::Usage,
                "entry_unwritable",
                "too long".into(),
            ),
            (database().into(), ErrorClass::Failed, "database_unreachable", database().to_string()),
            (
                ActError::failed_by("database_unreachable", database()),
                ErrorClass::Failed,
                "database_unreachable",
                database().to_string(),
            ),
        ];
        for (error, class, code, sentence) in table {
            assert_eq!((error.class(), error.code()), (class, code), "{error:?}");
            let cause = error.source().unwrap_or_else(|| panic!("no cause of {error:?}"));
            assert!(error.to_string().contains(&sentence), "{error}");
            assert_eq!(cause.to_string(), error.to_string());
        }
        assert!(ActError::failed("alone".into()).source().is_none());
    }
}
