//! Why a text is no mapping.

use std::fmt;

use crate::field::clean;

/// Why a text is no mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mapping cannot be used: {0}")]
pub struct MappingError(String);

impl MappingError {
    pub(super) fn new(said: impl fmt::Display) -> Self {
        Self(clean(&said.to_string(), 400))
    }
}
