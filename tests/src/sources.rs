//! Sources from which reads come by themselves: webhooks, watched folders, field units.

use std::path::Path;

use serde_json::Value;

use crate::agency::{Agency, Plan};
use crate::fixtures::{json_lines, reads};

/// An agency with an HTTPS side.
pub async fn agency_with_https() -> Agency {
    Agency::of(Plan::of("monrovia-ca-pd").with_https()).await
}

/// Runs `accord source add` with `args`; what it prints.
///
/// # Panics
/// When the source is not added.
#[must_use]
pub fn add_source(agency: &Agency, args: &[&str]) -> Value {
    agency.accord(&[&["source", "add"], args].concat()).done()
}

/// The token of a source that was just added.
///
/// # Panics
/// When none was printed.
#[must_use]
pub fn token(added: &Value) -> &str {
    added["token"].as_str().expect("a token")
}

/// `count` reads of `plate` in the native format, a line each.
#[must_use]
pub fn native_lines(agency: &Agency, plate: &str, count: usize) -> String {
    json_lines(&reads(agency.id(), plate, count, agency.now()))
}

/// How many reads an agency has.
///
/// # Panics
/// When its store does not say.
pub async fn stored_reads(agency: &Agency) -> u64 {
    agency.context().store.stats().await.expect("numbers").reads
}

/// The names of what lies in a folder, sorted.
///
/// # Panics
/// When the folder cannot be read.
#[must_use]
pub fn file_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
