//! What one entry shows by itself: what its header commits to, what stands beside it, and what it keeps of
//! the peer's log.

use agreements::recorded::{self, Whose};
use agreements::request::{Request, Withdrawal};
use audit::check::Report;
use audit::verify::Proven;
use schemas::alarm::AlarmKind;
use schemas::answer::Answer;
use schemas::body::{Access, Actor, Outcome};
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::event::Event;
use schemas::event::audit::AlarmRaised;
use schemas::event::exchange::{AnswerRejected, AnswerViewed, PeerProved};
use schemas::query::{Query, QueryId};
use schemas::refusal::Refusal;

use crate::fabricated::{Agency, Log, Pair, Spoil, answer, at, pins, query, refusal, sent};
use crate::papers::agreement;

/// What the log of the owner shows, and whether what stands beside an entry of it counts.
fn judged(log: &Log, pair: &Pair, place: usize) -> (Report, bool) {
    let mut holds = None;
    let report = log.file().check(&pins(&[&pair.covina, &pair.port]), |_, judged, _, _| {
        if judged.header.index == place as u64 {
            holds = Some(judged.holds);
        }
    });
    (report.unwrap(), holds.unwrap())
}

fn said(report: &Report, place: usize) -> Vec<(&'static str, String)> {
    let of = report.problems.iter().filter(|one| one.index == Some(place as u64));
    of.map(|one| (one.code, one.message.clone())).collect()
}

fn body(body: fn(&mut schemas::body::Body)) -> Spoil {
    Spoil { body, ..Spoil::default() }
}

fn stored(stored: fn(&mut schemas::entry::StoredEntry)) -> Spoil {
    Spoil { stored, ..Spoil::default() }
}

#[test]
fn an_entry_is_what_its_header_commits_to() {
    let (signed, bare) = ("query.answered", "answer.redelivered");
    let table = [
        (signed, "body", "another time or kind", body(|body| body.at = at(11))),
        (
            bare,
            "body",
            "another time or kind",
            body(|body| {
                let access = body.event.access().unwrap().clone();
                body.event = Event::AnswerViewed(AnswerViewed { access, photographs: None });
            }),
        ),
        (
            signed,
            "body",
            "not the one that its header commits to",
            stored(|entry| {
                entry.body = entry.body.take().map(|body| body.replace("Silver", "Red"))
            }),
        ),
        (signed, "body", "cannot be read", stored(|entry| entry.body = Some("{}".into()))),
        (bare, "body", "cannot be read", stored(|entry| entry.body = Some("{}".into()))),
        (signed, "body", "its body or its salt is missing", stored(|entry| entry.body = None)),
        (bare, "body", "its body or its salt is missing", stored(|entry| entry.body = None)),
        (
            signed,
            "body",
            "its body or its salt is missing",
            stored(|entry| (entry.salt, entry.envelope) = (None, None)),
        ),
        (bare, "body", "its body or its salt is missing", stored(|entry| entry.salt = None)),
        (signed, "envelope", "are missing", stored(|entry| entry.envelope = None)),
        (
            signed,
            "envelope",
            "not those that its header commits to",
            stored(|entry| entry.envelope.as_mut().unwrap().push('\n')),
        ),
        (
            bare,
            "envelope",
            "not those that its header commits to",
            stored(|entry| entry.envelope = Some("one".into())),
        ),
    ];
    for (kind, code, what, spoil) in table {
        let mut pair = Pair::honest();
        let place = pair.owning.place(kind);
        pair.owning.spoilt.push((place, spoil));
        let (report, _) = judged(&pair.owning, &pair, place);
        let found = said(&report, place);
        let told = found.iter().any(|(of, said)| *of == code && said.contains(what));
        assert!(told, "{kind}, {code} {what}: {found:?}");
    }
}

