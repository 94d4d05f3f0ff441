//! What a policy may have follow on a reason that was unacceptable: a supervisor suspends the person, until what
//! was said to her is on record and she is trained anew; and summaries that are given at cadences of their own.

use agreements::policy::Policy;
use agreements::request::RequestScope;
use node::admin::requests::Submission;
use node::admin::training::{self, Training};
use node::auditing::duties::{self, Done, due};
use node::reads::search::search;
use schemas::duty::DutyCode;
use schemas::entry::EntryKind as Kind;
use schemas::query::UserName;
use schemas::refusal::RefusalCode;
use tempfile::NamedTempFile;
use tests::agency::{Agency, Plan};
use tests::federation::pair_of;
use tests::fixtures::{DAY_MS, OFFICER, PLATE, draft, words};
use tests::officials::{add_official, add_supervisor, approve};
use tests::written_requests::{file_request, refusal_code, wait_for_state};

/// The statute's policy, and what more an agency may demand.
const MORE: &str = r#"
[suspension]
roles = ["supervisor"]
at = ["1798.90.51(b)(2)(B)"]

[[tracked]]
code = "summary_given"
to = "Chief of Police"
days = 90
every_days = 90
at = ["1798.90.51(b)(2)(C)"]

[[tracked]]
code = "summary_given"
to = "City Council"
days = 365
every_days = 365
at = ["1798.90.51(b)(2)(C)"]
"#;

async fn agency(more: &str) -> Agency {
    let file = policy(more);
    let path = file.path().to_str().expect("UTF-8");
    Agency::of(Plan::of("strict-ca-pd").policy(path)).await
}

/// A file of the statute's policy with more.
fn policy(more: &str) -> NamedTempFile {
    let text = Policy::builtin_text("california-statute").expect("a policy");
    let file = NamedTempFile::new().expect("a file");
    let with_more = text.replacen("\n[[duties]]", &format!("{more}\n[[duties]]"), 1);
    assert!(more.is_empty() || text != with_more);
    std::fs::write(file.path(), with_more).expect("a file");
    file
}

fn officer() -> UserName {
    OFFICER.parse().expect("a user name")
}

/// Why her search of one's own reads is refused; nothing where it is not.
async fn searches(agency: &Agency) -> Option<String> {
    let draft = draft(&[agency.id()], PLATE, agency.now());
    let store = agency.store();
    let found = search(agency.own(), store.as_ref(), &agency.officer(), &draft).await;
    found.err().map(|error| error.to_string())
}

