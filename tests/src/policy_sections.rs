//! What an owner refuses whatever its policy, with the sections of its own text; and a seventh
//! policy, of an agency that the node has never heard of.

use schemas::agency::AgencyKind;
use schemas::area::Near;
use schemas::purpose::{Purpose, QueryKind as Search, Role};
use schemas::query::Query;
use schemas::read::Location;
use schemas::refusal::RefusalCode::{self, *};

use crate::fixtures::{DAY_MS, id, words};
use crate::policy_cases::{PolicyCase, PolicyScenario};

/// Every code that a decision gives; the rest are about the exchange.
pub const DECISION_CODES: [RefusalCode; 27] = [
    NotPublicAgency,
    OutOfState,
    Federal,
    Blocked,
    NoAuthority,
    AuthorityNotInForce,
    ReleasePath,
    PartyNotListed,
    PurposeNotAuthorized,
    PurposeProhibited,
    OnBehalfOf,
    RoleNotAuthorized,
    SignInInsufficient,
    TrainingMissing,
    TrainingExpired,
    RequesterNotNamed,
    CaseRequired,
    ReasonMissing,
    ReasonVague,
    SuspicionMissing,
    NeedToKnowMissing,
    QueryKind,
    Window,
    Retention,
    OutsideRequest,
    UsesExhausted,
    Quota,
];

/// Where a policy's text says what, and what it says: from the text, not from the file.
pub struct PolicySections {
    /// To whom reads are released.
    pub recipients: &'static str,
    /// Written requests.
    pub requests: &'static str,
    /// Who decides them.
    pub decides: &'static str,
    /// Whoever reaches data logs in, of a peer's people too; absent where it does not say.
    pub login: Option<&'static str>,
    /// Training before access.
    pub training: &'static str,
    /// A specific case.
    pub reason: &'static str,
    /// What peers may search for.
    pub searches: &'static str,
    /// How many days reads are answered from.
    pub retention: (u32, &'static str),
    /// A purpose that it does not name.
    pub unnamed: (Purpose, &'static str),
    /// What the First Amendment protects.
    pub rights: &'static str,
}

/// What every owner refuses, and one query that it answers.
#[must_use]
pub fn cases_under_any_policy(text: &'static PolicySections) -> Vec<PolicyCase> {
    let mut rows = who_asks(text);
    rows.extend(what_for(text));
    rows.extend(what_is_sought(text));
    rows.extend(under_a_request(text));
    rows
}

/// Agencies and people that are refused.
fn who_asks(text: &'static PolicySections) -> Vec<PolicyCase> {
    let role = |roles: &'static [Role]| {
        let expected = [(RoleNotAuthorized, text.recipients)];
        PolicyCase::new("a role", &expected, move |query, _| query.requester.roles = roles.to_vec())
    };
    let nothing_said = |section| {
        PolicyCase::new(
            "its agency does not say how she signed in",
            &[(SignInInsufficient, section)],
            |query, _| query.requester.session = None,
        )
    };
    let mut rows = vec![
        PolicyCase::answered("everything is given", |_, _| {}),
        PolicyCase::of(
            AgencyKind::Federal,
            "CA",
            &[(Federal, "1798.90.55(b)"), (Federal, "public agency")],
        ),
        PolicyCase::of(AgencyKind::Sheriff, "NV", &[(OutOfState, "1798.90.5(f)")]),
        PolicyCase::of(AgencyKind::Commercial, "CA", &[(NotPublicAgency, "1798.90.55(b)")]),
        PolicyCase::of(AgencyKind::CampusPrivate, "CA", &[(NotPublicAgency, "1798.90.5(f)")]),
        role(&[Role::Vendor]),
        role(&[Role::Sworn, Role::Vendor]),
        role(&[Role::Auditor]),
        PolicyCase::new("never trained", &[(TrainingMissing, text.training)], |query, _| {
            query.requester.trained_on = None;
        }),
        PolicyCase::new("trained tomorrow", &[(TrainingMissing, text.training)], |query, _| {
            query.requester.trained_on = Some(query.at.plus_millis(DAY_MS));
        }),
    ];
    rows.extend(text.login.map(nothing_said));
    rows
}

/// Purposes and reasons that are refused.
fn what_for(text: &'static PolicySections) -> Vec<PolicyCase> {
    let prohibited = |what, reason: &'static str, section| {
        PolicyCase::new(what, &[(PurposeProhibited, section)], move |query, _| {
            query.why.reason = words(reason);
        })
    };
    let vague = |reason: &'static str| {
        let expected = [(ReasonVague, text.reason), (ReasonVague, "1798.90.52(a)(4)")];
        PolicyCase::new(reason, &expected, move |query, _| query.why.reason = words(reason))
    };
    vec![
        PolicyCase::new(
            "the policy does not name the purpose",
            &[(PurposeNotAuthorized, text.unnamed.1), (PurposeNotAuthorized, "1798.90.52(b)")],
            |query, _| query.why.purpose = text.unnamed.0,
        ),
        prohibited("protest", "List of protest attendees wanted downtown", text.rights),
        prohibited("immigration", "Subject of immigration enforcement sweep", "7284.6(a)(1)"),
        prohibited("reproductive care", "Driver suspected of seeking an abortion", "13778.2"),
        PolicyCase::new(
            "for another agency",
            &[(OnBehalfOf, text.recipients), (OnBehalfOf, "7284.6(a)(1)")],
            |query, _| query.why.on_behalf_of = Some(id("some-federal-bureau")),
        ),
        PolicyCase::new("no reason", &[(ReasonMissing, "1798.90.52(a)(4)")], |query, _| {
            query.why.reason = words("");
        }),
        vague("inv"),
        vague("26-004711"),
        vague("investigation 26-004711, plate 7ABC123"),
    ]
}