/// Of an entry that is destroyed nothing has to be signed any more; of one that is not all there, all.
#[test]
fn what_cannot_be_read_counts_for_nothing() {
    for (spoil, counts) in [
        (Spoil::default(), true),
        (stored(|entry| (entry.salt, entry.body) = (None, None)), true),
        (stored(|entry| entry.body = None), false),
        (stored(|entry| entry.salt = None), false),
        (stored(|entry| entry.body = Some("{}".into())), false),
    ] {
        let mut pair = Pair::honest();
        let place = pair.owning.place("answer.redelivered");
        pair.owning.spoilt.push((place, spoil));
        let (report, holds) = judged(&pair.owning, &pair, place);
        assert_eq!(holds, counts, "{:?}", said(&report, place));
    }
}

/// What did not verify stands beside its entry alone, if at all.
#[test]
fn one_envelope_at_most_stands_beside_a_rejected_answer() {
    for (count, told) in [(0, false), (1, false), (2, true)] {
        let mut pair = Pair::honest();
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        let query = query(9, &covina, &port, 50);
        let signed = covina.sign(Kind::Query, &query);
        let event = sent(&query, signed.digest(), false);
        pair.asking.write(50, Some(&port), covina.officer(), event, &[&signed]);
        let outcome = Outcome::Rejected;
        let access = Access::of_signed(&query, signed.digest(), outcome);
        let forged = covina.sign(Kind::Refusal, &refusal(&query, signed.digest(), 50));
        let event = Event::AnswerRejected(AnswerRejected { access, why: "no".into() });
        let beside = vec![&forged; count];
        pair.asking.write(50, Some(&port), covina.officer(), event, &beside);
        let place = pair.asking.entries.len() - 1;
        let (report, _) = judged(&pair.asking, &pair, place);
        let more = said(&report, place).iter().any(|(_, what)| what.contains("more than one"));
        assert_eq!((more, report.ok), (told, !told), "{count}: {:?}", report.problems);
    }
}

/// An alarm about a card is about the one beside it, and another alarm about none. A key that nobody
/// confirmed yet makes no agency one that is not pinned.
#[test]
fn an_alarm_names_a_card_where_one_stands_beside_it() {
    let other = Agency::new("west-covina-ca-pd", 77);
    for (version, beside, right) in [
        (Some(1), true, true),
        (None, false, true),
        (Some(1), false, false),
        (None, true, false),
        (Some(2), true, false),
    ] {
        let mut pair = Pair::honest();
        let covina = pair.covina.clone();
        let card = other.card();
        let alarm = AlarmRaised { alarm: AlarmKind::Card, version, reason: None };
        let beside: &[_] = if beside { &[&card] } else { &[] };
        let actor = Actor::peer(&covina.id);
        pair.owning.write(50, Some(&covina), actor, Event::AlarmRaised(alarm), beside);
        let place = pair.owning.entries.len() - 1;
        let (report, _) = judged(&pair.owning, &pair, place);
        let found = said(&report, place);
        let bound = found.iter().all(|(code, _)| *code != "binding");
        assert_eq!(bound, right, "{version:?}: {found:?}");
        assert!(report.unpinned.is_empty(), "{:?}", report.unpinned);
    }
}

/// A written request is withdrawn by whoever filed it, here or there.
#[test]
fn a_request_is_withdrawn_by_whoever_filed_it() {
    for (by_requester, filed, right) in
        [(true, true, true), (false, true, false), (true, false, false)]
    {
        let mut pair = Pair::honest();
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        let text =
            pair.asking.entry("request.submitted").envelopes[0].unverified_payload().to_vec();
        let text = String::from_utf8(text).unwrap();
        let request = Request::from_toml("request", &text).unwrap();
        let withdrawal = Withdrawal {
            request: request.id,
            request_digest: if filed { Digest::of(text.as_bytes()) } else { Digest::of(b"none") },
            at: at(50),
        };
        let by = if by_requester { &covina } else { &port };
        let signed = by.sign_text(Kind::Withdrawal, withdrawal.to_toml().unwrap());
        let event = || recorded::of_withdrawal(&withdrawal);
        let own = |of: &Agency| if of.id == by.id { by.officer() } else { Actor::peer(&by.id) };
        pair.asking.write(50, Some(&port), own(&covina), event(), &[&signed]);
        pair.owning.write(50, Some(&covina), own(&port), event(), &[&signed]);
        for log in [&pair.asking, &pair.owning] {
            let place = log.entries.len() - 1;
            let (report, holds) = judged(log, &pair, place);
            let found = said(&report, place);
            let told =
                found.iter().any(|(code, what)| *code == "binding" && what.contains("withdrawal"));
            assert_eq!((told, holds), (!right, true), "{by_requester} {filed}: {found:?}");
            let bound = found.iter().all(|(code, _)| *code != "binding");
            assert_eq!(bound, right, "{by_requester} {filed}: {found:?}");
        }
    }
}

