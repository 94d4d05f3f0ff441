//! A folder by its descriptor.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::{FileError, Unfit};

/// What a folder of ours is made with.
const OWN: Mode = Mode::RWXU;
const STEP: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const LAST: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Neither a pipe without a writer nor a file that somebody holds a lease on lets the caller wait.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A plain file as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name in its folder.
    pub name: OsString,
    /// Its length in bytes.
    pub size: u64,
    /// When it was written last, in milliseconds since 1970.
    pub modified_ms: i64,
    /// Whether it has a second name somewhere.
    pub hard_linked: bool,
    device: u64,
    inode: u64,
    nanos: i128,
}

impl Seen {
    fn of(name: &OsStr, stat: &Stat) -> Self {
        let nanos = i128::from(stat.st_mtime_nsec);
        let millis = i64::try_from(nanos.div_euclid(1_000_000)).unwrap_or(0);
        Self {
            name: name.to_owned(),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified_ms: stat.st_mtime.saturating_mul(1_000).saturating_add(millis),
            hard_linked: stat.st_nlink > 1,
            device: stat.st_dev,
            inode: stat.st_ino,
            nanos,
        }
    }
}

/// A folder that is held by its descriptor.
#[derive(Debug)]
pub struct Folder {
    pub(crate) fd: OwnedFd,
    /// As it was named; for messages alone.
    path: PathBuf,
}

/// What becomes of a component that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Fails,
    IsMade,
}

impl Folder {
    /// The folder at `path`, reached through no link.
    ///
    /// # Errors
    /// When a component is a link or no folder, or the system says no.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        walk(&start(path)?, Path::new(""), path, Missing::Fails)
    }

    /// As [`Folder::open`]; what of the path is not there is made, for this account alone.
    ///
    /// # Errors
    /// As [`Folder::open`].
    pub fn make(path: &Path) -> Result<Self, FileError> {
        walk(&start(path)?, Path::new(""), path, Missing::IsMade)
    }

    /// The folder at `path`, wherever links lead: for a path that this node's own settings name, such
    /// as its home.
    ///
    /// # Errors
    /// When it is no folder, or the system says no.
    pub fn trusted(path: &Path) -> Result<Self, FileError> {
        let at = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(CWD, at, flags, Mode::empty())
            .map_err(|e| FileError::of(path, e))?;
        Ok(Self { fd, path: path.to_owned() })
    }

    /// A folder within this one, for this account alone; made if it is not there.
    ///
    /// # Errors
    /// When `within` leads out of this folder or through a link, or what stands there is another's.
    pub fn own_below(&self, within: &Path) -> Result<Self, FileError> {
        let folder = self.make_below(within)?;
        let stat = rustix::fs::fstat(&folder.fd).map_err(|e| FileError::of(&folder.path, e))?;
        let open = Mode::from_raw_mode(stat.st_mode).intersects(Mode::RWXG | Mode::RWXO);
        if stat.st_uid != rustix::process::geteuid().as_raw() || open {
            return Err(FileError::of(&folder.path, Unfit::NotOwn));
        }
        Ok(folder)
    }

    /// A folder within this one.
    ///
    /// # Errors
    /// When `within` leads out of this folder or through a link, or is not there.
    pub fn open_below(&self, within: &Path) -> Result<Self, FileError> {
        self.below(within, Missing::Fails)
    }

    /// A folder within this one; what is not there is made, for this account alone.
    ///
    /// # Errors
    /// When `within` leads out of this folder or through a link, or the system says no.
    pub fn make_below(&self, within: &Path) -> Result<Self, FileError> {
        self.below(within, Missing::IsMade)
    }

    fn below(&self, within: &Path, missing: Missing) -> Result<Self, FileError> {
        let stays = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !within.components().all(stays) {
            return Err(FileError::of(self.path.join(within), Unfit::NoName));
        }
        let here = self.again()?;
        walk(&here.fd, &self.path, within, missing)
    }

    /// How it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Another descriptor of the same folder.
    pub(crate) fn again(&self) -> Result<Self, FileError> {
        let fd = self.fd.try_clone().map_err(|e| self.error("", e))?;
        Ok(Self { fd, path: self.path.clone() })
    }

    pub(crate) fn error(&self, name: impl AsRef<Path>, why: impl Into<Unfit>) -> FileError {
        let name = name.as_ref();
        let path =
            if name.as_os_str().is_empty() { self.path.clone() } else { self.path.join(name) };
        FileError::of(path, why)
    }

    /// The plain files in it, in the order of their names. Links, folders, pipes, devices and sockets
    /// are none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn plain_files(&self) -> Result<Vec<Seen>, FileError> {
        let mut files = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(|e| self.error("", e))? {
            let entry = entry.map_err(|e| self.error("", e))?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            match self.stat(name) {
                Ok(stat) if is_plain(&stat) => files.push(Seen::of(name, &stat)),
                // Gone or renamed meanwhile, or none.
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(self.error(name, error)),
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    /// Of what stands under `name`, wherever it would lead.
    fn stat(&self, name: &OsStr) -> Result<Stat, Errno> {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// The plain file under `name`; nothing when nothing stands there.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn look(&self, name: &OsStr) -> Result<Option<Seen>, FileError> {
        match self.stat(name) {
            Ok(stat) if is_plain(&stat) => Ok(Some(Seen::of(name, &stat))),
            Ok(stat) => Err(self.error(name, not_plain(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.error(name, error)),
        }
    }

    /// Opens a plain file to be read.
    ///
    /// # Errors
    /// When something else stands there, or nothing.
    pub fn read(&self, name: &OsStr) -> Result<(File, Seen), FileError> {
        let name = single(name).ok_or_else(|| self.error(name, Unfit::NoName))?;
        // Looked at first: opening a device may already do something.
        if self.look(name)?.is_none() {
            return Err(self.error(name, Errno::NOENT));
        }
        let fd = rustix::fs::openat(&self.fd, name, READ, Mode::empty())
            .map_err(|e| self.error(name, e))?;
        let stat = rustix::fs::fstat(&fd).map_err(|e| self.error(name, e))?;
        let seen = Seen::of(name, &stat);
        if !is_plain(&stat) {
            return Err(self.error(name, not_plain(&stat)));
        }
        Ok((File::from(fd), seen))
    }

    /// As [`Folder::read`], of a file that has this name alone.
    ///
    /// # Errors
    /// As [`Folder::read`], and when it has another name too.
    pub fn read_single(&self, name: &OsStr) -> Result<(File, Seen), FileError> {
        let (file, seen) = self.read(name)?;
        if seen.hard_linked {
            return Err(self.error(name, Unfit::HardLinked));
        }
        Ok((file, seen))
    }

    /// Destroys a file, if it is still as it was seen.
    ///
    /// # Errors
    /// When it is not, or the system says no.
    pub fn destroy(&self, seen: &Seen) -> Result<(), FileError> {
        if self.look(&seen.name)?.as_ref() != Some(seen) {
            return Err(self.error(&seen.name, Unfit::Exchanged));
        }
        rustix::fs::unlinkat(&self.fd, &seen.name, AtFlags::empty())
            .map_err(|e| self.error(&seen.name, e))?;
        self.sync()
    }

    /// Makes what was done in it durable.
    ///
    /// # Errors
    /// When the system says no.
    pub fn sync(&self) -> Result<(), FileError> {
        match rustix::fs::fsync(&self.fd) {
            // A file system that knows no such thing, such as one shared over a network.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(error) => Err(self.error("", error)),
        }
    }
}

fn is_plain(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

fn not_plain(stat: &Stat) -> Unfit {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Symlink => Unfit::Link,
        _ => Unfit::NotPlain,
    }
}

/// A name that stands for something in a folder, and not for the folder or what is above it.
pub(crate) fn single(name: &OsStr) -> Option<&OsStr> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(part)), None) if part == name => Some(part),
        _ => None,
    }
}

