//! The decision, as tables that assert why.

use proptest::prelude::*;
use schemas::digest::Digest;
use schemas::purpose::{Purpose, QueryKind, Role};
use schemas::query::{Justification, QueryId, Requester};
use schemas::refusal::RefusalCode;

use super::*;
use crate::agreement::{Act, Adherence, Notice, Person, Signatory};
use crate::request::{Official, Request, RequestScope, Ruling, Verdict};
use crate::template;

const NOW: &str = "2026-03-01T12:00:00Z";
const DAY: i64 = 86_400_000;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn owner() -> AgencyId {
    "owning-ca-pd".parse().unwrap()
}

fn requester() -> AgencyId {
    "asking-ca-pd".parse().unwrap()
}

fn peer(kind: AgencyKind, state: &str) -> PeerFacts {
    PeerFacts { id: requester(), kind, state: state.parse().unwrap(), blocked: None }
}

fn policy(name: &str) -> Policy {
    Policy::from_toml(name, Policy::builtin_text(name).unwrap()).unwrap()
}

fn query() -> Query {
    Query {
        id: QueryId::from_bytes([1; 16]),
        from: requester(),
        to: owner(),
        at: now(),
        authority: None,
        requester: Requester {
            user: "jdoe".parse().unwrap(),
            full_name: "Jane Doe".parse().unwrap(),
            title: "Detective".parse().unwrap(),
            roles: vec![Role::Sworn],
            trained_on: Some(now().minus_days(30)),
        },
        why: Justification {
            purpose: Purpose::StolenVehicle,
            offense: Text::default(),
            case: "26-1234".parse().unwrap(),
            cad: Text::default(),
            reason: "vehicle taken from Foothill Blvd on Saturday night".parse().unwrap(),
            suspicion: Text::default(),
            need_to_know: Text::default(),
            on_behalf_of: None,
            for_officer: Text::default(),
        },
        elements: Elements {
            kind: QueryKind::Exact,
            plate: Some("8KTR392".parse().unwrap()),
            pattern: None,
            plate_state: None,
            from: now().minus_days(7),
            until: now(),
            near: None,
            make: None,
            color: None,
            camera: None,
        },
        limit: 100,
    }
}

/// An agreement that both have signed, each sharing with the other; `change` may spoil it.
fn agreement(change: impl FnOnce(&mut Recorded)) -> Recorded {
    let parties = vec![owner(), requester()];
    let text = template::builtin("lasd").unwrap();
    let drafted =
        template::draft(text, "lasd-1".parse().unwrap(), parties, now().minus_days(10), &[]);
    let mut recorded = Recorded::new(drafted.unwrap(), Digest::of(b"text"));
    for (agency, with) in [(owner(), requester()), (requester(), owner())] {
        recorded.adhere(adherence(agency, with)).unwrap();
    }
    change(&mut recorded);
    recorded
}

fn adherence(agency: AgencyId, with: AgencyId) -> Adherence {
    Adherence {
        agreement: "lasd-1".parse().unwrap(),
        version: 1,
        text: Digest::of(b"text"),
        agency,
        shares_with: vec![with],
        original: None,
        at: now().minus_days(9),
        signatory: Signatory {
            name: "A Chief".parse().unwrap(),
            title: "Chief".parse().unwrap(),
            delegation: None,
        },
    }
}

fn notice(agency: AgencyId, act: Act) -> Notice {
    Notice {
        agreement: "lasd-1".parse().unwrap(),
        version: 1,
        agency,
        act,
        reason: "under review".parse().unwrap(),
        at: now().minus_days(1),
        by: Person { user: "chief".parse().unwrap(), full_name: "A Chief".parse().unwrap() },
    }
}

