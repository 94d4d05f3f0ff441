//! What gives authority, from which instant to which, and how often.

use node::admin::agreements;
use node::admin::requests;
use std::collections::HashMap;

use ::agreements::agreement::Act;
use ::agreements::request::RequestScope;
use audit_log::clock::Clock;
use futures::future::join_all;
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use tests::agency::{Agency, Plan};
use tests::federation::{
    add_card, give_notice, in_force_with, introduce, owner_and_raw, pair, sharing_pair,
    shift_clocks, signed_by_both,
};
use tests::fixtures::{DAY_MS, HOUR_MS, PLATE, agreement, query};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::written_requests::{approved_request, ask_citing};

async fn refused(asking: &Agency, owning: &Agency) -> Vec<RefusalCode> {
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Refused, 0), "{heard:?}");
    heard.reasons.iter().map(|reason| reason.code).collect()
}

async fn answered(asking: &Agency, owning: &Agency) {
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(
        (heard.outcome, heard.reads.len()),
        (OutcomeCode::Answered, 3),
        "{:?} {:?}",
        heard.reasons,
        heard.error
    );
    owning.wait_for_receipts().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_agreement_gives_no_authority_until_it_is_resumed() {
    let (asking, owning, id) = sharing_pair().await;
    answered(&asking, &owning).await;
    give_notice(&owning, &id, Act::Suspend).await;
    assert_eq!(refused(&asking, &owning).await, [RefusalCode::AuthorityNotInForce]);
    asking
        .wait_for_log("the notice arrives", |log| {
            (log.count(Kind::AgreementSuspended) == 1).then_some(())
        })
        .await;
    give_notice(&owning, &id, Act::Resume).await;
    answered(&asking, &owning).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requesters_own_suspension_binds_the_owner_once_it_is_told() {
    let (asking, owning, id) = sharing_pair().await;
    give_notice(&asking, &id, Act::Suspend).await;
    owning
        .wait_for_log("the notice arrives", |log| {
            (log.count(Kind::AgreementSuspended) == 1).then_some(())
        })
        .await;
    assert_eq!(refused(&asking, &owning).await, [RefusalCode::AuthorityNotInForce]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_agreement_gives_no_authority_and_cannot_be_resumed() {
    let (asking, owning, id) = sharing_pair().await;
    give_notice(&owning, &id, Act::Withdraw).await;
    assert_eq!(refused(&asking, &owning).await, [RefusalCode::AuthorityNotInForce]);
    let resumed = agreements::give_notice(
        owning.own(),
        owning.keys(),
        &owning.admin(),
        &id,
        Act::Resume,
        &"no".parse().expect("a text"),
    )
    .await;
    assert!(resumed.is_err());
    assert_eq!(refused(&asking, &owning).await, [RefusalCode::AuthorityNotInForce]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_ends_at_its_instant() {
    let (asking, owning) = pair().await;
    let ends = owning.now().plus_millis(DAY_MS);
    in_force_with(&[&asking, &owning], |text| text.expires = ends).await;
    answered(&asking, &owning).await;
    shift_clocks([&asking, &owning], DAY_MS);
    assert_eq!(refused(&asking, &owning).await, [RefusalCode::AuthorityNotInForce]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_begins_at_its_instant() {
    let (asking, owning) = pair().await;
    let begins = owning.now().plus_millis(HOUR_MS);
    in_force_with(&[&asking, &owning], |text| text.effective = begins).await;
    assert_eq!(refused(&asking, &owning).await, [RefusalCode::AuthorityNotInForce]);
    shift_clocks([&asking, &owning], HOUR_MS);
    answered(&asking, &owning).await;
}

/// What was answered is redelivered until `end`, and refused behind it.
async fn redelivery_ends_too(end: impl AsyncFnOnce(&Agency, &AuthorityId)) {
    let (owner, raw, id) = owner_and_raw().await;
    let asked = raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    let (first, _) = raw.ask(&owner, &asked).await.answered();
    let (again, _) = raw.ask(&owner, &asked).await.answered();
    assert_eq!(first.as_bytes(), again.as_bytes());
    let before = owner.log().await.entries().len();
    end(&owner, &id).await;
    let reasons = raw.ask(&owner, &asked).await.refused(&owner.identity.card.message_key);
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(codes, [RefusalCode::AuthorityNotInForce]);
    let log = owner.log().await;
    let released = [Kind::QueryAnswered, Kind::AnswerRedelivered];
    assert!(!log.entries()[before..].iter().any(|entry| released.contains(&entry.header.kind)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_also_ends_redelivery() {
    redelivery_ends_too(async |owner, id| give_notice(owner, id, Act::Suspend).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_also_ends_redelivery() {
    redelivery_ends_too(async |owner, id| give_notice(owner, id, Act::Withdraw).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_agreement_also_ends_redelivery() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.redelivery_hours = 24 * 30);
    let (owner, raw) =
        (Agency::of(plan).await, RawPeer::start("hostile-ca-pd", Clock::system().now()));
    add_card(&owner, &raw.identity).await;
    let mut text = agreement(&[owner.id(), raw.id()], owner.now());
    text.expires = owner.now().plus_millis(2 * HOUR_MS);
    signed_by_both(&owner, &raw.identity, &text).await;
    let asked = raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    let (first, _) = raw.ask(&owner, &asked).await.answered();
    owner.clock.shift(HOUR_MS);
    assert_eq!(raw.ask(&owner, &asked).await.answered().0.as_bytes(), first.as_bytes());
    owner.clock.shift(HOUR_MS);
    let reasons = raw.ask(&owner, &asked).await.refused(&owner.identity.card.message_key);
    assert_eq!(
        reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(),
        [RefusalCode::AuthorityNotInForce]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivery_decided_before_the_end_of_its_authority_is_not_sent_after_it() {
    for suspended in [true, false] {
        let owner = Agency::start("owning-ca-pd").await;
        owner.add_reads(PLATE, 3).await;
        let raw = RawPeer::start("hostile-ca-pd", owner.now());
        add_card(&owner, &raw.identity).await;
        let mut text = agreement(&[owner.id(), raw.id()], owner.now());
        text.expires = owner.now().plus_millis(HOUR_MS);
        signed_by_both(&owner, &raw.identity, &text).await;
        let asked =
            raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
        drop(raw.ask(&owner, &asked).await.answered());
        let fetched = owner.store().fetches();
        owner.store().hold();
        let (reply, ()) = tokio::join!(raw.ask(&owner, &asked), async {
            eventually("its pages are fetched", async || {
                (owner.store().fetches() > fetched).then_some(())
            })
            .await;
            if suspended {
                give_notice(&owner, &text.id, Act::Suspend).await;
            } else {
                owner.clock.shift(HOUR_MS);
            }
            owner.store().release();
        });
        // For the moment it is an unsigned word; the same query again is refused with the reasons of now.
        assert!(reply.proves_nothing(), "{reply:?}");
        drop(raw.ask(&owner, &asked).await.refused(&owner.identity.card.message_key));
        assert_eq!(owner.log().await.count(Kind::AnswerRedelivered), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_decided_before_an_agreement_expires_are_not_answered_after_it() {
    let (asking, owning) = pair().await;
    let ends = owning.now().plus_millis(HOUR_MS);
    in_force_with(&[&asking, &owning], |text| text.expires = ends).await;
    owning.store().hold();
    let (heard, ()) = tokio::join!(asking.ask_one(owning.id(), PLATE), async {
        eventually("it is searching", async || (owning.store().searches() == 1).then_some(()))
            .await;
        owning.clock.shift(HOUR_MS);
        owning.store().release();
    });
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Refused, 0), "{heard:?}");
    assert_eq!(heard.reasons[0].code, RefusalCode::AuthorityNotInForce);
    assert_eq!(owning.log().await.count(Kind::QueryAnswered), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_decided_before_a_suspension_are_not_answered_after_it() {
    let (asking, owning, id) = sharing_pair().await;
    let many = 12;
    // Every query is decided, and held in its search, before the suspension.
    owning.store().hold();
    let (heard, ()) =
        tokio::join!(join_all((0..many).map(|_| asking.ask_one(owning.id(), PLATE))), async {
            eventually("all are searching", async || {
                (owning.store().searches() == many).then_some(())
            })
            .await;
            give_notice(&owning, &id, Act::Suspend).await;
            owning.store().release();
        });
    for heard in heard {
        assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Refused, 0), "{heard:?}");
        assert_eq!(heard.reasons[0].code, RefusalCode::AuthorityNotInForce);
    }
    assert_eq!(owning.log().await.count(Kind::QueryAnswered), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_queries_race_a_suspension_none_is_answered_behind_it() {
    let (asking, owning, id) = sharing_pair().await;
    let asks = join_all((0..64).map(|_| asking.ask_one(owning.id(), PLATE)));
    let (heard, ()) = tokio::join!(asks, async {
        owning
            .wait_for_log("a first answer", |log| {
                (log.count(Kind::QueryAnswered) > 0).then_some(())
            })
            .await;
        give_notice(&owning, &id, Act::Suspend).await;
    });
    let log = owning.log().await;
    let suspended = log.one(Kind::AgreementSuspended).header.index;
    let answers = log.all(Kind::QueryAnswered);
    assert!(answers.iter().all(|entry| entry.header.index < suspended));
    let with_reads = heard.iter().filter(|heard| !heard.reads.is_empty()).count();
    assert_eq!(with_reads, answers.len(), "reads were seen for logged answers and no others");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_one_use_is_used_once_whoever_races() {
    let (asking, owning) = pair().await;
    let scope = RequestScope { uses: Some(1), ..RequestScope::default() };
    let id = approved_request(&asking, &owning, scope).await;
    let heard = join_all((0..16).map(|_| ask_citing(&asking, &owning, &id, PLATE))).await;
    let answers: Vec<_> =
        heard.iter().filter(|heard| heard.outcome == OutcomeCode::Answered).collect();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].reads.len(), 3);
    for heard in heard.iter().filter(|heard| heard.outcome != OutcomeCode::Answered) {
        assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Refused, 0), "{heard:?}");
        assert_eq!(heard.reasons[0].code, RefusalCode::UsesExhausted);
    }
    let log = owning.log().await;
    assert_eq!((log.count(Kind::QueryAnswered), log.count(Kind::QueryRefused)), (1, 15));
    assert_eq!(requests::show(owning.own(), &id).expect("a request").uses_left, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_held_to_its_plates_and_its_end() {
    let (asking, owning) = pair().await;
    owning.add_reads("9OTHER9", 1).await;
    let scope = RequestScope {
        plates: vec![PLATE.parse().expect("a plate")],
        valid_until: Some(owning.now().plus_millis(DAY_MS)),
        ..RequestScope::default()
    };
    let id = approved_request(&asking, &owning, scope).await;
    assert_eq!(ask_citing(&asking, &owning, &id, PLATE).await.outcome, OutcomeCode::Answered);
    let other = asking.ask_one(owning.id(), "9OTHER9").await;
    assert_eq!(
        other.reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(),
        [RefusalCode::OutsideRequest]
    );
    shift_clocks([&asking, &owning], DAY_MS);
    assert_eq!(refused(&asking, &owning).await, [RefusalCode::AuthorityNotInForce]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_limit_holds_under_a_race_and_ends_with_the_day() {
    let (asking, owning) = pair().await;
    in_force_with(&[&asking, &owning], |text| text.daily_limit = Some(2)).await;
    let heard = join_all((0..8).map(|_| asking.ask_one(owning.id(), PLATE))).await;
    assert_eq!(heard.iter().filter(|heard| heard.outcome == OutcomeCode::Answered).count(), 2);
    let reasons = heard.iter().flat_map(|heard| &heard.reasons);
    assert!(
        reasons.clone().count() == 6
            && reasons.clone().all(|reason| reason.code == RefusalCode::Quota)
    );
    shift_clocks([&asking, &owning], DAY_MS);
    answered(&asking, &owning).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_limit_is_each_partys_own() {
    let (asking, owning) = pair().await;
    let other = Agency::start("other-ca-pd").await;
    introduce(&[&asking, &other]).await;
    introduce(&[&owning, &other]).await;
    in_force_with(&[&asking, &owning, &other], |text| text.daily_limit = Some(1)).await;
    answered(&asking, &owning).await;
    answered(&other, &owning).await;
    assert_eq!(refused(&asking, &owning).await, [RefusalCode::Quota]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_is_the_same_after_a_restart() {
    let (asking, mut owning, _) = sharing_pair().await;
    approved_request(&asking, &owning, RequestScope { uses: Some(3), ..RequestScope::default() })
        .await;
    let told = |agency: &Agency| {
        let state = agency.context().agency.registry.state();
        let folded = format!("{:?} {:?} {:?}", state.users, state.peers, state.agreements);
        (
            folded,
            format!("{:?} {:?} {:?}", state.requests, state.own, state.policy),
            state.generation(),
        )
    };
    let before = told(&owning);
    assert!(before.0.contains("asking-ca-pd") && before.1.contains("req-"));
    owning.restart().await;
    assert_eq!(told(&owning), before);
    answered(&asking, &owning).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_and_daily_counts_survive_a_restart() {
    let (asking, mut owning) = pair().await;
    let agreement = in_force_with(&[&asking, &owning], |text| text.daily_limit = Some(2)).await;
    let request = approved_request(
        &asking,
        &owning,
        RequestScope { uses: Some(2), ..RequestScope::default() },
    )
    .await;
    for authority in [&agreement, &request] {
        assert_eq!(
            ask_citing(&asking, &owning, authority, PLATE).await.outcome,
            OutcomeCode::Answered
        );
    }
    owning
        .wait_for_log("the receipts", |log| (log.count(Kind::ReceiptRecorded) == 2).then_some(()))
        .await;
    let counted = |agency: &Agency| {
        let tail = agency.context().agency.log.counters();
        let open: HashMap<_, _> =
            tail.unreceipted.clone().into_iter().filter(|(_, open)| *open > 0).collect();
        (tail.size, tail.uses.clone(), tail.today.clone(), tail.peer_seq.clone(), open)
    };
    let before = counted(&owning);
    owning.restart().await;
    assert_eq!(counted(&owning), before);
    for (authority, code) in
        [(&agreement, RefusalCode::Quota), (&request, RefusalCode::UsesExhausted)]
    {
        assert_eq!(
            ask_citing(&asking, &owning, authority, PLATE).await.outcome,
            OutcomeCode::Answered
        );
        let heard = ask_citing(&asking, &owning, authority, PLATE).await;
        assert_eq!((heard.outcome, heard.reasons[0].code), (OutcomeCode::Refused, code));
    }
}
