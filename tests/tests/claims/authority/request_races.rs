//! What crosses, differs or is renewed while a written request is on its way.

use agreements::policy::Policy;
use agreements::request::{RequestScope, Verdict};
use node::admin::policy;
use node::admin::requests::{self, RequestView, Submission};
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use tests::agency::Agency;
use tests::federation::introduce;
use tests::fixtures::{PLATE, words};
use tests::officials::{approve, decision, delegate, officer};
use tests::written_requests::{
    approve_and_wait, ask_citing, asking_and_indio, file_request, file_request_within,
    refusal_code, sheet_of, single_use, wait_for_state,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_and_an_approval_that_cross_end_withdrawn_and_keep_nothing_back() {
    let (asking, owning, official) = asking_and_indio().await;
    let (approval, by) = (decision(Verdict::Approved, RequestScope::default()), officer());
    // On a busy machine one side may hear of the other's word before it gives its own: then they did not cross.
    let mut crossed = None;
    for _ in 0..20 {
        let request = file_request_within(&asking, &owning, single_use()).await;
        let (approved_here, withdrawn) = tokio::join!(
            requests::decide(owning.own(), owning.keys(), &official, &request, &approval),
            requests::withdraw(asking.own(), asking.keys(), &by, &request)
        );
        if approved_here.is_ok() && withdrawn.is_ok() {
            crossed = Some(request);
            break;
        }
    }
    let request = crossed.expect("neither side knew");
    for agency in [&asking, &owning] {
        agency.node().wake();
        wait_for_state(agency, &request, "withdrawn").await;
    }
    // The letters behind it still arrive.
    let next = file_request_within(&asking, &owning, single_use()).await;
    approve_and_wait(&asking, &owning, &official, &next).await;
    for agency in [&asking, &owning] {
        assert_eq!(agency.log().await.count(Kind::PeerRejected), 0, "{}", agency.id());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sheet_holds_every_use_though_clocks_differ() {
    let (asking, owning, official) = asking_and_indio().await;
    asking.clock.shift(240_000);
    let request = file_request_within(&asking, &owning, single_use()).await;
    approve_and_wait(&asking, &owning, &official, &request).await;
    assert_eq!(ask_citing(&asking, &owning, &request, PLATE).await.outcome, OutcomeCode::Answered);
    let answered = owning.log().await.one(Kind::QueryAnswered).header.index;
    let sheet = sheet_of(&owning, &official, &request).await.expect("a sheet");
    assert!(sheet.contains(&format!("<td>{answered}</td>")), "{sheet}");
}

async fn follows(asking: &Agency, owning: &Agency, more: Submission) -> RequestView {
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(refusal_code(&heard), RefusalCode::NoAuthority);
    file_request(asking, owning, &Submission { after_refusal: heard.query_id, ..more }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_ones_own_policy_no_longer_lets_go_is_declined_once() {
    let (mut asking, owning, official) = asking_and_indio().await;
    let row = follows(&asking, &owning, Submission::default()).await;
    let text = Policy::builtin_text("california-statute").expect("a policy");
    let stolen = |part: &&str| !part.contains("code = \"stolen_vehicle\"");
    let other = text.split("[[purposes]]").filter(stolen).collect::<Vec<_>>().join("[[purposes]]");
    let adopted = policy::adopt(asking.own(), &asking.admin(), "mine.toml", &other).await;
    adopted.expect("a policy without stolen vehicles");
    approve_and_wait(&asking, &owning, &official, &row.request).await;
    let declined = |log: &tests::logs::Log| log.count(Kind::QueryDeclined);
    asking.wait_for_log("the query is declined", |log| (declined(log) > 0).then_some(())).await;
    for _ in 0..2 {
        asking.restart().await;
        delegate(&asking, &officer(), "Anything", asking.now(), asking.now().plus_millis(1)).await;
        // A round trip, in which a second try would have been logged.
        file_request_within(&asking, &owning, single_use()).await;
    }
    assert_eq!(declined(&asking.log().await), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_that_runs_is_that_of_the_request_where_it_says_otherwise() {
    let (asking, owning, official) = asking_and_indio().await;
    let anew = Submission { case: words("26-005555"), ..Submission::default() };
    let row = follows(&asking, &owning, anew).await;
    approve(&owning, &official, &row.request).await.expect("an approval");
    let again = row.rerun.expect("the query that runs again");
    let ended = |log: &tests::logs::Log| Some(log.exchange(again)).filter(|all| all.len() == 2);
    let exchange = asking.wait_for_log("its end", ended).await;
    assert_eq!(exchange, [Kind::QuerySent, Kind::AnswerReceived]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_after_a_refusal_goes_to_whoever_refused() {
    let (asking, owning, _) = asking_and_indio().await;
    let other = Agency::start("other-ca-pd").await;
    introduce(&[&asking, &other]).await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    let to = Some(other.id().clone());
    let elsewhere = Submission { to, after_refusal: heard.query_id, ..Submission::default() };
    let refused = requests::submit(
        asking.own(),
        asking.keys(),
        asking.store().as_ref(),
        &asking.officer(),
        &elsewhere,
    )
    .await;
    let said = refused.expect_err("another owner").to_string();
    assert!(said.contains("was refused by `indio-ca-pd`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_is_not_approved() {
    let (asking, owning, official) = asking_and_indio().await;
    let valid_until = Some(owning.now().plus_millis(1_000));
    let scope = RequestScope { valid_until, ..RequestScope::default() };
    let request = file_request_within(&asking, &owning, scope).await;
    owning.clock.shift(1_000);
    let late = approve(&owning, &official, &request).await;
    assert!(late.is_err(), "{late:?}");
}
