//! What was said lately, and where: so an entry that rests on a look into the store, made some time
//! before it, can be held against what came between. Bounded: what rests on an older look is looked up
//! again.

use std::collections::VecDeque;
use std::sync::Arc;

/// How many names are known; whoever looked before the entry of the oldest looks again. An
/// import of 2,000 records names up to three reads for each.
const MOST: usize = 6_000;

/// The last ones that were named, by entry. Cheap to clone: who adds to what another holds too copies it.
#[derive(Debug, Clone)]
pub(super) struct Recent<T>(Arc<Known<T>>);

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
        Self(Arc::new(Known { since, last: VecDeque::new(), names: 0 }))
    }

    /// Entry `index` names `what`.
    pub(super) fn note(&mut self, index: u64, what: Vec<T>) {
        if what.is_empty() {
            return;
        }
        let known = Arc::make_mut(&mut self.0);
        known.names = known.names.saturating_add(what.len());
        known.last.push_back((index, what.into()));
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
        let later = self.0.last.iter().rev().take_while(|(index, _)| *index >= seen);
        let mut named = later.flat_map(|(_, names)| names.iter());
        seen >= self.0.since && !named.any(|named| what.contains(named))
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
        for index in 16..16 + MOST as u64 {
            recent.note(index, vec!['z']);
        }
        assert!(!recent.none_since(13, &['a']), "too long ago");
        assert!(recent.none_since(16, &['a']));
    }

    #[test]
    fn what_the_last_entry_names_is_known_however_much_that_is() {
        let mut recent = Recent::new(0);
        recent.note(3, vec![0]);
        recent.note(4, (1..2 * MOST).collect());
        assert!(!recent.none_since(4, &[MOST]));
        assert!(recent.none_since(4, &[0]), "who looked after the third looks no second time");
        assert!(recent.none_since(5, &[MOST]));
        assert!(!recent.none_since(3, &[2 * MOST]), "nobody knows what the third said");
    }
}
