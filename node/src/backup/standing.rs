//! Whether a backup still is what was made: held against what the log says of it, without reading all of
//! it.

use std::collections::BTreeSet;
use std::fs::{self, File};

use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::note::Vkey;
use schemas::time::Timestamp;

use super::{below, pass_on, sealed};
use crate::permission::ActError;
use audit::view::LogEntry;
use registry::Backup;
use store::{EntryFilter, ReadStore};

/// The largest file that is read through, in bytes; of longer ones the length is compared. `restore`
/// reads them all.
const READ_THROUGH: u64 = 1 << 20;
/// Most times that a log tells of having been put back.
const MOST_PUT_BACK: u32 = 1_000;

/// How the backup that stands in its folder differs from the one that was made; nothing if it does not,
/// or is no longer there. The log of a home that was `put_back` from it ends before it was finished.
#[must_use]
pub fn altered(
    backup: &Backup,
    agency: &AgencyId,
    keys: &[Vkey],
    put_back: bool,
) -> Option<String> {
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
        None if put_back => {}
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

/// The backups, by when they were begun, from which this node was put back.
///
/// # Errors
/// When the store does not answer, or holds what the log never wrote.
pub async fn put_back(store: &dyn ReadStore) -> Result<BTreeSet<Timestamp>, ActError> {
    let filter = EntryFilter { kind: Some(EntryKind::BackupRestored), ..EntryFilter::default() };
    let found = store.entries(&filter, 0, MOST_PUT_BACK).await?;
    let mut all = BTreeSet::new();
    for stored in &found {
        if let Some(Event::BackupRestored(said)) = LogEntry::of(stored)?.body.map(|body| body.event)
        {
            all.insert(said.backup_at);
        }
    }
    Ok(all)
}
