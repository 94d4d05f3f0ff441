//! Putting a backup back into an empty home.
//!
//! Everything is checked before anything is written, and the configuration, which makes a home one,
//! is written last. The head of the log in the backup becomes the anchor: a database that does not
//! lead to it does not start. That entries were made after the backup, peers know: they show the
//! heads that they hold at the first contact.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::checkpoint::SignedCheckpoint;
use schemas::digest::Digest;
use schemas::envelope::Envelope;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::files::private_file;
use super::{DATABASE, Kept, LEFT_OUT, Listed, MANIFEST, Manifest, RESTORED, SEAL};
use super::{below, failed, manifest, pass_on, sealed};
use crate::permission::ActError;
use ::files::Folder;
use host::home::write_private;

const CONFIG: &str = "accord.toml";
/// Files without which a home is none.
const NEEDED: [&str; 7] = [
    CONFIG,
    "card.json",
    "keys/agency.pem",
    "keys/cosigner.pem",
    "keys/log.pem",
    "keys/message.pem",
    "keys/node.pem",
];

/// What a restored home says until its log does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// Whose node it is.
    pub agency: AgencyId,
    /// When the backup was made.
    pub backup_at: Timestamp,
    /// The head that the log had then.
    pub head: String,
    /// When it was put back.
    pub restored_at: Timestamp,
    /// The system's user who put it back.
    pub uid: u32,
}

fn spoilt(folder: &Path, why: impl std::fmt::Display) -> ActError {
    ActError::refused(format!(
        "`{}` is not as it was made: {why}; nothing was restored",
        folder.display()
    ))
}

/// Puts the backup in `folder` back into `home`; with the digest that its manifest must have, if that is
/// known from elsewhere.
///
/// # Errors
/// When the backup is not as it was made, or there is something in `home`.
pub fn restore(
    folder: &Path,
    home: &Path,
    expected: Option<Digest>,
    now: Timestamp,
) -> Result<Manifest, ActError> {
    let (said, digest) = manifest(folder)?;
    if let Some(expected) = expected.filter(|expected| *expected != digest) {
        return Err(spoilt(
            folder,
            format!("its manifest has the digest {digest}, and {expected} was expected"),
        ));
    }
    is_empty(home)?;
    listed_is_what_is_there(folder, &said)?;
    for file in &said.files {
        let path = folder.join(&file.path);
        let mut opened = plain(&path)?;
        let found = pass_on(&mut opened, &mut std::io::sink()).map_err(|e| failed(&path, &e))?;
        same(folder, file, found)?;
    }
    of_one_node(folder, &said)?;
    let existed = home.exists();
    let put = put(folder, home, &said, now);
    if put.is_err() {
        // It was empty before.
        if let Ok(entries) = fs::read_dir(home) {
            for path in entries.flatten().map(|entry| entry.path()) {
                drop(if path.is_dir() {
                    fs::remove_dir_all(&path)
                } else {
                    fs::remove_file(&path)
                });
            }
        }
        if !existed {
            drop(fs::remove_dir(home));
        }
    }
    put.map(|()| said)
}

/// A plain file of a backup, which is reached through no link: others may have put it there.
fn plain(path: &Path) -> Result<File, ActError> {
    let name = path.file_name().unwrap_or_default();
    let folder = Folder::open(path.parent().unwrap_or(Path::new("")));
    let opened = folder.and_then(|folder| folder.read(name));
    opened.map(|(file, _)| file).map_err(|e| ActError::failed(e.to_string()))
}

fn is_empty(home: &Path) -> Result<(), ActError> {
    match fs::read_dir(home).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ActError::usage(format!(
            "`{}` is not empty; name an empty home with --home",
            home.display()
        ))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(home, &error)),
    }
}

