//! Writing a backup, and destroying those that have ended.
//!
//! A backup stands under a name that begins with a dot until everything in it is on disk; what a
//! crash left under such a name is destroyed by the next backup.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::note::Vkey;
use schemas::time::Timestamp;

use super::{DATABASE, LEFT_OUT, Listed, MANIFEST, Manifest, SEAL, failed, pass_on, sealed};
use crate::permission::ActError;
use host::home::write_private;

/// How deep folders stand in a home.
const DEEPEST: usize = 4;
/// What the name of a backup ends with until it is whole.
const PARTIAL: &str = ".partial";

/// A backup that is being written.
pub struct Writing {
    /// Where it stands until it is whole.
    partial: PathBuf,
    whole: PathBuf,
}

/// The name of a backup's folder.
#[must_use]
pub fn name(agency: &AgencyId, at: Timestamp) -> String {
    let time: String = at.to_string().chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    format!("{agency}-{time}")
}

/// Whether `name` is one that [`name`] makes for this agency: another agency's id may begin alike.
fn named_for(agency: &AgencyId, name: &str) -> bool {
    let time = name.strip_prefix(agency.as_str()).and_then(|rest| rest.strip_prefix('-'));
    time.is_some_and(|time| time.starts_with(|c: char| c.is_ascii_digit()))
}

fn private_folder(path: &Path) -> Result<(), ActError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| failed(path, &e))
}

/// Sees that `out` is reached through no link and that only root and this account can write there, or
/// exchange it: a backup holds the keys, and is written and destroyed there by name. It is made if it
/// is not there.
///
/// # Errors
/// When it is not so; who else can write there is named.
pub fn own(out: &Path) -> Result<(), ActError> {
    let unfit = |e: ::files::FileError| ActError::usage(e.to_string());
    ::files::Folder::make(out).map_err(unfit)?;
    let writers = ::files::other_writers(out).map_err(|e| failed(out, &e))?;
    if writers.is_empty() {
        return Ok(());
    }
    Err(ActError::usage(format!(
        "`{}` can be written by {}, and a backup holds this node's keys; name a folder into which, and above which, nobody else writes",
        out.display(),
        writers.into_iter().collect::<Vec<_>>().join(", ")
    )))
}

impl Writing {
    /// Begins a backup in `out`, which is made if it is not there.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn begin(out: &Path, agency: &AgencyId, at: Timestamp) -> Result<Self, ActError> {
        let name = name(agency, at);
        private_folder(out)?;
        let (partial, whole) = (out.join(format!(".{name}{PARTIAL}")), out.join(&name));
        if whole.exists() || partial.exists() {
            return Err(ActError::usage(format!("`{}` is there already", whole.display())));
        }
        private_folder(&partial)?;
        Ok(Self { partial, whole })
    }

    /// Where the database is to be copied to.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.partial.join(DATABASE)
    }

    /// Where it stands once it is whole.
    #[must_use]
    pub fn whole(&self) -> &Path {
        &self.whole
    }

    /// Copies every other file of `home`, has `seal` sign the digest of the manifest, then gives the
    /// backup its name; that digest.
    ///
    /// # Errors
    /// When a file cannot be read or written; nothing is left then.
    pub fn finish(
        self,
        home: &Path,
        manifest: Manifest,
        seal: impl FnOnce(&Digest) -> Option<String>,
    ) -> Result<(Manifest, Digest), ActError> {
        let finished = self.copy(home, manifest, seal);
        if finished.is_err() {
            self.give_up();
        }
        finished
    }

    /// Removes what was written.
    pub fn give_up(&self) {
        if let Err(error) = fs::remove_dir_all(&self.partial) {
            tracing::error!(%error, "a backup that failed could not be removed");
        }
    }

    fn copy(
        &self,
        home: &Path,
        mut manifest: Manifest,
        seal: impl FnOnce(&Digest) -> Option<String>,
    ) -> Result<(Manifest, Digest), ActError> {
        let mut files = Vec::new();
        let database = self.database();
        if database.exists() {
            let mut file = File::open(&database).map_err(|e| failed(&database, &e))?;
            let (bytes, sha256) =
                pass_on(&mut file, &mut std::io::sink()).map_err(|e| failed(&database, &e))?;
            files.push(Listed { path: DATABASE.into(), bytes, sha256 });
        }
        self.copy_below(home, "", DEEPEST, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        manifest.files = files;
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|e| ActError::failed(format!("the manifest could not be written: {e}")))?;
        write_private(&self.partial.join(MANIFEST), &text)?;
        let digest = Digest::of(&text);
        let sealed = seal(&digest)
            .ok_or_else(|| ActError::failed("no log key is here to seal the backup with".into()))?;
        write_private(&self.partial.join(SEAL), sealed.as_bytes())?;
        // Everything at once: photographs are many, and a sync of each takes longer than all.
        let synced =
            |path: &Path| File::open(path).and_then(|folder| Ok(rustix::fs::syncfs(folder)?));
        synced(&self.partial).map_err(|e| failed(&self.partial, &e))?;
        fs::rename(&self.partial, &self.whole).map_err(|e| failed(&self.whole, &e))?;
        synced(&self.whole).map_err(|e| failed(&self.whole, &e))?;
        Ok((manifest, digest))
    }

    fn copy_below(
        &self,
        home: &Path,
        below: &str,
        deeper: usize,
        files: &mut Vec<Listed>,
    ) -> Result<(), ActError> {
        let folder = home.join(below);
        for entry in fs::read_dir(&folder).map_err(|e| failed(&folder, &e))? {
            let entry = entry.map_err(|e| failed(&folder, &e))?;
            let file_name = entry.file_name();
            let Some(name) = file_name.to_str() else { continue };
            let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            let unfinished = path == "images/unfinished" || ::files::unfinished(&file_name);
            if LEFT_OUT.contains(&path.as_str()) || unfinished {
                continue;
            }
            // Links are followed: a certificate may be one, and photographs may be on another disk.
            let from = entry.path();
            let kind = match fs::metadata(&from) {
                // A photograph whose retention ended meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                found => found.map_err(|e| failed(&from, &e))?,
            };
            if kind.is_dir() && deeper > 0 {
                private_folder(&self.partial.join(&path))?;
                self.copy_below(home, &path, deeper.saturating_sub(1), files)?;
            } else if kind.is_file() {
                let mut source = match File::open(&from) {
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    opened => opened.map_err(|e| failed(&from, &e))?,
                };
                let to = self.partial.join(&path);
                let (bytes, sha256) = private_file(&to)
                    .and_then(|mut target| pass_on(&mut source, &mut target))
                    .map_err(|e| failed(&to, &e))?;
                files.push(Listed { path, bytes, sha256 });
            }
        }
        Ok(())
    }
}

