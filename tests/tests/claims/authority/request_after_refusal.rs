//! A refused query becomes a written request in one step, and runs again by itself once that is
//! approved.

use agreements::request::RequestScope;
use node::admin::requests::{self, RequestView, Submission};
use node::permission::ActError;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::purpose::QueryKind;
use schemas::query::QueryId;
use schemas::refusal::RefusalCode;
use tests::agency::Agency;
use tests::faulty_store::Failure;
use tests::federation::sharing_pair;
use tests::fixtures::{PLATE, draft, words};
use tests::logs::Log;
use tests::officials::{approve, delegate, officer};
use tests::wait::eventually;
use tests::written_requests::{
    asking_and_indio, file_request, file_request_within, refusal_code, wait_for_state,
};

/// A refused query, and the request that follows it in one step.
async fn after_refusal(
    asking: &Agency,
    owning: &Agency,
    scope: RequestScope,
) -> (QueryId, RequestView) {
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(refusal_code(&heard), RefusalCode::NoAuthority);
    let refused = heard.query_id.expect("a query");
    let follows = Submission { after_refusal: Some(refused), scope, ..Submission::default() };
    (refused, file_request(asking, owning, &follows).await)
}

/// The kinds of the entries of the query that ran by itself.
async fn rerun(asking: &Agency, query: QueryId) -> Vec<Kind> {
    asking.log().await.exchange(query)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_query_becomes_a_request_in_one_step_and_runs_once_it_is_approved() {
    let (asking, owning, official) = asking_and_indio().await;
    let (refused, row) = after_refusal(&asking, &owning, RequestScope::default()).await;
    let log = asking.log().await;
    let asked = log.one(Kind::QuerySent).access();
    assert_eq!((&row.owner, row.requested_by.as_str()), (owning.id(), "Maria Reyes"));
    assert_eq!((row.purpose, &row.case), (Some(asked.why.purpose), &asked.why.case));
    assert_eq!(row.scope.plates, asked.elements.plate.clone().into_iter().collect::<Vec<_>>());
    let window = (Some(asked.elements.from), Some(asked.elements.until));
    assert_eq!(((row.scope.from, row.scope.until), row.uses_left), (window, Some(1)));
    let again = row.rerun.expect("the query that runs again");
    assert_ne!(again, refused);
    assert_eq!(rerun(&asking, again).await, [], "not before it is approved");

    approve(&owning, &official, &row.request).await.expect("an approval");
    wait_for_state(&asking, &row.request, "used_up").await;
    let all = [Kind::QuerySent, Kind::AnswerReceived];
    assert_eq!(rerun(&asking, again).await, all);
    let log = asking.log().await;
    let sent = log.last(Kind::QuerySent);
    assert_eq!(sent.access().authority.as_ref(), Some(&row.request));
    assert_eq!(sent.access().elements, asked.elements);
    let told = sent.body.actor.auth.clone();
    assert!(told.contains(&refused.to_string()) && told.contains("rerun"), "{told}");

    let shown = asking.node().queries.ask_again(again, &asking.officer()).await;
    let shown = shown.expect("the answer, kept");
    assert_eq!((shown.outcome, shown.reads.len()), (OutcomeCode::Answered, 3));
    let log = asking.log().await;
    let viewed = log.one(Kind::AnswerViewed);
    assert!(viewed.belongs_to(again) && viewed.access().count == Some(3));
    assert_eq!(owning.log().await.count(Kind::QueryAnswered), 1, "it was not asked again");
    assert_eq!(requests::show(owning.own(), &row.request).expect("a request").uses_left, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_was_refused_while_a_life_is_in_danger_becomes_an_urgent_request() {
    let (asking, owning, official) = asking_and_indio().await;
    let plain = asking.ask_one(owning.id(), PLATE).await;
    let mut urgent = draft(&[owning.id()], PLATE, asking.now());
    urgent.why.danger = words("child in the back seat of the taken car");
    let heard = asking.ask(&urgent).await;
    for refused in [plain.query_id, heard[0].query_id] {
        let follows = Submission { after_refusal: refused, ..Submission::default() };
        file_request(&asking, &owning, &follows).await;
    }
    let waits = owning.node().app.waiting(&official).await.expect("what waits");
    let told: Vec<_> = waits.iter().filter(|one| one.kind == "request").collect();
    assert!(told[0].what.starts_with("URGENT: asking-ca-pd"), "the last, and told first: {told:?}");
    assert!(told.len() == 2 && !told[1].what.contains("URGENT"), "{told:?}");
    let filed = requests::list(owning.own());
    let of = |danger: &str| filed.iter().filter(|one| one.danger.as_str() == danger).count();
    assert_eq!((of(urgent.why.danger.as_str()), of("")), (1, 1));
    let waits = owning.node().app.waits().await.expect("how much waits");
    assert!(waits.urgent(), "duty posts are told again and again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_approval_and_rerun_neither_loses_nor_repeats_it() {
    let (mut asking, owning, official) = asking_and_indio().await;
    // Uses are left: it is not for want of them that it runs no second time.
    let three = RequestScope { uses: Some(3), ..RequestScope::default() };
    let (_, row) = after_refusal(&asking, &owning, three).await;
    let again = row.rerun.expect("the query that runs again");
    // The approval is recorded, and the query cannot be: it does not run.
    asking.store().fail_on(Kind::QuerySent, Failure::BeforeWrite);
    approve(&owning, &official, &row.request).await.expect("an approval");
    wait_for_state(&asking, &row.request, "approved").await;
    eventually("it was tried", async || (asking.store().failed() > 0).then_some(())).await;
    assert_eq!(rerun(&asking, again).await, []);
    let once = [Kind::QuerySent, Kind::AnswerReceived];
    asking.restart().await;
    let answered = |log: &Log| (log.count(Kind::AnswerReceived) == 1).then_some(());
    asking.wait_for_log("the answer", answered).await;
    assert_eq!(rerun(&asking, again).await, once);
    for _ in 0..2 {
        asking.restart().await;
        // Another change of the registry has it look again.
        delegate(&asking, &officer(), "Anything", asking.now(), asking.now().plus_millis(1)).await;
        file_request_within(
            &asking,
            &owning,
            RequestScope { uses: Some(1), ..RequestScope::default() },
        )
        .await;
    }
    assert_eq!(rerun(&asking, again).await, once);
    assert_eq!(owning.log().await.count(Kind::QueryAnswered), 1);
    assert_eq!(requests::show(asking.own(), &row.request).expect("a request").uses_left, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_comes_while_the_requester_is_down_runs_the_query_when_it_is_back() {
    let (mut asking, owning, official) = asking_and_indio().await;
    let (_, row) = after_refusal(&asking, &owning, RequestScope::default()).await;
    asking.stop().await;
    approve(&owning, &official, &row.request).await.expect("an approval");
    asking.run().await;
    wait_for_state(&asking, &row.request, "used_up").await;
    let again = row.rerun.expect("the query that runs again");
    assert_eq!(rerun(&asking, again).await, [Kind::QuerySent, Kind::AnswerReceived]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_follows_only_a_query_that_was_refused() {
    let (asking, owning, _) = sharing_pair().await;
    let answered = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(answered.outcome, OutcomeCode::Answered);
    let mut unfit = draft(&[owning.id()], PLATE, asking.now());
    unfit.why.reason = words("inv");
    let declined = asking.ask(&unfit).await.remove(0);
    assert_eq!(declined.refused_by, Some(RefusedBy::OwnPolicy));
    let never: QueryId = "00000000000000000000000000000000".parse().expect("an id");
    for (query, said) in [
        (answered.query_id.expect("a query"), "was not refused"),
        (declined.query_id.expect("a query"), "sent from here"),
        (never, "sent from here"),
    ] {
        let follows = Submission { after_refusal: Some(query), ..Submission::default() };
        let turned_down = requests::submit(
            asking.own(),
            asking.keys(),
            asking.store().as_ref(),
            &asking.officer(),
            &follows,
        )
        .await;
        let Err(ActError::Usage(error)) = turned_down else { panic!("{turned_down:?}") };
        assert!(error.sentence.contains(said), "{error}");
    }
    assert_eq!(asking.log().await.count(Kind::RequestSubmitted), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_after_a_search_for_a_misread_plate_names_every_plate_that_it_opens() {
    let (asking, owning, official) = asking_and_indio().await;
    owning.add_reads("7A8CI23", 1).await;
    let ask = async |plate: &str| {
        let mut draft = draft(&[owning.id()], plate, asking.now());
        draft.elements.kind = QueryKind::Misread;
        let refused = asking.ask(&draft).await.remove(0).query_id;
        Submission { after_refusal: refused, ..Submission::default() }
    };
    let row = file_request(&asking, &owning, &ask(PLATE).await).await;
    // 7ABC123: B or 8, 1 or I or L, 2 or Z.
    assert_eq!(row.scope.plates.len(), 2 * 3 * 2);
    approve(&owning, &official, &row.request).await.expect("an approval");
    wait_for_state(&asking, &row.request, "used_up").await;
    let again = row.rerun.expect("the query that runs again");
    let shown =
        asking.node().queries.ask_again(again, &asking.officer()).await.expect("the answer");
    assert_eq!((shown.reads.len(), shown.misread.len()), (4, 1));
    // A request does not name hundreds.
    let many = requests::submit(
        asking.own(),
        asking.keys(),
        asking.store().as_ref(),
        &asking.officer(),
        &ask("0OD1I2Z").await,
    )
    .await;
    let Err(ActError::Usage(error)) = many else { panic!("{many:?}") };
    assert!(error.sentence.contains("more plates than the 50"), "{error}");
}
