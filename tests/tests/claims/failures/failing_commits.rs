//! Whatever makes something durable fails, or happens and says it failed: entries of exchanges,
//! refusals, documents, acts and alarms, kept heads, the outbox. The tree is that of the entries, no
//! index is used twice, what was acknowledged is there, what peers cosigned before still leads on,
//! and the step is taken when it is tried again.

use std::collections::BTreeSet;

use agreements::agreement::Act;
use futures::future::join_all;
use node::admin::cards;
use node::auditing::alarms;
use node::retention::holds::{HoldRequest, HoldTarget, place};
use schemas::alarm::AlarmKind;
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind as Kind;
use schemas::merkle::{Frontier, leaf};
use schemas::outcome::OutcomeCode;
use schemas::purpose::Purpose;
use store::Heads as _;
use tests::agency::{Agency, Plan};
use tests::faulty_store::{Failure, Step};
use tests::federation::{
    adhere, pair_of, propose, roll_back_cosigned, sharing_pair_of, wait_for_adherence,
    wait_for_agreement,
};
use tests::fixtures::{PLATE, agreement, draft, words};
use tests::logs::LogEntry;
use tests::wait::eventually;

/// The log is whole, and its signed head is that of its entries.
async fn holds(agency: &Agency, when: &str) {
    // The node may append between the two.
    let (log, head) = eventually(&format!("{when}: the log stands still"), async || {
        let (log, head) = (agency.log().await, agency.context().agency.log.head().expect("a head"));
        (log.entries().len() as u64 == head.unverified().size).then_some((log, head))
    })
    .await;
    let mut tree = Frontier::new();
    let mut indices = BTreeSet::new();
    for entry in log.entries() {
        assert!(indices.insert(entry.header.index), "{when}: an index stands twice");
        tree.push(leaf(&entry.header.to_bytes().expect("a header")));
    }
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
    let (mut asking, mut owning, _) = sharing_pair_of(asking, Plan::of("owning-ca-pd")).await;
    for (at_owner, kind) in [
        (false, Kind::QuerySent),
        (true, Kind::QueryAnswered),
        (false, Kind::AnswerReceived),
        (true, Kind::ReceiptRecorded),
    ] {
        for how in WAYS {
            let when = format!("{kind} {how:?}");
            let failing = if at_owner { &owning } else { &asking };
            failing.store().fail_once_on(kind, how);
            let heard = asking.ask_one(owning.id(), PLATE).await;
            // Nobody sees an answer whose entry was not known to be durable.
            assert!(heard.reads.is_empty() || kind != Kind::AnswerReceived, "{when}");
            let failing = if at_owner { &owning } else { &asking };
            // A receipt comes after the answer was shown.
            eventually(&format!("{when}: it fails as it was told to"), async || {
                (failing.store().failed() == 1).then_some(())
            })
            .await;
            assert_eq!(
                asking.ask_one(owning.id(), PLATE).await.outcome,
                OutcomeCode::Answered,
                "{when}"
            );
            for (agency, other) in [(&asking, &owning), (&owning, &asking)] {
                holds(agency, &when).await;
                assert_eq!(agency.node().have_cosigned_by_all().await, 1, "{when}");
                assert!(alarms::list(&other.context().agency).is_empty(), "{when}");
            }
            asking.restart().await;
            owning.restart().await;
            holds(&asking, &when).await;
            holds(&owning, &when).await;
        }
    }
}

/// Two agencies between which `agreement` is in force, and which wait two seconds for an answer.
async fn two() -> (Agency, Agency, AuthorityId) {
    let asking = Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 2);
    let (asking, owning, id) = sharing_pair_of(asking, Plan::of("owning-ca-pd")).await;
    (asking, owning, id)
}

/// Both logs hold, now and after both nodes start again, and lead on from what the other cosigned.
async fn both_hold(asking: &mut Agency, owning: &mut Agency, when: &str) {
    for restarted in [false, true] {
        if restarted {
            asking.restart().await;
            owning.restart().await;
        }
        for (agency, other) in [(&*asking, &*owning), (&*owning, &*asking)] {
            holds(agency, when).await;
            assert_eq!(agency.node().have_cosigned_by_all().await, 1, "{when}");
            assert!(alarms::list(&other.context().agency).is_empty(), "{when}");
        }
    }
}

const WAYS: [Failure; 2] = [Failure::BeforeWrite, Failure::AfterWrite];

