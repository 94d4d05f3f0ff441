//! What was said lately, and where: so an entry that rests on a look into the store, made some time
//! before it, can be held against what came between. Bounded: what rests on an older look is looked up
//! again.

use std::collections::VecDeque;
use std::sync::Arc;

/// How many names are known; whoever looked before the entry of the oldest looks again. An
/// import of 2,000 records names up to three reads for each.
const MOST: usize = 6_000;

/// The last ones that were named, by entry. Cheap to clone and to add to: what is added stands beside the
/// rest, which clones share, until [`Self::gather`].
#[derive(Debug, Clone)]
pub(super) struct Recent<T> {
    known: Arc<Known<T>>,
    /// What was named since, in order.
    later: Vec<(u64, Arc<[T]>)>,
}

#[derive(Debug, Clone)]
struct Known<T> {
    /// Entries from this one on are known.
    since: u64,
    last: VecDeque<(u64, Arc<[T]>)>,
    names: usize,
}

impl<T: PartialEq + Clone> Recent<T> {
    /// Knows nothing of the entries before `since`.
    pub(super) fn new(since: u64) -> Self {
        let known = Known { since, last: VecDeque::new(), names: 0 };
        Self { known: Arc::new(known), later: Vec::new() }
    }

    /// Entry `index` names `what`.
    pub(super) fn note(&mut self, index: u64, what: Vec<T>) {
        if !what.is_empty() {
            self.later.push((index, what.into()));
        }
    }

    /// Puts what was added with the rest. Whoever shares the rest makes this copy it.
    pub(super) fn gather(&mut self) {
        if self.later.is_empty() {
            return;
        }
        let known = Arc::make_mut(&mut self.known);
        for (index, names) in self.later.drain(..) {
            known.names = known.names.saturating_add(names.len());
            known.last.push_back((index, names));
        }
        // What the last entry names is known, however much that is.
        while known.names > MOST
            && known.last.len() > 1
            && let Some((oldest, names)) = known.last.pop_front()
        {
            known.names = known.names.saturating_sub(names.len());
            known.since = oldest.saturating_add(1);
        }
    }

    /// Whether it is known that no entry from `seen` on names one of `what`.
    pub(super) fn none_since(&self, seen: u64, what: &[T]) -> bool {
        let last = self.later.iter().rev().chain(self.known.last.iter().rev());
        let later = last.take_while(|(index, _)| *index >= seen);
        let mut named = later.flat_map(|(_, names)| names.iter());
        seen >= self.known.since && !named.any(|named| what.contains(named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_named_since_a_look_is_known_and_what_is_too_old_is_not_known() {
        let mut recent = Recent::new(10);
        recent.note(12, vec!['a']);
        recent.note(15, vec!['b']);
        assert!(recent.none_since(13, &['a']));
        assert!(!recent.none_since(12, &['a']));
        assert!(!recent.none_since(11, &['b', 'c']));
        assert!(recent.none_since(16, &['a', 'b']));
        assert!(!recent.none_since(9, &['c']), "nobody knows what entry 9 said");
        recent.gather();
        assert!(recent.none_since(13, &['a']) && !recent.none_since(12, &['a']));
        for index in 16..16 + MOST as u64 {
            recent.note(index, vec!['z']);
        }
        recent.gather();
        assert!(!recent.none_since(13, &['a']), "too long ago");
        assert!(recent.none_since(16, &['a']));
    }

    #[test]
    fn what_the_last_entry_names_is_known_however_much_that_is() {
        let mut recent = Recent::new(0);
        recent.note(3, vec![0]);
        recent.note(4, (1..2 * MOST).collect());
        recent.gather();
        assert!(!recent.none_since(4, &[MOST]));
        assert!(recent.none_since(4, &[0]), "who looked after the third looks no second time");
        assert!(recent.none_since(5, &[MOST]));
        assert!(!recent.none_since(3, &[2 * MOST]), "nobody knows what the third said");
    }

    #[test]
    fn a_group_that_is_tried_copies_nothing_of_what_is_known() {
        let mut recent = Recent::new(0);
        (0..100).for_each(|index| recent.note(index, vec![index]));
        recent.gather();
        let known = Arc::as_ptr(&recent.known);
        for index in 100..110 {
            // As the writer does: a copy is added to and takes the place of what it was made of.
            let mut next = recent.clone();
            next.note(index, vec![index]);
            recent = next;
            recent.gather();
            assert_eq!(Arc::as_ptr(&recent.known), known);
        }
        assert!(!recent.none_since(105, &[109]));
    }
}
