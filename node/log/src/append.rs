//! Appending: one writer, groups of entries, one sync a group.
//!
//! The order is the design: check the preconditions → build the rows on a copy of the ledger → commit →
//! take the copy for the ledger, publish the registry → hand out the tokens. A commit that fails
//! hands out nothing, and since it may have happened unseen, the ledger and the registry are read
//! again from the store before the next append. After a crash the log holds every entry whose
//! token was handed out.

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use schemas::answer::LogPosition;
use schemas::checkpoint::SignedCheckpoint;
use schemas::entry::{EntryKind, SALT};
use schemas::entry_proof::EntryProof;
use schemas::frame::{Frame, FrameKind};
use schemas::key::SecretKey;
use schemas::merkle::Frontier;
use schemas::note::{KeyName, Signer, Vkey};
use schemas::time::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};

pub use super::append_error::{AppendError, Conflict};
use super::entry::Entry;
use super::ledger::Ledger;
use super::narrowing::NarrowingToken;
use super::proofs::{Group, head, root_at};
use super::release::Released;
use crate::clock::Clock;
use crate::clock_guard::{ClockGuard, ClockMark};
use crate::database_head::{self, HeadError, check_running, checked_state};
use crate::metrics::{EntryMetrics, LogMetrics};
use crate::registry::{Registry, RegistryError};
use store::{LogState, Row, Store, StoreError};

/// Most entries of one group.
const LARGEST_GROUP: usize = 128;
/// Most appends waiting.
const LONGEST_QUEUE: usize = 1_024;

/// Why a log is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database does not answer, or is not as this node left it.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The registry is not the one that the log tells.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Proof that an entry is durable. Only the writer makes one.
#[derive(Debug)]
pub struct Appended {
    index: u64,
    at: Timestamp,
    frames: Vec<Frame>,
    /// Where the entry stands, when something leaves with it.
    entry_proof: Option<EntryProof>,
    narrowing: NarrowingToken,
}

impl Appended {
    /// Where the entry stands.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        LogPosition { index: self.index, size: self.index.saturating_add(1) }
    }

    /// The entry's time.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The frames that the entry lets out, with what proves its place in the log beside the first.
    #[must_use]
    pub fn release(mut self) -> Vec<Released> {
        let beside = self.entry_proof.and_then(|entry_proof| serde_json::to_vec(&entry_proof).ok());
        if let (Some(first), Some(beside)) = (self.frames.first_mut(), beside) {
            first.beside = beside;
        }
        self.frames.into_iter().map(Released::durable).collect()
    }

    /// The frames of a statement, or of the request for one, and the token to narrow it down with.
    #[must_use]
    pub fn release_stating(mut self) -> (Vec<Released>, NarrowingToken) {
        let token = std::mem::replace(&mut self.narrowing, NarrowingToken::none());
        (self.release(), token)
    }
}

/// An entry that will be durable, and who waits for that.
type Waiting = (Appended, oneshot::Sender<Result<Appended, AppendError>>);

struct Job {
    entry: Entry,
    reply: oneshot::Sender<Result<Appended, AppendError>>,
}

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

async fn read_ledger(
    store: &dyn Store,
    clock: &Clock,
    name: &KeyName,
    keys: &[Signer],
) -> Result<Ledger, HeadError> {
    let keys: Vec<Vkey> = keys.iter().map(Signer::vkey).collect();
    Ok(Ledger::new(checked_state(store, name, &keys, clock.now().day_start()).await?))
}

