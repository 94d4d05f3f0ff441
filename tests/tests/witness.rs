//! Signed heads: cosigned by peers, proven beside every frame, and a log that was put back or forked
//! noticed by itself and by its witnesses.

use node::node::StartError;
use node::query::heads::log_key;
use node::query::witness::cosigner_key;
use node::registry::AlarmKind;
use node::store::Store as _;
use schemas::checkpoint::SignedCheckpoint;
use schemas::entry::EntryKind as Kind;
use schemas::merkle::{Frontier, leaf};
use schemas::refusal::RefusalCode;
use schemas::standing::Standing;
use tests::agency::Agency;
use tests::auditor::answered;
use tests::federation::sharing_pair;
use tests::making::{PLATE, words};

/// The tree of an agency's log, from the headers alone.
async fn tree(agency: &Agency) -> Frontier {
    let mut tree = Frontier::new();
    for entry in agency.log().await.entries() {
        tree.push(leaf(&entry.header.to_bytes().expect("a header")));
    }
    tree
}

fn kinds(agency: &Agency) -> Vec<AlarmKind> {
    agency.office().alarms().iter().map(|raised| raised.what.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_beside_the_entries_is_that_of_the_headers_and_outlives_a_restart() {
    let (mut asking, owning, _) = sharing_pair().await;
    for _ in 0..5 {
        assert_eq!(asking.asks(owning.id(), PLATE).await.outcome, "answered");
    }
    asking.restart().await;
    for agency in [&asking, &owning] {
        let head = agency.office().log.head().expect("a head");
        let tree = tree(agency).await;
        assert_eq!((head.unverified().size, head.unverified().root), (tree.size(), tree.root()));
        assert!(head.verified(&agency.office().log.vkey()).is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_keeps_the_proof_of_where_the_others_entry_stands() {
    let (asking, owning, _) = sharing_pair().await;
    answered(&asking, &owning).await;
    for (holder, of, kept, theirs) in [
        (&asking, &owning, Kind::AnswerReceived, Kind::QueryAnswered),
        (&owning, &asking, Kind::QueryAnswered, Kind::QuerySent),
        (&owning, &asking, Kind::ReceiptRecorded, Kind::AnswerReceived),
    ] {
        let log = holder.log().await;
        let standing = log.one(kept).detail("theirs").clone();
        let standing: Standing = serde_json::from_value(standing).expect("a standing");
        let state = holder.office().registry.state();
        let key = log_key(state.peers.get(of.id()).expect("its card"));
        let (header, _) = standing.verified(&key).expect("a proof that holds");
        assert_eq!(header, of.log().await.one(theirs).header);
        let mut other = standing.clone();
        other.header = other.header.replace("\"index\":", "\"index\":1");
        assert!(other.verified(&key).is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_cosign_a_head_and_again_as_it_grows() {
    let (asking, owning, _) = sharing_pair().await;
    for _ in 0..3 {
        assert_eq!(asking.asks(owning.id(), PLATE).await.outcome, "answered");
        assert_eq!(owning.node().have_cosigned_by_all().await, 1);
        let size = owning.office().log.counters().size;
        let kept = owning.store().cosigned(size).await.expect("a store").expect("a head");
        let kept = SignedCheckpoint::parse(kept.as_bytes()).expect("a checkpoint");
        let state = owning.office().registry.state();
        let witness = cosigner_key(state.peers.get(asking.id()).expect("its card"));
        let cosigned = kept.cosigned(&owning.office().log.vkey(), std::slice::from_ref(&witness));
        assert_eq!(cosigned.expect("cosignatures that hold").len(), 1);
        let held = asking.store().witnessed(owning.id()).await.expect("a store");
        assert_eq!(held.expect("a head").size, kept.unverified().size);
    }
    assert_eq!((kinds(&asking), kinds(&owning)), (vec![], vec![]));
}

/// Puts the owner's database back to before an exchange that its peer has cosigned.
async fn put_back() -> (Agency, Agency) {
    let (asking, mut owning, _) = sharing_pair().await;
    owning.stop().await;
    let before = owning.copy_database();
    owning.run().await;
    assert_eq!(asking.asks(owning.id(), PLATE).await.outcome, "answered");
    assert_eq!(owning.node().have_cosigned_by_all().await, 1);
    owning.stop().await;
    owning.put_back(&before);
    (asking, owning)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_does_not_start() {
    let (_asking, owning) = put_back().await;
    let error = owning.does_not_start().await;
    assert!(matches!(error, StartError::RolledBack { anchor, size } if anchor > size), "{error}");
    assert!(error.to_string().contains("--after-loss"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_put_back_without_its_anchor_is_told_by_its_witness() {
    let (asking, mut owning) = put_back().await;
    owning.drop_anchor();
    owning.run().await;
    assert_eq!(owning.node().have_cosigned_by_all().await, 0);
    assert_eq!(kinds(&owning), [AlarmKind::RolledBack]);
    assert_eq!(kinds(&asking), [AlarmKind::Shrunk]);
    // Both heads are kept as evidence, and both are signed by the log that was put back.
    let alarms = asking.office().alarms();
    let evidence = &alarms[0].what.evidence;
    assert_eq!(evidence.len(), 2);
    for note in evidence {
        let head = SignedCheckpoint::parse(note.as_bytes()).expect("a checkpoint");
        assert!(head.verified(&owning.office().log.vkey()).is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forked_log_stops_exchanges_until_an_auditor_resolves_it() {
    let (asking, mut owning) = put_back().await;
    owning.drop_anchor();
    owning.run().await;
    // It goes on with other entries, beyond the head that was cosigned.
    for n in 0..20 {
        let reason = words(&format!("review {n}"));
        let id = asking.id().clone();
        let office = owning.office();
        office.block_card(&owning.admin(), &id, n % 2 == 0, &reason).await.expect("a change");
    }
    // It answers, and shows a head; what is shown must lead on from what is known.
    assert_eq!(asking.asks(owning.id(), PLATE).await.outcome, "answered");
    asking.node().have_cosigned_by_all().await;
    assert_eq!(kinds(&asking), [AlarmKind::Proof]);
    assert_eq!(owning.node().have_cosigned_by_all().await, 0);
    assert_eq!(kinds(&owning), [AlarmKind::RolledBack]);
    // Nothing is asked of it, and nothing is answered to it.
    let heard = asking.asks(owning.id(), PLATE).await;
    assert_eq!(heard.outcome, "unanswered");
    assert!(heard.error.is_some_and(|error| error.contains("alarm 1")));
    let resolved = owning.office().resolve_alarm(&owning.admin(), 1, &words("seen")).await;
    resolved.expect("a resolution");
    let heard = owning.asks(asking.id(), PLATE).await;
    assert_eq!(heard.outcome, "refused");
    assert!(heard.reasons.iter().any(|reason| reason.code == RefusalCode::Blocked));
    // An auditor says why it goes on.
    let office = asking.office();
    assert!(office.resolve_alarm(&asking.admin(), 1, &words("")).await.is_err());
    office.resolve_alarm(&asking.admin(), 1, &words("restored from backup")).await.expect("done");
    assert!(office.resolve_alarm(&asking.admin(), 1, &words("again")).await.is_err());
    assert_eq!(asking.asks(owning.id(), PLATE).await.outcome, "answered");
    let log = asking.log().await;
    assert_eq!((log.count(Kind::AlarmRaised), log.count(Kind::AlarmResolved)), (1, 1));
}
