//! Logs whose bodies are destroyed, and what still tells of them: sums of the uses that went with them, the
//! terms of holds, and the bodies of the other side.

use std::io::Cursor;

use agreements::policy::Policy;
use audit::BundleFile;
use audit::check::Report;
use audit::reconcile::{Class, Finding};
use audit::two_bundles::reconcile;
use registry::{Hold, On, UsesSum};
use schemas::answer::Basis;
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::envelope::Kind;
use schemas::event::Event;
use schemas::event::exchange::QueryAnswered;
use schemas::event::people::PolicyAdopted;
use schemas::event::retention::{EntriesRedacted, HoldPlaced};
use schemas::ranges::Ranges;
use schemas::redaction::{HoldNotice, Redaction};

use crate::fabricated::{Log, Pair, answer, answered, at, pins, query, words};

/// Minutes of a year and two days.
pub(crate) const LATER: i64 = 367 * 1_440;

pub(crate) fn checked(log: &Log, pair: &Pair) -> Report {
    let pinned = pins(&[&pair.covina, &pair.port]);
    file(log).check(&pinned, |_, _, _, _| {}).unwrap()
}

pub(crate) fn file(log: &Log) -> BundleFile<Cursor<Vec<u8>>> {
    BundleFile::new(log.of.id.as_str(), Cursor::new(log.exported(2 * LATER)))
}

pub(crate) fn codes(report: &Report) -> Vec<(Option<u64>, &'static str)> {
    report.problems.iter().map(|one| (one.index, one.code)).collect()
}

/// An honest pair, whose owner adopted a policy and filed its requester's request first.
pub(crate) fn pair() -> Pair {
    let mut pair = Pair::honest();
    let text =
        Policy::builtin_text("california-statute").unwrap().replace("years = 3", "days = 365");
    let (port, officer) = (pair.port.clone(), pair.port.officer());
    let digest = Digest::of(text.as_bytes());
    let adopted = Event::PolicyAdopted(PolicyAdopted { name: "a policy".into(), digest });
    pair.owning.policies.push(text);
    pair.owning.write(0, Some(&port), officer, adopted, &[]);
    pair.owning.entries.rotate_right(1);
    pair
}

/// An answer of the owner on the authority of the written request, which allows one.
fn on_request(pair: &mut Pair, id: u8, minute: i64) {
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let query = query(id, &covina, &port, minute);
    let signed = covina.sign(Kind::Query, &query);
    let mut answer = answer(&query, signed.digest(), minute);
    let ruling = pair.owning.entry("request.approved").envelopes[0].digest();
    answer.basis = Basis {
        authority: format!("{}/request-1", covina.id).parse().unwrap(),
        decision: Some(ruling),
        ..answer.basis
    };
    let reply = port.sign(Kind::Answer, &answer);
    let access = answered(&query, signed.digest(), &answer, reply.digest());
    let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
    pair.owning.write(minute, Some(&covina), Actor::requesting(&query), event, &[&signed, &reply]);
}

/// Destroys every body of the owner that may be, but for `kept`, with the sums that go with them.
pub(crate) fn destroy(pair: &mut Pair, kept: &[u64]) {
    let port = pair.port.clone();
    let mut gone = Ranges::default();
    let mut sums: Vec<UsesSum> = Vec::new();
    for (index, entry) in (0..).zip(&mut pair.owning.entries) {
        if !entry.event.kind().ends() || kept.contains(&index) {
            continue;
        }
        entry.destroyed = true;
        gone.add(index);
        let Event::QueryAnswered(event) = &entry.event else { continue };
        let authority = event.access.basis.as_ref().unwrap().authority.clone();
        let (day, peer) = (entry.at.day_start(), entry.peer.clone().unwrap());
        let known = sums.iter_mut().find(|sum| sum.authority == authority && sum.day == day);
        match known {
            Some(sum) => sum.given += 1,
            None => sums.push(UsesSum { day, authority, peer, given: 1, received: 0 }),
        }
    }
    let redaction = Redaction {
        cut_off: at(1_440),
        days: 365,
        sections: Vec::new(),
        count: gone.count(),
        entries: gone,
        held: std::collections::BTreeMap::new(),
        until: pair.owning.entries.len() as u64,
    };
    pair.owning.sums = sums;
    let event = Event::EntriesRedacted(EntriesRedacted { redaction });
    pair.owning.write(LATER, Some(&port), port.officer(), event, &[]);
}

