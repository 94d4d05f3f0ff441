//! Adding an agency is adding a file: an invented agency's policy is read and decided on with no
//! change of code, and a file that is not in order is refused with the place and what is expected.

use std::collections::BTreeMap;

use agreements::decide::{
    Authority, Candidate, Decision, PeerFacts, Reasons, Scope as _, decide, decline,
};
use agreements::policy::Policy;
use agreements::request::{RequestScope, Verdict};
use schemas::agency::AgencyKind;
use schemas::area::Near;
use schemas::purpose::{Purpose, QueryKind, Role};
use schemas::query::Query;
use schemas::read::Location;
use schemas::refusal::Citation;
use schemas::text::Text;
use serde::Deserialize;

use crate::fixtures::{self, now};

const FILE: &str = "seventh-policy.toml";
const TEXT: &str = include_str!("data/seventh-policy.toml");
/// With whom it has a standing agreement.
const LISTED: &str = "los-angeles-ca-port-police";

fn seventh() -> Policy {
    Policy::from_toml(FILE, TEXT).unwrap()
}

#[test]
fn it_is_read_and_every_value_cites_its_own_text_or_another() {
    let policy = seventh();
    for (key, value) in policy.values() {
        for citation in policy.cites(value) {
            let own = citation.source == "Larkspur Harbor Police General Order";
            assert_eq!(own, citation.section.starts_with("9."), "{key}: {citation}");
        }
    }
    let again = Policy::from_toml(FILE, &toml::to_string(&policy).unwrap()).unwrap();
    assert_eq!(again, policy);
}

#[test]
fn it_chooses_what_no_built_in_policy_does() {
    type Choice = fn(&Policy) -> bool;
    let chosen: [(&str, Choice); 10] = [
        ("written requests of a list alone", |p| {
            p.release.written_request.as_ref().is_some_and(|path| !path.with.is_empty())
        }),
        ("several agencies on the standing path", |p| {
            p.release.standing_agreement.as_ref().is_some_and(|path| path.with.len() > 1)
        }),
        ("no designees", |p| !p.approval.requests.designee && !p.approval.agreements.designee),
        ("purposes without suspicion", |p| !p.suspicion.except.is_empty()),
        ("training every 180 days", |p| p.training.every_days == Some(180)),
        ("searches by area", |p| p.searches.kinds.contains(&QueryKind::Area)),
        ("narrower searches", |p| {
            let searches = &p.searches;
            [searches.known_characters, searches.longest_days, searches.widest_m]
                .iter()
                .all(Option::is_some)
        }),
        ("peers' titles", |p| !p.people.peers.titled.is_empty()),
        ("words that say nothing here", |p| !p.reason.placeholders.is_empty()),
        ("less to search than is kept", |p| {
            !p.lookback.period().covers(p.retention.reads.cut_off())
        }),
    ];
    for (what, chooses) in chosen {
        assert!(chooses(&seventh()), "{what}");
        for name in Policy::builtin_names() {
            assert!(!chooses(&fixtures::policy(name)), "{name}: {what}");
        }
    }
}

/// A query that it answers, on paper that is in order, for a row to spoil.
struct Asked {
    peer: PeerFacts,
    query: Query,
    /// On an approved request instead of a standing agreement.
    by_request: bool,
}

fn asked() -> Asked {
    let peer = PeerFacts {
        id: LISTED.parse().unwrap(),
        kind: AgencyKind::PortPolice,
        state: "CA".parse().unwrap(),
        blocked: None,
        agency_key: None,
    };
    let mut query = fixtures::query(&peer.id, &fixtures::agency_of(&seventh()));
    query.why.purpose = Purpose::StolenProperty;
    query.why.need_to_know = text("assigned to the theft of this trailer");
    Asked { peer, query, by_request: false }
}

impl Asked {
    fn of(&mut self, id: &str, kind: AgencyKind) {
        self.peer.id = id.parse().unwrap();
        self.query.from = self.peer.id.clone();
        self.peer.kind = kind;
    }