fn request(scope: RequestScope, verdict: Option<Verdict>) -> Filed {
    let request = Request {
        id: "req-1".parse().unwrap(),
        from: requester(),
        to: owner(),
        requested_by: "Jane Doe".parse().unwrap(),
        user: "jdoe".parse().unwrap(),
        purpose: Purpose::StolenVehicle,
        case: "26-1234".parse().unwrap(),
        reason: Text::default(),
        after_refusal: None,
        at: now().minus_days(2),
        scope: scope.clone(),
    };
    let mut filed = Filed::new(request, Digest::of(b"request"));
    if let Some(verdict) = verdict {
        filed
            .rule(Ruling {
                request: "req-1".parse().unwrap(),
                request_digest: Digest::of(b"request"),
                verdict,
                reason: "in order".parse().unwrap(),
                section: Text::default(),
                at: now().minus_days(1),
                decided_by: Official {
                    name: "A Chief".parse().unwrap(),
                    title: "Chief".parse().unwrap(),
                },
                scope,
            })
            .unwrap();
    }
    filed
}

fn on_agreement(recorded: &Recorded) -> Candidate<'_> {
    Candidate { authority: Authority::Agreement(recorded), used: 0, used_today: 0 }
}

fn on_request(filed: &Filed, used: u32) -> Candidate<'_> {
    Candidate { authority: Authority::Request(filed), used, used_today: 0 }
}

