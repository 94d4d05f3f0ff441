//! What people of an agency do at its node.

use ingest::ImportedRead;
use node::exchange::ask::QueryOutcome;
use node::permission::{ActError, Principal};
use node::reads::corrections::{CorrectionOutcome, CorrectionRequest, correct};
use node::reads::search::search;
use schemas::agency::AgencyId;
use schemas::draft::Draft;
use schemas::read::ReadId;

use super::Agency;
use crate::fixtures::{reads, words};
use crate::wait::within;

impl Agency {
    /// Waits until every answer that was given here is receipted: after that a clock may go on for days.
    pub async fn wait_for_receipts(&self) {
        crate::wait::eventually("every answer is receipted", async || {
            self.own().log.counters().unreceipted_since.is_empty().then_some(())
        })
        .await;
    }

    /// Puts in `count` reads of `plate`.
    pub async fn add_reads(&self, plate: &str, count: usize) {
        let batch = reads(self.id(), plate, count, self.now());
        assert_eq!(self.import(batch.into_iter().map(ImportedRead::new).collect()).await, count);
    }

    /// Takes in reads with their photographs; how many were new.
    pub async fn import(&self, batch: Vec<ImportedRead>) -> usize {
        let importer = &self.node().importer;
        let stored = importer.store(&self.admin().into(), &words("test"), "native", batch).await;
        stored.expect("stored reads").counted.new
    }

    /// Searches the agency's own reads for its officer.
    ///
    /// # Errors
    /// When the search cannot be made or logged.
    pub async fn search_own(&self, draft: &Draft) -> Result<QueryOutcome, ActError> {
        let context = self.context();
        search(&context.agency, context.store.as_ref(), &self.officer(), draft).await
    }

    /// Corrects one of the agency's own reads.
    ///
    /// # Errors
    /// When `by` may not, there is no such read, or nothing would change.
    pub async fn correct_read(
        &self,
        by: &Principal,
        id: ReadId,
        wanted: &CorrectionRequest,
    ) -> Result<CorrectionOutcome, ActError> {
        let (context, key) = (self.context(), self.context().message_key());
        correct(&context.agency, context.store.as_ref(), &key, by, id, wanted).await
    }

    /// Asks as the officer, and waits for an outcome from every owner; in the order they came.
    pub async fn ask(&self, draft: &Draft) -> Vec<QueryOutcome> {
        self.ask_as(&self.officer(), draft).await
    }

    /// As [`Self::ask`], by whom this names.
    pub async fn ask_as(&self, by: &Principal, draft: &Draft) -> Vec<QueryOutcome> {
        let mut outcomes = self.node().queries.ask(draft, by).expect("a draft that asks");
        let mut heard = Vec::new();
        while let Some(outcome) = within("an outcome", outcomes.recv()).await {
            heard.push(outcome);
        }
        heard
    }

    /// Asks one owner for `plate`.
    pub async fn ask_one(&self, owner: &AgencyId, plate: &str) -> QueryOutcome {
        let mut heard = self.ask(&crate::fixtures::draft(&[owner], plate, self.now())).await;
        assert_eq!(heard.len(), 1, "one outcome an owner");
        heard.remove(0)
    }
}
