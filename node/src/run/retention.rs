//! Retention by itself: kept answers that have ended are destroyed all day long; once a day, at a
//! quiet pace, reads and the bodies of the log that are past their retention.
//!
//! A clock that stands far ahead would end everything at once. So the node destroys nothing by
//! itself when more than two days have passed since its last entry; it does on the next day, or
//! a person has it done with `accord retention run`.

use std::sync::Arc;
use std::time::Duration;

use schemas::time::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Node;
use crate::permission::ActError;

/// How often it is looked what has ended.
const LOOK: Duration = Duration::from_secs(600);
/// How long the log may have been silent, in milliseconds.
const SILENT_MS: u64 = 2 * 86_400_000;

/// Looks at intervals until `stop`.
pub(super) async fn keep(node: Arc<Node>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    let mut day = None;
    let mut last_seen = node.context.agency.log.counters().last_at;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            done = look(&node, &mut day, &mut last_seen) => if let Err(error) = done {
                tracing::error!(%error, "what is past its retention could not be destroyed");
            }
        }
    }
}

/// `day` is the last day on which a run ended well; `last_seen` the last entry's time at the last
/// look.
async fn look(
    node: &Node,
    day: &mut Option<Timestamp>,
    last_seen: &mut Option<Timestamp>,
) -> Result<(), ActError> {
    let now = node.context.agency.clock.now();
    let silent = last_seen.is_some_and(|last| last.distance(now) > SILENT_MS);
    *last_seen = node.context.agency.log.counters().last_at;
    if silent {
        // Of the time before a jump of the clock nothing is known: a day must pass.
        *day = Some(now.day_start());
        tracing::warn!(
            "the clock is more than two days past the last entry; nothing is destroyed today, unless with `accord retention run`"
        );
        return Ok(());
    }
    let answers = node.retention.purge_ended_answers().await?;
    if answers > 0 {
        tracing::info!(answers, "kept answers have ended and were destroyed");
    }
    if *day == Some(now.day_start()) {
        return Ok(());
    }
    let done = node.retention.run_daily().await?;
    *day = Some(now.day_start());
    if done.any() {
        tracing::info!(
            reads = done.reads_purged,
            answers = done.answers_purged,
            entries = done.entries_redacted,
            "what was past its retention was destroyed"
        );
    }
    Ok(())
}
