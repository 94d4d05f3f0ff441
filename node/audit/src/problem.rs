//! What is wrong with a log.

use serde::Serialize;

/// Something that a log which nobody tampered with does not show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The entry; absent for what concerns the whole log.
    pub index: Option<u64>,
    /// What is wrong, for scripts.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

pub(super) fn problem(
    index: Option<u64>,
    code: &'static str,
    message: impl Into<String>,
) -> Problem {
    Problem { index, code, message: message.into() }
}
