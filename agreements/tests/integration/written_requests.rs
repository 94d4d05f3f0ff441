//! What is recorded of written requests: nothing that does not fit, and each as it stands.

use crate::fixtures::{self, now};
use agreements::request::{
    MOST_PLATES, Request, RequestRecord, RequestScope, RequestState, Ruling, Verdict, Withdrawal,
};
use schemas::agency::AgencyId;
use schemas::area::Near;
use schemas::digest::Digest;
use schemas::read::Location;
use schemas::text::Text;
use schemas::time::Timestamp;

fn id(name: &str) -> AgencyId {
    name.parse().unwrap()
}

fn days_ago(days: u32) -> Option<Timestamp> {
    Some(now().minus_days(days))
}

fn circle(radius_m: u32) -> Option<Near> {
    Some(Near { center: Location::new(34.15, -118.0).unwrap().unwrap(), radius_m })
}

/// A scope that is bounded in everything.
fn bounded() -> RequestScope {
    RequestScope {
        plates: vec!["8KTR392".parse().unwrap(), "1ABC234".parse().unwrap()],
        from: days_ago(20),
        until: days_ago(10),
        near: circle(2_000),
        uses: Some(3),
        valid_until: Some(now().plus_millis(1)),
    }
}

fn filed(scope: RequestScope) -> RequestRecord {
    let query = fixtures::query(&id("asking-ca-pd"), &id("owning-ca-pd"));
    fixtures::filed("asking-ca-pd/req-1", &query, scope)
}

fn approved(scope: RequestScope) -> RequestRecord {
    let mut filed = filed(scope.clone());
    filed.rule(fixtures::ruling(&filed, Verdict::Approved, scope)).unwrap();
    filed
}

fn withdrawal(filed: &RequestRecord) -> Withdrawal {
    Withdrawal {
        request: filed.request.id.clone(),
        request_digest: filed.request_digest,
        at: now(),
    }
}

