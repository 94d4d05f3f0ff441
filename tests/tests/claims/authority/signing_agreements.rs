//! Who signs a standing agreement, with whom, and which of its versions counts.

use ::agreements::agreement::{Act, Agreement};
use node::admin::agreements;
use node::permission::ActError;
use schemas::agency::{AgencyId, AgencyKind};
use schemas::entry::EntryKind as Kind;
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use tests::agency::{Agency, Plan};
use tests::federation::{
    add_card, add_card_as, adhere, answered_query, give_notice, in_force, known_parties, pair,
    propose, shift_clocks,
};
use tests::fixtures::{DAY_MS, PLATE, agreement};
use tests::identity::envelope_text;
use tests::officials::{
    add_official, add_supervisor, delegate, prepare_adherence, propose_as, sign_as,
};
use tests::raw_peer::RawPeer;

const COMMANDER: &str = "Support Services Division Commander";

fn refused<T: std::fmt::Debug>(done: Result<T, ActError>, parts: &[&str]) {
    let Err(ActError::Refused(said)) = done else { panic!("{done:?}") };
    assert!(parts.iter().all(|part| said.sentence.contains(part)), "{parts:?} in {said}");
}

async fn owner(policy: &'static str) -> Agency {
    Agency::of(Plan::of(policy).policy(policy)).await
}

