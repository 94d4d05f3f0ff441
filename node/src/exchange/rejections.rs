//! Counting what proves nothing: unknown keys, bad signatures, misdirected messages.
//!
//! The first of an hour for a key and cause is an entry at once; the further ones of that hour are
//! one more entry when the hour ends or the node stops. So a flood cannot fill the log, and yet
//! nothing goes unseen until an hour is over.

use std::collections::HashMap;
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::event::exchange::RejectionCause;
use schemas::key::PublicKey;
use schemas::time::{HOUR_MS, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::permission::OwnAgency;
use audit_log::entries::exchange::peer_rejected;

/// Most reports waiting; beyond that they are only counted as lost in the operational log.
const LONGEST_QUEUE: usize = 256;
/// Most keys and causes counted apart in an hour; the rest are counted together.
const MOST_APART: usize = 1_024;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    /// `None` once too many keys are counted apart.
    node: Option<PublicKey>,
    peer: Option<AgencyId>,
    cause: RejectionCause,
}

enum Report {
    /// Something was rejected.
    Rejected { key: Box<Key>, why: String },
    /// The node stops: log what was counted, then say so.
    Finish(oneshot::Sender<()>),
}

/// Where rejections are reported. Cheap to clone; never blocks.
#[derive(Clone)]
pub(super) struct RejectionCounter {
    reports: mpsc::Sender<Report>,
}

impl RejectionCounter {
    pub(super) fn start(agency: OwnAgency) -> Self {
        let (reports, queue) = mpsc::channel(LONGEST_QUEUE);
        tokio::spawn(run(agency, queue));
        Self { reports }
    }

    /// Logs what was counted and not logged yet.
    pub(super) async fn finish(&self) {
        let (done, finished) = oneshot::channel();
        if self.reports.send(Report::Finish(done)).await.is_ok() {
            drop(finished.await);
        }
    }

    pub(super) fn report(
        &self,
        node: &PublicKey,
        peer: Option<&AgencyId>,
        cause: RejectionCause,
        why: String,
    ) {
        let key = Key { node: Some(*node), peer: peer.cloned(), cause };
        if self.reports.try_send(Report::Rejected { key: Box::new(key), why }).is_err() {
            tracing::warn!(
                rejection.cause = cause.code(),
                "peer rejected; too many at once to count apart"
            );
        }
    }
}

async fn run(agency: OwnAgency, mut queue: mpsc::Receiver<Report>) {
    let mut hour = hour_of(agency.clock.now());
    let mut further: HashMap<Key, u64> = HashMap::new();
    let mut tick = tokio::time::interval(Duration::from_secs(30));
    loop {
        let report = tokio::select! {
            report = queue.recv() => match report {
                Some(report) => Some(report),
                None => return,
            },
            _ = tick.tick() => None,
        };
        let now = hour_of(agency.clock.now());
        if now != hour || matches!(report, Some(Report::Finish(_))) {
            hour = now;
            for (key, count) in further.drain().filter(|(_, count)| *count > 0) {
                append(&agency, &key, count, "further ones of the same hour").await;
            }
        }
        match report {
            None => {}
            Some(Report::Finish(done)) => {
                // A caller that no longer waits has stopped already.
                let _ = done.send(());
            }
            Some(Report::Rejected { key, why }) => {
                let mut key = *key;
                if further.len() >= MOST_APART && !further.contains_key(&key) {
                    key = Key { node: None, peer: None, cause: key.cause };
                }
                match further.get_mut(&key) {
                    Some(count) => *count = count.saturating_add(1),
                    None => {
                        append(&agency, &key, 1, &why).await;
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

async fn append(agency: &OwnAgency, key: &Key, count: u64, why: &str) {
    let actor = agency.node_actor();
    let entry = peer_rejected(actor, key.cause, key.node.as_ref(), key.peer.as_ref(), count, why);
    if let Err(error) = agency.log.append(entry).await {
        tracing::error!(%error, rejection.count = count, "peer rejected, but the log cannot be written");
    }
}
