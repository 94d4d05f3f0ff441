//! The audit log, for appending: entries go to its one writer, which hands out what is durable.

use std::sync::Arc;

use arc_swap::ArcSwap;
use schemas::checkpoint::SignedCheckpoint;
use schemas::key::SecretKey;
use schemas::note::{KeyName, Signer, Vkey};
use tokio::sync::{Notify, mpsc, oneshot};

pub use super::append_error::{AppendError, Conflict};
pub use super::appended::Appended;
use super::entry::Entry;
use super::prepared::Job;
use super::proofs::head;
pub use super::writer::OpenError;
use super::writer::{Writer, read_ledger};
use crate::clock::Clock;
use crate::clock_guard::{ClockGuard, ClockMark};
use crate::database_head::{HeadError, check_running};
use crate::metrics::LogMetrics;
use crate::registry::Registry;
use store::{LogState, Store};

/// Most appends waiting.
const LONGEST_QUEUE: usize = 1_024;

/// The node's audit log, for appending. Cheap to clone.
#[derive(Clone)]
pub struct AuditLog {
    jobs: mpsc::Sender<Job>,
    counters: Arc<ArcSwap<LogState>>,
    metrics: LogMetrics,
    documents_queued: Arc<Notify>,
    clock: Clock,
    guard: Arc<ArcSwap<ClockGuard>>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Registry,
    name: KeyName,
    keys: Arc<ArcSwap<Vec<Signer>>>,
}

fn signers(name: &KeyName, keys: Vec<SecretKey>) -> Vec<Signer> {
    keys.into_iter().map(|key| Signer::new(name.clone(), key)).collect()
}

impl AuditLog {
    /// Starts the writer of the log of `name`, whose heads are signed with each of `keys`. It ends
    /// when the last clone of the log is dropped. `mark` is what the clock said when it last ran.
    ///
    /// # Errors
    /// When the database is not as this node left it, or the registry not the one that the log tells.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Clock,
        name: KeyName,
        keys: Vec<SecretKey>,
        mark: Option<ClockMark>,
    ) -> Result<Self, OpenError> {
        let keys = signers(&name, keys);
        let ledger = read_ledger(store.as_ref(), &clock, &name, &keys).await?;
        let guard = ClockGuard::at_start(ledger.state.last_at, mark, &clock);
        let guard = Arc::new(ArcSwap::from_pointee(guard));
        let registry = Registry::load(store.as_ref(), &ledger.state.tree).await?;
        let counters = Arc::new(ArcSwap::from_pointee(ledger.state.clone()));
        let metrics = LogMetrics::default();
        let documents_queued = Arc::new(Notify::new());
        let (jobs, queue) = mpsc::channel(LONGEST_QUEUE);
        let keys = Arc::new(ArcSwap::from_pointee(keys));
        let writer = Writer {
            store: store.clone(),
            registry: registry.clone(),
            clock: clock.clone(),
            guard: guard.clone(),
            name: name.clone(),
            keys: keys.clone(),
            ledger: Some(ledger),
            counters: counters.clone(),
            metrics: metrics.clone(),
            documents_queued: documents_queued.clone(),
        };
        tokio::spawn(writer.run(queue));
        Ok(Self {
            jobs,
            counters,
            metrics,
            documents_queued,
            clock,
            guard,
            store,
            registry,
            name,
            keys,
        })
    }

    /// Appends `entry`; returns once it is durable.
    ///
    /// # Errors
    /// When it is not: then nothing that depends on it may happen.
    pub async fn append(&self, entry: Entry) -> Result<Appended, AppendError> {
        let gone = || AppendError::Unavailable("its writer has stopped".into());
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { entry, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Why nothing is appended under the clock as it is, if that is so.
    ///
    /// # Errors
    /// That it is far behind the last entry, or further ahead than the time that has passed.
    pub fn clock_can_be_right(&self) -> Result<(), AppendError> {
        let now = self.clock.now();
        let last = self.counters().last_at;
        if let Some(last) = last.filter(|last| now.is_too_far_behind(*last)) {
            return Err(AppendError::Clock { now, last });
        }
        let known = self.guard.load().check(&self.clock);
        known.map_err(|known| AppendError::ClockAhead { now, known })
    }

    /// What the clock says now, to be held against it when the node starts again; `None` where the clock
    /// cannot be right, or the system does not name the present run of the machine.
    #[must_use]
    pub fn clock_mark(&self) -> Option<ClockMark> {
        self.clock_can_be_right().ok()?;
        ClockMark::now(&self.clock)
    }

    /// Ends when the writer has ended: from then on nothing can be appended.
    pub async fn writer_ended(&self) {
        self.jobs.closed().await;
    }

    /// The signed head of the log as of the last group.
    ///
    /// # Errors
    /// Never for a log of a size that exists.
    pub fn head(&self) -> Result<SignedCheckpoint, AppendError> {
        head(&self.counters().tree, &self.keys.load())
            .ok_or_else(|| AppendError::Unwritable("its head cannot be signed".into()))
    }

    /// The keys that sign heads now, as notes name them.
    #[must_use]
    pub fn vkeys(&self) -> Vec<Vkey> {
        self.keys.load().iter().map(Signer::vkey).collect()
    }

    /// The keys themselves.
    pub(crate) fn signers(&self) -> Arc<Vec<Signer>> {
        self.keys.load_full()
    }

    /// From now on heads are signed with each of `keys`.
    pub fn sign_with(&self, keys: Vec<SecretKey>) {
        self.keys.store(Arc::new(signers(&self.name, keys)));
    }

    /// Holds the signed head that stands in the database against the entries there.
    ///
    /// # Errors
    /// When the database does not answer, or was edited.
    pub async fn database_fits(&self) -> Result<(), HeadError> {
        let durable = self.counters().size;
        check_running(self.store.as_ref(), &self.name, &self.vkeys(), durable).await.map(drop)
    }

    /// What was counted since the node started.
    #[must_use]
    pub fn metrics(&self) -> &LogMetrics {
        &self.metrics
    }

    /// Ends with the next durable entry after this call that puts a document into the outbox. A
    /// receipt is none: it leaves with the answer's own conversation.
    pub fn documents_queued(&self) -> impl Future<Output = ()> + use<> {
        // `notified_owned` counts from its making on, not from its first poll.
        self.documents_queued.clone().notified_owned()
    }

    /// Counters as of the last group: uses and receipts that a decision needs. The
    /// precondition of the entry checks them again.
    #[must_use]
    pub fn counters(&self) -> Arc<LogState> {
        self.counters.load_full()
    }
}
