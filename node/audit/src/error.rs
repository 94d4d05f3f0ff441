//! Why what was asked for could not be done. That a log does not hold is none of these: it is what a
//! report says.

/// Why what was asked for could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unable {
    /// What was given makes no sense here; the sentence says what, with the value.
    #[error("{0}")]
    Usage(String),
    /// It broke off on the way; the sentence says why.
    #[error("{0}")]
    Failed(String),
}

impl Unable {
    /// What it is, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::Failed(_) => "failed",
        }
    }

    /// The exit code of a program that could not do it: 2 for usage, 3 for what broke off.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed(_) => 3,
        }
    }
}