/// A change, and how it is made.
type Spoilt<T> = (&'static str, fn(&mut T));

/// In each of its values: less of a scope.
const LESS: [Spoilt<RequestScope>; 6] = [
    ("a plate", |scope| scope.plates.truncate(1)),
    ("later reads", |scope| scope.from = days_ago(19)),
    ("earlier reads", |scope| scope.until = days_ago(11)),
    ("a smaller area", |scope| scope.near = circle(1_999)),
    ("fewer uses", |scope| scope.uses = Some(2)),
    ("an earlier end", |scope| scope.valid_until = Some(now())),
];

/// In each of its values: more than a scope, or no bound at all.
const MORE: [Spoilt<RequestScope>; 14] = [
    ("another plate", |scope| scope.plates = vec!["9XYZ999".parse().unwrap()]),
    ("a plate more", |scope| scope.plates.push("9XYZ999".parse().unwrap())),
    ("any plate", |scope| scope.plates.clear()),
    ("earlier reads", |scope| scope.from = days_ago(21)),
    ("reads since ever", |scope| scope.from = None),
    ("later reads", |scope| scope.until = days_ago(9)),
    ("reads for ever", |scope| scope.until = None),
    ("a larger area", |scope| scope.near = circle(2_001)),
    ("everywhere", |scope| scope.near = None),
    ("more uses", |scope| scope.uses = Some(4)),
    ("any number of uses", |scope| scope.uses = None),
    ("a later end", |scope| scope.valid_until = Some(now().plus_millis(2))),
    ("no end", |scope| scope.valid_until = None),
    ("nothing bounded", |scope| *scope = RequestScope::default()),
];

#[test]
fn a_request_is_approved_as_asked_or_narrower_never_wider() {
    let ruled = |asked: RequestScope, approved: RequestScope| {
        let mut filed = filed(asked);
        filed.rule(fixtures::ruling(&filed, Verdict::Approved, approved)).map(|()| filed)
    };
    assert!(ruled(bounded(), bounded()).is_ok(), "as asked");
    assert!(ruled(RequestScope::default(), bounded()).is_ok(), "bounded where it was not");
    for (what, less) in LESS {
        let mut scope = bounded();
        less(&mut scope);
        assert_eq!(*ruled(bounded(), scope.clone()).unwrap().scope(), scope, "{what}");
    }
    for (what, more) in MORE {
        let mut scope = bounded();
        more(&mut scope);
        assert!(ruled(bounded(), scope).is_err(), "{what}");
    }
}

#[test]
fn something_bounds_a_request_and_somebody_makes_it() {
    let unbounded = RequestScope::default;
    let good: [(&str, RequestScope); 7] = [
        ("everything", bounded()),
        ("plates", RequestScope { plates: bounded().plates, ..unbounded() }),
        ("an area", RequestScope { near: bounded().near, ..unbounded() }),
        ("uses", RequestScope { uses: Some(1), ..unbounded() }),
        ("an end", RequestScope { valid_until: bounded().valid_until, ..unbounded() }),
        (
            "a window of a millisecond",
            RequestScope { from: Some(now()), until: Some(now().plus_millis(1)), ..unbounded() },
        ),
        (
            "as many plates as may be",
            RequestScope { plates: vec!["8KTR392".parse().unwrap(); MOST_PLATES], ..unbounded() },
        ),
    ];
    for (what, scope) in good {
        let request = filed(scope).request;
        let written = request.to_toml().unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(Request::from_toml("request", &written).unwrap(), request, "{what}");
    }
    let mut unnamed = filed(bounded()).request;
    unnamed.requested_by = Text::default();
    let mut anothers = filed(bounded()).request;
    anothers.id = "other-ca-pd/req-1".parse().unwrap();
    let scoped = |scope: RequestScope| filed(scope).request;
    let bad = [
        ("nobody", unnamed),
        ("under another agency's name", anothers),
        ("no bound", scoped(unbounded())),
        ("a beginning alone", scoped(RequestScope { from: days_ago(1), ..unbounded() })),
        ("an end of reads alone", scoped(RequestScope { until: days_ago(1), ..unbounded() })),
        ("no uses", scoped(RequestScope { uses: Some(0), ..unbounded() })),
        (
            "an empty window",
            scoped(RequestScope { from: days_ago(1), until: days_ago(1), ..unbounded() }),
        ),
        (
            "more plates than may be",
            scoped(RequestScope {
                plates: vec!["8KTR392".parse().unwrap(); MOST_PLATES + 1],
                ..unbounded()
            }),
        ),
    ];
    for (what, request) in bad {
        assert!(request.to_toml().is_err(), "{what}");
    }
}

#[test]
fn a_request_is_decided_once_and_by_an_official() {
    let spoilt: [Spoilt<Ruling>; 4] = [
        ("another request", |ruling| ruling.request = "maker-ca-pd/req-2".parse().unwrap()),
        ("another text", |ruling| ruling.request_digest = Digest::of(b"other")),
        ("nobody", |ruling| ruling.decided_by.name = Text::default()),
        ("no reason", |ruling| ruling.reason = Text::default()),
    ];
    for (what, spoil) in spoilt {
        let mut filed = filed(bounded());
        let mut ruling = fixtures::ruling(&filed, Verdict::Approved, bounded());
        spoil(&mut ruling);
        assert!(filed.rule(ruling).is_err(), "{what}");
        assert_eq!(filed.ruling, None, "{what}");
    }
    for (verdict, word) in [(Verdict::Approved, "approved"), (Verdict::Denied, "denied")] {
        let mut filed = filed(bounded());
        filed.rule(fixtures::ruling(&filed, verdict, bounded())).unwrap();
        let again = fixtures::ruling(&filed, Verdict::Approved, bounded());
        let error = filed.rule(again).unwrap_err().to_string();
        assert!(error.contains(&format!("was {word} already")), "{error}");
    }
    for (what, spoil) in [
        ("no use", (|scope| scope.uses = Some(0)) as fn(&mut RequestScope)),
        ("an empty window", |scope| {
            scope.from = Some(now());
            scope.until = Some(now());
        }),
    ] {
        let mut filed = filed(bounded());
        let mut ruling = fixtures::ruling(&filed, Verdict::Approved, bounded());
        spoil(&mut ruling.scope);
        assert!(filed.rule(ruling).is_err(), "{what}");
    }
    let mut gone = filed(bounded());
    gone.withdraw(withdrawal(&gone)).unwrap();
    // A decision that crossed the withdrawal stands beside it and changes nothing.
    let late = fixtures::ruling(&gone, Verdict::Approved, bounded());
    gone.rule(late).unwrap();
    assert_eq!(gone.state(0, now()), RequestState::Withdrawn);
}

#[test]
fn a_denial_says_nothing_about_the_scope() {
    let mut denied = filed(RequestScope { uses: Some(1), ..RequestScope::default() });
    denied.rule(fixtures::ruling(&denied, Verdict::Denied, RequestScope::default())).unwrap();
    assert_eq!(denied.scope().uses, Some(1));
}

#[test]
fn a_request_is_withdrawn_once_and_not_after_it_was_denied() {
    let spoilt: [Spoilt<Withdrawal>; 2] = [
        ("another request", |withdrawal| withdrawal.request = "maker-ca-pd/req-2".parse().unwrap()),
        ("another text", |withdrawal| withdrawal.request_digest = Digest::of(b"other")),
    ];
    for (what, spoil) in spoilt {
        let mut filed = filed(bounded());
        let mut withdrawal = withdrawal(&filed);
        spoil(&mut withdrawal);
        assert!(filed.withdraw(withdrawal).is_err(), "{what}");
    }
    let mut approved = approved(bounded());
    approved.withdraw(withdrawal(&approved)).unwrap();
    assert!(approved.withdraw(withdrawal(&approved)).is_err(), "twice");
    let mut denied = filed(bounded());
    denied.rule(fixtures::ruling(&denied, Verdict::Denied, bounded())).unwrap();
    assert!(denied.withdraw(withdrawal(&denied)).is_err(), "denied before");
}

#[test]
fn how_a_request_stands_has_a_published_word() {
    let mut denied = filed(bounded());
    denied.rule(fixtures::ruling(&denied, Verdict::Denied, bounded())).unwrap();
    let mut withdrawn = approved(bounded());
    withdrawn.withdraw(withdrawal(&withdrawn)).unwrap();
    let end = now().plus_millis(1);
    let rows = [
        (filed(bounded()), 0, now(), RequestState::Submitted, "submitted"),
        (approved(bounded()), 2, now(), RequestState::Approved, "approved"),
        (denied.clone(), 0, now(), RequestState::Denied, "denied"),
        (withdrawn.clone(), 0, now(), RequestState::Withdrawn, "withdrawn"),
        (approved(bounded()), 3, now(), RequestState::UsedUp, "used_up"),
        (approved(bounded()), 0, end, RequestState::Expired, "expired"),
        (filed(bounded()), 0, end, RequestState::Expired, "expired"),
        (denied, 0, end, RequestState::Denied, "denied"),
        (withdrawn, 3, end, RequestState::Withdrawn, "withdrawn"),
    ];
    for (filed, used, at, state, word) in rows {
        assert_eq!(filed.state(used, at), state);
        assert_eq!(state.code(), word);
    }
}