    fn decided(&self) -> Decision {
        let policy = seventh();
        let (me, peer) = (&self.query.to, &self.peer.id);
        let every = |codes: &[&str]| format!("{codes:?}");
        let settings = [
            ("purposes", every(&Purpose::ALL.iter().map(|p| p.code()).collect::<Vec<_>>())),
            ("query_kinds", every(&QueryKind::ALL.iter().map(|k| k.code()).collect::<Vec<_>>())),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value));
        let parties = vec![me.clone(), peer.clone()];
        let mut recorded = fixtures::drafted("lasd", "maker-ca-pd/lasd-1", parties, &settings);
        for (agency, with) in [(me, peer), (peer, me)] {
            recorded.adhere(fixtures::adherence(&recorded, agency, vec![with.clone()])).unwrap();
        }
        let scope = RequestScope { uses: Some(5), ..RequestScope::default() };
        let mut filed = fixtures::filed("maker-ca-pd/req-1", &self.query, scope.clone());
        filed.rule(fixtures::ruling(&filed, Verdict::Approved, scope)).unwrap();
        let authority = match self.by_request {
            true => Authority::Request(&filed),
            false => Authority::Agreement(&recorded),
        };
        let candidate = Candidate { authority, used: 0, used_today: 0 };
        decide(&policy, me, &self.peer, &[candidate], &self.query, now())
    }
}

fn text(text: &str) -> Text {
    text.parse().unwrap()
}

/// Code and sections, as a row writes them.
fn told(reasons: &Reasons) -> Vec<String> {
    let own = |citation: &Citation| {
        citation.to_string().replace("Larkspur Harbor Police General Order ", "")
    };
    let told = reasons.as_slice().iter().map(|reason| {
        let sections: Vec<_> = reason.citations.iter().map(own).collect();
        format!("{}: {}", reason.code, sections.join("; "))
    });
    told.collect()
}

