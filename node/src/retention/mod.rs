//! Retention: reads, kept answers, and the bodies and envelopes of the log are destroyed when the
//! policy says so, unless a hold keeps them.
//!
//! The log comes first. Reads and pages go in the transaction of the entry that counts them. Bodies
//! of the log go after their `entries.redacted` is durable, a few at a time; after a crash the next
//! run, or the next start, finishes what that entry says before anything else is begun, and nothing
//! is destroyed that no entry names. Every batch is decided upon one state of the registry and is
//! appended upon that state only, so a hold placed meanwhile holds.

mod answers;
mod entries;
pub(crate) mod hold_filter;
pub mod holds;
mod reads;

use std::sync::Arc;
use std::time::Duration;

use ::agreements::policy::{Cited, Policy};
use schemas::body::Actor;
use schemas::time::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize, policy_in_force};
use store::ReadStore;

/// Reads, answers or entries of one batch.
const BATCH: u32 = 500;

/// What a run does with what is past its retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Counts it and changes nothing.
    DryRun,
    /// Destroys it, with a pause after every batch, so that exchanges go on as if nothing were.
    Destroy {
        /// The pause.
        pause: Duration,
    },
}

/// Destroys, with the usual pause after every batch.
pub const DESTROY: Mode = Mode::Destroy { pause: Duration::from_millis(20) };

impl Mode {
    async fn pause(self) {
        if let Self::Destroy { pause } = self {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Is told after every batch what a run has done so far.
pub type OnProgress = dyn Fn(&RetentionReport) + Send + Sync;

/// A run that is under way.
struct Run<'a> {
    actor: Actor,
    mode: Mode,
    report: RetentionReport,
    progress: &'a OnProgress,
}

impl Run<'_> {
    fn dry(&self) -> bool {
        self.mode == Mode::DryRun
    }

    /// Ends a batch: tells what is done so far, and lets others go first.
    async fn end_batch(&self) {
        (self.progress)(&self.report);
        self.mode.pause().await;
    }
}

/// What a run did, or would do. Its JSON is what `accord retention` prints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// Reads past the cut-off, held ones too.
    pub reads_due: u64,
    /// Reads destroyed.
    pub reads_purged: u64,
    /// Reads, answers and entries past their retention that a hold keeps.
    pub held: u64,
    /// Kept answers destroyed.
    pub answers_purged: u64,
    /// Entries whose body and envelopes were destroyed.
    pub entries_redacted: u64,
    /// Whether nothing was changed, and the counts say what would be.
    pub dry_run: bool,
    /// Reads from this instant on are kept.
    pub reads_cut_off: Option<Timestamp>,
    /// Bodies and envelopes of entries from this instant on are kept.
    pub entries_cut_off: Option<Timestamp>,
}

impl RetentionReport {
    /// Whether something was, or would be, destroyed.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.reads_purged > 0 || self.answers_purged > 0 || self.entries_redacted > 0
    }

    fn count_held(&mut self, more: u64) {
        self.held = self.held.saturating_add(more);
    }
}

/// Destroys what is past its retention. Cheap to clone; one run at a time, however many clones.
#[derive(Clone)]
pub struct Retention {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    /// Held during a run, and while a hold is placed: what an entry says is destroyed is gone before
    /// the next hold.
    alone: Arc<Mutex<()>>,
}

impl Retention {
    /// That of `agency`, whose database is `store`.
    #[must_use]
    pub fn new(agency: OwnAgency, store: Arc<dyn ReadStore>) -> Self {
        Self { agency, store, alone: Arc::default() }
    }

    /// What a run would do.
    ///
    /// # Errors
    /// When there is no policy, or the store does not answer.
    pub async fn status(&self) -> Result<RetentionReport, ActError> {
        self.run_as(self.agency.node_actor(), Mode::DryRun, &|_| ()).await
    }

    /// Whether this person may have what is past its retention destroyed.
    ///
    /// # Errors
    /// When they may not.
    pub fn check_may_run(&self, by: &Principal) -> Result<(), ActError> {
        let (state, now) = (self.agency.registry.state(), self.agency.clock.now());
        authorize(&state, by, Permission::Administer, now).map(drop)
    }

    /// Destroys what is past its retention, and tells `progress` how far it is.
    ///
    /// # Errors
    /// When the actor may not, or log or store do not answer; what was logged as destroyed is then
    /// destroyed by the next run.
    pub async fn run(
        &self,
        by: &Principal,
        mode: Mode,
        progress: &OnProgress,
    ) -> Result<RetentionReport, ActError> {
        let (state, now) = (self.agency.registry.state(), self.agency.clock.now());
        let user = authorize(&state, by, Permission::Administer, now)?;
        self.run_as(self.agency.actor(&user, by), mode, progress).await
    }

    /// As [`Self::run`], by the node itself, once a day.
    pub(crate) async fn run_daily(&self) -> Result<RetentionReport, ActError> {
        self.run_as(self.agency.node_actor(), DESTROY, &|_| ()).await
    }

    async fn run_as(
        &self,
        actor: Actor,
        mode: Mode,
        progress: &OnProgress,
    ) -> Result<RetentionReport, ActError> {
        let _alone = self.alone.lock().await;
        let now = self.agency.clock.now();
        let report =
            RetentionReport { dry_run: mode == Mode::DryRun, ..RetentionReport::default() };
        let mut run = Run { actor, mode, report, progress };
        {
            let state = self.agency.registry.state();
            let retention = &policy_in_force(&state)?.retention;
            run.report.reads_cut_off = Some(retention.reads.cut_off().cut_off(now));
            run.report.entries_cut_off = Some(retention.audit_reports.period().cut_off(now));
        }
        if !run.dry() {
            run.report.entries_redacted = self.finish_redaction(mode).await?;
        }
        self.purge_answers(&mut run).await?;
        self.purge_reads(&mut run).await?;
        self.redact_entries(&mut run).await?;
        if !run.dry() && run.report.any() {
            self.agency.log.erase_traces().await?;
        }
        Ok(run.report)
    }

    /// Destroys kept answers that have ended; how many. The node does this all day long.
    pub(crate) async fn purge_ended_answers(&self) -> Result<u64, ActError> {
        let _alone = self.alone.lock().await;
        let mut run = Run {
            actor: self.agency.node_actor(),
            mode: DESTROY,
            report: RetentionReport::default(),
            progress: &|_| (),
        };
        self.purge_answers(&mut run).await?;
        Ok(run.report.answers_purged)
    }
}

/// The sections of a value of the policy, each as text.
fn cited(policy: &Policy, value: &dyn Cited) -> Vec<String> {
    policy.cites(value).iter().map(ToString::to_string).collect()
}
