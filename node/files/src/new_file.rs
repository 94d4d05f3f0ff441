//! Files and folders that are written whole, or not at all.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::folder::single;
use crate::{FileError, Folder, Unfit};

/// Bytes of a name that are repeated in the name that it has until it is whole.
const REPEATED: usize = 100;

/// What a name ends with until what has it is whole.
const ENDING: &str = ".part";

/// What becomes of a file that has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the new one is not written.
    Stays,
    /// The new one takes its place, if it is a plain file.
    IsReplaced,
}

/// A file for its owner alone, under another name until it is whole. One that is dropped before is
/// gone.
#[derive(Debug)]
pub struct NewFile {
    folder: Folder,
    name: OsString,
    part: Part,
    file: BufWriter<File>,
}

/// The name of what is not whole yet; what has it goes when this is dropped.
#[derive(Debug)]
struct Part {
    folder: Folder,
    name: Option<OsString>,
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = rustix::fs::unlinkat(&self.folder.fd, name, AtFlags::empty());
        }
    }
}

impl Folder {
    /// A new file, which gets its name once it is whole.
    ///
    /// # Errors
    /// When it cannot be made, or the name is none.
    pub fn create(&self, name: &OsStr) -> Result<NewFile, FileError> {
        let name = single(name).ok_or_else(|| self.error(name, Unfit::NoName))?;
        NewFile::begin(self.again()?, name.to_owned())
    }

    /// Writes a file whole.
    ///
    /// # Errors
    /// When it cannot be written, or is there and is to stay.
    pub fn write(&self, name: &OsStr, bytes: &[u8], existing: Existing) -> Result<(), FileError> {
        let mut file = self.create(name)?;
        file.write_all(bytes).map_err(|e| self.error(name, e))?;
        file.finish(existing)
    }
}

/// A file at `path`, which is reached through no link.
///
/// # Errors
/// When the folder is no folder or stands behind a link, or nothing can be written there.
pub fn create(path: &Path) -> Result<NewFile, FileError> {
    let name = path.file_name().ok_or_else(|| FileError::of(path, Unfit::NoName))?;
    let folder = Folder::open(path.parent().unwrap_or(Path::new("")))?;
    // Said before the work: what stands there may not be replaced at its end.
    folder.look(name)?;
    folder.create(name)
}

/// Writes a file whole at `path`, in place of a plain file that is there.
///
/// # Errors
/// As [`create`], or when it cannot be written to its end.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file = create(path)?;
    file.write_all(bytes).map_err(|e| FileError::of(path, e))?;
    file.finish(Existing::IsReplaced)
}

/// Whether a name is one that a file of ours has until it is whole.
#[must_use]
pub fn unfinished(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".") && name.as_bytes().ends_with(ENDING.as_bytes())
}

/// A name that nobody foresees; what has it already is not touched.
fn unforeseen(name: &OsStr) -> OsString {
    let mut made = vec![b'.'];
    made.extend(name.as_bytes().iter().take(REPEATED));
    let drawn = RandomState::new().build_hasher().finish();
    made.extend(format!(".{drawn:016x}{ENDING}").into_bytes());
    OsString::from_vec(made)
}

impl NewFile {
    pub(crate) fn begin(folder: Folder, name: OsString) -> Result<Self, FileError> {
        let part = unforeseen(&name);
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&folder.fd, &part, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|e| folder.error(&name, e))?;
        let part = Part { folder: folder.again()?, name: Some(part) };
        Ok(Self { folder, name, part, file: BufWriter::new(File::from(fd)) })
    }

    /// Gives the file its name, durably. A link, a pipe, a device or a folder that has it is never
    /// replaced.
    ///
    /// # Errors
    /// When it cannot be; nothing is left of it then.
    pub fn finish(self, existing: Existing) -> Result<(), FileError> {
        let Self { folder, name, mut part, file } = self;
        let file = file.into_inner().map_err(|e| folder.error(&name, e.into_error()))?;
        file.sync_all().map_err(|e| folder.error(&name, e))?;
        let Some(now) = part.name.clone() else { return Ok(()) };
        match existing {
            Existing::Stays => named(&folder, &now, &name)?,
            Existing::IsReplaced => {
                folder.look(&name)?;
                rustix::fs::renameat(&folder.fd, &now, &folder.fd, &name)
                    .map_err(|e| folder.error(&name, e))?;
            }
        }
        part.name = None;
        folder.sync()
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Renames, but over nothing.
fn named(folder: &Folder, now: &OsStr, name: &OsStr) -> Result<(), FileError> {
    let fd = &folder.fd;
    match rustix::fs::renameat_with(fd, now, fd, name, RenameFlags::NOREPLACE) {
        // A file system that cannot do it in one step: a second name is given over nothing either.
        Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::linkat(fd, now, fd, name, AtFlags::empty())
            .and_then(|()| rustix::fs::unlinkat(fd, now, AtFlags::empty())),
        renamed => renamed,
    }
    .map_err(|e| folder.error(name, e))
}

/// A folder for its owner alone, under another name until it is whole.
#[derive(Debug)]
pub struct NewFolder {
    parent: Folder,
    part: OsString,
    name: OsString,
    folder: Folder,
}

impl NewFolder {
    /// Begins the folder `path`; until it is whole its name ends with `.part`.
    ///
    /// # Errors
    /// When either is there already, stands behind a link, or cannot be made.
    pub fn begin(path: &Path) -> Result<Self, FileError> {
        let name = path.file_name().ok_or_else(|| FileError::of(path, Unfit::NoName))?;
        let parent = Folder::open(path.parent().unwrap_or(Path::new("")))?;
        if rustix::fs::statat(&parent.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            return Err(parent.error(name, Unfit::Taken));
        }
        let mut part = name.to_owned();
        part.push(ENDING);
        rustix::fs::mkdirat(&parent.fd, &part, Mode::RWXU).map_err(|e| parent.error(&part, e))?;
        // What was put in its place since is another's.
        let folder = parent.own_below(Path::new(&part))?;
        Ok(Self { parent, part, name: name.to_owned(), folder })
    }

    /// What is to be filled.
    #[must_use]
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where it stands until it is whole.
    #[must_use]
    pub fn part(&self) -> std::path::PathBuf {
        self.parent.path().join(&self.part)
    }

    /// Gives the folder its name, durably.
    ///
    /// # Errors
    /// When something has the name by now, or another folder was put in its place.
    pub fn finish(self) -> Result<(), FileError> {
        let Self { parent, part, name, folder } = self;
        folder.sync()?;
        let fd = &parent.fd;
        match rustix::fs::renameat_with(fd, &part, fd, &name, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::renameat(fd, &part, fd, &name),
            renamed => renamed,
        }
        .map_err(|e| parent.error(&name, e))?;
        let of = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino);
        let there = rustix::fs::statat(fd, &name, AtFlags::SYMLINK_NOFOLLOW).map(of);
        if there.ok() != rustix::fs::fstat(&folder.fd).map(of).ok() {
            return Err(parent.error(&name, Unfit::Exchanged));
        }
        parent.sync()
    }
}
