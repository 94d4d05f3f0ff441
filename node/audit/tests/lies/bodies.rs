//! Bodies that say something else than the message beside them, or than the entry that they repeat.

use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::envelope::Kind;
use schemas::event::Event;
use schemas::event::exchange::{AnswerReceived, AnswerViewed, QueryAnswered};
use schemas::query::QueryId;
use serde_json::{Value, json};

use crate::fabricated::{Log, Pair, answer, answered, query, sent};

/// What a log's own owner changes, and what the check says of it.
struct Lie {
    kind: &'static str,
    path: &'static str,
    value: Value,
    /// The field that is named.
    field: &'static str,
}

fn lie(kind: &'static str, path: &'static str, value: Value, field: &'static str) -> Lie {
    Lie { kind, path, value, field }
}

fn found(log: &Log, pair: &Pair, lie: &Lie) {
    let report = log.verified(&[&pair.covina, &pair.port]);
    let what = format!("{} {}: {:?}", lie.kind, lie.path, report.problems);
    let place = log.place(lie.kind) as u64;
    let of_entry: Vec<_> = report
        .problems
        .iter()
        .filter(|problem| problem.index == Some(place) && problem.code == "binding")
        .collect();
    assert!(of_entry.iter().any(|problem| problem.message.contains(lie.field)), "{what}");
    assert!(!report.ok && !report.holds() && report.tree_holds(), "{what}");
}

#[test]
fn honest_logs_hold_and_agree() {
    let pair = Pair::honest();
    for log in [&pair.asking, &pair.owning] {
        let report = log.verified(&[&pair.covina, &pair.port]);
        assert!(report.ok, "{:?}", report.problems);
        assert_eq!(report.not_compared, 0);
    }
}

#[test]
fn the_requesters_body_cannot_say_what_was_not_asked_or_answered() {
    let later = json!("9999-12-01T00:00:00.000Z");
    let digest = json!("00".repeat(32));
    for kind in
        ["query.sent", "answer.received", "answer.viewed", "refusal.received", "query.unanswered"]
    {
        for (path, value, field) in [
            ("/event/access/elements/plate", json!("4STOLEN"), "access.elements"),
            ("/event/access/elements/from", json!("2020-01-01T00:00:00.000Z"), "access.elements"),
            ("/event/access/why/case", json!("26-11111"), "access.why"),
            ("/event/access/why/reason", json!("Vehicle taken at gunpoint"), "access.why"),
            ("/event/access/why/purpose", json!("missing_person"), "access.why"),
            ("/event/access/asked_at", later.clone(), "access.asked_at"),
            ("/event/access/authority", json!("port-ca-pd/another-one"), "access.authority"),
            ("/event/access/owner", json!("other-ca-pd"), "access.owner"),
            ("/event/access/requester", json!("other-ca-pd"), "access.requester"),
        ] {
            let mut pair = Pair::honest();
            pair.asking.say(kind, path, value.clone());
            found(&pair.asking, &pair, &lie(kind, path, value, field));
        }
    }
    for lie in [
        lie("query.sent", "/actor/user", json!("honest.officer"), "actor.user"),
        lie("query.sent", "/actor/full_name", json!("Honest Officer"), "actor.full_name"),
        lie("query.sent", "/event/access/outcome", json!("answered"), "access.outcome"),
        lie("answer.received", "/actor/agency", json!("port-ca-pd"), "does not act"),
        lie("answer.viewed", "/actor/agency", json!("other-ca-pd"), "does not act"),
        lie("query.sent", "/event/access/query_id", json!("77".repeat(16)), "access.query_id"),
        lie("answer.received", "/event/access/count", json!(7), "access.count"),
        lie("answer.received", "/event/access/basis/version", json!(2), "access.basis.version"),
        lie("answer.received", "/event/access/outcome", json!("refused"), "access.outcome"),
        lie(
            "answer.received",
            "/event/access/answer_digest",
            digest.clone(),
            "access.answer_digest",
        ),
        lie("answer.viewed", "/event/access/count", json!(7), "access.count"),
        lie(
            "answer.viewed",
            "/event/access/basis/authority",
            json!("port-ca-pd/other"),
            "access.basis",
        ),
        lie("refusal.received", "/event/access/reasons/0/code", json!("quota"), "access.reasons"),
        lie("refusal.received", "/event/access/reasons/0/message", json!("no"), "access.reasons"),
        lie("query.unanswered", "/event/access/outcome", json!("rejected"), "access.outcome"),
        lie("reads.corrected", "/event/plate", json!("1OTHER"), "plate"),
        lie("reads.corrected", "/event/was", json!("1OTHER"), "was"),
        lie("reads.corrected", "/event/version", json!(9), "version"),
        lie("reads.corrected", "/event/reason", json!("nothing"), "reason"),
        lie("request.submitted", "/event/requested_by", json!("Honest Officer"), "requested_by"),
        lie("request.submitted", "/event/purpose", json!("missing_person"), "purpose"),
        lie("request.submitted", "/event/case", json!("26-11111"), "case"),
        lie("request.approved", "/event/decided_by", json!("Nobody"), "decided_by"),
        lie("request.approved", "/event/title", json!("Cadet"), "title"),
        lie("request.approved", "/event/reason", json!("because"), "reason"),
    ] {
        let mut pair = Pair::honest();
        pair.asking.say(lie.kind, lie.path, lie.value.clone());
        found(&pair.asking, &pair, &lie);
    }
}

