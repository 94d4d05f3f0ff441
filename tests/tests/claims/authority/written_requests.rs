//! Written requests: who decides them, how far they reach, what follows a refusal, and what both
//! sides keep.

use agreements::request::{RequestScope, Verdict};
use node::admin::people;
use node::admin::requests::{self, RecordsRequestInput, Submission};
use node::permission::{ActError, Principal};
use registry::BodyKind;
use schemas::agency::AgencyKind;
use schemas::area::Near;
use schemas::draft::Draft;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::read::Location;
use schemas::refusal::RefusalCode;
use schemas::time::Timestamp;
use schemas::user::User;
use tests::federation::add_card_as;
use tests::fixtures::{DAY_MS, HOUR_MS, OFFICER, PLATE, draft, reads, words};
use tests::officials::{acting_as, add_supervisor, approve, decision, delegate, officer};
use tests::written_requests::{
    CHIEF, approve_and_wait, ask_citing, asking_and_indio, file_request, file_request_within,
    refusal_code, sheet_of, single_use, submission, wait_for_state,
};

#[tokio::test(flavor = "multi_thread")]
async fn who_has_neither_title_nor_delegation_is_told_which_it_takes() {
    let (asking, owning, _) = asking_and_indio().await;
    let sergeant = add_supervisor(&owning, "s.lee", "Sam Lee", "Sergeant").await;
    let request = file_request_within(&asking, &owning, single_use()).await;
    for verdict in [Verdict::Approved, Verdict::Denied] {
        let judgement = decision(verdict, RequestScope::default());
        let decided =
            requests::decide(owning.own(), owning.keys(), &sergeant, &request, &judgement).await;
        let Err(ActError::Refused(said)) = decided else { panic!("{decided:?}") };
        let said = said.sentence;
        assert!(said.contains(CHIEF) && said.contains("461.7(b)"), "{said}");
        assert!(said.contains("s.lee") && said.contains("Sergeant"), "{said}");
    }
    // The roles that approve are the policy's too: an officer does not even come so far.
    let decided = approve(&owning, &officer(), &request).await;
    assert!(matches!(decided, Err(ActError::Refused(said)) if said.sentence.contains("461.7(b)")));
    assert_eq!(requests::show(owning.own(), &request).expect("a request").state, "submitted");
    assert_eq!(owning.log().await.count(Kind::RequestApproved), 0);
    assert_eq!(
        refusal_code(&ask_citing(&asking, &owning, &request, PLATE).await),
        RefusalCode::AuthorityNotInForce
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_holds_in_its_period_and_the_decision_names_it() {
    let (asking, owning, _) = asking_and_indio().await;
    let sergeant = add_supervisor(&owning, "s.lee", "Sam Lee", "Sergeant").await;
    let (from, until) = (owning.now().plus_millis(HOUR_MS), owning.now().plus_millis(2 * HOUR_MS));
    delegate(&owning, &sergeant, CHIEF, from, until).await;
    delegate(&owning, &sergeant, "Patrol Captain", owning.now(), until).await;
    let first = file_request_within(&asking, &owning, single_use()).await;
    let second = file_request_within(&asking, &owning, single_use()).await;
    let refused = approve(&owning, &sergeant, &first).await;
    assert!(matches!(refused, Err(ActError::Refused(_))), "before it begins: {refused:?}");
    let later = |millis| [&asking, &owning].map(|agency| agency.clock.shift(millis));
    later(HOUR_MS);
    approve(&owning, &sergeant, &first).await.expect("an approval under the delegation");
    for agency in [&asking, &owning] {
        let row = wait_for_state(agency, &first, "approved").await;
        let (title, delegation) = (row.title.expect("a title"), row.delegation.expect("one"));
        assert_eq!((title.as_str(), row.decided_by), (CHIEF, Some(words("Sam Lee"))));
        let whole = [CHIEF.to_owned(), from.to_string(), until.to_string()];
        assert!(whole.iter().all(|part| delegation.as_str().contains(part)), "{delegation}");
        assert!(row.section.is_some_and(|section| section.as_str().contains("461.7(a)")));
    }
    let log = owning.log().await;
    assert_eq!(log.one(Kind::RequestApproved).detail("title"), CHIEF);
    assert_eq!(ask_citing(&asking, &owning, &first, PLATE).await.outcome, OutcomeCode::Answered);
    later(HOUR_MS);
    let refused = approve(&owning, &sergeant, &second).await;
    assert!(matches!(refused, Err(ActError::Refused(_))), "once it has ended: {refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_of_a_body_to_which_nothing_is_released_is_approved() {
    let (asking, owning, official) = asking_and_indio().await;
    let request = file_request_within(&asking, &owning, single_use()).await;
    for (kind, state, parts) in [
        (AgencyKind::Federal, "CA", ["federal", "1798.90.55(b)"]),
        (AgencyKind::Police, "AZ", ["out_of_state", "1798.90.5(f)"]),
        (AgencyKind::Private, "CA", ["not_public_agency", "1798.90.55(b)"]),
        (AgencyKind::Regional, "CA", ["release_path", "461.7"]),
    ] {
        add_card_as(&owning, &asking.identity, Some(kind), Some(state)).await;
        let decided = approve(&owning, &official, &request).await;
        let Err(ActError::Refused(said)) = decided else { panic!("{kind}: {decided:?}") };
        assert!(parts.iter().all(|part| said.sentence.contains(part)), "{kind}: {said}");
        assert!(said.reasons.iter().any(|reason| reason.code == parts[0]), "{kind}: {said:?}");
    }
    // To deny it is no release.
    let denial = decision(Verdict::Denied, RequestScope::default());
    let decided = requests::decide(owning.own(), owning.keys(), &official, &request, &denial).await;
    assert_eq!(decided.expect("a denial").state, "denied");
    assert_eq!(owning.log().await.count(Kind::RequestApproved), 0);
}

/// A circle around the middle of the place where every read here was made.
fn circle(radius_m: u32) -> Near {
    let center = Location::new(34.1, -118.1).expect("numbers").expect("a place");
    Near { center, radius_m }
}

/// A request for two plates, thirty days, a wide circle, five uses and a week.
fn wide(now: Timestamp) -> RequestScope {
    RequestScope {
        plates: [PLATE, "9OTHER9"].map(|plate| plate.parse().expect("a plate")).to_vec(),
        from: Some(now.minus_days(30)),
        until: Some(now),
        near: Some(circle(5_000)),
        uses: Some(5),
        valid_until: Some(now.plus_millis(7 * DAY_MS)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_narrower_opens_that_and_no_more() {
    let (asking, owning, official) = asking_and_indio().await;
    owning.add_reads("9OTHER9", 1).await;
    let now = owning.now();
    // Besides the three reads of an hour ago: one four days old, one in another city.
    let mut more = reads(owning.id(), PLATE, 2, now.plus_millis(-5 * HOUR_MS));
    more[0].at = now.minus_days(4);
    more[1].location = Location::new(33.7, -116.2).expect("numbers");
    let more = more.into_iter().map(ingest::ImportedRead::new).collect();
    assert_eq!(owning.import(more).await, 2);
    let request = file_request_within(&asking, &owning, wide(now)).await;
    let narrower = RequestScope {
        plates: vec![PLATE.parse().expect("a plate")],
        from: Some(now.minus_days(2)),
        near: Some(circle(1_000)),
        uses: Some(2),
        ..RequestScope::default()
    };
    let judgement = decision(Verdict::Approved, narrower.clone());
    let decided =
        requests::decide(owning.own(), owning.keys(), &official, &request, &judgement).await;
    assert_eq!(decided.expect("an approval").uses_left, Some(2));
    let row = wait_for_state(&asking, &request, "approved").await;
    assert_eq!((&row.scope.plates, row.scope.near), (&narrower.plates, narrower.near));
    assert_eq!((row.scope.from, row.scope.until), (narrower.from, Some(now)), "the rest as asked");

    let heard = ask_citing(&asking, &owning, &request, "9OTHER9").await;
    assert_eq!(refusal_code(&heard), RefusalCode::OutsideRequest);
    let outside = |change: fn(&mut Draft)| {
        let mut draft = draft(&[owning.id()], PLATE, asking.now());
        draft.authority = Some(request.clone().into());
        change(&mut draft);
        draft
    };
    for change in [
        (|draft| draft.elements.until = draft.elements.until.minus_days(3)) as fn(&mut Draft),
        |draft| draft.elements.near = Some(circle(2_000)),
        |draft| draft.why.case = words("26-009999"),
    ] {
        let heard = asking.ask(&outside(change)).await.remove(0);
        assert_eq!(refusal_code(&heard), RefusalCode::OutsideRequest);
        assert!(heard.reasons[0].citations.iter().any(|cited| cited.section == "461.7(a)"));
    }
    // The week that is asked for holds five reads; the two days in the circle three.
    let heard = ask_citing(&asking, &owning, &request, PLATE).await;
    assert_eq!(
        (heard.outcome, heard.reads.len()),
        (OutcomeCode::Answered, 3),
        "{:?}",
        heard.reasons
    );
    assert!(heard.reads.iter().all(|read| {
        read.at >= now.minus_days(2) && read.location.is_some_and(|at| circle(1_000).holds(&at))
    }));
    assert_eq!(
        asking.ask(&outside(|d| d.elements.near = Some(circle(500)))).await[0].reads.len(),
        3
    );
    assert_eq!(
        refusal_code(&ask_citing(&asking, &owning, &request, PLATE).await),
        RefusalCode::UsesExhausted
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_not_approved_wider_than_it_was_made() {
    let (asking, owning, official) = asking_and_indio().await;
    let now = owning.now();
    let request = file_request_within(&asking, &owning, wide(now)).await;
    let scope = RequestScope::default();
    let plate = |plate: &str| plate.parse().expect("a plate");
    let elsewhere = Near {
        center: Location::new(33.7, -116.2).expect("numbers").expect("a place"),
        radius_m: 100,
    };
    for (what, wider) in [
        ("a plate", RequestScope { plates: vec![plate(PLATE), plate("5NEW555")], ..scope.clone() }),
        ("earlier reads", RequestScope { from: Some(now.minus_days(31)), ..scope.clone() }),
        ("later reads", RequestScope { until: Some(now.plus_millis(1_000)), ..scope.clone() }),
        ("a wider circle", RequestScope { near: Some(circle(5_001)), ..scope.clone() }),
        ("another circle", RequestScope { near: Some(elsewhere), ..scope.clone() }),
        ("a use", RequestScope { uses: Some(6), ..scope.clone() }),
        ("a day", RequestScope { valid_until: Some(now.plus_millis(8 * DAY_MS)), ..scope.clone() }),
    ] {
        let judgement = decision(Verdict::Approved, wider);
        let decided =
            requests::decide(owning.own(), owning.keys(), &official, &request, &judgement).await;
        let Err(error) = decided else { panic!("{what} more is approved") };
        assert!(error.to_string().contains("not wider"), "{what}: {error}");
    }
    assert_eq!(owning.log().await.count(Kind::RequestApproved), 0);
    approve_and_wait(&asking, &owning, &official, &request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_keep_the_signed_request_and_the_signed_decision() {
    let (mut asking, mut owning, official) = asking_and_indio().await;
    let request = file_request_within(&asking, &owning, single_use()).await;
    approve_and_wait(&asking, &owning, &official, &request).await;
    for _ in 0..2 {
        let (ours, theirs) = (asking.log().await, owning.log().await);
        let kept = [
            (ours.one(Kind::RequestSubmitted), theirs.one(Kind::RequestReceived)),
            (ours.one(Kind::RequestApproved), theirs.one(Kind::RequestApproved)),
        ];
        for (ours, theirs) in kept {
            assert_eq!(ours.envelopes.len(), 1);
            assert_eq!(ours.envelopes, theirs.envelopes, "the same bytes on both sides");
            assert_eq!(ours.detail("request"), &*request.to_string());
        }
        let rows = [&asking, &owning].map(|agency| requests::show(agency.own(), &request));
        let [ours, theirs] = rows.map(|row| format!("{:?}", row.expect("a request")));
        assert_eq!(ours, theirs);
        asking.restart().await;
        owning.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_denied_and_expired_requests_give_nothing_on_either_side() {
    let (asking, owning, official) = asking_and_indio().await;
    let week = RequestScope {
        valid_until: Some(owning.now().plus_millis(7 * DAY_MS)),
        ..RequestScope::default()
    };
    let [waiting, withdrawn, denied, ends] = [
        file_request_within(&asking, &owning, single_use()).await,
        file_request_within(&asking, &owning, single_use()).await,
        file_request_within(&asking, &owning, single_use()).await,
        file_request_within(&asking, &owning, week).await,
    ];
    approve_and_wait(&asking, &owning, &official, &withdrawn).await;
    approve_and_wait(&asking, &owning, &official, &ends).await;
    for request in [&waiting, &withdrawn] {
        requests::withdraw(asking.own(), asking.keys(), &officer(), request)
            .await
            .expect("a withdrawal");
        wait_for_state(&owning, request, "withdrawn").await;
        let late = approve(&owning, &official, request).await;
        assert!(late.is_err(), "what was withdrawn is not approved: {late:?}");
    }
    let denial = decision(Verdict::Denied, RequestScope::default());
    let decided = requests::decide(owning.own(), owning.keys(), &official, &denied, &denial).await;
    assert_eq!(decided.expect("a denial").state, "denied");
    wait_for_state(&asking, &denied, "denied").await;
    assert!(approve(&owning, &official, &denied).await.is_err(), "it was decided once");
    assert_eq!(ask_citing(&asking, &owning, &ends, PLATE).await.outcome, OutcomeCode::Answered);
    owning.wait_for_receipts().await;
    for agency in [&asking, &owning] {
        agency.clock.shift(7 * DAY_MS);
        wait_for_state(agency, &ends, "expired").await;
    }
    for request in [&waiting, &withdrawn, &denied, &ends] {
        let heard = ask_citing(&asking, &owning, request, PLATE).await;
        assert_eq!(refusal_code(&heard), RefusalCode::AuthorityNotInForce);
    }
    assert_eq!(owning.log().await.count(Kind::QueryAnswered), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outside_bodys_request_is_filed_for_records_release_and_gives_no_authority() {
    let (asking, owning, official) = asking_and_indio().await;
    let received = RecordsRequestInput {
        from_body: words("Desert Press"),
        kind: BodyKind::PublicRecords,
        about: words("All reads of May"),
        case: words("PRA-17"),
        due: None,
        hold: None,
    };
    let retention = &owning.node().app.retention;
    let row = requests::record(owning.own(), retention, &official, &received).await;
    let row = row.expect("a record");
    assert_eq!((row.state.as_str(), row.requester.as_str()), ("records_release", "Desert Press"));
    assert!(row.section.is_some_and(|section| section.as_str().contains("461.7")));
    let log = owning.log().await;
    let entry = log.one(Kind::RequestRecorded);
    assert_eq!(entry.detail("records_release"), "the Records Maintenance and Release Policy");
    let decided = approve(&owning, &official, &row.request).await;
    assert!(matches!(decided, Err(ActError::Usage(_))), "{decided:?}");
    let heard = ask_citing(&asking, &owning, &row.request, PLATE).await;
    assert_eq!(refusal_code(&heard), RefusalCode::NoAuthority);
    let listed = requests::list(owning.own());
    assert!(listed.iter().any(|listed| listed.request == row.request));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printable_sheet_holds_all_of_it_and_no_markup_of_others() {
    let (asking, owning, official) = asking_and_indio().await;
    let name = "Mo \"<b>\" & <script>alert(1)</script>";
    let other = User {
        name: "m.o".parse().expect("a user name"),
        full_name: words(name),
        ..tests::fixtures::officer(asking.now())
    };
    people::add(asking.own(), &asking.admin(), &other).await.expect("a user");
    let two = RequestScope { uses: Some(2), ..RequestScope::default() };
    let asked = Submission { requested_by: Some(words(name)), ..submission(&owning, two) };
    let request = file_request(&asking, &owning, &asked).await.request;
    approve_and_wait(&asking, &owning, &official, &request).await;
    let mut draft = draft(&[owning.id()], PLATE, asking.now());
    draft.authority = Some(request.clone().into());
    let by = Principal { user: acting_as("m.o").user, ..asking.officer() };
    for _ in 0..2 {
        assert_eq!(asking.ask_as(&by, &draft).await[0].outcome, OutcomeCode::Answered);
    }
    let sheet = sheet_of(&owning, &official, &request).await.expect("a sheet");
    for part in
        [&*request.to_string(), CHIEF, "Chris Doe", "461.7(a)", "Need is shown", "26-004711", PLATE]
    {
        assert!(sheet.contains(part), "{part} in {sheet}");
    }
    assert!(!sheet.contains("<script") && !sheet.contains("<b>"), "{sheet}");
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;";
    assert_eq!(sheet.matches(escaped).count(), 3, "the person requesting, and once a use");
    let log = owning.log().await;
    let answers = log.all(Kind::QueryAnswered);
    assert_eq!(answers.len(), 2);
    for answer in answers {
        assert!(sheet.contains(&format!("<td>{}</td>", answer.header.index)), "{sheet}");
    }
    let viewed = log.last(Kind::AuditViewed);
    assert_eq!(viewed.detail("viewed")["sheet_of"], request.to_string());
    assert!(sheet.contains(&format!("entry {} of the audit log", viewed.header.index)));
    let refused = sheet_of(&owning, &acting_as(OFFICER), &request).await;
    assert!(matches!(refused, Err(ActError::Refused(_))), "{refused:?}");
}
