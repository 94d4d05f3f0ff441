//! A title's authority comes from who bears it, signed in, or with the paper that was signed.

use node::admin::{delegations, people, training};
use node::permission::Principal;
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::user::{Delegation, User};
use tests::agency::Agency;
use tests::fixtures::{HOUR_MS, OFFICER, words};
use tests::officials::{acting_as, add_supervisor};

const TITLE: &str = "Support Services Division Commander";

fn officer() -> UserName {
    OFFICER.parse().expect("a user name")
}

fn delegation(agency: &Agency, paper: Option<Digest>) -> Delegation {
    let (from, until) = (agency.now(), agency.now().plus_millis(HOUR_MS));
    Delegation { title: words(TITLE), from, until, holder: Some(officer()), paper }
}

async fn delegates(agency: &Agency, by: &Principal, paper: Option<Digest>) -> Result<(), String> {
    let given = delegation(agency, paper);
    let given = delegations::delegate(agency.own(), by, &officer(), &given).await;
    given.map(drop).map_err(|error| error.code().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_comes_from_who_bears_the_title_or_with_the_paper_and_can_be_ended() {
    let plan = tests::agency::Plan::of("monrovia-ca-pd").policy("monrovia-ca-pd");
    let agency = Agency::of(plan).await;
    let commander = add_supervisor(&agency, "d.whitfield", "Dana Whitfield", TITLE).await;
    let held =
        |agency: &Agency| agency.own().registry.state().users[&officer()].delegations.clone();
    // An administrator takes nobody's authority for herself or anybody else without the paper.
    let unsigned = delegates(&agency, &agency.admin(), None).await;
    assert_eq!(unsigned.expect_err("unsigned"), "delegation_unsigned");
    // Nor does somebody who neither bears the title nor administers.
    let paper = Digest::of(b"memo of the commander");
    let other = delegates(&agency, &agency.officer(), Some(paper)).await;
    assert_eq!(other.expect_err("no right"), "role_not_authorized");
    assert_eq!(held(&agency), [], "nothing counts");
    delegates(&agency, &agency.admin(), Some(paper)).await.expect("with the paper");
    assert_eq!((held(&agency)[0].paper, &held(&agency)[0].holder), (Some(paper), &None));
    let title: Text = words(TITLE);
    delegations::end(agency.own(), &agency.officer(), &officer(), &title)
        .await
        .expect("given back");
    assert_eq!(held(&agency), []);
    let nothing = delegations::end(agency.own(), &agency.admin(), &officer(), &title).await;
    assert!(nothing.is_err(), "there is nothing to end");
    // Who bears the title gives it herself; whose it is, is hers to say and not the form's.
    delegates(&agency, &commander, None).await.expect("by who bears it");
    assert_eq!(held(&agency)[0].holder.as_ref(), Some(&commander.user));
    let own = delegation(&agency, None);
    let own = delegations::delegate(agency.own(), &commander, &commander.user, &own).await;
    assert!(own.is_err(), "she bears it already");
    delegations::end(agency.own(), &commander, &officer(), &title).await.expect("taken back");
    assert_eq!(held(&agency), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn training_is_held_by_whom_the_policy_names_and_nobody_records_her_own() {
    let plan = tests::agency::Plan::of("monrovia-ca-pd").policy("monrovia-ca-pd");
    let agency = Agency::of(plan).await;
    let on = agency.now().day_start();
    let train = async |by: &Principal, name: &str, held_by: Option<&str>, course: &str| {
        let by_whom = held_by.map(|user| user.parse().expect("a user name"));
        let held =
            training::Training { on, by: by_whom, course: words(course), discussion: words("") };
        let name = name.parse().expect("a user name");
        let done = training::train(agency.own(), by, &name, &held).await;
        done.map(drop).map_err(|error| (error.code().to_owned(), error.to_string()))
    };
    let admin = agency.admin();
    let own = train(&admin, "admin", Some("t.rainer"), "2026").await.expect_err("her own");
    assert_eq!(own.0, "own_training");
    for (held_by, course, missing) in [
        (None, "2026", "the CCAT Supervisor holds the training"),
        (Some("admin"), "2026", "`admin` is not that"),
        (Some("t.rainer"), "", "use and operation of the ALPR equipment"),
        (Some(OFFICER), "2026", "cannot have trained herself"),
    ] {
        let (code, said) = train(&admin, OFFICER, held_by, course).await.expect_err("not so");
        assert_eq!(code, "training_not_as_demanded", "{said}");
        assert!(said.contains(missing) && said.contains("463.9"), "{said}");
    }
    train(&admin, OFFICER, Some("t.rainer"), "2026").await.expect("as the policy has it");
    let state = agency.own().registry.state();
    let user = &state.users[&officer()];
    assert_eq!((user.trained_on, user.course.as_str()), (Some(on), "2026"));
    assert_eq!(user.trained_by.as_ref(), Some(&acting_as("t.rainer").user));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_registered_with_what_an_act_of_its_own_gives() {
    let agency = Agency::start("adding-ca-pd").await;
    let known = agency.own().registry.state().users[&officer()].clone();
    let new = User { name: "new.person".parse().expect("a user name"), ..known };
    let now = agency.now();
    let until = now.plus_millis(HOUR_MS);
    let delegated = Delegation { title: words(TITLE), from: now, until, holder: None, paper: None };
    for (field, user) in [
        ("delegations", User { delegations: vec![delegated], ..new.clone() }),
        ("reviewed_at", User { reviewed_at: Some(now), ..new.clone() }),
        ("enabled_at", User { enabled_at: Some(now), ..new.clone() }),
        ("disabled", User { disabled: Some(words("never let in")), ..new.clone() }),
        ("yet to come", User { cleared_on: Some(now.plus_days(2)), ..new.clone() }),
    ] {
        let refused = people::add(agency.own(), &agency.admin(), &user).await;
        let why = refused.expect_err(field).to_string();
        assert!(why.contains(field), "{field}: {why}");
    }
    assert!(!agency.own().registry.state().users.contains_key(&new.name), "nothing counts");
    people::add(agency.own(), &agency.admin(), &new).await.expect("as she is");
}
