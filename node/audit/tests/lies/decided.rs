//! Decisions that are made again from what the log holds: an answer that opens otherwise than it is decided,
//! and a refusal for another reason.

use agreements::decide::{Decision, Permit, RULES, Refused};
use agreements::policy::Policy;
use agreements::recorded::{self, Whose};
use audit::check::Report;
use registry::{State, Uses, decide_upon};
use schemas::answer::{Answer, DecidedBy};
use schemas::body::{Access, Actor, Outcome};
use schemas::digest::Digest;
use schemas::envelope::Kind;
use schemas::event::Event;
use schemas::event::cards::CardIssued;
use schemas::event::exchange::{AnswerRedelivered, QueryAnswered, QueryRefused};
use schemas::event::people::PolicyAdopted;
use schemas::purpose::Purpose;
use schemas::query::Query;
use schemas::refusal::{Reason, Refusal, RefusalCode};
use schemas::text::Text;

use crate::fabricated::{Log, Pair, answer, answered, at, query, refusal, words};
use crate::papers::{adherence, agreement};

/// The log of an owner that adopted a policy, and has an agreement with its requester in force.
pub(crate) fn agreed() -> Pair {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let log = &mut pair.owning;
    log.entries.clear();
    let text = Policy::builtin_text("california-statute").unwrap().to_owned();
    let digest = Digest::of(text.as_bytes());
    log.policies.push(text);
    let adopted = Event::PolicyAdopted(PolicyAdopted { name: "a policy".into(), digest });
    log.write(0, Some(&port), port.officer(), adopted, &[]);
    let issued = Event::CardIssued(CardIssued::of(port.card_said()));
    log.write(0, None, port.officer(), issued, &[&port.card()]);
    log.write(0, Some(&covina), port.officer(), covina.confirmed(), &[&covina.card()]);
    let agreement = agreement(&pair);
    let proposed = covina.sign_as_agency(Kind::Agreement, agreement.to_toml().unwrap());
    let event = recorded::of_agreement(&agreement, Whose::Peer);
    pair.owning.write(1, Some(&covina), Actor::peer(&covina.id), event, &[&proposed]);
    for (of, whose) in [(&port, Whose::Own), (&covina, Whose::Peer)] {
        let adherence = adherence(&pair, &agreement, of);
        let signed = of.sign_as_agency(Kind::Adherence, adherence.to_toml().unwrap());
        let event = recorded::of_adherence(&adherence, whose);
        let own = whose == Whose::Own;
        let actor = if own { of.officer() } else { Actor::peer(&of.id) };
        pair.owning.write(1, (!own).then_some(of), actor, event, &[&signed]);
    }
    pair
}

fn state(log: &Log) -> State {
    let mut state = State::default();
    let changes = (0..).zip(log.changes());
    changes.for_each(|(entry, change)| state.apply_text(entry, &change).unwrap());
    state
}

/// What the owner decides of a query at a minute, with its authorities used so often.
fn decided(pair: &Pair, query: &Query, minute: i64, used: u32) -> Decision {
    let uses = Uses { all: used, today: used };
    decide_upon(&state(&pair.owning), &pair.port.id, query, at(minute), |_| uses).unwrap()
}

fn permitted(pair: &Pair, query: &Query, minute: i64) -> Permit {
    match decided(pair, query, minute, 0) {
        Decision::Permit(permit) => permit,
        Decision::Refuse(refused) => panic!("{:?}", refused.reasons),
    }
}

fn refused(pair: &Pair, query: &Query, minute: i64) -> Refused {
    match decided(pair, query, minute, 0) {
        Decision::Refuse(refused) => refused,
        Decision::Permit(permit) => panic!("{:?}", permit.basis),
    }
}

fn by(pair: &Pair) -> DecidedBy {
    DecidedBy { policy: state(&pair.owning).policy_digest.unwrap(), rules: RULES }
}

/// A query of covina that the agreement permits.
fn asked(pair: &Pair, id: u8, minute: i64) -> Query {
    let mut query = query(id, &pair.covina, &pair.port, minute);
    query.requester.trained_on = Some(at(-1_440));
    query
}

fn as_decided(pair: &Pair, query: &Query, permit: &Permit, minute: i64) -> Answer {
    let asked = pair.covina.sign(Kind::Query, query).digest();
    Answer {
        decided_by: by(pair),
        basis: permit.basis.clone(),
        released: permit.released(),
        notice: permit.notice.clone(),
        ..answer(query, asked, minute)
    }
}

fn answers(pair: &mut Pair, query: &Query, answer: &Answer, minute: i64) {
    let covina = pair.covina.clone();
    let signed = covina.sign(Kind::Query, query);
    let reply = pair.port.sign(Kind::Answer, answer);
    let access = answered(query, signed.digest(), answer, reply.digest());
    let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
    let actor = Actor::requesting(query);
    pair.owning.write(minute, Some(&covina), actor, event, &[&signed, &reply]);
}