fn decide_on(
    policy_name: &str,
    facts: &PeerFacts,
    candidates: &[Candidate<'_>],
    query: &Query,
) -> Decision {
    decide(&policy(policy_name), &owner(), facts, candidates, query, now())
}

/// Code and first citation of every reason.
fn why(decision: &Decision) -> Vec<String> {
    match decision {
        Decision::Permit(permit) => vec![format!("permit {}", permit.basis.authority)],
        Decision::Refuse(reasons) => {
            reasons.as_slice().iter().map(|r| format!("{} [{}]", r.code, r.citations[0])).collect()
        }
    }
}

const MONROVIA: &str = "monrovia-ca-pd";

#[test]
fn who_asks() {
    let recorded = agreement(|_| {});
    let statute = "California Civil Code 1798.90.5(f)";
    let blocked =
        PeerFacts { blocked: Some("misuse".parse().unwrap()), ..peer(AgencyKind::Police, "CA") };
    let table = [
        ("police of California", peer(AgencyKind::Police, "CA"), vec!["permit lasd-1".to_owned()]),
        (
            "a federal agency, although it signed",
            peer(AgencyKind::Federal, "CA"),
            vec![format!("federal [{statute}]")],
        ),
        (
            "police of Arizona, although it signed",
            peer(AgencyKind::Police, "AZ"),
            vec![format!("out_of_state [{statute}]")],
        ),
        (
            "a company",
            peer(AgencyKind::Commercial, "CA"),
            vec![format!("not_public_agency [{statute}]")],
        ),
        (
            "a private campus",
            peer(AgencyKind::CampusPrivate, "CA"),
            vec![format!("not_public_agency [{statute}]")],
        ),
        ("a tribe", peer(AgencyKind::Tribal, "CA"), vec![format!("not_public_agency [{statute}]")]),
        ("a blocked peer", blocked, vec!["blocked [California Civil Code 1798.90.51(a)]".into()]),
    ];
    for (description, facts, expected) in table {
        assert_eq!(
            why(&decide_on(MONROVIA, &facts, &[on_agreement(&recorded)], &query())),
            expected,
            "{description}"
        );
    }
}

#[test]
fn no_authority_says_which_path_the_owner_has() {
    let police = peer(AgencyKind::Police, "CA");
    let table = [
        ("indio-ca-pd", "no_authority [Indio Police Department Policy 461 461.7(a)]"),
        (
            "los-angeles-ca-port-police",
            "no_authority [Los Angeles Port Police Policy 462 462.7(a)]",
        ),
        ("west-covina-ca-pd", "no_authority [West Covina Police Department Policy 462 462.4]"),
        ("monrovia-ca-pd", "no_authority [Monrovia Police Department Policy 463 463.6(d)]"),
        ("escondido-ca-pd", "no_authority [Escondido Police Department Instruction 1.62 I]"),
        ("california-statute", "no_authority [California Civil Code 1798.90.55(b)]"),
    ];
    for (name, expected) in table {
        assert_eq!(why(&decide_on(name, &police, &[], &query())), [expected], "{name}");
    }
}

#[test]
fn an_agreement_gives_authority_only_while_in_force_between_the_two() {
    let police = peer(AgencyKind::Police, "CA");
    type Spoil = Box<dyn FnOnce(&mut Recorded)>;
    let table: Vec<(&str, Spoil, &str)> = vec![
        ("as signed", Box::new(|_| {}), "permit lasd-1"),
        (
            "not yet effective",
            Box::new(|r| r.agreement.effective = now().plus_millis(1)),
            "authority_not_in_force [lasd-1 v1 8]",
        ),
        ("effective at this instant", Box::new(|r| r.agreement.effective = now()), "permit lasd-1"),
        (
            "expired at this instant",
            Box::new(|r| r.agreement.expires = now()),
            "authority_not_in_force [lasd-1 v1 8]",
        ),
        (
            "owner has not signed",
            Box::new(|r| drop(r.adherences.remove(&owner()))),
            "authority_not_in_force [lasd-1 v1 5]",
        ),
        (
            "requester has not signed",
            Box::new(|r| drop(r.adherences.remove(&requester()))),
            "authority_not_in_force [lasd-1 v1 5]",
        ),
        (
            "owner does not share with it",
            Box::new(|r| r.adherences.get_mut(&owner()).unwrap().shares_with.clear()),
            "party_not_listed [lasd-1 v1 5]",
        ),
        (
            "it does not share with the owner",
            Box::new(|r| r.adherences.get_mut(&requester()).unwrap().shares_with.clear()),
            "party_not_listed [lasd-1 v1 5]",
        ),
        (
            "owner suspended",
            Box::new(|r| r.notice(notice(owner(), Act::Suspend)).unwrap()),
            "authority_not_in_force [lasd-1 v1 8]",
        ),
        (
            "requester suspended",
            Box::new(|r| r.notice(notice(requester(), Act::Suspend)).unwrap()),
            "authority_not_in_force [lasd-1 v1 8]",
        ),
        (
            "suspended and resumed",
            Box::new(|r| {
                r.notice(notice(owner(), Act::Suspend)).unwrap();
                r.notice(notice(owner(), Act::Resume)).unwrap();
            }),
            "permit lasd-1",
        ),
        (
            "withdrawn",
            Box::new(|r| r.notice(notice(owner(), Act::Withdraw)).unwrap()),
            "authority_not_in_force [lasd-1 v1 8]",
        ),
        (
            "no party",
            Box::new(|r| r.agreement.parties = vec![owner(), "other-ca-pd".parse().unwrap()]),
            "party_not_listed [lasd-1 v1 5]",
        ),
    ];
    for (description, spoil, expected) in table {
        let recorded = agreement(spoil);
        assert_eq!(
            why(&decide_on(MONROVIA, &police, &[on_agreement(&recorded)], &query())),
            [expected],
            "{description}"
        );
    }
}

#[test]
fn what_a_query_must_say() {
    let police = peer(AgencyKind::Police, "CA");
    type Spoil = Box<dyn FnOnce(&mut Query, &mut Recorded)>;
    let table: Vec<(&str, Spoil, Vec<&str>)> = vec![
        (
            "no name",
            Box::new(|q, _| q.requester.full_name = Text::default()),
            vec!["requester_not_named [California Civil Code 1798.90.52(a)(3)]"],
        ),
        (
            "no reason",
            Box::new(|q, _| q.why.reason = Text::default()),
            vec!["reason_missing [California Civil Code 1798.90.52(a)(4)]"],
        ),
        (
            "a purpose that the agreement does not name",
            Box::new(|q, _| q.why.purpose = Purpose::CivilAction),
            vec!["purpose_not_authorized [lasd-1 v1 2]"],
        ),
        (
            "a purpose that neither names",
            Box::new(|q, _| q.why.purpose = Purpose::HomelandSecurity),
            vec![
                "purpose_not_authorized [Monrovia Police Department Policy 463 463.2]",
                "purpose_not_authorized [lasd-1 v1 2]",
            ],
        ),
        (
            "another sort of search",
            Box::new(|q, _| q.elements.kind = QueryKind::Partial),
            vec!["query_kind [California Civil Code 1798.90.52(a)(2)]", "query_kind [lasd-1 v1 4]"],
        ),
        (
            "exact without a plate",
            Box::new(|q, _| q.elements.plate = None),
            vec!["query_kind [California Civil Code 1798.90.52(a)(2)]"],
        ),
        (
            "an empty period",
            Box::new(|q, _| q.elements.from = q.elements.until),
            vec!["window [California Civil Code 1798.90.52(a)(2)]"],
        ),
        (
            "a period to come",
            Box::new(|q, _| {
                q.elements.from = now().plus_millis(DAY);
                q.elements.until = now().plus_millis(2 * DAY);
            }),
            vec!["window [California Civil Code 1798.90.52(a)(2)]"],
        ),
        (
            "no reads wanted",
            Box::new(|q, _| q.limit = 0),
            vec!["window [California Civil Code 1798.90.52(a)(2)]"],
        ),
        (
            "a period past retention",
            Box::new(|q, r| {
                q.elements.from = now().minus_days(800);
                q.elements.until = now().minus_days(700);
                r.agreement.lookback_days = 2_000;
            }),
            vec!["retention [Monrovia Police Department Policy 463 463.8]"],
        ),
        (
            "a period past the lookback",
            Box::new(|q, r| {
                q.elements.from = now().minus_days(60);
                q.elements.until = now().minus_days(40);
                r.agreement.lookback_days = 30;
            }),
            vec!["window [lasd-1 v1 4]"],
        ),
        (
            "no case number where one is demanded",
            Box::new(|q, r| {
                q.why.case = Text::default();
                r.agreement.case_required = true;
            }),
            vec!["case_required [lasd-1 v1 10]"],
        ),
        (
            "a CAD number counts",
            Box::new(|q, r| {
                q.why.case = Text::default();
                q.why.cad = "C-77".parse().unwrap();
                r.agreement.case_required = true;
            }),
            vec!["permit lasd-1"],
        ),
        (
            "an authority that is not there",
            Box::new(|q, _| q.authority = Some("lasd-2".parse().unwrap())),
            vec!["no_authority [Monrovia Police Department Policy 463 463.6(d)]"],
        ),
        (
            "several faults at once, in the order of the codes",
            Box::new(|q, _| {
                q.why.reason = Text::default();
                q.requester.full_name = Text::default();
            }),
            vec![
                "requester_not_named [California Civil Code 1798.90.52(a)(3)]",
                "reason_missing [California Civil Code 1798.90.52(a)(4)]",
            ],
        ),
    ];
    for (description, spoil, expected) in table {
        let (mut query, mut recorded) = (query(), agreement(|_| {}));
        spoil(&mut query, &mut recorded);
        assert_eq!(
            why(&decide_on(MONROVIA, &police, &[on_agreement(&recorded)], &query)),
            expected,
            "{description}"
        );
    }
}

#[test]
fn the_owner_without_a_standing_path_answers_on_requests_only() {
    let police = peer(AgencyKind::Police, "CA");
    let recorded = agreement(|_| {});
    assert_eq!(
        why(&decide_on("indio-ca-pd", &police, &[on_agreement(&recorded)], &query())),
        ["release_path [Indio Police Department Policy 461 461.7(a)]"]
    );
    let filed =
        request(RequestScope { uses: Some(1), ..RequestScope::default() }, Some(Verdict::Approved));
    assert_eq!(
        why(&decide_on("indio-ca-pd", &police, &[on_request(&filed, 0)], &query())),
        ["permit req-1"]
    );
}

#[test]
fn a_request_is_held_to_its_scope() {
    let police = peer(AgencyKind::Police, "CA");
    let section = "Indio Police Department Policy 461 461.7(a)";
    let one_use = RequestScope { uses: Some(1), ..RequestScope::default() };
    let for_plate = |plate: &str| RequestScope {
        plates: vec![plate.parse().unwrap()],
        ..RequestScope::default()
    };
    let ended = RequestScope { valid_until: Some(now()), ..RequestScope::default() };
    let window = |from: i64, until: i64| RequestScope {
        from: Some(now().plus_millis(from * DAY)),
        until: Some(now().plus_millis(until * DAY)),
        ..RequestScope::default()
    };
    let approved = Some(Verdict::Approved);
    let table = [
        ("approved", request(one_use.clone(), approved), 0, "permit req-1".to_owned()),
        ("used up", request(one_use.clone(), approved), 1, format!("uses_exhausted [{section}]")),
        (
            "waiting",
            request(one_use.clone(), None),
            0,
            format!("authority_not_in_force [{section}]"),
        ),
        (
            "denied",
            request(one_use, Some(Verdict::Denied)),
            0,
            format!("authority_not_in_force [{section}]"),
        ),
        (
            "ended at this instant",
            request(ended, approved),
            0,
            format!("authority_not_in_force [{section}]"),
        ),
        ("for this plate", request(for_plate("8KTR392"), approved), 0, "permit req-1".into()),
        (
            "for another plate",
            request(for_plate("1ABC234"), approved),
            0,
            format!("outside_request [{section}]"),
        ),
        ("for this period", request(window(-3, -1), approved), 0, "permit req-1".into()),
        (
            "for another period",
            request(window(-30, -20), approved),
            0,
            format!("outside_request [{section}]"),
        ),
    ];
    for (description, filed, used, expected) in table {
        assert_eq!(
            why(&decide_on("indio-ca-pd", &police, &[on_request(&filed, used)], &query())),
            [expected],
            "{description}"
        );
    }
    let filed = request(window(-3, -1), approved);
    for (description, spoil) in [
        (
            "another person",
            Box::new(|q: &mut Query| q.requester.full_name = "John Roe".parse().unwrap())
                as Box<dyn Fn(&mut Query)>,
        ),
        ("another case", Box::new(|q: &mut Query| q.why.case = "26-9".parse().unwrap())),
    ] {
        let mut query = query();
        spoil(&mut query);
        let decision = decide_on("indio-ca-pd", &police, &[on_request(&filed, 0)], &query);
        assert_eq!(why(&decision), [format!("outside_request [{section}]")], "{description}");
    }
}

#[test]
fn a_permit_narrows_to_the_strictest_bound() {
    let police = peer(AgencyKind::Police, "CA");
    let mut query = query();
    query.elements.from = now().minus_days(1_000);
    query.limit = 10_000;
    let recorded = agreement(|r| r.agreement.lookback_days = 90);
    let Decision::Permit(permit) = decide_on(MONROVIA, &police, &[on_agreement(&recorded)], &query)
    else {
        panic!()
    };
    assert_eq!(
        permit.scope.from(),
        now().minus_days(90),
        "the agreement reaches less far than retention"
    );
    assert_eq!(permit.scope.limit(), 500, "the agreement allows fewer reads than the policy");
    assert_eq!(permit.lapses, recorded.agreement.expires);
    let recorded = agreement(|r| r.agreement.lookback_days = 2_000);
    let Decision::Permit(permit) = decide_on(MONROVIA, &police, &[on_agreement(&recorded)], &query)
    else {
        panic!()
    };
    assert_eq!(
        permit.scope.from(),
        now().minus_days(365),
        "retention reaches less far than the agreement"
    );
    let filed = request(
        RequestScope {
            from: Some(now().minus_days(3)),
            until: Some(now().minus_days(1)),
            uses: Some(2),
            ..RequestScope::default()
        },
        Some(Verdict::Approved),
    );
    let Decision::Permit(permit) = decide_on(MONROVIA, &police, &[on_request(&filed, 1)], &query)
    else {
        panic!()
    };
    assert_eq!(
        (permit.scope.from(), permit.scope.until()),
        (now().minus_days(3), now().minus_days(1))
    );
    assert_eq!(permit.consumes, Some(("req-1".parse().unwrap(), 2)));
}

#[test]
fn the_first_authority_that_permits_counts_and_never_a_union() {
    let police = peer(AgencyKind::Police, "CA");
    let narrow = agreement(|r| r.agreement.purposes = vec![Purpose::MissingPerson]);
    let wide = agreement(|r| r.agreement.id = "lasd-9".parse().unwrap());
    let both = [on_agreement(&narrow), on_agreement(&wide)];
    assert_eq!(why(&decide_on(MONROVIA, &police, &both, &query())), ["permit lasd-9"]);
    let cited = Query { authority: Some("lasd-1".parse().unwrap()), ..query() };
    assert_eq!(
        why(&decide_on(MONROVIA, &police, &both, &cited)),
        ["purpose_not_authorized [lasd-1 v1 2]"]
    );
}

#[test]
fn the_daily_limit_is_a_limit() {
    let police = peer(AgencyKind::Police, "CA");
    let recorded = agreement(|r| r.agreement.daily_limit = Some(3));
    for (used_today, expected) in
        [(2, "permit lasd-1"), (3, "quota [lasd-1 v1 4]"), (4, "quota [lasd-1 v1 4]")]
    {
        let candidate =
            Candidate { authority: Authority::Agreement(&recorded), used: 50, used_today };
        assert_eq!(why(&decide_on(MONROVIA, &police, &[candidate], &query())), [expected]);
    }
}

#[test]
fn ones_own_check_comes_first() {
    type Spoil = Box<dyn Fn(&mut Query)>;
    let table: Vec<(&str, Spoil, Option<&str>)> = vec![
        ("in order", Box::new(|_| {}), None),
        (
            "never trained",
            Box::new(|q| q.requester.trained_on = None),
            Some("training_missing [Monrovia Police Department Policy 463 463.3]"),
        ),
        (
            "trained tomorrow",
            Box::new(|q| q.requester.trained_on = Some(now().plus_millis(DAY))),
            Some("training_missing [Monrovia Police Department Policy 463 463.3]"),
        ),
        (
            "no reason",
            Box::new(|q| q.why.reason = Text::default()),
            Some("reason_missing [California Civil Code 1798.90.52(a)(4)]"),
        ),
        (
            "no name",
            Box::new(|q| q.requester.full_name = Text::default()),
            Some("requester_not_named [California Civil Code 1798.90.52(a)(3)]"),
        ),
        (
            "a purpose of others",
            Box::new(|q| q.why.purpose = Purpose::HomelandSecurity),
            Some("purpose_not_authorized [Monrovia Police Department Policy 463 463.2]"),
        ),
        (
            "an empty period",
            Box::new(|q| q.elements.until = q.elements.from),
            Some("window [California Civil Code 1798.90.52(a)(2)]"),
        ),
    ];
    for (description, spoil, expected) in table {
        let mut query = query();
        spoil(&mut query);
        let declined = decline(&policy(MONROVIA), &query, now());
        let found = declined.map(|reasons| why(&Decision::Refuse(reasons)));
        assert_eq!(found, expected.map(|e| vec![e.to_owned()]), "{description}");
    }
}

prop_compose! {
    fn any_query()(
        from in -2_000i64..100, length in -10i64..2_000, limit in any::<u32>(), purpose in 0..Purpose::ALL.len(),
        kind in 0..QueryKind::ALL.len(), plate in prop::option::of("[A-Z0-9]{1,7}"), named in any::<bool>(),
        reasoned in any::<bool>(), cited in prop::option::of(prop::sample::select(vec!["lasd-1", "req-1", "none-1"])),
    ) -> Query {
        let mut query = query();
        query.elements.from = now().plus_millis(from * DAY);
        query.elements.until = query.elements.from.plus_millis(length * DAY);
        query.elements.kind = QueryKind::ALL[kind];
        query.elements.plate = plate.map(|p| p.parse().unwrap());
        query.limit = limit;
        query.why.purpose = Purpose::ALL[purpose];
        query.authority = cited.map(|id| id.parse().unwrap());
        if !named { query.requester.full_name = Text::default(); }
        if !reasoned { query.why.reason = Text::default(); }
        query
    }
}

proptest! {
    #[test]
    fn whatever_is_asked(query in any_query(), used in 0u32..4, kind in 0..AgencyKind::ALL.len(), policy_at in 0usize..6) {
        let facts = peer(AgencyKind::ALL[kind].0, "CA");
        let recorded = agreement(|_| {});
        let filed = request(RequestScope { uses: Some(2), ..RequestScope::default() }, Some(Verdict::Approved));
        let candidates = [on_agreement(&recorded), on_request(&filed, used)];
        let name = Policy::builtin_names()[policy_at];
        let decision = decide_on(name, &facts, &candidates, &query);
        // Deterministic.
        prop_assert_eq!(&decision, &decide_on(name, &facts, &candidates, &query));
        match decision {
            Decision::Refuse(reasons) => {
                prop_assert!(!reasons.as_slice().is_empty());
                // Every refusal cites, and the codes are in order.
                prop_assert!(reasons.as_slice().iter().all(|r| !r.citations.is_empty() && !r.message.is_empty()));
                prop_assert!(reasons.as_slice().is_sorted_by_key(|r| r.code));
            }
            Decision::Permit(permit) => {
                let policy = policy(name);
                prop_assert!(permit.scope.from() >= query.elements.from && permit.scope.until() <= query.elements.until);
                prop_assert!(permit.scope.from() >= now().minus_days(policy.retention.reads_days));
                prop_assert!(permit.scope.limit() <= query.limit.min(policy.row_limit) && permit.scope.limit() > 0);
                prop_assert!(facts.kind.is_public_agency(facts.state) && permit.lapses > now());
                // Removing the authority never permits.
                prop_assert!(matches!(decide_on(name, &facts, &[], &query), Decision::Refuse(_)));
                // Nor does a narrower agreement permit more.
                let narrower = agreement(|r| {
                    r.agreement.lookback_days = 5;
                    r.agreement.row_limit = 10;
                    r.agreement.purposes.truncate(3);
                });
                if let Decision::Permit(narrow) = decide_on(name, &facts, &[on_agreement(&narrower)], &query)
                    && permit.basis.authority == narrow.basis.authority
                {
                    prop_assert!(narrow.scope.from() >= permit.scope.from());
                    prop_assert!(narrow.scope.limit() <= permit.scope.limit());
                }
            }
        }
        if query.requester.full_name.is_empty() || query.why.reason.is_empty() || query.limit == 0 {
            let refused = matches!(decide_on(name, &facts, &candidates, &query), Decision::Refuse(_));
            prop_assert!(refused);
        }
    }

    #[test]
    fn refusal_codes_read_back(code in 0..RefusalCode::ALL.len()) {
        let code = RefusalCode::ALL[code];
        prop_assert_eq!(code.code().parse::<RefusalCode>().unwrap(), code);
    }
}
