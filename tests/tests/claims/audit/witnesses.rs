//! Signed heads: cosigned by peers, proven beside every frame, and a log that was put back or forked
//! noticed by itself and by its witnesses.

use node::admin::cards;
use node::auditing::alarms;
use node::run::StartError;
use peer::link::{Channel as _, Dial as _, Reach};
use schemas::alarm::AlarmKind;
use schemas::checkpoint::SignedCheckpoint;
use schemas::entry::EntryKind as Kind;
use schemas::entry_proof::EntryProof;
use schemas::merkle::{Frontier, leaf};
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use schemas::witness::{WitnessCode, WitnessReply};
use store::Heads as _;
use tests::agency::Agency;

use tests::federation::{answered_query, in_force, introduce, roll_back_cosigned, sharing_pair};
use tests::fixtures::{PLATE, words};
use tests::wait::eventually;

/// The tree of an agency's log, from the headers alone.
async fn tree(agency: &Agency) -> Frontier {
    let mut tree = Frontier::new();
    for entry in agency.log().await.entries() {
        tree.push(leaf(&entry.header.to_bytes().expect("a header")));
    }
    tree
}

fn kinds(agency: &Agency) -> Vec<AlarmKind> {
    alarms::list(&agency.context().agency).iter().map(|raised| raised.what.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_beside_the_entries_is_that_of_the_headers_and_outlives_a_restart() {
    let (mut asking, owning, _) = sharing_pair().await;
    for _ in 0..5 {
        assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    }
    asking.restart().await;
    for agency in [&asking, &owning] {
        let head = agency.context().agency.log.head().expect("a head");
        let tree = tree(agency).await;
        assert_eq!((head.unverified().size, head.unverified().root), (tree.size(), tree.root()));
        assert!(head.verified(&agency.log_key()).is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_keeps_the_proof_of_where_the_others_entry_stands() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    for (holder, of, kept, theirs) in [
        (&asking, &owning, Kind::AnswerReceived, Kind::QueryAnswered),
        (&owning, &asking, Kind::QueryAnswered, Kind::QuerySent),
        (&owning, &asking, Kind::ReceiptRecorded, Kind::AnswerReceived),
    ] {
        let log = holder.log().await;
        let entry_proof = log.one(kept).detail("theirs").clone();
        let entry_proof: EntryProof =
            serde_json::from_value(entry_proof).expect("a proof of an entry");
        let key = of.log_key();
        let (header, _) = entry_proof.verified(&key).expect("a proof that holds");
        assert_eq!(header, of.log().await.one(theirs).header);
        let mut other = entry_proof.clone();
        other.header = other.header.replace("\"index\":", "\"index\":1");
        assert!(other.verified(&key).is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_cosign_a_head_and_again_as_it_grows() {
    let (asking, owning, _) = sharing_pair().await;
    for _ in 0..3 {
        assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
        assert_eq!(owning.node().have_cosigned_by_all().await, 1);
        let size = owning.context().agency.log.counters().size;
        let kept = owning.store().cosigned(size).await.expect("a store").expect("a head");
        let kept = SignedCheckpoint::parse(kept.as_bytes()).expect("a checkpoint");
        let state = owning.context().agency.registry.state();
        let witness = state.peers[asking.id()].cosigner_keys(owning.now());
        let cosigned = kept.cosigned(&owning.log_key(), &witness);
        assert_eq!(cosigned.expect("cosignatures that hold").len(), 1);
        let held = asking.store().witnessed(owning.id()).await.expect("a store");
        assert_eq!(held.expect("a head").size, kept.unverified().size);
    }
    assert_eq!((kinds(&asking), kinds(&owning)), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_a_later_one_overtook_on_its_way_is_joined_to_it_and_alarms_nobody() {
    let (asking, owning, _) = sharing_pair().await;
    let early = owning.own().log.cosigning_request(0).await.expect("a head");
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    assert_eq!(owning.node().have_cosigned_by_all().await, 1);
    let witness = owning.own().registry.state().peers[asking.id()].clone();
    let reach = Reach::of(&witness, owning.now());
    let mut channel = owning.node().peers.open(&reach).await.expect("a conversation");
    channel.send(early.frame()).await.expect("a request");
    let reply = channel.recv().await.expect("a reply");
    channel.finish();
    let reply: WitnessReply = serde_json::from_slice(&reply.body).expect("a reply");
    let WitnessReply::Refused { refusal, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(refusal.code, WitnessCode::OldSizeNotStored);
    assert!(refusal.stored_size.is_some_and(|stored| stored > early.size()));
    let observed = &asking.context().observed;
    eventually("it is proven to be of one log with the later one", async || {
        observed.waiting(owning.id()).is_empty().then_some(())
    })
    .await;
    assert_eq!((kinds(&asking), kinds(&owning)), (vec![], vec![]));
}

/// Waits until a node has raised exactly these alarms by itself.
async fn rings(agency: &Agency, alarms: &[AlarmKind]) {
    let what = format!("{} raises {alarms:?}", agency.id());
    eventually(&what, async || (kinds(agency) == alarms).then_some(())).await;
}

/// Puts the owner's database back to before an exchange that its peer has cosigned.
async fn put_back() -> (Agency, Agency) {
    let (asking, mut owning, _) = sharing_pair().await;
    roll_back_cosigned(&asking, &mut owning).await;
    (asking, owning)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_does_not_start() {
    let (_asking, owning) = put_back().await;
    let error = owning.start_error().await;
    assert!(matches!(error, StartError::RolledBack { anchor, size } if anchor > size), "{error}");
    assert!(error.to_string().contains("--after-loss"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_put_back_without_its_anchor_is_told_at_the_first_contact() {
    let (asking, mut owning) = put_back().await;
    owning.delete_anchor();
    owning.run().await;
    // Its peer shows it the head that it signed: nothing was exchanged, no round of cosigning came.
    rings(&owning, &[AlarmKind::RolledBack]).await;
    assert_eq!(owning.log().await.count(Kind::QueryAnswered), 0);
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.reasons[0].code, RefusalCode::Blocked);
    // The refusal shows a head that does not lead on from what its peer holds.
    rings(&asking, &[AlarmKind::Proof]).await;
    let alarms = alarms::list(&asking.context().agency);
    let evidence = &alarms[0].what.evidence;
    assert_eq!(evidence.len(), 2);
    for note in evidence {
        let head = SignedCheckpoint::parse(note.as_bytes()).expect("a checkpoint");
        assert!(head.verified(&owning.log_key()).is_ok());
    }
}

/// What an operator does who would rather not be told: the anchor is gone, the node's own alarm is
/// resolved, and the log goes on with other entries beyond the head that was cosigned.
async fn go_on_regardless(owning: &mut Agency, asking: &Agency) {
    owning.delete_anchor();
    owning.run().await;
    rings(owning, &[AlarmKind::RolledBack]).await;
    let context = owning.context();
    let (by, reason) = (owning.admin(), words("seen"));
    let resolved = alarms::resolve(&context.agency, &context.observed, &by, 1, &reason).await;
    resolved.expect("a resolution");
    for n in 0..20 {
        let reason = words(&format!("review {n}"));
        let context = owning.context();
        let (by, peer) = (owning.admin(), asking.id());
        let done = if n % 2 == 0 {
            cards::block(&context.agency, &by, peer, &reason).await
        } else {
            cards::unblock(&context.agency, &by, peer, &reason).await
        };
        done.expect("done");
    }
}

/// Asks the log that went on regardless until it is found out. It answers, once the connection that
/// blocking cut is made anew, and shows a head that does not lead on from what is known; or it has
/// shown one before it was asked.
async fn is_found_out(asking: &Agency, owning: &Agency) {
    eventually("it shows its head", async || {
        let heard = asking.ask_one(owning.id(), PLATE).await;
        (heard.outcome == OutcomeCode::Answered || kinds(asking) == [AlarmKind::Proof])
            .then_some(())
    })
    .await;
    rings(asking, &[AlarmKind::Proof]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forked_log_is_found_out_by_the_next_exchange_and_goes_on_once_resolved() {
    let (asking, mut owning) = put_back().await;
    go_on_regardless(&mut owning, &asking).await;
    is_found_out(&asking, &owning).await;
    // Nothing is asked of it, and nothing is answered to it.
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(heard.outcome, OutcomeCode::Unanswered);
    assert!(heard.error.is_some_and(|error| error.contains("alarm 1")));
    let heard = owning.ask_one(asking.id(), PLATE).await;
    assert_eq!(heard.outcome, OutcomeCode::Refused);
    assert!(heard.reasons.iter().any(|reason| reason.code == RefusalCode::Blocked));
    // An auditor says why it goes on.
    let context = asking.context();
    assert!(
        alarms::resolve(&context.agency, &context.observed, &asking.admin(), 1, &words(""))
            .await
            .is_err()
    );
    alarms::resolve(
        &context.agency,
        &context.observed,
        &asking.admin(),
        1,
        &words("restored from backup"),
    )
    .await
    .expect("done");
    assert!(
        alarms::resolve(&context.agency, &context.observed, &asking.admin(), 1, &words("again"))
            .await
            .is_err()
    );
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    // What was resolved rings no second time: the log that goes on is proven and cosigned again.
    assert_eq!(owning.node().have_cosigned_by_all().await, 1);
    assert_eq!(asking.node().have_cosigned_by_all().await, 1);
    let held = asking.store().witnessed(owning.id()).await.expect("a store").expect("a head");
    assert!(held.size > 20 && kinds(&asking).len() == 1 && kinds(&owning).len() == 1);
    let log = asking.log().await;
    assert_eq!((log.count(Kind::AlarmRaised), log.count(Kind::AlarmResolved)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_lies_to_one_stops_nobody_elses_exchanges() {
    let (asking, mut owning) = put_back().await;
    let other = Agency::start("third-ca-pd").await;
    introduce(&[&asking, &other]).await;
    in_force(&[&asking, &other]).await;
    go_on_regardless(&mut owning, &asking).await;
    is_found_out(&asking, &owning).await;
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Unanswered);
    assert_eq!(asking.ask_one(other.id(), PLATE).await.outcome, OutcomeCode::Answered);
    assert_eq!(other.ask_one(asking.id(), PLATE).await.outcome, OutcomeCode::Answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_touches_a_peer_shows_the_alarm_about_it() {
    let (asking, mut owning) = put_back().await;
    go_on_regardless(&mut owning, &asking).await;
    is_found_out(&asking, &owning).await;
    let peer = owning.id().as_str();
    let query =
        ["--plate", PLATE, "--purpose", "stolen_vehicle", "--reason", "Taken from a garage"];
    let explain = [&["policy", "explain", "--owner", peer], query.as_slice()].concat();
    let ask = [&["query", "--to", peer], query.as_slice()].concat();
    let again = [&["query", "--all"], query.as_slice()].concat();
    for args in [
        &["card", "list"][..],
        &["agreement", "list"],
        &[
            "request",
            "submit",
            "--to",
            peer,
            "--requested-by",
            "A. Ruiz",
            "--purpose",
            "stolen_vehicle",
        ],
        &["audit", "log", "--peer", peer],
        &["audit", "log", "--kind", "query.sent"],
        &["audit", "reconcile", "--peer", peer],
        &["audit", "report", "--kind", "sharing"],
        &explain,
        &ask,
        &again,
    ] {
        let ended = asking.accord(args);
        let said = ended.err.matches("alarm 1 about `owning-ca-pd` is open").count();
        assert_eq!(said, 1, "{args:?}: {ended:?}");
        assert!(ended.err.contains("audit alarms"), "{args:?}: {ended:?}");
    }
    for args in [&["user", "list"][..], &["reads", "stats"], &["hold", "list"]] {
        let ended = asking.accord(args);
        assert!(!ended.err.contains("alarm"), "{args:?}: {ended:?}");
    }
}