#[test]
fn sums_stand_for_the_answers_that_are_destroyed() {
    let mut pair = pair();
    destroy(&mut pair, &[]);
    let last = Some(pair.owning.entries.len() as u64 - 1);
    assert_eq!(codes(&checked(&pair.owning, &pair)), []);
    for sums in [
        Vec::new(),
        pair.owning.sums.iter().map(|sum| UsesSum { given: 0, ..sum.clone() }).collect(),
        pair.owning.sums.iter().map(|sum| UsesSum { given: 2, ..sum.clone() }).collect(),
        pair.owning.sums.iter().map(|sum| UsesSum { received: 1, ..sum.clone() }).collect(),
        pair.owning.sums.iter().map(|sum| UsesSum { day: at(9_999), ..sum.clone() }).collect(),
    ] {
        let log = Log { sums, ..pair.owning.clone() };
        assert_eq!(codes(&checked(&log, &pair)), [(last, "sums")], "{:?}", log.sums);
    }
}

/// As in a copy that was exported before the bodies went.
#[test]
fn sums_are_held_against_bodies_that_are_still_there() {
    let mut pair = pair();
    destroy(&mut pair, &[]);
    pair.owning.entries.iter_mut().for_each(|entry| entry.destroyed = false);
    let last = Some(pair.owning.entries.len() as u64 - 1);
    assert_eq!(codes(&checked(&pair.owning, &pair)), []);
    for sum in &mut pair.owning.sums {
        sum.authority = "west-covina-ca-pd/another".parse().unwrap();
    }
    let none = UsesSum { given: 0, authority: answered_on(&pair), ..pair.owning.sums[0].clone() };
    pair.owning.sums.push(none);
    assert_eq!(codes(&checked(&pair.owning, &pair)), [(last, "sums")]);
}

fn answered_on(pair: &Pair) -> schemas::authority::AuthorityId {
    let place = pair.owning.place("query.answered");
    let Event::QueryAnswered(event) = &pair.owning.entries[place].event else { panic!() };
    event.access.basis.as_ref().unwrap().authority.clone()
}

/// Of two answers on a request that allows one, the first is destroyed.
#[test]
fn a_use_above_what_an_authority_allows_is_told_from_bodies_and_sums() {
    for (destroyed, again, told) in
        [(false, false, false), (false, true, true), (true, false, false), (true, true, true)]
    {
        let mut pair = pair();
        on_request(&mut pair, 20, 60);
        if destroyed {
            destroy(&mut pair, &[]);
        }
        if again {
            on_request(&mut pair, 21, LATER + 1);
        }
        let found = codes(&checked(&pair.owning, &pair));
        let expected: &[_] = if told { &[(None, "uses")] } else { &[] };
        assert_eq!(found, expected, "destroyed {destroyed}, again {again}");
    }
}

/// Places a hold on the plate that was asked for, which lists these entries.
pub(crate) fn hold(pair: &mut Pair, minute: i64, entries: Ranges, more: u64) {
    let port = pair.port.clone();
    let hold = Hold {
        hold: 1,
        on: On::Plate("7ABC123".parse().unwrap()),
        reason: words("Trial of case 26-417"),
        by: port.officer().user.unwrap(),
        at: at(minute),
        salt: "0a".repeat(16),
        released: None,
    };
    let notice = HoldNotice { hold: 1, terms: hold.terms().unwrap(), entries, more };
    pair.owning.opened.push(hold.opened());
    pair.owning.holds.push(hold);
    let event = Event::HoldPlaced(HoldPlaced { hold: notice });
    pair.owning.write(minute, Some(&port), port.officer(), event, &[]);
}

/// Every entry of the owner that ends.
pub(crate) fn ending(pair: &Pair) -> Ranges {
    let all = (0..).zip(&pair.owning.entries);
    all.filter(|(_, entry)| entry.event.kind().ends()).map(|(index, _)| index).collect()
}

