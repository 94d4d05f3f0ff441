//! What another person of one's own may release, and what stays refused whoever does.

use agreements::decide::{Decision, PeerFacts, decide, decline, releasable};
use agreements::policy::Policy;
use schemas::agency::AgencyKind;
use schemas::purpose::Role;
use schemas::query::{Query, Releaser};
use schemas::refusal::RefusalCode;

use crate::fixtures;

const NAMED: &str = "[danger]\nreleased_by = [\"supervisor\"]\nat = [\"461.5(b)\"]\n";

/// Indio's policy, with a supervisor who releases.
fn policy(more: &str) -> Policy {
    let text = Policy::builtin_text("indio-ca-pd").unwrap();
    let with_more = text.replacen("[searches]", &format!("{more}\n[searches]"), 1);
    Policy::from_toml("indio-ca-pd", &with_more).unwrap()
}

/// A query whose reason says too little, while a life is in danger.
fn vague() -> Query {
    let own = "indio-ca-pd".parse().unwrap();
    let mut query = fixtures::query(&own, &"monrovia-ca-pd".parse().unwrap());
    query.why.case = "".parse().unwrap();
    query.why.reason = "armed, fled northbound".parse().unwrap();
    query.why.danger = "hostage in the car, shots fired".parse().unwrap();
    query
}

fn by(user: &str, role: Role) -> Option<Releaser> {
    Some(Releaser {
        user: user.parse().unwrap(),
        full_name: "Sam Lee".parse().unwrap(),
        title: "Sergeant".parse().unwrap(),
        roles: vec![role],
        reason: "heard it on the air".parse().unwrap(),
    })
}

fn codes(policy: &Policy, query: &Query) -> Vec<RefusalCode> {
    let reasons = decline(policy, query, query.at);
    reasons.map_or_else(Vec::new, |all| all.as_slice().iter().map(|one| one.code).collect())
}

#[test]
fn only_the_screening_of_a_reason_while_a_life_is_in_danger_waits_for_another_person() {
    let named = policy(NAMED);
    let waits = |policy: &Policy, query: &Query| {
        let reasons = decline(policy, query, query.at).expect("a refusal");
        releasable(policy, query, &reasons)
    };
    assert!(waits(&named, &vague()));
    assert!(!waits(&policy(""), &vague()), "the policy names nobody");
    type Spoil = fn(&mut Query);
    let spoilt: [(&str, Spoil); 6] = [
        ("no danger", |query| query.why.danger = "".parse().unwrap()),
        ("a danger that says nothing", |query| query.why.danger = "yes".parse().unwrap()),
        ("a forbidden use", |query| query.why.reason = "ICE detainer".parse().unwrap()),
        ("no reason at all", |query| query.why.reason = "".parse().unwrap()),
        ("no training", |query| query.requester.trained_on = None),
        ("another role", |query| query.requester.roles = vec![Role::RecordsCustodian]),
    ];
    for (what, spoil) in spoilt {
        let mut query = vague();
        spoil(&mut query);
        assert!(!waits(&named, &query), "{what}");
    }
}

#[test]
fn what_another_person_released_passes_her_own_screening_and_nothing_else() {
    let named = policy(NAMED);
    let released = Query { released_by: by("slee", Role::Supervisor), ..vague() };
    assert_eq!(codes(&named, &vague()), [RefusalCode::ReasonVague]);
    assert_eq!(codes(&named, &released), []);
    assert_eq!(codes(&policy(""), &released), [RefusalCode::ReasonVague], "nobody is named");
    let herself = Query { released_by: by("jdoe", Role::Supervisor), ..vague() };
    assert_eq!(codes(&named, &herself), [RefusalCode::ReasonVague], "by herself");
    let other = Query { released_by: by("slee", Role::Sworn), ..vague() };
    assert_eq!(codes(&named, &other), [RefusalCode::ReasonVague], "of another role");
    let mut untrained = released.clone();
    untrained.requester.trained_on = None;
    assert_eq!(codes(&named, &untrained), [RefusalCode::TrainingMissing]);
}

#[test]
fn the_owner_judges_the_reason_whoever_released_it() {
    let owner = policy(NAMED);
    let own = "indio-ca-pd".parse().unwrap();
    let from = "monrovia-ca-pd".parse().unwrap();
    let query = Query {
        from,
        to: "indio-ca-pd".parse().unwrap(),
        released_by: by("slee", Role::Supervisor),
        ..vague()
    };
    let peer = PeerFacts {
        id: query.from.clone(),
        kind: AgencyKind::Police,
        state: "CA".parse().unwrap(),
        blocked: None,
        agency_key: None,
    };
    let Decision::Refuse(refused) = decide(&owner, &own, &peer, &[], &query, query.at) else {
        panic!("it was permitted");
    };
    let all = refused.reasons.as_slice();
    assert!(all.iter().any(|one| one.code == RefusalCode::ReasonVague), "{all:?}");
}
