//! One exchange between two nodes: what the officer sees, and what stands in both logs.

use schemas::answer::Answer;
use schemas::body::Outcome;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::purpose::Purpose;
use schemas::query::Query;
use tests::agency::{Agency, Plan};
use tests::federation::{
    add_card, in_force, introduce, owner_and_raw, pair, sharing_pair, sharing_pair_of,
};
use tests::fixtures::{OFFICER, PLATE, draft, words};
use tests::logs::{Log, LogEntry, envelope};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;

/// What Civil Code 1798.90.52(a) demands of every access, and what this node adds to it.
fn says_who_what_why(entry: &LogEntry, asking: &Agency, owning: &Agency, outcome: Outcome) {
    let access = entry.access();
    assert_eq!(entry.body.at, entry.header.at);
    assert_eq!(entry.body.actor.user.as_ref().map(|user| user.as_str()), Some(OFFICER));
    assert_eq!(entry.body.actor.full_name.as_str(), "Maria Reyes");
    assert_eq!((&entry.body.actor.agency, &access.requester), (asking.id(), asking.id()));
    assert_eq!(&access.owner, owning.id());
    assert_eq!(access.elements.plate.as_ref().map(|plate| plate.as_str()), Some(PLATE));
    assert_eq!(access.why.purpose, Purpose::StolenVehicle);
    assert_eq!(access.why.case.as_str(), "26-004711");
    assert!(access.why.reason.as_str().starts_with("Stolen vehicle"));
    assert_eq!(access.outcome, outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answered_query_stands_in_both_logs_over_tcp() {
    let (asking, owning) = pair().await;
    let agreement = in_force(&[&asking, &owning]).await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3), "{heard:?}");
    assert_eq!(heard.basis.as_ref().map(|basis| &basis.authority), Some(&agreement));
    let query = heard.query_id.expect("a query id");
    owning
        .wait_for_log("the receipt", |log| (log.count(Kind::ReceiptRecorded) == 1).then_some(()))
        .await;

    let (asked, answered) = (asking.log().await, owning.log().await);
    assert_eq!(asked.exchange(query), [Kind::QuerySent, Kind::AnswerReceived]);
    assert_eq!(answered.exchange(query), [Kind::QueryAnswered, Kind::ReceiptRecorded]);
    let sent = asked.one(Kind::QuerySent);
    let received = asked.one(Kind::AnswerReceived);
    let released = answered.one(Kind::QueryAnswered);
    let receipt = answered.one(Kind::ReceiptRecorded);
    says_who_what_why(sent, &asking, &owning, Outcome::Sent);
    says_who_what_why(received, &asking, &owning, Outcome::Answered);
    says_who_what_why(released, &asking, &owning, Outcome::Answered);
    for entry in [received, released] {
        let access = entry.access();
        assert_eq!(
            access.basis.as_ref().map(|basis| (&basis.authority, basis.version)),
            Some((&agreement, 1))
        );
        assert_eq!(access.count, Some(3));
    }
    assert_eq!(heard.log.map(|log| log.index), Some(received.header.index));

    // Both sides hold the same signed bytes, and the receipt binds the answer.
    let (query_bytes, answer_bytes) = (&sent.envelopes[0], &received.envelopes[0]);
    assert_eq!(&released.envelopes, &[query_bytes.clone(), answer_bytes.clone()]);
    let answer_digest = Digest::of(answer_bytes.as_bytes());
    assert_eq!(receipt.detail("answer_digest"), &serde_json::json!(answer_digest));
    for entry in [sent, received, released] {
        assert_eq!(entry.access().query_digest, Some(Digest::of(query_bytes.as_bytes())));
    }
    let signed: Query = envelope(query_bytes)
        .verified_json(Signed::Query, &asking.identity.card.message_key)
        .expect("a signed query");
    assert_eq!((signed.id, &signed.to), (query, owning.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_reads_arrive_whole_and_in_pages_of_the_promised_digests() {
    let (asking, owning, _) = sharing_pair().await;
    owning.add_reads("8PAGES1", 900).await;
    let mut draft = draft(&[owning.id()], "8PAGES1", asking.now());
    draft.limit = 1_000;
    let heard = asking.ask(&draft).await.remove(0);
    assert_eq!(
        (heard.outcome, heard.reads.len(), heard.truncated),
        (OutcomeCode::Answered, 900, false),
        "{:?}",
        heard.error
    );
    let log = asking.log().await;
    let received = log.one(Kind::AnswerReceived);
    let header: Answer = envelope(&received.envelopes[0])
        .verified_json(Signed::Answer, &owning.identity.card.message_key)
        .expect("a signed answer");
    assert!(header.pages.len() > 1, "the claim is about several pages");
    let query = heard.query_id.expect("a query id");
    let now = asking.clock.now();
    let kept = asking.context().store.pages(store::Side::Asked, query, now).await;
    let kept = kept.expect("kept pages");
    let promised: Vec<_> = header.pages.iter().map(|page| page.digest).collect();
    assert_eq!(kept.iter().map(|page| Digest::of(page)).collect::<Vec<_>>(), promised);
    // The reads stand in pages, never in the log.
    assert!(received.envelopes.iter().all(|text| !text.contains("8PAGES1-camera")));
    assert!(
        !String::from_utf8_lossy(envelope(&received.envelopes[0]).unverified_payload())
            .contains("camera")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_cut_at_the_limit_and_says_so() {
    let (asking, owning, _) = sharing_pair().await;
    let mut draft = draft(&[owning.id()], PLATE, asking.now());
    draft.limit = 2;
    let heard = asking.ask(&draft).await.remove(0);
    assert_eq!(
        (heard.outcome, heard.reads.len(), heard.truncated),
        (OutcomeCode::Answered, 2, true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_read_of_another_plate_is_released() {
    let (asking, owning, _) = sharing_pair().await;
    owning.add_reads("9OTHER9", 5).await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(heard.reads.len(), 3);
    assert!(heard.reads.iter().all(|read| read.plate.as_str() == PLATE));
    let none = asking.ask_one(owning.id(), "1NOBODY").await;
    assert_eq!((none.outcome, none.reads.len()), (OutcomeCode::Answered, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_asks_those_that_give_authority_and_nobody_else() {
    let (asking, owning, _) = sharing_pair().await;
    let other = Agency::start("other-ca-pd").await;
    introduce(&[&asking, &other]).await;
    let mut draft = draft(&[], PLATE, asking.now());
    draft.whom = schemas::draft::Recipients::All;
    let heard = asking.ask(&draft).await;
    assert_eq!(
        heard.iter().map(|heard| (&heard.owner, heard.outcome)).collect::<Vec<_>>(),
        [(owning.id(), OutcomeCode::Answered)]
    );
    assert_eq!(other.log().await.count(Kind::QueryRefused), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_and_a_dead_owner_delay_nobody() {
    let asking =
        Agency::of(Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 2)).await;
    let alive = Agency::start("alive-ca-pd").await;
    let mut dead = Agency::start("dead-ca-pd").await;
    introduce(&[&asking, &alive, &dead]).await;
    alive.add_reads(PLATE, 1).await;
    let mut mute = RawPeer::start("a-mute-ca-pd", asking.now());
    mute.answer(|_| None);
    add_card(&asking, &mute.identity).await;
    in_force(&[&asking, &alive]).await;
    dead.stop().await;

    let owners = [mute.id(), dead.id(), alive.id()];
    let heard = asking.ask(&draft(&owners, PLATE, asking.now())).await;
    let came: Vec<_> = heard.iter().map(|heard| (heard.owner.as_str(), heard.outcome)).collect();
    assert_eq!(
        came[0],
        ("alive-ca-pd", OutcomeCode::Answered),
        "who answers is heard before who is waited for: {came:?}"
    );
    assert_eq!(came.len(), 3);
    assert!(came[1..].iter().all(|(_, outcome)| *outcome == OutcomeCode::Unanswered), "{came:?}");
    let log: Log = asking.log().await;
    assert_eq!(log.count(Kind::QuerySent), 3);
    assert_eq!(log.count(Kind::QueryUnanswered), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_machine_refuses_connections_is_given_up_early_with_a_sentence() {
    let asking =
        Agency::of(Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 60)).await;
    let mut owning = Agency::start("owning-ca-pd").await;
    introduce(&[&asking, &owning]).await;
    in_force(&[&asking, &owning]).await;
    owning.stop().await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(heard.outcome, OutcomeCode::Unanswered);
    let why = heard.error.expect("why");
    let address = owning.identity.card.addresses[0].as_str();
    assert!(why.starts_with(&format!("{address} refuses connections; ")), "{why}");
    let again = format!("`accord query --again {}`", heard.query_id.expect("an id"));
    assert!(why.ends_with(&again) && why.len() < 250 && !why.contains("p2p"), "{why}");
    assert_eq!(asking.log().await.count(Kind::QueryUnanswered), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_down_is_asked_again_under_the_same_id() {
    let asking =
        Agency::of(Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 1)).await;
    let mut owning = Agency::start("owning-ca-pd").await;
    introduce(&[&asking, &owning]).await;
    owning.add_reads(PLATE, 3).await;
    in_force(&[&asking, &owning]).await;
    owning.stop().await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0));
    let query = heard.query_id.expect("a query id");
    owning.run().await;
    let again = asking
        .node()
        .queries
        .ask_again(query, &asking.officer())
        .await
        .expect("a query that can be asked again");
    assert_eq!(
        (again.outcome, again.reads.len(), again.query_id),
        (OutcomeCode::Answered, 3, Some(query)),
        "{:?}",
        again.error
    );
    let kinds = asking.log().await.exchange(query);
    assert_eq!(
        kinds,
        [Kind::QuerySent, Kind::QueryUnanswered, Kind::QuerySent, Kind::AnswerReceived]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ones_own_policy_forbids_never_leaves() {
    let (asking, owning) = pair().await;
    in_force(&[&asking, &owning]).await;
    let mut draft = draft(&[owning.id()], PLATE, asking.now());
    draft.why.purpose = Purpose::CivilAction;
    let heard = asking.ask(&draft).await.remove(0);
    assert_eq!(
        (heard.outcome, heard.refused_by),
        (OutcomeCode::Refused, Some(RefusedBy::OwnPolicy))
    );
    let log = asking.log().await;
    assert_eq!((log.count(Kind::QueryDeclined), log.count(Kind::QuerySent)), (1, 0));
    let owner = owning.log().await;
    assert_eq!((owner.count(Kind::QueryRefused), owner.count(Kind::QueryAnswered)), (0, 0));
}

/// A peer that dials at the same instant, from the port it listens on, must not meet a dial that
/// comes from the port it dials: TCP would make one connection of the two, and neither would hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_dials_from_another_port_than_it_listens_on() {
    let (owner, raw, _) = owner_and_raw().await;
    let from = eventually("the owner dials", async || raw.dialled_from(&owner)).await;
    assert_ne!(from, owner.identity.card.addresses[0].as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_tells_the_officer_what_asking_tells() {
    let plan = Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 1);
    let (asking, mut owning, _) = sharing_pair_of(plan, Plan::of("owning-ca-pd")).await;
    owning.stop().await;
    let mut urgent = draft(&[owning.id()], PLATE, asking.now());
    urgent.why.danger = words("shots fired at a school");
    let first = asking.ask(&urgent).await.remove(0);
    assert_eq!(first.outcome, OutcomeCode::Unanswered, "{first:?}");
    let (query, said) = (first.query_id.expect("a query id"), (first.search, first.asked));
    assert!(said.0.is_some() && said.1.is_some(), "{said:?}");
    owning.run().await;
    let officer = asking.officer();
    let again = eventually("an answer", async || {
        let heard = asking.node().queries.ask_again(query, &officer).await.expect("an open query");
        (heard.outcome == OutcomeCode::Answered).then_some(heard)
    })
    .await;
    assert_eq!((again.search, again.asked), said);
}