/// Searches and periods that are refused.
fn what_is_sought(text: &'static PolicySections) -> Vec<PolicyCase> {
    let (days, kept) = text.retention;
    vec![
        PolicyCase::new("an area", &[(QueryKind, text.searches)], |query, _| {
            let center = Location::new(34.1, -118.1).expect("numbers").expect("a place");
            query.elements.kind = Search::Area;
            query.elements.plate = None;
            query.elements.near = Some(Near { center, radius_m: 500 });
        }),
        PolicyCase::new("a vehicle", &[(QueryKind, text.searches)], |query, _| {
            query.elements.kind = Search::Vehicle;
            query.elements.plate = None;
            query.elements.color = Some(words("red"));
        }),
        PolicyCase::new("no plate", &[(QueryKind, "1798.90.52(a)(2)")], |query, _| {
            query.elements.plate = None;
        }),
        PolicyCase::new("no period", &[(Window, "1798.90.52(a)(2)")], |query, _| {
            query.elements.from = query.elements.until;
        }),
        PolicyCase::new("before what is kept", &[(Retention, kept)], move |query, _| {
            query.elements.until = query.at.minus_days(days).plus_millis(-1_000);
            query.elements.from = query.elements.until.minus_days(7);
        }),
    ]
}

/// Authorities that do not cover a query, and one that does.
fn under_a_request(text: &'static PolicySections) -> Vec<PolicyCase> {
    let (_, kept) = text.retention;
    vec![
        PolicyCase::new("no such authority", &[(NoAuthority, text.requests)], |query, _| {
            query.authority =
                Some("other-ca-pd/no-such-authority".parse().expect("an authority id"));
        }),
        PolicyCase::new("waits", &[(AuthorityNotInForce, text.decides)], |query, of| {
            query.authority = Some(of.waiting.clone());
        }),
        PolicyCase::new("denied", &[(AuthorityNotInForce, text.decides)], |query, of| {
            query.authority = Some(of.denied.clone());
        }),
        PolicyCase::new(
            "approved for what is kept no longer",
            &[(Retention, kept)],
            |query, of| {
                query.authority = Some(of.old.clone());
                query.elements.from = query.at.minus_days(7 * 365);
            },
        ),
        PolicyCase::new("another plate", &[(OutsideRequest, text.requests)], |query, of| {
            query.authority = Some(of.once.clone());
            query.elements.plate = Some("9OTHER9".parse().expect("a plate"));
        }),
        PolicyCase::new("another case", &[(OutsideRequest, text.requests)], |query, of| {
            query.authority = Some(of.once.clone());
            query.why.case = words("26-009999");
        }),
        PolicyCase::new("another person", &[(OutsideRequest, text.requests)], |query, of| {
            query.authority = Some(of.once.clone());
            query.requester.full_name = words("Sam Other");
        }),
        PolicyCase::new("another period", &[(OutsideRequest, text.requests)], |query, of| {
            query.authority = Some(of.once.clone());
            query.elements.until = query.at.minus_days(4);
        }),
        PolicyCase::new(
            "another purpose",
            &[(PurposeNotAuthorized, text.requests)],
            |query, of| {
                query.authority = Some(of.once.clone());
                query.why.purpose = Purpose::WantedPerson;
            },
        ),
        PolicyCase::answered("the one use", |query, of| query.authority = Some(of.once.clone())),
        PolicyCase::new("a second use", &[(UsesExhausted, text.requests)], |query, of| {
            query.authority = Some(of.once.clone());
        }),
    ]
}

