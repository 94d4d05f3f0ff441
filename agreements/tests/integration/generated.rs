//! What must hold whatever is asked, by whom, of whom and on what: generated cases under every
//! policy that comes with the node.

use std::collections::BTreeMap;

use agreements::decide::{
    Authority, Candidate, Decision, PeerFacts, PeerScope, Permit, Scope as _, decide, decline,
};
use agreements::lifecycle::{AgreementRecord, AgreementStatus};
use agreements::policy::Policy;
use agreements::request::{RequestRecord, RequestState};
use proptest::prelude::*;
use proptest::sample::Index;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::query::Query;
use schemas::refusal::{Reason, RefusalCode};

mod any;
mod narrower;
use crate::fixtures::{self, now};
use any::Paper;

/// A case with its authorities by id, each at most once.
#[derive(Debug, Clone)]
struct Case {
    policy: Policy,
    me: AgencyId,
    peer: PeerFacts,
    query: Query,
    papers: BTreeMap<AuthorityId, Paper>,
}

impl Case {
    fn candidates(&self) -> Vec<Candidate<'_>> {
        self.papers.values().map(candidate).collect()
    }

    fn decided(&self) -> Decision {
        self.decided_on(&self.candidates())
    }

    fn decided_on(&self, candidates: &[Candidate<'_>]) -> Decision {
        decide(&self.policy, &self.me, &self.peer, candidates, &self.query, now())
    }
}

fn candidate(paper: &Paper) -> Candidate<'_> {
    match paper {
        Paper::Agreement(recorded, used_today) => Candidate {
            authority: Authority::Agreement(recorded),
            used: 0,
            used_today: *used_today,
        },
        Paper::Request(filed, used) => {
            Candidate { authority: Authority::Request(filed), used: *used, used_today: 0 }
        }
    }
}

prop_compose! {
    fn any_case()(policy in any::policy(), peer in any::peer())(
        query in any::query(&peer.id, &fixtures::agency_of(&policy)),
        papers in prop::collection::vec(any::paper(&peer.id, &fixtures::agency_of(&policy)), 0..4),
        policy in Just(policy),
        peer in Just(peer),
    ) -> Case {
        let me = fixtures::agency_of(&policy);
        let papers = papers.into_iter().map(|paper| (candidate(&paper).authority.id().clone(), paper));
        Case { me, papers: papers.collect(), policy, peer, query }
    }
}

/// Every refusal says why: reasons in the order of the codes, each a sentence with its sections.
fn tells(reasons: &[Reason]) -> Result<(), TestCaseError> {
    prop_assert!(!reasons.is_empty());
    prop_assert!(reasons.is_sorted_by_key(|reason| reason.code));
    for reason in reasons {
        prop_assert!(!reason.message.trim().is_empty());
        prop_assert!(!reason.citations.is_empty(), "{} cites nothing", reason.code);
        for (n, citation) in reason.citations.iter().enumerate() {
            prop_assert!(!citation.source.is_empty() && !citation.section.is_empty());
            prop_assert!(!reason.citations[..n].contains(citation), "{citation} twice");
        }
    }
    Ok(())
}

/// A scope lies within what was asked and within what the policy opens to peers.
fn within_bounds(case: &Case, scope: &PeerScope) -> Result<(), TestCaseError> {
    let (policy, query) = (&case.policy, &case.query);
    let asked = &query.elements;
    prop_assert!(scope.from() < scope.until() && scope.limit() > 0);
    prop_assert!(scope.from() >= asked.from && scope.until() <= asked.until);
    prop_assert!(scope.from() >= policy.retention.reads.cut_off().before(now()));
    prop_assert!(scope.from() >= policy.lookback.period().before(now()));
    prop_assert!(scope.limit() <= query.limit.min(policy.row_limit.most));
    let mut elements = scope.elements().clone();
    if asked.near.is_none() {
        elements.near = None;
    }
    prop_assert_eq!(&elements, asked);
    Ok(())
}

/// What an agreement permits, it names.
fn agreed(
    case: &Case,
    recorded: &AgreementRecord,
    used: u32,
    permit: &Permit,
) -> Result<(), TestCaseError> {
    let agreement = &recorded.agreement;
    let query = &case.query;
    prop_assert_eq!(recorded.status(&case.me, &case.peer.id, now()), AgreementStatus::InForce);
    prop_assert!(case.policy.release.standing_agreement.is_some());
    prop_assert!(agreement.purposes.contains(&query.why.purpose));
    prop_assert!(agreement.query_kinds.contains(&query.elements.kind));
    prop_assert!(permit.scope.from() >= now().minus_days(agreement.lookback_days));
    prop_assert!(permit.scope.limit() <= agreement.row_limit);
    prop_assert_eq!(permit.scope.images(), agreement.images && query.images);
    prop_assert!(agreement.daily_limit.is_none_or(|most| used < most));
    prop_assert_eq!(permit.daily.as_ref().map(|(_, most)| *most), agreement.daily_limit);
    prop_assert!(permit.consumes.is_none() && permit.basis.version == agreement.version);
    prop_assert_eq!(permit.lapses, agreement.expires);
    Ok(())
}

