//! What holds while keys are exchanged under queries.

use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;

use crate::agency::Agency;
use crate::fixtures::PLATE;
use crate::wait::eventually;

/// Queries of one stretch, in each direction.
const QUERIES: usize = 25;

/// Asks one query after another; every one is answered.
///
/// # Panics
/// When one is not.
pub async fn ask_many(asking: &Agency, owning: &Agency) {
    for n in 0..QUERIES {
        let heard = asking.ask_one(owning.id(), PLATE).await;
        assert_eq!(heard.outcome, OutcomeCode::Answered, "query {n} to {}: {heard:?}", owning.id());
    }
}

/// Waits until `at` has taken in that version of the card of `of`.
pub async fn wait_for_card(at: &Agency, of: &Agency, version: u32) {
    let known = || at.context().agency.registry.state().peers[of.id()].card.value.version;
    eventually("the new card", async || (known() == version).then_some(())).await;
}

/// The log at `at` is whole, nothing in it went wrong, and it tells the same as that of `with`.
///
/// # Panics
/// When that is not so.
pub async fn assert_log_whole(at: &Agency, with: &Agency) {
    let verified = at.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    let log = at.log().await;
    assert_eq!((log.count(Kind::AnswerRejected), log.count(Kind::PeerRejected)), (0, 0));
    assert_eq!((log.count(Kind::QueryUnanswered), log.count(Kind::AlarmRaised)), (0, 0));
    let report = at.accord(&["audit", "reconcile", "--peer", with.id().as_str()]);
    assert_eq!(report.code, 0, "{report:?}");
}
