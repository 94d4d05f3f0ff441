//! No log, no data: what cannot be logged is neither asked nor released nor shown.

use node::admin::cards;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::outcome::OutcomeCode;
use store::Side;
use tests::agency::{Agency, Plan};
use tests::faulty_store::Failure;
use tests::federation::{add_card, owner_and_raw, sharing_pair_of};
use tests::fixtures::{PLATE, query, words};
use tests::logs::Log;
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::wire::Reply;

/// Two agencies that share, the one that asks waiting two seconds for an answer.
async fn sharing() -> (Agency, Agency) {
    let asking = Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 2);
    let (asking, owning, _) = sharing_pair_of(asking, Plan::of("owning-ca-pd")).await;
    (asking, owning)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_cannot_log_releases_nothing_and_says_so() {
    let (asking, owning) = sharing().await;
    let before = owning.log().await.entries().len();
    owning.store().fail(Failure::BeforeWrite);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0));
    let said = heard.error.expect("why nothing was heard");
    assert!(said.contains("audit log cannot be written"), "{said}");
    assert!(owning.store().failed() > 0);
    assert_eq!(owning.log().await.entries().len(), before);
    let query = heard.query_id.expect("a query id");
    assert_eq!(asking.log().await.exchange(query), [Kind::QuerySent, Kind::QueryUnanswered]);
    let kept = owning.context().store.pages(Side::Served, query, owning.clock.now()).await;
    assert!(kept.expect("pages").is_empty());

    owning.store().mend();
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_an_answer_leaves_before_its_entry_is_durable() {
    let (owner, raw, _) = owner_and_raw().await;
    let envelope =
        raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    for failure in [Failure::BeforeWrite, Failure::AfterWrite] {
        owner.store().fail_on(Kind::QueryAnswered, failure);
        let reply = raw.ask(&owner, &envelope).await;
        assert!(
            matches!(&reply, Reply::Failed(said) if said.contains("log_unavailable")),
            "{failure:?}: {reply:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_cannot_log_a_refusal_does_not_even_refuse() {
    let owner = Agency::start("owning-ca-pd").await;
    let raw = RawPeer::start("hostile-ca-pd", owner.now());
    add_card(&owner, &raw.identity).await;
    owner.store().fail(Failure::BeforeWrite);
    let envelope =
        raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    let reply = raw.ask(&owner, &envelope).await;
    assert!(matches!(&reply, Reply::Failed(said) if said.contains("log_unavailable")), "{reply:?}");
    owner.store().mend();
    let reasons = raw.ask(&owner, &envelope).await.refused(&owner.identity.card.message_key);
    assert_eq!(reasons.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_that_cannot_log_asks_nothing() {
    let (asking, owning) = sharing().await;
    let before = owning.log().await.entries().len();
    for failure in [Failure::BeforeWrite, Failure::AfterWrite] {
        asking.store().fail_once_on(Kind::QuerySent, failure);
        let heard = asking.ask_one(owning.id(), PLATE).await;
        assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0));
        let said = heard.error.expect("why nothing was asked");
        assert!(said.contains("audit log cannot be written"), "{said}");
    }
    assert_eq!(asking.store().failed(), 2);
    assert_eq!(owning.log().await.entries().len(), before);
    assert_eq!(owning.store().searches(), 0);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_logged_is_not_shown_and_can_be_asked_for_again() {
    let (asking, owning) = sharing().await;
    asking.store().fail_once_on(Kind::AnswerReceived, Failure::BeforeWrite);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0));
    assert!(heard.basis.is_none() && heard.log.is_none());
    let query = heard.query_id.expect("a query id");
    let kept = asking.context().store.pages(Side::Asked, query, asking.clock.now()).await;
    assert!(kept.expect("pages").is_empty());
    assert_eq!(asking.log().await.exchange(query), [Kind::QuerySent]);
    assert_eq!(owning.log().await.count(Kind::ReceiptRecorded), 0);

    let again =
        asking.node().queries.ask_again(query, &asking.officer()).await.expect("an open query");
    assert_eq!((again.outcome, again.reads.len()), (OutcomeCode::Answered, 3), "{:?}", again.error);
    owning
        .wait_for_log("the receipt", |log| (log.count(Kind::ReceiptRecorded) == 1).then_some(()))
        .await;
    let kinds = owning.log().await.exchange(query);
    assert_eq!(kinds, [Kind::QueryAnswered, Kind::AnswerRedelivered, Kind::ReceiptRecorded]);
    // Beside an answer that is delivered again stands an entry that commits to no reply: the entry of
    // the answer itself stays owed, and is proven for itself.
    assert_eq!(asking.log().await.one(Kind::AnswerReceived).body.event.theirs().len(), 0);
    let proved = |log: &Log| {
        let proved = log.all(Kind::PeerProved);
        proved.first().map(|entry| entry.body.event.theirs()[0].clone())
    };
    let proved = asking.wait_for_log("the entry of the answer", proved).await;
    let (header, _) = proved.verified(&owning.log_key()).expect("a proof that holds");
    assert_eq!(header, owning.log().await.one(Kind::QueryAnswered).header);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_two_ask_again_at_once_is_asked_once_and_its_use_is_counted_once() {
    let (mut asking, owning) = sharing().await;
    asking.store().fail_once_on(Kind::AnswerReceived, Failure::BeforeWrite);
    let query = asking.ask_one(owning.id(), PLATE).await.query_id.expect("a query id");
    let officer = asking.officer();
    let queries = &asking.node().queries;
    let (one, other) =
        tokio::join!(queries.ask_again(query, &officer), queries.ask_again(query, &officer));
    assert_eq!(one.expect("the first").outcome, OutcomeCode::Answered);
    let told = other.expect_err("the second").to_string();
    assert!(told.contains("is under way"), "{told}");
    // Once it has ended it is shown to whoever asks.
    let shown = queries.ask_again(query, &officer).await.expect("a kept answer");
    assert_eq!((shown.outcome, shown.reads.len()), (OutcomeCode::Answered, 3));
    asking.restart().await;
    let kinds = asking.log().await.exchange(query);
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::AnswerReceived).count(), 1);
    let verified = asking.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_asker_has_gone_is_settled_all_the_same() {
    let (asking, owning) = sharing().await;
    asking.store().fail_once_on(Kind::AnswerReceived, Failure::BeforeWrite);
    let query = asking.ask_one(owning.id(), PLATE).await.query_id.expect("a query id");
    let officer = asking.officer();
    let (sent, asked) = (Kind::QuerySent, asking.node().queries.ask_again(query, &officer));
    tokio::select! {
        biased;
        () = eventually("it is sent again", async || {
            (asking.log().await.count(sent) == 2).then_some(())
        }) => {}
        _ = asked => {}
    }
    asking
        .wait_for_log("the answer", |log| (log.count(Kind::AnswerReceived) == 1).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_failed_but_persisted_is_found_and_no_index_is_used_twice() {
    let (asking, owning) = sharing().await;
    owning.store().fail_once_on(Kind::QueryAnswered, Failure::AfterWrite);
    // The owner cannot say that it answered; asked again, it finds that it did.
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3), "{:?}", heard.error);
    assert_eq!((owning.store().failed(), owning.store().searches()), (1, 1));
    let query = heard.query_id.expect("a query id");
    owning
        .wait_for_log("the receipt", |log| (log.count(Kind::ReceiptRecorded) == 1).then_some(()))
        .await;
    // Reading the log checks that its indices follow one another.
    let kinds = owning.log().await.exchange(query);
    assert_eq!(kinds, [Kind::QueryAnswered, Kind::AnswerRedelivered, Kind::ReceiptRecorded]);
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_whose_commit_failed_but_persisted_holds() {
    let (asking, owning) = sharing().await;
    owning.store().fail_once_on(Kind::CardBlocked, Failure::AfterWrite);
    let blocked =
        cards::block(owning.own(), &owning.admin(), asking.id(), &words("compromised")).await;
    assert!(blocked.is_err(), "nobody may be told that it was done");
    // The next append reads what holds.
    owning.add_reads("1AFTER1", 1).await;
    let state = owning.context().agency.registry.state();
    assert!(state.peers.get(asking.id()).is_some_and(|peer| peer.blocked.is_some()));
    owning.log().await.one(Kind::CardBlocked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_failed_continues_after_a_restart() {
    let (asking, mut owning) = sharing().await;
    for failure in [Failure::AfterWrite, Failure::BeforeWrite] {
        owning.store().fail_on(Kind::QueryAnswered, failure);
        asking.ask_one(owning.id(), PLATE).await;
        owning.restart().await;
        let before = owning.log().await.entries().len();
        let heard = asking.ask_one(owning.id(), PLATE).await;
        assert_eq!(
            (heard.outcome, heard.reads.len()),
            (OutcomeCode::Answered, 3),
            "{:?}",
            heard.error
        );
        assert!(owning.log().await.entries().len() > before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_open_is_logged_as_unanswered_at_the_next_start() {
    let (mut asking, owning) = sharing().await;
    asking.store().fail_once_on(Kind::AnswerReceived, Failure::BeforeWrite);
    let query = asking.ask_one(owning.id(), PLATE).await.query_id.expect("a query id");
    asking.restart().await;
    assert_eq!(asking.log().await.exchange(query), [Kind::QuerySent, Kind::QueryUnanswered]);
    asking.restart().await;
    assert_eq!(asking.log().await.count(Kind::QueryUnanswered), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_far_behind_the_log_stops_it() {
    let (asking, owning) = sharing().await;
    owning.clock.set_wrong(-6 * 60_000);
    asking.clock.set_wrong(-6 * 60_000);
    let before = owning.log().await.entries().len();
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0), "{heard:?}");
    assert!(heard.error.expect("why").contains("clock"));
    assert_eq!(owning.log().await.entries().len(), before);
}
