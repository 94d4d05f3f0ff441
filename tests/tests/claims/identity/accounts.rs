//! Accounts that nobody uses any more, and those that somebody is to look at.

use node::admin::people::{enable, review};
use schemas::entry::EntryKind as Kind;
use schemas::query::UserName;
use tests::agency::Agency;
use tests::fixtures::OFFICER;
use tests::officials::add_supervisor;
use tests::signing_in::{DESK, administrator, enrolled};

const DAY: i64 = 24 * 3_600_000;

fn officer() -> UserName {
    OFFICER.parse().expect("a user name")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_sign_in_for_ninety_days_is_disabled_and_may_be_enabled_again() {
    let mut agency = Agency::start("asking-ca-pd").await;
    let admin = administrator(&mut agency).await;
    let person = enrolled(&agency, &agency.admin(), &officer(), false).await;
    let enabled =
        |agency: &Agency| agency.own().registry.state().users[&officer()].enabled(agency.now());
    // A day at a time, as clocks go.
    for day in 1..90 {
        agency.clock.shift(DAY);
        agency.node().app.disable_inactive().await.expect("looked");
        assert!(enabled(&agency), "day {day}");
    }
    let due = agency.node().app.accounts_due().await;
    assert!(due.wants_administrator() && due.inactive.contains(&officer()), "{due:?}");
    agency.clock.shift(2 * DAY);
    agency.node().app.disable_inactive().await.expect("looked");
    assert!(!enabled(&agency) && person.sign_in(&agency, DESK).await.is_err());
    let log = agency.log().await;
    let told = log.last(Kind::UserDisabled);
    assert!(told.body.actor.user.is_none(), "the node did it");
    assert!(told.detail("user")["disabled"].as_str().is_some_and(|why| why.contains("90 days")));
    assert_eq!(log.count(Kind::UserDisabled), 1, "the last administrator stays");
    let changed = enable(agency.own(), &agency.admin(), &officer()).await.expect("enabled");
    assert!(
        changed.proposal.is_none()
            && enable(agency.own(), &agency.admin(), &officer()).await.is_err()
    );
    agency.node().app.disable_inactive().await.expect("looked");
    assert!(enabled(&agency), "her time begins anew");
    person.sign_in(&agency, DESK).await.expect("by what she had");
    drop(admin);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_enabled_gains_what_she_may_do_and_nobody_reviews_herself() {
    let mut agency = Agency::start("asking-ca-pd").await;
    administrator(&mut agency).await;
    let one = add_supervisor(&agency, "c.doe", "Chris Doe", "Captain").await;
    let two = add_supervisor(&agency, "d.roe", "Dana Roe", "Captain").await;
    enrolled(&agency, &agency.admin(), &one.user, true).await;
    enrolled(&agency, &agency.admin(), &two.user, true).await;
    let app = &agency.node().app;
    let reason = tests::fixtures::words("on leave");
    app.disable(&agency.admin(), &two.user, &reason).await.expect("disabled");
    let waits = enable(agency.own(), &one, &two.user).await.expect("proposed");
    let gains = agency.log().await;
    let gains = gains.last(Kind::UserProposed).detail("gains").to_string();
    assert!(waits.proposal.is_some() && gains.contains("alpr_administrator"), "{gains}");
    assert!(review(agency.own(), &one, &one.user).await.is_err(), "herself");
    review(agency.own(), &agency.admin(), &one.user).await.expect("reviewed");
    let log = agency.log().await;
    assert!(log.last(Kind::UserReviewed).detail("user")["reviewed_at"].is_string());
}
