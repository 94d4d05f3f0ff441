//! Clocks that were accepted: what stood under a clock that was ahead counts as of the acceptance, and an
//! acceptance says what came before it.

use audit::check::Report;
use schemas::event::Event;
use schemas::event::clock::ClockAccepted;

use crate::fabricated::{Pair, at, words};

/// An owner whose clock was set to `minute` after its log said `last`.
fn accepted(last: i64, minute: i64, cosigned: Option<i64>) -> (Report, u64) {
    let mut pair = Pair::honest();
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    let place = pair.owning.place("query.answered");
    pair.owning.entries.truncate(place + 1);
    if let Some(cosigned) = cosigned {
        pair.owning.cosigned.push((place + 1, covina.clone(), cosigned));
    }
    let reason = words("the clock was ahead");
    let event = Event::ClockAccepted(ClockAccepted { last: at(last), reason });
    pair.owning.write(minute, Some(&port), port.officer(), event, &[]);
    (pair.owning.verified(&[&covina, &port]), place as u64 + 1)
}

#[test]
fn a_clock_that_is_accepted_says_what_it_was_before() {
    for (last, right) in [(10, true), (9, false), (11, false)] {
        let (report, entry) = accepted(last, 500, None);
        let told = report.problems.iter().any(|one| {
            one.index == Some(entry) && one.message.contains("says that the entry before it is of")
        });
        assert_eq!(told, !right, "{last}: {:?}", report.problems);
        assert_eq!(report.clock_accepted.len(), 1);
        assert_eq!(report.clock_accepted[0].entry, entry);
        assert_eq!(report.clock_accepted[0].last, at(last));
    }
}

/// That the stamps before were ahead is what the acceptance says; of a clock that went on nobody says so.
#[test]
fn a_stamp_that_others_disprove_is_explained_by_a_clock_that_was_set_back() {
    // The head over the answer of minute 10 was cosigned at minute -100.
    for (minute, explained) in [(-90, true), (20, false)] {
        let (report, _) = accepted(10, minute, Some(-100));
        let told = report.problems.iter().any(|one| one.code == "time_disproved");
        assert_eq!(told, !explained, "{minute}: {:?}", report.problems);
    }
    let (report, _) = accepted(10, 20, None);
    assert!(report.problems.iter().all(|one| one.code != "time_disproved"));
}

/// Time goes back with an acceptance alone.
#[test]
fn time_goes_back_with_an_acceptance_alone() {
    let mut pair = Pair::honest();
    let covina = pair.covina.clone();
    let place = pair.owning.place("receipt.recorded");
    pair.owning.entries.truncate(place + 1);
    for (minute, right) in [(10, true), (9, false)] {
        pair.owning.entries[place].at = at(minute);
        let report = pair.owning.verified(&[&covina, &pair.port]);
        let told = report.problems.iter().any(|one| one.code == "time");
        assert_eq!(told, !right, "{minute}: {:?}", report.problems);
    }
}
