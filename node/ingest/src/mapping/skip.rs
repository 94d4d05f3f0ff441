//! Records that a mapping passes over, by what one of their values is.

use serde::Deserialize;

use super::column::{self, ColumnValue, MappedLayout};
use super::error::MappingError;

/// Most of them in one mapping, and most words of one.
const MOST: usize = 16;

/// A record whose value is one of these words, or none of them, is no read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SkipWhere {
    pub(crate) column: ColumnValue,
    words: Vec<String>,
    /// Whether the words are those that are not passed over.
    only: bool,
}

impl SkipWhere {
    /// Whether a record with this value is passed over.
    pub(crate) fn skips(&self, value: &str) -> bool {
        let is = self.words.iter().any(|word| word.trim().eq_ignore_ascii_case(value.trim()));
        is != self.only
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    column: column::Written,
    #[serde(default)]
    is: Vec<String>,
    #[serde(default)]
    is_not: Vec<String>,
}

impl Written {
    pub(super) fn all(
        written: Vec<Self>,
        layout: MappedLayout,
    ) -> Result<Vec<SkipWhere>, MappingError> {
        if written.len() > MOST {
            return Err(MappingError::new(format_args!(
                "skip_where has at most {MOST} conditions"
            )));
        }
        written.into_iter().map(|one| one.checked(layout)).collect()
    }

    fn checked(self, layout: MappedLayout) -> Result<SkipWhere, MappingError> {
        let only = self.is.is_empty();
        let words = if only { self.is_not } else { self.is };
        if words.is_empty() || words.len() > MOST {
            return Err(MappingError::new(format_args!(
                "a condition of skip_where has `is` or `is_not`, with 1 to {MOST} words"
            )));
        }
        Ok(SkipWhere { column: self.column.checked(layout)?, words, only })
    }
}
