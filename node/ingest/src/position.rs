//! Where in a source a record stands.

use std::fmt;

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// On a line of its own or with others.
    Line {
        /// Line, from 1.
        line: u64,
        /// Which record on that line, from 1.
        nth: u64,
    },
    /// In a part of a multipart body, from 1.
    Part(u64),
}

impl Position {
    /// The line, where it is one; 0 otherwise.
    pub(crate) const fn line(self) -> u64 {
        match self {
            Self::Line { line, .. } => line,
            Self::Part(_) => 0,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, nth: 0 | 1 } => write!(f, "line {line}"),
            Self::Line { line, nth } => write!(f, "line {line}, record {nth}"),
            Self::Part(part) => write!(f, "part {part}"),
        }
    }
}
