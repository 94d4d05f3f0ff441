//! What an agency says in its queries of how their people had signed in: a policy asks for it, the owner's log
//! keeps it, and the agency's own log bears it out, or does not.

use ::sign_in::Token;
use agreements::policy::Policy;
use node::permission::Principal;
use node::sign_in::{principal, sign_out};
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use schemas::session::{RequesterSession, SignInWay};
use serde_json::json;
use tests::agency::{Agency, Plan};
use tests::auditor::Auditor;
use tests::federation::sharing_pair_of;
use tests::fixtures::{OFFICER, PLATE, draft};
use tests::signing_in::{DESK, door, enrolled};
use tests::wait::within;

const DEMANDING: &str = "[people.peers]\nsigned_in = \"two_factors\"\n";

/// An agency that asks, and an owner whose policy asks how a peer's people had signed in.
async fn pair() -> (Agency, Agency) {
    let text = Policy::builtin_text("california-statute").expect("a policy");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let demanding = text.replace("[people.peers]\n", DEMANDING);
    assert_ne!(text, demanding);
    std::fs::write(file.path(), demanding).expect("a file");
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
}
