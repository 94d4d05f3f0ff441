//! Counting what proves nothing: unknown keys, bad signatures, misdirected messages.
//!
//! The first of an hour for a key and cause is an entry at once; the further ones of that hour are
//! one more entry when the hour ends or the node stops. So a flood cannot fill the log, and yet
//! nothing goes unseen until an hour is over.

use std::collections::HashMap;
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::key::PublicKey;
use schemas::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::NodeContext;
use audit_log::entry::Entry;

/// Most reports waiting; beyond that they are only counted as lost in the operational log.
const LONGEST_QUEUE: usize = 256;
/// Most keys and causes counted apart in an hour; the rest are counted together.
const MOST_APART: usize = 1_024;
const HOUR_MS: i64 = 3_600_000;

/// Why something was rejected before it became a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Cause {
    /// No card has this key.
    UnknownKey,
    /// The peer is cut off.
    Blocked,
    /// Bytes, signature or content that prove nothing.
    Unverifiable,
    /// Not addressed to this agency.
    Misdirected,
    /// Beyond what one peer may do in a minute.
    TooMany,
}

impl Cause {
    fn code(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::Blocked => "blocked",
            Self::Unverifiable => "unverifiable",
            Self::Misdirected => "misdirected",
            Self::TooMany => "too_many",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    /// `None` once too many keys are counted apart.
    node: Option<PublicKey>,
    peer: Option<AgencyId>,
    cause: Cause,
}

enum Word {
    /// Something was rejected.
    Rejected { key: Box<Key>, why: String },
    /// The node stops: log what was counted, say so, and count no more.
    Finish(oneshot::Sender<()>),
}

/// Where rejections are reported. Cheap to clone; never blocks.
#[derive(Clone)]
pub(super) struct Rejects {
    reports: mpsc::Sender<Word>,
}

impl Rejects {
    /// Where they are reported, and the task that counts them until [`Self::finish`].
    pub(super) fn start(context: NodeContext) -> (Self, impl Future<Output = ()>) {
        let (reports, queue) = mpsc::channel(LONGEST_QUEUE);
        (Self { reports }, run(context, queue))
    }

    /// Logs what was counted and not logged yet.
    pub(super) async fn finish(&self) {
        let (done, finished) = oneshot::channel();
        if self.reports.send(Word::Finish(done)).await.is_ok() {
            drop(finished.await);
        }
    }

    pub(super) fn report(
        &self,
        node: &PublicKey,
        peer: Option<&AgencyId>,
        cause: Cause,
        why: String,
    ) {
        let key = Key { node: Some(*node), peer: peer.cloned(), cause };
        if self.reports.try_send(Word::Rejected { key: Box::new(key), why }).is_err() {
            tracing::warn!(cause = cause.code(), "peer rejected; too many at once to count apart");
        }
    }
}

async fn run(context: NodeContext, mut queue: mpsc::Receiver<Word>) {
    let mut hour = hour_of(context.agency.clock.now());
    let mut further: HashMap<Key, u64> = HashMap::new();
    let mut tick = tokio::time::interval(Duration::from_secs(30));
    loop {
        let word = tokio::select! {
            word = queue.recv() => match word {
                Some(word) => Some(word),
                None => return,
            },
            _ = tick.tick() => None,
        };
        let now = hour_of(context.agency.clock.now());
        if now != hour || matches!(word, Some(Word::Finish(_))) {
            hour = now;
            for (key, count) in further.drain().filter(|(_, count)| *count > 0) {
                append(&context, &key, count, "further ones of the same hour").await;
            }
        }
        match word {
            None => {}
            Some(Word::Finish(done)) => {
                // Who no longer waits has stopped already.
                let _ = done.send(());
                return;
            }
            Some(Word::Rejected { key, why }) => {
                let mut key = *key;
                if further.len() >= MOST_APART && !further.contains_key(&key) {
                    key = Key { node: None, peer: None, cause: key.cause };
                }
                match further.get_mut(&key) {
                    Some(count) => *count = count.saturating_add(1),
                    None => {
                        append(&context, &key, 1, &why).await;
                        further.insert(key, 0);
                    }
                }
            }
        }
    }
}

fn hour_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(HOUR_MS)
}

async fn append(context: &NodeContext, key: &Key, count: u64, why: &str) {
    let mut entry = Entry::new(EntryKind::PeerRejected, context.agency.node_actor())
        .with_detail("cause", key.cause.code())
        .with_detail("count", count)
        .with_detail("why", why.chars().take(300).collect::<String>());
    if let Some(node) = &key.node {
        entry = entry.with_detail("node_key", node.fingerprint().to_string());
    }
    if let Some(peer) = &key.peer {
        entry = entry.with_peer(peer);
    }
    if let Err(error) = context.agency.log.append(entry).await {
        tracing::error!(%error, count, "peer rejected, but the log cannot be written");
    }
}
