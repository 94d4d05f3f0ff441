//! Why a file or a folder is not used.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// What is wrong with what stands under a name. A sentence that goes on from the name.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// A link.
    #[error("is a link, and links are not followed here; name what it leads to")]
    Link,
    /// Neither a plain file nor a link where a file is expected: a pipe, a device, a socket, a folder.
    #[error("is no plain file")]
    NotPlain,
    /// Not a folder where one is expected.
    #[error("is no folder")]
    NotFolder,
    /// A file that has a second name elsewhere.
    #[error("has a second name elsewhere (a hard link); copy it instead")]
    HardLinked,
    /// Not what was looked at before.
    #[error("was exchanged or changed meanwhile")]
    Exchanged,
    /// There is something under that name already.
    #[error("is there already")]
    Taken,
    /// A folder that is to be this account's alone and is not.
    #[error("is not this account's alone; `chmod 700` it, or have its owner remove it")]
    NotOwn,
    /// No name of a file within a folder.
    #[error("names no file")]
    NoName,
    /// The system said no.
    #[error("{0}")]
    System(#[from] io::Error),
}

impl From<Errno> for Unfit {
    fn from(error: Errno) -> Self {
        match error {
            Errno::LOOP => Self::Link,
            Errno::EXIST => Self::Taken,
            error => Self::System(error.into()),
        }
    }
}

/// A file or folder that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("`{}` {why}", path.display())]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// Why; it does not repeat the name.
    pub why: Unfit,
}

impl FileError {
    pub(crate) fn of(path: impl AsRef<Path>, why: impl Into<Unfit>) -> Self {
        Self { path: path.as_ref().to_owned(), why: why.into() }
    }

    /// Whether nothing stands under that name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(&self.why, Unfit::System(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether something stands under that name already.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        matches!(self.why, Unfit::Taken)
    }
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        match error.why {
            Unfit::System(why) => why,
            Unfit::Taken => Self::new(io::ErrorKind::AlreadyExists, error),
            _ => Self::other(error),
        }
    }
}
