//! A folder of files as one archive (POSIX ustar), piece by piece: what a browser can download of a package.

use schemas::text::Text;
use schemas::time::Timestamp;

use crate::permission::ActError;

/// What ends an archive.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
/// Everything in one is made of blocks.
const BLOCK: usize = 512;

/// What the folder of a case's package is called: by its number, with hyphens for what is no letter or
/// digit.
#[must_use]
pub fn folder(case: &Text) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let case: String = case.as_str().chars().map(plain).take(60).collect();
    format!("evidence-{case}")
}

/// A file below `folder`: its header and its bytes, filled up to whole blocks.
///
/// # Errors
/// When its path is longer than an archive names.
pub fn file(folder: &str, path: &str, bytes: &[u8], at: Timestamp) -> Result<Vec<u8>, ActError> {
    let mut header = tar::Header::new_ustar();
    header.set_path(format!("{folder}/{path}")).map_err(|error| {
        ActError::failed(format!("`{path}` cannot stand in an archive: {error}"))
    })?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(bytes.len() as u64);
    header.set_mtime(u64::try_from(at.millis().div_euclid(1000)).unwrap_or_default());
    header.set_cksum();
    let mut all = header.as_bytes().to_vec();
    all.extend_from_slice(bytes);
    all.resize(all.len().next_multiple_of(BLOCK), 0);
    Ok(all)
}
