//! What one side kept of the other side's log, held against that side's own bundle: by what it signed, with
//! the entries of both that prove it, and never beyond what its bundle would hold.

use audit::reconcile::{Class, Finding};
use audit::two_bundles::{Reconciled, reconcile};
use schemas::bundle::Scope;
use schemas::event::Event;
use schemas::event::cards::CardConfirmed;

use crate::fabricated::{Extract, Log, Pair, at, pins, query, words};

/// An owner that confirmed a card before it was asked anything.
fn pair() -> Pair {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    pair.owning = Log::new(&port, &[&covina]);
    pair.owning.write(0, Some(&covina), port.officer(), covina.confirmed(), &[&covina.card()]);
    pair.asking.entries.clear();
    pair.answered(1, 10);
    pair.refused(2, 20);
    pair
}

fn compared(pair: &Pair, owning: &Extract) -> Reconciled {
    let pinned = pins(&[&pair.covina, &pair.port]);
    let files = || [owning.file(), pair.asking.extract(600, &Scope::default()).file()];
    let one = reconcile(&mut files(), &pinned, 0).unwrap().report;
    let mut turned = files();
    turned.reverse();
    let other = reconcile(&mut turned, &pinned, 0).unwrap().report;
    let told = |report: &Reconciled| {
        let of = report.findings.iter().map(|one| (one.class, one.index, one.evidence.len()));
        let mut all: Vec<_> = of.map(|one| format!("{one:?}")).collect();
        all.sort();
        all
    };
    assert_eq!(told(&one), told(&other));
    one
}

fn against<'a>(report: &'a Reconciled, pair: &Pair) -> Vec<&'a Finding> {
    let classes = [Class::Altered, Class::Omitted, Class::Forked];
    let found = report.findings.iter().filter(|one| classes.contains(&one.class));
    let found: Vec<_> = found.collect();
    for one in &found {
        assert_eq!(one.agency.as_ref(), Some(&pair.port.id), "{one:#?}");
        assert_eq!(one.signed_by.as_ref().map(|by| &by.agency), Some(&pair.port.id), "{one:#?}");
    }
    found
}

#[test]
fn an_entry_that_was_proved_is_neither_left_out_nor_changed() {
    let first = Some(query(1, &pair().covina, &pair().port, 10).id);
    // The answer is changed, or it and all that follows is not there.
    for (changed, class, said, evidence) in [
        (true, Class::Altered, "has another entry there", 2),
        (false, Class::Omitted, "has no such entry", 1),
    ] {
        let mut pair = pair();
        let place = pair.owning.place("query.answered");
        if changed {
            pair.owning.say("query.answered", "/event/access/count", serde_json::json!(7));
        } else {
            pair.owning.entries.truncate(place);
        }
        let mut whole = pair.owning.extract(600, &Scope::default());
        if !changed {
            // The export's own entry would stand in its place.
            whole.items.pop();
        }
        let report = compared(&pair, &whole);
        let found = against(&report, &pair);
        // What an entry tells by itself, no head has to tell too.
        assert!(found.iter().all(|one| one.class != Class::Forked), "{report:#?}");
        let one = found.iter().find(|one| one.index == Some(place as u64));
        let one = one.unwrap_or_else(|| panic!("{class:?}: {report:#?}"));
        assert_eq!((one.class, one.query_id), (class, first));
        assert_eq!(one.evidence.len(), evidence, "{one:#?}");
        assert!(one.message.as_ref().is_some_and(|what| what.contains(said)), "{one:#?}");
    }
}

/// An earlier entry that was never proved by itself is told by the head above a later one.
#[test]
fn a_head_that_was_shown_is_led_to() {
    for (scoped, changed, told) in [(false, true, true), (false, false, false), (true, true, false)]
    {
        let mut pair = pair();
        if changed {
            let Event::CardAdded(said) = pair.owning.entry("card.added").event.clone() else {
                panic!()
            };
            let verified_by = words("in person");
            pair.owning.entry("card.added").event =
                Event::CardAdded(CardConfirmed { verified_by, ..said });
        }
        // An extract of a period does not lead to a head, and cannot be asked to.
        let scope = Scope { from: scoped.then(|| at(5)), ..Scope::default() };
        let report = compared(&pair, &pair.owning.extract(600, &scope));
        let found = against(&report, &pair);
        assert_eq!(found.len(), usize::from(told), "{report:#?}");
        for one in found {
            assert_eq!(one.class, Class::Forked);
            assert_eq!(one.index, Some(pair.owning.place("query.answered") as u64));
            assert_eq!(one.evidence.len(), 2, "{one:#?}");
            let said = one.message.as_ref().unwrap();
            assert!(
                said.contains("a head of 2 entries that its bundle does not lead to"),
                "{said}"
            );
        }
    }
}

/// Only what its scope covers has to stand in a bundle.
#[test]
fn a_bundle_lacks_nothing_that_is_not_of_its_scope() {
    let peer = |id: &str| Some(id.parse().unwrap());
    for (scope, told) in [
        (Scope::default(), true),
        (Scope { peer: peer("west-covina-ca-pd"), ..Scope::default() }, true),
        (Scope { from: Some(at(10)), ..Scope::default() }, true),
        (Scope { from: Some(at(11)), ..Scope::default() }, false),
        (Scope { until: Some(at(10)), ..Scope::default() }, false),
        (Scope { until: Some(at(11)), ..Scope::default() }, true),
        (Scope { from: Some(at(5)), until: Some(at(15)), ..Scope::default() }, true),
    ] {
        let mut pair = pair();
        let place = pair.owning.place("query.answered");
        let mut bundle = pair.owning.extract(600, &scope);
        bundle.items.retain(|item| crate::fabricated::header(item).index != place as u64);
        pair.owning.entries.clear();
        let report = compared(&pair, &bundle);
        let found = against(&report, &pair);
        let omitted = found.iter().any(|one| one.index == Some(place as u64));
        assert_eq!(omitted, told, "{scope:?}: {report:#?}");
    }
    // Nor what was made after it was exported; in the minute of the export the numbers decide.
    for (minute, entries, told) in [(9, 1, false), (10, 1, false), (10, 4, true), (11, 1, true)] {
        let pair = pair();
        let mut early = pair.owning.clone();
        early.entries.truncate(entries);
        let mut bundle = early.extract(minute, &Scope::default());
        let place = pair.owning.place("query.answered") as u64;
        if entries > 1 {
            bundle.items.retain(|item| crate::fabricated::header(item).index != place);
        }
        let report = compared(&pair, &bundle);
        // The export's own entry stands in its place.
        let found = against(&report, &pair);
        let altered = found.iter().any(|one| one.class == Class::Altered);
        let omitted = found.iter().any(|one| one.class == Class::Omitted);
        assert!(altered || omitted || !told, "{minute} {entries}: {report:#?}");
    }
}

/// A bundle that ends too early is told with the head that proves it.
#[test]
fn the_largest_head_that_is_kept_tells_how_early_a_bundle_ends() {
    let mut pair = pair();
    let until = pair.owning.place("query.answered");
    pair.owning.entries.truncate(until);
    let report = compared(&pair, &pair.owning.extract(5, &Scope::default()));
    let found = report.findings.iter().find(|one| one.class == Class::StaleBundle);
    let found = found.unwrap_or_else(|| panic!("{report:#?}"));
    assert_eq!(found.evidence.len(), 1);
    let said = found.message.as_ref().unwrap();
    assert!(said.contains("ends at 2 entries") && said.contains("a head of 5 entries"), "{said}");
}
