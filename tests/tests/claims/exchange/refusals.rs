//! Who is refused, and how: signed, with a code and a section, and logged on both sides.

use node::admin::cards;
use node::exchange::node_identity::cut_off;
use schemas::agency::AgencyKind;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::refusal::{Reason, Refusal, RefusalCode};
use tests::agency::{Agency, Plan};
use tests::federation::{
    add_card, add_card_as, owner_and_raw, owner_and_raw_of, pair, sharing_pair,
};
use tests::fixtures::{HOUR_MS, PLATE, query};
use tests::logs::envelope;
use tests::raw_peer::RawPeer;
use tests::wait::eventually;

fn codes(reasons: &[Reason]) -> Vec<RefusalCode> {
    reasons.iter().map(|reason| reason.code).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_authority_a_known_peer_gets_a_signed_refusal_with_its_section() {
    let (asking, owning) = pair().await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(
        (heard.outcome, heard.refused_by, heard.reads.len()),
        (OutcomeCode::Refused, Some(RefusedBy::Owner), 0)
    );
    assert_eq!(codes(&heard.reasons), [RefusalCode::NoAuthority]);
    let reason = &heard.reasons[0];
    assert!(!reason.message.is_empty());
    assert!(reason.citations.iter().any(|cited| cited.section == "1798.90.55(b)"), "{reason:?}");

    let (asked, refused) = (asking.log().await, owning.log().await);
    let query = heard.query_id.expect("a query id");
    assert_eq!(asked.exchange(query), [Kind::QuerySent, Kind::RefusalReceived]);
    assert_eq!(refused.exchange(query), [Kind::QueryRefused]);
    let (theirs, ours) = (refused.one(Kind::QueryRefused), asked.one(Kind::RefusalReceived));
    assert_eq!(theirs.access().reasons, heard.reasons);
    assert_eq!(ours.access().reasons, heard.reasons);
    let signed: Refusal = envelope(&ours.envelopes[0])
        .verified_json(Signed::Refusal, &owning.identity.card.message_key)
        .expect("a refusal that the owner signed");
    assert_eq!((signed.query_id, &signed.reasons), (query, &heard.reasons));
    assert_eq!(owning.store().searches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_closed_and_counted_once_an_hour() {
    let owner = Agency::start("owning-ca-pd").await;
    // Ten minutes into an hour, so that the claim does not depend on when it is tested.
    owner.clock.shift(HOUR_MS - owner.now().millis().rem_euclid(HOUR_MS) + 600_000);
    let stranger = RawPeer::start("stranger-ca-pd", owner.now());
    let attempts = 4;
    for _ in 0..attempts {
        stranger.dial(&owner).await;
        stranger.wait_until_disconnected(&owner).await;
    }
    let rejected = |log: &tests::logs::Log| -> Vec<(String, u64)> {
        let count =
            |entry: &tests::logs::LogEntry| entry.detail("count").as_u64().expect("a count");
        let cause = |entry: &tests::logs::LogEntry| {
            entry.detail("cause").as_str().expect("a cause").to_owned()
        };
        log.all(Kind::PeerRejected).into_iter().map(|entry| (cause(entry), count(entry))).collect()
    };
    let first = owner
        .wait_for_log("the first of the hour", |log| {
            Some(rejected(log)).filter(|all| !all.is_empty())
        })
        .await;
    assert_eq!(first, [("unknown_key".to_owned(), 1)]);
    let log = owner.log().await;
    let fingerprint = stranger.identity.node_key.public().fingerprint().to_string();
    assert_eq!(log.one(Kind::PeerRejected).detail("node_key"), fingerprint.as_str());

    owner.clock.shift(HOUR_MS);
    stranger.dial(&owner).await;
    let all = owner
        .wait_for_log("the hour's count", |log| Some(rejected(log)).filter(|all| all.len() >= 3))
        .await;
    let unknown = "unknown_key".to_owned();
    assert_eq!(all, [(unknown.clone(), 1), (unknown.clone(), attempts - 1), (unknown, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_in_the_hour_is_logged_when_the_node_stops() {
    let mut owner = Agency::start("owning-ca-pd").await;
    owner.clock.shift(HOUR_MS - owner.now().millis().rem_euclid(HOUR_MS) + 600_000);
    let strangers: Vec<_> =
        (0..8).map(|n| RawPeer::start(&format!("stranger{n}-ca-pd"), owner.now())).collect();
    for stranger in &strangers {
        for _ in 0..3 {
            stranger.dial(&owner).await;
            stranger.wait_until_disconnected(&owner).await;
        }
    }
    let first_ones =
        |log: &tests::logs::Log| (log.count(Kind::PeerRejected) == strangers.len()).then_some(());
    owner.wait_for_log("the first of each", first_ones).await;
    // A process ends here: nothing may be left to do.
    owner.stop().await;
    let log = owner.log().await;
    let mut counts =
        log.all(Kind::PeerRejected).into_iter().map(|entry| entry.detail("count").as_u64());
    assert!(counts.by_ref().take(strangers.len()).all(|count| count == Some(1)));
    assert_eq!(counts.collect::<Vec<_>>(), vec![Some(2); strangers.len()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_gets_no_answer_to_a_signed_query() {
    let (owner, friend, _) = owner_and_raw().await;
    let stranger = RawPeer::start("stranger-ca-pd", owner.now());
    let asked = query(stranger.id(), owner.id(), PLATE, owner.now());
    let reply = stranger.ask(&owner, &stranger.identity.sign(Signed::Query, &asked)).await;
    assert!(matches!(reply, tests::wire::Reply::Closed(_)), "{reply:?}");
    let log = owner.log().await;
    assert_eq!((log.count(Kind::QueryAnswered), log.count(Kind::QueryRefused)), (0, 0));
    assert_eq!(owner.store().searches(), 0);
    // The node still serves those it knows.
    let asked = query(friend.id(), owner.id(), PLATE, owner.now());
    drop(friend.ask(&owner, &friend.identity.sign(Signed::Query, &asked)).await.answered());
}

/// Both signed while the owner took the other for police of California; then its administrator
/// verified what it is.
async fn refused_whatever_was_signed(
    kind: Option<AgencyKind>,
    state: Option<&str>,
    code: RefusalCode,
) {
    let (asking, owning, _) = sharing_pair().await;
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    add_card_as(&owning, &asking.identity, kind, state).await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Refused, 0));
    assert_eq!(codes(&heard.reasons), [code]);
    assert!(heard.reasons[0].citations.iter().any(|cited| cited.section == "1798.90.5(f)"));
    assert_eq!(owning.log().await.count(Kind::QueryAnswered), 1);
    assert_eq!(owning.store().searches(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_federal_agency_is_refused_although_both_signed_an_agreement() {
    refused_whatever_was_signed(Some(AgencyKind::Federal), None, RefusalCode::Federal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_of_another_state_is_refused_although_both_signed_an_agreement() {
    refused_whatever_was_signed(None, Some("NV"), RefusalCode::OutOfState).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_peer_is_cut_off_at_once() {
    let (owner, raw, _) = owner_and_raw().await;
    let ask = || raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    drop(raw.ask(&owner, &ask()).await.answered());
    assert!(raw.is_connected(&owner));
    let reason = "compromised".parse().expect("a text");
    cards::block(owner.own(), &owner.admin(), raw.id(), &reason).await.expect("a block");
    // Its connection still stands, and serves it no longer.
    let reply = raw.ask(&owner, &ask()).await;
    assert!(reply.proves_nothing(), "{reply:?}");
    cut_off(&owner.node().context, &owner.node().peers, raw.id()).await;
    raw.wait_until_disconnected(&owner).await;
    let reply = raw.ask(&owner, &ask()).await;
    assert!(reply.proves_nothing(), "{reply:?}");
    let log = owner.log().await;
    let blocked = log.one(Kind::CardBlocked).header.index;
    assert!(log.all(Kind::QueryAnswered).iter().all(|entry| entry.header.index < blocked));
    owner
        .wait_for_log("the attempt", |log| {
            log.all(Kind::PeerRejected).iter().any(|e| e.detail("cause") == "blocked").then_some(())
        })
        .await;

    cards::unblock(owner.own(), &owner.admin(), raw.id(), &reason)
        .await
        .expect("an end of the block");
    eventually("the peer is served again", async || {
        matches!(raw.ask(&owner, &ask()).await, tests::wire::Reply::Answer { .. }).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_in_flight_than_allowed_is_told_and_neither_signed_nor_remembered() {
    let (owner, raw, _) =
        owner_and_raw_of(Plan::of("owning-ca-pd").bounds(|b| b.in_flight_per_peer = 2)).await;
    let ask = || raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    owner.store().hold();
    let (held, beyond) = ([ask(), ask()], ask());
    let (one, two, refused) =
        tokio::join!(raw.ask(&owner, &held[0]), raw.ask(&owner, &held[1]), async {
            eventually("both are being served", async || {
                (owner.store().searches() == 2).then_some(())
            })
            .await;
            let reply = raw.ask(&owner, &beyond).await;
            owner.store().release();
            reply
        });
    assert!(matches!(&refused, tests::wire::Reply::Failed(word) if word.contains("busy")));
    drop((one.answered(), two.answered()));
    let log = owner.log().await;
    assert_eq!((log.count(Kind::QueryAnswered), log.count(Kind::QueryRefused)), (2, 0));
    // What stood in the way has gone, for the same query too.
    drop(raw.ask(&owner, &beyond).await.answered());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_peers_flood_leaves_room_for_another() {
    let (owner, raw, _) =
        owner_and_raw_of(Plan::of("owning-ca-pd").bounds(|b| b.in_flight_per_peer = 1)).await;
    let other = RawPeer::start("other-ca-pd", owner.now());
    add_card(&owner, &other.identity).await;
    let flood = raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    let asked =
        other.identity.sign(Signed::Query, &query(other.id(), owner.id(), PLATE, owner.now()));
    owner.store().hold();
    let (flooded, refused) = tokio::join!(raw.ask(&owner, &flood), async {
        eventually("the first is being served", async || {
            (owner.store().searches() == 1).then_some(())
        })
        .await;
        let reply = other.ask(&owner, &asked).await;
        owner.store().release();
        reply
    });
    let reasons = refused.refused(&owner.identity.card.message_key);
    assert_eq!(codes(&reasons), [RefusalCode::NoAuthority], "judged, not turned away");
    drop(flooded.answered());
}
