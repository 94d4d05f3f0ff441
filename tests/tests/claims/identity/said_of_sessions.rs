//! What an agency says in its queries of how their people had signed in: a policy asks for it, the owner's log
//! keeps it, and the agency's own log bears it out, or does not.

use ::sign_in::Token;
use audit::reconcile::{Class, Finding};
use node::exchange::statements::Reconciler;
use node::permission::Principal;
use node::sign_in::{principal, sign_out};
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::query::UserName;
use schemas::refusal::RefusalCode;
use schemas::session::{RequesterSession, SignInWay};
use schemas::statement::session_word::{SessionSaid, SessionWord, person};
use schemas::statement::{Statement, StatementRequest};
use schemas::time::Timestamp;
use serde_json::json;
use tests::agency::{Agency, Plan};
use tests::auditor::Auditor;
use tests::federation::{add_card, sharing_pair_of};
use tests::fixtures::{OFFICER, PLATE, SETTLED_MS, altered_policy, draft};
use tests::raw_peer::RawPeer;
use tests::signing_in::{DESK, door, enrolled};
use tests::wait::within;

const DEMANDING: &str = "[people.peers]\nsigned_in = \"two_factors\"\n";

/// An agency that asks, and an owner whose policy asks how a peer's people had signed in.
async fn pair() -> (Agency, Agency) {
    let file = altered_policy("[people.peers]\n", DEMANDING);
    let path = file.path().to_str().expect("UTF-8");
    let owning = Plan::of("owning-ca-pd").policy(path);
    let (asking, owning, _) = sharing_pair_of(Plan::of("asking-ca-pd"), owning).await;
    (asking, owning)
}

