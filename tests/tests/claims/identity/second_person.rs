//! What gives power counts once a second person confirms it: whoever would be both persons is
//! refused.

use node::admin::second_person::{confirm, countersign, decline};
use node::admin::{delegations, people, training};
use node::permission::Principal;
use schemas::digest::Digest;
use schemas::purpose::Role;
use schemas::user::{Delegation, User};
use tests::agency::Agency;
use tests::fixtures::{HOUR_MS, OFFICER, words};
use tests::officials::acting_as;
use tests::signing_in::{administrator, enrolled};

fn user(name: &str, full_name: &str, role: Role) -> User {
    User::new(name.parse().expect("a user name"), words(full_name), words(""), vec![role])
}

async fn added(agency: &Agency, by: &Principal, user: &User) -> Option<u64> {
    let changed = people::add(agency.own(), by, user).await.expect("a change");
    changed.proposal.map(|proposal| proposal.number)
}

fn code(error: &node::permission::ActError) -> &str {
    error.code()
}

/// An agency with two administrators, the second countersigned by an auditor.
async fn agency() -> (Agency, Principal, Principal, Principal) {
    let mut agency = Agency::start("asking-ca-pd").await;
    administrator(&mut agency).await;
    let first = agency.admin();
    let (second, auditor) = (acting_as("b.second"), acting_as("a.auditor"));
    let of = user("b.second", "Bea Second", Role::AlprAdministrator);
    assert_eq!(added(&agency, &first, &of).await, None, "there is nobody else");
    assert_eq!(
        added(&agency, &first, &user("a.auditor", "Ann Auditor", Role::Auditor)).await,
        None
    );
    enrolled(&agency, &first, &second.user, false).await;
    (agency, first, second, auditor)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_administrator_acts_alone_until_an_auditor_countersigns_the_second() {
    let (agency, first, second, auditor) = agency().await;
    let state = agency.own().registry.state();
    let alone: Vec<_> = state.sign_in.alone.keys().map(ToString::to_string).collect();
    assert_eq!(alone, ["a.auditor", "admin", "b.second"]);
    // The second rests on the first alone: she confirms nothing of his.
    let third = user("c.third", "Cat Third", Role::AlprAdministrator);
    assert_eq!(added(&agency, &first, &third).await, None);
    let own = countersign(agency.own(), &auditor, &auditor.user, &words("looked")).await;
    assert_eq!(code(&own.unwrap_err()), "second_person");
    countersign(agency.own(), &auditor, &second.user, &words("looked"))
        .await
        .expect("countersigned");
    let fourth = user("d.fourth", "Dan Fourth", Role::AlprAdministrator);
    assert_eq!(added(&agency, &first, &fourth).await, Some(1));
    let state = agency.own().registry.state();
    assert!(!state.users.contains_key(&fourth.name), "it waits");
    confirm(agency.own(), &second, 1).await.expect("confirmed");
    let state = agency.own().registry.state();
    assert!(
        state.users.contains_key(&fourth.name) && !state.sign_in.alone.contains_key(&fourth.name)
    );
    // The log tells every change: a node starts on it.
    let mut agency = agency;
    agency.restart().await;
    assert!(agency.own().registry.state().users.contains_key(&fourth.name));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_both_persons_by_whatever_account() {
    let (agency, first, second, auditor) = agency().await;
    countersign(agency.own(), &auditor, &second.user, &words("looked"))
        .await
        .expect("countersigned");
    // An officer needs no second person, whatever the rest.
    let plain = user("p.plain", "Pat Plain", Role::Sworn);
    assert_eq!(added(&agency, &first, &plain).await, None);
    let officer = OFFICER.parse().expect("a user name");
    let delegation = Delegation {
        title: words("Chief of Police"),
        from: agency.now(),
        until: agency.now().plus_millis(HOUR_MS),
        holder: None,
        paper: Some(Digest::of(b"signed")),
    };
    let waits = delegations::delegate(agency.own(), &first, &officer, &delegation).await;
    let number = waits.expect("a proposal").proposal.expect("a proposal").number;
    let own = confirm(agency.own(), &first, number).await.unwrap_err();
    assert_eq!(code(&own), "second_person");
    // Another account of the same person, which an auditor has let pass.
    let twin = user("twin", "alex ADMIN", Role::AlprAdministrator);
    let twins = added(&agency, &first, &twin).await.expect("a proposal");
    confirm(agency.own(), &second, twins).await.expect("confirmed");
    enrolled(&agency, &second, &twin.name, false).await;
    let by_twin = confirm(agency.own(), &acting_as("twin"), number).await.unwrap_err();
    assert_eq!(code(&by_twin), "second_person");
    // Who gains confirms nothing either.
    let gains = delegations::delegate(agency.own(), &first, &second.user, &delegation).await;
    let gains = gains.expect("a change").proposal;
    assert_eq!(gains, None, "nobody but who gains could: it rests on one alone, marked");
    assert!(agency.own().registry.state().sign_in.alone.contains_key(&second.user));
    let not_admin = confirm(agency.own(), &auditor, number).await.unwrap_err();
    assert_eq!(code(&not_admin), "role_not_authorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_lapses_is_outdated_by_a_change_and_can_be_declined() {
    let (agency, first, second, auditor) = agency().await;
    countersign(agency.own(), &auditor, &second.user, &words("looked"))
        .await
        .expect("countersigned");
    let officer = OFFICER.parse().expect("a user name");
    let delegation = Delegation {
        title: words("Chief of Police"),
        from: agency.now(),
        until: agency.now().plus_millis(HOUR_MS),
        holder: None,
        paper: Some(Digest::of(b"signed")),
    };
    let propose = async || {
        let waits = delegations::delegate(agency.own(), &first, &officer, &delegation).await;
        waits.expect("a proposal").proposal.expect("a proposal").number
    };
    let outdated = propose().await;
    training::clear(agency.own(), &first, &officer, agency.now()).await.expect("cleared");
    let error = confirm(agency.own(), &second, outdated).await.unwrap_err();
    assert_eq!(code(&error), "proposal_outdated");
    let declined = propose().await;
    decline(agency.own(), &second, declined, &words("not needed")).await.expect("declined");
    assert!(confirm(agency.own(), &second, declined).await.is_err());
    let lapsed = propose().await;
    agency.clock.shift(72 * HOUR_MS);
    let error = confirm(agency.own(), &second, lapsed).await.unwrap_err();
    assert_eq!(code(&error), "proposal_lapsed");
    let state = agency.own().registry.state();
    assert!(state.users[&officer].delegations.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_confirms_by_an_account_that_she_enrolled_herself() {
    let (agency, first, second, auditor) = agency().await;
    countersign(agency.own(), &auditor, &second.user, &words("looked"))
        .await
        .expect("countersigned");
    let third = user("c.third", "Cat Third", Role::AlprAdministrator);
    let proposed = added(&agency, &first, &third).await.expect("a proposal");
    // The proposer enrols the second person anew, and with that code signs in as her.
    enrolled(&agency, &first, &second.user, false).await;
    let error = confirm(agency.own(), &second, proposed).await.unwrap_err();
    assert_eq!(code(&error), "second_person", "{error}");
    // Nor by a step more: through somebody whom that account enrols.
    let fourth = user("d.fourth", "Dan Fourth", Role::AlprAdministrator);
    let by_the_first = added(&agency, &second, &fourth).await.expect("a proposal");
    confirm(agency.own(), &first, by_the_first).await.expect("confirmed");
    enrolled(&agency, &second, &fourth.name, false).await;
    let by_fourth = confirm(agency.own(), &acting_as("d.fourth"), proposed).await.unwrap_err();
    assert_eq!(code(&by_fourth), "second_person", "{by_fourth}");
    // An auditor whom the proposer enrolled might be the proposer, too.
    enrolled(&agency, &first, &auditor.user, false).await;
    let looked = countersign(agency.own(), &auditor, &second.user, &words("looked")).await;
    assert_eq!(code(&looked.unwrap_err()), "second_person");
    enrolled(&agency, &second, &auditor.user, false).await;
    countersign(agency.own(), &auditor, &second.user, &words("looked"))
        .await
        .expect("countersigned");
    confirm(agency.own(), &second, proposed).await.expect("confirmed");
}
