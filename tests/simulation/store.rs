//! The database of a simulated node: the product's own, SQLite, with what goes wrong under it.
//!
//! SQLite works on threads of its own. The simulation waits for each call while virtual time stands, so
//! that calls come one after the other, in an order that the seed decides. What its commit returned is
//! durable, as the product has it: a crash loses what was not committed, and nothing else.

mod contract;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::sqlite::Sqlite;
use store::{Row, StoreError};
use tokio::time::Instant;

use crate::alive::Alive;
use crate::bugs::{self, Bug};
use crate::dice::Dice;
use crate::dishonest::Liar;
use crate::net::Net;
use crate::truth::Truth;

/// What happens at a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// It fails, and nothing is written.
    Fails,
    /// It fails, and everything is written.
    FailsButPersists,
    /// The node crashes before it.
    CrashesBefore,
    /// The node crashes after it.
    CrashesAfter,
}

/// What goes wrong under a node, whichever run of it.
#[derive(Debug, Default)]
struct Faults {
    /// After so many more commits, this happens.
    due: Option<(u32, At)>,
    /// Nothing can be written before this.
    full_until: Option<Instant>,
    /// Nothing is answered before this.
    stalled_until: Option<Instant>,
    /// Nothing goes wrong any more, not even what fell due before.
    healed: bool,
}

/// The disk of an agency: its database, and what goes wrong with it. It outlives runs of the node.
pub(crate) struct Disk {
    pub(crate) database: Arc<Sqlite>,
    faults: Mutex<Faults>,
}

impl Disk {
    pub(crate) fn of(database: Sqlite) -> Arc<Self> {
        Arc::new(Self { database: Arc::new(database), faults: Mutex::default() })
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After `after` more commits, this happens.
    pub(crate) fn at_commit(&self, after: u32, what: At) {
        self.faults().due = Some((after, what));
    }

    /// It is full for so long.
    pub(crate) fn full_for(&self, time: Duration) {
        self.faults().full_until = Some(Instant::now() + time);
    }

    /// It answers nothing for so long.
    pub(crate) fn stalls_for(&self, time: Duration) {
        self.faults().stalled_until = Some(Instant::now() + time);
    }

    /// Nothing goes wrong any more.
    pub(crate) fn heal(&self) {
        *self.faults() = Faults { healed: true, ..Faults::default() };
    }
}

/// What was acknowledged and is not written yet, and the signed head that goes with it.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    rows: Vec<Row>,
    head: String,
}

/// The database as one run of a node has it.
pub(crate) struct SimStore {
    pub(crate) disk: Arc<Disk>,
    pub(crate) agency: usize,
    pub(crate) alive: Alive,
    pub(crate) dice: Dice,
    pub(crate) truth: Truth,
    pub(crate) net: Arc<Net>,
    pub(crate) bug: Option<Bug>,
    pub(crate) liar: Liar,
    /// What was acknowledged and is not written yet, where that is the planted flaw.
    pub(crate) behind: Mutex<Behind>,
    /// Writes so far.
    pub(crate) writes: AtomicU64,
    /// How many there were when the outbox was found empty, if it was.
    pub(crate) empty_at: Mutex<Option<u64>>,
}

/// Waits for what other threads do, while virtual time stands.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    futures::executor::block_on(tokio::task::unconstrained(work))
}

impl SimStore {
    /// Asks the database.
    async fn ask<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.reaches_disk().await;
        let done = at_once(work);
        self.comes_back().await;
        done
    }

    async fn reaches_disk(&self) {
        self.alive.goes_on().await;
        let stalled = self.disk.faults().stalled_until;
        if let Some(until) = stalled.filter(|until| Instant::now() < *until) {
            tokio::time::sleep_until(until).await;
        }
        self.pause().await;
        self.alive.goes_on().await;
        self.catch_up();
    }

    async fn comes_back(&self) {
        self.pause().await;
        self.alive.goes_on().await;
    }

    /// Lets others go first, or even some time pass.
    async fn pause(&self) {
        match self.dice.below(16) {
            0 => tokio::time::sleep(Duration::from_millis(self.dice.within(1..8))).await,
            1..=4 => tokio::task::yield_now().await,
            _ => {}
        }
    }

    /// Writes, unless that fails.
    async fn write<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.reaches_disk().await;
        let full = self.disk.faults().full_until;
        if full.is_some_and(|until| Instant::now() < until) {
            return Err(StoreError::Database("database or disk is full".into()));
        }
        self.writes.fetch_add(1, Ordering::SeqCst);
        let done = at_once(work);
        self.comes_back().await;
        done
    }

    fn falls_due(&self) -> Option<At> {
        let mut faults = self.disk.faults();
        match &mut faults.due {
            Some((0, what)) => {
                let what = *what;
                faults.due = None;
                Some(what)
            }
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    async fn crash<T>(&self) -> T {
        self.truth.tell(|| format!("agency {} crashes at a commit", self.agency));
        self.truth.count(|figures| figures.crashes += 1);
        self.alive.crash();
        self.net.gone(self.agency);
        std::future::pending().await
    }

    /// Writes what was acknowledged before it was written.
    fn catch_up(&self) {
        use store::LogWriter as _;
        let behind =
            std::mem::take(&mut *self.behind.lock().unwrap_or_else(PoisonError::into_inner));
        let Behind { rows, head } = behind;
        if !rows.is_empty() && at_once(self.disk.database.commit(&rows, &head)).is_ok() {
            self.truth.durable(self.agency, &rows);
        }
    }

    /// Makes a group durable, unless something happens.
    async fn commit_group(&self, group: &[Row], head: &str) -> Result<(), StoreError> {
        use store::LogWriter as _;
        let due = self.falls_due();
        match due {
            Some(At::Fails) => return Err(StoreError::Database("told to fail".into())),
            Some(At::CrashesBefore) => self.crash().await,
            Some(At::FailsButPersists | At::CrashesAfter) | None => {}
        }
        let kinds = || group.iter().map(|row| row.header.kind);
        if let Some(bug) = self.bug {
            if kinds().any(|kind| bug.swallows(kind)) {
                return Ok(());
            }
            if kinds().any(|kind| bug.acknowledges_first(kind)) {
                self.catch_up();
                let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
                behind.rows.extend(group.iter().map(bugs::copied));
                behind.head = head.to_owned();
                return Ok(());
            }
        }
        let half = self.bug == Some(Bug::HalfGroup);
        let group = if half { &group[..1] } else { group };
        let done = self
            .write(async {
                self.disk.database.commit(group, head).await?;
                self.truth.durable(self.agency, group);
                Ok(())
            })
            .await;
        match due {
            _ if self.disk.faults().healed => done,
            Some(At::CrashesAfter) => self.crash().await,
            Some(At::FailsButPersists) => Err(StoreError::Database("told to fail".into())),
            _ => done,
        }
    }
}
