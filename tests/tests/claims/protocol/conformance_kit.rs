//! The conformance kit: a node of ours does everything that the protocol demands, and what another
//! one does not is told, must by must.

use node::admin::cards::{self, Confirmation};
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::{Frame, FrameKind};
use schemas::query::Query;
use schemas::refusal::{Reason, Refusal, RefusalCode};
use serde_json::Value;
use tests::agency::{Agency, Plan};
use tests::command_line::{CliAgency, CommandOutput};
use tests::fixtures::{DAY_MS, words};
use tests::raw_peer::RawPeer;

/// Examines the node at an address with the keys of a test agency.
async fn examines(tester: &CliAgency, address: &str) -> CommandOutput {
    let (home, address) = (tester.home(), address.to_owned());
    tokio::task::spawn_blocking(move || {
        tests::command_line::accord_at(&home, &["conformance", "--peer", &address])
    })
    .await
    .expect("an examination")
}

/// The musts that do not hold.
fn broken(ended: &CommandOutput) -> Vec<String> {
    let lines = ended.lines();
    assert!(lines.iter().all(|line| {
        ["must", "section", "detail"].iter().all(|key| line[*key].is_string())
            && line["ok"].is_boolean()
    }));
    let not = lines.iter().filter(|line| line["ok"] == Value::Bool(false));
    not.map(|line| line["must"].as_str().expect("a must").to_owned()).collect()
}

/// A test agency, its card recorded at `owner`.
async fn tester_known_to(owner: &Agency) -> CliAgency {
    let tester = CliAgency::init("conformance-ca-pd");
    let card = std::fs::read_to_string(tester.home().join("card.json")).expect("a card");
    let shown = tester.accord(&["card", "show"]).done();
    let confirmation = Confirmation {
        envelope: card,
        fingerprint: shown["fingerprint"].as_str().expect("one").parse().expect("a fingerprint"),
        verified_by: words("telephone"),
        kind: None,
        state: None,
        replace: false,
    };
    cards::add(owner.own(), &owner.admin(), &confirmation).await.expect("a card");
    tester
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_ours_does_everything_that_the_protocol_demands() {
    let owner = Agency::of(Plan::of("owning-ca-pd")).await;
    let tester = tester_known_to(&owner).await;
    let ended = examines(&tester, owner.identity.card.addresses[0].as_str()).await;
    assert_eq!(broken(&ended), Vec::<String>::new(), "{}", ended.out);
    assert_eq!(ended.code, 0);
    assert!(ended.lines().len() > 25, "{}", ended.out);
    let log = owner.log().await;
    assert!(
        owner.context().agency.registry.state().alarms.is_empty(),
        "an examination alarms nobody"
    );
    assert!(log.count(schemas::entry::EntryKind::QueryRefused) > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_know_the_tester_is_not_examined() {
    let owner = Agency::of(Plan::of("owning-ca-pd")).await;
    let tester = CliAgency::init("conformance-ca-pd");
    let ended = examines(&tester, owner.identity.card.addresses[0].as_str()).await;
    assert_eq!((ended.code, ended.lines().len()), (1, 1), "{ended:?}");
}

/// A peer that shows its card and refuses every query, whatever its signature, its addressee or its
/// age, and binds the refusal to `bound` of the query.
fn careless(now: schemas::time::Timestamp, bound: fn(&Envelope) -> Digest) -> RawPeer {
    let mut raw = RawPeer::start("careless-ca-pd", now.plus_millis(-DAY_MS));
    let identity = raw.identity.clone();
    let card = identity.card_envelope().as_bytes().to_vec();
    let refused = move |frame: &Frame| {
        let envelope = Envelope::parse(&frame.body).ok()?;
        let query: Query = serde_json::from_slice(envelope.unverified_payload()).ok()?;
        let refusal = Refusal {
            query_id: query.id,
            query_digest: bound(&envelope),
            from: identity.id.clone(),
            to: query.from,
            at: query.at,
            decided_by: None,
            closest: None,
            reasons: vec![Reason {
                code: RefusalCode::NoAuthority,
                message: "no".into(),
                citations: Vec::new(),
            }],
            advice: words(""),
        };
        let signed = identity.sign(Signed::Refusal, &refusal);
        Some(Frame::new(FrameKind::Refusal, signed.as_bytes().to_vec()))
    };
    let word = Frame::new(FrameKind::Failed, br#"{"code":"busy","message":"later"}"#.to_vec());
    raw.answer(move |frame| {
        let reply = match frame.kind {
            FrameKind::Card => Some(Frame::new(FrameKind::Card, card.clone())),
            FrameKind::Query => refused(frame),
            _ => None,
        };
        Some(vec![reply.unwrap_or_else(|| word.clone())])
    });
    raw
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_careless_node_does_not_do_is_told_must_by_must() {
    let tester = CliAgency::init("conformance-ca-pd");
    let raw = careless(audit_log::clock::Clock::system().now(), Envelope::digest);
    let ended = examines(&tester, raw.addresses()[0].as_str()).await;
    assert_eq!(ended.code, 1);
    let broken = broken(&ended);
    let told = |part: &str| broken.iter().any(|must| must.contains(part));
    for part in
        ["no cipher suite but", "a signature by another key", "refused `stale`", "id_reused"]
    {
        assert!(told(part), "{part}: {broken:#?}");
    }
    assert!(!told("answered or refused, signed"), "what it does is not held against it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_is_bound_to_another_query_holds_for_none() {
    let tester = CliAgency::init("conformance-ca-pd");
    let now = audit_log::clock::Clock::system().now();
    let raw = careless(now, |_| Digest::of(b"another query"));
    let ended = examines(&tester, raw.addresses()[0].as_str()).await;
    assert_eq!(ended.code, 1);
    let told = broken(&ended).iter().any(|must| must.contains("answered or refused, signed"));
    assert!(told, "{}", ended.out);
}