type Row = (&'static str, fn(&mut Asked), &'static [&'static str]);

const ROWS: &[Row] = &[
    ("a listed agency on an agreement", |_| {}, &[]),
    ("another listed one", |a| a.of("harbor-task-force-ca", AgencyKind::Regional), &[]),
    (
        "one that is not listed",
        |a| a.of("asking-ca-pd", AgencyKind::Police),
        &["release_path: 9.5(a)"],
    ),
    ("a prosecutor", |a| a.peer.kind = AgencyKind::Prosecutor, &["release_path: 9.5"]),
    (
        "the one whose requests are taken",
        |a| {
            a.by_request = true;
            a.of("asking-ca-pd", AgencyKind::Police);
        },
        &[],
    ),
    ("a request of another", |a| a.by_request = true, &["release_path: 9.5(b)"]),
    ("no case number", |a| a.query.why.case = Text::default(), &["case_required: 9.4(b)"]),
    (
        "no suspicion and no need to know",
        |a| {
            a.query.why.suspicion = Text::default();
            a.query.why.need_to_know = Text::default();
        },
        &["suspicion_missing: 9.4(a)", "need_to_know_missing: 9.4(a)"],
    ),
    (
        "neither is asked for a person overboard",
        |a| {
            a.query.why.purpose = Purpose::MissingPerson;
            a.query.why.suspicion = Text::default();
            a.query.why.need_to_know = Text::default();
        },
        &[],
    ),
    (
        "nor for an administrative inquiry, which is a purpose here",
        |a| {
            a.query.why.purpose = Purpose::AdministrativeInvestigation;
            a.query.why.suspicion = Text::default();
            a.query.why.need_to_know = Text::default();
        },
        &[],
    ),
    (
        "a criminal investigation, which is none",
        |a| a.query.why.purpose = Purpose::CriminalInvestigation,
        &["purpose_not_authorized: 9.4; California Civil Code 1798.90.52(b)"],
    ),
    ("trained 180 days ago", |a| a.query.requester.trained_on = Some(now().minus_days(180)), &[]),
    (
        "trained 181 days ago",
        |a| a.query.requester.trained_on = Some(now().minus_days(181)),
        &["training_expired: 9.3; California Civil Code 1798.90.51(b)(2)(B)"],
    ),
    (
        "everything that passed the pier",
        |a| {
            let center = Location::new(33.7, -118.2).unwrap().unwrap();
            a.query.elements.kind = QueryKind::Area;
            a.query.elements.plate = None;
            a.query.elements.near = Some(Near { center, radius_m: 200 });
        },
        &[],
    ),
    (
        "a plate that may be misread",
        |a| a.query.elements.kind = QueryKind::Misread,
        &["query_kind: 9.4(d)"],
    ),
    (
        "words that say nothing in a harbor",
        |a| a.query.why.reason = text("harbor vessel trailer gone"),
        &["reason_vague: 9.4(c); California Civil Code 1798.90.52(a)(4)"],
    ),
    (
        "a day beyond what peers may search",
        |a| {
            a.query.elements.from = now().minus_days(60);
            a.query.elements.until = now().minus_days(30);
        },
        &["window: 9.6"],
    ),
    (
        "an analyst",
        |a| a.query.requester.roles = vec![Role::CrimeAnalyst],
        &["role_not_authorized: 9.2(b); California Civil Code 1798.90.51(b)(2)(B)"],
    ),
    (
        "a senior one",
        |a| {
            a.query.requester.roles = vec![Role::CrimeAnalyst];
            a.query.requester.title = text("Senior Crime Analyst");
        },
        &[],
    ),
];

#[test]
fn it_decides() {
    for (says, spoil, expected) in ROWS {
        let mut asked = asked();
        spoil(&mut asked);
        match asked.decided() {
            Decision::Refuse(refused) => assert_eq!(told(&refused.reasons), *expected, "{says}"),
            Decision::Permit(permit) => {
                assert!(expected.is_empty(), "{says}: permitted");
                assert_eq!(permit.scope.limit(), 25, "{says}");
                assert!(permit.notice.as_str().contains("photograph"), "{says}");
            }
        }
    }
}

#[test]
fn its_own_people_ask_by_its_own_rules() {
    let policy = seventh();
    let mut query = asked().query;
    let own = decline(&policy, &query, now()).unwrap();
    assert_eq!(
        told(&own),
        ["role_not_authorized: 9.2(a); California Civil Code 1798.90.53(b)(2)(B)"]
    );
    query.requester.title = text("harbor sergeant");
    assert_eq!(decline(&policy, &query, now()), None);
}

#[test]
fn nobody_approves_for_the_harbormaster() {
    let approval = seventh().approval;
    let (captain, master, clerk) =
        (text("Harbormaster's Captain"), text("Harbormaster"), text("Harbor Clerk"));
    assert!(approval.requests.relied_on(&captain, []).is_some());
    assert!(approval.requests.relied_on(&master, []).is_some());
    assert!(approval.agreements.relied_on(&captain, []).is_none());
    for officials in [&approval.requests, &approval.agreements] {
        assert_eq!(officials.relied_on(&clerk, [&captain, &master]), None);
    }
}

/// A malformation: `from` is replaced by `to`, and the error names the key and what is expected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Malformed {
    says: String,
    from: String,
    to: String,
    key: String,
    expected: String,
}

/// The error for a malformed text, which must say the file, the line and the key.
fn refused(says: &str, malformed: &str, key: &str) -> String {
    let error = Policy::from_toml(FILE, malformed).map(drop).unwrap_err().to_string();
    let after = error.strip_prefix(&format!("{FILE}: "));
    let after = after.unwrap_or_else(|| panic!("{says}: {error}"));
    // What is missing from the whole file has no line.
    let whole = after.contains("missing field") || after.contains("must name at least one purpose");
    assert!(after.starts_with("line ") || whole, "{says}: {error}");
    assert!(
        after.contains(&format!("`{key}`")) || after.contains(&format!(".{key}`")),
        "{says}: {key}: {error}"
    );
    error
}

#[test]
fn what_is_malformed_is_refused_with_the_place_and_what_is_expected() {
    let mut table: BTreeMap<String, Vec<Malformed>> =
        toml::from_str(include_str!("data/malformed.toml")).unwrap();
    let rows = table.remove("row").unwrap();
    assert!(rows.len() >= 30, "{} rows", rows.len());
    for Malformed { says, from, to, key, expected } in rows {
        assert_eq!(TEXT.matches(&from).count(), 1, "{says}: `{from}` is to stand there once");
        let error = refused(&says, &TEXT.replace(&from, &to), &key);
        assert!(error.contains(&expected), "{says}: {error}");
    }
}

#[test]
fn a_policy_without_purposes_is_refused() {
    let (before, rest) = TEXT.split_once("[[purposes]]").unwrap();
    let (_, after) = rest.split_once("[[prohibited]]").unwrap();
    let without = format!("{before}[[prohibited]]{after}");
    let error = refused("left out", &without, "purposes");
    assert!(error.contains("missing field"), "{error}");
    let error =
        refused("empty", &without.replace("state = ", "purposes = []\nstate = "), "purposes");
    assert!(error.contains("must name at least one purpose"), "{error}");
}

#[test]
fn what_is_no_toml_is_refused_with_its_line() {
    let error = Policy::from_toml(FILE, &TEXT.replace("\"CA\"", "CA")).unwrap_err().to_string();
    assert!(
        error.starts_with("seventh-policy.toml: ") && error.contains("line 7, `state`: "),
        "{error}"
    );
    assert!(error.contains("must be quoted"), "{error}");
}
