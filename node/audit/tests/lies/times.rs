//! Times that cannot be: entries that say they were made before what they keep, or after a head over them
//! was cosigned; and signatures of keys that had ended, held against nobody.

use audit::check::Report;
use audit::reconcile::{Class, Finding};
use audit::two_bundles::{Reconciled, reconcile};
use schemas::body::{Access, Actor, Outcome};
use schemas::envelope::Kind;
use schemas::event::Event;
use schemas::event::cards::CardUpdated;
use schemas::event::exchange::{AnswerRejected, QueryAnswered, RefusalReceived};
use schemas::time::{CLOCK_SKEW_MS, MINUTE_MS};

use crate::fabricated::{Agency, Log, Pair, answer, answered, at, pins, query, refusal, sent};

/// Minutes by which the clocks of two honest agencies may be apart.
const SKEW: i64 = CLOCK_SKEW_MS / MINUTE_MS;

fn disproved(report: &Report) -> Vec<u64> {
    let told = report.problems.iter().filter(|one| one.code == "time_disproved");
    told.filter_map(|one| one.index).collect()
}

/// An exchange that an owner logs an hour before the requester says that it asked.
#[test]
fn no_entry_is_older_than_what_it_keeps() {
    for (earlier, found) in [(SKEW, false), (SKEW + 1, true)] {
        let mut pair = Pair::honest();
        let place = pair.owning.place("query.answered");
        pair.owning.entries.truncate(place + 1);
        pair.owning.entries[place].at = at(10 - earlier);
        let report = pair.owning.verified(&[&pair.covina, &pair.port]);
        let expected: &[u64] = if found { &[place as u64] } else { &[] };
        assert_eq!(disproved(&report), expected, "{earlier} minutes: {:?}", report.problems);
        assert_eq!(report.ok, !found);
        // Whose word cannot be checked disproves nobody.
        assert!(disproved(&pair.owning.verified(&[&pair.port])).is_empty());
    }
}

/// An owner that has its head cosigned and says of what stands under it that it was made later.
#[test]
fn no_entry_is_younger_than_the_first_head_over_it() {
    for (later, found) in [(SKEW, false), (SKEW + 1, true)] {
        let mut pair = Pair::honest();
        let size = pair.owning.entries.len();
        let last = pair.owning.entries[size - 1].at;
        let minute = (last.millis() - at(0).millis()) / MINUTE_MS - later;
        // The first of two heads counts, whichever order they stand in.
        for (entries, minute) in [(size, 500), (size, minute), (size - 1, 500)] {
            let cosigner = pair.covina.clone();
            pair.owning.cosigned.push((entries, cosigner, minute));
        }
        let report = pair.owning.verified(&[&pair.covina, &pair.port]);
        assert_eq!(disproved(&report).contains(&(size as u64 - 1)), found, "{report:?}");
        assert_eq!(report.ok, !found, "{:?}", report.problems);
        assert!(disproved(&pair.owning.verified(&[&pair.port])).is_empty());
    }
    // Nobody is a witness of its own log.
    let mut pair = Pair::honest();
    let (size, own) = (pair.owning.entries.len(), pair.port.clone());
    pair.owning.cosigned.push((size, own, -500));
    let report = pair.owning.verified(&[&pair.covina, &pair.port]);
    assert!(report.ok && report.cosigned_by.is_empty(), "{:?}", report.problems);
}

/// The owner's log holds a query of `covina`, and then that the key which signed it ended at minute 60;
/// the requester's log has nothing. `cosigned` and `kept`: when each proves that the query was there.
fn key_ended_later(cosigned: Option<i64>, kept: Option<i64>) -> Reconciled {
    let third = Agency::new("third-ca-pd", 3);
    let (covina, port) = (Agency::new("west-covina-ca-pd", 1), Agency::new("port-ca-pd", 2));
    let mut owning = Log::new(&port, &[&covina, &third]);
    let mut asking = Log::new(&covina, &[&port]);
    owning.write(1, Some(&covina), port.officer(), covina.confirmed(), &[&covina.card()]);
    let query = query(9, &covina, &port, 50);
    let signed = covina.sign(Kind::Query, &query);
    let answer = answer(&query, signed.digest(), 50);
    let reply = port.sign(Kind::Answer, &answer);
    let access = answered(&query, signed.digest(), &answer, reply.digest());
    let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
    owning.write(50, Some(&covina), Actor::requesting(&query), event, &[&signed, &reply]);
    if let Some(minute) = kept {
        // A refusal of another query, beside which the owner proves a head over the one before it.
        let other = self::query(8, &covina, &port, 51);
        let asked = covina.sign(Kind::Query, &other);
        let refusal = refusal(&other, asked.digest(), 51);
        let refused = port.sign(Kind::Refusal, &refusal);
        let access = Access::of_signed(&other, asked.digest(), Outcome::Refused);
        let access = access.refused(&refusal, refused.digest());
        let event = schemas::event::exchange::QueryRefused {
            access: access.clone(),
            theirs: None,
            redelivered: false,
        };
        let actor = Actor::requesting(&other);
        owning.write(51, Some(&covina), actor, Event::QueryRefused(event), &[&asked, &refused]);
        let event = sent(&other, asked.digest(), false);
        asking.write(51, Some(&port), covina.officer(), event, &[&asked]);
        let theirs = Some(owning.proof());
        let event = Event::RefusalReceived(RefusalReceived { access, theirs });
        asking.write(minute, Some(&port), covina.officer(), event, &[&refused]);
    }
    let size = owning.entries.len();
    let rotated = covina.with_ended_message_key(60);
    owning.cards.push(rotated.card());
    let event = Event::CardUpdated(CardUpdated { version: 2 });
    owning.write(60, Some(&covina), Actor::peer(&covina.id), event, &[&rotated.card()]);
    owning.cosigned.extend(cosigned.map(|minute| (size, third.clone(), minute)));
    let pinned = pins(&[&covina, &port, &third]);
    reconcile(&mut [owning.file(), asking.file()], &pinned, 0).unwrap().report
}

