//! Accounts of a provider of single sign-on: whose they are, by whom they are bound and renewed, and what its
//! groups do.

use ::sign_in::provider::Groups;
use ::sign_in::{Secret, Token};
use node::permission::{ActError, Permission, authorize};
use node::sign_in::{
    CameBack, Second, begin_account_enrolment, begin_enrolment, begin_in_session, enrol,
    finish_enrolment, principal,
};
use schemas::entry::EntryKind as Kind;
use schemas::purpose::Role;
use schemas::query::UserName;
use serde_json::json;
use tests::agency::Agency;
use tests::fixtures::{OFFICER, words};
use tests::officials::add_supervisor;
use tests::provider::Signed;
use tests::signing_in::door;

use super::single_sign_on::{
    COUNTY, HERE, MINUTE, REYES, Sent, agency_and_provider, agency_with, code_of, enrolment,
    returns, sent, session,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renewed_and_an_account_bound_by_its_own_person_alone() {
    let (agency, provider) = agency_and_provider().await;
    let way = sent(&agency, true).await;
    let back = provider.vouches(&way.address, REYES, agency.now());
    let signed_in = session(returns(&agency, &way, &back).await);
    let mut token = Token::shown(&signed_in.token);
    agency.clock.shift(20 * MINUTE);
    let again = async |token: &Token, again: bool| {
        let began = begin_in_session(door(&agency), COUNTY, token, again, HERE).await?;
        Ok::<_, ActError>(Sent { address: began.address, kept: began.kept })
    };
    // What binds takes that she proved herself lately.
    assert_eq!(again(&token, false).await.err().expect("no").code(), "prove_again");
    let way = again(&token, true).await.expect("the way there");
    let back = provider.vouches(&way.address, REYES, agency.now());
    let renewed = session(returns(&agency, &way, &back).await);
    assert_eq!(renewed.session.id, signed_in.session.id);
    assert!(renewed.session.may_be_privileged(agency.now()));
    assert!(principal(door(&agency), &token, HERE).await.is_err(), "the secret before is spent");
    token = Token::shown(&renewed.token);
    // Somebody else's account proves nothing for her.
    let admin = "admin".parse::<UserName>().expect("a name");
    let code = enrolment_of_admin(&agency, &admin).await;
    let began = begin_account_enrolment(door(&agency), COUNTY, &code, HERE).await.expect("there");
    let way = Sent { address: began.address, kept: began.kept };
    let back = provider.vouches(&way.address, REYES, agency.now());
    assert_eq!(code_of(returns(&agency, &way, &back).await), "account_of_another");
    agency.clock.shift(2_000);
    let way = again(&token, true).await.expect("the way there");
    let back = provider.vouches(&way.address, "somebody", agency.now());
    assert_eq!(code_of(returns(&agency, &way, &back).await), "account_unknown");
    // She changes to another account of hers: one at each provider.
    let way = again(&token, false).await.expect("the way there");
    let back = provider.vouches(&way.address, "reyes-anew", agency.now());
    assert!(matches!(returns(&agency, &way, &back).await, Ok(CameBack::Bound)));
    let state = agency.own().registry.state();
    let officer = OFFICER.parse::<UserName>().expect("a name");
    assert_eq!(state.sign_in.of(&officer).count(), 1);
    assert!(principal(door(&agency), &token, HERE).await.is_err(), "it rested on the other");
}

async fn enrolment_of_admin(agency: &Agency, admin: &UserName) -> Secret {
    // Nobody enrols herself.
    let second = add_supervisor(agency, "c.doe", "Chris Doe", "Captain").await;
    let given = enrol(agency.own(), &second, admin, &words("in person")).await;
    given.expect("an enrolment").1.to_string().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_takes_one_way_in_and_an_account_of_two_is_nobodys() {
    let (agency, provider) = agency_and_provider().await;
    let officer = OFFICER.parse::<UserName>().expect("a name");
    // Enrolled anew with a password, the account counts no longer.
    let code = enrolment(&agency, &officer).await;
    let pending = begin_enrolment(door(&agency), &code, HERE).await.expect("an enrolment");
    assert_eq!(pending.user, officer);
    let password = "four words of nobody".to_owned().into();
    let bound = finish_enrolment(door(&agency), &code, &password, &Second::CodeCard, HERE).await;
    bound.expect("a password");
    let way = sent(&agency, true).await;
    let back = provider.vouches(&way.address, REYES, agency.now());
    assert_eq!(code_of(returns(&agency, &way, &back).await), "account_unknown");
    // A code that was used up opens nothing on the way back either.
    let code = enrolment(&agency, &officer).await;
    let began = begin_account_enrolment(door(&agency), COUNTY, &code, HERE).await.expect("there");
    let way = Sent { address: began.address, kept: began.kept };
    let newer = enrolment(&agency, &officer).await;
    let back = provider.vouches(&way.address, REYES, agency.now());
    assert_eq!(code_of(returns(&agency, &way, &back).await), "enrolment_unknown");
    drop(newer);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_take_roles_away_for_a_session_and_give_none() {
    let (agency, provider) = agency_with(|settings| {
        let roles = [
            (Role::Sworn, vec!["ALPR users".to_owned()]),
            (Role::AlprAdministrator, vec!["ALPR users".to_owned()]),
        ];
        settings.groups = Some(Groups {
            claim: "groups".into(),
            scope: None,
            roles: roles.into_iter().collect(),
        });
    })
    .await;
    let state = agency.own().registry.state();
    let officer = OFFICER.parse::<UserName>().expect("a name");
    assert_eq!(state.users[&officer].roles, [Role::Sworn]);
    for (groups, may_query) in [
        (json!([]), false),
        (json!(["ALPR users"]), true),
        (json!("ALPR users"), true),
        (json!(["others"]), false),
    ] {
        agency.clock.shift(2_000);
        let way = sent(&agency, true).await;
        let back =
            provider.vouches_with(&way.address, REYES, agency.now(), Signed::Rightly, |claims| {
                claims["groups"] = groups.clone();
            });
        let signed_in = session(returns(&agency, &way, &back).await);
        let token = Token::shown(&signed_in.token);
        let (by, _) = principal(door(&agency), &token, HERE).await.expect("a session");
        let may = |permission| authorize(&state, &by, permission, agency.now()).is_ok();
        assert_eq!(may(Permission::Query), may_query, "{groups}");
        assert!(!may(Permission::Administer), "{groups}: nobody is an administrator by a group");
        let roles =
            agency.log().await.last(Kind::SignInSucceeded).detail("provider")["roles"].clone();
        assert_eq!(roles, if may_query { json!(["sworn"]) } else { json!([]) });
    }
}