#[test]
fn the_owners_body_cannot_say_what_was_not_asked_or_answered() {
    for lie in [
        lie("query.answered", "/event/access/elements/plate", json!("1PRESS1"), "elements.plate"),
        lie("query.answered", "/event/access/why/reason", json!("gossip"), "why.reason"),
        lie("query.answered", "/event/access/count", json!(12), "access.count"),
        lie(
            "query.answered",
            "/event/access/basis/authority",
            json!("port-ca-pd/other"),
            "basis.authority",
        ),
        lie(
            "query.answered",
            "/event/access/asked_at",
            json!("9999-12-01T00:00:00.000Z"),
            "asked_at",
        ),
        lie("query.answered", "/actor/user", json!("framed"), "actor.user"),
        lie("query.answered", "/actor/full_name", json!("Framed Officer"), "actor.full_name"),
        lie("query.answered", "/actor/agency", json!("other-ca-pd"), "actor.agency"),
        lie("query.refused", "/event/access/reasons/0/message", json!("kindly"), "reasons"),
        lie("query.refused", "/event/access/why/case", json!("none"), "why.case"),
        lie("answer.redelivered", "/event/access/elements/plate", json!("1PRESS1"), "elements"),
        lie("answer.redelivered", "/event/access/why/reason", json!("gossip"), "access.why"),
        lie("answer.redelivered", "/event/access/count", json!(12), "access.count"),
        lie("answer.redelivered", "/event/access/basis/version", json!(3), "access.basis"),
        lie("answer.redelivered", "/actor/user", json!("framed"), "actor"),
        lie("receipt.recorded", "/event/logged_at", json!("2020-01-01T00:00:00.000Z"), "logged_at"),
        lie("receipt.recorded", "/event/answer_digest", json!("00".repeat(32)), "answer_digest"),
        lie("receipt.recorded", "/actor/agency", json!("port-ca-pd"), "actor.agency"),
        lie("request.received", "/event/requested_by", json!("Someone"), "requested_by"),
        lie("request.approved", "/event/decided_by", json!("Nobody"), "decided_by"),
    ] {
        let mut pair = Pair::honest();
        pair.owning.say(lie.kind, lie.path, lie.value.clone());
        found(&pair.owning, &pair, &lie);
    }
    // Of a refusal delivered again no envelope stands beside it.
    for (path, value, field) in [
        ("/event/access/elements/plate", json!("1PRESS1"), "access.elements"),
        ("/event/access/reasons/0/code", json!("quota"), "access.reasons"),
        ("/event/access/answer_digest", json!("00".repeat(32)), "repeats a reply"),
        ("/event/access/query_digest", json!("00".repeat(32)), "repeats a query"),
    ] {
        let mut pair = Pair::honest();
        let mut again = pair.owning.clone();
        let first = pair.owning.place("query.refused");
        again.entries.remove(first);
        again.say("query.refused", path, value.clone());
        pair.owning.entries[first + 1] = again.entries[first].clone();
        let report = pair.owning.verified(&[&pair.covina, &pair.port]);
        let index = Some(first as u64 + 1);
        let told = report.problems.iter().find(|one| one.index == index).map(|one| &one.message);
        assert!(told.is_some_and(|told| told.contains(field)), "{path}: {:?}", report.problems);
    }
}

