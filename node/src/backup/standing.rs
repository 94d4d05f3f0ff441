//! Whether a backup still is what was made: held against what the log says of it, without reading all of
//! it.

use std::fs::{self, File};

use schemas::agency::AgencyId;
use schemas::note::Vkey;

use super::{below, pass_on, sealed};
use registry::Backup;

/// The largest file that is read through, in bytes; of longer ones the length is compared. `restore`
/// reads them all.
const READ_THROUGH: u64 = 1 << 20;

/// How the backup that stands in its folder differs from the one that was made; nothing if it does not,
/// or is no longer there.
#[must_use]
pub fn altered(backup: &Backup, agency: &AgencyId, keys: &[Vkey]) -> Option<String> {
    if !backup.folder.exists() {
        return None;
    }
    let (said, digest) = match sealed(&backup.folder, agency, keys) {
        Ok(said) => said,
        Err(error) => return Some(error.to_string()),
    };
    let differs =
        |why: String| Some(format!("`{}` is not as it was made: {why}", backup.folder.display()));
    match backup.manifest {
        None => {
            return differs("it was begun, and the log does not say that it was finished".into());
        }
        Some(recorded) if recorded != digest => {
            return differs(format!(
                "its manifest has the digest {digest}, and the log recorded {recorded}: it was sealed anew"
            ));
        }
        Some(_) => {}
    }
    let wrong = said.files.iter().find_map(|file| {
        let path = below(&backup.folder, &file.path)?;
        let Ok(there) = fs::metadata(&path) else {
            return Some(format!("`{}` is missing", file.path));
        };
        let same = there.len() == file.bytes
            && (file.bytes > READ_THROUGH
                || File::open(&path)
                    .and_then(|mut open| pass_on(&mut open, &mut std::io::sink()))
                    .is_ok_and(|found| found == (file.bytes, file.sha256)));
        (!same).then(|| format!("`{}` was altered", file.path))
    });
    wrong.and_then(differs)
}
