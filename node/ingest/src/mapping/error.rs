//! Why a text is no mapping.

use std::fmt;

use crate::field::clean;

/// Why a text is no mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mapping cannot be used: {0}")]
pub struct MappingError(String);

impl MappingError {
    pub(super) fn new(said: impl fmt::Display) -> Self {
        // A parser's message has lines of its own.
        let said = said.to_string().replace('\n', "; ");
        Self(clean(&said, 400))
    }
}
