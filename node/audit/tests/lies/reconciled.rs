//! Two logs compared: nobody is accused but by their own signature, and no verdict depends on what a
//! body says of times or on whose bundle is named first.

use agreements::recorded::{Whose, of_agreement};
use audit::reconcile::{Class, Finding};
use audit::two_bundles::{Reconciled, reconcile};
use schemas::answer::Page;
use schemas::body::{Access, Actor, Outcome};
use schemas::digest::Digest;
use schemas::envelope::Kind;
use schemas::event::Event;
use schemas::event::exchange::{AnswerRedelivered, AnswerRejected, PeerProved, QueryAnswered};
use schemas::merkle;
use serde_json::json;

use crate::fabricated::{Agency, Log, Pair, answer, answered, at, pins, query, sent};
use crate::papers::agreement;

/// What two logs show, which is the same whichever is named first.
fn compared(pair: &Pair) -> Reconciled {
    let pinned = pins(&[&pair.covina, &pair.port]);
    let run = |logs: [&Log; 2]| reconcile(&mut logs.map(Log::file), &pinned, 0).unwrap().report;
    let (one, turned) = (run([&pair.asking, &pair.owning]), run([&pair.owning, &pair.asking]));
    assert_eq!(verdict(&one), verdict(&turned));
    one
}

/// Everything that a report says, but for its order.
fn verdict(report: &Reconciled) -> (u64, u64, u64, u64, Vec<String>) {
    let told = |finding: &Finding| {
        format!(
            "{:?} {:?} {:?} {:?} {:?}",
            finding.class, finding.query_id, finding.agency, finding.index, finding.signed_by
        )
    };
    let mut findings: Vec<String> = report.findings.iter().map(told).collect();
    findings.sort();
    (report.matched, report.refused_both, report.open, report.expired, findings)
}

fn classes(report: &Reconciled) -> Vec<Class> {
    report.findings.iter().map(|finding| finding.class).collect()
}

#[test]
fn honest_logs_agree() {
    let pair = Pair::honest();
    let report = compared(&pair);
    assert_eq!((report.matched, report.refused_both, report.open), (1, 1, 0));
    // What was not answered, its owner never had.
    assert_eq!(classes(&report), [Class::SentOwnerSilent]);
}

#[test]
fn an_owner_that_signs_a_query_itself_accuses_itself() {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let query = query(9, &covina, &port, 50);
    let signed = port.sign(Kind::Query, &query);
    let answer = answer(&query, signed.digest(), 50);
    let reply = port.sign(Kind::Answer, &answer);
    let access = answered(&query, signed.digest(), &answer, reply.digest());
    let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
    pair.owning.write(50, Some(&covina), Actor::requesting(&query), event, &[&signed, &reply]);
    let report = compared(&pair);
    assert_eq!(classes(&report), [Class::Unsound, Class::SentOwnerSilent], "{report:#?}");
    assert_eq!(report.findings[0].agency, Some(port.id));
}

#[test]
fn whoever_denies_a_query_is_named_by_the_key_that_signed_it() {
    let mut pair = Pair::honest();
    let place = pair.asking.place("query.sent");
    let kept: Vec<_> = pair.asking.entries.drain(..).skip(place + 4).collect();
    pair.asking.entries = kept;
    // Without what proves its own log, so that the query alone tells.
    for entry in &mut pair.owning.entries {
        if let Event::QueryAnswered(event) = &mut entry.event {
            event.theirs = None;
        }
    }
    pair.owning.entries.retain(|entry| {
        !["answer.redelivered", "receipt.recorded"].contains(&entry.event.kind().code())
    });
    let report = compared(&pair);
    let unknown = report.findings.iter().find(|one| one.class == Class::OwnerHoldsUnknownQuery);
    let by = unknown.and_then(|one| one.signed_by.clone()).expect("who signed it");
    assert_eq!(by.agency, pair.covina.id);
    let key = pair.covina.message_key();
    assert_eq!(by.key, key);
}

#[test]
fn a_log_whose_bodies_lie_is_unsound_and_pairs_by_what_was_signed() {
    for (kind, path, value) in [
        ("query.sent", "/event/access/elements/plate", json!("4STOLEN")),
        ("query.sent", "/event/access/asked_at", json!("9999-12-01T00:00:00.000Z")),
        ("answer.received", "/event/access/why/reason", json!("Vehicle taken at gunpoint")),
        ("answer.received", "/event/access/asked_at", json!("9999-12-01T00:00:00.000Z")),
    ] {
        let mut pair = Pair::honest();
        pair.asking.say(kind, path, value);
        let report = compared(&pair);
        assert_eq!((report.matched, report.open), (1, 0), "{kind} {path}");
        let unsound: Vec<_> =
            report.findings.iter().filter(|one| one.class == Class::Unsound).collect();
        assert!(!unsound.is_empty(), "{kind} {path}");
        assert!(unsound.iter().all(|one| one.agency.as_ref() == Some(&pair.covina.id)));
    }
}