/// Every listed path stays in the folder, is there once, and nothing else is.
fn listed_is_what_is_there(folder: &Path, said: &Manifest) -> Result<(), ActError> {
    let mut listed = BTreeSet::new();
    for file in &said.files {
        let place = below(folder, &file.path).filter(|_| {
            file.path != MANIFEST
                && file.path != SEAL
                && (file.path == DATABASE || !LEFT_OUT.contains(&file.path.as_str()))
        });
        let place = place.ok_or_else(|| {
            spoilt(folder, format!("its manifest names `{}`, which no home holds", file.path))
        })?;
        if !listed.insert(place) {
            return Err(spoilt(folder, format!("its manifest names `{}` twice", file.path)));
        }
    }
    let mut there = BTreeSet::new();
    look(folder, folder, &mut there)?;
    there.remove(&folder.join(MANIFEST));
    there.remove(&folder.join(SEAL));
    let shown = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    if let Some(path) = listed.difference(&there).next() {
        return Err(spoilt(folder, format!("`{}` is missing", shown(path))));
    }
    if let Some(path) = there.difference(&listed).next() {
        return Err(spoilt(folder, format!("`{}` is not of it", shown(path))));
    }
    let database = (said.database == Kept::Sqlite).then_some(DATABASE);
    for needed in NEEDED.into_iter().chain(database) {
        if !listed.contains(&folder.join(needed)) {
            return Err(spoilt(folder, format!("its manifest does not name `{needed}`")));
        }
    }
    Ok(())
}

fn look(folder: &Path, top: &Path, there: &mut BTreeSet<PathBuf>) -> Result<(), ActError> {
    for entry in fs::read_dir(folder).map_err(|e| failed(folder, &e))? {
        let entry = entry.map_err(|e| failed(folder, &e))?;
        let kind = entry.file_type().map_err(|e| failed(&entry.path(), &e))?;
        if kind.is_dir() {
            look(&entry.path(), top, there)?;
        } else if kind.is_file() {
            there.insert(entry.path());
        } else {
            let path = entry.path();
            let path = path.strip_prefix(top).unwrap_or(&path).display().to_string();
            return Err(spoilt(top, format!("`{path}` is no file")));
        }
    }
    Ok(())
}

fn same(folder: &Path, file: &Listed, found: (u64, Digest)) -> Result<(), ActError> {
    if found == (file.bytes, file.sha256) {
        Ok(())
    } else {
        Err(spoilt(folder, format!("`{}` was altered", file.path)))
    }
}

/// The card is of the agency, and the head is signed with the card's log key.
fn of_one_node(folder: &Path, said: &Manifest) -> Result<(), ActError> {
    let path = folder.join("card.json");
    let text = fs::read(&path).map_err(|e| failed(&path, &e))?;
    let envelope = Envelope::parse(text.trim_ascii_end()).map_err(|e| spoilt(folder, e))?;
    let card = Card::open(&envelope).map_err(|e| spoilt(folder, e))?;
    if card.id != said.agency {
        return Err(spoilt(folder, format!("its card is of `{}`", card.id)));
    }
    let key = card.of_log(&card.log_key);
    let head = SignedCheckpoint::parse(said.head.as_bytes()).map_err(|e| spoilt(folder, e))?;
    head.verified(&key)
        .map(drop)
        .map_err(|e| spoilt(folder, format!("the head of the log: {e}")))?;
    sealed(folder, &said.agency, &[key]).map(drop)
}

fn put(folder: &Path, home: &Path, said: &Manifest, now: Timestamp) -> Result<(), ActError> {
    let make = |path: &Path| {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|e| failed(path, &e))
    };
    make(home)?;
    let (last, first): (Vec<_>, Vec<_>) = said.files.iter().partition(|file| file.path == CONFIG);
    let copy = |file: &Listed| {
        let (from, to) = (folder.join(&file.path), home.join(&file.path));
        if let Some(parent) = to.parent() {
            make(parent)?;
        }
        let mut source = plain(&from)?;
        let mut target = private_file(&to).map_err(|e| failed(&to, &e))?;
        // Once more: what was checked may have been exchanged since.
        same(folder, file, pass_on(&mut source, &mut target).map_err(|e| failed(&to, &e))?)
    };
    first.into_iter().try_for_each(copy)?;
    let note = Restored {
        agency: said.agency.clone(),
        backup_at: said.at,
        head: said.head.clone(),
        restored_at: now,
        uid: rustix::process::getuid().as_raw(),
    };
    let note = serde_json::to_vec(&note).map_err(|e| ActError::failed(e.to_string()))?;
    write_private(&home.join(RESTORED), &note)?;
    write_private(&home.join("anchor"), said.head.as_bytes())?;
    let synced = || File::open(home).and_then(|folder| Ok(rustix::fs::syncfs(folder)?));
    synced().map_err(|e| failed(home, &e))?;
    last.into_iter().try_for_each(copy)?;
    synced().map_err(|e| failed(home, &e))
}
