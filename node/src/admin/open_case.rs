//! The case that a person works on: said once, it goes with the queries that follow, at the terminal and on
//! the pages.
//!
//! It is kept in the home where its owner alone reads it, and ends by itself. It changes nothing of what is
//! asked for or logged: each query carries the words as if they had been typed. What cannot be read is no
//! case, and stops whatever would have used it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use schemas::query::{Justification, UserName};
use schemas::time::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};

use crate::permission::ActError;
use host::home::replace_private;

/// After how many hours it ends unless something else is said.
pub const HOURS: u8 = 12;

/// A case that goes with queries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenCase {
    /// Why is asked.
    pub why: Justification,
    /// When it ends.
    pub until: Timestamp,
}

impl OpenCase {
    /// A case that begins now.
    ///
    /// # Errors
    /// When it has no number or no reason.
    pub fn new(why: Justification, hours: u8, now: Timestamp) -> Result<Self, ActError> {
        if why.case.is_empty() || why.reason.is_empty() {
            let missing = if why.case.is_empty() { "a case number" } else { "--reason" };
            return Err(ActError::usage(format!("{missing} must say something")));
        }
        Ok(Self { why, until: now.plus_millis(i64::from(hours) * HOUR_MS) })
    }
}

/// Where a person's case stands.
#[derive(Debug)]
pub struct Place(PathBuf);

impl Place {
    /// That of `user` in the home `dir`.
    #[must_use]
    pub fn of(dir: &Path, user: &UserName) -> Self {
        Self(dir.join("cases").join(format!("{user}.json")))
    }

    /// What stands there, ended or not.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Option<OpenCase>, ActError> {
        let unreadable = |error: &dyn std::fmt::Display| {
            ActError::failed(format!(
                "`{}` holds no case that can be read ({error}); set it again with `accord case use`, or end it with `accord case end`",
                self.0.display()
            ))
        };
        let bytes = match std::fs::read(&self.0) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&error)),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| unreadable(&e))
    }

    /// Puts a case there.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn write(&self, case: &OpenCase) -> Result<(), ActError> {
        let failed = |error: &dyn std::fmt::Display| {
            ActError::failed(format!("the case cannot be kept: `{}`: {error}", self.0.display()))
        };
        let folder = self.0.parent().ok_or_else(|| failed(&"no folder"))?;
        private_folder(folder).map_err(|e| failed(&e))?;
        let bytes = serde_json::to_vec(case).map_err(|e| failed(&e))?;
        replace_private(&self.0, &bytes).map_err(|e| ActError::failed(e.to_string()))
    }

    /// Takes it away; whether there was one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> Result<bool, ActError> {
        match std::fs::remove_file(&self.0) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => {
                Err(ActError::failed(format!("`{}` cannot be removed: {error}", self.0.display())))
            }
        }
    }
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