/// What a request permits was approved.
fn approved(
    case: &Case,
    filed: &RequestRecord,
    used: u32,
    permit: &Permit,
) -> Result<(), TestCaseError> {
    let (asked, scope) = (&case.query, filed.scope());
    prop_assert_eq!(filed.state(used, now()), RequestState::Approved);
    prop_assert!(filed.request.from == case.peer.id && filed.request.to == case.me);
    prop_assert_eq!(&filed.request.requested_by, &asked.requester.full_name);
    prop_assert_eq!(filed.request.purpose, asked.why.purpose);
    prop_assert!(scope.from.is_none_or(|from| permit.scope.from() >= from));
    prop_assert!(scope.until.is_none_or(|until| permit.scope.until() <= until));
    let near = permit.scope.elements().near;
    prop_assert!(scope.near.is_none_or(|area| near.is_some_and(|near| area.encloses(&near))));
    prop_assert!(!permit.scope.images() && permit.daily.is_none());
    prop_assert_eq!(permit.consumes.as_ref().map(|(_, most)| *most), scope.uses);
    prop_assert!(scope.uses.is_none_or(|most| used < most));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_decision_is_the_same_twice_and_says_why(case in any_case()) {
        let decision = case.decided();
        prop_assert_eq!(&decision, &case.decided());
        if let Some(reasons) = decline(&case.policy, &case.query, now()) {
            tells(reasons.as_slice())?;
        }
        let permit = match decision {
            Decision::Refuse(refused) => return tells(refused.reasons.as_slice()),
            Decision::Permit(permit) => permit,
        };
        within_bounds(&case, &permit.scope)?;
        prop_assert!(case.peer.kind.is_public_agency(case.peer.state) && case.peer.blocked.is_none());
        prop_assert!(case.policy.release.recipients.kinds.contains(&case.peer.kind));
        prop_assert!(case.policy.purpose(case.query.why.purpose).is_some());
        prop_assert!(case.policy.searches.kinds.contains(&case.query.elements.kind));
        prop_assert!(permit.lapses > now());
        prop_assert_eq!(&permit.notice, &case.policy.verification.text);
        let basis = &permit.basis.authority;
        prop_assert!(case.query.authority.as_ref().is_none_or(|cited| cited == basis));
        match &case.papers[basis] {
            Paper::Agreement(recorded, used) => agreed(&case, recorded, *used, &permit)?,
            Paper::Request(filed, used) => approved(&case, filed, *used, &permit)?,
        }
    }

    #[test]
    fn an_authority_taken_away_never_permits(case in any_case(), which in any::<Index>()) {
        let candidates = case.candidates();
        if candidates.is_empty() {
            prop_assert!(matches!(case.decided(), Decision::Refuse(_)));
            return Ok(());
        }
        let gone = which.index(candidates.len());
        let mut fewer = candidates.clone();
        fewer.remove(gone);
        match (case.decided(), case.decided_on(&fewer)) {
            (Decision::Refuse(_), after) => prop_assert!(matches!(after, Decision::Refuse(_))),
            // One that was not relied on adds nothing, and takes nothing with it.
            (Decision::Permit(permit), after) if permit.basis.authority != *candidates[gone].authority.id() => {
                prop_assert_eq!(Decision::Permit(permit), after);
            }
            (Decision::Permit(_), Decision::Permit(after)) => {
                prop_assert!(after.basis.authority > *candidates[gone].authority.id());
            }
            (Decision::Permit(_), Decision::Refuse(_)) => {}
        }
    }

    #[test]
    fn of_several_the_first_that_permits_alone_counts(case in any_case()) {
        let candidates = case.candidates();
        let alone = candidates.iter().map(|one| case.decided_on(&[*one]));
        let first = alone.into_iter().find(|decision| matches!(decision, Decision::Permit(_)));
        match (case.decided(), first) {
            (Decision::Refuse(_), None) => {}
            (together, Some(first)) => prop_assert_eq!(together, first),
            (together, None) => prop_assert!(false, "a union: {together:?}"),
        }
    }

    #[test]
    fn what_is_narrower_never_permits_more(
        wide in any_case(),
        which in any::<Index>(),
        by in narrower::ways(),
    ) {
        let mut narrow = wide.clone();
        match narrow.papers.values_mut().nth(which.index(wide.papers.len().max(1))) {
            Some(paper) => narrower::paper(paper, &by),
            None => narrower::policy(&mut narrow.policy, &by),
        }
        narrower::never_more(wide.decided(), narrow.decided(), &wide.papers)?;
    }

    #[test]
    fn a_stricter_policy_never_permits_more(wide in any_case(), by in narrower::ways()) {
        let mut narrow = wide.clone();
        narrower::policy(&mut narrow.policy, &by);
        narrower::never_more(wide.decided(), narrow.decided(), &wide.papers)?;
        let declined = |case: &Case| decline(&case.policy, &case.query, now()).is_some();
        prop_assert!(!declined(&wide) || declined(&narrow), "what was held back is sent");
    }
}

#[test]
fn enough_of_the_generated_cases_permit() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut permits = 0;
    for _ in 0..1_000 {
        let case = any_case().new_tree(&mut runner).unwrap().current();
        permits += u32::from(matches!(case.decided(), Decision::Permit(_)));
    }
    assert!(permits >= 100, "{permits} of 1000 permit");
}

#[test]
fn every_refusal_code_reads_back() {
    for code in RefusalCode::ALL {
        assert_eq!(code.code().parse::<RefusalCode>().unwrap(), *code);
    }
}
