//! Messages signed by another agency than the one whose word they are, and entries beside which stands
//! something else than belongs there.

use schemas::answer::Receipt;
use schemas::body::{Access, Actor, Outcome};
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::event::Event;
use schemas::event::cards::CardUpdated;
use schemas::event::exchange::{AnswerReceived, QueryAnswered, ReceiptRecorded, RefusalReceived};

use crate::fabricated::{Agency, Log, Pair, answer, answered, query, refusal, sent};

/// What the last entry of a log is told to be.
fn last(log: &Log, pair: &Pair, what: &str) -> Vec<(&'static str, String)> {
    let report = log.verified(&[&pair.covina, &pair.port]);
    let index = Some(log.entries.len() as u64 - 1);
    let of_last = report.problems.iter().filter(|problem| problem.index == index);
    let found: Vec<_> = of_last.map(|one| (one.code, one.message.clone())).collect();
    assert!(!report.ok && !found.is_empty(), "{what}: {:?}", report.problems);
    found
}

fn unsigned(log: &Log, pair: &Pair, what: &str, by: &Agency) {
    let found = last(log, pair, what);
    let named = format!("has to be signed by `{}`", by.id);
    let told = found.iter().any(|(code, said)| *code == "signature" && said.contains(&named));
    assert!(told, "{what}: {found:?}");
}

/// An owner that answers a query which it signed itself, in the name of another agency.
fn framed(pair: &mut Pair, by: &Agency) {
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let query = query(9, &covina, &port, 50);
    let signed = by.sign(Kind::Query, &query);
    let asked = signed.digest();
    let answer = answer(&query, asked, 50);
    let reply = port.sign(Kind::Answer, &answer);
    let access = answered(&query, asked, &answer, reply.digest());
    let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
    pair.owning.write(50, Some(&covina), Actor::requesting(&query), event, &[&signed, &reply]);
}

#[test]
fn nobody_signs_a_query_for_another_agency() {
    let mut pair = Pair::honest();
    let port = pair.port.clone();
    framed(&mut pair, &port);
    unsigned(&pair.owning, &pair, "a query signed by its owner", &pair.covina);
    // Nor does an agency owe the proof of what it did not sign.
    let report = pair.owning.verified(&[&pair.covina, &pair.port]);
    assert!(report.unproven.is_empty(), "{:?}", report.unproven);
    let mut pair = Pair::honest();
    framed(&mut pair, &Agency::new("invented-ca-pd", 9));
    unsigned(&pair.owning, &pair, "a query signed by a third agency", &pair.covina);
}

#[test]
fn nobody_signs_a_reply_to_oneself() {
    for by_owner in [false, true] {
        let mut pair = Pair::honest();
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        let query = query(9, &covina, &port, 50);
        let signed = covina.sign(Kind::Query, &query);
        let asked = signed.digest();
        let officer = covina.officer();
        let event = sent(&query, asked, false);
        pair.asking.write(50, Some(&port), officer.clone(), event, &[&signed]);
        let mut refusing = pair.asking.clone();
        let by = if by_owner { &port } else { &covina };
        let answer = answer(&query, asked, 50);
        let reply = by.sign(Kind::Answer, &answer);
        let access = answered(&query, asked, &answer, reply.digest());
        let receipt_digest = Digest::of(b"a receipt");
        let event = Event::AnswerReceived(AnswerReceived { access, receipt_digest, theirs: None });
        pair.asking.write(50, Some(&port), officer.clone(), event, &[&reply]);
        let refusal = refusal(&query, asked, 50);
        let reply = by.sign(Kind::Refusal, &refusal);
        let access = Access::of_signed(&query, asked, Outcome::Refused);
        let access = access.refused(&refusal, reply.digest());
        let event = Event::RefusalReceived(RefusalReceived { access, theirs: None });
        refusing.write(50, Some(&port), officer, event, &[&reply]);
        if by_owner {
            let all = [&covina, &port];
            assert!(pair.asking.verified(&all).ok && refusing.verified(&all).ok);
        } else {
            unsigned(&pair.asking, &pair, "an answer signed by its requester", &port);
            unsigned(&refusing, &pair, "a refusal signed by its requester", &port);
        }
    }
}

