//! The node's home: a directory that holds everything a node is.
//!
//! ```text
//! accord.toml   configuration      keys/*.pem   private keys, 0600
//! card.json     one's own card     tls/         certificate of the HTTP side
//! accord.db     the database, 0600 accord.sock  where the command line talks to the running node
//! lock          held while a node runs images/     photographs, by digest
//! anchor        the log's last head    clock       what the clock said when the node last ran
//! rejected/     files of sources that could not be used, by source
//! ```

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use files::{Existing, Folder};

/// Read and written by the owner alone.
const PRIVATE: u32 = 0o600;
/// The database and the files that SQLite keeps beside it.
const DATABASE: [&str; 3] = ["accord.db", "accord.db-wal", "accord.db-shm"];

/// Why the home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// There is none.
    #[error("no node lives in `{0}`; make one with `accord init`, or name another with --home")]
    Missing(PathBuf),
    /// It belongs to another user of the system.
    #[error(
        "`{dir}` belongs to `{owner}`, and this is uid {uid}: run it as that user, `sudo -u {owner} accord …`"
    )]
    Forbidden {
        /// The home.
        dir: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who this is.
        uid: u32,
    },
    /// There is one already.
    #[error("a node lives in `{0}` already; name another with --home")]
    Taken(PathBuf),
    /// Another process runs it.
    #[error("the node in `{0}` is running already")]
    Running(PathBuf),
    /// A file could not be read or written.
    #[error("`{path}`: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// A file does not say what it must.
    #[error("`{path}`: {error}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
}

/// A home.
#[derive(Debug, Clone)]
pub struct Home {
    dir: PathBuf,
}