/// What an agreement adds.
///
/// The rows cite the agreements of [`PolicyScenario`].
#[must_use]
pub fn cases_with_agreements() -> Vec<PolicyCase> {
    fn strict(query: &mut Query, of: &PolicyScenario) {
        query.authority.clone_from(&of.strict);
    }
    vec![
        PolicyCase::new("unnamed", &[(RequesterNotNamed, "1798.90.52(a)(3)")], |query, _| {
            query.requester.full_name = words("");
        }),
        PolicyCase::new(
            "not the agreement's purpose",
            &[(PurposeNotAuthorized, "2.1")],
            |query, of| {
                strict(query, of);
                query.why.purpose = Purpose::WantedPerson;
            },
        ),
        PolicyCase::new("not the agreement's search", &[(QueryKind, "2.2")], |query, of| {
            strict(query, of);
            query.elements.kind = Search::Misread;
        }),
        PolicyCase::new("the agreement wants a number", &[(CaseRequired, "2.3")], |query, of| {
            strict(query, of);
            (query.why.case, query.why.cad) = (words(""), words(""));
        }),
        PolicyCase::new("before the agreement's days", &[(Window, "2.4")], |query, of| {
            strict(query, of);
            query.elements.from = query.at.minus_days(60);
            query.elements.until = query.at.minus_days(31);
        }),
        PolicyCase::new("suspended", &[(AuthorityNotInForce, "3.2")], |query, of| {
            query.authority.clone_from(&of.suspended);
        }),
        PolicyCase::new("not shared", &[(PartyNotListed, "3.1")], |query, of| {
            query.authority.clone_from(&of.unshared);
        }),
        PolicyCase::answered("the first of the day", strict),
        PolicyCase::new("the second of the day", &[(Quota, "2.5")], strict),
    ]
}

/// The policy of an agency whose name stands nowhere in the node: it knows agreements alone, wants a
/// number and a suspicion, but for missing people, and training twice a year.
pub const UNFAMILIAR_POLICY: &str = r#"
format = 2
agency = "altadena-ca-parks"
source = "Altadena Parks Rule 9"
kind = "police"
state = "CA"
suspicion = { standard = "reasonable", need_to_know = false, except = ["missing_person"], at = ["9.5"] }
case_number = { demand = "required", at = ["9.6"] }
reason = { telling_words = 3, placeholders = ["parked"], at = ["9.7"] }
searches = { kinds = ["exact"], at = ["9.8"] }
lookback = { days = 10, at = ["9.9"] }
row_limit = { most = 2, at = ["9.10"] }
audits = { days = 30, at = ["9.13"] }
training = { demanded = true, every_days = 180, at = ["9.2"] }
verification = { text = "Look at the photograph first.", strength = "shall", before = "a stop", means = ["image"], at = ["9.12"] }

[administration]
administrator = { title = "Park Warden", at = ["9.1"] }
records_release = { to = "the park context", at = ["9.14"] }

[people]
query = { roles = ["sworn", "dispatcher"], at = ["9.3"] }
peers = { roles = ["sworn"], at = ["9.3(b)"] }
collect = { roles = ["alpr_administrator"], at = ["9.3"] }
administer = { roles = ["alpr_administrator"], at = ["9.3"] }
approve = { roles = ["supervisor"], at = ["9.3"] }
audit = { roles = ["auditor"], at = ["9.3"] }

[release]
recipients = { kinds = ["police", "sheriff"], at = ["9.4"] }
standing_agreement = { at = ["9.4(a)"] }

[approval]
requests = { titles = ["Park Warden"], designee = false, at = ["9.4(b)"] }
agreements = { titles = ["Park Warden"], designee = false, at = ["9.4(b)"] }

[retention]
reads = { cut_off_days = 20, at = ["9.11"] }
audit_reports = { days = 365, at = ["9.11(b)"] }

[[purposes]]
code = "stolen_vehicle"
words = "stolen cars"
at = ["9"]

[[purposes]]
code = "missing_person"
words = "people who are lost"
at = ["9"]

[[prohibited]]
code = "first_amendment_activity"
words = "No watching of gatherings."
at = ["9.15(a)"]

[[prohibited]]
code = "immigration_enforcement"
words = "No immigration enforcement."
at = ["9.15(b)"]

[[prohibited]]
code = "lawful_reproductive_care"
words = "No inquiry into care."
at = ["9.15(c)"]
"#;
