//! Backups, and their record in the log: that one is made and which are destroyed stands there first.

use std::path::{Path, PathBuf};

use schemas::digest::Digest;
use schemas::event::retention::BackupRestored;
use schemas::time::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};

use crate::backup::files::{self, Writing};
use crate::backup::restore::Restored;
use crate::backup::{Kept, Manifest, RESTORED, VERSION};
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::append::AppendError;
use audit_log::entries::retention::{backup_finished, backup_made, backup_restored};
use host::home::{Home, HomeError, read_text};
use registry::Backup;
use store::ReadStore;

/// How long a backup is kept unless it is said, in days.
pub const KEEP_DAYS: u32 = 30;
/// The longest that one is kept, in days.
pub const LONGEST_DAYS: u32 = 90;

/// What backup is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackUp {
    /// The folder that the backup is made in; an absolute path.
    pub out: PathBuf,
    /// When it is to be destroyed, in days from now; 1 to 90.
    pub keep_days: u32,
}

/// A backup that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Made {
    /// Where it stands.
    pub backup: PathBuf,
    /// When it was begun.
    pub at: Timestamp,
    /// When it is to be destroyed at the latest.
    pub destroy_by: Timestamp,
    /// Whether the database is in it.
    pub database: Kept,
    /// Files in it.
    pub files: u64,
    /// Their length, in bytes.
    pub bytes: u64,
    /// SHA-256 of its manifest, which the log holds too: `accord restore --manifest` compares it.
    pub manifest: Digest,
    /// Earlier ones that had ended and are destroyed.
    pub destroyed: Vec<PathBuf>,
}

/// Makes a backup of the node in `home`, which may be running, and destroys earlier ones in the same
/// folder that have ended.
///
/// # Errors
/// When the actor may not, or the backup cannot be written; then nothing is left of it, but the entry
/// that it was begun.
pub async fn back_up(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    home: &Home,
    asked: &BackUp,
) -> Result<Made, ActError> {
    let BackUp { out, keep_days } = asked;
    if !(1..=LONGEST_DAYS).contains(keep_days) {
        return Err(ActError::usage(format!(
            "--keep-days {keep_days}; expected 1 to {LONGEST_DAYS}"
        )));
    }
    apart(out, home.dir())?;
    files::own(out)?;
    let (index, Begun { at, over, destroy_by }) = begin(agency, by, out, *keep_days).await?;
    tracing::info!(entry.index = index, "a backup is begun");
    // Before the copy, which then leads to it.
    let head = agency.log.head()?.to_string();
    let writing = Writing::begin(out, &agency.id, at)?;
    let copied = store.copy_to(&writing.database()).await;
    let copied = copied.inspect_err(|_| writing.give_up())?;
    let backup = writing.whole().to_owned();
    let said = Manifest {
        accord_backup: VERSION,
        agency: agency.id.clone(),
        at,
        destroy_by,
        head,
        database: if copied { Kept::Sqlite } else { Kept::Postgresql },
        files: Vec::new(),
    };
    let from = home.dir().to_owned();
    let (log, id) = (agency.log.clone(), agency.id.clone());
    let seal = move |digest: &Digest| log.seal_backup(&id, digest);
    let (said, manifest) = blocking(move || writing.finish(&from, said, seal)).await?;
    let recorded = agency.act(|state, now| {
        let user = authorize(state, by, Permission::Administer, now)?;
        Ok((backup_finished(state, agency.actor(&user, by), at, manifest), ()))
    });
    recorded.await.map_err(|e| {
        ActError::failed(format!(
            "the backup `{}` is made, but could not be recorded: {e}",
            backup.display()
        ))
    })?;
    let gone = over.clone();
    blocking(move || gone.iter().try_for_each(|folder| files::destroy(folder))).await.map_err(
        |e| {
            ActError::failed(format!(
                "the backup `{}` is made, but an ended one could not be destroyed: {e}",
                backup.display()
            ))
        },
    )?;
    Ok(Made {
        backup,
        at: said.at,
        destroy_by,
        database: said.database,
        files: said.files.len() as u64,
        bytes: said.files.iter().map(|file| file.bytes).sum(),
        manifest,
        destroyed: over,
    })
}