/// What is between two agencies names the other one.
#[test]
fn a_query_is_sent_to_somebody() {
    for peer in [None, Some("west-covina-ca-pd")] {
        let mut pair = Pair::honest();
        pair.asking.entry("query.sent").peer = peer.map(|id| id.parse().unwrap());
        let place = pair.asking.place("query.sent");
        let (report, holds) = judged(&pair.asking, &pair, place);
        let found = said(&report, place);
        assert!(found.iter().any(|(_, what)| what.contains("names no other one")), "{found:?}");
        assert!(!holds);
    }
}

/// A place of the peer's log is kept beside the entry that it proves: of that exchange, of that reply, and of
/// an exchange with this agency.
#[test]
fn the_place_that_is_kept_is_that_of_the_other_side() {
    // The receipt of an answer with the place of the query, and of another answer.
    for kind in ["receipt.recorded", "answer.received", "refusal.received"] {
        let mut pair = Pair::honest();
        pair.answered(9, 50);
        let log = if kind == "receipt.recorded" { &mut pair.owning } else { &mut pair.asking };
        let theirs = log.entries.iter().rev().find_map(|entry| match &entry.event {
            Event::QueryAnswered(event) => event.theirs.clone(),
            Event::AnswerReceived(event) => event.theirs.clone(),
            _ => None,
        });
        match &mut log.entry(kind).event {
            Event::ReceiptRecorded(event) => event.theirs = theirs,
            Event::AnswerReceived(event) => event.theirs = theirs,
            Event::RefusalReceived(event) => event.theirs = theirs,
            _ => panic!("{kind}"),
        }
        let log = if kind == "receipt.recorded" { &pair.owning } else { &pair.asking };
        let place = log.place(kind);
        let (report, _) = judged(log, &pair, place);
        let found = said(&report, place);
        assert!(found.iter().any(|(code, _)| *code == "standing"), "{kind}: {found:?}");
    }
    // Of what the peer has with a third agency nothing is kept.
    let third = Agency::new("third-ca-pd", 3);
    let mut pair = Pair::honest();
    let other = Pair::between(third, pair.port.clone());
    let until = other.owning.place("query.answered") + 1;
    let mut shown = other.owning.clone();
    shown.entries.truncate(until);
    let event = Event::PeerProved(PeerProved { proofs: vec![shown.proof()] });
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    pair.asking.write(60, Some(&port), covina.officer(), event, &[]);
    let place = pair.asking.entries.len() - 1;
    let (report, _) = judged(&pair.asking, &pair, place);
    assert_eq!(said(&report, place).len(), 1, "{:?}", report.problems);
}

/// How far each entry is proven, and the word for whoever reads it.
#[test]
fn an_entry_says_how_far_it_is_proven() {
    type Change = fn(&mut Pair);
    let table: [(&str, bool, Proven, &str, Change); 5] = [
        ("answer.received", true, Proven::Wholly, "", |_| {}),
        ("answer.received", true, Proven::NotAtHand, "is not at hand", |pair| {
            pair.asking.entry("query.sent").destroyed = true;
        }),
        (
            "answer.received",
            false,
            Proven::Unpinned("port-ca-pd".parse().unwrap()),
            "no key of port-ca-pd is pinned",
            |_| {},
        ),
        ("answer.received", true, Proven::Not, "does not verify", |pair| {
            pair.asking.say("answer.received", "/event/access/count", serde_json::json!(7));
        }),
        ("query.sent", true, Proven::Not, "does not verify", |pair| {
            // It says that it was made long after another agency saw it.
            pair.asking.cosigned.push((1, pair.port.clone(), -500));
        }),
    ];
    for (kind, both, expected, word, change) in table {
        let mut pair = Pair::honest();
        change(&mut pair);
        let place = pair.asking.place(kind) as u64;
        let mut pinned = vec![&pair.covina];
        pinned.extend(both.then_some(&pair.port));
        let mut proven = None;
        let report = pair.asking.file().check(&pins(&pinned), |_, judged, _, _| {
            if judged.header.index == place {
                proven = Some(judged.proven);
            }
        });
        assert_eq!(proven.as_ref(), Some(&expected), "{:?}", report.unwrap().problems);
        let told = expected.word().unwrap_or_default();
        assert!(told.ends_with(word) && told.is_empty() == word.is_empty(), "{told}");
    }
}