fn refuses(pair: &mut Pair, query: &Query, refusal: &Refusal, minute: i64) {
    let covina = pair.covina.clone();
    let signed = covina.sign(Kind::Query, query);
    let reply = pair.port.sign(Kind::Refusal, refusal);
    let access = Access::of_signed(query, signed.digest(), Outcome::Refused);
    let access = access.refused(refusal, reply.digest());
    let event = Event::QueryRefused(QueryRefused { access, theirs: None, redelivered: false });
    let actor = Actor::requesting(query);
    pair.owning.write(minute, Some(&covina), actor, event, &[&signed, &reply]);
}

fn checked(pair: &Pair) -> Report {
    pair.owning.verified(&[&pair.covina, &pair.port])
}

/// How many decisions were made again, and what was wrong with the last entry's.
fn found(pair: &Pair) -> (u64, Vec<String>) {
    let report = checked(pair);
    let last = Some(pair.owning.entries.len() as u64 - 1);
    let of = report.problems.iter().filter(|one| one.code == "decision");
    assert!(of.clone().all(|one| one.index == last), "{:?}", report.problems);
    (report.decided_again, of.map(|one| one.message.clone()).collect())
}

fn not_again(pair: &Pair) -> Vec<(String, u64)> {
    let report = checked(pair);
    assert!(report.ok, "{:?}", report.problems);
    let of = report.not_decided_again.iter();
    of.map(|(why, count)| (serde_json::to_value(why).unwrap().as_str().unwrap().into(), *count))
        .collect()
}

#[test]
fn an_answer_opens_what_is_decided_and_no_more() {
    type Change = fn(&mut Answer);
    let table: [(&str, Change); 15] = [
        ("", |_| {}),
        ("", |answer| answer.count = 10),
        ("it releases 11 reads", |answer| answer.count = 11),
        ("or on another text", |answer| answer.basis.version = 2),
        ("or on another text", |answer| answer.basis.text = Digest::of(b"another")),
        ("or on another text", |answer| {
            answer.basis.authority = "port-ca-pd/other".parse().unwrap()
        }),
        ("at most 11; the decision", |answer| answer.released.limit = 11),
        ("it opens 2026-02-28T22:00:00", |answer| answer.released.from = at(-120)),
        ("until 2026-03-01T00:01:00", |answer| answer.released.until = at(1)),
        ("it opens photographs", |answer| answer.released.images = true),
        ("it says that it is less in nothing", |answer| answer.released.cuts.clear()),
        ("another notice", |answer| answer.notice = words("another")),
        ("which was not the one in force", |answer| {
            answer.decided_by.policy = Digest::of(b"other")
        }),
        ("", |answer| answer.at = at(50).plus_millis(-600_000)),
        ("and was logged at", |answer| answer.at = at(50).plus_millis(-600_001)),
    ];
    for (what, change) in table {
        let mut pair = agreed();
        // More than the agreement allows, so that something is less.
        let mut query = asked(&pair, 9, 49);
        query.images = true;
        let permit = permitted(&pair, &query, 50);
        let mut answer = as_decided(&pair, &query, &permit, 50);
        change(&mut answer);
        answers(&mut pair, &query, &answer, 50);
        let (again, wrong) = found(&pair);
        assert_eq!((again, wrong.is_empty()), (1, what.is_empty()), "{what}: {wrong:?}");
        assert!(wrong.iter().all(|said| said.contains(what)), "{what}: {wrong:?}");
    }
}

#[test]
fn nothing_is_answered_that_is_refused_when_it_is_decided_again() {
    let mut pair = agreed();
    let permit = permitted(&pair, &asked(&pair, 9, 50), 50);
    let mut query = asked(&pair, 9, 50);
    query.why.purpose = Purpose::MissingPerson;
    let answer = as_decided(&pair, &query, &permit, 50);
    answers(&mut pair, &query, &answer, 50);
    let (again, wrong) = found(&pair);
    assert_eq!(again, 1);
    let said = "it was answered; decided again it is refused: purpose_not_authorized";
    assert!(wrong.len() == 1 && wrong[0].starts_with(said), "{wrong:?}");
}

fn reason(code: RefusalCode) -> Reason {
    Reason { code, message: "so it is".into(), citations: Vec::new() }
}