struct Writer {
    store: Arc<dyn Store>,
    registry: Registry,
    clock: Clock,
    guard: Arc<ArcSwap<ClockGuard>>,
    name: KeyName,
    keys: Arc<ArcSwap<Vec<Signer>>>,
    /// `None` after a commit that failed: the store is asked what holds before the next append.
    ledger: Option<Ledger>,
    counters: Arc<ArcSwap<LogState>>,
    metrics: LogMetrics,
    documents_queued: Arc<Notify>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(LARGEST_GROUP);
        while queue.recv_many(&mut jobs, LARGEST_GROUP).await > 0 {
            self.group(std::mem::take(&mut jobs)).await;
        }
    }

    async fn group(&mut self, jobs: Vec<Job>) {
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => match self.recover().await {
                Ok(ledger) => ledger,
                Err(error) => {
                    self.metrics.failed();
                    return refuse_all(jobs, &error.to_string());
                }
            },
        };
        let mut next = ledger.clone();
        let guard = self.guard.load_full();
        let mut accepted = false;
        let mut state = self.registry.state();
        let mut rows = Vec::with_capacity(jobs.len());
        let mut waiting = Vec::with_capacity(jobs.len());
        let mut measured = Vec::with_capacity(jobs.len());
        let mut kept = Vec::new();
        // Those are told once the group is done, so that who decides again sees what it lost to.
        let mut refused = Vec::new();
        for Job { mut entry, reply } in jobs {
            let frames = std::mem::take(&mut entry.frames);
            kept.extend(entry.kept.take());
            let narrowing = NarrowingToken::of(&entry);
            let change = entry.change.clone();
            let mut entry_metrics = EntryMetrics::of(&entry);
            // An entry that fails leaves the ledger as it was: its counters move last.
            let built = next.time(change.as_ref(), &self.clock, &guard).and_then(|at| {
                next.check(&entry.precondition, &state, at)
                    .and_then(|()| next.check_arriving(&entry))
                    .map_err(AppendError::Conflict)?;
                let changed = change
                    .map(|change| state.with(&change))
                    .transpose()
                    .map_err(|e| AppendError::Unwritable(e.to_string()))?;
                let mut salt = [0; SALT];
                getrandom::fill(&mut salt).map_err(|e| AppendError::Unavailable(e.to_string()))?;
                Ok((next.row(entry, at, salt)?, changed))
            });
            match built {
                Ok((row, changed)) => {
                    if let Some(changed) = changed {
                        state = Arc::new(changed);
                    }
                    let (index, at) = (row.header.index, row.header.at);
                    accepted |= row.header.kind == EntryKind::ClockAccepted;
                    let appended = Appended { index, at, frames, entry_proof: None, narrowing };
                    waiting.push((appended, reply));
                    rows.push(row);
                    entry_metrics.index = index;
                    measured.push(entry_metrics);
                }
                Err(error) => refused.push((reply, error)),
            }
        }
        let began = Instant::now();
        match self.commit(&rows, &next).await {
            Ok(()) => {
                self.metrics.durable(&measured, began.elapsed());
                self.prove(&ledger.state.tree, &rows, &next.state.tree, &mut waiting);
                self.counters.store(Arc::new(next.state.clone()));
                if accepted {
                    self.guard.store(Arc::new(ClockGuard::accepting(&self.clock)));
                }
                self.ledger = Some(next);
                self.registry.publish(state);
                drop(kept);
                let mut queued = rows.iter().flat_map(|row| &row.changes.outbox);
                if queued.any(|message| message.kind == FrameKind::Document) {
                    self.documents_queued.notify_waiters();
                }
                for (appended, reply) in waiting {
                    // A caller that no longer waits has released nothing; the entry stands.
                    drop(reply.send(Ok(appended)));
                }
                // Nobody waits for the operational log.
                measured.iter().for_each(EntryMetrics::log);
            }
            Err(error) => {
                self.metrics.failed();
                tracing::error!(%error, entry.count = rows.len(), "audit log: commit failed");
                for (_, reply) in waiting {
                    drop(reply.send(Err(AppendError::Unavailable(error.to_string()))));
                }
            }
        }
        for (reply, error) in refused {
            drop(reply.send(Err(error)));
        }
    }

    /// Gives every entry that lets something out the proof of its place.
    fn prove(&self, before: &Frontier, rows: &[Row], after: &Frontier, waiting: &mut [Waiting]) {
        if waiting.iter().all(|(appended, _)| appended.frames.is_empty()) {
            return;
        }
        let Some(group) = Group::of(before, rows, after, &self.keys.load()) else { return };
        for ((appended, _), row) in waiting.iter_mut().zip(rows) {
            if !appended.frames.is_empty() {
                appended.entry_proof = group.entry_proof(appended.index, &row.header_bytes);
            }
        }
    }

    async fn commit(&self, rows: &[Row], next: &Ledger) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let head = database_head::sign(&next.state, &self.keys.load()).ok_or_else(|| {
            StoreError::Database("no log key is here to sign its head with".into())
        })?;
        self.store.commit(rows, &head).await
    }

    /// What holds after a commit that failed, as the store says.
    async fn recover(&self) -> Result<Ledger, OpenError> {
        let store = self.store.as_ref();
        let ledger = read_ledger(store, &self.clock, &self.name, &self.keys.load()).await?;
        // A server that another one stood in for may lack what it acknowledged.
        let known = self.counters.load();
        let kept = ledger.state.size >= known.tree.size()
            && root_at(store, known.tree.size()).await.map_err(HeadError::from)?
                == known.tree.root();
        if !kept {
            let (size, known) = (ledger.state.size, known.tree.size());
            return Err(HeadError::from(StoreError::Corrupt(format!(
                "a log of {size} entries that does not lead on from the {known} that were durable: it was put back or cut short; put the right one in its place"
            )))
            .into());
        }
        self.registry.reload(store, &ledger.state.tree).await?;
        Ok(ledger)
    }
}

fn refuse_all(jobs: Vec<Job>, why: &str) {
    tracing::error!(error = why, entry.count = jobs.len(), "audit log: cannot be written");
    for job in jobs {
        drop(job.reply.send(Err(AppendError::Unavailable(why.to_owned()))));
    }
}
