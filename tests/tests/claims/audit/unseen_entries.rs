//! Entries that nobody has seen: how many there are is told, a search of one's own reads is covered by
//! another agency before it is shown or shown with that word, and what was covered cannot be undone.

use node::auditing::alarms;
use node::auditing::unseen::Unseen;
use schemas::alarm::AlarmKind;
use schemas::entry::EntryKind as Kind;
use tests::agency::{Agency, Plan};
use tests::federation::{pair, pair_of};
use tests::fixtures::{PLATE, draft};
use tests::wait::eventually;

/// Searches an agency's own reads; the entry, and the word that is shown with it.
async fn search(agency: &Agency) -> (u64, Option<String>) {
    let found = agency.search_own(&draft(&[agency.id()], PLATE, agency.now())).await;
    let index = found.expect("a search").log.expect("an entry").index;
    let node = agency.node();
    (index, node.app.seen.unless_seen(&node.peers, index).await)
}

async fn unseen(agency: &Agency) -> Unseen {
    let size = agency.own().log.counters().size;
    Unseen::of(agency.store().as_ref(), size).await.expect("a store")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_nobody_else_can_cover_is_shown_with_that_word() {
    let alone = Agency::start("alone-ca-pd").await;
    let (index, word) = search(&alone).await;
    assert!(word.is_some_and(|word| word.starts_with("unseen")));
    let told = unseen(&alone).await;
    assert_eq!((told.entries, told.size), (index + 1, index + 1), "from the first on");
    let first = alone.log().await.entries()[0].header.at;
    assert_eq!(told.since, Some(first));
    let lines = alone.accord(&["doctor"]).lines();
    let line = lines.iter().find(|line| line["check"] == "cosigned").expect("the line");
    let detail = line["detail"].as_str().expect("words");
    assert!(detail.contains("no other agency holds a head"), "{detail}");
    // People are told beside the list; scripts ask `doctor`.
    let args = ["audit", "log", "--kind", "reads.searched"];
    let listed = tokio::task::block_in_place(|| alone.desk().run("admin", &args));
    assert!(listed.err.contains("no other agency holds a head"), "{listed:?}");
    assert_eq!(alone.accord(&args).err, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_are_covered_one_after_another_without_using_up_what_a_witness_puts_up_with() {
    let witness = Plan::of("asking-ca-pd").bounds(|bounds| bounds.refusals_per_minute = 6);
    let (witness, searching) = pair_of(witness, Plan::of("owning-ca-pd")).await;
    for n in 0..10 {
        let (index, word) = search(&searching).await;
        assert_eq!(word, None, "search {n}");
        let kept = witness.own().log.held_head(searching.id()).await.expect("a store");
        assert!(kept.expect("a head").witnessed().size > index);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_covered_before_it_is_shown_and_cannot_be_undone() {
    let (witness, mut searching) = pair().await;
    let (index, word) = searching
        .roll_back_after(async |searching: &mut Agency| {
            let searched = search(searching).await;
            assert!(
                unseen(searching).await.entries < searching.own().log.counters().size - searched.0
            );
            searched
        })
        .await;
    assert_eq!(word, None);
    let kept = witness.own().log.held_head(searching.id()).await.expect("a store").expect("a head");
    assert!(kept.witnessed().size > index, "over the very entry");
    // The anchor goes too, as who hides it would have it go.
    searching.delete_anchor();
    searching.run().await;
    assert_eq!(searching.log().await.count(Kind::ReadsSearched), 0);
    eventually("it learns that it was put back", async || {
        let raised = alarms::list(searching.own());
        raised.iter().any(|one| one.what.kind == AlarmKind::RolledBack).then_some(())
    })
    .await;
}