#[test]
fn nobody_signs_a_receipt_for_oneself() {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let query = query(9, &covina, &port, 50);
    let signed = covina.sign(Kind::Query, &query);
    let answer = answer(&query, signed.digest(), 50);
    let reply = port.sign(Kind::Answer, &answer);
    let access = answered(&query, signed.digest(), &answer, reply.digest());
    let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
    pair.owning.write(50, Some(&covina), Actor::requesting(&query), event, &[&signed, &reply]);
    let receipt = |of: Digest| Receipt {
        query_id: query.id,
        answer_digest: of,
        from: covina.id.clone(),
        to: port.id.clone(),
        at: answer.at,
    };
    let recorded = |log: &mut Log, by: &Agency, of: Digest| {
        let envelope = by.sign(Kind::Receipt, &receipt(of));
        let logged_at = answer.at;
        let event = ReceiptRecorded { answer_digest: of, logged_at, theirs: None };
        let actor = Actor::peer(&covina.id);
        log.write(50, Some(&covina), actor, Event::ReceiptRecorded(event), &[&envelope]);
        log.entries.last_mut().unwrap().query = Some(query.id.digest());
    };
    let mut log = pair.owning.clone();
    recorded(&mut log, &port, reply.digest());
    unsigned(&log, &pair, "a receipt signed by the owner", &covina);
    // A receipt of the requester's own, for an answer of another exchange, or for none.
    let other = pair.owning.entry("query.answered").envelopes[1].digest();
    for (of, said) in [(other, "of another exchange"), (Digest::of(b"none"), "no earlier entry")] {
        let mut log = pair.owning.clone();
        recorded(&mut log, &covina, of);
        let found = last(&log, &pair, said);
        assert!(found.iter().any(|(_, what)| what.contains(said)), "{found:?}");
    }
    recorded(&mut pair.owning, &covina, reply.digest());
    assert!(pair.owning.verified(&[&covina, &port]).ok);
}

#[test]
fn a_decision_is_given_by_whom_it_was_asked_of() {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let request = pair.asking.entry("request.submitted").clone();
    let ruling = pair.asking.entry("request.approved").clone();
    pair.asking.entries.clear();
    pair.asking.entries.push(request);
    let text = String::from_utf8(ruling.envelopes[0].unverified_payload().to_vec()).unwrap();
    let own = covina.sign_text(Kind::Decision, text);
    let mut honest = pair.asking.clone();
    // As the owner's word, and as its own.
    let mut as_owners = pair.asking.clone();
    as_owners.write(41, Some(&port), Actor::peer(&port.id), ruling.event.clone(), &[&own]);
    unsigned(&as_owners, &pair, "a decision signed by the requester", &port);
    pair.asking.write(41, Some(&port), covina.officer(), ruling.event.clone(), &[&own]);
    let found = last(&pair.asking, &pair, "a decision on one's own request");
    assert!(found.iter().any(|(_, what)| what.contains("only `port-ca-pd` may")), "{found:?}");
    honest.write(41, Some(&port), Actor::peer(&port.id), ruling.event, &[&ruling.envelopes[0]]);
    assert!(honest.verified(&[&covina, &port]).ok);
}

/// What belongs beside an entry stands there, in its order, and nothing else.
#[test]
fn the_messages_beside_an_entry_are_exactly_its_own() {
    let other = |pair: &Pair| pair.covina.sign(Kind::Query, &query(8, &pair.covina, &pair.port, 5));
    type Change = fn(&mut Vec<Envelope>, Envelope);
    let table: [(&str, &str, Change); 6] = [
        ("nothing", "query.answered", |all, _| all.clear()),
        ("the reply alone", "query.answered", |all, _| drop(all.remove(0))),
        ("the query alone", "query.answered", |all, _| drop(all.pop())),
        ("the other way round", "query.answered", |all, _| all.reverse()),
        ("one more", "query.answered", |all, other| all.push(other)),
        ("something where nothing belongs", "answer.redelivered", |all, other| all.push(other)),
    ];
    for (what, kind, change) in table {
        let mut pair = Pair::honest();
        let further = other(&pair);
        change(&mut pair.owning.entry(kind).envelopes, further);
        let place = pair.owning.place(kind) as u64;
        let report = pair.owning.verified(&[&pair.covina, &pair.port]);
        let told = report
            .problems
            .iter()
            .any(|one| one.index == Some(place) && ["binding", "signature"].contains(&one.code));
        assert!(told, "{what}: {:?}", report.problems);
        let kinds = report.problems.iter().any(|one| one.message.contains("of another kind"));
        assert_eq!(kinds, what == "the other way round" || what == "the reply alone", "{what}");
    }
}

