//! Watched folders: files that cameras and vendors' programs write, imported once they are whole.
//!
//! A file is taken once it has not changed for [`SETTLED`]. When every record of it is durable the
//! file is destroyed: it is a copy of reads, and would outlive their retention. A file with records
//! that cannot be used is set aside in the home. Only plain files right in the folder are taken;
//! links, folders, pipes and hidden files are left alone, and so are names that end in `.tmp` or
//! `.part`, under which programs write what they then rename.
//!
//! Others write into these folders. Each is opened anew for every look, through no link, and what is
//! done in it goes by its descriptor; a file is read only as it was when it settled, and no further
//! than it was long then. Each folder has a task of its own and files are touched on threads that
//! nobody waits for at the end: a folder that keeps its task waiting keeps back no other, and not the
//! node's stop.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::files::{Folder, Seen, Unfit};
use schemas::text::{Text, one_line};
use tokio::task::{Id, JoinSet};

use super::set_aside::{SetAside, SetAsideError};
use super::{ImportRequest, ImportStopped, ImportSummary, import};
use crate::permission::{ActError, OwnAgency};
use crate::reads::importer::{ImportActor, Importer};
use crate::reads::source_stats::StatsBySource;
use registry::{Source, SourceName};

/// How long a file must have been as it is.
const SETTLED: Duration = Duration::from_secs(3);
/// How long a folder rests after this node could not take what it holds.
const RESTING: Duration = Duration::from_secs(10);
/// How often what is set aside is looked through.
const SWEEPING: Duration = Duration::from_secs(3_600);

/// What a file was like, and since when it has been like that.
#[derive(Clone)]
struct FileState {
    seen: Seen,
    since: Instant,
    /// It is not taken as it is, which was said.
    left_alone: bool,
}

/// What is remembered of a folder between two looks.
#[derive(Default)]
struct FolderState {
    files: HashMap<OsString, FileState>,
    rests_until: Option<Instant>,
}

/// The folders of sources, from which files are imported.
pub struct WatchedFolders {
    taking: Taking,
    folders: HashMap<PathBuf, FolderState>,
    looked_into: JoinSet<FolderState>,
    /// The folders of `looked_into`.
    under_way: HashMap<Id, PathBuf>,
    swept: Option<Instant>,
}

/// What takes files in.
#[derive(Clone)]
struct Taking {
    agency: OwnAgency,
    importer: Importer,
    stats: Arc<StatsBySource>,
    set_aside: SetAside,
}

/// Why a folder rests. It names no file: a name may hold a plate, and this goes to the operational log.
#[derive(Debug, thiserror::Error)]
enum Rests {
    #[error("the folder {0}")]
    Folder(Unfit),
    #[error("a file of it {0}")]
    File(Unfit),
    #[error("a file of it cannot be set aside: {0}")]
    SetAside(Unfit),
    #[error(transparent)]
    Node(#[from] ActError),
    #[error("it was looked into by a thread that ended early")]
    Ended,
}

impl WatchedFolders {
    /// Those of the sources of `agency`, whose home is `home`. What they send is counted in `stats`.
    #[must_use]
    pub fn new(
        agency: OwnAgency,
        importer: Importer,
        stats: Arc<StatsBySource>,
        rejected: PathBuf,
    ) -> Self {
        let set_aside = SetAside::in_folder(rejected);
        Self {
            taking: Taking { agency, importer, stats, set_aside },
            folders: HashMap::new(),
            looked_into: JoinSet::new(),
            under_way: HashMap::new(),
            swept: None,
        }
    }

    /// Begins to import what has appeared in the folders since the last scan. A folder whose files this
    /// node cannot take rests for a while, and keeps back no other.
    pub async fn scan(&mut self) {
        while let Some(looked) = self.looked_into.try_join_next_with_id() {
            let (id, known) = match looked {
                Ok((id, known)) => (id, known),
                // What was known of the folder is gone: its files settle anew.
                Err(error) => (error.id(), FolderState::default()),
            };
            if let Some(folder) = self.under_way.remove(&id) {
                self.folders.insert(folder, known);
            }
        }
        let state = self.taking.agency.registry.state();
        for source in state.sources.values().filter(|source| source.disabled.is_none()) {
            let Some(folder) = &source.folder else { continue };
            if self.under_way.values().any(|other| other == folder) {
                continue;
            }
            let known = self.folders.remove(folder).unwrap_or_default();
            if known.rests_until.is_some_and(|until| until > Instant::now()) {
                self.folders.insert(folder.clone(), known);
                continue;
            }
            let (taking, source, path) = (self.taking.clone(), source.clone(), folder.clone());
            let look = async move { taking.look_into(&source, &path, known).await };
            let id = self.looked_into.spawn(look).id();
            self.under_way.insert(id, folder.clone());
        }
        if self.swept.is_none_or(|at| at.elapsed() >= SWEEPING) {
            self.swept = Some(Instant::now());
            let sources: Vec<SourceName> = state.sources.keys().cloned().collect();
            self.taking.sweep(sources).await;
        }
    }
}

impl Taking {
    async fn look_into(
        &self,
        source: &Source,
        folder: &Path,
        mut known: FolderState,
    ) -> FolderState {
        known.rests_until = None;
        if let Err(error) = self.take_settled(source, folder, &mut known).await {
            tracing::error!(source.name = %source.name, %error, "a watched folder cannot be imported");
            known.rests_until = Instant::now().checked_add(RESTING);
        }
        known
    }

