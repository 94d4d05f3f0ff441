//! Whether a node can serve exchanges, as monitoring asks.

use super::Node;

/// With less free space than this, in bytes, a node says that it is not ready.
const LEAST_FREE: u64 = 64 << 20;

impl Node {
    /// What stands in the way of exchanges; nothing when the node is ready.
    pub async fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.stop.is_cancelled() {
            problems.push("the node is stopping".to_owned());
        }
        let context = &self.context;
        if context.agency.log.metrics().failing() {
            problems.push("the audit log could not be written the last time".into());
        }
        if let Some(last) = context.agency.log.counters().last_at
            && context.agency.clock.now().is_too_far_behind(last)
        {
            problems.push("the clock is far behind the last log entry".into());
        }
        for key in context.keys_missing() {
            problems.push(format!("the {key} key that the card names is not in the home"));
        }
        if context.store.about().await.is_err() {
            problems.push("the database does not answer".into());
        }
        if let Some(free) = self.home.free_bytes().filter(|free| *free < LEAST_FREE) {
            let free = free >> 20;
            problems.push(format!("only {free} MiB are free on the disk of the home"));
        }
        problems
    }
}
