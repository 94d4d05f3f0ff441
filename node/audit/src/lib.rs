//! What an auditor does with logs: verify one, decide again what it says was decided, reconcile two,
//! report on one. Pure: entries in, findings out; no node, no database and no network. Files are read
//! from whatever the caller opened.
//!
//! With the feature `program` (on unless left out) the crate also makes `accord-audit`, which does
//! all of it on files, for people without a node.

mod alone;
mod beside;
pub mod brackets;
mod bundle_file;
mod bundle_index;
pub mod check;
mod clock_steps;
#[cfg(feature = "clap")]
pub mod command_line;
pub mod cosigned_heads;
pub mod decisions;
mod destroyed_under_hold;
mod disproved;
mod earlier;
pub mod entry_proof;
pub mod error;
pub mod evidence;
pub mod exchange_lines;
pub mod exchange_tree;
pub mod explained;
pub mod foreign;
pub mod heads;
pub mod hold_check;
pub mod kept;
pub mod key_times;
pub mod keys;
mod look_check;
mod messages;
pub mod pins;
mod preamble;
pub mod problem;
pub mod public;
mod recomputed;
pub mod reconcile;
pub mod redaction_check;
mod registry_check;
pub mod report;
mod session_check;
pub mod signature;
pub mod signed_by;
pub mod time;
mod told;
pub mod tree_diff;
pub mod two_bundles;
pub mod unproven;
pub mod verify;
pub mod view;
pub mod wording;

pub use bundle_file::BundleFile;
pub use error::Unable;
pub use pins::{Pin, Pins};