async fn trains(agency: &Agency, days_before: u32, discussion: &str) -> Result<(), String> {
    let on = agency.now().minus_days(days_before).day_start();
    let (course, discussion) = (words(""), words(discussion));
    let training = Training { on, by: None, course, discussion };
    let done = training::train(agency.own(), &agency.admin(), &officer(), &training).await;
    done.map(drop).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_suspended_for_a_reason_by_a_supervisor_until_trained_anew() {
    let agency = agency(MORE).await;
    let supervisor = add_supervisor(&agency, "s.lee", "Sam Lee", "Sergeant").await;
    let person = agency.officer();
    assert_eq!(searches(&agency).await, None);
    let entry = agency.log().await.last(Kind::ReadsSearched).header.index;
    let why = words("the reason names nothing that was suspected");
    let suspend = async |by, entry| {
        let done =
            training::suspend(agency.own(), agency.store().as_ref(), by, &officer(), (entry, &why))
                .await;
        done.map(drop).map_err(|error| error.to_string())
    };
    let herself = suspend(&person, entry).await.expect_err("her own role is none of those");
    assert!(herself.contains("none of the roles that suspend: supervisor"), "{herself}");
    for none in [100_000, entry - 1] {
        let said = suspend(&supervisor, none).await.expect_err("no query of hers");
        assert!(said.contains(&format!("entry {none} is no query of `")), "{said}");
    }
    suspend(&supervisor, entry).await.expect("suspended");
    assert!(suspend(&supervisor, entry).await.expect_err("twice").contains("already"));
    let refused = searches(&agency).await.expect("refused");
    assert!(
        refused.contains("is suspended since") && refused.contains("--discussion"),
        "{refused}"
    );
    let draft = draft(&[agency.id()], PLATE, agency.now());
    let asked = agency.node().queries.ask(&draft, &person).err().map(|error| error.to_string());
    assert!(asked.is_some_and(|why| why.contains("is suspended since")), "nor may she ask others");
    let log = agency.log().await;
    let suspended = log.one(Kind::UserSuspended);
    assert_eq!(suspended.detail("user")["suspension"]["entry"], entry);

    // A training of before changes nothing; one without what was said is not taken.
    trains(&agency, 20, "").await.expect("on record");
    assert!(searches(&agency).await.is_some());
    assert!(trains(&agency, 0, "").await.expect_err("unsaid").contains("--discussion"));
    agency.clock.shift(DAY_MS);
    trains(&agency, 0, "Went through two of her searches and the policy").await.expect("trained");
    assert_eq!(searches(&agency).await, None);
    let said = agency.log().await.last(Kind::UserTrained).detail("user")["suspension"].clone();
    assert!(said["discussion"].as_str().is_some_and(|it| it.contains("two of her searches")));
    agency.accord(&["audit", "verify"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_she_asked_for_in_writing_does_not_run_while_she_is_suspended() {
    let file = policy(MORE);
    let strict = Plan::of("strict-ca-pd").policy(file.path().to_str().expect("UTF-8"));
    let (mut asking, owning) = pair_of(strict, Plan::of("indio-ca-pd").policy("indio-ca-pd")).await;
    asking.officer_signs_in().await;
    let official = add_official(&owning).await;
    let supervisor = add_supervisor(&asking, "s.lee", "Sam Lee", "Sergeant").await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!(refusal_code(&heard), RefusalCode::NoAuthority);
    let scope = RequestScope::default();
    let follows = Submission { after_refusal: heard.query_id, scope, ..Submission::default() };
    let row = file_request(&asking, &owning, &follows).await;
    let entry = asking.log().await.last(Kind::QuerySent).header.index;
    let (agency, store, why) = (asking.own(), asking.store().clone(), words("a vague reason"));
    let suspended =
        training::suspend(agency, store.as_ref(), &supervisor, &officer(), (entry, &why)).await;
    suspended.expect("suspended");
    approve(&owning, &official, &row.request).await.expect("an approval");
    wait_for_state(&asking, &row.request, "approved").await;
    // It would run as soon as the approval comes.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let again = row.rerun.expect("the query that would run");
    assert_eq!(asking.log().await.exchange(again), [], "nothing leaves in her name");
    trains(&asking, 0, "Went through her request and the policy").await.expect("trained");
    wait_for_state(&asking, &row.request, "used_up").await;
    assert_eq!(asking.log().await.exchange(again), [Kind::QuerySent, Kind::AnswerReceived]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_says_nothing_of_it_suspends_nobody() {
    let agency = agency("").await;
    let supervisor = add_supervisor(&agency, "s.lee", "Sam Lee", "Sergeant").await;
    let why = words("a vague reason");
    let done = training::suspend(
        agency.own(),
        agency.store().as_ref(),
        &supervisor,
        &officer(),
        (0, &why),
    )
    .await;
    let said = done.expect_err("not of this policy").to_string();
    assert!(said.contains("accord user disable"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_of_a_summary_has_a_cadence_of_their_own() {
    let agency = agency(MORE).await;
    let summaries = async || {
        let all = due(agency.own(), agency.store().as_ref()).await.expect("a policy");
        let of: Vec<_> = all.into_iter().filter(|one| one.what.contains("summary")).collect();
        of.into_iter().map(|one| (one.what, one.late)).collect::<Vec<_>>()
    };
    let both = summaries().await;
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].0.contains(
        "given to Chief of Police: `accord duty record summary_given --to \"Chief of Police\""
    ));
    agency.clock.shift(91 * DAY_MS);
    let late: Vec<bool> = summaries().await.into_iter().map(|(_, late)| late).collect();
    assert_eq!(late, [true, false], "the one is due each quarter, the other each year");
    let given = async |to| {
        let how = words("at the weekly meeting");
        let done = Done { duty: DutyCode::SummaryGiven, how, to, on: None };
        let recorded = duties::record(agency.own(), &agency.admin(), &done).await;
        recorded.map(drop).map_err(|error| error.to_string())
    };
    let nobody = given(None).await.expect_err("to whom?");
    assert!(
        nobody.contains("summary_given to Chief of Police, summary_given to City Council"),
        "{nobody}"
    );
    given(Some(words("Chief of Police"))).await.expect("on record");
    assert!(summaries().await.iter().all(|(_, late)| !late));
}