pub(super) fn private_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)
}

/// The backups of `agency` in `out`, sealed with one of `keys`, that are to be destroyed by `now`, and
/// what a crash left of one. One that was altered may be evidence, and stays.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn ended(
    out: &Path,
    agency: &AgencyId,
    keys: &[Vkey],
    now: Timestamp,
) -> Result<Vec<PathBuf>, ActError> {
    let entries = match fs::read_dir(out) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| failed(out, &e))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| failed(out, &e))?;
        let (path, file_name) = (entry.path(), entry.file_name());
        // Not through links: only what stands here is this agency's to destroy.
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Some(name) = file_name.to_str() else { continue };
        let left = name.strip_prefix('.').and_then(|name| name.strip_suffix(PARTIAL));
        let over = match left {
            Some(name) => named_for(agency, name),
            None => {
                named_for(agency, name)
                    && sealed(&path, agency, keys).is_ok_and(|(said, _)| said.destroy_by <= now)
            }
        };
        if over {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Destroys a backup.
///
/// # Errors
/// When it cannot be.
pub fn destroy(folder: &Path) -> Result<(), ActError> {
    // What is left of one that could be destroyed in part is found by its manifest again.
    let entries = fs::read_dir(folder).map_err(|e| failed(folder, &e))?;
    for entry in entries {
        let entry = entry.map_err(|e| failed(folder, &e))?;
        let path = entry.path();
        if entry.file_name() == MANIFEST || entry.file_name() == SEAL {
            continue;
        }
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let gone = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        gone.map_err(|e| failed(&path, &e))?;
    }
    fs::remove_dir_all(folder).map_err(|e| failed(folder, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_of_the_agency_that_its_name_says_and_of_none_that_begins_alike() {
        let agency: AgencyId = "monrovia-ca-pd".parse().unwrap();
        let other: AgencyId = "monrovia-ca-pd-annex".parse().unwrap();
        let at = "2026-03-01T17:04:05.250Z".parse().unwrap();
        let made = name(&agency, at);
        assert_eq!(made, "monrovia-ca-pd-20260301T170405250Z");
        assert!(named_for(&agency, &made) && !named_for(&other, &made));
        assert!(!named_for(&agency, &name(&other, at)));
    }
}
