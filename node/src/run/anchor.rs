//! The anchor: the last signed head of the log, in a file outside the database. A database that was
//! put back from a backup, or cut short, does not lead to it, and says so before the next append.

use std::time::Duration;

use schemas::checkpoint::SignedCheckpoint;
use tokio_util::sync::CancellationToken;

use crate::context::NodeContext;
use crate::run::StartError;
use audit::verify::signed_by;
use audit_log::standing::root_at;
use host::home::{Home, HomeError, read_text, replace_private};

/// How often the anchor follows the log.
const FOLLOWS: Duration = Duration::from_secs(1);

/// The anchor of a home, if there is one.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read(home: &Home) -> Result<Option<String>, HomeError> {
    if home.anchor().exists() { read_text(&home.anchor()).map(Some) } else { Ok(None) }
}

/// Takes the anchor away: the operator has said that what it speaks of is lost.
///
/// # Errors
/// When it cannot be.
pub(crate) fn give_up(home: &Home) -> Result<Option<String>, HomeError> {
    let held = read(home)?;
    if held.is_some() {
        let path = home.anchor();
        std::fs::remove_file(&path).map_err(|error| HomeError::File { path, error })?;
    }
    Ok(held)
}

/// Checks that the log leads to its anchor.
///
/// # Errors
/// When it does not, or the anchor is not this log's.
pub(crate) async fn check(home: &Home, context: &NodeContext) -> Result<(), StartError> {
    let Some(held) = read(home)? else { return Ok(()) };
    let spoilt = |why: String| HomeError::Content { path: home.anchor(), error: why };
    let head = SignedCheckpoint::parse(held.as_bytes()).map_err(|e| spoilt(e.to_string()))?;
    // It may have been written before a key took the place of the one that signed it.
    signed_by(&head, context.own_log_keys()).map_err(|e| spoilt(e.to_string()))?;
    let anchor = head.unverified();
    let size = context.agency.log.counters().size;
    let rolled_back = StartError::RolledBack { anchor: anchor.size, size };
    if anchor.size > size {
        return Err(rolled_back);
    }
    if root_at(context.store.as_ref(), anchor.size).await? == anchor.root {
        Ok(())
    } else {
        Err(rolled_back)
    }
}

/// Lets the anchor follow the log until `stop`. Who stops the node writes the last one.
pub(crate) async fn follow(home: Home, context: NodeContext, stop: CancellationToken) {
    let mut written = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FOLLOWS) => {}
        }
        let size = context.agency.log.counters().size;
        if written != Some(size) {
            match keep(&home, &context) {
                Ok(()) => written = Some(size),
                Err(error) => tracing::error!(%error, "the anchor could not be written"),
            }
        }
    }
}

/// Writes the anchor as of now.
///
/// # Errors
/// One sentence.
pub(crate) fn keep(home: &Home, context: &NodeContext) -> Result<(), String> {
    let head = context.agency.log.head().map_err(|e| e.to_string())?;
    replace_private(&home.anchor(), head.to_string().as_bytes()).map_err(|e| e.to_string())
}
