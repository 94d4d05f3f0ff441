//! A commit that fails, or that happens and says it failed, at every entry of an exchange: the tree
//! is that of the entries, no index is used twice, and what peers cosigned before still leads on.

use std::collections::BTreeSet;

use schemas::entry::EntryKind as Kind;
use schemas::merkle::{Frontier, leaf};
use tests::agency::{Agency, Plan};
use tests::faulty::Failure;
use tests::federation::{in_force, pair_of};
use tests::making::PLATE;
use tests::wait::eventually;

/// The log is whole, and its signed head is that of its entries.
async fn holds(agency: &Agency, when: &str) {
    let log = agency.log().await;
    let mut tree = Frontier::new();
    let mut indices = BTreeSet::new();
    for entry in log.entries() {
        assert!(indices.insert(entry.header.index), "{when}: an index stands twice");
        tree.push(leaf(&entry.header.to_bytes().expect("a header")));
    }
    let head = agency.office().log.head().expect("a head");
    let (size, root) = (head.unverified().size, head.unverified().root);
    assert_eq!((size, root), (tree.size(), tree.root()), "{when}");
    for answered in log.all(Kind::QueryAnswered) {
        let reads = answered.access().count;
        assert_eq!(reads, Some(3), "{when}: an answer has its entry");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_commit_fails_the_tree_is_that_of_the_entries() {
    let asking = Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 2);
    let (mut asking, mut owning) = pair_of(asking, Plan::of("owning-ca-pd")).await;
    in_force(&[&asking, &owning]).await;
    for (at_owner, kind) in [
        (false, Kind::QuerySent),
        (true, Kind::QueryAnswered),
        (false, Kind::AnswerReceived),
        (true, Kind::ReceiptRecorded),
    ] {
        for how in [Failure::Lost, Failure::Unseen] {
            let when = format!("{kind} {how:?}");
            let failing = if at_owner { &owning } else { &asking };
            failing.store().fail_once_on(kind, how);
            let heard = asking.asks(owning.id(), PLATE).await;
            // Nobody sees an answer whose entry was not known to be durable.
            assert!(heard.reads.is_empty() || kind != Kind::AnswerReceived, "{when}");
            let failing = if at_owner { &owning } else { &asking };
            // A receipt comes after the answer was shown.
            eventually(&format!("{when}: it fails as it was told to"), async || {
                (failing.store().failed() == 1).then_some(())
            })
            .await;
            assert_eq!(asking.asks(owning.id(), PLATE).await.outcome, "answered", "{when}");
            for (agency, other) in [(&asking, &owning), (&owning, &asking)] {
                holds(agency, &when).await;
                assert_eq!(agency.node().have_cosigned_by_all().await, 1, "{when}");
                assert!(other.office().alarms().is_empty(), "{when}");
            }
            asking.restart().await;
            owning.restart().await;
            holds(&asking, &when).await;
            holds(&owning, &when).await;
        }
    }
}
