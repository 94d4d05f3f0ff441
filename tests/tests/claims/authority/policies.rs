//! The five policies at work: what each owner's node answers and refuses, with which section, when
//! the peer that asks signs whatever it likes.

use node::admin::cards;
use std::collections::BTreeSet;

use node::admin::explain::{Explain, explain};
use schemas::agency::AgencyKind;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::frame::FrameKind;
use schemas::purpose::{Purpose, QueryKind as Search, Role};
use schemas::query::Query;
use schemas::refusal::RefusalCode::{self, *};
use tests::agency::Plan;
use tests::federation::{add_card, known_parties};
use tests::fixtures::{PLATE, agreement, draft, query, session_at, words};
use tests::policy_cases::{PolicyCase, PolicyScenario, assert_reasons};
use tests::policy_sections::{
    DECISION_CODES, PolicySections, UNFAMILIAR_POLICY, cases_under_any_policy,
    cases_with_agreements,
};
use tests::raw_peer::RawPeer;

const INDIO: PolicySections = PolicySections {
    recipients: "461.7",
    requests: "461.7(a)",
    decides: "461.7(b)",
    login: Some("461.5(a)"),
    training: "461.3(d)",
    reason: "461.5(b)",
    searches: "461.3(c)",
    retention: (365, "461.4"),
    unnamed: (Purpose::CrimeAnalysis, "461.2"),
    rights: "Amendment I",
};

const PORT: PolicySections = PolicySections {
    recipients: "462.7",
    requests: "462.7(b)",
    decides: "462.7(c)",
    login: Some("462.5(a)"),
    training: "462.3(d)",
    reason: "462.5(b)",
    searches: "462.3(c)",
    retention: (5 * 365 + 2, "462.4"),
    unnamed: (Purpose::CrimePrevention, "462.2"),
    rights: "Amendment I",
};

const WEST_COVINA: PolicySections = PolicySections {
    recipients: "462.4",
    requests: "462.4",
    decides: "462.2",
    login: Some("462.5(a)"),
    training: "462.3(d)",
    reason: "462.5(b)",
    searches: "462.3(c)",
    retention: (365, "34090.6"),
    unnamed: (Purpose::AdministrativeInvestigation, "462.1"),
    rights: "Amendment I",
};

const MONROVIA: PolicySections = PolicySections {
    recipients: "463.6",
    requests: "463.6(a)",
    decides: "463.6(b)",
    login: None,
    training: "463.9",
    reason: "463.5(a)",
    searches: "463.5(b)",
    retention: (365, "463.8"),
    unnamed: (Purpose::HomelandSecurity, "463.2"),
    rights: "Amendment I",
};

const ESCONDIDO: PolicySections = PolicySections {
    recipients: "IV.C.5",
    requests: "IV.C.5",
    decides: "IV.C.2",
    login: Some("IV.C.5"),
    training: "IV.A.1",
    reason: "IV.C.4",
    searches: "III",
    retention: (730, "V.A.1"),
    unnamed: (Purpose::HomelandSecurity, "III"),
    rights: "IV.C.7",
};

/// Refused to a state's body, which may be no law enforcement agency.
fn no_state_body(section: &'static str) -> PolicyCase {
    PolicyCase::of(AgencyKind::State, "CA", &[(ReleasePath, section)])
}

fn no_number(query: &mut Query, _: &PolicyScenario) {
    (query.why.case, query.why.cad) = (words(""), words(""));
}

fn no_suspicion(query: &mut Query, _: &PolicyScenario) {
    (query.why.suspicion, query.why.need_to_know) = (words(""), words(""));
}

fn trained_long_ago(query: &mut Query, _: &PolicyScenario) {
    query.requester.trained_on = Some(query.at.minus_days(366));
}

/// Judges every row, then the blocked peer; sees that but for the codes in `never`, which this
/// policy cannot pronounce, no code was left out.
async fn all(owner: &PolicyScenario, rows: &[PolicyCase], never: &[RefusalCode]) {
    for row in rows {
        owner.judge(row).await;
    }
    blocked(owner).await;
    let seen: BTreeSet<_> = rows.iter().flat_map(PolicyCase::codes).chain([Blocked]).collect();
    let missing: Vec<_> = DECISION_CODES.into_iter().filter(|code| !seen.contains(code)).collect();
    assert_eq!(missing, never, "every kind of refusal, but for these");
}

