//! The files of a server that has never run, kept beside what cargo builds and copied for each further
//! server: `initdb` takes several times as long, and nextest starts a process, so a server, a test.
//!
//! Whatever fails here costs that time and nothing else.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{ADMIN, INITDB, id};

/// The kept files for these programs, if there are any.
pub(crate) fn kept(programs: &Path) -> Option<PathBuf> {
    place(programs).filter(|place| place.is_dir())
}

/// Keeps a copy of `data` for these programs, unless somebody else has kept one meanwhile.
pub(crate) fn keep(programs: &Path, data: &Path) {
    let Some(place) = place(programs) else { return };
    let mine = place.with_extension(std::process::id().to_string());
    let copied = Command::new("cp").arg("-a").arg(data).arg(&mine).stderr(Stdio::null()).status();
    // A name that stands for whole files alone: it is given once they are.
    if !copied.is_ok_and(|copied| copied.success()) || std::fs::rename(&mine, &place).is_err() {
        drop(std::fs::remove_dir_all(&mine));
    }
}

/// Where they are kept: in `tmp` of the target directory, a folder a version, way of making them and user.
fn place(programs: &Path) -> Option<PathBuf> {
    let version = Command::new(programs.join("initdb")).arg("--version").output().ok()?.stdout;
    let owner = match id(&["-u"])? {
        0 => id(&["-u", ADMIN])?,
        user => user,
    };
    let mut hasher = DefaultHasher::new();
    (version, INITDB, owner).hash(&mut hasher);
    let this = std::env::current_exe().ok()?;
    let target = this.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists())?;
    let folder = target.join("tmp");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join(format!("postgres-{:016x}", hasher.finish())))
}