fn start(path: &Path) -> Result<OwnedFd, FileError> {
    let from = if path.is_absolute() { "/" } else { "." };
    rustix::fs::openat(CWD, from, STEP, Mode::empty()).map_err(|e| FileError::of(path, e))
}

/// Goes from `start` along `path`, through no link.
fn walk(start: &OwnedFd, shown: &Path, path: &Path, missing: Missing) -> Result<Folder, FileError> {
    let mut at = start.try_clone().map_err(|e| FileError::of(path, e))?;
    let mut walked = shown.to_owned();
    for part in path.components() {
        walked.push(part);
        let name = match part {
            Component::Normal(name) => name,
            Component::ParentDir => OsStr::new(".."),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => continue,
        };
        if missing == Missing::IsMade {
            match rustix::fs::mkdirat(&at, name, OWN) {
                Ok(()) | Err(Errno::EXIST | Errno::ROFS | Errno::ACCESS) => {}
                Err(error) => return Err(FileError::of(walked, error)),
            }
        }
        at = rustix::fs::openat(at.as_fd(), name, STEP, Mode::empty()).map_err(|error| {
            let there = rustix::fs::statat(&at, name, AtFlags::SYMLINK_NOFOLLOW);
            let kind = there.map(|stat| FileType::from_raw_mode(stat.st_mode));
            let why = match (error, kind) {
                (Errno::NOTDIR | Errno::LOOP, Ok(FileType::Symlink)) => Unfit::Link,
                (Errno::NOTDIR, _) => Unfit::NotFolder,
                _ => error.into(),
            };
            FileError::of(&walked, why)
        })?;
    }
    let named = if walked.as_os_str().is_empty() { PathBuf::from(".") } else { walked };
    let fd =
        rustix::fs::openat(&at, ".", LAST, Mode::empty()).map_err(|e| FileError::of(&named, e))?;
    Ok(Folder { fd, path: named })
}
