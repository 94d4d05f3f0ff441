//! Parties of an agreement are known by the same keys to all who sign: who was shown a false card is
//! found out.

use ::agreements::lifecycle::AgreementStatus;
use node::admin::agreements;
use node::admin::cards::{self, Confirmation};
use node::auditing::alarms::resolve;
use schemas::alarm::AlarmKind;
use schemas::envelope::Kind as Signed;
use schemas::query::{Query, QueryId};
use schemas::refusal::RefusalCode;
use tests::agency::Agency;
use tests::federation::{add_card, adhere, known_parties, pair, propose, wait_for_adherence};
use tests::fixtures::{PLATE, agreement, query, words};
use tests::identity::Identity;
use tests::proposals::{digest_of, refused_with, told};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn parties_that_know_a_third_by_different_keys_are_both_alarmed() {
    let (fooled, knowing) = pair().await;
    let third = Identity::new("third-ca-pd", Vec::new(), knowing.now());
    let posing = Identity::new("third-ca-pd", Vec::new(), knowing.now());
    add_card(&knowing, &third).await;
    add_card(&fooled, &posing).await;
    let text = agreement(&[fooled.id(), knowing.id(), &third.id], fooled.now());
    propose(&fooled, &text, None).await;
    let alarm = async |at: &Agency, about: &Agency| {
        eventually("an alarm", async || {
            let state = at.own().registry.state();
            state.alarm_about(about.id()).map(|raised| raised.what.clone())
        })
        .await
    };
    let raised = alarm(&knowing, &fooled).await;
    assert_eq!(raised.kind, AlarmKind::PartyKey);
    let proves = raised.evidence.iter().any(|one| *one == third.card_envelope().to_text());
    assert!(proves, "the card as it is known here");
    wait_for_adherence(&knowing, &text.id, fooled.id()).await;
    adhere(&knowing, &text, None).await;
    assert_eq!(alarm(&fooled, &knowing).await.kind, AlarmKind::PartyKey);

    // The third signs: it shares with whom it knows and who knows it, and not with the one who was
    // shown another's card.
    let known = known_parties(&knowing, &text);
    let signed = third.adhere_to_all(&text, &known, knowing.now()).to_text();
    let by = knowing.admin();
    let taken = agreements::import(knowing.own(), knowing.store().as_ref(), &by, &signed).await;
    taken.expect("an adherence");
    let state = knowing.own().registry.state();
    let recorded = &state.agreement_text(&text.id, &digest_of(&text)).expect("it").recorded;
    let between = |other| recorded.status(&third.id, other, knowing.now());
    assert_eq!(
        between(fooled.id()),
        AgreementStatus::FingerprintsDiffer { by: fooled.id().clone(), of: third.id.clone() }
    );
    assert_eq!(between(knowing.id()), AgreementStatus::InForce);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_this_agency_by_another_key_is_answered_nothing() {
    let owner = Agency::start("owning-ca-pd").await;
    owner.add_reads(PLATE, 3).await;
    let raw = RawPeer::start("fooled-ca-pd", owner.now());
    add_card(&owner, &raw.identity).await;
    let text = agreement(&[owner.id(), raw.id()], owner.now());
    propose(&owner, &text, None).await;
    let posing = Identity::new(owner.id().as_str(), Vec::new(), owner.now());
    let known = [raw.identity.known(), posing.known()];
    let signed = raw.identity.adhere_to_all(&text, &known, owner.now());
    assert_eq!(told(&raw, &owner, &signed).await, None, "it is recorded as it was signed");
    let state = owner.own().registry.state();
    assert_eq!(state.alarm_about(raw.id()).expect("an alarm").what.kind, AlarmKind::PartyKey);
    let row = agreements::show(owner.own(), &text.id, None).expect("it");
    assert_ne!(row.state, "in_force");
    // With the alarm resolved the pair is still not in force.
    let observed = &owner.context().observed;
    let reason = words("looked into");
    resolve(owner.own(), observed, &owner.admin(), 1, &reason).await.expect("a resolution");
    let asked = query(raw.id(), owner.id(), PLATE, owner.now());
    let reply = raw.ask(&owner, &raw.identity.sign(Signed::Query, &asked)).await;
    let reasons = reply.refused(&owner.identity.card.message_key);
    assert_eq!(reasons[0].code, RefusalCode::AuthorityNotInForce);
    assert!(reasons[0].message.contains("another key"), "{}", reasons[0].message);
    // Its own key named otherwise than it signs is no adherence at all.
    let own_otherwise = Identity::new(raw.id().as_str(), Vec::new(), owner.now());
    let known = [own_otherwise.known(), owner.identity.known()];
    let signed = raw.identity.adhere_to_all(&text, &known, owner.now());
    refused_with(&raw, &owner, &signed, "another key of its own agency").await;
    // Nor is one that does not say by which key it knows whom it shares with.
    let signed = raw.identity.adhere_to_all(&text, &[raw.identity.known()], owner.now());
    refused_with(&raw, &owner, &signed, "does not name the key of `owning-ca-pd`").await;
    // Known by the right one, it is answered.
    let known = known_parties(&owner, &text);
    let signed = raw.identity.adhere_to_all(&text, &known, owner.now());
    assert_eq!(told(&raw, &owner, &signed).await, None);
    let asked = Query { id: QueryId::from_bytes([9; 16]), ..asked };
    let reply = raw.ask(&owner, &raw.identity.sign(Signed::Query, &asked)).await;
    drop(reply.answered());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_known_by_its_key_of_before_alarms_nobody() {
    let (behind, knowing) = pair().await;
    let mut third = Identity::new("third-ca-pd", Vec::new(), knowing.now());
    add_card(&knowing, &third).await;
    add_card(&behind, &third).await;
    // Its agency key is exchanged, and one of the two has not confirmed the new one yet.
    let before = third.known();
    let next = Identity::new("third-ca-pd", Vec::new(), knowing.now());
    third.agency_key = next.agency_key.clone();
    third.card.agency_key = next.agency_key.public();
    third.card.version += 1;
    let confirmation = Confirmation {
        envelope: third.card_envelope().to_text(),
        fingerprint: third.agency_key.public().fingerprint(),
        verified_by: words("telephone"),
        kind: None,
        state: None,
        replace: true,
    };
    cards::add(knowing.own(), &knowing.admin(), &confirmation).await.expect("the new card");
    let text = agreement(&[behind.id(), knowing.id(), &third.id], behind.now());
    propose(&behind, &text, None).await;
    wait_for_adherence(&knowing, &text.id, behind.id()).await;
    let state = knowing.own().registry.state();
    let recorded = &state.agreement_text(&text.id, &digest_of(&text)).expect("it").recorded;
    let named = recorded.adherences[behind.id()].fingerprint_of(&third.id);
    assert_eq!(named, Some(before.fingerprint));
    assert!(state.alarm_about(behind.id()).is_none(), "{:?}", state.alarms);
    // A key that nobody here ever confirmed still does.
    let posing = Identity::new("third-ca-pd", Vec::new(), knowing.now());
    let raw = RawPeer::start("fooled-ca-pd", knowing.now());
    add_card(&knowing, &raw.identity).await;
    let text = agreement(&[knowing.id(), raw.id(), &third.id], knowing.now());
    propose(&knowing, &text, None).await;
    let known = [raw.identity.known(), knowing.identity.known(), posing.known()];
    let signed = raw.identity.adhere_to_all(&text, &known, knowing.now());
    assert_eq!(told(&raw, &knowing, &signed).await, None);
    let state = knowing.own().registry.state();
    assert_eq!(state.alarm_about(raw.id()).expect("an alarm").what.kind, AlarmKind::PartyKey);
}
