//! Photographs in a directory: `ab/cdef…`, the digest's first two digits and the rest.
//!
//! A file is written under a temporary name, synced and renamed, and its folder is synced: whatever
//! the moment of a crash, a name either holds the whole photograph or is not there.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use schemas::digest::{Digest, hex};
use schemas::image::IMAGE_BYTES;

use super::{ImageStore, ImageStoreError};

/// A directory of photographs.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

fn failed(path: &Path, error: &std::io::Error) -> ImageStoreError {
    ImageStoreError(format!("`{}`: {error}", path.display()))
}

impl Directory {
    /// The photographs under `root`, which is made when the first one comes. What a crash left half
    /// written is removed.
    ///
    /// # Errors
    /// When the directory is there and cannot be read.
    pub fn open(root: &Path) -> Result<Self, ImageStoreError> {
        let this = Self { root: root.to_owned() };
        let unfinished = this.unfinished();
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&unfinished, &error)),
            _ => Ok(this),
        }
    }

    /// Where files are before they are whole.
    fn unfinished(&self) -> PathBuf {
        self.root.join("unfinished")
    }

    fn folder(&self, first: u8) -> PathBuf {
        self.root.join(hex(&[first]))
    }

    /// Where the photograph of a digest is.
    #[must_use]
    pub fn path(&self, digest: Digest) -> PathBuf {
        let [first, rest @ ..] = digest.as_bytes();
        self.folder(*first).join(hex(rest))
    }

    fn put_now(&self, photographs: &[(Digest, Vec<u8>)]) -> Result<(), ImageStoreError> {
        let unfinished = self.unfinished();
        make(&unfinished)?;
        let mut folders = Vec::new();
        let mut written = Vec::new();
        for (digest, bytes) in photographs {
            let path = self.path(*digest);
            // One that was altered since is written again.
            let whole = fs::metadata(&path).is_ok_and(|file| file.len() == bytes.len() as u64)
                && fs::read(&path).is_ok_and(|kept| kept == *bytes);
            let [first, ..] = digest.as_bytes();
            folders.push(self.folder(*first));
            if whole {
                // It may have been renamed by a process that ended before it synced the folder.
                continue;
            }
            let part = unfinished.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
            let write = || {
                let mut options = OpenOptions::new();
                options.create(true).truncate(true).write(true).mode(0o600);
                let mut file = options.open(&part)?;
                file.write_all(bytes)?;
                file.sync_all()
            };
            write().map_err(|error| failed(&part, &error))?;
            written.push((part, path));
        }
        folders.sort();
        folders.dedup();
        let mut made = false;
        for folder in &folders {
            made |= make(folder)?;
        }
        for (part, path) in &written {
            fs::rename(part, path).map_err(|error| failed(path, &error))?;
        }
        if made {
            folders.push(self.root.clone());
        }
        for folder in &folders {
            sync(folder)?;
        }
        Ok(())
    }

    fn kept_now(&self, first: u8) -> Result<Vec<Digest>, ImageStoreError> {
        let folder = self.folder(first);
        let files = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            files => files.map_err(|error| failed(&folder, &error))?,
        };
        let mut kept = Vec::new();
        for file in files {
            let name = file.map_err(|error| failed(&folder, &error))?.file_name();
            // What is not named like a photograph is none of ours.
            let digest: Option<Digest> =
                name.to_str().and_then(|rest| format!("{first:02x}{rest}").parse().ok());
            kept.extend(digest);
        }
        Ok(kept)
    }
}

/// Makes a folder readable by its owner alone; whether it was not there.
fn make(folder: &Path) -> Result<bool, ImageStoreError> {
    if folder.is_dir() {
        return Ok(false);
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| failed(folder, &error))?;
    // The folder of the photographs is itself new with the first one.
    if let Some(above) = folder.parent().and_then(Path::parent) {
        sync(above)?;
    }
    Ok(true)
}

fn sync(folder: &Path) -> Result<(), ImageStoreError> {
    File::open(folder).and_then(|dir| dir.sync_all()).map_err(|error| failed(folder, &error))
}

/// Files are read and synced on threads that may block.
async fn blocking<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, ImageStoreError> + Send + 'static,
) -> Result<T, ImageStoreError> {
    let done = tokio::task::spawn_blocking(what).await;
    done.unwrap_or_else(|error| Err(ImageStoreError(error.to_string())))
}

#[async_trait]
impl ImageStore for Directory {
    async fn put(&self, photographs: Vec<(Digest, Vec<u8>)>) -> Result<(), ImageStoreError> {
        let this = self.clone();
        blocking(move || this.put_now(&photographs)).await
    }

    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ImageStoreError> {
        let path = self.path(digest);
        blocking(move || {
            let length = match fs::metadata(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                file => file.map_err(|error| failed(&path, &error))?.len(),
            };
            if length > IMAGE_BYTES as u64 {
                // Whatever it is, it is no photograph of ours: not worth the memory.
                return Ok(Some(Vec::new()));
            }
            fs::read(&path).map(Some).map_err(|error| failed(&path, &error))
        })
        .await
    }

    async fn destroy(&self, digest: Digest) -> Result<(), ImageStoreError> {
        let path = self.path(digest);
        blocking(move || match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&path, &error)),
            _ => Ok(()),
        })
        .await
    }

    async fn kept(&self, first: u8) -> Result<Vec<Digest>, ImageStoreError> {
        let this = self.clone();
        blocking(move || this.kept_now(first)).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract::{holds, photograph};
    use super::*;

    #[tokio::test]
    async fn a_directory_holds_to_the_contract_and_what_was_half_written_is_gone() {
        let dir = tempfile::TempDir::new().unwrap();
        let root = dir.path().join("images");
        fs::create_dir_all(root.join("unfinished")).unwrap();
        fs::write(root.join("unfinished/17"), b"\xFF\xD8\xFFhalf").unwrap();
        let images = Directory::open(&root).unwrap();
        assert!(!root.join("unfinished").exists());
        holds(&images).await;
    }

    #[tokio::test]
    async fn a_photograph_that_was_altered_is_written_again_when_it_comes_again() {
        let dir = tempfile::TempDir::new().unwrap();
        let images = Directory::open(dir.path()).unwrap();
        let (digest, bytes) = photograph(1);
        images.put(vec![(digest, bytes.clone())]).await.unwrap();
        let mut altered = bytes.clone();
        altered.reverse();
        fs::write(images.path(digest), altered).unwrap();
        images.put(vec![(digest, bytes.clone())]).await.unwrap();
        assert_eq!(images.get(digest).await.unwrap(), Some(bytes));
    }
}