    async fn take_settled(
        &self,
        source: &Source,
        folder: &Path,
        known: &mut FolderState,
    ) -> Result<(), Rests> {
        let path = folder.to_owned();
        let listed = blocking(move || {
            let folder = Folder::open(&path)?;
            let files = folder.plain_files()?;
            Ok::<_, ::files::FileError>((Arc::new(folder), files))
        });
        let (folder, files) = listed.await?.map_err(|error| Rests::Folder(error.why))?;
        for file in settled(files, known) {
            let left_alone = !self.take(source, &folder, &file).await?;
            if let Some(state) = known.files.get_mut(&file.name) {
                state.left_alone = left_alone;
            }
        }
        Ok(())
    }

    /// Takes one file in; whether it need not be said again what became of it. What was wrong with its
    /// records is no error here: it stands where the file is set aside.
    async fn take(
        &self,
        source: &Source,
        folder: &Arc<Folder>,
        settled: &Seen,
    ) -> Result<bool, Rests> {
        let now = self.agency.clock.now();
        if settled.hard_linked {
            let why = "a file in its folder has a second name elsewhere (a hard link) and is left alone; have it copied there instead";
            self.stats.note(&source.name, now, why.into());
            return Ok(false);
        }
        let (within, name) = (folder.clone(), settled.name.clone());
        let (file, opened) = match blocking(move || within.read(&name)).await? {
            Ok(opened) => opened,
            // Another took its place, or it is gone: it is looked at anew.
            Err(error) => match error.why {
                Unfit::System(_) if !error.is_missing() => return Err(Rests::File(error.why)),
                _ => return Ok(true),
            },
        };
        if opened != *settled {
            return Ok(true);
        }
        let kept = file.try_clone().map_err(|error| Rests::File(error.into()))?;
        let request = ImportRequest {
            by: ImportActor::Source(source.name.clone()),
            file: shown(&settled.name),
            options: source.options().map_err(ActError::failed)?,
        };
        // No further than it was long: one that grows while it is read is taken again.
        let outcome = import(&self.importer, request, file.take(settled.size), None).await;
        self.stats.count(&source.name, now, &outcome);
        let (summary, why) = match outcome {
            Ok(summary) => (summary, None),
            Err((ImportStopped::Content(why), summary)) => (summary, Some(why)),
            Err((ImportStopped::Node(error), _)) => return Err(error.into()),
        };
        if (summary.rejected > 0 || why.is_some())
            && !self.put_aside(source, kept, settled, summary, why).await?
        {
            return Ok(false);
        }
        let (within, settled) = (folder.clone(), settled.clone());
        match blocking(move || within.destroy(&settled)).await? {
            Err(error) if matches!(error.why, Unfit::System(_)) => Err(Rests::File(error.why)),
            // Changed since: what it is now is taken in its turn.
            Err(_) | Ok(()) => Ok(true),
        }
    }

    /// Whether there was room for it.
    async fn put_aside(
        &self,
        source: &Source,
        file: File,
        seen: &Seen,
        summary: ImportSummary,
        why: Option<String>,
    ) -> Result<bool, Rests> {
        let (aside, name, seen) = (self.set_aside.clone(), source.name.clone(), seen.clone());
        let put = blocking(move || aside.put(&name, file, &seen, &summary, why.as_deref()));
        match put.await? {
            Ok(()) => Ok(true),
            Err(SetAsideError::File(error)) => Err(Rests::SetAside(error.why)),
            Err(error @ SetAsideError::Full { .. }) => {
                self.stats.note(&source.name, self.agency.clock.now(), error.to_string());
                Ok(false)
            }
        }
    }

    /// Destroys what was set aside and is past the retention of reads.
    async fn sweep(&self, sources: Vec<SourceName>) {
        let Some(policy) = self.agency.registry.state().policy.clone() else { return };
        let kept = policy.retention.reads.cut_off();
        let cut_off = kept.cut_off(self.agency.clock.now()).millis();
        let aside = self.set_aside.clone();
        let swept = blocking(move || aside.sweep(&sources, cut_off)).await;
        let error = match swept {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.why.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(%error, "files that were set aside could not be destroyed");
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Rests> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Rests::Ended)
}

/// A name as it stands in the log.
fn shown(name: &OsStr) -> Text {
    one_line(&name.to_string_lossy()).parse().unwrap_or_default()
}

/// Whether a file is still being written, by its name.
pub fn is_unfinished(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part")
}

/// The files of a folder that have been as they are for long enough, in the order of their names.
fn settled(files: Vec<Seen>, known: &mut FolderState) -> Vec<Seen> {
    let now = Instant::now();
    let mut present = HashMap::new();
    let mut settled = Vec::new();
    for seen in files.into_iter().filter(|seen| !is_unfinished(&seen.name)) {
        let before = known.files.remove(&seen.name).filter(|before| before.seen == seen);
        let state = before.unwrap_or(FileState { seen, since: now, left_alone: false });
        if now.duration_since(state.since) >= SETTLED && !state.left_alone {
            settled.push(state.seen.clone());
        }
        present.insert(state.seen.name.clone(), state);
    }
    known.files = present;
    settled
}