/// The header of an entry binds it to its exchange.
#[test]
fn an_entry_cannot_be_filed_under_another_exchange() {
    for kind in ["query.sent", "answer.received", "reads.corrected", "answer.viewed"] {
        let mut pair = Pair::honest();
        pair.asking.entry(kind).query = Some(Digest::of(b"another"));
        let place = pair.asking.place(kind) as u64;
        let report = pair.asking.verified(&[&pair.covina, &pair.port]);
        let told = report.problems.iter().any(|one| {
            one.index == Some(place)
                && one.code == "binding"
                && one.message.contains("another query")
        });
        assert!(told, "{kind}: {:?}", report.problems);
    }
}

fn told_of(log: &Log, pair: &Pair, place: usize, word: &str) {
    let report = log.verified(&[&pair.covina, &pair.port]);
    let told = report.problems.iter().any(|one| {
        one.index == Some(place as u64) && one.code == "binding" && one.message.contains(word)
    });
    assert!(told, "{word}: {:?}", report.problems);
}

/// A reply of one exchange stands for no other one.
#[test]
fn a_reply_is_bound_to_its_query() {
    // In the owner's log the refusal of one query beside another, and in the requester's an answer that
    // its body takes for another's.
    let mut pair = Pair::honest();
    pair.answered(9, 50);
    let second =
        pair.owning.entries.iter().rposition(|entry| entry.event.kind().code() == "query.answered");
    let reply = pair.owning.entries[second.unwrap()].envelopes[1].clone();
    pair.owning.entry("query.answered").envelopes[1] = reply;
    told_of(&pair.owning, &pair, pair.owning.place("query.answered"), "another query");
    let mut pair = Pair::honest();
    let Event::QueryUnanswered(other) = &pair.asking.entry("query.unanswered").event else {
        panic!("an unanswered query")
    };
    let access = other.access.clone();
    let entry = pair.asking.entry("answer.received");
    if let Event::AnswerReceived(received) = &mut entry.event {
        entry.query = Some(access.query_id.digest());
        received.access = access;
    }
    told_of(&pair.asking, &pair, pair.asking.place("answer.received"), "another query");
}

/// By its id and by its bytes.
#[test]
fn a_reply_names_its_query_by_id_and_by_digest() {
    let other = QueryId::from_bytes([77; 16]);
    for (id, bytes, right) in [(true, true, true), (false, true, false), (true, false, false)] {
        let mut pair = Pair::honest();
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        let query = query(9, &covina, &port, 50);
        let signed = covina.sign(Kind::Query, &query);
        let named = if bytes { signed.digest() } else { Digest::of(b"another") };
        let mut answer = answer(&query, named, 50);
        answer.query_id = if id { query.id } else { other };
        let reply = port.sign(Kind::Answer, &answer);
        let access = answered(&query, signed.digest(), &answer, reply.digest());
        let event = sent(&query, signed.digest(), false);
        pair.asking.write(50, Some(&port), covina.officer(), event, &[&signed]);
        let receipt_digest = Digest::of(b"a receipt");
        let received = AnswerReceived { access: access.clone(), receipt_digest, theirs: None };
        let event = Event::AnswerReceived(received);
        pair.asking.write(50, Some(&port), covina.officer(), event, &[&reply]);
        let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
        let actor = Actor::requesting(&query);
        pair.owning.write(50, Some(&covina), actor, event, &[&signed, &reply]);
        for (log, said) in [(&pair.asking, "it speaks of"), (&pair.owning, "beside it")] {
            let report = log.verified(&[&covina, &port]);
            let what = format!("is bound to another query than the one {said}");
            let told = report.problems.iter().any(|one| one.message.contains(&what));
            assert_eq!((told, report.ok), (!right, right), "{id} {bytes}: {:?}", report.problems);
        }
    }
}