#[test]
fn a_refusal_gives_the_reasons_that_are_decided() {
    type Change = fn(&mut Refusal);
    let table: [(bool, &str, Change); 8] = [
        (true, "", |_| {}),
        (true, "the reasons are purpose_not_authorized", |refusal| {
            refusal.reasons = vec![reason(RefusalCode::RoleNotAuthorized)];
        }),
        (true, "the reasons are", |refusal| refusal.reasons[0].message.push('!')),
        (true, "the reasons are", |refusal| refusal.closest = None),
        (true, "which was not the one in force", |refusal| {
            refusal.decided_by.as_mut().unwrap().policy = Digest::of(b"other");
        }),
        (true, "", |refusal| refusal.at = at(50).plus_millis(600_000)),
        (true, "and was logged at", |refusal| refusal.at = at(50).plus_millis(600_001)),
        (false, "it is permitted under `west-covina-ca-pd/plates-2026`", |_| {}),
    ];
    for (refusable, what, change) in table {
        let mut pair = agreed();
        let mut query = asked(&pair, 9, 50);
        query.why.purpose = Purpose::MissingPerson;
        let why = refused(&pair, &query, 50);
        if !refusable {
            query.why.purpose = Purpose::StolenVehicle;
        }
        let digest = pair.covina.sign(Kind::Query, &query).digest();
        let mut refusal = Refusal {
            decided_by: Some(by(&pair)),
            closest: why.closest,
            reasons: Refusal::fitting(why.reasons.as_slice().to_vec()),
            ..refusal(&query, digest, 50)
        };
        change(&mut refusal);
        refuses(&mut pair, &query, &refusal, 50);
        let (again, wrong) = found(&pair);
        assert_eq!((again, wrong.is_empty()), (1, what.is_empty()), "{what}: {wrong:?}");
        assert!(wrong.iter().all(|said| said.contains(what)), "{what}: {wrong:?}");
        // It rests on a query, whose place in the requester's log was not proven.
        assert_eq!(checked(&pair).unproven.get(&pair.covina.id), Some(&1));
    }
}

/// Where the rules are others, or what was replied is destroyed, it is counted and called neither.
#[test]
fn what_cannot_be_decided_again_is_counted() {
    for (rules, destroyed, expected) in
        [(RULES, false, None), (0, false, Some("rules")), (RULES, true, Some("destroyed"))]
    {
        for refuse in [false, true] {
            let mut pair = agreed();
            let mut query = asked(&pair, 9, 50);
            let digest = |query: &Query| pair.covina.sign(Kind::Query, query).digest();
            if refuse {
                query.why.purpose = Purpose::MissingPerson;
                let why = refused(&pair, &query, 50);
                let refusal = Refusal {
                    decided_by: Some(DecidedBy { rules, ..by(&pair) }),
                    closest: why.closest,
                    reasons: why.reasons.as_slice().to_vec(),
                    ..refusal(&query, digest(&query), 50)
                };
                refuses(&mut pair, &query, &refusal, 50);
            } else {
                let permit = permitted(&pair, &query, 50);
                let mut answer = as_decided(&pair, &query, &permit, 50);
                answer.decided_by.rules = rules;
                answers(&mut pair, &query, &answer, 50);
            }
            pair.owning.entries.last_mut().unwrap().destroyed = destroyed;
            let report = checked(&pair);
            assert_eq!(report.decided_again, u64::from(expected.is_none()));
            let why = report.not_decided_again.iter().next().map(|(why, count)| {
                assert_eq!(*count, 1);
                serde_json::to_value(why).unwrap().as_str().unwrap().to_owned()
            });
            assert_eq!(why.as_deref(), expected, "{refuse}");
        }
    }
    // An extract holds no registry.
    let mut pair = agreed();
    let query = asked(&pair, 9, 50);
    let permit = permitted(&pair, &query, 50);
    let answer = as_decided(&pair, &query, &permit, 50);
    answers(&mut pair, &query, &answer, 50);
    assert_eq!(not_again(&pair), []);
    let scope = schemas::bundle::Scope { peer: Some(pair.covina.id.clone()), ..Default::default() };
    let report = pair.owning.extract(600, &scope).verified(&[&pair.covina, &pair.port]);
    assert!(report.ok, "{:?}", report.problems);
    let why: Vec<_> = report.not_decided_again.keys().map(|why| format!("{why:?}")).collect();
    assert_eq!((report.decided_again, why), (0, vec!["Registry".to_owned()]));
}