/// A requester that denies an answer cannot have its query taken for one that is still under way.
#[test]
fn a_denied_answer_is_never_open() {
    let far = json!("9999-12-01T00:00:00.000Z");
    let mut pair = Pair::honest();
    let received = pair.asking.place("answer.received");
    pair.asking.entries.truncate(received);
    pair.asking.say("query.sent", "/event/access/asked_at", far);
    pair.owning.entries.truncate(1);
    let report = compared(&pair);
    assert_eq!(report.open, 0);
    assert!(classes(&report).contains(&Class::ReleasedNotReceived), "{:?}", classes(&report));
    // Nor by another query of its own under the same id, signed for a time to come.
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let mut other = query(1, &covina, &port, 10);
    other.at = "9999-12-01T00:00:00Z".parse().unwrap();
    let signed = covina.sign(Kind::Query, &other);
    pair.asking.entries.clear();
    let event = sent(&other, signed.digest(), false);
    pair.asking.write(10, Some(&port), covina.officer(), event, &[&signed]);
    pair.owning.entries.truncate(1);
    let Event::QueryAnswered(event) = &mut pair.owning.entries[0].event else { panic!() };
    event.theirs = None;
    let report = compared(&pair);
    assert_eq!((report.open, classes(&report)), (0, vec![Class::Unproven, Class::Differs]));
}

/// A query signed for a time to come is under way from when the log has it, and no later; where both logs
/// have an exchange, from when the first of them has.
#[test]
fn no_time_to_come_keeps_an_exchange_open() {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let mut later = query(9, &covina, &port, 50);
    later.at = "9999-12-01T00:00:00Z".parse().unwrap();
    let signed = covina.sign(Kind::Query, &later);
    pair.asking.entries.clear();
    pair.owning.entries.clear();
    let event = sent(&later, signed.digest(), false);
    pair.asking.write(50, Some(&port), covina.officer(), event, &[&signed]);
    assert_eq!(classes(&compared(&pair)), [Class::SentOwnerSilent]);
    let mut pair = Pair::honest();
    let mut other = query(1, &covina, &port, 595);
    other.limit = 3;
    let signed = covina.sign(Kind::Query, &other);
    pair.asking.entries.clear();
    let event = sent(&other, signed.digest(), false);
    pair.asking.write(595, Some(&port), covina.officer(), event, &[&signed]);
    pair.owning.entries.truncate(1);
    let Event::QueryAnswered(event) = &mut pair.owning.entries[0].event else { panic!() };
    event.theirs = None;
    let pinned = pins(&[&pair.covina, &pair.port]);
    let logs = [&pair.asking, &pair.owning];
    let report = reconcile(&mut logs.map(Log::file), &pinned, 10 * 60_000).unwrap().report;
    assert_eq!((report.open, classes(&report)), (0, vec![Class::Unproven, Class::Differs]));
}

/// An entry that repeats what was not said changes nothing of what a log tells.
#[test]
fn an_invented_delivery_is_no_answer() {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let Event::QueryRefused(refused) = pair.owning.entry("query.refused").event.clone() else {
        panic!("a refusal")
    };
    let actor = pair.owning.entry("query.refused").actor.clone();
    let mut access = refused.access;
    access.outcome = Outcome::Answered;
    access.reasons.clear();
    access.answer_digest = Some(Digest::of(b"an answer that never was"));
    let event = Event::AnswerRedelivered(AnswerRedelivered { access, theirs: None });
    pair.owning.write(60, Some(&covina), actor, event, &[]);
    let report = compared(&pair);
    assert_eq!((report.matched, report.refused_both), (1, 1), "{report:#?}");
    let unsound: Vec<_> =
        report.findings.iter().filter(|one| one.class == Class::Unsound).collect();
    assert_eq!((unsound.len(), unsound[0].agency.as_ref()), (1, Some(&port.id)));
}

