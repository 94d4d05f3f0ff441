//! A store that fails when it is told to, and counts what it is asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use schemas::entry::EntryKind;
use store::{Store, StoreError};
use tokio::sync::watch;

mod contract;
mod sign_in;

/// How a commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing was written.
    BeforeWrite,
    /// Everything was written, and the word of it was lost.
    AfterWrite,
}

/// What makes something durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A commit of a group that holds an entry of this kind.
    Entry(EntryKind),
    /// A commit of any group.
    AnyEntry,
    /// Keeping a peer's head before it is cosigned, or once it is proven.
    Witness,
    /// Keeping a head of one's own with its cosignatures.
    KeepCosigned,
    /// Noting what of an authenticator is spent.
    NoteUse,
    /// Taking letters that were acknowledged out of the outbox.
    Delivered,
}

#[derive(Debug, Clone, Copy)]
struct Fault {
    how: Failure,
    step: Step,
    /// How many more times it fails; for ever when `None`.
    left: Option<u32>,
}

/// A store over another one.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    fault: Mutex<Option<Fault>>,
    failed: AtomicU64,
    searches: AtomicU64,
    fetches: AtomicU64,
    looked: Mutex<BTreeMap<&'static str, u64>>,
    called: Mutex<BTreeMap<&'static str, u64>>,
    unredacting: AtomicBool,
    flawed: AtomicBool,
    held: watch::Sender<bool>,
}

impl FaultyStore {
    /// A store that does what `inner` does, until it is told otherwise.
    #[must_use]
    pub fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            fault: Mutex::new(None),
            failed: AtomicU64::new(0),
            searches: AtomicU64::new(0),
            fetches: AtomicU64::new(0),
            looked: Mutex::default(),
            called: Mutex::default(),
            unredacting: AtomicBool::new(false),
            flawed: AtomicBool::new(false),
            held: watch::channel(false).0,
        })
    }

    fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Every commit fails from now on.
    pub fn fail(&self, how: Failure) {
        self.set(Some(Fault { how, step: Step::AnyEntry, left: None }));
    }

    /// Every commit of a group with an entry of `kind` fails from now on.
    pub fn fail_on(&self, kind: EntryKind, how: Failure) {
        self.set(Some(Fault { how, step: Step::Entry(kind), left: None }));
    }

    /// The next commit of a group with an entry of `kind` fails, and no other.
    pub fn fail_once_on(&self, kind: EntryKind, how: Failure) {
        self.fail_once_at(Step::Entry(kind), how);
    }

    /// The next of these steps fails, and no other.
    pub fn fail_once_at(&self, step: Step, how: Failure) {
        self.set(Some(Fault { how, step, left: Some(1) }));
    }

    /// No body is destroyed from now on: as when the node ends between an entry and what it says.
    pub fn fail_redactions(&self) {
        self.unredacting.store(true, Ordering::SeqCst);
    }

    /// Whatever reads the outbox panics from now on, as a task of the node with a flaw would.
    pub fn panic_at_outbox(&self) {
        self.flawed.store(true, Ordering::SeqCst);
    }

    /// Nothing fails any more.
    pub fn mend(&self) {
        self.unredacting.store(false, Ordering::SeqCst);
        self.set(None);
    }

    /// Steps that failed as they were told to.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::SeqCst)
    }

    /// Searches that were begun.
    #[must_use]
    pub fn searches(&self) -> u64 {
        self.searches.load(Ordering::SeqCst)
    }

    /// Times that kept pages were fetched.
    #[must_use]
    pub fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::SeqCst)
    }

    /// How often each of the looks was taken that serve a query.
    #[must_use]
    pub fn looked(&self) -> BTreeMap<&'static str, u64> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn looks(&self, what: &'static str) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        *looked.entry(what).or_default() += 1;
    }

    /// How often each function of the contract was called.
    #[must_use]
    pub fn called(&self) -> BTreeMap<&'static str, u64> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn calls(&self, what: &'static str) {
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        *called.entry(what).or_default() += 1;
    }

    /// What begins from now on to search or to fetch pages does not end before [`Self::release`]:
    /// so it stands between a decision and its entry.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// What was held ends.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    async fn wait(&self) {
        // An error means that the store has gone, and with it who held it.
        drop(self.held.subscribe().wait_for(|held| !held).await);
    }

    /// Takes a step as it is told to.
    async fn take<T>(
        &self,
        is: impl Fn(Step) -> bool,
        step: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match self.falls_due(is) {
            None => step.await,
            Some(how) => {
                if how == Failure::AfterWrite {
                    step.await?;
                }
                Err(StoreError::Database("told to fail".into()))
            }
        }
    }

    fn falls_due(&self, is: impl Fn(Step) -> bool) -> Option<Failure> {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let due = fault.as_mut()?;
        if !is(due.step) {
            return None;
        }
        let how = due.how;
        match &mut due.left {
            Some(left) if *left <= 1 => *fault = None,
            Some(left) => *left -= 1,
            None => {}
        }
        self.failed.fetch_add(1, Ordering::SeqCst);
        Some(how)
    }
}
