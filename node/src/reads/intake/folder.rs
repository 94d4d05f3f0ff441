//! Watched folders: files that cameras and vendors' programs write, imported once they are whole.
//!
//! A file is taken once it has not changed for [`SETTLED`]. When every record of it is durable the
//! file is destroyed: it is a copy of reads, and would outlive their retention. A file with records
//! that cannot be used goes to `rejected/` in the folder, with what is wrong beside it, and is
//! destroyed there at the end of the retention of reads. Only plain files right in the folder are
//! taken; links, folders and hidden files are left alone, and so are names that end in `.tmp` or
//! `.part`, under which programs write what they then rename.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use schemas::text::Text;

use super::{ImportRequest, ImportStopped, ImportSummary, import};
use crate::permission::{ActError, OwnAgency};
use crate::reads::importer::{ImportActor, Importer};
use crate::reads::source_stats::StatsBySource;
use registry::Source;

/// How long a file must have been as it is.
const SETTLED: Duration = Duration::from_secs(3);
/// How long a folder rests after this node could not take what it holds.
const RESTING: Duration = Duration::from_secs(10);
/// Where files go that have records that cannot be used.
const REJECTED: &str = "rejected";
/// How often `rejected/` is looked through.
const SWEEPING: Duration = Duration::from_secs(3_600);

/// What a file was like, and since when it has been like that.
#[derive(Clone, Copy)]
struct FileState {
    size: u64,
    modified: Option<SystemTime>,
    since: Instant,
}

#[derive(Default)]
struct FolderState {
    files: HashMap<PathBuf, FileState>,
    rests_until: Option<Instant>,
    swept: Option<Instant>,
}

/// The folders of sources, from which files are imported.
pub struct WatchedFolders {
    agency: OwnAgency,
    importer: Importer,
    stats: Arc<StatsBySource>,
    folders: HashMap<PathBuf, FolderState>,
}

impl WatchedFolders {
    /// Those of the sources of `agency`. What they send is counted in `stats`.
    #[must_use]
    pub fn new(agency: OwnAgency, importer: Importer, stats: Arc<StatsBySource>) -> Self {
        Self { agency, importer, stats, folders: HashMap::new() }
    }

    /// Imports what has appeared in the folders since the last scan. A folder whose files this node
    /// cannot take rests for a while, and keeps back no other.
    pub async fn scan(&mut self) {
        let state = self.agency.registry.state();
        let open = state.sources.values().filter(|source| source.disabled.is_none());
        for source in open {
            let Some(folder) = &source.folder else { continue };
            let mut known = self.folders.remove(folder).unwrap_or_default();
            if known.rests_until.is_none_or(|until| until <= Instant::now()) {
                known.rests_until = None;
                if let Err(error) = self.scan_folder(source, folder, &mut known).await {
                    tracing::error!(source.name = %source.name, %error, "a watched folder cannot be imported");
                    known.rests_until = Instant::now().checked_add(RESTING);
                }
            }
            self.folders.insert(folder.clone(), known);
        }
    }

    async fn scan_folder(
        &self,
        source: &Source,
        folder: &Path,
        known: &mut FolderState,
    ) -> Result<(), ActError> {
        for file in settled(folder, known).map_err(|e| cannot(folder, &e))? {
            self.import_file(source, folder, &file).await?;
            known.files.remove(&file);
        }
        if known.swept.is_none_or(|at| at.elapsed() >= SWEEPING) {
            known.swept = Some(Instant::now());
            self.sweep(folder).map_err(|e| cannot(folder, &e))?;
        }
        Ok(())
    }