/// What an owner did answer, and its requester says did not verify.
#[test]
fn a_rejected_answer_that_verifies_is_told() {
    for (promises, recorded, valid) in [(0, true, true), (3, true, false), (0, false, false)] {
        let mut pair = Pair::honest();
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        let query = query(9, &covina, &port, 50);
        let signed = covina.sign(Kind::Query, &query);
        let asked = signed.digest();
        let mut answer = answer(&query, asked, 50);
        // An answer on what nobody here has recorded was rejected rightly.
        let agreement = agreement(&pair);
        pair.asking.write(2, Some(&port), covina.officer(), port.confirmed(), &[&port.card()]);
        pair.asking.entries.rotate_right(1);
        answer.basis.text = Digest::of(agreement.to_toml().unwrap().as_bytes());
        if recorded {
            let proposed = covina.sign_as_agency(Kind::Agreement, agreement.to_toml().unwrap());
            let event = of_agreement(&agreement, Whose::Own);
            pair.asking.write(50, None, covina.officer(), event, &[&proposed]);
        }
        // A header that promises more reads than it counts was rejected rightly.
        answer.pages = vec![Page { digest: Digest::of(b"page"), bytes: 4, reads: promises }];
        let reply = port.sign(Kind::Answer, &answer);
        let officer = covina.officer();
        let event = sent(&query, asked, false);
        pair.asking.write(50, Some(&port), officer.clone(), event, &[&signed]);
        let access = Access::of_signed(&query, asked, Outcome::Rejected);
        let event = Event::AnswerRejected(AnswerRejected { access, why: "no".into() });
        pair.asking.write(50, Some(&port), officer, event, &[&reply]);
        let access = answered(&query, asked, &answer, reply.digest());
        let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
        pair.owning.write(50, Some(&covina), Actor::requesting(&query), event, &[&signed, &reply]);
        let report = compared(&pair);
        let told = classes(&report).contains(&Class::RejectedAlthoughValid);
        assert_eq!(told, valid, "{:?}", classes(&report));
        let of = |one: &&Finding| one.class == Class::RejectedAlthoughValid;
        if let Some(one) = report.findings.iter().find(of) {
            assert_eq!(one.index, Some(pair.asking.entries.len() as u64 - 1), "{one:#?}");
            assert_eq!(one.signed_by.as_ref().map(|by| &by.agency), Some(&port.id), "{one:#?}");
            assert_eq!((one.query_id, one.evidence.len()), (Some(query.id), 1), "{one:#?}");
        }
        assert_eq!(classes(&report).contains(&Class::ReleasedNotReceived), !valid);
        let checked = pair.asking.verified(&[&covina, &port]);
        assert_eq!(checked.rejected_although_valid.len(), usize::from(valid));
        assert!(checked.ok, "a hostile owner makes nobody's log unsound: {:?}", checked.problems);
    }
}

/// A log that is handed over as it was before a head that the other side holds.
#[test]
fn a_bundle_that_ends_too_early_is_stale_and_leaves_nothing_open() {
    let mut pair = Pair::honest();
    pair.answered(9, 50);
    let place = pair.owning.entries.iter().position(|entry| entry.at == at(50)).unwrap();
    pair.owning.entries.truncate(place - 3);
    let run = |pair: &Pair| {
        let pinned = pins(&[&pair.covina, &pair.port]);
        let early = audit::BundleFile::new("port", std::io::Cursor::new(pair.owning.exported(45)));
        reconcile(&mut [early, pair.asking.file()], &pinned, 0).unwrap().report
    };
    let report = run(&pair);
    let stale = report.findings.iter().find(|one| one.class == Class::StaleBundle);
    let stale = stale.unwrap_or_else(|| panic!("{report:#?}"));
    assert_eq!((stale.agency.as_ref(), report.open), (Some(&pair.port.id), 0));
    assert!(stale.signed_by.as_ref().is_some_and(|by| by.agency == pair.port.id));
    // Only a head that its own key signed tells against an agency.
    let other = Agency::new("port-ca-pd", 77);
    pair.owning.cards = vec![other.card(), pair.covina.card()];
    pair.asking.cards = pair.owning.cards.clone();
    let forged = run(&pair);
    let told = classes(&forged);
    assert!(told.contains(&Class::Unsound) && !told.contains(&Class::StaleBundle), "{told:?}");
}

/// A first line that claims an earlier end leaves nothing open either.
#[test]
fn the_end_of_a_bundle_is_that_of_its_export() {
    let pair = Pair::honest();
    let text = String::from_utf8(pair.owning.exported(600)).unwrap();
    let early = text.replacen(&at(600).to_string(), &at(1).to_string(), 1);
    let pinned = pins(&[&pair.covina, &pair.port]);
    let file =
        |text: String| audit::BundleFile::new("port", std::io::Cursor::new(text.into_bytes()));
    let report = file(early).check(&pinned, |_, _, _, _| {}).unwrap();
    assert!(report.problems.iter().any(|one| one.code == "scope"), "{:?}", report.problems);
}

