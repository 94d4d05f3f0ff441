//! Three parties, pairwise.

use schemas::text::Text;

use super::*;
use crate::agreement::{KnownParty, Person, Signatory};
use crate::template;

fn id(name: &str) -> AgencyId {
    format!("{name}-ca-pd").parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn of_three() -> AgreementRecord {
    let text = template::builtin("lasd").unwrap();
    let parties = ["ann", "bob", "cat"].map(id).to_vec();
    let agreement = template::draft(
        text,
        &"ann-ca-pd/lasd-1".parse().unwrap(),
        parties,
        at("2026-01-01T00:00:00Z"),
        &[],
    )
    .unwrap();
    AgreementRecord::new(agreement, Digest::of(b"text"))
}

fn adherence(agency: &str, with: &[&str]) -> Adherence {
    Adherence {
        agreement: "ann-ca-pd/lasd-1".parse().unwrap(),
        version: 1,
        text: Digest::of(b"text"),
        agency: id(agency),
        shares_with: with.iter().map(|name| id(name)).collect(),
        original: None,
        at: at("2026-01-02T00:00:00Z"),
        signatory: Signatory {
            name: "A Chief".parse().unwrap(),
            title: Text::default(),
            delegation: None,
        },
        parties: ["ann", "bob", "cat"].map(|name| known(name, name)).to_vec(),
    }
}

/// `name`, known by the key of `key`.
fn known(name: &str, key: &str) -> KnownParty {
    let seed = Digest::of(key.as_bytes());
    let key = schemas::key::SecretKey::from_seed(seed.as_bytes()).public();
    KnownParty { agency: id(name), fingerprint: key.fingerprint() }
}

fn notice(agency: &str, act: Act) -> Notice {
    Notice {
        agreement: "ann-ca-pd/lasd-1".parse().unwrap(),
        version: 1,
        text: Digest::of(b"text"),
        agency: id(agency),
        act,
        reason: "review".parse().unwrap(),
        at: at("2026-01-03T00:00:00Z"),
        by: Person { user: "chief".parse().unwrap(), full_name: "A Chief".parse().unwrap() },
    }
}

const NOW: &str = "2026-02-01T00:00:00Z";

#[test]
fn a_pair_is_in_force_as_soon_as_both_have_signed_and_list_each_other() {
    let mut recorded = of_three();
    let status =
        |recorded: &AgreementRecord, a: &str, b: &str| recorded.status(&id(a), &id(b), at(NOW));
    recorded.adhere(adherence("ann", &["bob", "cat"])).unwrap();
    assert_eq!(status(&recorded, "ann", "bob"), AgreementStatus::NotAdhered(id("bob")));
    recorded.adhere(adherence("bob", &["ann"])).unwrap();
    assert_eq!(status(&recorded, "ann", "bob"), AgreementStatus::InForce);
    assert_eq!(status(&recorded, "bob", "ann"), AgreementStatus::InForce);
    // A later party joins without the others signing again.
    recorded.adhere(adherence("cat", &["ann", "bob"])).unwrap();
    assert_eq!(status(&recorded, "ann", "cat"), AgreementStatus::InForce);
    assert_eq!(
        status(&recorded, "cat", "bob"),
        AgreementStatus::NotShared { by: id("bob"), with: id("cat") }
    );
}

#[test]
fn under_one_way_sharing_the_owner_alone_lists_who_asks() {
    let mut recorded = of_three();
    recorded.adhere(adherence("ann", &[])).unwrap();
    recorded.adhere(adherence("bob", &["ann"])).unwrap();
    recorded.adhere(adherence("cat", &["bob"])).unwrap();
    assert_eq!(
        recorded.state(&id("ann"), at(NOW)),
        "waiting",
        "unless the text says so, both share"
    );
    recorded.agreement.one_way = true;
    let status = |owner: &str, asks: &str| recorded.status(&id(owner), &id(asks), at(NOW));
    let not_shared =
        |by: &str, with: &str| AgreementStatus::NotShared { by: id(by), with: id(with) };
    assert_eq!(status("bob", "ann"), AgreementStatus::InForce);
    assert_eq!(status("ann", "bob"), not_shared("ann", "bob"));
    assert_eq!(status("cat", "bob"), AgreementStatus::InForce);
    assert_eq!(status("cat", "ann"), not_shared("cat", "ann"));
    assert_eq!(recorded.between(&id("ann"), &id("bob"), at(NOW)), AgreementStatus::InForce);
    assert_eq!(recorded.between(&id("ann"), &id("cat"), at(NOW)), not_shared("cat", "ann"));
    assert_eq!(recorded.state(&id("ann"), at(NOW)), "in_force");
}

#[test]
fn a_notice_binds_ones_own_side_with_everybody_and_nobody_elses() {
    let mut recorded = of_three();
    for (agency, with) in
        [("ann", ["bob", "cat"]), ("bob", ["ann", "cat"]), ("cat", ["ann", "bob"])]
    {
        recorded.adhere(adherence(agency, &with)).unwrap();
    }
    recorded.notice(notice("ann", Act::Suspend)).unwrap();
    assert_eq!(
        recorded.status(&id("bob"), &id("ann"), at(NOW)),
        AgreementStatus::Suspended { by: id("ann") }
    );
    assert_eq!(recorded.status(&id("bob"), &id("cat"), at(NOW)), AgreementStatus::InForce);
    recorded.notice(notice("ann", Act::Withdraw)).unwrap();
    assert_eq!(
        recorded.status(&id("ann"), &id("cat"), at(NOW)),
        AgreementStatus::Withdrawn { by: id("ann") }
    );
    // For good: neither resuming nor signing again brings it back.
    assert!(recorded.notice(notice("ann", Act::Resume)).is_err());
    assert!(recorded.adhere(adherence("ann", &["bob"])).is_err());
}

#[test]
fn who_has_not_signed_declines_once_and_may_sign_all_the_same() {
    let mut recorded = of_three();
    recorded.adhere(adherence("ann", &["bob", "cat"])).unwrap();
    assert!(recorded.notice(notice("ann", Act::Decline)).is_err(), "it has signed");
    assert!(recorded.notice(notice("dan", Act::Decline)).is_err(), "no party");
    recorded.notice(notice("bob", Act::Decline)).unwrap();
    assert!(recorded.notice(notice("bob", Act::Decline)).is_err(), "once");
    assert!(recorded.notice(notice("bob", Act::Suspend)).is_err(), "there is no side to suspend");
    let status = |recorded: &AgreementRecord| recorded.status(&id("ann"), &id("bob"), at(NOW));
    assert_eq!(status(&recorded), AgreementStatus::Declined { by: id("bob") });
    assert_eq!(recorded.state(&id("bob"), at(NOW)), "declined");
    assert_eq!(
        recorded.status(&id("ann"), &id("cat"), at(NOW)),
        AgreementStatus::NotAdhered(id("cat"))
    );
    recorded.adhere(adherence("bob", &["ann"])).unwrap();
    assert_eq!(status(&recorded), AgreementStatus::InForce);
    recorded.notice(notice("bob", Act::Suspend)).unwrap();
    assert_eq!(status(&recorded), AgreementStatus::Suspended { by: id("bob") });
}

#[test]
fn what_does_not_fit_is_not_recorded() {
    let mut recorded = of_three();
    let other_text = Adherence { text: Digest::of(b"other"), ..adherence("ann", &["bob"]) };
    let nobody = Adherence {
        signatory: Signatory { name: Text::default(), title: Text::default(), delegation: None },
        ..adherence("ann", &["bob"])
    };
    let known_as = |parties: &[(&str, &str)]| Adherence {
        parties: parties.iter().map(|(name, key)| known(name, key)).collect(),
        ..adherence("ann", &["bob"])
    };
    for (what, bad) in [
        ("its own key unnamed", known_as(&[("bob", "bob")])),
        ("the key of whom it shares with unnamed", known_as(&[("ann", "ann"), ("cat", "cat")])),
        ("a stranger's key", known_as(&[("ann", "ann"), ("bob", "bob"), ("dan", "dan")])),
        ("a party twice", known_as(&[("ann", "ann"), ("bob", "bob"), ("bob", "dan")])),
        ("another text", other_text),
        ("a stranger", adherence("dan", &["bob"])),
        ("sharing with a stranger", adherence("ann", &["dan"])),
        ("sharing with oneself", adherence("ann", &["ann"])),
        ("no signatory", nobody),
    ] {
        assert!(recorded.adhere(bad).is_err(), "{what}");
    }
    assert!(
        recorded.notice(notice("ann", Act::Suspend)).is_err(),
        "nobody suspends what it has not signed"
    );
    recorded.adhere(adherence("ann", &["bob"])).unwrap();
    assert!(recorded.notice(notice("ann", Act::Resume)).is_err(), "nothing to resume");
}

#[test]
fn a_pair_that_knows_one_of_the_two_by_different_keys_is_not_in_force() {
    let mut recorded = of_three();
    let fooled = Adherence {
        parties: vec![known("ann", "ann"), known("bob", "bob"), known("cat", "mallory")],
        ..adherence("ann", &["bob", "cat"])
    };
    recorded.adhere(fooled).unwrap();
    recorded.adhere(adherence("bob", &["ann", "cat"])).unwrap();
    recorded.adhere(adherence("cat", &["ann", "bob"])).unwrap();
    let status =
        |recorded: &AgreementRecord, a: &str, b: &str| recorded.status(&id(a), &id(b), at(NOW));
    let differ = AgreementStatus::FingerprintsDiffer { by: id("ann"), of: id("cat") };
    for (one, other) in [("ann", "cat"), ("cat", "ann")] {
        assert_eq!(status(&recorded, one, other), differ);
    }
    // That pair alone: nobody's word about a third keeps two apart who know each other.
    assert_eq!(status(&recorded, "bob", "cat"), AgreementStatus::InForce);
    assert_eq!(status(&recorded, "ann", "bob"), AgreementStatus::InForce);
    recorded.adhere(adherence("ann", &["bob", "cat"])).unwrap();
    assert_eq!(status(&recorded, "cat", "ann"), AgreementStatus::InForce, "once it knows the key");
}
