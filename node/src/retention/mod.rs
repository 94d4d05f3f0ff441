//! Retention: reads, kept answers, and the bodies and envelopes of the log are destroyed when the
//! policy says so, unless a hold keeps them.
//!
//! The log comes first. Reads and pages go in the transaction of the entry that counts them. Bodies
//! of the log go after their `entries.redacted` is durable, a few at a time; after a crash the next
//! run, or the next start, finishes what that entry says before anything else is begun, and nothing
//! is destroyed that no entry names. Every batch is decided upon one state of the registry and is
//! appended upon that state only, so a hold placed meanwhile holds.

mod entries;
pub mod holds;
pub(super) mod keeping;
mod reads;

use std::time::Duration;

use ::agreements::policy::Policy;
use schemas::body::Actor;
use schemas::time::Timestamp;
use serde::Serialize;

use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize, policy_in_force};
use audit_log::append::{AppendError, Appended, Moved};
use audit_log::entry::{Entry, Guard};
use registry::State;

/// Reads, answers or entries of one batch.
const BATCH: u32 = 500;

/// How a run goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Changes nothing; says what would be.
    Dry,
    /// With a pause after every batch, so that exchanges go on as if nothing were.
    Quiet(Duration),
}

impl Pace {
    async fn pause(self) {
        if let Self::Quiet(pause) = self {
            tokio::time::sleep(pause).await;
        }
    }
}

/// A run under way.
struct Doing<'a> {
    pace: Pace,
    done: Retained,
    told: &'a Told,
}

impl Doing<'_> {
    fn dry(&self) -> bool {
        self.pace == Pace::Dry
    }

    /// After every batch: tells how far it is, and lets others go first.
    async fn step(&self) {
        (self.told)(&self.done);
        self.pace.pause().await;
    }
}

/// Who is told how far a run is.
pub type Told = dyn Fn(&Retained) + Send + Sync;

/// Nobody is told.
fn nobody(_: &Retained) {}

/// The pause of a run.
pub const PAUSE: Pace = Pace::Quiet(Duration::from_millis(20));

/// What a run did, or would do. Its JSON is what `accord retention` prints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Retained {
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

impl Retained {
    /// Whether something was, or would be, destroyed.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.reads_purged > 0 || self.answers_purged > 0 || self.entries_redacted > 0
    }
}

impl NodeContext {
    /// What a run would do.
    ///
    /// # Errors
    /// When there is no policy, or the store does not answer.
    pub async fn retention_status(&self) -> Result<Retained, ActError> {
        self.retain(&self.agency.node_actor(), Pace::Dry, &nobody).await
    }

    /// Whether this person may have what is past its retention destroyed.
    ///
    /// # Errors
    /// When they may not.
    pub fn may_run_retention(&self, by: &Principal) -> Result<(), ActError> {
        authorize(
            &self.agency.registry.state(),
            by,
            Permission::Administer,
            self.agency.clock.now(),
        )
        .map(drop)
    }

    /// Destroys what is past its retention, and tells how far it is.
    ///
    /// # Errors
    /// When the actor may not, or log or store do not answer; what was logged as destroyed is then
    /// destroyed by the next run.
    pub async fn run_retention(
        &self,
        by: &Principal,
        pace: Pace,
        told: &Told,
    ) -> Result<Retained, ActError> {
        let state = self.agency.registry.state();
        let actor = self
            .agency
            .actor(authorize(&state, by, Permission::Administer, self.agency.clock.now())?, by);
        self.retain(&actor, pace, told).await
    }

    /// As [`Self::run_retention`], by the node itself, once a day.
    pub(crate) async fn retain_daily(&self) -> Result<Retained, ActError> {
        self.retain(&self.agency.node_actor(), PAUSE, &nobody).await
    }

    async fn retain(&self, actor: &Actor, pace: Pace, told: &Told) -> Result<Retained, ActError> {
        let _alone = self.retention.lock().await;
        let now = self.agency.clock.now();
        let done = Retained { dry_run: pace == Pace::Dry, ..Retained::default() };
        let mut doing = Doing { pace, done, told };
        {
            let state = self.agency.registry.state();
            let retention = &policy_in_force(&state)?.retention;
            doing.done.reads_cut_off = Some(now.cut_off(retention.reads.cut_off_days));
            doing.done.entries_cut_off = Some(now.cut_off(retention.audit_reports.days));
        }
        if !doing.dry() {
            doing.done.entries_redacted = self.finish_redaction(Some(pace)).await?;
        }
        self.purge_answers(actor, &mut doing).await?;
        self.purge_reads(actor, &mut doing).await?;
        self.redact_entries(actor, &mut doing).await?;
        if !doing.dry() && doing.done.any() {
            self.agency.log.erase_traces().await?;
        }
        Ok(doing.done)
    }

    /// Destroys kept answers that have ended; how many. The node does this all day long.
    pub(crate) async fn end_answers(&self) -> Result<u64, ActError> {
        let _alone = self.retention.lock().await;
        let mut doing = Doing { pace: PAUSE, done: Retained::default(), told: &nobody };
        self.purge_answers(&self.agency.node_actor(), &mut doing).await?;
        Ok(doing.done.answers_purged)
    }

    /// Appends an entry of retention upon the state that it was decided on; `None` when that has
    /// moved, and it is to be decided again.
    async fn append_upon(&self, state: &State, entry: Entry) -> Result<Option<Appended>, ActError> {
        let guard = Guard { generation: Some(state.generation()), ..Guard::default() };
        match self.agency.log.append(entry.guarded(guard)).await {
            Err(AppendError::Moved(Moved::Registry)) => Ok(None),
            appended => Ok(Some(appended?)),
        }
    }
}

/// The sections of a value of the policy, each as text.
fn cited(policy: &Policy, value: &dyn ::agreements::policy::Cited) -> Vec<String> {
    policy.cites(value).iter().map(ToString::to_string).collect()
}