/// A blocked peer is not even told so; at home the decision says why.
async fn blocked(owner: &PolicyScenario) {
    let PolicyScenario { owner, raw, .. } = owner;
    let block = cards::block(owner.own(), &owner.admin(), raw.id(), &words("misuse")).await;
    block.expect("a block");
    let before = owner.log().await.entries().len();
    let asked = query(raw.id(), owner.id(), PLATE, owner.now());
    let reply = raw.ask(owner, &raw.identity.sign(Signed::Query, &asked)).await;
    assert!(reply.proves_nothing(), "{reply:?}");
    let log = owner.log().await;
    assert!(log.entries()[before..].iter().all(|entry| entry.header.kind == Kind::PeerRejected));
    let draft = draft(&[owner.id()], PLATE, owner.now());
    let from = Some(raw.id().clone());
    let wanted = Explain { owner: owner.id().clone(), from, at: None, draft };
    let explained = explain(owner.own(), &owner.admin(), &wanted).await.expect("an explanation");
    let blocked = explained.reasons.iter().find(|reason| reason.code == Blocked);
    let cited = &blocked.expect("the block is a reason").citations;
    assert!(cited.iter().any(|cited| cited.section == "1798.90.51(a)"), "{cited:?}");
}

/// An agreement that a peer proposes to an owner gives it nothing there.
async fn on_what_only_the_peer_signed(
    owner: &PolicyScenario,
    raw: &RawPeer,
    section: &'static str,
) {
    let PolicyScenario { owner, .. } = owner;
    let text = agreement(&[raw.id(), owner.id()], owner.now());
    let adherence = raw.identity.adhere_to_all(&text, &known_parties(owner, &text), owner.now());
    for signed in [raw.identity.propose(&text), adherence] {
        let (taken, _) = raw.say(owner, FrameKind::Document, signed.as_bytes()).await;
        assert_eq!(taken.map(|frame| frame.kind), Some(FrameKind::DocumentAck));
    }
    let mut asked = query(raw.id(), owner.id(), PLATE, owner.now());
    asked.authority = Some(text.id.clone());
    asked.requester.session = Some(session_at(asked.at));
    let reply = raw.ask(owner, &raw.identity.sign(Signed::Query, &asked)).await;
    let reasons = reply.refused(&owner.identity.card.message_key);
    let expected = [(AuthorityNotInForce, "`parties`"), (ReleasePath, section)];
    assert_reasons(&reasons, &expected, "an agreement that the policy does not know");
}

