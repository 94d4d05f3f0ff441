//! Clocks that an entry accepts: by which time the entries before it count.

use schemas::bundle::Item;

use super::{Check, MOST_PROBLEMS};
use crate::brackets::DISPROVED;
use crate::clock_steps::ClockStep;
use crate::problem::Problem;
use crate::verify::Judged;

impl<S: FnMut(Judged, &Item, u64)> Check<S> {
    /// Whether it accepts a clock; then entries before it may count by another time.
    pub(super) fn clock(&mut self, judged: &Judged) {
        let header = &judged.header;
        let before = self.last.replace((header.index, header.at));
        let Some(step) = ClockStep::of(header, judged.body.as_ref()) else { return };
        if let Some((index, at)) = before.filter(|(_, at)| *at != step.last)
            && index.saturating_add(1) == header.index
        {
            let what = format!("says that the entry before it is of {}; it is of {at}", step.last);
            self.wrong(Some(header.index), "binding", what);
        }
        if step.at < step.last {
            self.redactions.set_back(step.at);
            // That those stamps are wrong is what it says.
            let before = |found: &Problem| found.index.is_some_and(|index| index < step.entry);
            self.disproved.retain(|(at, found)| *at <= step.at || !before(found));
        }
        let stamps = self.redactions.stamps();
        self.clock.take(step, stamps.chain(self.misplaced.iter_mut().map(|one| &mut one.at)));
    }

    /// Takes in what was found of these entries. A stamp that others disprove may be explained yet.
    pub(super) fn verified(&mut self, judged: &[Option<Judged>]) {
        let stamp = |index: Option<u64>| {
            let mut headers = judged.iter().flatten().map(|one| &one.header);
            headers.find(|header| Some(header.index) == index).map(|header| header.at)
        };
        for found in self.verifier.problems() {
            match stamp(found.index).filter(|_| found.code == DISPROVED) {
                Some(at) if self.disproved.len() < MOST_PROBLEMS => {
                    self.disproved.push((at, found));
                }
                _ => self.add(found),
            }
        }
    }

    /// What nobody explained.
    pub(super) fn still_disproved(&mut self) {
        for (_, found) in std::mem::take(&mut self.disproved) {
            self.add(found);
        }
    }
}
