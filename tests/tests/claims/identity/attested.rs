//! That an agency vouches for the person who asks, with its agency key, where an agreement demands it.

use node::admin::training;
use schemas::attestation::SignedAttestation;
use schemas::attested::Attestation;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::key::SecretKey;
use schemas::outcome::OutcomeCode;
use schemas::query::{Query, Requester};
use schemas::refusal::RefusalCode;
use tests::agency::{Agency, Plan};
use tests::federation::{add_card, in_force, in_force_with, pair_of, signed_by_both};
use tests::fixtures::{OFFICER, PLATE, agreement, query, words};
use tests::logs::{LogEntry, envelope};
use tests::raw_peer::RawPeer;
use tests::wire::Reply;

/// Two agencies whose agreement demands it.
async fn demanding() -> (Agency, Agency) {
    let (asking, owning) = pair_of(Plan::of("asking-ca-pd"), Plan::of("owning-ca-pd")).await;
    in_force_with(&[&asking, &owning], |text| text.people_attested = true).await;
    (asking, owning)
}

/// What comes of the officer's query.
async fn asks(asking: &Agency, owning: &Agency) -> Option<RefusalCode> {
    let heard = asking.ask_one(owning.id(), PLATE).await;
    match heard.outcome {
        OutcomeCode::Answered => None,
        OutcomeCode::Refused => Some(heard.reasons[0].code),
        _ => panic!("{heard:?}"),
    }
}

/// Whether the query beside an entry carries an attestation.
fn carried(entry: &LogEntry) -> bool {
    let query = envelope(&entry.envelopes[0]);
    let query: Query = serde_json::from_slice(query.unverified_payload()).expect("a query");
    query.requester.attestation.is_some()
}

/// The administrator signs for the officer, once she has read who that is.
fn attests(asking: &Agency) {
    let until = asking.now().plus_days(30).to_string();
    let attest = ["user", "attest", OFFICER, "--until", &until];
    let unread = asking.accord(&attest).only_error(2)["message"].to_string();
    assert!(unread.contains("Maria Reyes") && unread.contains("roles: sworn"), "{unread}");
    let (_, digest) = unread.split_once("--digest ").expect("what to give");
    let digest = digest.split('`').next().expect("a digest");
    let done = asking.accord(&[&attest[..], &["--digest", digest]].concat());
    assert_eq!(done.code, 0, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_answered_once_her_agency_vouches_for_her_as_she_is_and_until_it_ends() {
    let (asking, owning) = demanding().await;
    let refused = Some(RefusalCode::PersonNotAttested);
    assert_eq!(asks(&asking, &owning).await, refused);
    assert_eq!(owning.store().searches(), 0, "nothing is searched for it");
    attests(&asking);
    assert_eq!(asks(&asking, &owning).await, None);
    // Another training, and it is another person's word until it is signed again.
    let (name, on) = (OFFICER.parse().expect("a name"), asking.now().day_start());
    let training = training::Training {
        on,
        by: None,
        course: Default::default(),
        discussion: Default::default(),
    };
    training::train(asking.own(), &asking.admin(), &name, &training).await.expect("a training");
    assert_eq!(asks(&asking, &owning).await, refused);
    attests(&asking);
    assert_eq!(asks(&asking, &owning).await, None);
    assert_eq!(asking.log().await.count(Kind::UserAttested), 2);
    // Both logs hold it, and whoever holds one judges it again.
    for (at, kind) in [(&asking, Kind::QuerySent), (&owning, Kind::QueryAnswered)] {
        let log = at.log().await;
        assert!(carried(log.last(kind)), "it stands in the query");
        let verified = at.accord(&["audit", "verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
    for agency in [&asking, &owning] {
        agency.clock.shift(31 * 86_400_000);
    }
    assert_eq!(asks(&asking, &owning).await, refused, "it has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_does_not_demand_it_is_told_nothing_of_it() {
    let (asking, owning) = pair_of(Plan::of("asking-ca-pd"), Plan::of("owning-ca-pd")).await;
    in_force(&[&asking, &owning]).await;
    attests(&asking);
    assert_eq!(asks(&asking, &owning).await, None);
    let log = owning.log().await;
    assert!(!carried(log.last(Kind::QueryAnswered)), "a query as it always was");
}

/// What an agency says of the person who asks.
fn said(query: &Query) -> Attestation {
    let Requester { user, full_name, title, roles, trained_on, .. } = query.requester.clone();
    let (agency, at) = (query.from.clone(), query.at.minus_days(1));
    let ends = at.plus_days(30);
    Attestation { agency, user, full_name, title, roles, trained_on, at, ends }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_nodes_keys_alone_invents_no_person_and_borrows_none() {
    let owner = Agency::start("owning-ca-pd").await;
    owner.add_reads(PLATE, 3).await;
    let raw = RawPeer::start("hostile-ca-pd", owner.now());
    add_card(&owner, &raw.identity).await;
    let mut text = agreement(&[owner.id(), raw.id()], owner.now());
    text.people_attested = true;
    signed_by_both(&owner, &raw.identity, &text).await;
    let asks =
        async |query: Query| match raw.ask(&owner, &raw.identity.sign(Signed::Query, &query)).await
        {
            Reply::Answer { .. } => Vec::new(),
            reply => {
                let reasons = reply.refused(&owner.identity.card.message_key);
                reasons.iter().map(|reason| reason.code).collect::<Vec<_>>()
            }
        };
    let new = || query(raw.id(), owner.id(), PLATE, owner.now());
    let with = |query: Query, said: &Attestation, key: &SecretKey| {
        let signed = SignedAttestation::sign(said, key).expect("an attestation");
        let requester = Requester { attestation: Some(signed), ..query.requester.clone() };
        Query { requester, ..query }
    };
    let (agency, message) = (&raw.identity.agency_key, &raw.identity.message_key);
    let honest = new();
    let invented = |query: Query| {
        let requester = Requester { full_name: words("Invented Officer"), ..query.requester };
        Query { requester, ..query }
    };
    let other_agency = Attestation { agency: owner.id().clone(), ..said(&honest) };
    let over = Attestation { ends: owner.now(), ..said(&honest) };
    let refused = [
        ("no attestation", new()),
        ("by the key that the node holds", with(new(), &said(&honest), message)),
        ("of somebody else", with(invented(new()), &said(&honest), agency)),
        ("of another agency", with(new(), &other_agency, agency)),
        ("that is over", with(new(), &over, agency)),
    ];
    for (what, query) in refused {
        assert_eq!(asks(query).await, [RefusalCode::PersonNotAttested], "{what}");
    }
    assert_eq!(owner.store().searches(), 0);
    assert_eq!(asks(with(new(), &said(&honest), agency)).await, []);
    let verified = owner.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "every decision is made again: {verified:?}");
}
