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
/// Begins the names of files that say who signed in last, each at one terminal.
const CURRENT: &str = "current-";
/// Ends the name of the file with a person's secret.
const SESSION: &str = ".session";

/// The folder of the sessions with one home.
#[derive(Debug, Clone)]
pub(super) struct SessionFiles(PathBuf);

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> ActError {
    ActError::failed(format!(
        "`{}` cannot hold a session ({why}); set XDG_RUNTIME_DIR to a folder that is yours alone",
        path.display()
    ))
}

/// The file that says who signed in last here: at this terminal, whose processes have one leader, or in
/// this run of a script. None where the leader cannot be told, as it is outside of this container: then
/// nobody signed in here last.
fn here() -> Option<String> {
    /// Of the fields that stand behind the name of a program, which may have blanks: the leader of its
    /// processes, and when it began, in ticks since the machine did (proc_pid_stat(5), 6 and 22).
    const LEADER: usize = 3;
    const BEGAN: usize = 19;
    let field = |process: &str, field: usize| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let field: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(field)?.parse().ok()?;
        Some(field).filter(|field| *field > 0)
    };
    let leader = field("self", LEADER)?;
    // A number is given again when its process is gone.
    let began = field(&leader.to_string(), BEGAN)?;
    Some(format!("{CURRENT}{leader}-{began}"))
}

fn own_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Makes a folder, or sees that it is one of ours that nobody else enters.
fn own_folder(path: &Path) -> Result<(), ActError> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(unusable(path, &error)),
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

    /// Who is meant where nobody is named: who signed in last at this terminal, or by this script, or
    /// else the only one who is signed in. Several people may share an account of the machine, and
    /// nobody acts by another's session because that one was opened later, elsewhere.
    pub(super) fn current(&self) -> Result<Option<UserName>, ActError> {
        let here = here().map_or(Ok(None), |here| self.text(&here))?;
        if let Some(user) = here.and_then(|text| text.trim().parse().ok())
            && self.read(&user)?.is_some()
        {
            return Ok(Some(user));
        }
        let mut all: Vec<String> = self.names(|name| name.strip_suffix(SESSION)).collect();
        all.sort();
        match all.as_slice() {
            [] => Ok(None),
            [only] => Ok(only.parse().ok()),
            several => {
                let several = several.join(", ");
                let why = format!(
                    "several people have signed in at this account: {several}; say with --session by whose session, or sign in here with `accord login`"
                );
                Err(ActError::refused_as("not_signed_in", Vec::new(), why))
            }
        }
    }

    /// Parts of the names of those files of which `part` tells one.
    fn names<'a>(
        &self,
        part: impl Fn(&str) -> Option<&str> + 'a,
    ) -> impl Iterator<Item = String> + 'a {
        let files = fs::read_dir(&self.0).into_iter().flatten().flatten();
        files.filter_map(move |file| part(file.file_name().to_str()?).map(str::to_owned))
    }

    /// The secret of the session of a person.
    pub(super) fn read(&self, user: &UserName) -> Result<Option<Zeroizing<String>>, ActError> {
        self.text(&format!("{user}{SESSION}"))
    }

    fn token(&self, user: &UserName) -> PathBuf {
        self.0.join(format!("{user}{SESSION}"))
    }

    /// Keeps one, and means it from now on where nobody is named, at this terminal.
    pub(super) fn keep(&self, user: &UserName, token: &str) -> Result<(), ActError> {
        self.make()?;
        self.is_current_nowhere(user);
        replace_private(&self.token(user), token.as_bytes())?;
        if let Some(here) = here() {
            replace_private(&self.0.join(here), user.as_str().as_bytes())?;
        }
        Ok(())
    }

    /// A person is meant by her name alone from now on: there is one such file a person at most.
    fn is_current_nowhere(&self, user: &UserName) {
        for name in self.names(|name| name.starts_with(CURRENT).then_some(name)) {
            if self.text(&name).is_ok_and(|text| text.is_some_and(|text| *text == user.as_str())) {
                drop(fs::remove_file(self.0.join(name)));
            }
        }
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
        self.is_current_nowhere(user);
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
        fs::remove_file(known.token(&user)).unwrap();
        fs::rename(&elsewhere, known.token(&user)).unwrap();
        let nowhere = SessionFiles(dir.path().join("nowhere").join("home"));
        assert_eq!(nowhere.current().unwrap(), None);
    }

    #[test]
    fn nobody_goes_by_a_session_that_another_opened_later_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let known = files(&dir);
        let (a, b): (UserName, UserName) = ("a".parse().unwrap(), "b".parse().unwrap());
        // As if at another terminal.
        known.keep(&b, "other").unwrap();
        if let Some(here) = here() {
            fs::rename(known.0.join(here), known.0.join("current-1-1")).unwrap();
        }
        let error = known.current().unwrap_err().to_string();
        assert!(error.contains("a, b") && error.contains("--session"), "{error}");
        if here().is_some() {
            known.keep(&a, "secret").unwrap();
            assert_eq!(known.current().unwrap(), Some(a.clone()), "here");
        }
        known.forget(&a);
        assert_eq!(known.current().unwrap(), Some(b.clone()), "the only one");
        known.forget(&b);
        assert_eq!(known.current().unwrap(), None);
        assert_eq!(fs::read_dir(&known.0).unwrap().count(), 0, "nothing is left behind");
    }
}
