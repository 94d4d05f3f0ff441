//! One connection with a peer: what was heard over it, and whether it still counts.
//!
//! A link can break without a word to either end. TCP would wait a quarter of an hour for it; here a
//! connection is given up once the peer is waited for on it and nothing comes over it for a while, so
//! that whoever asks next has another one. Silence is told of each connection by itself: a peer that
//! has made a new one is heard there, which says nothing of the one that broke.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::swarm::ConnectionId;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

use crate::link::LinkError;

/// How long opening a substream may take on a connection on which somebody has waited in vain: a round
/// trip, and no answer that has to be worked out.
const DISTRUSTED: Duration = Duration::from_secs(2);

/// A connection that was established. Its handler, its substreams and the pool share it.
#[derive(Debug)]
pub(super) struct Connection {
    id: ConnectionId,
    /// How long a peer that is waited for may say nothing over it.
    longest_silence: Duration,
    /// When bytes of the peer last came on any of its substreams.
    heard: Mutex<Instant>,
    /// Whether it said nothing for too long.
    silent: AtomicBool,
    /// Whether somebody has gone who waited in vain on it, and nothing was heard since.
    distrusted: AtomicBool,
    /// It has ended, or is being closed.
    ended: CancellationToken,
    /// A newer one with the same peer stands.
    replaced: CancellationToken,
}

impl Connection {
    pub(super) fn new(id: ConnectionId, longest_silence: Duration) -> Arc<Self> {
        Arc::new(Self {
            id,
            longest_silence,
            heard: Mutex::new(Instant::now()),
            silent: AtomicBool::new(false),
            distrusted: AtomicBool::new(false),
            ended: CancellationToken::new(),
            replaced: CancellationToken::new(),
        })
    }

    pub(super) fn id(&self) -> ConnectionId {
        self.id
    }

    /// How long opening a substream on it may take: less where others have waited in vain.
    pub(super) fn longest_opening(&self) -> Duration {
        let distrusted = self.distrusted.load(Ordering::Relaxed);
        if distrusted { self.longest_silence.min(DISTRUSTED) } else { self.longest_silence }
    }

    /// Somebody has gone who waited on it and heard nothing.
    pub(super) fn distrust(&self) {
        self.distrusted.store(true, Ordering::Relaxed);
    }

    fn heard(&self) -> MutexGuard<'_, Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of the peer have come.
    pub(super) fn hears(&self) {
        *self.heard() = Instant::now();
        self.distrusted.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_silent_since(&self, since: Instant) -> bool {
        *self.heard() < since
    }

    /// Ends once the peer, waited for from `since` on, has said nothing for too long.
    pub(super) async fn falls_silent(&self, since: Instant) {
        loop {
            let until = since.max(*self.heard()) + self.longest_silence;
            if Instant::now() >= until {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// Gives it up, since nothing comes over it any more.
    pub(super) fn give_up(&self) {
        tracing::debug!(connection.id = %self.id, "a connection is silent; it is given up");
        self.silent.store(true, Ordering::Relaxed);
        self.close();
    }

    /// Nothing begins on it any more, what waits on it is told, and its handler has it closed.
    pub(super) fn close(&self) {
        self.ended.cancel();
    }

    /// Whether it has ended or is being closed.
    pub(super) fn is_over(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Ends with it.
    pub(super) async fn over(&self) {
        self.ended.cancelled().await;
    }

    /// The same, for whoever keeps it.
    pub(super) fn until_over(&self) -> WaitForCancellationFutureOwned {
        self.ended.clone().cancelled_owned()
    }

    /// Ends it when dropped.
    pub(super) fn end_guard(&self) -> DropGuard {
        self.ended.clone().drop_guard()
    }

    /// What is said to those that wait on it when it is over.
    pub(super) fn lost(&self) -> LinkError {
        if self.silent.load(Ordering::Relaxed) {
            return LinkError::Silent;
        }
        LinkError::Lost("the connection was closed".into())
    }

    /// A newer one stands: whoever opens conversations opens them there.
    pub(super) fn replace(&self) {
        self.replaced.cancel();
    }

    /// Ends some time after a newer one stands: what is idle on this one by then stays so.
    pub(super) async fn left_idle(&self) {
        self.replaced.cancelled().await;
        tokio::time::sleep(self.longest_silence).await;
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