/// A backup that the log says is made.
struct Begun {
    at: Timestamp,
    /// Earlier ones that have ended.
    over: Vec<PathBuf>,
    destroy_by: Timestamp,
}

/// Records that a backup is made in `out` and which ones are destroyed; the index of the entry.
async fn begin(
    agency: &OwnAgency,
    by: &Principal,
    out: &Path,
    keep_days: u32,
) -> Result<(u64, Begun), ActError> {
    let keep_ms = i64::from(keep_days).saturating_mul(DAY_MS);
    let recorded = agency.act(|state, now| {
        let user = authorize(state, by, Permission::Administer, now)?;
        let over = files::ended(out, &agency.id, &agency.own_log_keys(), now)?;
        let destroy_by = now.plus_millis(keep_ms);
        let folder = out.join(files::name(&agency.id, now));
        let backup = Backup { folder, at: now, destroy_by, manifest: None };
        let forgotten = forgotten(state.backups.values());
        let actor = agency.actor(&user, by);
        let entry = backup_made(state, actor, backup, over.clone(), forgotten);
        Ok((entry, Begun { at: now, over, destroy_by }))
    });
    let (appended, begun) = recorded.await?;
    Ok((appended.position().index, begun))
}

/// Why it cannot be recorded that a home was put back.
#[derive(Debug, thiserror::Error)]
pub enum RestoringError {
    /// What the home says of it cannot be read, or not be removed.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] AppendError),
}

/// Whether this home was put back from a backup, and its log does not say so yet.
#[must_use]
pub fn is_restored(home: &Home) -> bool {
    home.dir().join(RESTORED).exists()
}

/// Records that this home was put back from a backup, if it was and its log does not say so yet.
///
/// # Errors
/// When what the home says cannot be read, or the log cannot be written.
pub async fn record_restoring(agency: &OwnAgency, home: &Home) -> Result<(), RestoringError> {
    let path = home.dir().join(RESTORED);
    if !path.exists() {
        return Ok(());
    }
    let note: Restored = serde_json::from_str(&read_text(&path)?)
        .map_err(|e| HomeError::Content { path: path.clone(), error: e.to_string() })?;
    let restored = BackupRestored {
        backup_at: note.backup_at,
        restored_at: note.restored_at,
        uid: note.uid,
        head: note.head,
    };
    drop(agency.log.append(backup_restored(agency.node_actor(), restored)).await?);
    tracing::info!(backup.at = %note.backup_at, "this home was put back from the backup of that time; what was logged since is not in it");
    // A crash here records it twice, which says nothing wrong.
    std::fs::remove_file(&path).map_err(|error| HomeError::File { path, error })?;
    Ok(())
}

/// Backups that are no longer where they were made: destroyed, or put away elsewhere.
fn forgotten<'a>(backups: impl Iterator<Item = &'a Backup>) -> Vec<Timestamp> {
    backups.filter(|backup| !backup.folder.exists()).map(|backup| backup.at).collect()
}

/// A backup within the home is lost with it, and would hold itself.
fn apart(out: &Path, home: &Path) -> Result<(), ActError> {
    if !out.is_absolute() {
        return Err(ActError::usage(format!("`{}` is no absolute path", out.display())));
    }
    let real = |path: &Path| {
        let there = path.ancestors().find_map(|part| part.canonicalize().ok());
        there.unwrap_or_else(|| path.to_owned())
    };
    if real(out).starts_with(real(home)) {
        return Err(ActError::usage(format!(
            "`{}` is in the home; a backup belongs elsewhere, best on another machine's disk",
            out.display()
        )));
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ActError> + Send + 'static,
) -> Result<T, ActError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| ActError::failed(format!("the backup ended early: {e}")))?
}
