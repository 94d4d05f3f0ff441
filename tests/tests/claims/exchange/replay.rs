//! Messages that were altered, replayed, redirected or repeated: nothing is released for them.

use std::collections::BTreeSet;

use agreements::agreement::Act;
use schemas::body::Outcome;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::query::Query;
use schemas::refusal::RefusalCode;
use tests::agency::{Agency, Plan};
use tests::auditor::{Auditor, problems};
use tests::federation::{add_card, give_notice, introduce, owner_and_raw, pair, signed_by_both};
use tests::fixtures::{DAY_MS, PLATE, agreement, query};
use tests::logs::Log;
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::wire::Reply;
use tests::written_requests::approved_request;

fn asked(raw: &RawPeer, owner: &Agency) -> Query {
    query(raw.id(), owner.id(), PLATE, owner.now())
}

fn signed(raw: &RawPeer, query: &Query) -> Envelope {
    raw.identity.sign(Signed::Query, query)
}

/// Nothing signed came back, nothing was searched, and the attempt is in the log.
async fn nothing_is_released(owner: &Agency, reply: Reply, cause: &str) {
    assert!(reply.proves_nothing(), "{reply:?}");
    let seen = |log: &Log| {
        log.all(Kind::PeerRejected).iter().any(|entry| entry.detail("cause") == cause).then_some(())
    };
    owner.wait_for_log("the rejection", seen).await;
    let log = owner.log().await;
    assert_eq!((log.count(Kind::QueryAnswered), log.count(Kind::AnswerRedelivered)), (0, 0));
    assert_eq!(owner.store().searches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_with_any_bit_altered_is_rejected() {
    let (owner, raw, _) = owner_and_raw().await;
    let bytes = signed(&raw, &asked(&raw, &owner)).as_bytes().to_vec();
    // A bit of the type, of the payload's first, middle and last part, and of the signature.
    for at in [20, 70, bytes.len() / 2, bytes.len() - 250, bytes.len() - 20] {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        nothing_is_released(&owner, raw.ask_bytes(&owner, &altered).await, "unverifiable").await;
    }
    // What was not altered is answered, so it was the bits.
    drop(raw.ask_bytes(&owner, &bytes).await.answered());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_signed_with_another_key_is_rejected() {
    let (owner, raw, _) = owner_and_raw().await;
    let query = asked(&raw, &owner);
    for key in [&raw.identity.agency_key, &raw.identity.node_key, &owner.identity.message_key] {
        let forged = Envelope::sign_json(Signed::Query, &query, key).expect("an envelope");
        nothing_is_released(&owner, raw.ask(&owner, &forged).await, "unverifiable").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_signed_as_another_sort_of_message_is_rejected() {
    let (owner, raw, _) = owner_and_raw().await;
    let query = asked(&raw, &owner);
    for kind in [Signed::Receipt, Signed::Statement, Signed::Answer] {
        let other = raw.identity.sign(kind, &query);
        nothing_is_released(&owner, raw.ask(&owner, &other).await, "unverifiable").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_replayed_by_another_peer_is_rejected() {
    let (owner, raw, _) = owner_and_raw().await;
    let thief = RawPeer::start("thief-ca-pd", owner.now());
    add_card(&owner, &thief.identity).await;
    let text = agreement(&[owner.id(), thief.id()], owner.now());
    signed_by_both(&owner, &thief.identity, &text).await;
    let stolen = signed(&raw, &asked(&raw, &owner));
    nothing_is_released(&owner, thief.ask(&owner, &stolen).await, "unverifiable").await;
    // Its own signature under another's name is no better.
    let posed = thief.identity.sign(Signed::Query, &asked(&raw, &owner));
    nothing_is_released(&owner, thief.ask(&owner, &posed).await, "misdirected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_not_redelivered_to_another_peer() {
    let (owner, raw, _) = owner_and_raw().await;
    let thief = RawPeer::start("thief-ca-pd", owner.now());
    add_card(&owner, &thief.identity).await;
    let stolen = asked(&raw, &owner);
    drop(raw.ask(&owner, &signed(&raw, &stolen)).await.answered());
    let reply = thief.ask(&owner, &signed(&raw, &stolen)).await;
    assert!(reply.proves_nothing(), "{reply:?}");
    // Nor under its own name with the id of the other's query.
    let mut own = asked(&thief, &owner);
    own.id = stolen.id;
    let reasons =
        thief.ask(&owner, &signed(&thief, &own)).await.refused(&owner.identity.card.message_key);
    assert_eq!(reasons[0].code, RefusalCode::IdReused);
    let log = owner.log().await;
    assert_eq!((log.count(Kind::QueryAnswered), log.count(Kind::AnswerRedelivered)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_forwarded_to_another_owner_is_rejected() {
    let (owner, raw, _) = owner_and_raw().await;
    let other = Agency::start("other-ca-pd").await;
    introduce(&[&owner, &other]).await;
    add_card(&other, &raw.identity).await;
    let text = agreement(&[other.id(), raw.id()], other.now());
    signed_by_both(&other, &raw.identity, &text).await;
    other.add_reads(PLATE, 1).await;
    let to_owner = signed(&raw, &asked(&raw, &owner));
    nothing_is_released(&other, raw.ask(&other, &to_owner).await, "misdirected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_and_a_future_query_are_refused() {
    let (owner, raw, _) = owner_and_raw().await;
    for minutes in [-6, 6] {
        let query = query(raw.id(), owner.id(), PLATE, owner.now().plus_millis(minutes * 60_000));
        let reasons =
            raw.ask(&owner, &signed(&raw, &query)).await.refused(&owner.identity.card.message_key);
        assert_eq!(
            reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(),
            [RefusalCode::Stale]
        );
        let log = owner.log().await;
        let refused = log.last(Kind::QueryRefused);
        assert!(refused.belongs_to(query.id));
        assert_eq!(refused.access().outcome, Outcome::Refused);
    }
    assert_eq!(owner.store().searches(), 0);
    // A difference of clocks that is allowed is no reason.
    let query = query(raw.id(), owner.id(), PLATE, owner.now().plus_millis(-4 * 60_000));
    drop(raw.ask(&owner, &signed(&raw, &query)).await.answered());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_stale_query_stays_refused() {
    let (owner, raw, _) = owner_and_raw().await;
    let early = query(raw.id(), owner.id(), PLATE, owner.now().plus_millis(6 * 60_000));
    let envelope = signed(&raw, &early);
    drop(raw.ask(&owner, &envelope).await.refused(&owner.identity.card.message_key));
    owner.clock.shift(6 * 60_000);
    let reasons = raw.ask(&owner, &envelope).await.refused(&owner.identity.card.message_key);
    assert_eq!(reasons[0].code, RefusalCode::Stale);
    assert_eq!(owner.log().await.count(Kind::QueryAnswered), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_under_a_known_id_are_refused() {
    let (owner, raw, _) = owner_and_raw().await;
    owner.add_reads("9OTHER9", 2).await;
    let first = asked(&raw, &owner);
    drop(raw.ask(&owner, &signed(&raw, &first)).await.answered());
    let mut other = first.clone();
    other.elements.plate = Some("9OTHER9".parse().expect("a plate"));
    let searched = owner.store().searches();
    let reasons =
        raw.ask(&owner, &signed(&raw, &other)).await.refused(&owner.identity.card.message_key);
    assert_eq!(
        reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(),
        [RefusalCode::IdReused]
    );
    assert_eq!(owner.store().searches(), searched);
    let log = owner.log().await;
    assert_eq!((log.count(Kind::QueryAnswered), log.count(Kind::QueryRefused)), (1, 1));
    assert_eq!(log.one(Kind::QueryRefused).access().elements.plate, other.elements.plate);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_exchange_hides_behind_the_id_of_one_that_the_owner_began() {
    let (owner, mut raw, _) = owner_and_raw().await;
    let (heard, seen) = std::sync::mpsc::channel();
    raw.answer(move |frame| {
        drop(heard.send(frame.body.clone()));
        None
    });
    drop(owner.ask_one(raw.id(), PLATE).await);
    let known = seen.try_iter().find_map(|body| {
        let envelope = Envelope::parse(body.as_slice()).ok()?;
        serde_json::from_slice::<Query>(envelope.unverified_payload()).ok()
    });
    let searched = owner.store().searches();
    let query = Query { id: known.expect("the owner's query").id, ..asked(&raw, &owner) };
    let reasons =
        raw.ask(&owner, &signed(&raw, &query)).await.refused(&owner.identity.card.message_key);
    assert_eq!(reasons[0].code, RefusalCode::IdReused);
    assert_eq!(owner.store().searches(), searched);
    let auditor = Auditor::default();
    auditor.receive("whole", &owner, &[]);
    let (_, report) = auditor.verify("whole", &[&owner]);
    // Nobody has pinned the peer's key; else all is well.
    assert_eq!(problems(&report), [(None, "unpinned".to_owned())], "{report}");
    assert_eq!(report["decided_again"], 1, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_query_again_gets_the_same_bytes_without_a_second_search() {
    let (owner, raw, id) = owner_and_raw().await;
    let query = asked(&raw, &owner);
    let envelope = signed(&raw, &query);
    let (first, pages) = raw.ask(&owner, &envelope).await.answered();
    // What came in meanwhile does not change what was answered.
    owner.add_reads(PLATE, 7).await;
    for _ in 0..2 {
        let (again, same) = raw.ask(&owner, &envelope).await.answered();
        assert_eq!((again.as_bytes(), &same), (first.as_bytes(), &pages));
    }
    assert_eq!(owner.store().searches(), 1);
    let kinds = owner.log().await.exchange(query.id);
    assert_eq!(kinds, [Kind::QueryAnswered, Kind::AnswerRedelivered, Kind::AnswerRedelivered]);
    assert_eq!(owner.context().agency.log.counters().uses.get(&id), Some(&1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_query_while_it_is_being_served_is_not_served_twice() {
    let (owner, raw, _) = owner_and_raw().await;
    let envelope = signed(&raw, &asked(&raw, &owner));
    owner.store().hold();
    let (first, ()) = tokio::join!(raw.ask(&owner, &envelope), async {
        eventually("it is being served", async || (owner.store().searches() == 1).then_some(()))
            .await;
        let again = raw.ask(&owner, &envelope).await;
        assert!(matches!(&again, Reply::Failed(said) if said.contains("busy")), "{again:?}");
        owner.store().release();
    });
    drop(first.answered());
    assert_eq!(owner.store().searches(), 1);
    assert_eq!(owner.log().await.count(Kind::QueryAnswered), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivery_uses_no_second_use_of_a_request() {
    let (asking, owning) = pair().await;
    let scope = agreements::request::RequestScope { uses: Some(1), ..Default::default() };
    let id = approved_request(&asking, &owning, scope).await;
    // The same keys on another wire: the envelope can be sent twice.
    let envelope =
        asking.identity.sign(Signed::Query, &query(asking.id(), owning.id(), PLATE, owning.now()));
    let raw = RawPeer::with(tests::identity::Identity {
        card: schemas::card::Card { addresses: Vec::new(), ..asking.identity.card.clone() },
        ..asking.identity.clone()
    });
    let (first, _) = raw.ask(&owning, &envelope).await.answered();
    let (again, _) = raw.ask(&owning, &envelope).await.answered();
    assert_eq!(first.as_bytes(), again.as_bytes());
    assert_eq!(owning.context().agency.log.counters().uses.get(&id), Some(&1));
}

#[tokio::test(flavor = "multi_thread")]
async fn redelivery_ends_with_its_window() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.redelivery_hours = 24);
    let (owner, raw, _) = tests::federation::owner_and_raw_of(plan).await;
    let envelope = signed(&raw, &asked(&raw, &owner));
    drop(raw.ask(&owner, &envelope).await.answered());
    owner.clock.shift(DAY_MS);
    let reasons = raw.ask(&owner, &envelope).await.refused(&owner.identity.card.message_key);
    assert_eq!(reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(), [RefusalCode::Stale]);
    assert_eq!(owner.log().await.count(Kind::AnswerRedelivered), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_authority_is_suspended_is_refused_in_the_same_words_however_often() {
    let (owner, raw, id) = owner_and_raw().await;
    let query = asked(&raw, &owner);
    let envelope = signed(&raw, &query);
    drop(raw.ask(&owner, &envelope).await.answered());
    give_notice(&owner, &id, Act::Suspend).await;
    let mut refusals = BTreeSet::new();
    for _ in 0..12 {
        match raw.ask(&owner, &envelope).await {
            Reply::Refusal(refusal) => refusals.insert(refusal.as_bytes().to_vec()),
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(refusals.len(), 1, "no second signature for the same thing");
    let kinds = owner.log().await.exchange(query.id);
    assert_eq!(kinds.len(), 13, "each time is on record: {kinds:?}");
}
