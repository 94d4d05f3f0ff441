//! The anchor: the last signed head of the log, in a file outside the database. A database that was
//! put back from a backup, or cut short, does not lead to it, and says so before the next append.
//!
//! It is at most a second behind. What came after it is told by the head in the database, which every
//! group of entries signs anew ([`crate::database_head`]).

use std::time::Duration;

use host::home::{Home, HomeError, read_text, replace_private};
use schemas::checkpoint::SignedCheckpoint;
use store::{ReadStore, StoreError};

use crate::append::AuditLog;
use crate::database_head::{HeadError, check_newest};
use crate::proofs::root_at;
use crate::registry::Registry;

/// Why a log may not be written further.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The anchor cannot be read, or is not this log's.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The database does not answer, or an entry after the anchor was edited.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The database is a copy of an earlier time.
    #[error(
        "the log has {size} entries and does not lead to its anchor, a signed head of {anchor}"
    )]
    RolledBack {
        /// Entries that the anchor speaks of.
        anchor: u64,
        /// Entries in the database.
        size: u64,
    },
    /// The database went another way than the anchor.
    #[error(
        "the log has {size} entries and does not begin with the {anchor} of its anchor, a signed head"
    )]
    AnotherCopy {
        /// Entries that the anchor speaks of.
        anchor: u64,
        /// Entries in the database.
        size: u64,
    },
}

impl From<StoreError> for AnchorError {
    fn from(error: StoreError) -> Self {
        Self::Head(error.into())
    }
}

/// The anchor of a home, if there is one.
///
/// # Errors
/// When it cannot be read.
pub fn read(home: &Home) -> Result<Option<String>, HomeError> {
    if home.anchor().exists() { read_text(&home.anchor()).map(Some) } else { Ok(None) }
}

/// Takes the anchor away and returns it: the operator has said that what it speaks of is lost.
///
/// # Errors
/// When it cannot be.
pub fn remove(home: &Home) -> Result<Option<String>, HomeError> {
    let held = read(home)?;
    if held.is_some() {
        let path = home.anchor();
        std::fs::remove_file(&path).map_err(|error| HomeError::File { path, error })?;
    }
    Ok(held)
}

/// Checks that `log` leads to the anchor of `home`, and that the entries after it are those that were
/// signed; how many these are. A node that was stopped leaves none, one that ended at once those of its
/// last second.
///
/// # Errors
/// When it does not, or the anchor is not this log's.
pub async fn check(
    home: &Home,
    log: &AuditLog,
    registry: &Registry,
    store: &dyn ReadStore,
) -> Result<u64, AnchorError> {
    let counters = log.counters();
    let Some(held) = read(home)? else {
        check_newest(store, &counters.tree, 0).await?;
        return Ok(0);
    };
    let unfit = |error: String| HomeError::Content { path: home.anchor(), error };
    let head = SignedCheckpoint::parse(held.as_bytes()).map_err(|e| unfit(e.to_string()))?;
    // It may have been written before a key took the place of the one that signed it; and a database
    // that was put back knows nothing of the keys that came since.
    let keys = registry.state().own_log_keys().into_iter().chain(log.vkeys());
    if !keys.into_iter().any(|key| head.verified(&key).is_ok()) {
        return Err(unfit("no key of this agency's log has signed it".into()).into());
    }
    let (anchor, size) = (head.unverified(), counters.size);
    if anchor.size > size {
        return Err(AnchorError::RolledBack { anchor: anchor.size, size });
    }
    if root_at(store, anchor.size).await? != anchor.root {
        return Err(AnchorError::AnotherCopy { anchor: anchor.size, size });
    }
    check_newest(store, &counters.tree, anchor.size).await?;
    Ok(size.saturating_sub(anchor.size))
}

/// Writes the anchor as of now.
///
/// # Errors
/// When it cannot be written.
pub fn write(home: &Home, log: &AuditLog) -> Result<(), HomeError> {
    let head =
        log.head().map_err(|e| HomeError::Content { path: home.anchor(), error: e.to_string() })?;
    replace_private(&home.anchor(), head.to_string().as_bytes())
}

/// Lets the anchor of a home follow its log, and what the clock says the clock.
pub struct Follower {
    home: Home,
    log: AuditLog,
    written: Option<u64>,
    /// When the clock was noted, by how long the machine had been up.
    noted: Option<Duration>,
}

/// How often what the clock says is noted.
const NOTED_EVERY: Duration = Duration::from_secs(600);

impl Follower {
    /// The anchor of `home` follows `log`.
    #[must_use]
    pub fn new(home: Home, log: AuditLog) -> Self {
        Self { home, log, written: None, noted: None }
    }

    /// Writes the anchor if the log has grown since it was last written.
    ///
    /// # Errors
    /// When it cannot be written; the next call tries again.
    pub fn follow(&mut self) -> Result<(), HomeError> {
        if let Some(mark) = self.log.clock_mark() {
            let since = self.noted.map(|noted| mark.up().saturating_sub(noted));
            if since.is_none_or(|since| since >= NOTED_EVERY) {
                mark.write(&self.home)?;
                self.noted = Some(mark.up());
            }
        }
        let size = self.log.counters().size;
        if self.written != Some(size) {
            write(&self.home, &self.log)?;
            self.written = Some(size);
        }
        Ok(())
    }
}
