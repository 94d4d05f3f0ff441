//! What holds keep while they last, and what they do not: released ones, and what is about another plate.

use registry::{Hold, On};
use schemas::event::Event;
use schemas::event::retention::{HoldPlaced, HoldReleased};
use schemas::ranges::Ranges;
use schemas::redaction::HoldNotice;

use crate::destroyed::{LATER, checked, codes, destroy, ending, hold, pair};
use crate::fabricated::{Pair, at, words};

fn release(pair: &mut Pair, minute: i64) {
    let port = pair.port.clone();
    let terms = pair.owning.holds[0].terms().unwrap();
    let event = Event::HoldReleased(HoldReleased { released: 1, terms });
    pair.owning.write(minute, Some(&port), port.officer(), event, &[]);
}

#[test]
fn a_hold_keeps_while_it_lasts() {
    for (released, told) in [(None, true), (Some(200), false), (Some(LATER + 1), true)] {
        let mut pair = pair();
        let all = ending(&pair);
        hold(&mut pair, 100, all, 0);
        if let Some(minute) = released.filter(|minute| *minute < LATER) {
            release(&mut pair, minute);
        }
        destroy(&mut pair, &[]);
        pair.owning.entries.iter_mut().for_each(|entry| entry.destroyed = false);
        let redacted = Some(pair.owning.entries.len() as u64 - 1);
        // One that is released afterwards lasted when the bodies went.
        if let Some(minute) = released.filter(|minute| *minute >= LATER) {
            release(&mut pair, minute);
        }
        let report = checked(&pair.owning, &pair);
        let found = codes(&report).contains(&(redacted, "redacted_held"));
        assert_eq!(found, told, "released {released:?}: {:?}", codes(&report));
    }
}

/// What came after a release no hold keeps, and a second release changes nothing.
#[test]
fn a_hold_ends_when_it_is_released() {
    let mut held = pair();
    hold(&mut held, 5, Ranges::default(), 0);
    let placed = held.owning.entries.pop().unwrap();
    held.owning.entries.insert(1, placed);
    release(&mut held, 6);
    let released = held.owning.entries.pop().unwrap();
    held.owning.entries.insert(2, released);
    destroy(&mut held, &[]);
    held.owning.entries.iter_mut().for_each(|entry| entry.destroyed = false);
    let told = codes(&checked(&held.owning, &held));
    assert!(!told.iter().any(|(_, code)| ["hold", "redacted_held"].contains(code)), "{told:?}");
}

#[test]
fn a_hold_lists_nothing_that_is_about_another_plate() {
    let mut pair = pair();
    let port = pair.port.clone();
    let other = Hold {
        hold: 1,
        on: On::Plate("4STOLEN".parse().unwrap()),
        reason: words("Trial of case 26-418"),
        by: port.officer().user.unwrap(),
        at: at(100),
        salt: "0b".repeat(16),
        released: None,
    };
    let terms = other.terms().unwrap();
    let notice = HoldNotice { hold: 1, terms, entries: Ranges::default(), more: 0 };
    pair.owning.opened.push(other.opened());
    pair.owning.holds.push(other);
    let event = Event::HoldPlaced(HoldPlaced { hold: notice });
    pair.owning.write(100, Some(&port), port.officer(), event, &[]);
    destroy(&mut pair, &[]);
    pair.owning.entries.iter_mut().for_each(|entry| entry.destroyed = false);
    assert_eq!(codes(&checked(&pair.owning, &pair)), []);
}