/// However well two logs agree: of an exchange whose entry the other side never proved, both tell that,
/// until a later entry keeps the proof. Nobody is accused of it.
#[test]
fn what_was_never_proven_is_told_until_a_later_entry_proves_it() {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let Event::QueryAnswered(event) = &mut pair.owning.entries[0].event else { panic!() };
    let shown = event.theirs.take().expect("a proof");
    for entry in &mut pair.owning.entries {
        if let Event::AnswerRedelivered(event) = &mut entry.event {
            event.theirs = None;
        }
    }
    let report = compared(&pair);
    assert_eq!((report.matched, report.refused_both), (1, 1), "{report:#?}");
    let told: Vec<&Finding> =
        report.findings.iter().filter(|one| one.class == Class::Unproven).collect();
    assert_eq!(told.len(), 1, "{report:#?}");
    assert_eq!(told[0].query_id, Some(query(1, &covina, &port, 10).id));
    assert!(told[0].agency.is_none() && told[0].signed_by.is_none(), "{:?}", told[0]);
    let said = told[0].message.as_deref().unwrap_or_default();
    assert!(said.contains("of having sent the query") && told[0].evidence.len() == 1, "{said}");
    let checked = pair.owning.verified(&[&covina, &port]);
    assert_eq!(checked.unproven.get(&covina.id), Some(&1));
    assert!(checked.ok, "{:?}", checked.problems);
    // The place of an entry of no exchange proves nothing of it, nor does that of another log.
    for proof in [pair.asking.proof(), pair.owning.proof()] {
        let mut other = pair.owning.clone();
        let event = Event::PeerProved(PeerProved { proofs: vec![proof] });
        other.write(60, Some(&covina), port.officer(), event, &[]);
        let checked = other.verified(&[&covina, &port]);
        assert_eq!(checked.unproven.get(&covina.id), Some(&1));
        let standing = checked.problems.iter().any(|one| one.code == "standing");
        assert!(standing, "{:?}", checked.problems);
    }
    let event = Event::PeerProved(PeerProved { proofs: vec![shown] });
    pair.owning.write(60, Some(&covina), port.officer(), event, &[]);
    assert!(!classes(&compared(&pair)).contains(&Class::Unproven));
    assert!(pair.owning.verified(&[&covina, &port]).unproven.is_empty());
}

/// An entry of a reply that was delivered again commits to no reply: whoever keeps its place has no proof
/// of which one came.
#[test]
fn the_place_of_a_reply_that_was_delivered_again_proves_no_reply() {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let mut entries = pair.owning.entries.iter();
    let place = entries.position(|entry| matches!(entry.event, Event::AnswerRedelivered(_)));
    let place = place.expect("it was delivered again");
    let mut until = pair.owning.clone();
    until.entries.truncate(place + 1);
    let proof = until.proof();
    let received = pair.asking.entries.iter_mut().find_map(|entry| match &mut entry.event {
        Event::AnswerReceived(event) => Some(event),
        _ => None,
    });
    received.expect("an answer").theirs = Some(proof.clone());
    let proved = Event::PeerProved(PeerProved { proofs: vec![proof] });
    pair.asking.write(60, Some(&port), covina.officer(), proved, &[]);
    let checked = pair.asking.verified(&[&covina, &port]);
    let standing = checked.problems.iter().filter(|one| one.code == "standing").count();
    assert_eq!(standing, 2, "{:?}", checked.problems);
}

/// Whoever is handed a finding proves by the signed heads alone that its entries stand in those logs.
#[test]
fn evidence_out_of_whole_logs_proves_its_places() {
    let pair = Pair::honest();
    let pinned = pins(&[&pair.covina, &pair.port]);
    let two = reconcile(&mut [pair.asking.file(), pair.owning.file()], &pinned, 0).unwrap();
    let evidence = two.report.findings.iter().flat_map(|finding| &finding.evidence);
    let evidence: Vec<_> = evidence.collect();
    assert!(!evidence.is_empty(), "{:?}", two.report.findings);
    for one in evidence {
        let head = two.heads.iter().find(|head| head.agency == one.agency).unwrap();
        let by = [&pair.covina, &pair.port].into_iter().find(|by| by.id == one.agency).unwrap();
        let signed = head.signed().unwrap();
        let head = signed.verified(&by.log_vkey()).unwrap();
        let leaf = merkle::leaf(one.header.as_bytes());
        let proof = one.inclusion.as_ref().expect("a proof of its place");
        merkle::verify_inclusion(&leaf, one.index, head.size, proof, &head.root).unwrap();
    }
}