/// An answer is delivered again while it would still be given.
#[test]
fn an_answer_is_delivered_again_while_it_is_permitted() {
    for (minute, known, rules, said) in [
        (60, true, RULES, ""),
        // All of it is older than the sixty days that the agreement opens; the entry may come ten minutes
        // after its decision.
        (86_405, true, RULES, ""),
        (86_412, true, RULES, "it was delivered again; decided again it is refused: window"),
        (60, false, RULES, "not_at_hand"),
        (60, true, 0, "rules"),
        (31 * 1_440, true, RULES, ""),
    ] {
        let mut pair = agreed();
        let covina = pair.covina.clone();
        let query = asked(&pair, 9, 50);
        let permit = permitted(&pair, &query, 50);
        let mut answer = as_decided(&pair, &query, &permit, 50);
        answer.decided_by.rules = rules;
        answers(&mut pair, &query, &answer, 50);
        let signed = covina.sign(Kind::Query, &query);
        let reply = pair.port.sign(Kind::Answer, &answer);
        let access = answered(&query, signed.digest(), &answer, reply.digest());
        let event = Event::AnswerRedelivered(AnswerRedelivered { access, theirs: None });
        let actor = Actor::requesting(&query);
        pair.owning.write(minute, Some(&covina), actor, event, &[]);
        if !known {
            pair.owning.entries.last_mut().unwrap().query = Some(Digest::of(b"another"));
        }
        let report = pair
            .owning
            .file_until(minute + 1)
            .check(&crate::fabricated::pins(&[&pair.covina, &pair.port]), |_, _, _, _| {});
        let report = report.unwrap();
        let told = report.problems.iter().find(|one| one.code == "decision");
        let not = report.not_decided_again.keys().map(|why| serde_json::to_value(why).unwrap());
        let not: Vec<_> = not.map(|why| why.as_str().unwrap().to_owned()).collect();
        if said.starts_with("it was") {
            assert!(told.is_some_and(|one| one.message.starts_with(said)), "{told:?}");
        } else {
            assert_eq!(told, None, "minute {minute}");
            assert_eq!(not.iter().any(|why| why == said), !said.is_empty(), "{not:?}");
        }
    }
}

/// What did not come as far as a decision is refused for what the log shows, or for a setting.
#[test]
fn a_refusal_without_a_decision_is_for_what_the_log_shows() {
    use RefusalCode as Code;
    // Whether the id was answered before, with these or other bytes; the reason; and what is told of it.
    for (before, code, signed, expected) in [
        ("nothing", Code::LogUnavailable, 50, Err("log_unavailable")),
        ("nothing", Code::LogUnproven, 50, Err("log_unproven")),
        ("nothing", Code::Stale, 10, Err("stale")),
        ("nothing", Code::Stale, 50, Ok("refused as too late")),
        ("the same", Code::Stale, 50, Err("stale")),
        ("nothing", Code::ReceiptsOutstanding, 50, Ok("every answer to")),
        ("the same", Code::ReceiptsOutstanding, 50, Err("receipts_outstanding")),
        ("the same", Code::IdReused, 50, Ok("no earlier entry holds other bytes")),
        ("nothing", Code::IdReused, 50, Ok("no earlier entry holds other bytes")),
        ("another", Code::IdReused, 50, Ok("")),
        ("nothing", Code::NoAuthority, 50, Ok("without naming the policy")),
        ("nothing", Code::Quota, 50, Ok("without naming the policy")),
        ("nothing", Code::QueryKind, 50, Ok("without naming the policy")),
        ("the same", Code::QueryKind, 50, Ok("")),
        ("no policy", Code::NoAuthority, 50, Ok("")),
    ] {
        let mut pair = agreed();
        let query = asked(&pair, 9, signed);
        if before == "no policy" {
            pair.owning.entries.remove(0);
        } else if before != "nothing" {
            let mut other = query.clone();
            if before == "another" {
                other.limit = 3;
            }
            let permit = permitted(&pair, &other, 50);
            let answer = as_decided(&pair, &other, &permit, 50);
            answers(&mut pair, &other, &answer, 50);
        }
        let digest = pair.covina.sign(Kind::Query, &query).digest();
        let refusal = Refusal {
            decided_by: None,
            closest: None,
            reasons: vec![reason(code)],
            advice: Text::default(),
            ..refusal(&query, digest, 50)
        };
        refuses(&mut pair, &query, &refusal, 50);
        let report = checked(&pair);
        let told = report.problems.iter().find(|one| one.code == "decision");
        let not = report.not_decided_again.keys().map(|why| serde_json::to_value(why).unwrap());
        let not: Vec<_> = not.map(|why| why.as_str().unwrap().to_owned()).collect();
        let case = format!("{before}, {code:?} at {signed}: {told:?}, {not:?}");
        // What no decision was made upon leaves nothing owed.
        let owed = report.unproven.contains_key(&pair.covina.id);
        assert_eq!(owed, ["the same", "another"].contains(&before), "{case}");
        match expected {
            Ok("") => assert!(told.is_none() && not.is_empty(), "{case}"),
            Ok(said) => assert!(told.is_some_and(|one| one.message.contains(said)), "{case}"),
            Err(why) => {
                assert_eq!((told, not.as_slice()), (None, [why.to_owned()].as_slice()), "{case}")
            }
        }
    }
}