/// A log in which a reply to query 9 was received, and is said not to have verified. What makes the reply is
/// told the query, its digest, and that of the agreement which the log holds.
fn rejects(reply: impl FnOnce(&Query, Digest, Digest, &Agency) -> Envelope) -> Report {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    pair.asking.entries.clear();
    let known = port.confirmed();
    pair.asking.write(1, Some(&port), covina.officer(), known, &[&port.card()]);
    let agreement = agreement(&pair);
    let text = agreement.to_toml().unwrap();
    let agreed = Digest::of(text.as_bytes());
    let proposed = covina.sign_as_agency(Kind::Agreement, text);
    let event = recorded::of_agreement(&agreement, Whose::Own);
    pair.asking.write(2, None, covina.officer(), event, &[&proposed]);
    let query = query(9, &covina, &port, 50);
    let signed = covina.sign(Kind::Query, &query);
    let event = sent(&query, signed.digest(), false);
    pair.asking.write(50, Some(&port), covina.officer(), event, &[&signed]);
    let access = Access::of_signed(&query, signed.digest(), Outcome::Rejected);
    let event = Event::AnswerRejected(AnswerRejected { access, why: "no".into() });
    let reply = reply(&query, signed.digest(), agreed, &port);
    pair.asking.write(50, Some(&port), covina.officer(), event, &[&reply]);
    pair.asking.verified(&[&covina, &port])
}

/// A refusal that fits its query was no reason to say that it did not verify; one that does not, was.
#[test]
fn a_refusal_that_fits_its_query_was_rejected_although_valid() {
    type Change = fn(&mut Refusal);
    let table: [(&str, bool, Change); 4] = [
        ("as it has to be", true, |_| {}),
        ("to other bytes", false, |refusal| refusal.query_digest = Digest::of(b"another")),
        ("to another id", false, |refusal| refusal.query_id = QueryId::from_bytes([77; 16])),
        ("without a reason", false, |refusal| refusal.reasons.clear()),
    ];
    for (what, valid, change) in table {
        let report = rejects(|query, digest, _, port| {
            let mut refusal = refusal(query, digest, 50);
            change(&mut refusal);
            port.sign(Kind::Refusal, &refusal)
        });
        assert_eq!(report.rejected_although_valid.len(), usize::from(valid), "{what}");
    }
}

/// The same of an answer's header; what follows it, nobody sees who reads a log.
#[test]
fn an_answer_that_fits_its_query_was_rejected_although_valid() {
    type Change = fn(&mut Answer);
    let table: [(&str, bool, Change); 5] = [
        ("as it has to be", true, |_| {}),
        ("to other bytes", false, |answer| answer.query_digest = Digest::of(b"another")),
        ("to another id", false, |answer| answer.query_id = QueryId::from_bytes([77; 16])),
        ("of more than was asked for", false, |answer| answer.released.limit = 11),
        ("of a longer time than was asked for", false, |answer| answer.released.from = at(-61)),
    ];
    for (what, valid, change) in table {
        let report = rejects(|query, digest, agreed, port| {
            let mut answer = answer(query, digest, 50);
            answer.basis.text = agreed;
            change(&mut answer);
            port.sign(Kind::Answer, &answer)
        });
        assert_eq!(report.rejected_although_valid.len(), usize::from(valid), "{what}");
    }
}
