//! What legal holds keep, told from their terms: a whole log opens them, so whoever reads it finds for
//! each body whether a hold keeps it, and whether its owner listed it.

use std::collections::BTreeMap;

use registry::{On, OpenedHold};
use schemas::body::Body;
use schemas::entry::Header;
use schemas::event::Event;
use schemas::ranges::Ranges;
use schemas::redaction::{HoldNotice, Redaction};
use schemas::time::{MINUTE_MS, Timestamp};

use super::problem::{Problem, problem};

/// How long it may take to list what a hold keeps: what comes meanwhile is kept as whatever comes later.
const LISTING_MS: i64 = 15 * MINUTE_MS;
/// Most holds whose terms stand in a bundle.
const MOST_HOLDS: usize = 20_000;
/// Longest text of the terms of one hold, in bytes.
const LARGEST_TERMS: usize = 16 << 10;

/// A hold as a log tells of it.
#[derive(Debug, Clone)]
pub struct JudgedHold {
    /// Its number.
    pub hold: u64,
    /// What is held.
    pub on: On,
    /// The entry that placed it.
    pub placed: Option<u64>,
    /// The entry that released it.
    pub released: Option<u64>,
}

impl JudgedHold {
    /// Whether it lasted when an entry was made.
    #[must_use]
    pub fn lasts_at(&self, index: u64) -> bool {
        self.placed.is_some_and(|placed| placed < index)
            && self.released.is_none_or(|released| released > index)
    }
}

/// A hold whose terms are opened.
#[derive(Debug)]
struct Opened {
    hold: JudgedHold,
    terms: Option<schemas::digest::Digest>,
    /// Entries that it keeps by their bodies, with their times, until it is placed.
    before: Vec<(u64, Timestamp)>,
    /// Those entries, and the ones that came later.
    keeps: Ranges,
}

/// Tells what holds keep.
#[derive(Debug, Default)]
pub(super) struct HoldCheck {
    whole: bool,
    holds: BTreeMap<u64, Opened>,
    problems: Vec<Problem>,
}

impl HoldCheck {
    /// Of a `whole` log, or of some entries of one.
    pub(super) fn new(whole: bool) -> Self {
        Self { whole, ..Self::default() }
    }

    /// Takes in the terms of a hold.
    pub(super) fn open(&mut self, text: &str) {
        let mut wrong = |what: String| self.problems.push(problem(None, "line", what));
        if !self.whole {
            return wrong(
                "the terms of a hold stand in it, which only a whole log may hold".into(),
            );
        }
        if self.holds.len() >= MOST_HOLDS || text.len() > LARGEST_TERMS {
            return wrong(format!(
                "terms of a hold of {} bytes; at most {MOST_HOLDS} of {LARGEST_TERMS} bytes are read",
                text.len()
            ));
        }
        match serde_json::from_str::<OpenedHold>(text) {
            Err(error) => wrong(format!("the terms of a hold cannot be read: {error}")),
            Ok(opened) => {
                let terms = opened.terms().ok();
                let OpenedHold { hold, on, .. } = opened;
                let judged = JudgedHold { hold, on, placed: None, released: None };
                let new =
                    Opened { hold: judged, terms, before: Vec::new(), keeps: Ranges::default() };
                if self.holds.insert(hold, new).is_some() {
                    wrong(format!("the terms of hold {hold} stand in it twice"));
                }
            }
        }
    }

    /// Takes in the next entry, with its body as it may be believed.
    pub(super) fn see(&mut self, header: &Header, body: Option<&Body>) {
        let Some(body) = body.filter(|_| self.whole) else { return };
        let index = header.index;
        if header.kind.ends() {
            for opened in self.holds.values_mut() {
                if opened.hold.released.is_none() && opened.hold.on.holds_body(body) {
                    match opened.hold.placed {
                        None => opened.before.push((index, header.at)),
                        Some(_) => opened.keeps.add(index),
                    }
                }
            }
        }
        match &body.event {
            Event::HoldPlaced(placed) => self.placed(header, &placed.hold),
            Event::HoldReleased(released) => {
                if let Some(opened) = self.holds.get_mut(&released.released) {
                    opened.hold.released = opened.hold.released.or(Some(index));
                }
            }
            Event::EntriesRedacted(redacted) => self.redacted(index, &redacted.redaction),
            _ => {}
        }
    }

    /// A hold is placed: what it keeps, and nothing less, is listed.
    fn placed(&mut self, header: &Header, notice: &HoldNotice) {
        let mut wrong =
            |what: String| self.problems.push(problem(Some(header.index), "hold", what));
        let number = notice.hold;
        let Some(opened) = self.holds.get_mut(&number) else {
            return wrong(format!(
                "the terms of hold {number} are not opened, so nobody can tell what it keeps"
            ));
        };
        if opened.terms != Some(notice.terms) {
            wrong(format!("the terms opened of hold {number} are not those that it was placed on"));
        }
        if opened.hold.placed.is_some() {
            return;
        }
        opened.hold.placed = Some(header.index);
        let before = std::mem::take(&mut opened.before);
        opened.keeps = before.iter().map(|(index, _)| *index).collect();
        let meanwhile = header.at.plus_millis(-LISTING_MS);
        // Where there are too many to name, the oldest are named.
        let last = notice.entries.parts().last().map(|(_, last)| *last);
        let named_until = last.filter(|_| notice.more > 0);
        let mut unnamed = 0u64;
        for (index, at) in before {
            if notice.entries.contains(index) || at > meanwhile {
                continue;
            }
            if named_until.is_some_and(|last| index > last) && unnamed < notice.more {
                unnamed = unnamed.saturating_add(1);
                continue;
            }
            return wrong(format!(
                "hold {number} keeps entry {index} by its terms, and does not list it"
            ));
        }
    }

    /// What a redaction destroys is kept by no hold.
    fn redacted(&mut self, index: u64, redaction: &Redaction) {
        for opened in self.holds.values().filter(|opened| opened.hold.lasts_at(index)) {
            let spared = redaction.entries.without(&opened.keeps);
            if spared != redaction.entries {
                let kept = redaction.entries.without(&spared);
                let what = format!(
                    "destroys entries {kept}, which hold {} keeps by its terms",
                    opened.hold.hold
                );
                self.problems.push(problem(Some(index), "redacted_held", what));
            }
        }
    }

    /// What was found since this was asked last.
    pub(super) fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// The holds that were placed.
    pub(super) fn finish(self) -> Vec<JudgedHold> {
        let holds = self.holds.into_values().map(|opened| opened.hold);
        holds.filter(|hold| hold.placed.is_some()).collect()
    }
}