fn about_the_query(report: &Reconciled) -> &Finding {
    let found = report.findings.iter().filter(|one| one.query_id.is_some());
    let others = [Class::RefusedNotReceived, Class::Unproven];
    let found: Vec<_> = found.filter(|one| !others.contains(&one.class)).collect();
    assert_eq!(found.len(), 1, "{report:#?}");
    found[0]
}

#[test]
fn a_signature_of_an_ended_key_counts_only_where_others_prove_that_it_was_there() {
    for (cosigned, kept, counts) in [
        (None, None, false),
        (Some(55), None, true),
        (Some(60 + SKEW), None, true),
        (Some(61 + SKEW), None, false),
        (None, Some(58), true),
        (None, Some(90), false),
    ] {
        let report = key_ended_later(cosigned, kept);
        let finding = about_the_query(&report);
        let expected =
            if counts { Class::OwnerHoldsUnknownQuery } else { Class::SignedWithEndedKey };
        let case = format!("cosigned {cosigned:?}, kept {kept:?}: {report:#?}");
        assert_eq!(finding.class, expected, "{case}");
        assert_eq!(finding.message.is_some(), !counts, "{case}");
        assert!(finding.agency.is_none(), "{case}");
        // What the agency says of its key is shown.
        let said = finding.signed_by.as_ref().map(|by| by.said_ended);
        assert_eq!(said, counts.then_some(Some(at(60))), "{case}");
        assert!(report.findings.iter().all(|one| one.class != Class::Unsound), "{case}");
    }
}

/// A head under a log key whose end was recorded proves nothing of that log.
#[test]
fn a_head_of_an_ended_log_key_is_held_against_nobody() {
    for (recorded, minute) in [(true, 10), (false, 10), (true, 2)] {
        let mut pair = Pair::honest();
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        let honest = std::mem::take(&mut pair.owning.entries);
        let mut answered = honest[0].clone();
        answered.at = at(minute);
        let rotated = covina.with_ended_log_key(2);
        pair.owning.cards.push(rotated.card());
        let known = covina.confirmed();
        pair.owning.write(0, Some(&covina), port.officer(), known, &[&covina.card()]);
        if recorded {
            let event = Event::CardUpdated(CardUpdated { version: 2 });
            let actor = Actor::peer(&covina.id);
            pair.owning.write(1, Some(&covina), actor, event, &[&rotated.card()]);
        }
        pair.owning.entries.push(answered);
        let report = pair.owning.verified(&[&covina, &port]);
        let codes: Vec<_> = report.problems.iter().map(|one| one.code).collect();
        let ended = recorded && minute == 10;
        let expected: &[&str] = if ended { &["signed_with_ended_key"] } else { &[] };
        let told = codes.iter().filter(|code| **code != "time_disproved");
        assert_eq!(told.copied().collect::<Vec<_>>(), expected, "{recorded}, {minute}");
        // What it would have disproved, it does not.
        pair.asking.entries.clear();
        let pinned = pins(&[&covina, &port]);
        let logs = [pair.owning.file(), pair.asking.file()];
        let report = reconcile(&mut logs.map(|log| log), &pinned, 0).unwrap().report;
        let told = |class| report.findings.iter().any(|one| one.class == class);
        assert_eq!(told(Class::Omitted) || told(Class::Altered), !ended, "{report:#?}");
    }
}

/// A requester rejects a reply whose key no card names yet, or no card names any more.
#[test]
fn a_reply_by_a_key_that_nobody_knew_was_rejected_rightly() {
    for (known, ended, told) in [(10, false, true), (55, false, false), (10, true, false)] {
        let mut pair = Pair::honest();
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        pair.asking.entries.clear();
        let query = query(9, &covina, &port, 50);
        let signed = covina.sign(Kind::Query, &query);
        let refusal = refusal(&query, signed.digest(), 50);
        let reply = port.sign(Kind::Refusal, &refusal);
        let card = |log: &mut Log| {
            log.write(known, Some(&port), covina.officer(), port.confirmed(), &[&port.card()]);
        };
        if known < 50 {
            card(&mut pair.asking);
        }
        if ended {
            let rotated = port.with_ended_message_key(20);
            pair.asking.cards.push(rotated.card());
            let event = Event::CardUpdated(CardUpdated { version: 2 });
            let actor = Actor::peer(&port.id);
            pair.asking.write(20, Some(&port), actor, event, &[&rotated.card()]);
        }
        let event = sent(&query, signed.digest(), false);
        pair.asking.write(50, Some(&port), covina.officer(), event, &[&signed]);
        let access = Access::of_signed(&query, signed.digest(), Outcome::Rejected);
        let event = Event::AnswerRejected(AnswerRejected { access, why: "no".into() });
        pair.asking.write(50, Some(&port), covina.officer(), event, &[&reply]);
        if known > 50 {
            card(&mut pair.asking);
        }
        let report = pair.asking.verified(&[&covina, &port]);
        let said = report.rejected_although_valid.len();
        assert_eq!(said, usize::from(told), "known {known}, ended {ended}");
        assert!(report.ok, "{:?}", report.problems);
    }
}