/// A genuine query to one owner proves nothing in the log of another one, nor in the other direction.
#[test]
fn from_and_to_are_those_of_the_entry() {
    let (covina, port) = (Agency::new("west-covina-ca-pd", 1), Agency::new("port-ca-pd", 2));
    let third = Agency::new("third-ca-pd", 3);
    for (from, to) in [(&covina, &third), (&port, &covina), (&third, &port)] {
        let mut pair = Pair::honest();
        let mut query = query(9, &covina, &port, 50);
        (query.from, query.to) = (from.id.clone(), to.id.clone());
        let signed = covina.sign(Kind::Query, &query);
        let answer = answer(&query, signed.digest(), 50);
        let reply = port.sign(Kind::Answer, &answer);
        let access = answered(&query, signed.digest(), &answer, reply.digest());
        let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
        let actor = Actor::requesting(&query);
        pair.owning.write(50, Some(&covina), actor, event, &[&signed, &reply]);
        let found = last(&pair.owning, &pair, "a query between others");
        assert!(
            found.iter().any(|(_, what)| what.contains("the entry is about one from")),
            "{found:?}"
        );
    }
}

/// A key whose end this log has recorded signs nothing any more, whoever has it now.
#[test]
fn a_message_of_a_key_whose_end_was_recorded_is_held_against_nobody() {
    for (recorded, minute, ended) in [(true, 50, true), (true, 12, false), (false, 50, false)] {
        let mut pair = Pair::honest();
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        // The honest part of the log is no matter here.
        pair.owning.entries.clear();
        let rotated = covina.with_ended_message_key(10);
        pair.owning.cards.push(rotated.card());
        if recorded {
            let known = covina.confirmed();
            pair.owning.write(1, Some(&covina), port.officer(), known, &[&covina.card()]);
            let version = rotated.card_said().version;
            let event = Event::CardUpdated(CardUpdated { version });
            let actor = Actor::peer(&covina.id);
            pair.owning.write(5, Some(&covina), actor, event, &[&rotated.card()]);
        }
        pair.answers(&covina, minute);
        let report = pair.owning.verified(&[&covina, &port]);
        let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
        let expected: &[&str] = if ended { &["signed_with_ended_key"] } else { &[] };
        assert_eq!(codes, expected, "recorded {recorded}, at minute {minute}");
    }
}

/// Whoever else may show cards here says nothing of another agency's keys.
#[test]
fn no_card_ends_the_keys_of_another_agency() {
    for pinned in [true, false] {
        let mut pair = Pair::honest();
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        let mallory = Agency::new("mallory-ca-pd", 21);
        let hostile = mallory.with_foreign_end(&covina, 0);
        pair.owning.cards.push(mallory.card());
        pair.owning.cards.push(hostile.card());
        let honest = std::mem::take(&mut pair.owning.entries);
        let known = mallory.confirmed();
        pair.owning.write(-20, Some(&mallory), port.officer(), known, &[&mallory.card()]);
        let event = Event::CardUpdated(CardUpdated { version: 2 });
        let actor = Actor::peer(&mallory.id);
        pair.owning.write(-19, Some(&mallory), actor, event, &[&hostile.card()]);
        pair.owning.entries.extend(honest);
        let mut known = vec![&covina, &port];
        known.extend(pinned.then_some(&mallory));
        let report = pair.owning.verified(&known);
        assert!(report.holds(), "pinned {pinned}: {:?}", report.problems);
    }
}