/// What comes of a query by this person.
async fn asks(asking: &Agency, owning: &Agency, by: &Principal) -> OutcomeCode {
    let draft = draft(&[owning.id()], PLATE, asking.now());
    let mut outcomes = asking.node().queries.ask(&draft, by).expect("a draft that asks");
    within("an outcome", outcomes.recv()).await.expect("an outcome").outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_hears_how_a_requester_signed_in_and_the_requesters_log_bears_it_out() {
    let (asking, owning) = pair().await;
    let officer = OFFICER.parse().expect("a name");
    let person = enrolled(&asking, &asking.admin(), &officer, false).await;
    owning.clock.shift(60_000);
    // Nobody signed in for this one, or nobody says so.
    assert_eq!(asks(&asking, &owning, &asking.officer()).await, OutcomeCode::Refused);
    let refused = owning.log().await;
    let refused = refused.last(Kind::QueryRefused);
    assert_eq!(refused.access().reasons[0].code, RefusalCode::SignInInsufficient);
    assert_eq!(refused.body.actor.auth, "signed envelope");
    let signed_in = person.sign_in(&asking, DESK).await.expect("a session");
    let token = Token::shown(&signed_in.token);
    let (by, session) = principal(door(&asking), &token, DESK).await.expect("a session");
    assert_eq!(asks(&asking, &owning, &by).await, OutcomeCode::Answered);
    let said =
        format!("signed envelope, which says session {}, password and one-time code", session.id);
    let answered = owning.log().await;
    assert_eq!(answered.last(Kind::QueryAnswered).body.actor.auth, said);
    sign_out(door(&asking), &token).await.expect("ended");
    let auditor = Auditor::default();
    auditor.receive("asking", &asking, &[]);
    let (code, report) = auditor.verify("asking", &[&asking, &owning]);
    assert_eq!((code, &report["problems"]), (0, &json!([])), "{report}");
    // The session has ended since; that it lasted when she asked, its log bears out.
    assert_eq!(between(&owning, &asking).await, (0, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_the_requesters_log_does_not_bear_out_is_found_by_whoever_reads_it() {
    let (asking, owning) = pair().await;
    // A node of another make, which makes a session up: the owner believes it, and has it signed.
    let made_up = RequesterSession {
        id: "00ff00ff00ff00ff".parse().expect("an id"),
        way: SignInWay::SecurityKey,
        proved_at: asking.now(),
    };
    let auth = format!("session {}, security key, console, 10.1.2.3", made_up.id);
    let officer = OFFICER.parse().expect("a name");
    let liar = Principal { session: Some(made_up), ..Principal::of(officer, auth) };
    assert_eq!(asks(&asking, &owning, &liar).await, OutcomeCode::Answered);
    let auditor = Auditor::default();
    auditor.receive("asking", &asking, &[]);
    auditor.receive("owning", &owning, &[]);
    let (code, report) = auditor.verify("asking", &[&asking, &owning]);
    let found = report["problems"].as_array().expect("problems");
    assert_eq!((code, found.len()), (1, 1), "{report}");
    assert_eq!(found[0]["code"], "session");
    let said = found[0]["message"].as_str().expect("words");
    assert!(said.contains("00ff00ff00ff00ff, of which the log tells nothing"), "{said}");
    // And by whoever compares the two logs.
    let (code, report) = auditor.reconcile(["asking", "owning"], [&asking, &owning]);
    assert_eq!(code, 1, "{report}");
    assert!(report.to_string().contains("of which the log tells nothing"), "{report}");
    // And by the owner, from the asking node itself: nobody but that node is at fault.
    let (open, found) = between(&owning, &asking).await;
    assert_eq!((open, found.len()), (0, 1), "{found:?}");
    assert_eq!((found[0].class, found[0].agency.as_ref()), (Class::Session, Some(asking.id())));
    let said = found[0].message.as_deref().expect("words");
    assert!(said.contains("session 00ff00ff00ff00ff; its log tells of no such session"), "{said}");
    assert!(!found[0].evidence.is_empty(), "the query that says so stands beside it");
    // Nor does it help to go on with it, so that some query of it is always under way.
    assert_eq!(asks(&asking, &owning, &liar).await, OutcomeCode::Answered);
    assert_eq!(compared(&owning, &asking).await.1.len(), 1);
    let stated = owning.log().await.last(Kind::AuditReconciled).detail("classes").to_string();
    assert!(stated.contains("session"), "{stated}");
    assert_eq!(between(&asking, &owning).await.1, [], "whoever asks holds itself to nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_word_about_a_session_hides_behind_no_true_one() {
    let (asking, owning) = pair().await;
    let officer = OFFICER.parse().expect("a name");
    let person = enrolled(&asking, &asking.admin(), &officer, false).await;
    owning.clock.shift(60_000);
    let signed_in = person.sign_in(&asking, DESK).await.expect("a session");
    let (by, session) =
        principal(door(&asking), &Token::shown(&signed_in.token), DESK).await.expect("a session");
    let stronger = RequesterSession {
        way: SignInWay::SecurityKey,
        ..by.session.clone().expect("what it says of it")
    };
    let liar = Principal { session: Some(stronger), ..by.clone() };
    for word in [&by, &liar, &by] {
        assert_eq!(asks(&asking, &owning, word).await, OutcomeCode::Answered);
    }
    let (open, found) = between(&owning, &asking).await;
    assert_eq!((open, found.len()), (0, 1), "{found:?}");
    let said = found[0].message.as_deref().expect("words");
    let expected = format!(
        "by security key in session {}; its log tells that it began in another way",
        session.id
    );
    assert!(said.contains(&expected), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_sessions_but_whom_their_queries_were_sent_to() {
    let (asking, owning) = pair().await;
    let officer: UserName = OFFICER.parse().expect("a name");
    let signed_in =
        enrolled(&asking, &asking.admin(), &officer, false).await.sign_in(&asking, DESK).await;
    owning.clock.shift(60_000);
    let token = Token::shown(&signed_in.expect("a session").token);
    let (by, _) = principal(door(&asking), &token, DESK).await.expect("a session");
    let session = by.session.clone().expect("what it says of it");
    let nosy = RawPeer::start("nosy-ca-pd", asking.now());
    for agency in [&asking, &owning] {
        add_card(agency, &nosy.identity).await;
    }
    // What the owner knows of her anyhow, the other agency has heard somewhere.
    let said = SessionSaid {
        id: session.id,
        person: person(session.id, &officer),
        way: session.way,
        proved_at: session.proved_at,
        until: Some(asking.now()),
    };
    assert_eq!(asks(&asking, &owning, &by).await, OutcomeCode::Answered);
    let (from, to, at) = (nosy.id().clone(), asking.id().clone(), asking.now());
    let (since, until) = (Timestamp::MIN, Timestamp::MAX);
    let request = StatementRequest { from, to, at, since, until, sessions: vec![said] };
    let request = nosy.identity.sign(Signed::Statement, &request);
    assert!(nosy.dial(&asking).await);
    let mut wire = nosy.open(&asking).await.expect("a substream");
    wire.send(FrameKind::Statement, request.as_bytes()).await.expect("sent");
    let stated = wire.next().await.expect("a statement");
    let statement: Statement = Envelope::parse(&stated.body)
        .and_then(|it| it.verified_json(Signed::Statement, &asking.identity.card.message_key))
        .expect("its signed statement");
    let told: Vec<_> = statement.sessions.iter().map(|told| (told.word, told.entry)).collect();
    assert_eq!(told, [(SessionWord::Unknown, None)], "none of its queries came to this one");
    // Whoever they went to is told.
    assert_eq!(between(&owning, &asking).await, (0, Vec::new()));
}

/// What one agency finds when it compares its log with that of another, once nothing is under way; and how
/// many exchanges may still be.
async fn between(at: &Agency, with: &Agency) -> (u64, Vec<Finding>) {
    for agency in [at, with] {
        agency.wait_for_receipts().await;
        agency.clock.shift(SETTLED_MS);
    }
    compared(at, with).await
}

/// As [`between`], at once.
async fn compared(at: &Agency, with: &Agency) -> (u64, Vec<Finding>) {
    let (from, until) = (Timestamp::MIN, Timestamp::MAX);
    let node = at.node();
    let report = Reconciler::of(&node.context)
        .reconcile(node.peers.as_ref(), &at.admin(), with.id(), from, until)
        .await
        .expect("a comparison");
    (report.open, report.findings)
}
