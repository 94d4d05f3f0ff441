//! The export of a log: a file that is checked on a machine without a node and without a network.
//!
//! JSON Lines. The first line is the [`Head`]: whose log, what of it, the signed head. Every further
//! line is of one [`Line`] kind, which its only key names: first what the log is checked by, a line
//! for each card and each policy, then the entries, exactly as they stand in the log. So no line
//! grows with what a node holds, and a bundle of any length is read line by line. An export of one
//! peer or of a period also holds the header of the entry before it and of the one after it (its
//! *borders*), so that the numbers show that nothing between was left out, the entries that concern
//! the agency itself, by which destroyed bodies are judged, and with every entry the proof of its
//! place. The last entry of such an export is that of the export itself.
//!
//! Reading is strict and bounded: a line that is too long or not of this form is reported with its
//! number, and the lines after it are read all the same.

mod line;
mod reader;
mod spelling;

use std::io;

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::time::Timestamp;

use spelling::only_spelling;

pub use line::{BundleEntry, BundleLine, Earlier, Item, LARGEST_LINE, Line};
pub use reader::{At, Reader};

/// The version of this form.
pub const FORMAT: u8 = 1;
/// Largest first line, in bytes: names, instants, and a note that the log's own keys alone signed.
pub const LARGEST_HEAD: usize = 16 << 10;
/// Most heads that peers cosigned of a bundle.
pub const MOST_COSIGNED: usize = 1_024;

/// What a bundle is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The entries that concern this peer; of all, and of none, where it is absent.
    pub peer: Option<AgencyId>,
    /// Those at or after.
    pub from: Option<Timestamp>,
    /// Those before.
    pub until: Option<Timestamp>,
}

impl Scope {
    /// Whether it is the whole log.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`FORMAT`].
    pub accord_bundle: u8,
    /// Whose log.
    pub agency: AgencyId,
    /// The index of the entry of the export itself.
    pub entry: u64,
    /// When it was exported: that entry's time.
    pub at: Timestamp,
    /// What of it.
    pub scope: Scope,
    /// The signed head that covers every entry here, verbatim.
    pub checkpoint: String,
}

/// Why a line is none of a bundle, or a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file does not let itself be read.
    #[error("line {line} cannot be read: {error}")]
    Read {
        /// The line.
        line: u64,
        /// Why.
        error: io::Error,
    },
    /// The line is not of this form.
    #[error("line {line} {what}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
}

impl Head {
    /// Reads the first line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        if line.len() > LARGEST_HEAD {
            return Err(format!("is longer than {LARGEST_HEAD} bytes"));
        }
        let head: Self = serde_json::from_slice(line).map_err(|e| {
            format!("is not the head of a bundle as `accord audit export` writes it ({e})")
        })?;
        if head.accord_bundle != FORMAT {
            return Err(format!(
                "is of format {}; this version of accord reads format {FORMAT}",
                head.accord_bundle
            ));
        }
        only_spelling(line, &head)?;
        Ok(head)
    }

    /// The signed head, **unchecked**.
    ///
    /// # Errors
    /// When it is none.
    pub fn signed(&self) -> Result<SignedCheckpoint, CheckpointError> {
        SignedCheckpoint::parse(self.checkpoint.as_bytes())
    }
}

#[cfg(test)]
mod tests;
