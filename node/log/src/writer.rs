//! The one writer of the log: groups of entries, one sync a group.
//!
//! The order is the design: check the preconditions → build the rows on a copy of the ledger → commit →
//! take the copy for the ledger, publish the registry → hand out the tokens. The checkpoint that the
//! tokens prove their places with is signed while the database syncs, and leaves with them alone. A
//! commit that fails hands out nothing, and since it may have happened unseen, the ledger and the registry are read
//! again from the store before the next append. After a crash the log holds every entry whose
//! token was handed out.

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use schemas::entry::EntryKind;
use schemas::frame::FrameKind;
use schemas::merkle::Frontier;
use schemas::note::{KeyName, Signer, Vkey};
use tokio::sync::{Notify, mpsc};

use super::append_error::AppendError;
use super::appended::Appended;
use super::ledger::Ledger;
use super::prepared::{Job, Prepared, Reply};
use super::proofs::{Group, root_at};
use crate::clock::Clock;
use crate::clock_guard::ClockGuard;
use crate::database_head::{self, HeadError, checked_state};
use crate::metrics::{EntryMetrics, LogMetrics};
use crate::registry::{Registry, RegistryError};
use store::{LogState, Row, Store, StoreError};

/// Most entries of one group.
const LARGEST_GROUP: usize = 128;

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

pub(super) async fn read_ledger(
    store: &dyn Store,
    clock: &Clock,
    name: &KeyName,
    keys: &[Signer],
) -> Result<Ledger, HeadError> {
    let keys: Vec<Vkey> = keys.iter().map(Signer::vkey).collect();
    Ok(Ledger::new(checked_state(store, name, &keys, clock.now().day_start()).await?))
}

/// The one that writes.
pub(super) struct Writer {
    pub(super) store: Arc<dyn Store>,
    pub(super) registry: Registry,
    pub(super) clock: Clock,
    pub(super) guard: Arc<ArcSwap<ClockGuard>>,
    pub(super) name: KeyName,
    pub(super) keys: Arc<ArcSwap<Vec<Signer>>>,
    /// `None` after a commit that failed: the store is asked what holds before the next append.
    pub(super) ledger: Option<Ledger>,
    pub(super) counters: Arc<ArcSwap<LogState>>,
    pub(super) metrics: LogMetrics,
    pub(super) documents_queued: Arc<Notify>,
}

impl Writer {
    /// Writes what comes in `queue`, in groups, until nobody can send any more.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(LARGEST_GROUP);
        while queue.recv_many(&mut jobs, LARGEST_GROUP).await > 0 {
            // What a clock is accepted for changes the times of all before it, so it stands alone.
            let parts = jobs.chunk_by(|one, next| !one.accepts_clock() && !next.accepts_clock());
            let lengths: Vec<usize> = parts.map(<[Job]>::len).collect();
            for length in lengths {
                let rest = jobs.split_off(length);
                self.group(std::mem::replace(&mut jobs, rest)).await;
            }
        }
    }

    async fn group(&mut self, jobs: Vec<Job>) {
        let mut ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => match self.recover().await {
                Ok(ledger) => ledger,
                Err(error) => {
                    self.metrics.failed();
                    return refuse_all(jobs, &error.to_string());
                }
            },
        };
        ledger.gather();
        let mut group = Prepared::new(&ledger, self.registry.state());
        let guard = self.guard.load_full();
        for job in jobs {
            group.add(job, &self.clock, &guard, self.store.as_ref()).await;
        }
        let refused = std::mem::take(&mut group.refused);
        if group.rows.is_empty() {
            // What was tried of it moves nothing.
            self.ledger = Some(ledger);
        } else {
            self.write(&ledger, group).await;
        }
        for (reply, error) in refused {
            drop(reply.send(Err(error)));
        }
    }

    /// Makes what is prepared durable, and tells who waits.
    async fn write(&mut self, before: &Ledger, group: Prepared) {
        let Prepared { next, registry, rows, mut waiting, measured, kept, .. } = group;
        let began = Instant::now();
        let (committed, proofs) = tokio::join!(
            biased;
            self.commit(&rows, &next),
            // While the database syncs: what is signed here is dropped unless that has happened.
            async { self.proofs(&before.state.tree, &rows, &next.state.tree, &waiting) },
        );
        if let Err(error) = committed {
            self.metrics.failed();
            tracing::error!(%error, entry.count = rows.len(), "audit log: commit failed");
            for (_, reply) in waiting {
                drop(reply.send(Err(AppendError::Unavailable(error.to_string()))));
            }
            return;
        }
        self.metrics.durable(&measured, began.elapsed());
        if let Some(proofs) = proofs {
            prove(&proofs, &rows, &mut waiting);
        }
        self.counters.store(Arc::new(next.state.clone()));
        if rows.iter().any(|row| row.header.kind == EntryKind::ClockAccepted) {
            self.guard.store(Arc::new(ClockGuard::accepting(&self.clock)));
        }
        self.ledger = Some(next);
        self.registry.publish(registry);
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

    /// What the places of a group's entries are proven with, if one of them lets something out.
    fn proofs(
        &self,
        before: &Frontier,
        rows: &[Row],
        after: &Frontier,
        waiting: &[(Appended, Reply)],
    ) -> Option<Group> {
        let lets_out = waiting.iter().any(|(appended, _)| !appended.frames.is_empty());
        lets_out.then(|| Group::of(before, rows, after, &self.keys.load())).flatten()
    }

    async fn commit(&self, rows: &[Row], next: &Ledger) -> Result<(), StoreError> {
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
        // Also where nothing is written after: what the store holds is durable.
        self.counters.store(Arc::new(ledger.state.clone()));
        Ok(ledger)
    }
}

/// Gives every entry that lets something out the proof of its place.
fn prove(group: &Group, rows: &[Row], waiting: &mut [(Appended, Reply)]) {
    for ((appended, _), row) in waiting.iter_mut().zip(rows) {
        if !appended.frames.is_empty() {
            appended.entry_proof = group.entry_proof(appended.index, &row.header_bytes);
        }
    }
}

fn refuse_all(jobs: Vec<Job>, why: &str) {
    tracing::error!(error = why, entry.count = jobs.len(), "audit log: cannot be written");
    for job in jobs {
        drop(job.reply.send(Err(AppendError::Unavailable(why.to_owned()))));
    }
}
