//! Where the secret of a session stands on this machine: in a folder of memory that is emptied when
//! the machine starts again (CJISSECPOL, IA-5 o(2)), its owner's alone, by home and person.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use schemas::digest::Digest;
use schemas::query::UserName;

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

/// Makes a folder, or sees that it is one of ours that nobody else enters.
fn own_folder(path: &Path) -> Result<(), ActError> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(unusable(path, &error));
        }
        _ => {}
    }
    let is = fs::symlink_metadata(path).map_err(|e| unusable(path, &e))?;
    let ours = is.is_dir() && is.uid() == rustix::process::getuid().as_raw();
    if ours && is.mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(unusable(path, &"it is another's, or others enter it"))
    }
}

impl SessionFiles {
    /// Those with the node in `home`.
    pub(super) fn of(home: &Path) -> Self {
        let above = match std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => PathBuf::from(dir).join("accord"),
            None => {
                Path::new(SHARED).join(format!("accord-{}", rustix::process::getuid().as_raw()))
            }
        };
        let real = home.canonicalize().unwrap_or_else(|_| home.to_owned());
        let name = Digest::of(real.as_os_str().as_encoded_bytes()).to_string();
        Self(above.join(name.get(..16).unwrap_or_default()))
    }

    /// Who signed in last.
    pub(super) fn current(&self) -> Option<UserName> {
        fs::read_to_string(self.0.join(CURRENT)).ok()?.trim().parse().ok()
    }

    /// The secret of the session of a person.
    pub(super) fn read(&self, user: &UserName) -> Option<String> {
        fs::read_to_string(self.token(user)).ok()
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

    fn make(&self) -> Result<(), ActError> {
        if let Some(above) = self.0.parent() {
            own_folder(above)?;
        }
        own_folder(&self.0)
    }

    /// Forgets that of a person.
    pub(super) fn forget(&self, user: &UserName) {
        drop(fs::remove_file(self.token(user)));
        if self.current().as_ref() == Some(user) {
            drop(fs::remove_file(self.0.join(CURRENT)));
        }
    }

    /// The last step of whose code a file of authenticators made use.
    pub(super) fn last_step(&self, user: &UserName) -> Option<u64> {
        fs::read_to_string(self.0.join(format!("{user}.step"))).ok()?.trim().parse().ok()
    }

    /// Notes it.
    pub(super) fn note_step(&self, user: &UserName, step: u64) -> Result<(), ActError> {
        self.make()?;
        replace_private(&self.0.join(format!("{user}.step")), step.to_string().as_bytes())?;
        Ok(())
    }
}
