//! Finding where two trees differ, place by place, out of what the other side shows. Pure.
//!
//! Nothing that the other side shows counts unless it hashes up to the root that it signed. Where
//! the digests agree both logs tell the same, and nothing more is asked.

use std::collections::{HashSet, VecDeque};

use schemas::digest::Digest;
use schemas::statement::place::Place;
use schemas::statement::{Child, Line, MOST_PLACES, MOST_PLACES_IN_ALL, Node};

use super::tree::{Ended, Item, Tree};

/// Most differences told one by one.
const MOST: usize = 10_000;
/// Most bytes of what was shown that are kept as evidence.
const MOST_KEPT: usize = 8 << 20;

/// An exchange that the two logs do not tell alike.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where ours stands.
    pub ours: Option<Item>,
    /// What theirs says.
    pub theirs: Option<Line>,
}

/// A place of which the other side showed what it had not signed.
#[derive(Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// Where.
    pub place: Place,
    /// What it had signed.
    pub stated: Digest,
    /// What it showed, and why that is something else.
    pub why: String,
}

/// A comparison under way.
#[derive(Debug)]
pub struct Narrowing {
    ours: Tree,
    ahead: VecDeque<Child>,
    asked: VecDeque<Child>,
    opened: usize,
    found: Found,
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Found {
    /// What both tell alike: answered and receipted.
    pub matched: u64,
    /// What both tell alike: refused.
    pub refused_both: u64,
    /// What they do not.
    pub differences: Vec<Difference>,
    /// Where the other side contradicted itself.
    pub contradictions: Vec<Contradiction>,
    /// Exchanges at places that differ and were not looked into: there are too many.
    pub further: u64,
    /// What the other side showed on the way, exactly: with its statement, the proof of what it
    /// told and did not tell.
    pub shown: Vec<String>,
    /// What both tell alike although neither can: no answer with a receipt, and no refusal.
    pub unended: Vec<Item>,
    kept: usize,
    looked_at: HashSet<Digest>,
}

impl Narrowing {
    /// Of our tree and the root that the other side stated.
    #[must_use]
    pub fn new(ours: Tree, theirs: Child) -> Self {
        let mut found = Found::default();
        for item in ours.items() {
            match item.ended {
                Ended::Answered => found.matched = found.matched.saturating_add(1),
                Ended::Refused => found.refused_both = found.refused_both.saturating_add(1),
                // No agreement, whatever the other log says.
                Ended::Not => {}
            }
        }
        let mut this =
            Self { ours, ahead: VecDeque::new(), asked: VecDeque::new(), opened: 0, found };
        this.look(&Place::all(), Some(theirs));
        this
    }

    /// Compares one place that the other side stated, or does not have.
    fn look(&mut self, place: &Place, theirs: Option<Child>) {
        let ours = self.ours.digest(place);
        match theirs {
            Some(theirs) if ours == Some(theirs.digest) => {}
            Some(theirs)
                if self.found.differences.len() >= MOST
                    || self.opened.saturating_add(self.ahead.len()) >= MOST_PLACES_IN_ALL =>
            {
                let here = self.take(place);
                self.found.further = self.found.further.saturating_add(theirs.count.max(here));
            }
            Some(theirs) if theirs.count == 0 => self.alone(place),
            Some(theirs) => self.ahead.push_back(theirs),
            None => self.alone(place),
        }
    }

    /// Of what stands at a place of our tree, nothing matches; how many.
    fn take(&mut self, place: &Place) -> u64 {
        let mut count = 0u64;
        for item in self.ours.at(place) {
            self.found.uncount(item);
            count = count.saturating_add(1);
        }
        count
    }

    /// What stands at a place of our tree alone.
    fn alone(&mut self, place: &Place) {
        for item in self.ours.at(place) {
            self.found.differ(Some(item), None);
        }
    }

    /// The next places to ask for; none at the end.
    pub fn wanted(&mut self) -> Vec<Place> {
        let some = self.ahead.len().min(MOST_PLACES);
        self.asked.extend(self.ahead.drain(..some));
        self.opened = self.opened.saturating_add(some);
        self.asked.iter().map(|child| child.place.clone()).collect()
    }

    /// Takes in what was shown of the next place that was asked for.
    pub fn take_in(&mut self, shown: &[u8]) {
        let Some(asked) = self.asked.pop_front() else { return };
        self.found.keep(shown);
        let node = serde_json::from_slice::<Node>(shown).map_err(|e| e.to_string());
        let node = node.and_then(|node| {
            let stated = node.stated(&asked.place, asked.count, &asked.digest);
            stated.map(|()| node).map_err(|e| e.to_string())
        });
        match node {
            Err(why) => {
                self.take(&asked.place);
                let Child { place, digest: stated, .. } = asked;
                self.found.contradictions.push(Contradiction { place, stated, why });
            }
            Ok(node) if node.lines.is_empty() => self.places(&asked.place, node.children),
            Ok(node) => self.lines(&asked.place, node.lines),
        }
    }

    fn places(&mut self, place: &Place, theirs: Vec<Child>) {
        let mut missing: Vec<Place> = self.ours.children(place);
        for child in theirs {
            missing.retain(|ours| *ours != child.place);
            let place = child.place.clone();
            self.look(&place, Some(child));
        }
        for place in missing {
            self.look(&place, None);
        }
    }

    fn lines(&mut self, place: &Place, theirs: Vec<Line>) {
        let mut theirs: Vec<(Digest, Line)> =
            theirs.into_iter().map(|line| (line.query_id.digest(), line)).collect();
        for item in self.ours.at(place) {
            let their = theirs.iter().position(|(key, _)| *key == item.key);
            let their = their.map(|at| theirs.remove(at).1);
            if their.as_ref().is_none_or(|line| line.digest() != item.digest) {
                self.found.differ(Some(item), their);
            }
        }
        for (_, line) in theirs {
            self.found.differ(None, Some(line));
        }
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Found {
        let Self { ours, mut found, .. } = self;
        let open = ours.items().iter().filter(|item| item.ended == Ended::Not);
        found.unended = open.filter(|item| !found.looked_at.contains(&item.key)).cloned().collect();
        found
    }
}

impl Found {
    fn uncount(&mut self, item: &Item) {
        match item.ended {
            Ended::Answered => self.matched = self.matched.saturating_sub(1),
            Ended::Refused => self.refused_both = self.refused_both.saturating_sub(1),
            Ended::Not => drop(self.looked_at.insert(item.key)),
        }
    }

    fn differ(&mut self, ours: Option<&Item>, theirs: Option<Line>) {
        if let Some(item) = ours {
            self.uncount(item);
        }
        if self.differences.len() < MOST {
            self.differences.push(Difference { ours: ours.cloned(), theirs });
        } else {
            self.further = self.further.saturating_add(1);
        }
    }

    fn keep(&mut self, shown: &[u8]) {
        self.kept = self.kept.saturating_add(shown.len());
        if self.kept <= MOST_KEPT {
            self.shown.push(String::from_utf8_lossy(shown).into_owned());
        }
    }
}