/// Held while a node runs: there is one writer to a home.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl Home {
    /// Makes an empty home, readable by its owner alone.
    ///
    /// # Errors
    /// When a node lives there already, or it cannot be made.
    pub fn create(dir: &Path) -> Result<Self, HomeError> {
        let home = Self { dir: dir.to_owned() };
        if home.config().exists() {
            return Err(HomeError::Taken(dir.to_owned()));
        }
        for part in [dir.to_owned(), home.dir.join("keys"), home.dir.join("tls")] {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&part)
                .map_err(|error| HomeError::File { path: part, error })?;
        }
        Ok(home)
    }

    /// Removes what an `init` that failed has made. Does nothing to a home that has a node.
    pub fn undo(&self) {
        if self.config().exists() {
            return;
        }
        for part in ["keys", "tls"] {
            drop(fs::remove_dir_all(self.dir.join(part)));
        }
        for part in ["card.json", "anchor", "clock"].iter().chain(&DATABASE) {
            drop(fs::remove_file(self.dir.join(part)));
        }
        // Fails, as it should, when the folder held something else.
        drop(fs::remove_dir(&self.dir));
    }

    /// An existing home.
    ///
    /// # Errors
    /// When no node lives there, or this user may not look.
    pub fn open(dir: &Path) -> Result<Self, HomeError> {
        let home = Self { dir: dir.to_owned() };
        // Opened, not only looked for: a file that this user may not read is another user's.
        match File::open(home.config()) {
            Ok(_) => Ok(home),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(home.forbidden()),
            Err(_) => Err(HomeError::Missing(dir.to_owned())),
        }
    }

    /// That this home is another user's.
    #[must_use]
    pub fn forbidden(&self) -> HomeError {
        let owner = crate::owner::owner_of(&self.config());
        let owner = owner.map_or_else(|| "another user".into(), |(_, name)| name);
        let uid = rustix::process::getuid().as_raw();
        HomeError::Forbidden { dir: self.dir.clone(), owner, uid }
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.dir.join("accord.toml")
    }

    /// One's own card.
    #[must_use]
    pub fn card(&self) -> PathBuf {
        self.dir.join("card.json")
    }

    /// The last signed head of the log, outside the database.
    #[must_use]
    pub fn anchor(&self) -> PathBuf {
        self.dir.join("anchor")
    }

    /// What the clock said when the node last ran, and how long the machine had been up then.
    #[must_use]
    pub fn clock_mark(&self) -> PathBuf {
        self.dir.join("clock")
    }

    /// The SQLite database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.dir.join("accord.db")
    }

    /// Makes the database's file if it is not there, and sees that its owner alone reads it. SQLite
    /// makes the files beside it with the permissions of this one.
    ///
    /// # Errors
    /// When a file cannot be made or its permissions cannot be set.
    pub fn keep_database_private(&self) -> Result<(), HomeError> {
        let path = self.database();
        // Only a new file is opened here: closing one that this process has open elsewhere would
        // end SQLite's locks on it.
        match OpenOptions::new().create_new(true).write(true).mode(PRIVATE).open(&path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(HomeError::File { path, error });
            }
            _ => {}
        }
        for part in DATABASE {
            let path = self.dir.join(part);
            match fs::set_permissions(&path, Permissions::from_mode(PRIVATE)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(HomeError::File { path, error });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The photographs.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.dir.join("images")
    }

    /// The report that was released to the public, as it was released.
    #[must_use]
    pub fn public_report(&self) -> PathBuf {
        self.dir.join("public-report.json")
    }

    /// The proof that its release is on record.
    #[must_use]
    pub fn public_report_proof(&self) -> PathBuf {
        self.dir.join("public-report.proof.json")
    }

    /// The page of the policy that was released to the public, as it was released.
    #[must_use]
    pub fn public_page(&self) -> PathBuf {
        self.dir.join("public-page.html")
    }

    /// Files of sources that could not be used, in a folder for each source.
    #[must_use]
    pub fn rejected(&self) -> PathBuf {
        self.dir.join("rejected")
    }

    /// The socket that the command line talks to.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir.join("accord.sock")
    }

    /// The private key for one use.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.dir.join("keys").join(format!("{name}.pem"))
    }

    /// A file of the HTTP side's TLS.
    #[must_use]
    pub fn tls(&self, name: &str) -> PathBuf {
        self.dir.join("tls").join(name)
    }

    /// Free space of the disk that holds the home, in bytes, for who is not root; `None` when the
    /// system does not say.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.dir).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Destroys what a crash left of files that were not whole yet.
    fn forget_unfinished(&self) -> Result<(), HomeError> {
        let failed = |error: files::FileError| HomeError::File {
            path: error.path.clone(),
            error: error.into(),
        };
        let folder = Folder::trusted(&self.dir).map_err(failed)?;
        let files = folder.plain_files().map_err(failed)?;
        let left = files.iter().filter(|seen| files::unfinished(&seen.name));
        left.for_each(|seen| drop(folder.destroy(seen)));
        Ok(())
    }

    /// Takes the home for this process until the lock is dropped.
    ///
    /// # Errors
    /// When another process has it.
    pub fn lock(&self) -> Result<HomeLock, HomeError> {
        let path = self.dir.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(PRIVATE)
            .open(&path)
            .map_err(|error| match error.kind() {
                ErrorKind::PermissionDenied => self.forbidden(),
                _ => HomeError::File { path: path.clone(), error },
            })?;
        match file.try_lock() {
            Ok(()) => {
                self.forget_unfinished()?;
                Ok(HomeLock { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(HomeError::Running(self.dir.clone())),
            Err(TryLockError::Error(error)) => Err(HomeError::File { path, error }),
        }
    }
}

/// Writes a file of the home that only its owner reads, durably, whole, and never over another.
///
/// # Errors
/// When the file is there already or cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    put(path, bytes, Existing::Stays)
}

/// Writes a file of the home that only its owner reads in place of another, durably and at once: a
/// reader, or a crash, finds the one or the other.
///
/// # Errors
/// When it cannot be written.
pub fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    put(path, bytes, Existing::IsReplaced)
}

fn put(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), HomeError> {
    let failed = |error: std::io::Error| HomeError::File { path: path.to_owned(), error };
    let name = path.file_name().ok_or_else(|| failed(ErrorKind::InvalidInput.into()))?;
    Folder::trusted(path.parent().unwrap_or(Path::new("")))
        .and_then(|folder| folder.write(name, bytes, existing))
        .map_err(|error| failed(error.into()))
}

/// Reads a text file.
///
/// # Errors
/// When it cannot be read.
pub fn read_text(path: &Path) -> Result<String, HomeError> {
    fs::read_to_string(path).map_err(|error| HomeError::File { path: path.to_owned(), error })
}