    /// Imports one file. What was wrong with it is no error here: it stands beside the file.
    async fn import_file(
        &self,
        source: &Source,
        folder: &Path,
        path: &Path,
    ) -> Result<(), ActError> {
        let name = path.file_name().unwrap_or_default();
        let options = source.options().map_err(ActError::failed)?;
        let shown: Text = name.to_string_lossy().parse().unwrap_or_default();
        let by = ImportActor::Source(source.name.clone());
        // A link that took the file's place since it was looked at is not followed.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)
            .map_err(|e| cannot(path, &e))?;
        let request = ImportRequest { by, file: shown, options };
        let outcome = import(&self.importer, request, file, None).await;
        self.stats.count(&source.name, self.agency.clock.now(), &outcome);
        let put_away = match outcome {
            Ok(summary) if summary.rejected == 0 => destroy(folder, path),
            Ok(summary) => reject(folder, path, &summary, None),
            Err((ImportStopped::Content(why), summary)) => {
                reject(folder, path, &summary, Some(&why))
            }
            Err((ImportStopped::Node(error), _)) => return Err(error),
        };
        put_away.map_err(|e| cannot(path, &e))
    }

    /// Destroys what was rejected and is past the retention of reads.
    fn sweep(&self, folder: &Path) -> io::Result<()> {
        let Some(policy) = self.agency.registry.state().policy.clone() else { return Ok(()) };
        let cut_off = self.agency.clock.now().cut_off(policy.retention.reads.cut_off_days).millis();
        let rejected = match fs::read_dir(folder.join(REJECTED)) {
            Ok(rejected) => rejected,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in rejected {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let age =
                metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            if metadata.is_file() && i64::try_from(age.as_millis()).unwrap_or(i64::MAX) < cut_off {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn cannot(path: &Path, error: &io::Error) -> ActError {
    ActError::failed(format!("`{}`: {error}", path.display()))
}

/// The files of a folder that have been as they are for long enough, in the order of their names.
fn settled(folder: &Path, known: &mut FolderState) -> io::Result<Vec<PathBuf>> {
    let now = Instant::now();
    let mut present = HashMap::new();
    let mut settled = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let unfinished = name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part");
        // Of a link, its own metadata: where it leads is not looked at.
        let metadata = match entry.metadata() {
            Ok(metadata) if metadata.is_file() && !unfinished => metadata,
            // Renamed meanwhile, or nothing to take.
            _ => continue,
        };
        let (size, modified) = (metadata.len(), metadata.modified().ok());
        let before = known.files.get(&entry.path());
        let same = before.filter(|seen| seen.size == size && seen.modified == modified);
        let seen = same.copied().unwrap_or(FileState { size, modified, since: now });
        if now.duration_since(seen.since) >= SETTLED {
            settled.push(entry.path());
        }
        present.insert(entry.path(), seen);
    }
    known.files = present;
    settled.sort();
    Ok(settled)
}

fn destroy(folder: &Path, path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    File::open(folder)?.sync_all()
}

/// Moves a file to where it waits for a person, with what is wrong beside it.
fn reject(
    folder: &Path,
    path: &Path,
    summary: &ImportSummary,
    why: Option<&str>,
) -> io::Result<()> {
    let aside = folder.join(REJECTED);
    match fs::DirBuilder::new().mode(0o700).create(&aside) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let name = path.file_name().unwrap_or_default();
    let mut target = aside.join(name);
    for number in 1.. {
        if !target.try_exists()? {
            break;
        }
        let mut numbered = name.to_owned();
        numbered.push(format!(".{number}"));
        target = aside.join(numbered);
    }
    let mut beside = target.clone().into_os_string();
    beside.push(".errors.txt");
    let mut errors =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(beside)?;
    writeln!(
        errors,
        "{} records, {} reads stored, {} stored already, {} rejected",
        summary.records, summary.stored, summary.duplicates, summary.rejected
    )?;
    for error in &summary.errors {
        writeln!(errors, "{}: {}", error.at, error.error)?;
    }
    if let Some(why) = why {
        writeln!(errors, "{why}; nothing after it was read")?;
    }
    errors.sync_all()?;
    fs::rename(path, &target)?;
    File::open(&aside)?.sync_all()?;
    File::open(folder)?.sync_all()
}
