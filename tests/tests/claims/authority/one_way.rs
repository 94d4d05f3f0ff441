//! Agreements under which one side alone shares, and agreements for people whom they name.

use ::agreements::agreement::NamedPerson;
use node::admin::{agreements, people};
use node::permission::Principal;
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use schemas::user::User;
use tests::agency::Agency;
use tests::federation::{
    adhere, in_force_with, pair, propose, wait_for_adherence, wait_for_agreement,
};
use tests::fixtures::{OFFICER, PLATE, agreement, draft};
use tests::identity::envelope_text;
use tests::officials::acting_as;

/// Why a query of the officer is refused; nothing where it is answered.
async fn asks(asking: &Agency, owning: &Agency) -> Option<RefusalCode> {
    asks_as(asking, owning, &asking.officer()).await
}

async fn asks_as(asking: &Agency, owning: &Agency, by: &Principal) -> Option<RefusalCode> {
    let draft = draft(&[owning.id()], PLATE, asking.now());
    let mut heard = asking.node().queries.ask(&draft, by).expect("a draft that asks");
    let outcome = tests::wait::within("an outcome", heard.recv()).await.expect("an outcome");
    match outcome.outcome {
        OutcomeCode::Answered => None,
        _ => Some(outcome.reasons.first().expect("a reason").code),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_one_way_sharing_who_only_receives_is_answered_and_answers_nobody() {
    let (receiving, sharing) = pair().await;
    let mut text = agreement(&[receiving.id(), sharing.id()], receiving.now());
    // Unless the text says so, whoever receives also shares.
    let to_nobody = receiving.identity.adhere(
        &text,
        &[],
        &tests::federation::known_parties(&receiving, &text),
        receiving.now(),
    );
    let proposal = envelope_text(&receiving.identity.propose(&text));
    let refused = agreements::propose(
        receiving.own(),
        &receiving.admin(),
        &proposal,
        &envelope_text(&to_nobody),
    )
    .await;
    let why = refused.expect_err("it shares with nobody").to_string();
    assert!(why.contains("not for one way"), "{why}");

    text.one_way = true;
    propose(&receiving, &text, Some(&[])).await;
    wait_for_agreement(&sharing, &text.id).await;
    adhere(&sharing, &text, Some(&[receiving.id().clone()])).await;
    wait_for_adherence(&receiving, &text.id, sharing.id()).await;
    assert_eq!(asks(&receiving, &sharing).await, None);
    assert_eq!(asks(&sharing, &receiving).await, Some(RefusalCode::PartyNotListed));
    for (agency, other, direction) in
        [(&receiving, &sharing, "from_them"), (&sharing, &receiving, "to_them")]
    {
        let shown = agreements::show(agency.own(), &text.id, None).expect("an agreement");
        assert_eq!(shown.state, "in_force");
        let with = serde_json::to_value(&shown.standings[0]).expect("JSON");
        assert_eq!(
            (&with["with"], &with["state"]),
            (&other.id().as_str().into(), &"in_force".into())
        );
        assert_eq!(with["direction"], direction);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_agreement_names_people_nobody_else_asks_under_it() {
    let (asking, owning) = pair().await;
    in_force_with(&[&asking, &owning], |text| {
        let (agency, user) = (asking.id().clone(), OFFICER.parse().expect("a user name"));
        text.people = vec![NamedPerson { agency, user }];
    })
    .await;
    assert_eq!(asks(&asking, &owning).await, None);
    // Others are refused by what both sides signed, whatever their roles are; of the other side, everybody.
    let known = asking.own().registry.state().users[&asking.officer().user].clone();
    let colleague = User { name: "n.ortiz".parse().expect("a user name"), ..known };
    people::add(asking.own(), &asking.admin(), &colleague).await.expect("a colleague");
    let other = acting_as("n.ortiz");
    assert_eq!(asks_as(&asking, &owning, &other).await, Some(RefusalCode::PersonNotListed));
    assert_eq!(asks(&owning, &asking).await, Some(RefusalCode::PersonNotListed));
}
