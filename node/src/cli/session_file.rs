//! Where the secret of a session stands on this machine: in a folder of memory that is emptied when
//! the machine starts again (CJISSECPOL, IA-5 o(2)), its owner's alone, by home and person. What stands
//! there is believed only where nobody else could have put it.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use schemas::digest::Digest;
use schemas::query::UserName;
use zeroize::Zeroizing;

use crate::permission::ActError;
use host::home::replace_private;

/// Memory that every user may write to, where the session of the machine gives no folder.
const SHARED: &str = "/dev/shm";
/// Who is meant where nobody is named.
const CURRENT: &str = "current";

/// The folder of the sessions with one home.
#[derive(Debug, Clone)]
pub(super) struct SessionFiles(PathBuf);

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> ActError {
    ActError::failed(format!(
        "`{}` cannot hold a session ({why}); set XDG_RUNTIME_DIR to a folder that is yours alone",
        path.display()
    ))
}

fn own_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Makes a folder, or sees that it is one of ours that nobody else enters.
fn own_folder(path: &Path) -> Result<(), ActError> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(unusable(path, &error));
        }
        _ => sees_own_folder(path).map(drop),
    }
}

/// Whether there is such a folder; it is one of ours that nobody else enters.
fn sees_own_folder(path: &Path) -> Result<bool, ActError> {
    let is = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        is => is.map_err(|e| unusable(path, &e))?,
    };
    if is.is_dir() && is.uid() == own_uid() && is.mode() & 0o077 == 0 {
        Ok(true)
    } else {
        Err(unusable(path, &"it is another's, or others enter it"))
    }
}

/// What stands in a file of ours that nobody else reads or writes, in a folder of that sort; nothing
/// where there is none. What another could have put there is not believed.
fn own_text(path: &Path) -> Result<Option<Zeroizing<String>>, ActError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = fs::OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
        .open(path);
    let mut file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|e| unusable(path, &e))?,
    };
    let is = file.metadata().map_err(|e| unusable(path, &e))?;
    if !is.is_file() || is.uid() != own_uid() || is.mode() & 0o077 != 0 {
        return Err(unusable(path, &"another could have put it there"));
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(|e| unusable(path, &e))?;
    Ok(Some(text))
}

impl SessionFiles {
    /// Those with the node in `home`.
    pub(super) fn of(home: &Path) -> Self {
        let above = match std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => PathBuf::from(dir).join("accord"),
            None => Path::new(SHARED).join(format!("accord-{}", own_uid())),
        };
        let real = home.canonicalize().unwrap_or_else(|_| home.to_owned());
        let name = Digest::of(real.as_os_str().as_encoded_bytes()).to_string();
        Self(above.join(name.get(..16).unwrap_or_default()))
    }

    /// What stands in one of them.
    fn text(&self, name: &str) -> Result<Option<Zeroizing<String>>, ActError> {
        let above = self.0.parent().map_or(Ok(true), sees_own_folder)?;
        if !above || !sees_own_folder(&self.0)? {
            return Ok(None);
        }
        own_text(&self.0.join(name))
    }

    /// Who signed in last.
    pub(super) fn current(&self) -> Result<Option<UserName>, ActError> {
        Ok(self.text(CURRENT)?.and_then(|text| text.trim().parse().ok()))
    }

    /// The secret of the session of a person.
    pub(super) fn read(&self, user: &UserName) -> Result<Option<Zeroizing<String>>, ActError> {
        self.text(&format!("{user}.session"))
    }

    fn token(&self, user: &UserName) -> PathBuf {
        self.0.join(format!("{user}.session"))
    }

    /// Keeps one, and means it from now on where nobody is named.
    pub(super) fn keep(&self, user: &UserName, token: &str) -> Result<(), ActError> {
        self.make()?;
        replace_private(&self.token(user), token.as_bytes())?;
        replace_private(&self.0.join(CURRENT), user.as_str().as_bytes())?;
        Ok(())
    }

    /// Makes their folder, before anything is spent on what it is to hold.
    pub(super) fn make(&self) -> Result<(), ActError> {
        if let Some(above) = self.0.parent() {
            own_folder(above)?;
        }
        own_folder(&self.0)
    }

    /// Forgets that of a person.
    pub(super) fn forget(&self, user: &UserName) {
        drop(fs::remove_file(self.token(user)));
        if self.current().is_ok_and(|current| current.as_ref() == Some(user)) {
            drop(fs::remove_file(self.0.join(CURRENT)));
        }
    }

    /// The last step of whose code a file of authenticators made use.
    pub(super) fn last_step(&self, user: &UserName) -> Result<Option<u64>, ActError> {
        Ok(self.text(&format!("{user}.step"))?.and_then(|step| step.trim().parse().ok()))
    }

    /// Notes it.
    pub(super) fn note_step(&self, user: &UserName, step: u64) -> Result<(), ActError> {
        self.make()?;
        replace_private(&self.0.join(format!("{user}.step")), step.to_string().as_bytes())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    /// Files that hold a session of `a`, and the folder around them.
    fn files(dir: &tempfile::TempDir) -> SessionFiles {
        let files = SessionFiles(dir.path().join("accord").join("home"));
        files.keep(&"a".parse().unwrap(), "secret").unwrap();
        files
    }

    #[test]
    fn what_another_could_have_put_there_is_not_believed() {
        let user: UserName = "a".parse().unwrap();
        let open = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let dir = tempfile::tempdir().unwrap();
        let known = files(&dir);
        assert_eq!(known.read(&user).unwrap().unwrap().as_str(), "secret");
        assert_eq!(known.current().unwrap(), Some(user.clone()));
        assert_eq!(known.read(&"b".parse().unwrap()).unwrap(), None);
        for path in [known.token(&user), known.0.clone(), dir.path().join("accord")] {
            let mode = fs::metadata(&path).unwrap().mode();
            open(&path, mode | 0o020);
            let error = known.read(&user).unwrap_err().to_string();
            assert!(error.contains("set XDG_RUNTIME_DIR"), "{error}");
            open(&path, mode);
        }
        let elsewhere = dir.path().join("elsewhere");
        fs::rename(known.token(&user), &elsewhere).unwrap();
        symlink(&elsewhere, known.token(&user)).unwrap();
        assert!(known.read(&user).is_err(), "a link");
        let nowhere = SessionFiles(dir.path().join("nowhere").join("home"));
        assert_eq!(nowhere.current().unwrap(), None);
    }
}
