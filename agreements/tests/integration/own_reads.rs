//! The decision on a search in one's own reads: one's own rules on who asks and why, and how long
//! reads are answered from; not what peers may search.

use agreements::decide::{Scope as _, decide_own};
use agreements::policy::Policy;
use schemas::area::Near;
use schemas::purpose::{QueryKind, Role};
use schemas::query::Query;
use schemas::read::Location;
use schemas::refusal::RefusalCode as C;

use crate::fixtures;

fn asked(policy: &Policy) -> Query {
    let me = fixtures::agency_of(policy);
    let mut query = fixtures::query(&me, &me);
    let role = policy.people.query.roles[0];
    query.requester.roles = vec![role];
    if let Some(title) = policy.people.query.titled.get(&role) {
        query.requester.title = title.clone();
    }
    query
}

fn codes(policy: &Policy, query: &Query) -> Vec<C> {
    match decide_own(policy, &query.to, query, fixtures::now()) {
        Ok(_) => Vec::new(),
        Err(reasons) => reasons.as_slice().iter().map(|reason| reason.code).collect(),
    }
}

#[test]
fn every_policy_lets_its_people_search_their_own_reads_in_every_way() {
    for policy in Policy::builtin_names().into_iter().map(fixtures::policy) {
        let mut query = asked(&policy);
        assert_eq!(codes(&policy, &query), [], "{}", policy.source);
        let center = Location::new(34.1, -118.1).unwrap().unwrap();
        query.elements.plate = None;
        query.elements.kind = QueryKind::Area;
        query.elements.near = Some(Near { center, radius_m: 500 });
        assert!(!policy.searches.kinds.contains(&QueryKind::Area));
        assert_eq!(codes(&policy, &query), [], "{}", policy.source);
    }
}

#[test]
fn what_a_policy_demands_of_a_query_it_demands_of_ones_own_search() {
    type Spoil = fn(&mut Query);
    let policy = fixtures::policy("west-covina-ca-pd");
    let table: [(Spoil, &[C]); 7] = [
        (|q| q.requester.roles = vec![Role::Auditor], &[C::RoleNotAuthorized]),
        (|q| q.requester.trained_on = None, &[C::TrainingMissing]),
        (|q| q.why.reason = "inv".parse().unwrap(), &[C::ReasonVague]),
        (|q| q.why.suspicion = "".parse().unwrap(), &[C::SuspicionMissing]),
        (|q| q.elements.plate = None, &[C::QueryKind]),
        (|q| q.elements.from = q.elements.until, &[C::Window]),
        (
            |q| {
                q.elements.until = fixtures::now().minus_days(366);
                q.elements.from = fixtures::now().minus_days(400);
            },
            &[C::Retention],
        ),
    ];
    for (spoil, expected) in table {
        let mut query = asked(&policy);
        spoil(&mut query);
        assert_eq!(codes(&policy, &query), expected);
    }
}

#[test]
fn a_search_reaches_as_far_as_reads_are_answered_from_and_opens_photographs() {
    let policy = fixtures::policy("west-covina-ca-pd");
    let mut query = asked(&policy);
    query.elements.from = fixtures::now().minus_days(4_000);
    query.limit = 1_000_000;
    let scope = decide_own(&policy, &query.to, &query, fixtures::now()).unwrap();
    assert_eq!(scope.from(), policy.retention.reads.cut_off().before(fixtures::now()));
    assert_eq!((scope.limit(), scope.images()), (policy.row_limit.most, true));
}
