//! Photographs: those that nothing refers to any more are destroyed, and all are checked, round and
//! round. Which reads an answer released is forgotten with the reads.

use std::sync::Arc;

use agreements::decide::due_reads;
use async_trait::async_trait;
use schemas::digest::Digest;

use super::schedule::{JobError, Work};
use crate::context::NodeContext;
use crate::permission::OwnAgency;
use audit_log::append::AuditLog;
use store::ReadStore;
use store::photographs::Images;

/// Photographs that are checked in one run.
const CHECKED: u32 = 500;

/// Forgets which reads were released once they are gone: the recipients to tell of a correction are
/// known as long as there is something to correct.
pub(super) struct Forgetting {
    agency: OwnAgency,
}

impl Forgetting {
    pub(super) fn of(context: &NodeContext) -> Self {
        Self { agency: context.agency.clone() }
    }
}

#[async_trait]
impl Work for Forgetting {
    async fn run(&mut self) -> Result<(), JobError> {
        if let Some(policy) = self.agency.registry.state().policy.clone() {
            let due = due_reads(&policy, self.agency.clock.now());
            self.agency.log.forget_released(&due).await?;
        }
        Ok(())
    }
}

/// Destroys photographs that nothing refers to any more.
pub(super) struct Destroying {
    log: AuditLog,
    store: Arc<dyn ReadStore>,
    photographs: Images,
    swept: bool,
}

impl Destroying {
    pub(super) fn of(context: &NodeContext) -> Self {
        let photographs = context.photographs.clone();
        let (log, store) = (context.agency.log.clone(), context.store.clone());
        Self { log, store, photographs, swept: false }
    }
}

#[async_trait]
impl Work for Destroying {
    async fn run(&mut self) -> Result<(), JobError> {
        if !self.swept {
            // A crash may have left some whose reads were never stored.
            let images = self.photographs.sweep(self.store.as_ref()).await?;
            self.swept = true;
            if images > 0 {
                tracing::info!(images, "photographs of reads that were never stored are gone");
            }
        }
        let images = self.log.destroy_unreferenced(&self.photographs).await?;
        if images > 0 {
            tracing::info!(images, "photographs that nothing refers to are destroyed");
        }
        Ok(())
    }
}

/// Checks that photographs are there and whole, some at a time.
pub(super) struct Checking {
    store: Arc<dyn ReadStore>,
    photographs: Images,
    /// The last one that was checked.
    after: Option<Digest>,
}

impl Checking {
    pub(super) fn of(context: &NodeContext) -> Self {
        let photographs = context.photographs.clone();
        Self { store: context.store.clone(), photographs, after: None }
    }
}

#[async_trait]
impl Work for Checking {
    async fn run(&mut self) -> Result<(), JobError> {
        let (_, last) = self.photographs.check(self.store.as_ref(), self.after, CHECKED).await?;
        self.after = last;
        Ok(())
    }
}
