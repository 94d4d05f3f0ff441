//! What monitoring is told of a node: whether it can serve, and numbers that take the store a while
//! to count.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemas::digest::Digest;
use schemas::time::Timestamp;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::Node;
use crate::http::METRICS_TOKEN;
use crate::retention::RetentionReport;
use host::home::{Home, HomeError, read_text, write_private};

/// How often the store is counted.
const COUNTING: Duration = Duration::from_secs(600);
/// How soon after its start a node counts first.
const FIRST_COUNTING: Duration = Duration::from_secs(5);
/// With less free space than this, in bytes, a node says that it is not ready.
const LEAST_FREE: u64 = 64 << 20;

/// What was counted last.
#[derive(Debug, Default)]
pub struct Seen {
    /// Reads stored.
    pub reads: Option<u64>,
    /// What is past its retention.
    pub due: Option<RetentionReport>,
}

/// Who may read the metrics over the network, and what was counted for them.
#[derive(Debug)]
pub struct Watcher {
    token: Digest,
    seen: ArcSwap<Seen>,
}

impl Watcher {
    /// With the token in `home`; it is made if there is none.
    ///
    /// # Errors
    /// When it can neither be read nor made.
    pub(super) fn of(home: &Home) -> Result<Self, HomeError> {
        let path = home.tls(METRICS_TOKEN);
        if !path.exists() {
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::fill(bytes.as_mut_slice())
                .map_err(|e| HomeError::Content { path: path.clone(), error: e.to_string() })?;
            let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
            write_private(&path, token.as_bytes())?;
        }
        let token = Zeroizing::new(read_text(&path)?);
        Ok(Self { token: Digest::of(token.trim().as_bytes()), seen: ArcSwap::default() })
    }

    /// Whether `token` is the one for the metrics.
    #[must_use]
    pub fn admits(&self, token: &str) -> bool {
        // Digests are compared: how long that takes tells nothing of the token.
        self.token == Digest::of(token.as_bytes())
    }
}

impl Node {
    /// What was counted last.
    #[must_use]
    pub fn seen(&self) -> Arc<Seen> {
        self.watcher.seen.load_full()
    }

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

/// Counts now and then, until `stop`.
pub(super) async fn count(node: Arc<Node>, stop: CancellationToken) {
    let mut pause = FIRST_COUNTING;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = COUNTING;
        let reads = node.context.store.reads_before(Timestamp::MAX).await.ok();
        let due = node.retention.status().await.ok();
        node.watcher.seen.store(Arc::new(Seen { reads, due }));
    }
}
