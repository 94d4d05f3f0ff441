//! The files that are named on the command line.

use std::fs::File;
use std::path::Path;

use audit::{BundleFile, Unable};
use serde_json::Value;

fn unfit(path: &Path, error: &std::io::Error) -> Unable {
    Unable::Usage(format!("`{}`: {error}", path.display()))
}

/// A bundle, from its first line.
pub(super) fn bundle(path: &Path) -> Result<BundleFile<File>, Unable> {
    let file = File::open(path).map_err(|e| unfit(path, &e))?;
    Ok(BundleFile::new(path.display().to_string(), file))
}

/// A file that may be large.
pub(super) fn open(path: &Path) -> Result<File, Unable> {
    File::open(path).map_err(|e| unfit(path, &e))
}

/// A small file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Unable> {
    std::fs::read(path).map_err(|e| unfit(path, &e))
}

/// A small file of text.
pub(super) fn read_text(path: &Path) -> Result<String, Unable> {
    std::fs::read_to_string(path).map_err(|e| unfit(path, &e))
}

/// Writes JSON for people into a file for its owner alone.
pub(super) fn write(path: &Path, value: &Value) -> Result<(), Unable> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| Unable::Failed(e.to_string()))?;
    text.push(b'\n');
    ::files::write(path, &text).map_err(|e| Unable::Failed(format!("{e}; nothing was written")))
}