#[tokio::test(flavor = "multi_thread")]
async fn indio_answers_on_a_written_request_and_refuses_all_else() {
    let owner = PolicyScenario::under("indio-ca-pd", false).await;
    let mut rows = cases_under_any_policy(&INDIO);
    let unnamed = [(RequesterNotNamed, "1798.90.52(a)(3)"), (OutsideRequest, "461.7(a)")];
    rows.extend([
        PolicyCase::new("unnamed", &unnamed, |query, _| query.requester.full_name = words("")),
        no_state_body("461.7"),
        PolicyCase::answered("no suspicion", no_suspicion),
        PolicyCase::answered("trained a year ago", trained_long_ago),
    ]);
    on_what_only_the_peer_signed(&owner, &owner.raw, "461.7(a)").await;
    let never =
        [PartyNotListed, TrainingExpired, CaseRequired, SuspicionMissing, NeedToKnowMissing, Quota];
    all(&owner, &rows, &never).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_answers_signatories_and_written_requests_and_refuses_all_else() {
    let owner = PolicyScenario::under("los-angeles-ca-port-police", true).await;
    let mut rows = cases_under_any_policy(&PORT);
    rows.extend(cases_with_agreements());
    rows.extend([
        PolicyCase::new("no such agreement", &[(NoAuthority, "462.7(a)")], |query, _| {
            query.authority =
                Some("other-ca-pd/no-such-authority".parse().expect("an authority id"));
        }),
        no_state_body("462.7"),
        PolicyCase::answered("no suspicion", no_suspicion),
        PolicyCase::answered("no number", no_number),
        PolicyCase::answered("trained a year ago", trained_long_ago),
    ]);
    all(&owner, &rows, &[TrainingExpired, SuspicionMissing, NeedToKnowMissing]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn west_covina_wants_a_number_and_an_articulable_suspicion() {
    let owner = PolicyScenario::under("west-covina-ca-pd", true).await;
    let mut rows = cases_under_any_policy(&WEST_COVINA);
    rows.extend(cases_with_agreements());
    let suspicion = [(SuspicionMissing, "462.5(b)")];
    rows.extend([
        PolicyCase::new("no number", &[(CaseRequired, "462.5(b)")], no_number),
        PolicyCase::new("no number in it", &[(CaseRequired, "462.5(b)")], |query, _| {
            (query.why.case, query.why.cad) = (words("pending"), words("0000"));
        }),
        PolicyCase::answered("a CAD number", |query, _| query.why.case = words("")),
        PolicyCase::new("no suspicion", &suspicion, no_suspicion),
        PolicyCase::new("a hollow suspicion", &suspicion, |query, _| {
            query.why.suspicion = words("inv")
        }),
        PolicyCase::of(AgencyKind::State, "CA", &[]),
        PolicyCase::answered("trained a year ago", trained_long_ago),
    ]);
    all(&owner, &rows, &[ReleasePath, TrainingExpired, NeedToKnowMissing]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn monrovia_wants_training_every_year_and_shares_with_the_sheriff_alone() {
    let owner = PolicyScenario::under("monrovia-ca-pd", true).await;
    let mut rows = cases_under_any_policy(&MONROVIA);
    rows.extend(cases_with_agreements());
    rows.extend([
        PolicyCase::new("trained a year ago", &[(TrainingExpired, "463.9")], trained_long_ago),
        no_state_body("463.6"),
        PolicyCase::answered("no suspicion", no_suspicion),
        PolicyCase::answered("no number", no_number),
    ]);
    let other = RawPeer::start("pasadena-ca-pd", owner.owner.now());
    add_card(&owner.owner, &other.identity).await;
    on_what_only_the_peer_signed(&owner, &other, "463.6(d)").await;
    all(&owner, &rows, &[SignInInsufficient, SuspicionMissing, NeedToKnowMissing]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escondido_wants_a_reasonable_suspicion_and_a_need_to_know() {
    let owner = PolicyScenario::under("escondido-ca-pd", true).await;
    let mut rows = cases_under_any_policy(&ESCONDIDO);
    rows.extend(cases_with_agreements());
    rows.extend([
        PolicyCase::new("no suspicion", &[(SuspicionMissing, "III")], |query, _| {
            query.why.suspicion = words("");
        }),
        PolicyCase::new("a hollow suspicion", &[(SuspicionMissing, "III")], |query, _| {
            query.why.suspicion = words("see case 26-004711");
        }),
        PolicyCase::new("no need to know", &[(NeedToKnowMissing, "III")], |query, _| {
            query.why.need_to_know = words("");
        }),
        PolicyCase::new(
            "neither",
            &[(SuspicionMissing, "III"), (NeedToKnowMissing, "III")],
            no_suspicion,
        ),
        PolicyCase::of(AgencyKind::Regional, "CA", &[]),
        PolicyCase::answered("no number", no_number),
        PolicyCase::answered("trained a year ago", trained_long_ago),
    ]);
    all(&owner, &rows, &[ReleasePath, TrainingExpired]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seventh_agency_takes_a_file_and_no_change_of_code() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), UNFAMILIAR_POLICY).expect("a file");
    let path = file.path().to_str().expect("UTF-8");
    let owner = PolicyScenario::agreeing(Plan::of("altadena-ca-parks").policy(path)).await;
    let because = |text: &'static str| {
        move |query: &mut Query, _: &PolicyScenario| query.why.reason = words(text)
    };
    let long = "Stolen trailer seen leaving through the north gate yesterday";
    let rows = [
        PolicyCase::answered("everything", because(long)).releasing(2),
        PolicyCase::of(AgencyKind::Sheriff, "OR", &[(OutOfState, "1798.90.55(b)")]),
        PolicyCase::of(AgencyKind::Prosecutor, "CA", &[(ReleasePath, "9.4")]),
        PolicyCase::new("no such authority", &[(NoAuthority, "9.4(a)")], |query, _| {
            query.authority =
                Some("other-ca-pd/no-such-authority".parse().expect("an authority id"));
        }),
        PolicyCase::new("another purpose", &[(PurposeNotAuthorized, "9")], |query, _| {
            query.why.purpose = Purpose::CriminalInvestigation;
        }),
        PolicyCase::new(
            "three words",
            &[(ReasonVague, "9.7")],
            because("Stolen trailer yesterday"),
        ),
        PolicyCase::new(
            "its own placeholder",
            &[(ReasonVague, "9.7")],
            because("parked stolen trailer yesterday"),
        ),
        PolicyCase::new("gathering", &[(PurposeProhibited, "9.15(a)")], |query, _| {
            query.why.offense = words("political rally");
        }),
        PolicyCase::new("a dispatcher", &[(RoleNotAuthorized, "9.3(b)")], |query, _| {
            query.requester.roles = vec![Role::Dispatcher];
        }),
        PolicyCase::new("half a year ago", &[(TrainingExpired, "9.2")], |query, _| {
            query.requester.trained_on = Some(query.at.minus_days(181));
        }),
        PolicyCase::new("no number", &[(CaseRequired, "9.6")], no_number),
        PolicyCase::new("no suspicion", &[(SuspicionMissing, "9.5")], no_suspicion),
        PolicyCase::answered("somebody is lost", |query, of| {
            query.why.purpose = Purpose::MissingPerson;
            no_suspicion(query, of);
        })
        .releasing(2),
        PolicyCase::new("a misread plate", &[(QueryKind, "9.8")], |query, _| {
            query.elements.kind = Search::Misread;
        }),
        PolicyCase::new("before what peers search", &[(Window, "9.9")], |query, _| {
            query.elements.from = query.at.minus_days(15);
            query.elements.until = query.at.minus_days(11);
        }),
        PolicyCase::new(
            "before what is kept",
            &[(Window, "9.9"), (Retention, "9.11")],
            |query, _| {
                query.elements.from = query.at.minus_days(30);
                query.elements.until = query.at.minus_days(21);
            },
        ),
    ];
    for row in &rows {
        owner.judge(row).await;
    }
}
