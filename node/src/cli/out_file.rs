//! Files that people ask for with `--out`: for their owner alone, reached through no link, and whole or
//! not there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use files::{Existing, FileError, NewFile};

use crate::permission::ActError;

/// Nothing stands under the name that was asked for but what stood there before.
pub(super) fn unwritten(error: &FileError) -> ActError {
    ActError::failed(format!("{error}; nothing was written"))
}

/// Writes a file in place of a plain one that is there.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), ActError> {
    files::write(path, bytes).map_err(|e| unwritten(&e))
}

/// A file that is written line by line; one that is dropped before its end was never there.
pub(super) struct OutFile {
    path: PathBuf,
    file: NewFile,
}

impl OutFile {
    pub(super) fn create(path: &Path) -> Result<Self, ActError> {
        let file = files::create(path).map_err(|e| unwritten(&e))?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), ActError> {
        let written = self.file.write_all(line).and_then(|()| self.file.write_all(b"\n"));
        let failed =
            |error: std::io::Error| FileError { path: self.path.clone(), why: error.into() };
        written.map_err(|e| unwritten(&failed(e)))
    }

    pub(super) fn finish(self) -> Result<(), ActError> {
        self.file.finish(Existing::IsReplaced).map_err(|e| unwritten(&e))
    }
}
