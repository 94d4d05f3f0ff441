//! Two nodes under an agreement.

use std::future::Future;
use std::time::Duration;

use node::query::draft::Draft;
use tests::agency::{Agency, Plan};
use tests::federation;
use tests::making;

pub(crate) struct Ours {
    asking: Agency,
    owning: Agency,
    draft: Draft,
}

impl Ours {
    pub(crate) async fn set_up() -> Self {
        let roomy = |id| Plan::of(id).bounds(|bounds| bounds.receipts_outstanding = 100_000);
        let (asking, owning) =
            federation::pair_of(roomy("asking-ca-pd"), roomy("owning-ca-pd")).await;
        federation::in_force(&[&asking, &owning]).await;
        // Beside the three reads that are looked for, many of others.
        for hundred in 0..crate::READS / 100 {
            owning.has_reads(&format!("6X{hundred:05}"), 100).await;
        }
        let draft = making::draft(&[owning.id()], making::PLATE, asking.now());
        Self { asking, owning, draft }
    }

    /// One exchange, until the officer has the answer.
    pub(crate) fn exchange(&self) -> impl Future<Output = ()> + Send + 'static {
        let (asker, draft) = (self.asking.node().asker.clone(), self.draft.clone());
        async move {
            let mut outcomes = asker.ask(&draft, "bench").expect("a draft that asks");
            let heard = outcomes.recv().await.expect("an outcome");
            assert_eq!((heard.outcome, heard.reads.len()), ("answered", 3), "{heard:?}");
        }
    }

    /// Answers without receipt, once there are none or half a minute is over.
    pub(crate) async fn without_receipt(&self) -> u32 {
        let left = || {
            let counters = self.owning.office().log.counters();
            counters.unreceipted.get(self.asking.id()).copied().unwrap_or(0)
        };
        for _ in 0..60 {
            if left() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        left()
    }
}