async fn outcome(asking: &Agency, owning: &Agency) -> Result<usize, RefusalCode> {
    let heard = asking.ask_one(owning.id(), PLATE).await;
    match heard.outcome {
        OutcomeCode::Answered => Ok(heard.reads.len()),
        OutcomeCode::Refused => Err(heard.reasons[0].code),
        other => panic!("{other}: {:?}", heard.error),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn indio_neither_proposes_nor_signs_a_standing_agreement() {
    let indio = owner("indio-ca-pd").await;
    let official = add_official(&indio).await;
    let other = RawPeer::start("other-ca-pd", indio.now());
    add_card(&indio, &other.identity).await;
    let parties = [indio.id(), other.id()];
    let theirs = agreement(&[other.id(), indio.id()], indio.now());
    let (taken, _) =
        other.say(&indio, FrameKind::Document, other.identity.propose(&theirs).as_bytes()).await;
    assert_eq!(taken.map(|frame| frame.kind), Some(FrameKind::DocumentAck));

    let ours = agreement(&parties, indio.now());
    let why = ["release_path", "standing agreement", "461.7(a)"];
    refused(prepare_adherence(&indio, &official, &ours, None), &why);
    refused(prepare_adherence(&indio, &official, &theirs, None), &why);
    // Nor when the agency key signs it past the node.
    let signed = |text: &Agreement| {
        let known = known_parties(&indio, text);
        envelope_text(&indio.identity.adhere_to_all(text, &known, indio.now()))
    };
    let proposal = envelope_text(&indio.identity.propose(&ours));
    refused(agreements::propose(indio.own(), &official, &proposal, &signed(&ours)).await, &why);
    refused(agreements::adhere(indio.own(), &official, &signed(&theirs)).await, &why);
    let log = indio.log().await;
    assert_eq!((log.count(Kind::AgreementProposed), log.count(Kind::AgreementSigned)), (0, 0));
    assert_eq!(agreements::show(indio.own(), &theirs.id, None).expect("it").state, "proposed");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_port_signing_takes_the_title_or_a_delegation_of_it() {
    let port = owner("los-angeles-ca-port-police").await;
    let other = RawPeer::start("other-ca-pd", port.now());
    add_card(&port, &other.identity).await;
    let text = || agreement(&[port.id(), other.id()], port.now());
    let sergeant = add_supervisor(&port, "s.lee", "Sam Lee", "Sergeant").await;
    let why = ["s.lee", "Sergeant", COMMANDER, "462.7(c)"];
    refused(propose_as(&port, &sergeant, &text()).await, &why);
    // An adherence that names somebody else, or a title that nobody here has, is none either.
    let claimed = text();
    let known = known_parties(&port, &claimed);
    let signed = envelope_text(&port.identity.adhere_to_all(&claimed, &known, port.now()));
    let proposal = envelope_text(&port.identity.propose(&claimed));
    let proposed = agreements::propose(port.own(), &sergeant, &proposal, &signed).await;
    refused(proposed, &["Chris Doe", COMMANDER, "462.7(c)"]);
    assert!(agreements::show(port.own(), &claimed.id, None).is_err());

    let until = port.now().plus_millis(DAY_MS);
    delegate(&port, &sergeant, COMMANDER, port.now().minus_days(1), until).await;
    let delegated = propose_as(&port, &sergeant, &text()).await.expect("under the delegation");
    port.clock.shift(DAY_MS);
    refused(propose_as(&port, &sergeant, &text()).await, &why);
    let commander = add_official(&port).await;
    let own = propose_as(&port, &commander, &text()).await.expect("by the title");

    let log = port.log().await;
    let signed: Vec<_> = log.all(Kind::AgreementSigned);
    for (entry, agreement, name) in
        [(signed[0], &delegated.agreement, "Sam Lee"), (signed[1], &own.agreement, "Chris Doe")]
    {
        assert_eq!(entry.detail("agreement"), agreement.to_string().as_str());
        assert_eq!(
            (entry.detail("signatory"), entry.detail("title")),
            (&name.into(), &COMMANDER.into())
        );
    }
    let row = agreements::show(port.own(), &delegated.agreement, None).expect("it");
    let adherence = tests::logs::envelope(&row.envelopes[1]);
    let said = String::from_utf8(adherence.unverified_payload().to_vec()).expect("UTF-8");
    assert!(said.contains("delegation = \"delegated by the Support Services"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn monrovia_shares_with_the_sheriff_alone_whoever_else_is_party() {
    let monrovia = owner("monrovia-ca-pd").await;
    let official = add_official(&monrovia).await;
    let sheriff = RawPeer::start("los-angeles-ca-sheriff", monrovia.now());
    let other = RawPeer::start("pasadena-ca-pd", monrovia.now());
    add_card_as(&monrovia, &sheriff.identity, Some(AgencyKind::Sheriff), None).await;
    add_card(&monrovia, &other.identity).await;
    let text = agreement(&[monrovia.id(), sheriff.id(), other.id()], monrovia.now());
    propose_as(&monrovia, &official, &text).await.expect("a proposal");
    let shares = || -> Vec<AgencyId> {
        let row = agreements::show(monrovia.own(), &text.id, None).expect("it");
        let own = row.parties.iter().find(|party| party.agency == *monrovia.id());
        own.expect("a party").shares_with.clone()
    };
    assert_eq!(shares(), [sheriff.id().clone()]);
    for with in [vec![other.id().clone()], vec![sheriff.id().clone(), other.id().clone()]] {
        let why = ["463.6(d)", "pasadena-ca-pd", "los-angeles-ca-sheriff"];
        refused(sign_as(&monrovia, &official, &text, Some(&with)).await, &why);
    }
    let none = agreement(&[monrovia.id(), other.id()], monrovia.now());
    refused(propose_as(&monrovia, &official, &none).await, &["463.6(d)", "pasadena-ca-pd"]);
    assert_eq!(shares(), [sheriff.id().clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_agreement_with_a_federal_agency_is_proposed_or_recorded() {
    let us = Agency::start("owning-ca-pd").await;
    let friend = RawPeer::start("friend-ca-pd", us.now());
    let bureau = RawPeer::start("some-federal-bureau", us.now());
    add_card(&us, &friend.identity).await;
    add_card_as(&us, &bureau.identity, Some(AgencyKind::Federal), None).await;
    let parties = [us.id(), friend.id(), bureau.id()];
    let why = ["federal", "some-federal-bureau", "1798.90.55(b)"];
    refused(propose_as(&us, &us.admin(), &agreement(&parties, us.now())).await, &why);
    // Nor if it is signed past the node, sharing with the friend alone.
    let text = agreement(&parties, us.now());
    let (with, known) = ([friend.id().clone()], known_parties(&us, &text));
    let signed = envelope_text(&us.identity.adhere(&text, &with, &known, us.now()));
    let proposal = envelope_text(&us.identity.propose(&text));
    refused(agreements::propose(us.own(), &us.admin(), &proposal, &signed).await, &why);

    for (sender, text) in [
        (&friend, agreement(&[friend.id(), us.id(), bureau.id()], us.now())),
        (&bureau, agreement(&[bureau.id(), us.id(), friend.id()], us.now())),
        (&bureau, agreement(&[bureau.id(), us.id()], us.now())),
    ] {
        let sent = sender.identity.propose(&text);
        let (reply, _) = sender.say(&us, FrameKind::Document, sent.as_bytes()).await;
        assert_ne!(reply.map(|frame| frame.kind), Some(FrameKind::DocumentAck));
        let file =
            agreements::import(us.own(), us.store().as_ref(), &us.admin(), &envelope_text(&sent))
                .await;
        assert!(file.is_err(), "nor as a file");
        assert!(agreements::show(us.own(), &text.id, None).is_err(), "not recorded");
    }
    let log = us.log().await;
    let recorded = [Kind::AgreementProposed, Kind::AgreementReceived, Kind::AgreementSigned];
    assert!(recorded.iter().all(|kind| log.count(*kind) == 0));
    assert_eq!(agreements::list(us.own()).len(), 0);
}

/// The next version of the agreement `id`, after the text that `owning` has.
fn second(asking: &Agency, owning: &Agency, id: &schemas::authority::AuthorityId) -> Agreement {
    let mut text = agreement(&[asking.id(), owning.id()], owning.now());
    let before = agreements::show(owning.own(), id, Some(1)).expect("the first").digest;
    (text.id, text.version, text.supersedes) = (id.clone(), 2, Some(before));
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_merely_proposed_keeps_nobody_from_suspending_the_one_in_force() {
    let (asking, owning) = pair().await;
    let id = in_force(&[&asking, &owning]).await;
    let text = second(&asking, &owning, &id);
    propose(&asking, &text, None).await;
    tests::wait::eventually("the proposal arrives", async || {
        agreements::show(owning.own(), &id, Some(2)).ok()
    })
    .await;
    assert_eq!(outcome(&asking, &owning).await, Ok(3), "the first still stands");
    give_notice(&owning, &id, Act::Suspend).await;
    let suspended = owning.log().await.one(Kind::AgreementSuspended).clone();
    assert_eq!(suspended.detail("version"), 1);
    assert_eq!(outcome(&asking, &owning).await, Err(RefusalCode::AuthorityNotInForce));
    // What was suspended was the sharing: the second version does not revive the first.
    give_notice(&owning, &id, Act::Resume).await;
    assert_eq!(outcome(&asking, &owning).await, Ok(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proposed_the_next_version_can_suspend_all_the_same() {
    let (asking, owning) = pair().await;
    let id = in_force(&[&asking, &owning]).await;
    propose(&owning, &second(&asking, &owning, &id), None).await;
    assert_eq!(outcome(&asking, &owning).await, Ok(3));
    give_notice(&owning, &id, Act::Suspend).await;
    assert_eq!(outcome(&asking, &owning).await, Err(RefusalCode::AuthorityNotInForce));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_or_withdrawn_version_does_not_bring_an_older_one_back() {
    for act in [Act::Suspend, Act::Withdraw] {
        let (asking, owning) = pair().await;
        let id = in_force(&[&asking, &owning]).await;
        let text = second(&asking, &owning, &id);
        propose(&asking, &text, None).await;
        tests::wait::eventually("the proposal arrives", async || {
            agreements::show(owning.own(), &id, Some(2)).ok()
        })
        .await;
        adhere(&owning, &text, None).await;
        assert_eq!(outcome(&asking, &owning).await, Ok(3));
        let log = owning.log().await;
        let basis = log.last(Kind::QueryAnswered).access().basis.clone();
        assert_eq!(basis.map(|basis| basis.version), Some(2));
        give_notice(&owning, &id, act).await;
        assert_eq!(outcome(&asking, &owning).await, Err(RefusalCode::AuthorityNotInForce));
        assert_eq!(owning.log().await.last(Kind::QueryRefused).access().basis, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_has_expired_does_not_bring_an_older_one_back() {
    let (asking, owning) = pair().await;
    let id = in_force(&[&asking, &owning]).await;
    let mut text = second(&asking, &owning, &id);
    text.expires = owning.now().plus_millis(DAY_MS);
    propose(&asking, &text, None).await;
    tests::wait::eventually("the proposal arrives", async || {
        agreements::show(owning.own(), &id, Some(2)).ok()
    })
    .await;
    adhere(&owning, &text, None).await;
    answered_query(&asking, &owning).await;
    owning.wait_for_receipts().await;
    shift_clocks([&asking, &owning], DAY_MS);
    assert_eq!(outcome(&asking, &owning).await, Err(RefusalCode::AuthorityNotInForce));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declines_a_proposal_says_why_and_its_proposer_hears_it() {
    let (asking, owning) = pair().await;
    let text = agreement(&[asking.id(), owning.id()], asking.now());
    propose(&asking, &text, None).await;
    tests::federation::wait_for_agreement(&owning, &text.id).await;
    let shown = |agency: &Agency| agreements::show(agency.own(), &text.id, None).expect("a text");
    assert_eq!(shown(&owning).state, "proposed");
    give_notice(&owning, &text.id, Act::Decline).await;
    assert_eq!(shown(&owning).state, "declined");
    let heard = tests::wait::eventually("the proposer hears it", async || {
        let standing = shown(&asking).standings.remove(0);
        (standing.state == "declined").then_some(standing)
    })
    .await;
    assert_eq!(heard.by.as_ref(), Some(owning.id()));
    assert!(heard.notice.is_some_and(|notice| !notice.reason.is_empty()), "and why");
    assert_eq!(asking.log().await.count(Kind::AgreementDeclined), 1);
    assert_eq!(outcome(&asking, &owning).await, Err(RefusalCode::AuthorityNotInForce));
    // Nothing is for good: whoever signs after all has signed.
    adhere(&owning, &text, None).await;
    tests::federation::wait_for_adherence(&asking, &text.id, owning.id()).await;
    assert_eq!(outcome(&asking, &owning).await, Ok(3));
}