/// Every case with each way of failing.
fn each_way<T: Copy>(cases: &[T]) -> impl Iterator<Item = (T, Failure)> {
    cases.iter().flat_map(|case| WAYS.map(|how| (*case, how)))
}

/// Waits until the agency's store has failed once.
async fn fails(agency: &Agency, when: &str) {
    eventually(&format!("{when}: it fails as it was told to"), async || {
        (agency.store().failed() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_whose_entry_fails_is_given_and_shown_only_once_it_is_logged() {
    let cases =
        [(true, Kind::QueryRefused), (false, Kind::RefusalReceived), (false, Kind::QueryDeclined)];
    // Each case has agencies of its own and waits most of its time: all of them wait together.
    join_all(each_way(&cases).map(async |((at_owner, kind), how)| {
        let when = format!("{kind} {how:?}");
        let asking = Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 2);
        let (mut asking, mut owning) = pair_of(asking, Plan::of("owning-ca-pd")).await;
        // Without an agreement the owner refuses, what it forbids itself the agency does.
        let mut beyond = draft(&[owning.id()], PLATE, asking.now());
        if kind == Kind::QueryDeclined {
            beyond.why.purpose = Purpose::CivilAction;
        }
        let failing = if at_owner { &owning } else { &asking };
        failing.store().fail_once_on(kind, how);
        let heard = asking.ask(&beyond).await.remove(0);
        assert!(at_owner || heard.outcome == OutcomeCode::Unanswered, "{when}: {}", heard.outcome);
        fails(if at_owner { &owning } else { &asking }, &when).await;
        assert_eq!(asking.ask(&beyond).await.remove(0).outcome, OutcomeCode::Refused, "{when}");
        let log = if at_owner { owning.log().await } else { asking.log().await };
        assert!(log.count(kind) >= 1, "{when}");
        both_hold(&mut asking, &mut owning, &when).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_answers_and_one_delivered_again_are_logged_when_the_log_can_be() {
    join_all(WAYS.map(async |how| {
        let (mut asking, mut owning, _) = two().await;
        // The owner cannot log and so not answer; the requester cannot log that.
        owning.store().fail_on(Kind::QueryAnswered, Failure::BeforeWrite);
        asking.store().fail_once_on(Kind::QueryUnanswered, how);
        let heard = asking.ask_one(owning.id(), PLATE).await;
        assert_ne!(heard.outcome, OutcomeCode::Answered, "{how:?}");
        owning.store().mend();
        fails(&asking, "unanswered").await;
        let query = heard.query_id.expect("a query id");
        asking.restart().await;
        asking
            .wait_for_log("the open query is closed", |log| {
                log.exchange(query).contains(&Kind::QueryUnanswered).then_some(())
            })
            .await;
        // The answer comes when it is asked for again; then it is lost, and comes once more.
        asking.store().fail_once_on(Kind::AnswerReceived, Failure::BeforeWrite);
        owning.store().fail_once_on(Kind::AnswerRedelivered, how);
        let officer = asking.officer();
        let mut outcomes = Vec::new();
        for _ in 0..3 {
            let again =
                asking.node().queries.ask_again(query, &officer).await.expect("an open query");
            outcomes.push(again.outcome);
            if again.outcome == OutcomeCode::Answered {
                assert_eq!(again.reads.len(), 3, "{how:?}");
                break;
            }
        }
        assert_eq!(outcomes.last(), Some(&OutcomeCode::Answered), "{how:?}: {outcomes:?}");
        assert_eq!(asking.store().failed(), 1, "{how:?}");
        both_hold(&mut asking, &mut owning, &format!("redelivered {how:?}")).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_letters_arrive_once_whatever_fails_on_the_way() {
    let cases = [
        (true, Step::Entry(Kind::AgreementReceived)),
        (true, Step::Entry(Kind::AgreementAdhered)),
        (false, Step::Delivered),
        (true, Step::Entry(Kind::AgreementSuspended)),
    ];
    join_all(each_way(&cases).map(async |((at_receiver, step), how)| {
        let when = format!("{step:?} {how:?}");
        let (mut asking, mut owning, _) = two().await;
        let failing = if at_receiver { &owning } else { &asking };
        failing.store().fail_once_at(step, how);
        let text = agreement(&[asking.id(), owning.id()], asking.now());
        propose(&asking, &text, None).await;
        wait_for_agreement(&owning, &text.id).await;
        adhere(&owning, &text, None).await;
        wait_for_adherence(&owning, &text.id, asking.id()).await;
        wait_for_adherence(&asking, &text.id, owning.id()).await;
        tests::federation::give_notice(&asking, &text.id, Act::Suspend).await;
        owning
            .wait_for_log(&format!("{when}: the notice arrives"), |log| {
                (log.count(Kind::AgreementSuspended) == 1).then_some(())
            })
            .await;
        fails(if at_receiver { &owning } else { &asking }, &when).await;
        let log = owning.log().await;
        let of = |kind| {
            let of = |entry: &&&LogEntry| entry.detail("agreement") == text.id.to_string().as_str();
            log.all(kind).iter().filter(of).count()
        };
        assert_eq!((of(Kind::AgreementReceived), of(Kind::AgreementSuspended)), (1, 1), "{when}");
        both_hold(&mut asking, &mut owning, &when).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_says_it_failed_can_be_done_again() {
    for how in WAYS {
        let (mut asking, mut owning, _) = two().await;
        let (context, admin) = (owning.context().clone(), owning.admin());
        let wanted = HoldRequest {
            on: HoldTarget::Case(words("26-00417")),
            reason: words("Trial set for May"),
        };
        for kind in [Kind::HoldPlaced, Kind::CardBlocked, Kind::CardUnblocked, Kind::ReadsImported]
        {
            let when = format!("{kind} {how:?}");
            let failed = owning.store().failed();
            owning.store().fail_once_on(kind, how);
            let act = async || match kind {
                Kind::HoldPlaced => {
                    place(&owning.node().app.retention, &admin, &wanted).await.map(drop)
                }
                Kind::ReadsImported => {
                    let reads = tests::fixtures::reads(owning.id(), "4HOW", 2, owning.now());
                    let reads = reads.into_iter().map(ingest::ImportedRead::new).collect();
                    owning
                        .node()
                        .importer
                        .store(&admin.clone().into(), &words("test"), "native", reads)
                        .await
                        .map(drop)
                }
                _ => {
                    let (agency, why) = (&context.agency, words("review"));
                    if kind == Kind::CardBlocked {
                        cards::block(agency, &admin, asking.id(), &why).await
                    } else {
                        cards::unblock(agency, &admin, asking.id(), &why).await
                    }
                }
            };
            assert!(act().await.is_err(), "{when}: nobody may be told that it was done");
            assert_eq!(owning.store().failed(), failed + 1, "{when}");
            // What was done unseen may say so; what was lost is done now.
            let done = act().await;
            assert!(done.is_ok() || how == Failure::AfterWrite, "{when}: {done:?}");
            assert!(owning.log().await.count(kind) >= 1, "{when}");
        }
        both_hold(&mut asking, &mut owning, &format!("acts {how:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_cosigned_only_once_it_is_kept() {
    let cases = [(true, Step::Witness), (false, Step::KeepCosigned)];
    join_all(each_way(&cases).map(async |((at_witness, step), how)| {
        let when = format!("{step:?} {how:?}");
        let (mut asking, mut owning, _) = two().await;
        let failing = if at_witness { &asking } else { &owning };
        failing.store().fail_once_at(step, how);
        assert_eq!(owning.node().have_cosigned_by_all().await, 0, "{when}");
        assert_eq!(failing.store().failed(), 1, "{when}");
        let size = owning.context().agency.log.counters().size;
        let kept = owning.store().cosigned(size).await.expect("a store");
        assert!(kept.is_none() || how == Failure::AfterWrite && !at_witness, "{when}: {kept:?}");
        both_hold(&mut asking, &mut owning, &when).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_whose_entry_fails_is_raised_when_it_is_shown_again() {
    join_all(WAYS.map(async |how| {
        let (asking, mut owning, _) = two().await;
        roll_back_cosigned(&asking, &mut owning).await;
        owning.delete_anchor();
        owning.run().await;
        owning.store().fail_once_on(Kind::AlarmRaised, how);
        owning.node().have_cosigned_by_all().await;
        eventually("the alarm stands", async || {
            owning.node().have_cosigned_by_all().await;
            let kinds: Vec<_> =
                alarms::list(&owning.context().agency).iter().map(|a| a.what.kind).collect();
            (kinds == [AlarmKind::RolledBack]).then_some(())
        })
        .await;
        holds(&owning, &format!("alarm {how:?}")).await;
    }))
    .await;
}