#[test]
fn a_hold_lists_everything_that_it_keeps() {
    let all = ending(&pair());
    let first = all.parts()[0].0;
    let without = all.without(&Ranges::span(first, first));
    let last = all.parts().last().unwrap().1;
    let but_last = all.without(&Ranges::span(last, last));
    let before_last = but_last.parts().last().unwrap().1;
    for (entries, more, right) in [
        (all.clone(), 0, true),
        (without, 0, false),
        (Ranges::default(), 0, false),
        (but_last.clone(), 0, false),
        (but_last.clone(), 1, true),
        (but_last.without(&Ranges::span(before_last, before_last)), 1, false),
        (but_last.without(&Ranges::span(before_last, before_last)), 2, true),
        (Ranges::span(first, first), 1, false),
    ] {
        let mut pair = pair();
        hold(&mut pair, 100, entries.clone(), more);
        let index = Some(pair.owning.entries.len() as u64 - 1);
        let found = codes(&checked(&pair.owning, &pair));
        let expected: &[_] = if right { &[] } else { &[(index, "hold")] };
        assert_eq!(found, expected, "{entries} and {more} more");
    }
}

/// What comes while a hold is listed is kept as what comes later is.
#[test]
fn a_hold_need_not_list_what_came_just_before_it() {
    for (minute, right) in [(24, true), (25, false), (26, false)] {
        let mut pair = pair();
        // The exchange of minute 10 alone.
        let place = pair.owning.place("query.answered");
        pair.owning.entries.truncate(place + 3);
        hold(&mut pair, minute, Ranges::default(), 0);
        let found = codes(&checked(&pair.owning, &pair));
        assert_eq!(found.is_empty(), right, "minute {minute}: {found:?}");
    }
}

#[test]
fn the_terms_of_a_hold_are_those_that_it_was_placed_on() {
    let mut honest = pair();
    let all = ending(&honest);
    hold(&mut honest, 100, all, 0);
    let index = Some(honest.owning.entries.len() as u64 - 1);
    assert_eq!(codes(&checked(&honest.owning, &honest)), []);
    let mut log = honest.owning.clone();
    log.opened.clear();
    assert_eq!(codes(&checked(&log, &honest)), [(index, "hold")]);
    let mut log = honest.owning.clone();
    log.opened[0].on = On::Plate("4STOLEN".parse().unwrap());
    assert_eq!(codes(&checked(&log, &honest)), [(index, "hold")]);
}

#[test]
fn nothing_is_destroyed_that_a_hold_keeps_by_its_terms() {
    let mut pair = pair();
    hold(&mut pair, 100, Ranges::default(), 0);
    destroy(&mut pair, &[]);
    pair.owning.entries.iter_mut().for_each(|entry| entry.destroyed = false);
    let last = Some(pair.owning.entries.len() as u64 - 1);
    let found = codes(&checked(&pair.owning, &pair));
    assert!(found.contains(&(last, "redacted_held")), "{found:?}");
}

/// An owner that lists nothing under a hold and destroys what it keeps: its own log has no body left that
/// tells, the requester's has.
#[test]
fn the_other_side_tells_what_was_destroyed_under_a_hold() {
    for (held, told) in [(true, true), (false, false)] {
        let mut pair = pair();
        if held {
            hold(&mut pair, 100, Ranges::default(), 0);
        }
        destroy(&mut pair, &[]);
        let found = codes(&checked(&pair.owning, &pair));
        assert_eq!(found, [], "the log alone tells nothing");
        let pinned = pins(&[&pair.covina, &pair.port]);
        let run = |files: [_; 2]| {
            let mut files = files;
            reconcile(&mut files, &pinned, 0).unwrap().report
        };
        let one = run([file(&pair.owning), file(&pair.asking)]);
        let other = run([file(&pair.asking), file(&pair.owning)]);
        for report in [one, other] {
            let under_hold = |found: &&Finding| {
                found.class == Class::RedactedEarly
                    && found.message.as_ref().is_some_and(|what| what.contains("its hold 1 kept"))
            };
            let found: Vec<_> = report.findings.iter().filter(under_hold).collect();
            assert_eq!(!found.is_empty(), told, "{report:#?}");
            assert!(found.iter().all(|one| one.agency.as_ref() == Some(&pair.port.id)));
            assert!(found.iter().all(|one| !one.evidence.is_empty()));
            assert!(found.iter().all(|one| one.query_id.is_some() && one.index.is_some()));
        }
    }
}
