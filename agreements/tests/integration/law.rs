//! The law as data: what is in force, what a change of it would mean, and that a file is all it takes.

use agreements::decide::{Reasons, decline, decline_under};
use agreements::law::Law;
use agreements::policy::Policy;
use schemas::agency::State;
use schemas::refusal::RefusalCode;
use schemas::time::Timestamp;

use crate::fixtures;

const DRAFT: &str = include_str!("data/sb-1013-shape.toml");

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn keys(law: &Law, policy: &Policy, day: &str) -> Vec<&'static str> {
    let short = law.shortcomings(policy, at(day));
    assert!(
        short.iter().all(|one| one.what.contains(one.key) && one.what.ends_with(']')),
        "{short:?}"
    );
    short.into_iter().map(|one| one.key).collect()
}

#[test]
fn every_policy_that_comes_with_a_node_meets_the_law_in_force() {
    let now = fixtures::now();
    let law = Law::in_force(State::CALIFORNIA, now).expect("a law");
    assert_eq!((law.law.as_str(), law.version, Law::known().len()), ("california", 1, 1));
    for name in Policy::builtin_names() {
        assert_eq!(law.shortcomings(&fixtures::policy(name), now), [], "{name}");
    }
    let mut lax = fixtures::policy("california-statute");
    lax.prohibited.clear();
    let names = |day: &str| law.shortcomings(&lax, at(day)).len();
    // Each demand counts from its own day on.
    assert_eq!((names("2016-01-01T00:00:00Z"), names("2020-01-01T00:00:00Z")), (1, 2));
    assert_eq!(names("2026-01-01T00:00:00Z"), 3);
    assert!(Law::in_force("NV".parse().unwrap(), now).is_none());
    assert!(Law::in_force(State::CALIFORNIA, at("2015-12-31T00:00:00Z")).is_none());
}

#[test]
fn a_change_of_law_is_a_file_and_counts_from_its_day_on() {
    let law = Law::from_toml("sb-1013-shape.toml", DRAFT).unwrap();
    let policy = fixtures::policy("california-statute");
    assert_eq!(keys(&law, &policy, "2026-12-31T23:59:59Z"), Vec::<&str>::new());
    let january = ["case_number.demand", "people.query.signed_in", "training.every_days"];
    assert_eq!(keys(&law, &policy, "2027-01-01T00:00:00Z"), january);
    let july = ["case_number.demand", "retention.reads.cut_off_days"];
    assert_eq!(keys(&law, &policy, "2027-07-01T00:00:00Z")[..2], july);

    // A query without a number is refused by it, whatever the policy asks for, with its section.
    let id = |text: &str| text.parse().unwrap();
    let mut query = fixtures::query(&id("asking-ca-pd"), &id("owning-ca-pd"));
    (query.why.case, query.why.cad) = Default::default();
    let refused = |reasons: Option<Reasons>| {
        let all = reasons.map(Reasons::into_vec).unwrap_or_default();
        all.into_iter().find(|one| one.code == RefusalCode::CaseRequired)
    };
    let then = at("2027-01-02T00:00:00Z");
    let reason = refused(decline_under(&law, &policy, &query, then)).expect("refused");
    assert!(reason.message.contains("--case"), "{reason:?}");
    assert_eq!(reason.citations[0].to_string(), "California Civil Code 1798.90.52(a)(5)");
    assert!(refused(decline_under(&law, &policy, &query, fixtures::now())).is_none());
    assert!(refused(decline(&policy, &query, then)).is_none(), "it is in force nowhere");
}

#[test]
fn a_file_of_a_law_says_what_is_wrong_with_it() {
    for (from, to, says) in [
        ("since = \"2018-01-01\"", "since = \"2018\"", "no day"),
        ("format = 1", "format = 9", "reads 1"),
        ("at = [\"California Civil Code § 1798.90.56\"]", "at = []", "where it stands"),
        ("days = 60", "hours = 60", "hours"),
    ] {
        assert!(DRAFT.contains(from), "{from}");
        let error = Law::from_toml("draft.toml", &DRAFT.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}
