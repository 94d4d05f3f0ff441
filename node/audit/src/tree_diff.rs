//! Finding where two trees differ, place by place, out of what the other side shows. Pure.
//!
//! Nothing that the other side shows counts unless it hashes up to the root that it signed. Where
//! the digests agree both logs tell the same, and nothing more is asked.

use std::collections::{HashSet, VecDeque};

use schemas::digest::Digest;
use schemas::statement::tree_path::TreePath;
use schemas::statement::{Child, ExchangeRecord, MOST_PLACES, MOST_PLACES_IN_ALL, Node};

use super::exchange_tree::{Ended, Item, Tree};

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
    pub theirs: Option<ExchangeRecord>,
}

/// A place of which the other side showed what it had not signed.
#[derive(Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// Where.
    pub place: TreePath,
    /// What it had signed.
    pub stated: Digest,
    /// What it showed, and why that is something else.
    pub why: String,
}

/// A comparison of two trees under way.
#[derive(Debug)]
pub struct TreeDiff {
    ours: Tree,
    ahead: VecDeque<Child>,
    asked: VecDeque<Child>,
    opened: usize,
    found: DiffResult,
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct DiffResult {
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

impl TreeDiff {
    /// Of our tree and the root that the other side stated.
    #[must_use]
    pub fn new(ours: Tree, theirs: Child) -> Self {
        let mut found = DiffResult::default();
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
        this.look(&TreePath::all(), Some(theirs));
        this
    }

    /// Compares one place that the other side stated, or does not have.
    fn look(&mut self, place: &TreePath, theirs: Option<Child>) {
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
    fn take(&mut self, place: &TreePath) -> u64 {
        let mut count = 0u64;
        for item in self.ours.at(place) {
            self.found.uncount(item);
            count = count.saturating_add(1);
        }
        count
    }

    /// What stands at a place of our tree alone.
    fn alone(&mut self, place: &TreePath) {
        for item in self.ours.at(place) {
            self.found.differ(Some(item), None);
        }
    }

    /// The next places to ask for; none at the end.
    pub fn wanted(&mut self) -> Vec<TreePath> {
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

    fn places(&mut self, place: &TreePath, theirs: Vec<Child>) {
        let mut missing: Vec<TreePath> = self.ours.children(place);
        for child in theirs {
            missing.retain(|ours| *ours != child.place);
            let place = child.place.clone();
            self.look(&place, Some(child));
        }
        for place in missing {
            self.look(&place, None);
        }
    }

    fn lines(&mut self, place: &TreePath, theirs: Vec<ExchangeRecord>) {
        let mut theirs: Vec<(Digest, ExchangeRecord)> =
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
    pub fn finish(self) -> DiffResult {
        let Self { ours, mut found, .. } = self;
        let open = ours.items().iter().filter(|item| item.ended == Ended::Not);
        found.unended = open.filter(|item| !found.looked_at.contains(&item.key)).cloned().collect();
        found
    }
}

impl DiffResult {
    fn uncount(&mut self, item: &Item) {
        match item.ended {
            Ended::Answered => self.matched = self.matched.saturating_sub(1),
            Ended::Refused => self.refused_both = self.refused_both.saturating_sub(1),
            Ended::Not => drop(self.looked_at.insert(item.key)),
        }
    }

    fn differ(&mut self, ours: Option<&Item>, theirs: Option<ExchangeRecord>) {
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use schemas::agency::AgencyId;
    use schemas::query::QueryId;
    use schemas::statement::{Child, Reached};
    use schemas::time::Timestamp;

    use super::super::exchange_tree::{Below, TreeBuilder, line};
    use super::*;
    use schemas::exchange::Exchange;

    fn agencies() -> [AgencyId; 2] {
        ["asking-ca-pd", "owning-ca-pd"].map(|id| id.parse().unwrap())
    }

    /// What one side's log says of exchange `n`; another `version` of it differs.
    fn exchange(n: u16, version: u8, asked: bool) -> Exchange {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        // Some 4,000 a day, over three months of two years.
        let millis = 1_767_000_000_000 + i64::from(n) * 2_000_000;
        Exchange {
            entry: u64::from(n),
            asked,
            query_id: QueryId::from_bytes(id),
            asked_at: Timestamp::from_millis(millis).unwrap(),
            reached: if n.is_multiple_of(5) { Reached::Refused } else { Reached::Answered },
            query: Digest::of(&n.to_be_bytes()),
            reply: Some(Digest::of(&[version])),
            receipt: (!n.is_multiple_of(5)).then(|| Digest::of(b"receipt")),
            turned_away: false,
        }
    }

    /// A log's tree, and the lines in it by key.
    fn told(of: &BTreeMap<u16, u8>, asked: bool) -> (Tree, BTreeMap<Digest, ExchangeRecord>) {
        let [one, other] = agencies();
        let (me, peer) = if asked { (one, other) } else { (other, one) };
        let exchanges: Vec<_> =
            of.iter().map(|(n, version)| exchange(*n, *version, asked)).collect();
        let lines = exchanges.iter().map(|one| line(one, &me, &peer));
        let lines = lines.map(|line| (line.query_id.digest(), line)).collect();
        let mut gathered = TreeBuilder::new(me, peer);
        gathered.add(exchanges);
        (gathered.tree(), lines)
    }

    fn show(tree: &Tree, lines: &BTreeMap<Digest, ExchangeRecord>, place: TreePath) -> Vec<u8> {
        let node = match tree.below(&place) {
            Below::Places(children) => Node { place, children, lines: Vec::new() },
            Below::Bucket(items) => {
                let lines = items.iter().map(|item| lines[&item.key].clone()).collect();
                Node { place, children: Vec::new(), lines }
            }
        };
        serde_json::to_vec(&node).unwrap()
    }

    /// Compares the first log with what the second one shows; and how many bytes that took.
    fn compared(ours: &BTreeMap<u16, u8>, theirs: &BTreeMap<u16, u8>) -> (DiffResult, usize) {
        let ((ours, _), (theirs, lines)) = (told(ours, true), told(theirs, false));
        let mut diff = TreeDiff::new(ours, theirs.root());
        let mut bytes = 0;
        loop {
            let places = diff.wanted();
            if places.is_empty() {
                return (diff.finish(), bytes);
            }
            for place in places {
                let shown = show(&theirs, &lines, place);
                bytes += shown.len();
                diff.take_in(&shown);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Exactly the exchanges that the two logs do not tell alike are found, whichever they are.
        #[test]
        fn what_differs_is_found_and_nothing_else(
            base in prop::collection::btree_set(any::<u16>(), 0..600),
            only_ours in prop::collection::btree_set(any::<u16>(), 0..20),
            only_theirs in prop::collection::btree_set(any::<u16>(), 0..20),
            altered in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let mut ours: BTreeMap<u16, u8> = base.iter().map(|n| (*n, 0)).collect();
            let mut theirs = ours.clone();
            for n in only_ours.difference(&base) { ours.insert(*n, 0); }
            for n in only_theirs.difference(&base) { theirs.insert(*n, 0); }
            let all: Vec<u16> = base.iter().copied().collect();
            if !all.is_empty() {
                for at in altered { theirs.insert(*at.get(&all), 1); }
            }
            let keys: BTreeSet<u16> = ours.keys().chain(theirs.keys()).copied().collect();
            let (same, differ): (Vec<_>, Vec<_>) =
                keys.into_iter().partition(|n| ours.get(n) == theirs.get(n));
            let (found, _) = compared(&ours, &theirs);
            let mut told: Vec<u16> = found.differences.iter().map(|one| {
                let key = one.ours.as_ref().map(|item| item.key);
                let key = key.or(one.theirs.as_ref().map(|line| line.query_id.digest()));
                *differ.iter().find(|n| Some(exchange(**n, 0, true).query_id.digest()) == key)
                    .expect("a difference that is one")
            }).collect();
            told.sort_unstable();
            prop_assert_eq!(&told, &differ);
            prop_assert!(found.contradictions.is_empty() && found.further == 0);
            let refused = same.iter().filter(|n| n.is_multiple_of(5)).count() as u64;
            prop_assert_eq!((found.matched, found.refused_both), (same.len() as u64 - refused, refused));
        }
    }

    /// Sixty thousand exchanges and one that differs cost a few kilobytes; none that does, nothing.
    #[test]
    fn what_agrees_costs_nothing() {
        let ours: BTreeMap<u16, u8> = (0..60_000).map(|n| (n, 0)).collect();
        let (found, bytes) = compared(&ours, &ours);
        assert_eq!((found.matched, found.refused_both, bytes), (48_000, 12_000, 0));
        let mut theirs = ours.clone();
        theirs.insert(31_007, 1);
        let (found, bytes) = compared(&ours, &theirs);
        assert_eq!((found.matched, found.differences.len()), (47_999, 1));
        assert!(bytes < 30_000, "{bytes}");
    }

    /// Whatever does not hash to what was stated is told as a contradiction, and counts as nothing.
    #[test]
    fn a_peer_that_shows_something_else_than_it_stated_contradicts_itself() {
        let ours: BTreeMap<u16, u8> = (0..50).map(|n| (n, 0)).collect();
        let (theirs, lines) = told(&ours, false);
        let root = Child { digest: Digest::of(b"another"), ..theirs.root() };
        for shown in [show(&theirs, &lines, TreePath::all()), b"{}".to_vec(), b"nonsense".to_vec()]
        {
            let mut diff = TreeDiff::new(told(&ours, true).0, root.clone());
            assert_eq!(diff.wanted(), [TreePath::all()]);
            diff.take_in(&shown);
            assert!(diff.wanted().is_empty());
            let found = diff.finish();
            assert_eq!((found.matched, found.refused_both), (0, 0));
            assert_eq!(found.contradictions.len(), 1);
            assert_eq!(found.contradictions[0].stated, root.digest);
        }
    }
}