#[test]
fn what_was_never_answered_tells_of_no_reply() {
    type Change = fn(&mut schemas::body::Access, &schemas::body::Access);
    let changes: [Change; 4] = [
        |silent, _| silent.count = Some(3),
        |silent, answered| silent.basis.clone_from(&answered.basis),
        |silent, answered| silent.answer_digest = answered.answer_digest,
        |silent, _| silent.reasons = refused(),
    ];
    for change in changes {
        let mut pair = Pair::honest();
        let answered = pair.asking.entry("answer.received").event.access().unwrap().clone();
        if let Event::QueryUnanswered(silent) = &mut pair.asking.entry("query.unanswered").event {
            change(&mut silent.access, &answered);
        }
        told_of(&pair.asking, &pair, pair.asking.place("query.unanswered"), "tells of a reply");
    }
}

/// The reasons of the refusal of an honest pair.
fn refused() -> Vec<schemas::refusal::Reason> {
    Pair::honest().asking.entry("refusal.received").event.access().unwrap().reasons.clone()
}

/// An answer is viewed that came to its own query.
#[test]
fn what_is_viewed_is_the_answer_to_its_query() {
    let mut pair = Pair::honest();
    pair.answered(9, 50);
    let last = pair.asking.entries.iter().rev().find_map(|entry| match &entry.event {
        Event::AnswerReceived(received) => received.access.answer_digest,
        _ => None,
    });
    if let Event::AnswerViewed(viewed) = &mut pair.asking.entry("answer.viewed").event {
        viewed.access.answer_digest = last;
    }
    // The other one came later.
    let viewed = pair.asking.entries.remove(pair.asking.place("answer.viewed"));
    pair.asking.entries.push(viewed);
    let place = pair.asking.entries.len() - 1;
    pair.asking.entries[place].at = pair.asking.entries[place - 1].at;
    told_of(&pair.asking, &pair, place, "which is none to its query");
}

/// What repeats an entry that is destroyed is called neither right nor wrong.
#[test]
fn what_repeats_a_destroyed_entry_is_not_compared() {
    let mut pair = Pair::honest();
    pair.asking.entry("query.sent").destroyed = true;
    let report = pair.asking.verified(&[&pair.covina, &pair.port]);
    assert!(report.problems.iter().all(|one| one.code == "redacted"), "{:?}", report.problems);
    assert_eq!(report.not_compared, 2);
}

/// What a log was asked is not what it asked.
#[test]
fn an_entry_repeats_a_query_of_its_own_direction() {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let Event::QueryAnswered(given) = pair.owning.entry("query.answered").event.clone() else {
        panic!("an answer")
    };
    let viewed = AnswerViewed { access: given.access, photographs: None };
    let event = Event::AnswerViewed(viewed);
    pair.owning.write(50, Some(&covina), port.officer(), event, &[]);
    let last = pair.owning.entries.len() - 1;
    told_of(&pair.owning, &pair, last, "another exchange");
}

/// A query is sent for the first time once, and again only after that.
#[test]
fn a_query_sent_again_says_so_and_one_that_says_so_was_sent() {
    for (again, word) in [(false, "sent before"), (true, "no earlier entry")] {
        let mut pair = Pair::honest();
        let silent = pair.asking.place("query.unanswered");
        let place = if again { silent - 2 } else { silent - 1 };
        if let Event::QuerySent(sent) = &mut pair.asking.entries[place].event {
            sent.again = again;
        }
        told_of(&pair.asking, &pair, place, word);
    }
}

/// What a log keeps of the other one is the place of the entry that the message beside it stands in.
#[test]
fn a_proof_of_another_entry_of_the_exchange_is_none() {
    let mut pair = Pair::honest();
    let mut shown = pair.asking.clone();
    shown.entries.truncate(pair.asking.place("answer.received") + 1);
    let other = shown.proof();
    if let Event::QueryAnswered(answered) = &mut pair.owning.entry("query.answered").event {
        answered.theirs = Some(other);
    }
    let place = pair.owning.place("query.answered") as u64;
    let report = pair.owning.verified(&[&pair.covina, &pair.port]);
    let told = report.problems.iter().any(|one| one.index == Some(place) && one.code == "standing");
    assert!(told, "{:?}", report.problems);
}
