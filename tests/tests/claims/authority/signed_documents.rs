//! Agreements and requests between nodes: over the network and as files, of two and of many.

use ::agreements::agreement::{Act, Adherence, Agreement, Notice, Person};
use ::agreements::request::{RequestScope, Verdict};
use ::agreements::template;
use node::admin::agreements;
use node::admin::requests::{self, DecisionInput};
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::purpose::Purpose;
use schemas::refusal::RefusalCode;
use tests::agency::Agency;
use tests::federation::{
    add_card, adhere, in_force, introduce, known_parties, owner_and_raw, pair, propose,
    sign_everywhere, wait_for_adherence, wait_for_agreement,
};
use tests::fixtures::{OFFICER, PLATE, agreement, id, words};
use tests::officials::{decision, officer};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::written_requests::{file_request_within, single_use, wait_for_state};

async fn outcome(asking: &Agency, owning: &Agency) -> Result<u32, RefusalCode> {
    let heard = asking.ask_one(owning.id(), PLATE).await;
    match heard.outcome {
        OutcomeCode::Answered => Ok(heard.basis.expect("a basis").version),
        OutcomeCode::Refused => Err(heard.reasons[0].code),
        other => panic!("{other}: {:?}", heard.error),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_made_over_the_network() {
    let (asking, owning) = pair().await;
    let id = in_force(&[&asking, &owning]).await;
    let (ours, theirs) = (
        agreements::show(asking.own(), &id, None).expect("an agreement"),
        agreements::show(owning.own(), &id, None).expect("an agreement"),
    );
    assert_eq!((ours.state.as_str(), theirs.state.as_str()), ("in_force", "in_force"));
    assert!(ours.text.is_some() && ours.text == theirs.text, "both hold the same text");
    let (proposer, party) = (asking.log().await, owning.log().await);
    for kind in [Kind::AgreementProposed, Kind::AgreementSigned, Kind::AgreementAdhered] {
        proposer.one(kind);
    }
    for kind in [Kind::AgreementReceived, Kind::AgreementAdhered, Kind::AgreementSigned] {
        party.one(kind);
    }
    assert_eq!(party.one(Kind::AgreementAdhered).detail("signatory"), "Chris Doe");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_made_of_files_between_nodes_that_do_not_meet() {
    let (mut asking, mut owning) = pair().await;
    owning.stop().await;
    let text = agreement(&[asking.id(), owning.id()], asking.now());
    propose(&asking, &text, None).await;
    let file =
        agreements::show(asking.own(), &text.id, None).expect("an agreement").envelopes.join("\n");
    asking.stop().await;

    owning.run().await;
    assert_eq!(
        agreements::import(owning.own(), owning.store().as_ref(), &owning.admin(), &file)
            .await
            .expect("an import"),
        2
    );
    adhere(&owning, &text, None).await;
    let file =
        agreements::show(owning.own(), &text.id, None).expect("an agreement").envelopes.join("\n");
    owning.stop().await;

    asking.run().await;
    for _ in 0..2 {
        agreements::import(asking.own(), asking.store().as_ref(), &asking.admin(), &file)
            .await
            .expect("an import");
    }
    let log = asking.log().await;
    assert_eq!(log.count(Kind::AgreementAdhered), 1, "the same file again changes nothing");
    owning.run().await;
    assert_eq!(outcome(&asking, &owning).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_of_many_is_in_force_pairwise_as_parties_sign() {
    let agencies = [
        Agency::start("first-ca-pd").await,
        Agency::start("second-ca-pd").await,
        Agency::start("third-ca-pd").await,
        Agency::start("fourth-ca-pd").await,
    ];
    let [first, second, third, fourth] = &agencies;
    introduce(&[first, second, third, fourth]).await;
    let text = agreement(&[first.id(), second.id(), third.id(), fourth.id()], first.now());
    propose(first, &text, None).await;
    for agency in [second, third, fourth] {
        wait_for_agreement(agency, &text.id).await;
    }
    assert_eq!(outcome(second, first).await, Err(RefusalCode::AuthorityNotInForce));
    adhere(second, &text, None).await;
    for agency in [first, third] {
        wait_for_adherence(agency, &text.id, second.id()).await;
    }
    assert_eq!(outcome(second, first).await, Ok(1));
    assert_eq!(outcome(first, second).await, Ok(1));
    assert_eq!(
        outcome(third, first).await,
        Err(RefusalCode::AuthorityNotInForce),
        "who has not signed has nothing"
    );
    assert_eq!(outcome(first, third).await, Err(RefusalCode::AuthorityNotInForce));
    // A later party joins without anybody signing again.
    adhere(third, &text, None).await;
    for agency in [first, second] {
        wait_for_adherence(agency, &text.id, third.id()).await;
    }
    wait_for_adherence(third, &text.id, second.id()).await;
    for (asking, owning) in [(third, first), (third, second), (first, third), (second, third)] {
        assert_eq!(outcome(asking, owning).await, Ok(1));
    }
    assert_eq!(outcome(fourth, third).await, Err(RefusalCode::AuthorityNotInForce));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_party_chooses_with_whom_it_shares() {
    let (first, second) = pair().await;
    let third = Agency::start("third-ca-pd").await;
    introduce(&[&first, &third]).await;
    introduce(&[&second, &third]).await;
    let body = template::builtin("lasd").expect("a template");
    let parties = [&first, &second, &third].map(|agency| agency.id().clone());
    let text = template::draft(
        body,
        &format!("{}/lasd-test", first.id()).parse().expect("an id"),
        parties.to_vec(),
        first.now(),
        &[],
    );
    let text = text.expect("a draft");
    // The first shares with both, the second with the first alone, the third with both.
    propose(&first, &text, None).await;
    for (agency, with) in [(&second, Some([first.id().clone()])), (&third, None)] {
        wait_for_agreement(agency, &text.id).await;
        adhere(agency, &text, with.as_ref().map(<[_; 1]>::as_slice)).await;
    }
    for agency in [&first, &second, &third] {
        for party in &parties {
            wait_for_adherence(agency, &text.id, party).await;
        }
    }
    assert_eq!(outcome(&first, &second).await, Ok(1));
    assert_eq!(outcome(&second, &first).await, Ok(1));
    assert_eq!(outcome(&third, &first).await, Ok(1));
    assert_eq!(outcome(&third, &second).await, Err(RefusalCode::PartyNotListed));
    assert_eq!(
        outcome(&second, &third).await,
        Err(RefusalCode::PartyNotListed),
        "not one-sided either"
    );
    // An adherence signed anew opens what was closed.
    adhere(&second, &text, None).await;
    eventually("the new share list arrives", async || {
        let row = agreements::show(third.own(), &text.id, None).ok()?;
        let second = row.parties.iter().find(|party| party.agency == *second.id())?;
        second.shares_with.contains(third.id()).then_some(())
    })
    .await;
    assert_eq!(outcome(&third, &second).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_takes_over_once_both_have_signed_it() {
    let (asking, owning) = pair().await;
    let first = agreement(&[asking.id(), owning.id()], asking.now());
    sign_everywhere(&[&asking, &owning], &first).await;
    let second = Agreement {
        version: 2,
        supersedes: Some(Digest::of(first.to_toml().expect("TOML").as_bytes())),
        purposes: vec![Purpose::MissingPerson],
        ..first.clone()
    };
    propose(&asking, &second, None).await;
    eventually("the second version arrives", async || {
        agreements::show(owning.own(), &second.id, Some(2)).ok()
    })
    .await;
    assert_eq!(
        outcome(&asking, &owning).await,
        Ok(1),
        "what both signed holds until both sign anew"
    );
    adhere(&owning, &second, None).await;
    assert_eq!(outcome(&asking, &owning).await, Err(RefusalCode::PurposeNotAuthorized));
}

/// Sends a document; whether it was acknowledged.
async fn taken_in(raw: &RawPeer, owner: &Agency, document: &Envelope) -> bool {
    let (reply, _) = raw.say(owner, FrameKind::Document, document.as_bytes()).await;
    reply.is_some_and(|frame| frame.kind == FrameKind::DocumentAck)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_others_must_sign_is_not_taken_in() {
    let (owner, raw, known) = owner_and_raw().await;
    let other = RawPeer::start("other-ca-pd", owner.now());
    add_card(&owner, &other.identity).await;
    let now = owner.now();
    let (me, hostile) = (owner.id(), raw.id());
    let between_others = agreement(&[hostile, other.id()], now);
    let without_sender =
        Agreement { parties: vec![me.clone(), other.id().clone()], ..between_others.clone() };
    let recorded = agreements::show(owner.own(), &known, None).expect("an agreement");
    let exact = recorded.text.expect("its text");
    let text = Agreement::from_toml("agreement", &exact).expect("an agreement");
    let rewritten = Agreement { row_limit: 1, ..text.clone() };
    let message = |kind, toml: String, key| {
        Envelope::sign(kind, toml.into_bytes(), key).expect("an envelope")
    };
    let keys = &raw.identity;
    let in_anothers_name = Adherence {
        agency: me.clone(),
        ..tests::fixtures::adherence(
            &text,
            &exact,
            hostile,
            &[],
            &known_parties(&owner, &text),
            now,
        )
    };
    let with = std::slice::from_ref(me);
    let known_keys = known_parties(&owner, &text);
    let to_another_text =
        tests::fixtures::adherence(&text, "another text", hostile, with, &known_keys, now);
    let notice = Notice {
        agreement: known.clone(),
        version: 1,
        text: recorded.digest,
        agency: me.clone(),
        act: Act::Suspend,
        reason: words("not mine to give"),
        at: now,
        by: Person { user: OFFICER.parse().expect("a user name"), full_name: words("Nobody") },
    };
    let toml = |adherence: &Adherence| adherence.to_toml().expect("TOML");
    let table = [
        ("an agreement between others", keys.propose(&between_others)),
        ("an agreement without its sender", keys.propose(&without_sender)),
        ("another text under a known id", keys.propose(&rewritten)),
        (
            "an adherence in another's name",
            message(Signed::Adherence, toml(&in_anothers_name), &keys.agency_key),
        ),
        (
            "an adherence to another text",
            message(Signed::Adherence, toml(&to_another_text), &keys.agency_key),
        ),
        (
            "an adherence signed with the message key",
            message(Signed::Adherence, toml(&to_another_text), &keys.message_key),
        ),
        (
            "a notice in another's name",
            message(Signed::Notice, notice.to_toml().expect("TOML"), &keys.message_key),
        ),
        (
            "an agreement that another signed",
            other.identity.propose(&agreement(&[other.id(), me, hostile], now)),
        ),
    ];
    let signed = || {
        let state = owner.context().agency.registry.state();
        let texts = state.agreements.values().flat_map(|texts| texts.values());
        texts.map(|text| (text.envelope.clone(), text.signed.clone())).collect::<Vec<_>>()
    };
    let before = signed();
    for (what, document) in table {
        assert!(!taken_in(&raw, &owner, &document).await, "{what}");
        assert_eq!(signed(), before, "{what}");
    }
    owner
        .wait_for_log("the rejection", |log| (log.count(Kind::PeerRejected) > 0).then_some(()))
        .await;
    // A proposal of its own is taken in, so it was not the sender.
    assert!(taken_in(&raw, &owner, &keys.propose(&agreement(&[hostile, me], now))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_recorded_once_and_acknowledged_each_time() {
    let (owner, raw, _) = owner_and_raw().await;
    let text = agreement(&[raw.id(), owner.id()], owner.now());
    let known = known_parties(&owner, &text);
    let (proposal, adherence) =
        (raw.identity.propose(&text), raw.identity.adhere_to_all(&text, &known, owner.now()));
    assert!(!taken_in(&raw, &owner, &adherence).await, "there is nothing yet to adhere to");
    let before = owner.log().await.count(Kind::AgreementAdhered);
    for _ in 0..3 {
        assert!(taken_in(&raw, &owner, &proposal).await);
        assert!(taken_in(&raw, &owner, &adherence).await);
    }
    let log = owner.log().await;
    assert_eq!(
        (log.count(Kind::AgreementReceived), log.count(Kind::AgreementAdhered)),
        (1, before + 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_request_gives_no_authority_and_says_why() {
    let (asking, owning) = pair().await;
    let request = file_request_within(&asking, &owning, single_use()).await;
    assert_eq!(outcome(&asking, &owning).await, Err(RefusalCode::AuthorityNotInForce), "it waits");
    let denial = decision(Verdict::Denied, RequestScope::default());
    let denial = DecisionInput { reason: words("No need shown"), ..denial };
    let by_officer =
        requests::decide(owning.own(), owning.keys(), &officer(), &request, &denial).await;
    assert!(by_officer.is_err(), "an officer decides nothing");
    requests::decide(owning.own(), owning.keys(), &owning.admin(), &request, &denial)
        .await
        .expect("a decision");
    let told = wait_for_state(&asking, &request, "denied").await;
    assert_eq!(told.reason.map(|reason| reason.to_string()).as_deref(), Some("No need shown"));
    assert_eq!(told.decided_by.map(|name| name.to_string()).as_deref(), Some("Alex Admin"));
    assert_eq!(outcome(&asking, &owning).await, Err(RefusalCode::AuthorityNotInForce));
    for agency in [&asking, &owning] {
        agency.log().await.one(Kind::RequestDenied);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_card_is_taken_in_held_or_an_alarm() {
    let (owner, raw, _) = owner_and_raw().await;
    let show = async |envelope: &Envelope| {
        raw.say(&owner, FrameKind::Card, envelope.as_bytes()).await.0.map(|frame| frame.kind)
    };
    let signed = |card: &Card| {
        let envelope = raw.identity.sign_card(card, &[]);
        (Card::open(&envelope).expect("a card"), envelope)
    };
    let card = &raw.identity.card;
    let known = || owner.context().agency.registry.state().peers[raw.id()].clone();
    let moved = Card { version: 2, contact: words("+1 555 0100, day and night"), ..card.clone() };
    let (moved, envelope) = signed(&moved);
    assert_eq!(show(&envelope).await, Some(FrameKind::Card));
    assert_eq!(known().card.value, moved);
    owner.log().await.one(Kind::CardUpdated);

    let federal = Card { version: 3, kind: schemas::agency::AgencyKind::Federal, ..moved.clone() };
    let (federal, envelope) = signed(&federal);
    assert_eq!(show(&envelope).await, Some(FrameKind::Card));
    assert_eq!(
        (known().card.value, known().held.map(|held| held.card.value)),
        (moved.clone(), Some(federal))
    );
    owner.log().await.one(Kind::CardHeld);

    let twice = Card { contact: words("+1 555 0199"), ..moved.clone() };
    assert_eq!(show(&signed(&twice).1).await, Some(FrameKind::Card));
    assert_eq!(known().card.value, moved);
    owner.log().await.one(Kind::AlarmRaised);

    let posed = Card { id: id("other-ca-pd"), version: 9, ..moved.clone() };
    assert_ne!(show(&signed(&posed).1).await, Some(FrameKind::Card));
    let (later, _) = signed(&Card { version: 9, ..moved.clone() });
    let by_another = raw.identity.sign(Signed::Card, &later);
    assert_ne!(show(&by_another).await, Some(FrameKind::Card));
    assert_eq!(known().card.value, moved);
}
