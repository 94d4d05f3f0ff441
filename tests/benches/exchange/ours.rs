//! Two nodes under an agreement.

use std::future::Future;
use std::time::Duration;

use node::permission::Principal;
use schemas::draft::Draft;
use schemas::entry::{EntryKind, Header};
use schemas::outcome::OutcomeCode;
use store::{EntryFilter, Exchanges as _, LogRecords as _};
use tests::agency::{Agency, Plan};
use tests::federation;
use tests::fixtures;

pub(crate) struct Ours {
    pub(crate) asking: Agency,
    pub(crate) owning: Agency,
    pub(crate) draft: Draft,
}

impl Ours {
    pub(crate) async fn set_up() -> Self {
        let roomy = |id| {
            Plan::of(id).bounds(|bounds| {
                bounds.answer_seconds = 30;
                bounds.receipts_outstanding = 100_000;
            })
        };
        let (asking, owning) =
            federation::pair_of(roomy("asking-ca-pd"), roomy("owning-ca-pd")).await;
        federation::in_force(&[&asking, &owning]).await;
        // Beside the three reads that are looked for, many of others.
        for hundred in 0..crate::READS / 100 {
            owning.add_reads(&format!("6X{hundred:05}"), 100).await;
        }
        let draft = fixtures::draft(&[owning.id()], fixtures::PLATE, asking.now());
        Self { asking, owning, draft }
    }

    /// One exchange, until the officer has the answer.
    pub(crate) fn exchange(&self) -> impl Future<Output = ()> + Send + 'static {
        let (asker, draft) = (self.asking.node().queries.clone(), self.draft.clone());
        async move {
            let mut outcomes = asker
                .ask(
                    &draft,
                    &Principal::of(fixtures::OFFICER.parse().expect("a user name"), "bench"),
                )
                .expect("a draft that asks");
            let heard = outcomes.recv().await.expect("an outcome");
            assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3), "{heard:?}");
        }
    }

    /// Waits until every receipt is acknowledged, for half a minute at most; whether any is left.
    pub(crate) async fn settled(&self) -> bool {
        for _ in 0..300 {
            if self.asking.store().outbox(1).await.expect("an outbox").is_empty() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        true
    }

    /// Receipts in the owner's log.
    pub(crate) async fn receipts(&self) -> usize {
        const STEP: u32 = 5_000;
        let filter =
            EntryFilter { kind: Some(EntryKind::ReceiptRecorded), ..EntryFilter::default() };
        let (mut start, mut count) = (0, 0);
        loop {
            let found = self.owning.store().entries(&filter, start, STEP).await.expect("entries");
            count += found.len();
            let Some(last) = found.last().filter(|_| found.len() == STEP as usize) else {
                return count;
            };
            let header: Header = serde_json::from_str(&last.header).expect("a header");
            start = header.index + 1;
        }
    }
}
